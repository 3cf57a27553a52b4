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
#: The first column is the score's key and this times the number of its row.
SPAN = 1 << 33


@dataclass(frozen=True)
class Table(Store):
    """Lines of the score as an integer that sorts alike, negatives and positives, ascending, each score once: [lines, 3].

    Samples that were left out are lines too, with keys beyond infinity, one for each kind. Where there are rows, a key holds
    the number of the row as well, and each score comes once in each. For layouts of
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

    def add(
        self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
    ) -> Tensor:
        return self.merge(state, [self.of(preds, target, weight, group=group)])

    def of(self, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None) -> Tensor:
        """The state of one checked batch; ValueError if it holds invalid samples that the layout does not drop."""
        layout = self.layout
        samples = reference.samples_of(preds, target, weight, rows=layout.rows, group=group)
        cell, bins, block = reference.cells(layout, samples), layout.scored.bins, layout.block
        amount, excluded = reference.amounts(layout, samples, cell), cell >= block
        key = torch.where(excluded, cell - block + INFINITY + 1, cell % bins - INFINITY)
        if samples.rows is not None:
            key = key + samples.rows.clamp(min=0) * SPAN
        keys, row = torch.unique(key, return_inverse=True)
        counts = amount.new_zeros(2 * len(keys)).index_add_(0, 2 * row + ((cell >= bins) & ~excluded), amount)
        table = torch.cat([keys[:, None].to(counts.dtype), counts.view(-1, 2)], 1)
        layout.check_valid(self.excluded(table)[1])
        return table[table[:, 1:].any(1)]  # a weight of 0 adds nothing

    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        lines = torch.cat([state, *others])
        keys, line = torch.unique(lines[:, 0], return_inverse=True)
        counts = lines.new_zeros(len(keys), COLUMNS - 1).index_add_(0, line, lines[:, 1:])
        return torch.cat([keys[:, None], counts], 1)

    def clear(self, state: Tensor) -> Tensor:
        return self.empty(state.device)

    def check(self, state: object) -> None:
        wanted = self.layout.dtype
        if not isinstance(state, Tensor) or state.dtype != wanted or state.ndim != 2 or state.shape[1] != COLUMNS:
            raise ValueError(f"expected counts of {wanted} and shape [lines, {COLUMNS}], got {described(state)}")

    def check_values(self, state: Tensor) -> None:
        super().check_values(state)
        keys, last = state[:, 0], INFINITY + 1 + len(Dropped._fields)
        key, row = self._parted(state.where(state.isfinite(), 0))
        rows = 1 if self.layout.rows is None else self.layout.rows.n
        wrong = ~keys.isfinite() | (keys != keys.floor()) | (key < -INFINITY) | (key > last) | (row < 0) | (row >= rows)
        if wrong.any():
            raise ValueError(
                "expected rows that begin with the number of a score, got others: the state is damaged, load another"
            )

    def parts(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        is_score = self._parted(state.nan_to_num())[0] <= INFINITY
        return state[is_score, 1:], state[~is_score, 1:], state[:0, 1:]

    def counts(self, state: Tensor) -> Tensor:
        return self.occupied(state)[1]

    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        key, row = self._parted(state)
        valid = key <= INFINITY
        if not valid.any():
            key, row, state = key.new_tensor([-INFINITY]), key.new_zeros(1), state.new_zeros(1, COLUMNS)
            valid = key <= INFINITY
        scores, point = torch.unique(key[valid], return_inverse=True)
        rows = 1 if self.layout.rows is None else self.layout.rows.n
        counts = state.new_zeros(rows, 2, len(scores))
        counts[row[valid], :, point] = state[valid, 1:]
        return scores + INFINITY, counts[0] if self.layout.rows is None else counts

    def off_edge(self, state: Tensor) -> int:
        return 0  # a bin is a number

    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        kinds, (key, _) = range(INFINITY + 1, INFINITY + 2 + len(Dropped._fields)), self._parted(state)
        ignored, *dropped = (int(state[key == kind, 1].sum()) for kind in kinds)
        return ignored, Dropped(*dropped)

    def _parted(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """The key of the score of each line, and its row: int64, [lines]."""
        key = state[:, 0].long()
        row = (key + SPAN // 2) // SPAN
        return key - row * SPAN, row
