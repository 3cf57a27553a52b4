"""Counts in fixed memory: one tensor of all cells of a layout, counted into in place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from torch_binmetrics.counting import cpu, cuda, lookup, reference
from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.store import Store
from torch_binmetrics.counting.summands import Summand


@dataclass(frozen=True)
class Dense(Store):
    """A tensor with a number for each cell of a layout, in the order of the cells: [cells], or [rows, cells].

    >>> from torch_binmetrics import Threshold, count
    >>> store = Dense(Layout(Threshold(0.5)))
    >>> state = store.empty()
    >>> [state] = count([(store, state)], torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1, 0, 0]))
    >>> store.counts(state)
    tensor([[1, 1],
            [0, 1]])
    """

    layout: Layout
    reduction = "sum"

    def empty(self, device: torch.device | str | None = None) -> Tensor:
        with torch.inference_mode(False):  # an inference tensor could not be counted into later
            return torch.zeros(self.layout.shape, dtype=self.layout.dtype, device=device)

    def add(
        self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
    ) -> Tensor:
        count_together([(self.layout, state)], preds, target, weight, group=group)
        return state

    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        for other in others:
            state += other
        return state

    def clear(self, state: Tensor) -> Tensor:
        return state.zero_()

    def check(self, state: object) -> None:
        layout = self.layout
        if not isinstance(state, Tensor) or state.dtype != layout.dtype or state.shape != layout.shape:
            raise ValueError(f"expected counts of {layout.dtype} and shape {list(layout.shape)}, got {described(state)}")

    def counts(self, state: Tensor) -> Tensor:
        return self._by_bin(state, 0)

    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        counts = self.counts(state)
        by_label = counts if self.layout.rows is None else counts.sum(0)
        bins = torch.logical_or(*by_label).nonzero().squeeze(1)
        if not len(bins):
            bins = bins.new_zeros(1)
        return bins, counts[..., bins]

    def sums(self, state: Tensor, summand: Summand) -> Tensor:
        layout = self.layout
        if summand not in layout.sums:
            return super().sums(state, summand)
        return self._by_bin(state, layout.counted + layout.sums.index(summand) * layout.block)

    def off_edge(self, state: Tensor) -> int:
        return math.ceil(state[..., self.layout.off_edge].sum())  # of a decay, some part of a sample

    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        cells = state[..., self.layout.block : self.layout.off_edge]
        ignored, *dropped = map(math.ceil, cells.reshape(-1, cells.shape[-1]).sum(0).tolist())
        return ignored, Dropped(*dropped)

    def _by_bin(self, state: Tensor, begin: int) -> Tensor:
        """The block of cells from one on, by label and bin: a view, [..., 2, bins]."""
        block = state[..., begin : begin + self.layout.block]
        return block.view(*block.shape[:-1], 2, self.layout.scored.bins)


def count_together(
    tallies: Sequence[tuple[Layout, Tensor]],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None,
    *,
    group: Tensor | None = None,
) -> None:
    """Add a checked batch to several states in one pass; either all of them change or none does."""
    device, by_row = preds.device.type, any(layout.rows is not None for layout, _ in tallies)
    by = {"cpu": cpu.count, "cuda": cuda.count}.get(device)
    if by is not None and by(tallies, preds, target, weight, group=group):
        return
    if device == "cpu" or by_row:
        reference.count(tallies, preds, target, weight, group=group)
    else:
        lookup.count(tallies, preds, target, weight)


def described(state: object) -> str:
    """A state of another kind, for an error message."""
    return f"{state.dtype} of shape {list(state.shape)}" if isinstance(state, Tensor) else type(state).__name__
