"""How a number is read off a snapshot: a measure, and what of the counts it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from torch import Tensor

from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.measures.averages import Average, OverRows, Undefined
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, about, takes_ties
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.measures.staircase import serial_sum
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
        by_row: the thresholds are one for each row.
        average: what is made of the values of all rows, as :class:`~torch_binmetrics.measures.averages.OverRows` has it; None
            for a value of each.
        undefined_rows: "skip" to leave rows of no value out of that, "nan" to have none then.

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
    by_row: bool = False
    average: Average | None = None
    undefined_rows: Undefined = "nan"

    def value(self, snapshot: Snapshot) -> T:
        """The measure of these counts."""
        snapshot, over_rows = self._seen(snapshot)
        value: Any = self._value(snapshot)
        if over_rows is None:
            return value  # type: ignore[no-any-return]
        if not isinstance(value, Tensor) or value.shape != snapshot.counts.shape[:-2]:
            raise TypeError(f"average={self.average!r} takes one number of each row, this is another value: pass average=None")
        return over_rows.of(value)  # type: ignore[return-value]

    def _seen(self, snapshot: Snapshot) -> tuple[Snapshot, OverRows | None]:
        """The counts to read, and what is made of their rows then."""
        if self.average is None:
            return snapshot, None
        if self.average == "micro":
            return snapshot.pooled, None
        by_label = serial_sum(snapshot.counts)
        return snapshot, OverRows(by_label[..., 1], by_label.sum(-1), self.average, self.undefined_rows)

    def _value(self, snapshot: Snapshot) -> T:
        """The measure of these counts, of each row if there are rows."""
        value: Any = self.measure(*((self._confusion(snapshot),) if self.given is None else self.given(snapshot)))
        if math.isnan(self.undefined):
            return value  # type: ignore[no-any-return]
        lines: Any = (_defined(line, self.undefined) for line in value) if isinstance(value, tuple) else None
        return _defined(value, self.undefined) if lines is None else type(value)(*lines)  # type: ignore[no-any-return]

    def confusion(self, snapshot: Snapshot) -> Confusion:
        """The confusion that the measure is a function of."""
        return self._confusion(self._seen(snapshot)[0])

    def _confusion(self, snapshot: Snapshot) -> Confusion:
        """The confusion that the measure is a function of, of each row if there are rows."""
        if self.thresholds is None:
            return snapshot.confusion
        found = snapshot.at(self.thresholds)
        return Confusion(*(count.diagonal(dim1=-2, dim2=-1) for count in found)) if self.by_row else found

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
        """Lowest and highest value that the counts allow; both are the value where nothing is hidden or rounded."""
        known = about(self.measure)
        if known and known.bounds and not (self.exact or _certain(known.bounds, snapshot)):
            seen, over_rows = self._seen(snapshot)
            given = (self._confusion(seen),) if self.enclosing is None else self.enclosing(seen)
            ends = known.bounds(*given, **({"ties": seen.ties} if takes_ties(known.bounds) else {}))
            return ends if over_rows is None else over_rows.bounds(*ends)
        value: Any = self.value(snapshot)
        return (value.value if isinstance(value, OperatingPoint) else value,) * 2


def _certain(bounds: Callable[..., Ends], snapshot: Snapshot) -> bool:
    """Whether no bin hides anything, and no sum of weights is rounded in a way that bounds of ties allow for."""
    return snapshot.exact and not (snapshot.layout.weighted and takes_ties(bounds))


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
