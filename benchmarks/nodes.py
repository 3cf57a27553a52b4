"""What a node of the suite nodes does: ``python -m benchmarks.nodes RANK SESSION`` times a synced compute on one of two."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from benchmarks import ranks
from benchmarks.contenders import Accumulator

BARE = "a bare all_reduce of as many bytes"


def bare(size: int) -> Accumulator:
    """One all_reduce of so many bytes, and nothing else."""
    buffer = torch.zeros(size // 4, dtype=torch.int32)
    return Accumulator(update=lambda *_: None, compute=lambda: dist.all_reduce(buffer), read=lambda _: {}, reset=lambda: None)


def main(rank: int, session: ranks.Session) -> None:
    """Measure on one node."""
    os.environ["GLOO_SOCKET_IFNAME"] = "eth0"
    ranks.join(rank, session)
    running, found = ranks.answered(rank, session)
    running[BARE] = bare(found["ours"]["bytes"])
    found[BARE] = {"collectives": 1, "bytes": found["ours"]["bytes"]}
    for name, seconds in ranks.timed(running, session.rounds).items():
        found[name]["seconds"] = seconds
    if rank == 0:
        session.out.write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    world, port, rounds, out, address = json.loads(sys.argv[2])
    main(int(sys.argv[1]), ranks.Session(world, port, rounds, Path(out), address))
