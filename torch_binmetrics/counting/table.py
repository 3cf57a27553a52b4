"""Exact counts: one row for each distinct score, so memory is bounded by the number of distinct scores.

A table is int64, or float64 for sums of weights, [rows, 3]: the score as an integer that sorts alike, negatives, positives,
ascending and each score once. Samples that were left out are rows too, with keys beyond infinity, one for each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from torch_binmetrics.counting import Layout, check_batch, reference
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_order import from_ordered, ordered

INFINITY = 0x7F800000  # the key of inf: rows of samples that were left out follow it, in the order of a layout's cells


def exact_counts(
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    weighted: bool = False,
    ignore_index: int | None = None,
    invalid: Literal["raise", "drop"] = "raise",
) -> Tensor:
    """The table of one batch, int64, or float64 if ``weighted``, [rows, 3].

    Args:
        preds: scores of any shape, rounded to float32.
        target: labels 0 and 1 (or ``ignore_index``) of that shape.
        weight: weights >= 0 of that shape, for ``weighted`` tables only; 1 each if left out.
        weighted: sum weights instead of counting samples.
        ignore_index: label of samples to leave out.
        invalid: "raise" on invalid samples, at once on every device, or "drop" them.

    Raises:
        TypeError, ValueError: as :func:`~torch_binmetrics.count`.

    >>> exact_rows(exact_counts(torch.tensor([0.5, 0.2, 0.5]), torch.tensor([1, 0, 0])))
    (tensor([0.2000, 0.5000]), tensor([[1, 1],
            [0, 1]]))
    """
    check_batch(preds, target, weight, weighted=weighted)
    scores = preds.detach().reshape(-1).float()
    distinct: Tensor = torch.unique(scores[~scores.isnan()])
    cuts = _Distinct(distinct if len(distinct) else scores.new_zeros(1))
    layout = Layout(cuts, ignore_index=ignore_index, weighted=weighted, invalid=invalid)
    counts = layout.empty(preds.device)
    reference.count([(layout, counts)], preds, target, weight)
    layout.check_valid(counts)
    left_out = torch.arange(INFINITY + 1, INFINITY + 1 + layout.cells - layout.ignored, device=preds.device)
    keys = torch.cat([ordered(cuts.scores).long(), left_out])
    negatives, positives = counts[: layout.ignored].view(2, -1)
    excluded = counts[layout.ignored :]
    columns = keys.to(counts.dtype), torch.cat([negatives, excluded]), torch.cat([positives, torch.zeros_like(excluded)])
    table = torch.stack(columns, 1)
    return table[table[:, 1:].any(1)]


def exact_merged(tables: Sequence[Tensor]) -> Tensor:
    """One table of the samples of several.

    >>> one = exact_counts(torch.tensor([0.5]), torch.tensor([1]))
    >>> exact_rows(exact_merged([one, one]))[1]
    tensor([[0],
            [2]])
    """
    rows = torch.cat(list(tables))
    keys, where = torch.unique(rows[:, 0], return_inverse=True)
    counts = rows.new_zeros(len(keys), 2).index_add_(0, where, rows[:, 1:])
    return torch.cat([keys[:, None], counts], 1)


def exact_rows(table: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct scores, ascending, float32 [k], and their counts by label, [2, k]; one empty row at -inf if there are none.

    >>> exact_rows(exact_counts(torch.tensor([0.5]), torch.tensor([1])))
    (tensor([0.5000]), tensor([[0],
            [1]]))
    """
    valid = table[table[:, 0] <= INFINITY]
    if not len(valid):
        valid = table.new_tensor([[-INFINITY, 0, 0]])
    return from_ordered(valid[:, 0].long()), valid[:, 1:].T.contiguous()


@dataclass(frozen=True, eq=False)
class _Distinct(Cuts):
    """A bin for each distinct score of one batch, float32, ascending."""

    scores: Tensor

    @property
    def bins(self) -> int:
        return len(self.scores)

    def index(self, scores: Tensor) -> Tensor:
        return torch.searchsorted(self.scores, scores).clamp(max=self.bins - 1)

    def to_logits(self) -> Cuts:
        return self
