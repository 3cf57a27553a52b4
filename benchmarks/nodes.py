"""What a node of the suite nodes does: ``python -m benchmarks.nodes RANK SESSION`` times a synced compute on one of two."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist

from benchmarks import data, ranks
from benchmarks.contenders import Accumulator, ours

BARE = "a bare all_reduce of as many bytes"
BEGUN = "ours, async_op=True, until the next step begins"


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
    begun = ours.eight()
    begun.update(*(each[rank :: session.world].contiguous() for each in data.usual(ranks.SAMPLES)))
    running[BEGUN] = replace(running["ours"], compute=partial(begun.compute, async_op=True))
    found[BEGUN] = dict(found["ours"])
    for name, seconds in ranks.timed(running, session.rounds).items():
        found[name]["seconds"] = seconds
    if rank == 0:
        session.out.write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    world, port, rounds, out, address = json.loads(sys.argv[2])
    main(int(sys.argv[1]), ranks.Session(world, port, rounds, Path(out), address))
