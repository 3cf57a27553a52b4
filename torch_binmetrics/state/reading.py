"""How a number is read off a snapshot: a measure, and what of the counts it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from torch import Tensor

from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, about, takes_ties
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.state.snapshot import Snapshot

T = TypeVar("T")
Given = tuple[Any, ...]


@dataclass(frozen=True)
class Reading(Generic[T]):
    """What a metric knows besides its counts.

    Args:
        measure: a function of what is ``given``.
        thresholds: scores from here on are called positive, probabilities even if logits are counted; several give a last
            axis, None means all cuts.
        given: the arguments of the measure, taken from a snapshot; the confusion at the thresholds if None.
        enclosing: the arguments of its bounds, likewise.
        exact: whether the value does not depend on what the bins hide.
        undefined: what takes the place of NaN.

    >>> import torch
    >>> from torch_binmetrics import FloatBits, Layout, ScoreHistogram
    >>> from torch_binmetrics.measures import auroc, recall
    >>> histogram = ScoreHistogram(Layout(FloatBits(16)))
    >>> histogram.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    >>> snapshot = Snapshot(histogram)
    >>> Reading(auroc).value(snapshot), Reading(recall, (0.25, 0.5)).value(snapshot)
    (tensor(0.7500, dtype=torch.float64), tensor([1.0000, 0.5000], dtype=torch.float64))
    """

    measure: Callable[..., T]
    thresholds: float | tuple[float, ...] | None = None
    given: Callable[[Snapshot], Given] | None = None
    enclosing: Callable[[Snapshot], Given] | None = None
    exact: bool = False
    undefined: float = math.nan

    def value(self, snapshot: Snapshot) -> T:
        """The measure of these counts."""
        value: Any = self.measure(*((self.confusion(snapshot),) if self.given is None else self.given(snapshot)))
        if math.isnan(self.undefined):
            return value  # type: ignore[no-any-return]
        lines: Any = (_defined(line, self.undefined) for line in value) if isinstance(value, tuple) else None
        return _defined(value, self.undefined) if lines is None else type(value)(*lines)  # type: ignore[no-any-return]

    def confusion(self, snapshot: Snapshot) -> Confusion:
        """The confusion that the measure is a function of."""
        return snapshot.confusion if self.thresholds is None else snapshot.at(self.thresholds)

    @property
    def meaning(self) -> str:
        """What is read, in words: of equal meaning on two ranks, as far as code can be told by its name."""
        at = "" if self.thresholds is None else f" at {self.thresholds}"
        undefined = "" if math.isnan(self.undefined) else f", undefined {self.undefined}"
        of = "" if self.given is None else f" of {_words(self.given)}"
        return f"{_words(self.measure)}{of}{at}{undefined}"

    @property
    def has_bounds(self) -> bool:
        """Whether the least and the greatest value are known that the counts allow."""
        known = about(self.measure)
        return self.exact or (known is not None and known.bounds is not None)

    def bounds(self, snapshot: Snapshot) -> Ends:
        """Lowest and highest value that the counts allow; the value itself, twice, where nothing is hidden."""
        known = about(self.measure)
        if known and known.bounds and not (snapshot.exact or self.exact):
            given = (self.confusion(snapshot),) if self.enclosing is None else self.enclosing(snapshot)
            return known.bounds(*given, **({"ties": snapshot.ties} if takes_ties(known.bounds) else {}))
        value: Any = self.value(snapshot)
        return (value.value if isinstance(value, OperatingPoint) else value,) * 2


def curve(snapshot: Snapshot) -> Given:
    """The confusion along all cuts and the thresholds as users gave scores, for curves and their points."""
    return snapshot.confusion, snapshot.probabilities


def curve_in_logits(snapshot: Snapshot) -> Given:
    """The same with the thresholds as they were counted."""
    return snapshot.confusion, snapshot.thresholds


def cells(sums: tuple[Summand, ...], snapshot: Snapshot) -> Given:
    """Counts by label and occupied bin, and what was summed there."""
    return snapshot.counts, *map(snapshot.sums, sums)


def _words(measure: Any) -> str:
    """The name of a function, with the arguments that are given already."""
    if not isinstance(measure, partial):
        return str(getattr(measure, "__qualname__", type(measure).__name__))
    given = [*map(repr, measure.args), *(f"{name}={value!r}" for name, value in measure.keywords.items())]
    return f"{_words(measure.func)}({', '.join(given)})"


def _defined(value: Any, undefined: float) -> Any:
    """Ratios with another value for NaN; they cannot be NaN otherwise."""
    return value.where(~value.isnan(), undefined) if isinstance(value, Tensor) and value.is_floating_point() else value
