"""A run that torchrun restarts: in each attempt but the last a rank is killed at another moment of the second epoch's sync."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from lost_ranks import TIMEOUT, batch, dies, metrics

import torch_binmetrics as tb

EPOCHS = 3
MOMENTS = ("before", "waiting", "inside", "after")


def main(path: Path) -> None:
    torch.set_num_threads(1)
    rank, world, attempt = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT"))
    dist.init_process_group("gloo", timeout=TIMEOUT)
    counting, first = metrics(), 0
    if (path / "saved.pt").exists():
        saved = torch.load(path / "saved.pt", weights_only=True)
        first = saved["epoch"]
        counting.load_state_dict(saved["metrics"])
    for epoch in range(first, EPOCHS):
        counting.update(*batch(10 * epoch + rank))
        if epoch == 1 and attempt < len(MOMENTS):
            if rank == attempt % world:
                dies(path, MOMENTS[attempt], counting)
            time.sleep(MOMENTS[attempt] == "waiting")
        counting.compute()
        saved = {"epoch": epoch + 1, "metrics": counting.state_dict(sync=True)}
        if rank == 0:
            torch.save(saved, path / "half saved.pt")
            (path / "half saved.pt").rename(path / "saved.pt")
    total = counting.summed()
    if rank == 0:
        samples = int(total["BinaryRecall"].histogram.counts.sum())
        found = {"attempt": attempt, "samples": samples, "values": tb.floats(total.compute())}
        (path / "found.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
