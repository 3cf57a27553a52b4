"""A small DDP training on several nodes, as torchrun starts it; if told so, one waits in its second epoch to be killed."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import torch_binmetrics as tb

EPOCHS, BATCHES, SAMPLES = 3, 6, 50


def metrics() -> tb.MetricCollection:
    return tb.MetricCollection([tb.BinaryAUROC, tb.BinaryRecall, tb.BinaryBrierScore], from_logits=True)


def batch(epoch: int, rank: int, turn: int) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(10_000 * epoch + 100 * rank + turn)
    x = torch.randn(SAMPLES + rank, 3, generator=g)
    return x, (x.sum(1) + torch.randn(len(x), generator=g) > 1).float()


def one_epoch(path: Path, epoch: int, model: nn.Module, counting: tb.MetricCollection) -> None:
    """Train, count, and leave the scores that were counted."""
    rank, seen = dist.get_rank(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for turn in range(BATCHES):
        x, target = batch(epoch, rank, turn)
        logits = model(x).squeeze(1)
        counting.update(logits.detach(), target)
        seen.append(torch.stack([logits.detach(), target]))
        nn.functional.binary_cross_entropy_with_logits(logits, target).backward()
        optimizer.step()
        optimizer.zero_grad()
        if epoch == 1 and turn == BATCHES // 2 and rank == dist.get_world_size() - 1 and (path / "to be killed").exists():
            (path / "to be killed").rename(path / "here")
            time.sleep(600)
    torch.save(torch.cat(seen, 1), path / f"scores-{epoch}-{rank}.pt")


def main(path: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo", timeout=timedelta(seconds=60))
    net, counting, first = nn.Linear(3, 1), metrics(), 0
    if (path / "saved.pt").exists():
        saved: dict[str, Any] = torch.load(path / "saved.pt", weights_only=True)
        net.load_state_dict(saved["net"])
        counting.load_state_dict(saved["metrics"])
        first = saved["epoch"]
    model = DistributedDataParallel(net)
    for epoch in range(first, EPOCHS):
        one_epoch(path, epoch, model, counting)
        saved = {"epoch": epoch + 1, "net": net.state_dict(), "metrics": counting.state_dict(sync=True)}
        if dist.get_rank() == 0:
            torch.save(saved, path / "half saved.pt")
            (path / "half saved.pt").rename(path / "saved.pt")
    total = counting.summed()
    samples = int(total["BinaryRecall"].histogram.counts.sum())
    found = {"first": first, "samples": samples, "values": tb.floats(total.compute())}
    (path / f"found-{dist.get_rank()}.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
