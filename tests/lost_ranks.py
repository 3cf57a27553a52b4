"""What a rank does that dies, or whose neighbour dies: started as a process of its own, it leaves a file with what it saw."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

import torch_binmetrics as tb

VICTIM = 1
TIMEOUT = timedelta(seconds=60)


def metrics() -> tb.MetricCollection:
    return tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryRecall(0.3), tb.BinaryBrierScore()])


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    preds = torch.rand(1_000, generator=g)
    return preds, (torch.rand(1_000, generator=g) < preds).long()


def whole(*seeds: int) -> dict[str, float]:
    """What one process reads off all the batches."""
    counting = metrics()
    for seed in seeds:
        counting.update(*batch(seed))
    return tb.floats(counting.compute(sync=False))


def die(path: Path) -> None:
    """Be killed, and leave the time of death."""
    (path / "death").write_text(str(time.time()))
    os.kill(os.getpid(), signal.SIGKILL)


def dies(path: Path, moment: str, counting: tb.MetricCollection) -> None:
    """Be killed at a moment of a compute: before, waiting, inside or after."""
    if moment == "waiting":  # the others come a second later
        threading.Timer(0.5, die, (path,)).start()
    if moment == "inside":  # the ranks have agreed
        dist.all_reduce = lambda *_, **__: die(path)
    if moment != "before":
        counting.compute()
    die(path)


def survives(path: Path, rank: int, moment: str, counting: tb.MetricCollection) -> dict[str, Any]:
    """What a rank sees whose neighbour dies."""
    before = counting.state_dict()
    time.sleep(1 if moment == "waiting" else 0)
    if moment == "after":
        counting.compute()
    start, told = time.time(), ""
    try:
        counting.compute()
    except RuntimeError as error:
        told = str(error)
    seconds = time.time() - max(start, float((path / "death").read_text() or 0))
    resumed = metrics()
    resumed.load_state_dict(counting.state_dict())
    intact = all(
        bool((old["counts"] == new["counts"]).all())
        for old, new in zip(before["histograms"], counting.state_dict()["histograms"], strict=True)
    )
    alone, again = tb.floats(counting.compute(sync=False)), tb.floats(resumed.compute(sync=False))
    return {"told": told, "seconds": seconds, "intact": intact, "alone": alone, "resumed": again}


def is_stopped(path: Path, rank: int, counting: tb.MetricCollection) -> dict[str, Any]:
    """One rank is stopped, as by a debugger or a full disk, while the others wait for it."""
    if rank == VICTIM:
        (path / "stopped").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)
    return {"values": tb.floats(counting.compute())}


def joins(rank: int, counting: tb.MetricCollection) -> dict[str, Any]:
    """One rank computes inside of DDP's join, where the others have no batches left."""
    told, model = "", nn.parallel.DistributedDataParallel(nn.Linear(1, 1))
    try:
        with model.join():
            for _ in range(1 + 2 * (rank == VICTIM)):
                model(torch.ones(1, 1)).sum().backward()
            if rank == VICTIM:
                counting.compute()
    except RuntimeError as error:
        told = str(error)
    return {"told": told, "alone": tb.floats(counting.compute(sync=False))}


def main(path: Path, rank: int, world: int, moment: str) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    timeout = timedelta(seconds=5) if moment == "joined" else TIMEOUT
    dist.init_process_group("gloo", init_method=f"file://{path}/group", rank=rank, world_size=world, timeout=timeout)
    counting = metrics()
    counting.update(*batch(rank))
    dist.barrier()
    if moment == "stopped":
        found = is_stopped(path, rank, counting)
    elif moment == "joined":
        found = joins(rank, counting)
    elif rank == VICTIM:
        dies(path, moment, counting)
    else:
        found = survives(path, rank, moment, counting)
    (path / f"{rank}.json").write_text(json.dumps(found))
    if moment not in ("stopped", "joined"):  # a survivor that ended would tell its neighbours by that
        while not (path / "over").exists():
            time.sleep(0.05)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
