"""How counts are kept: what a store is, whatever it keeps them in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.summands import Summand


class Store(ABC):
    """A frozen, hashable way to keep the counts of a layout in one tensor, the state, which whoever uses it holds."""

    layout: Layout
    #: How the states of several ranks become one: summed cell by cell, or gathered and merged.
    reduction: ClassVar[Literal["sum", "cat"]]

    @abstractmethod
    def empty(self, device: torch.device | str | None = None) -> Tensor:
        """The state of no samples."""

    @abstractmethod
    def add(self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The state with a checked batch: the same tensor counted into, or another; on an error it stays as it was."""

    @abstractmethod
    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        """The state with others of the same meaning: the same tensor added to, or another."""

    @abstractmethod
    def clear(self, state: Tensor) -> Tensor:
        """The state of no samples in its place: the same tensor emptied, or another."""

    @abstractmethod
    def check(self, state: object) -> None:
        """Raise ValueError unless this could be a state, by its kind, dtype and shape."""

    @abstractmethod
    def counts(self, state: Tensor) -> Tensor:
        """Counts by label and bin: int64, or float64 sums of weights or where more is summed, [2, bins]."""

    @abstractmethod
    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Ascending numbers of the bins that hold samples, int64, [points], one if none does, and a copy of their counts."""

    def sums(self, state: Tensor, summand: Summand) -> Tensor:
        """What is summed of a summand, by label and bin: float64, [2, bins]; ValueError if that is not summed."""
        raise ValueError(f"expected one of {list(self.layout.sums)}, got {summand}: these counts do not sum that")

    @abstractmethod
    def off_edge(self, state: Tensor) -> int:
        """Number of samples that lie off the lower edge of their bin: where there are none, every bin is a tie."""

    @abstractmethod
    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        """Number of samples whose label was ``ignore_index``, and of the invalid ones by kind."""
