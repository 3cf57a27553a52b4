"""boost-histogram: one [label, bin] histogram of 200 bins, filled by 1 or 2 threads of its own."""

from __future__ import annotations

import boost_histogram as bh
import torch
from torch import Tensor

import torch_binmetrics as bm
from benchmarks.contenders import Accumulator, Contender


def auroc(threads: int) -> Accumulator:
    """Counts by label and bin, the fastest of its ways: two histograms need two masked copies of the scores."""
    labels = bh.axis.Integer(0, 2, underflow=False, overflow=False)
    histogram = bh.Histogram(labels, bh.axis.Regular(200, 0, 1, underflow=False, overflow=True), storage=bh.storage.Int64())

    def update(preds: Tensor, target: Tensor) -> None:
        histogram.fill(target.numpy(), preds.numpy(), threads=threads)

    def compute() -> Tensor:
        return bm.measures.auroc(bm.measures.confusion_along(torch.from_numpy(histogram.view(flow=True))))

    return Accumulator(update, compute, lambda value: {"auroc": float(value)}, histogram.reset)


AUROC = (
    Contender("boost-histogram, 1 thread", lambda: auroc(1), tolerance=3e-3),
    Contender("boost-histogram, 2 threads", lambda: auroc(2), tolerance=3e-3, threads=2),
)
