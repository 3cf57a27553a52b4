"""How counts are kept: what a store is, whatever it keeps them in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.recent import Decay
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
    def add(
        self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
    ) -> Tensor:
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

    def check_values(self, state: Tensor) -> None:
        """Raise ValueError unless a state of the right kind holds what counting can give: for those that come from outside."""
        check_plain(state)
        amounts, excluded, sums = self.parts(state)
        _check_numbers("counts", amounts, whole=not self.layout.weighted)
        _check_numbers("numbers of samples", excluded, whole=not isinstance(self.layout.recent, Decay))
        if sums.isnan().any():
            raise ValueError("expected sums that are numbers, got NaN: the state is damaged, load another")

    def parts(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The counts by label and bin, the numbers of excluded samples, and the sums of a state."""
        layout = self.layout
        return state[..., : layout.block], state[..., layout.block : layout.counted], state[..., layout.counted :]

    @abstractmethod
    def counts(self, state: Tensor) -> Tensor:
        """Counts by label and bin: int64, or float64 sums of weights or where more is summed, [2, bins] or [rows, 2, bins]."""

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


def check_plain(state: object) -> None:
    """Raise ValueError if this is a tensor from which no counts can be taken over: sparse, without data or with a graph."""
    if isinstance(state, Tensor) and (state.layout is not torch.strided or state.is_meta or state.requires_grad):
        graph = ", which requires one" if state.requires_grad else ""
        raise ValueError(
            f"expected counts in a dense tensor that holds data and needs no gradient, got {state.layout} on {state.device}"
            f"{graph}: load a state_dict() as it was saved"
        )


def _check_numbers(what: str, numbers: Tensor, *, whole: bool) -> None:
    """Raise ValueError unless all are finite, none is negative, and none a fraction where those are whole."""
    wrong = ~(numbers >= 0) | ~numbers.isfinite()
    if whole and numbers.is_floating_point():
        wrong |= numbers != numbers.floor()
    if wrong.any():
        kind = "whole numbers" if whole else "finite numbers"
        raise ValueError(
            f"expected {what} that are {kind} >= 0, got {numbers[wrong][0].item()}: the state is damaged, load another"
        )
