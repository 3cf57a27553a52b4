"""Plain torch: what a user would write in three lines, a bincount of keys made of label and bin."""

from __future__ import annotations

import torch
from torch import Tensor

import torch_binmetrics as bm
from benchmarks.contenders import Accumulator, Contender

BINS = 1024


def auroc() -> Accumulator:
    """Counts by label and bin."""
    counts = torch.zeros(2 * BINS, dtype=torch.int64)

    def update(preds: Tensor, target: Tensor) -> None:
        keys = (preds * BINS).int().clamp_(max=BINS - 1).add_(target.int(), alpha=BINS)
        counts.add_(torch.bincount(keys, minlength=2 * BINS))

    def compute() -> Tensor:
        return bm.measures.auroc(bm.measures.confusion_along(counts.view(2, BINS)))

    return Accumulator(update, compute, lambda value: {"auroc": float(value)}, counts.zero_)


AUROC = (Contender("torch.bincount, 1,024", auroc, tolerance=1e-3),)
