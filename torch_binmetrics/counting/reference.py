"""The definition of counting, in plain torch ops for any device: others count the same bits (and sum up to rounding)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.rows import Rows, of_each_score


class Samples(NamedTuple):
    """A batch as it is compared, [samples] each.

    Float32 scores; int64 or float64 labels; float64 weights if there are any; and, where there are rows, what was given for the
    labels, classes perhaps, and the row of each sample, -1 if it has none.
    """

    scores: Tensor
    labels: Tensor
    weights: Tensor | None
    given: Tensor | None = None
    rows: Tensor | None = None

    def starts(self, layout: Layout) -> Tensor:
        """The first cell of the row of each sample, of row 0 if it has none: int64, [samples]."""
        return torch.zeros_like(self.scores, dtype=torch.int64) if self.rows is None else self.rows.clamp(min=0) * layout.cells


def samples_of(
    preds: Tensor, target: Tensor, weight: Tensor | None, *, rows: Rows | None = None, group: Tensor | None = None
) -> Samples:
    """Checked tensors of a batch, of any shape, by row and without their graphs."""
    # In uint8, 156 would equal an ignore_index of -100; so would, in int64, a uint64 beyond its range.
    wide = target.is_floating_point() or target.dtype == torch.uint64
    target = target.detach().double() if wide else target.detach().long()
    placed = None if rows is None else rows.place(preds, target, group)
    weight = of_each_score(weight, preds)
    weights = None if weight is None else weight.detach().reshape(-1).double()
    scores = preds.detach().resolve_neg().reshape(-1).float()
    if placed is None:
        return Samples(scores, target.reshape(-1), weights)
    return Samples(scores, placed.labels, weights, placed.given, placed.rows)


def count(
    tallies: Sequence[tuple[Layout, Tensor]],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None,
    *,
    group: Tensor | None = None,
) -> None:
    """Add checked tensors to running counts, of the shape of their layout, in place; on CPU raise before any count changes."""
    kinds = dict.fromkeys(layout.rows for layout, _ in tallies)
    by_rows = {rows: samples_of(preds, target, weight, rows=rows, group=group) for rows in kinds}
    added = [cells(layout, by_rows[layout.rows]) for layout, _ in tallies]
    if preds.device.type == "cpu":
        for (layout, _), cell in zip(tallies, added, strict=True):
            _check_valid(layout, cell)
    for (layout, state), cell in zip(tallies, added, strict=True):
        samples, counts = by_rows[layout.rows], state.view(-1)
        amount = amounts(layout, samples, cell)
        start = samples.starts(layout)
        counts.index_add_(0, cell + start, amount)
        counts[layout.off_edge] += off_edges(layout, samples, cell).sum()  # of all rows, in the first
        if layout.sums:
            exact = preds.detach().reshape(-1) if preds.dtype == torch.float64 else samples.scores
            add_sums(layout, counts, cell, (exact.double(), samples.labels == 1, amount), start=start)


def cells(layout: Layout, samples: Samples) -> Tensor:
    """The cell that each sample adds to: int64, [samples]; of several faults the first of Dropped's order wins."""
    scores, labels, weights, given, rows = samples
    cuts, ignored = layout.scored, layout.block
    low, high = layout.valid_range
    positive = labels == 1
    cell = cuts.index(scores) + positive * cuts.bins
    if weights is not None and layout.weighted:
        cell = cell.where((weights >= 0) & weights.isfinite(), ignored + 4)
    cell = cell.where((scores >= low) & (scores <= high), ignored + 3)
    cell = cell.where(~scores.isnan(), ignored + 2)
    good = positive | (labels == 0)
    cell = cell.where(good if rows is None else good & (rows >= 0), ignored + 1)
    return (
        cell
        if layout.ignore_index is None
        else cell.where((labels if given is None else given) != layout.ignore_index, ignored)
    )


def off_edges(layout: Layout, samples: Samples, cell: Tensor) -> Tensor:
    """Which samples are valid, by their cells, and lie off the lower edge of their bin: bool, [samples]."""
    return layout.scored.off_edge(samples.scores) & (cell < layout.block)


def amounts(layout: Layout, samples: Samples, cell: Tensor) -> Tensor:
    """What each sample adds to its cell, in the dtype of the counts: its weight if those are summed, else 1, [samples]."""
    ones = torch.ones((), dtype=layout.dtype, device=cell.device).expand_as(cell)
    return ones if samples.weights is None or not layout.weighted else torch.where(cell < layout.block, samples.weights, ones)


def add_sums(
    layout: Layout, counts: Tensor, cell: Tensor, samples: tuple[Tensor, Tensor, Tensor], *, start: Tensor | int = 0
) -> None:
    """Add samples - scores, labels and weights - to the sums of their cells, which start somewhere.

    Invalid samples and weights of 0 add nothing.
    """
    scores, positive, amount = samples
    adds = (cell < layout.block) & (amount > 0)
    for k, summand in enumerate(layout.sums):
        values = summand.values(scores, positive, from_logits=layout.from_logits) * amount**summand.degree
        begin = layout.counted + k * layout.block
        counts.index_add_(0, cell.where(adds, 0) + begin + start, values.where(adds, 0.0))


def _check_valid(layout: Layout, cell: Tensor) -> None:
    """Raise ValueError if a sample of the batch is invalid and the layout does not drop those."""
    if layout.invalid == "raise" and bool((cell > layout.block).any()):
        kinds = (int((cell == layout.block + 1 + kind).sum()) for kind in range(len(Dropped._fields)))
        layout.check_valid(Dropped(*kinds))
