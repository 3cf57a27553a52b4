"""Counts in fixed memory: one tensor of all cells of a layout, counted into in place."""

from __future__ import annotations

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
    """A tensor with a number for each cell of a layout, in the order of the cells: [layout.cells].

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
            return torch.zeros(self.layout.cells, dtype=self.layout.dtype, device=device)

    def add(self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        count_together([(self.layout, state)], preds, target, weight)
        return state

    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        for other in others:
            state += other
        return state

    def clear(self, state: Tensor) -> Tensor:
        return state.zero_()

    def check(self, state: object) -> None:
        layout = self.layout
        if not isinstance(state, Tensor) or state.dtype != layout.dtype or state.shape != (layout.cells,):
            raise ValueError(f"expected counts of {layout.dtype} and shape [{layout.cells}], got {described(state)}")

    def counts(self, state: Tensor) -> Tensor:
        return state[: self.layout.block].view(2, -1)

    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        counts = self.counts(state)
        bins = counts.sum(0).nonzero().squeeze(1)
        if not len(bins):
            bins = bins.new_zeros(1)
        return bins, counts[:, bins]

    def sums(self, state: Tensor, summand: Summand) -> Tensor:
        layout = self.layout
        if summand not in layout.sums:
            return super().sums(state, summand)
        begin = layout.counted + layout.sums.index(summand) * layout.block
        return state[begin : begin + layout.block].view(2, -1)

    def off_edge(self, state: Tensor) -> int:
        return int(state[self.layout.off_edge])

    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        ignored, *dropped = map(int, state[self.layout.block : self.layout.off_edge].tolist())
        return ignored, Dropped(*dropped)


def count_together(tallies: Sequence[tuple[Layout, Tensor]], preds: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Add a checked batch to several states in one pass; either all of them change or none does."""
    cpu_only, by = preds.device.type == "cpu", {"cpu": cpu.count, "cuda": cuda.count}.get(preds.device.type)
    if by is None or not by(tallies, preds, target, weight):
        (reference if cpu_only else lookup).count(tallies, preds, target, weight)


def described(state: object) -> str:
    """A state of another kind, for an error message."""
    return f"{state.dtype} of shape {list(state.shape)}" if isinstance(state, Tensor) else type(state).__name__
