"""The definition of counting, in plain torch ops for any device: others count the same bits (and sum up to rounding)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting.layout import Dropped, Layout


class Samples(NamedTuple):
    """A batch as it is compared: float32 scores, int64 or float64 labels, float64 weights if there are any, [samples] each."""

    scores: Tensor
    labels: Tensor
    weights: Tensor | None


def samples_of(preds: Tensor, target: Tensor, weight: Tensor | None) -> Samples:
    """Checked tensors of a batch, of any shape, without their graphs."""
    labels = target.detach().reshape(-1)
    # In uint8, 156 would equal an ignore_index of -100; so would, in int64, a uint64 beyond its range.
    labels = labels.double() if labels.is_floating_point() or labels.dtype == torch.uint64 else labels.long()
    weights = None if weight is None else weight.detach().reshape(-1).double()
    return Samples(preds.detach().resolve_neg().reshape(-1).float(), labels, weights)


def count(tallies: Sequence[tuple[Layout, Tensor]], preds: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Add checked tensors to running counts, [layout.cells], in place; on CPU raise before any count changes."""
    samples = samples_of(preds, target, weight)
    added = [cells(layout, samples) for layout, _ in tallies]
    if preds.device.type == "cpu":
        for (layout, _), cell in zip(tallies, added, strict=True):
            _check_valid(layout, cell)
    for (layout, counts), cell in zip(tallies, added, strict=True):
        amount = amounts(layout, samples, cell)
        counts.index_add_(0, cell, amount)
        counts[layout.off_edge] += off_edges(layout, samples, cell).sum()
        if layout.sums:
            exact = preds.detach().reshape(-1) if preds.dtype == torch.float64 else samples.scores
            add_sums(layout, counts, cell, (exact.double(), samples.labels == 1, amount))


def cells(layout: Layout, samples: Samples) -> Tensor:
    """The cell that each sample adds to: int64, [samples]; of several faults the first of Dropped's order wins."""
    scores, labels, weights = samples
    cuts, ignored = layout.scored, layout.block
    low, high = layout.valid_range
    positive = labels == 1
    cell = cuts.index(scores) + positive * cuts.bins
    if weights is not None and layout.weighted:
        cell = cell.where((weights >= 0) & weights.isfinite(), ignored + 4)
    cell = cell.where((scores >= low) & (scores <= high), ignored + 3)
    cell = cell.where(~scores.isnan(), ignored + 2)
    cell = cell.where(positive | (labels == 0), ignored + 1)
    return cell if layout.ignore_index is None else cell.where(labels != layout.ignore_index, ignored)


def off_edges(layout: Layout, samples: Samples, cell: Tensor) -> Tensor:
    """Which samples are valid, by their cells, and lie off the lower edge of their bin: bool, [samples]."""
    return layout.scored.off_edge(samples.scores) & (cell < layout.block)


def amounts(layout: Layout, samples: Samples, cell: Tensor) -> Tensor:
    """What each sample adds to its cell, in the dtype of the counts: its weight if those are summed, else 1, [samples]."""
    ones = torch.ones((), dtype=layout.dtype, device=cell.device).expand_as(cell)
    return ones if samples.weights is None or not layout.weighted else torch.where(cell < layout.block, samples.weights, ones)


def add_sums(layout: Layout, counts: Tensor, cell: Tensor, samples: tuple[Tensor, Tensor, Tensor]) -> None:
    """Add samples - scores, labels and weights - to the sums of their cells; invalid ones and weights of 0 add nothing."""
    scores, positive, amount = samples
    adds = (cell < layout.block) & (amount > 0)
    for k, summand in enumerate(layout.sums):
        values = summand.values(scores, positive, from_logits=layout.from_logits) * amount**summand.degree
        begin = layout.counted + k * layout.block
        counts[begin : begin + layout.block].index_add_(0, cell.where(adds, 0), values.where(adds, 0.0))


def _check_valid(layout: Layout, cell: Tensor) -> None:
    """Raise ValueError if a sample of the batch is invalid and the layout does not drop those."""
    if layout.invalid == "raise" and bool((cell > layout.block).any()):
        kinds = (int((cell == layout.block + 1 + kind).sum()) for kind in range(len(Dropped._fields)))
        layout.check_valid(Dropped(*kinds))
