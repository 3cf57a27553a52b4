"""Counting by a table, where each operation is a launch: the definition, evaluated once for each run of equal scores.

A search finds the run of a score, and the table its cell, invalid scores included: 12 launches for float32 scores and int64
labels, where the definition takes 68. The table is kept with the layout, once for each device: 24 bytes a bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting import reference
from torch_binmetrics.counting.float_order import INFINITY, from_ordered, ordered
from torch_binmetrics.counting.layout import Layout

#: The bits of -0.0 as int32.
SIGN = -(2**31)


class Runs(NamedTuple):
    """Runs of float32 numbers, as the integers that their bits are, int32 and ascending: [runs].

    ``doubled`` holds twice the cell of each run, one more where it lies off a lower edge, int32: of negatives, of positives,
    then of bad labels and of ignored ones, [2 * runs + 2].
    """

    begins: Tensor
    doubled: Tensor


def count(tallies: Sequence[tuple[Layout, Tensor]], preds: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Add checked tensors to running counts, [layout.cells], in place: the same cells as by the definition."""
    scores, given = preds.detach().resolve_neg().reshape(-1), target.detach().reshape(-1)
    labels, bits = given.long(), scores.float().contiguous().view(torch.int32)
    bad = (labels >> 1) != 0
    if given.is_floating_point():
        bad = bad | (labels != given)
    for layout, counts in tallies:
        runs = _runs_on(layout, counts.device)
        run = torch.searchsorted(runs.begins, bits, right=True).add_(labels, alpha=len(runs.begins) + 1)
        run.masked_fill_(bad, len(runs.doubled) - 2)
        if layout.ignore_index is not None:
            run.masked_fill_(_equal(given, layout.ignore_index), len(runs.doubled) - 1)
        _add(layout, counts, runs.doubled[run], (scores, labels, weight))


def _add(layout: Layout, counts: Tensor, doubled: Tensor, batch: tuple[Tensor, Tensor, Tensor | None]) -> None:
    """Add samples to their cells, and to what else is summed."""
    scores, labels, weight = batch
    cell = doubled >> 1
    weights = weight.detach().reshape(-1).double() if weight is not None and layout.weighted else None
    if weights is not None:
        bad = ~((weights >= 0) & weights.isfinite()) & (cell < layout.block)
        cell, doubled = cell.masked_fill(bad, layout.block + 4), doubled.masked_fill(bad, 0)
    amount = reference.amounts(layout, reference.Samples(scores, labels, weights), cell)
    counts.index_add_(0, cell, amount)
    counts[layout.off_edge].add_((doubled & 1).sum())
    if layout.sums:
        exact = scores if scores.dtype == torch.float64 else scores.float().double()
        reference.add_sums(layout, counts, cell, (exact, labels == 1, amount))


def _equal(labels: Tensor, ignore: int) -> Tensor:
    """Which labels are a whole number: compared as in float64, which the device may not have, if they are no integers."""
    if labels.dtype == torch.uint64:
        return labels.double() == ignore
    if not labels.is_floating_point():
        return labels.long() == ignore
    nearest = float(torch.tensor(float(ignore), dtype=torch.float32 if labels.dtype != torch.float64 else torch.float64))
    return labels == (nearest if nearest == float(ignore) else torch.nan)


def _runs_on(layout: Layout, device: torch.device) -> Runs:
    """The runs of a layout on a device, made once on CPU and kept with it."""
    kept: dict[str, Runs] = vars(layout).setdefault("_runs", {})
    if "cpu" not in kept:
        kept["cpu"] = _runs(layout)
    if str(device) not in kept:
        kept[str(device)] = Runs(*(part.to(device) for part in kept["cpu"]))
    return kept[str(device)]


def _runs(layout: Layout) -> Runs:
    """The runs of a layout: each lower edge, what follows it up to the next, the ends of the valid range, zeros and NaN."""
    thresholds = layout.scored.thresholds()
    edges = ordered(thresholds[~thresholds.isnan()]).long()
    low, high = (int(ordered(torch.tensor(end, dtype=torch.float32, device="cpu"))) for end in layout.valid_range)
    keys = torch.cat([edges, edges + 1, torch.tensor([-INFINITY, low, high + 1, 0, 1], device="cpu")])
    keys = torch.unique_consecutive(keys[(keys >= -INFINITY) & (keys <= INFINITY)].sort().values)
    # Numbers below 0 ascend where their bits descend: there the last number of a run is the first of its bits.
    last = torch.cat([keys[1:] - 1, keys.new_tensor([INFINITY])])
    begins = torch.where(keys < 0, SIGN - last, keys)
    begins = torch.cat(
        [begins, torch.tensor([SIGN, INFINITY + 1, SIGN + INFINITY + 1], device="cpu")]
    )  # of -0.0 and of NaN, of either sign
    scores = torch.cat([from_ordered(keys), torch.tensor([0.0, torch.nan, torch.nan], dtype=torch.float32, device="cpu")])
    order = begins.argsort()
    return Runs(begins[order][1:].int(), _doubled(layout, scores[order]))


def _doubled(layout: Layout, scores: Tensor) -> Tensor:
    """Twice the cells of scores, for negatives and for positives, by the definition, and whether they lie off an edge."""
    parts = []
    for label in (0, 1):
        samples = reference.Samples(scores, torch.full_like(scores, label, dtype=torch.int64), None)
        cell = reference.cells(replace(layout, ignore_index=None), samples)
        parts.append(2 * cell + reference.off_edges(layout, samples, cell))
    return torch.cat([*parts, torch.tensor([2 * (layout.block + 1), 2 * layout.block], device="cpu")]).int()
