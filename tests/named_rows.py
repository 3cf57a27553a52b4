"""Metrics of three named rows after a batch, for tests of what people see of rows."""

from typing import TypeVar

import torch

import torch_binmetrics as tb

Counting = TypeVar("Counting", tb.Metric, tb.MetricCollection)
NAMES = ["ant", "bee", "cat"]
LABELS = tb.Labels(3, NAMES)


def counted(metrics: Counting, samples: int = 60, seed: int = 0) -> Counting:
    """The same metrics after a batch of labels that the scores tell better from row to row."""
    draw = torch.Generator().manual_seed(seed)
    preds = torch.rand(samples, 3, generator=draw)
    target = torch.rand(samples, 3, generator=draw) < preds ** torch.tensor([0.2, 1.0, 3.0])
    metrics.update(preds, target.long())
    return metrics
