"""The definition of counting, in plain torch ops for any device: others count the same bits (and sum up to rounding)."""

from __future__ import annotations

import torch
from torch import Tensor

from torch_binmetrics.counting.layout import Layout, Tallies


def count(tallies: Tallies, preds: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Add checked tensors to running counts in place; on CPU raise before any count changes."""
    scores = preds.detach().resolve_neg().reshape(-1).float()
    labels = target.detach().reshape(-1)
    # In uint8, 156 would equal an ignore_index of -100; so would, in int64, a uint64 beyond its range.
    labels = labels.double() if labels.is_floating_point() or labels.dtype == torch.uint64 else labels.long()
    weights = None if weight is None else weight.detach().reshape(-1).double()
    cells = [_cells(layout, scores, labels, weights) for layout, _ in tallies]
    if preds.device.type == "cpu":
        for (layout, _), cell in zip(tallies, cells, strict=True):
            _check_valid(layout, cell)
    for (layout, counts), cell in zip(tallies, cells, strict=True):
        amount = counts.new_ones(()).expand_as(cell)
        if layout.weighted and weights is not None:
            amount = torch.where(cell < layout.ignored, weights, amount)
        counts.index_add_(0, cell, amount)
        if layout.sums:
            exact = preds.detach().reshape(-1) if preds.dtype == torch.float64 else scores
            _add_sums(layout, counts, cell, (exact.double(), labels == 1, amount))


def _add_sums(layout: Layout, counts: Tensor, cell: Tensor, samples: tuple[Tensor, Tensor, Tensor]) -> None:
    """Add samples - scores, labels and weights - to the sums of their cells; invalid ones and weights of 0 add nothing."""
    scores, positive, amount = samples
    adds = (cell < layout.ignored) & (amount > 0)
    for k, summand in enumerate(layout.sums):
        values = summand.values(scores, positive, from_logits=layout.from_logits) * amount
        begin = layout.counted + k * layout.ignored
        counts[begin : begin + layout.ignored].index_add_(0, cell.where(adds, 0), values.where(adds, 0.0))


def _cells(layout: Layout, scores: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """The cell that each sample adds to: int64, [samples]; of several faults the first of Dropped's order wins."""
    cuts = layout.scored
    low, high = layout.valid_range
    positive = labels == 1
    cell = cuts.index(scores) + positive * cuts.bins
    ignored = layout.ignored
    if weights is not None and layout.weighted:
        cell = cell.where((weights >= 0) & weights.isfinite(), ignored + 4)
    cell = cell.where((scores >= low) & (scores <= high), ignored + 3)
    cell = cell.where(~scores.isnan(), ignored + 2)
    cell = cell.where(positive | (labels == 0), ignored + 1)
    return cell if layout.ignore_index is None else cell.where(labels != layout.ignore_index, ignored)


def _check_valid(layout: Layout, cell: Tensor) -> None:
    """Raise ValueError if a sample of the batch is invalid and the layout does not drop those."""
    if layout.invalid == "raise" and bool((cell > layout.ignored).any()):
        found = layout.empty()
        layout.check_valid(found.index_add_(0, cell, found.new_ones(()).expand_as(cell)))
