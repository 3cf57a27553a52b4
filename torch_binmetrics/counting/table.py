"""Counts of every distinct score: one row for each, so memory is bounded by the number of distinct scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from torch_binmetrics.counting import reference
from torch_binmetrics.counting.dense import described
from torch_binmetrics.counting.float_order import INFINITY
from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.store import Store

COLUMNS = 3


@dataclass(frozen=True)
class Table(Store):
    """Rows of the score as an integer that sorts alike, negatives and positives, ascending, each score once: [rows, 3].

    Samples that were left out are rows too, with keys beyond infinity, one for each kind. For layouts of
    :class:`~torch_binmetrics.Exact` cuts; invalid samples raise at once on every device.

    >>> from torch_binmetrics import Exact
    >>> store = Table(Layout(Exact()))
    >>> state = store.add(store.empty(), torch.tensor([0.5, 0.25, 0.5]), torch.tensor([1, 0, 0]), None)
    >>> store.counts(state)
    tensor([[1, 1],
            [0, 1]])
    """

    layout: Layout
    reduction = "cat"

    def empty(self, device: torch.device | str | None = None) -> Tensor:
        with torch.inference_mode(False):
            return torch.zeros(0, COLUMNS, dtype=self.layout.dtype, device=device)

    def add(self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        return self.merge(state, [self.of(preds, target, weight)])

    def of(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The state of one checked batch; ValueError if it holds invalid samples that the layout does not drop."""
        layout = self.layout
        samples = reference.samples_of(preds, target, weight)
        cell, bins, block = reference.cells(layout, samples), layout.scored.bins, layout.block
        amount, excluded = reference.amounts(layout, samples, cell), cell >= block
        key = torch.where(excluded, cell - block + INFINITY + 1, cell % bins - INFINITY)
        keys, row = torch.unique(key, return_inverse=True)
        counts = amount.new_zeros(2 * len(keys)).index_add_(0, 2 * row + ((cell >= bins) & ~excluded), amount)
        table = torch.cat([keys[:, None].to(counts.dtype), counts.view(-1, 2)], 1)
        layout.check_valid(self.excluded(table)[1])
        return table[table[:, 1:].any(1)]  # a weight of 0 adds nothing

    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        rows = torch.cat([state, *others])
        keys, row = torch.unique(rows[:, 0], return_inverse=True)
        counts = rows.new_zeros(len(keys), COLUMNS - 1).index_add_(0, row, rows[:, 1:])
        return torch.cat([keys[:, None], counts], 1)

    def clear(self, state: Tensor) -> Tensor:
        return self.empty(state.device)

    def check(self, state: object) -> None:
        wanted = self.layout.dtype
        if not isinstance(state, Tensor) or state.dtype != wanted or state.ndim != 2 or state.shape[1] != COLUMNS:
            raise ValueError(f"expected counts of {wanted} and shape [rows, {COLUMNS}], got {described(state)}")

    def check_values(self, state: Tensor) -> None:
        super().check_values(state)
        keys, kinds = state[:, 0], 1 + len(Dropped._fields)
        if (~(keys.abs() <= INFINITY + kinds) | (keys < -INFINITY) | (keys != keys.floor())).any():
            raise ValueError(
                "expected rows that begin with the number of a score, got others: the state is damaged, load another"
            )

    def parts(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return state[state[:, 0] <= INFINITY, 1:], state[state[:, 0] > INFINITY, 1:], state[:0, 1:]

    def counts(self, state: Tensor) -> Tensor:
        return self.occupied(state)[1]

    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        valid = state[state[:, 0] <= INFINITY]
        if not len(valid):
            valid = state.new_tensor([[-INFINITY, 0, 0]])
        return valid[:, 0].long() + INFINITY, valid[:, 1:].T.contiguous()

    def off_edge(self, state: Tensor) -> int:
        return 0  # a bin is a number

    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        kinds = range(INFINITY + 1, INFINITY + 2 + len(Dropped._fields))
        ignored, *dropped = (int(state[state[:, 0] == kind, 1].sum()) for kind in kinds)
        return ignored, Dropped(*dropped)
