"""NumPy: a histogram of 200 bins of each class."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

import torch_binmetrics as bm
from benchmarks.contenders import Accumulator, Contender


def auroc() -> Accumulator:
    """Counts by label and bin."""
    counts = np.zeros((2, 200), np.int64)

    def update(preds: Tensor, target: Tensor) -> None:
        scores, labels = preds.numpy(), target.numpy()
        for label in (0, 1):
            counts[label] += np.histogram(scores[labels == label], bins=200, range=(0, 1))[0]

    def compute() -> Tensor:
        return bm.measures.auroc(bm.measures.confusion_along(torch.from_numpy(counts)))

    return Accumulator(update, compute, lambda value: {"auroc": float(value)}, lambda: counts.fill(0))


AUROC = (Contender("numpy.histogram, 200", auroc, tolerance=3e-3),)
