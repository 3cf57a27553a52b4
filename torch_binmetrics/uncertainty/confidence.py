"""Which confidence interval a number has: a closed form where there is one, else the bootstrap, one for all that need it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from torch_binmetrics.checks import integer
from torch_binmetrics.counting import Classes, Labels, Rows
from torch_binmetrics.measures.declared import Ends, Form, Ranks, about
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import (
    check_squares,
    drawn_values,
    percentile_interval,
    standard_error,
    too_few,
    too_often_undefined,
)
from torch_binmetrics.uncertainty.closed_forms import Closed, closed_interval, logit_interval
from torch_binmetrics.uncertainty.gaps import Gaps, distance, gap_ends
from torch_binmetrics.uncertainty.proportions import deviations

#: Axes of counts without rows: label and bin.
SINGLE = 2
Method = Literal["wilson", "delong", "bootstrap"]


@dataclass(frozen=True)
class Plan:
    """What interval is wanted.

    Low and high end have the form of the value. They are NaN where the counts do not tell how it varies: the value is
    undefined, the trials of a proportion are none, a class has fewer than two samples; and of a bootstrap, where no draw
    differs, or more draws are undefined than lie beyond one end (a few are left out).

    Args:
        level: share of samples whose interval holds the population's value, between 0 and 1; how near the methods come to it
            is measured by ``python -m benchmarks coverage``.
        draws: samples that the bootstrap draws, 100 or more.
        seed: of these draws; the same one gives the same ends on every rank and device.
        method: "wilson" (for proportions, F1, average precision and the Brier score), "delong" (for the whole AUROC) or
            "bootstrap" (for any measure: of gaps for the Kolmogorov-Smirnov statistic and calibration errors, on the logit
            scale where the least and greatest value are known, else percentiles); None for the first of these that fits.

    Raises:
        TypeError: an argument of another type; for a metric, that it is a curve, the best of all thresholds, or an average over
            labels or classes, whose samples go together.
        ValueError: an argument of another value; for a metric, that the method is none of its own.

    >>> from torch_binmetrics import BinaryRecall
    >>> metric = BinaryRecall()
    >>> metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 1, 1, 0]))
    >>> metric.confidence_interval(0.9)
    (tensor(0.1773, dtype=torch.float64), tensor(0.9649, dtype=torch.float64))
    """

    level: float
    draws: int
    seed: int
    method: Method | None = None

    def __post_init__(self) -> None:
        deviations(self.level)
        integer("draws", self.draws)
        integer("seed", self.seed)
        if self.draws < 100:
            raise ValueError(f"draws must be at least 100, got {self.draws}: fewer do not show the ends")
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed must fit int64, got {self.seed}: pass 0, say")

    def form(self, reading: Reading[Any]) -> Form | None:
        """What gives the ends of a reading, None for draws of its value; ValueError if the method is none of its own."""
        known = about(reading.measure)
        form = known.form if known and reading.average in (None, "micro") else None
        drawn = not isinstance(form, Closed)
        offered = ["bootstrap"] if drawn else ["delong" if isinstance(form, Ranks) else "wilson", "bootstrap"]
        if self.method is not None and self.method not in offered:
            raise ValueError(f"method must be {' or '.join(map(repr, offered))}, got {self.method!r}")
        return form if drawn or self.method != "bootstrap" else None


def why_none(reading: Reading[Any], rows: Rows | None) -> str | None:
    """Why a reading that is a number has no interval, of counts of these rows; None if it has one."""
    known = about(reading.measure)
    if known and known.no_interval:
        return known.no_interval
    if reading.average is None or not isinstance(rows, Labels | Classes):
        return None
    return (
        f"the scores that one sample has for {rows} are not independent, and counts do not tell how they go together: pass "
        "average=None for an interval of each"
    )


def intervals(readings: Sequence[Reading[Any]], snapshot: Snapshot, plan: Plan) -> list[tuple[Any, Any] | None]:
    """The ends for each reading of these counts, None for what has none; draws are shared.

    They are computed on CPU, so that a seed gives the same draws on every device and rank.

    Raises:
        TypeError: the counts are sums of weights without the squares of these.
        ValueError: the method is not one for a reading.
    """
    check_squares(snapshot.layout)
    told = {i: reading for i, reading in enumerate(readings) if not why_none(reading, snapshot.layout.rows)}
    parts = {i: part for i, reading in told.items() if (part := _parts(reading, snapshot, plan)) is not None}
    whole = iter(_intervals([reading for i, reading in told.items() if i not in parts], snapshot, plan))
    return [(parts[i] if i in parts else next(whole)) if i in told else None for i in range(len(readings))]


def _parts(reading: Reading[Any], snapshot: Snapshot, plan: Plan) -> tuple[Any, Any] | None:
    """The ends for a reading of the sum of all rows, or of each row alone where a form knows of no rows."""
    if snapshot.counts.ndim == SINGLE:
        return None
    alone = replace(reading, average=None)
    if reading.average == "micro":
        return _intervals([alone], snapshot.pooled, plan)[0]
    if reading.average is not None or not isinstance(plan.form(reading), Gaps):
        return None
    rows = [_intervals([alone], snapshot.row(k), plan)[0] for k in range(len(snapshot.counts))]
    low, high = (_stacked([row[end] for row in rows if row is not None]) for end in (0, 1))
    return low, high


def _stacked(values: Sequence[Any]) -> Any:
    """Values of rows as one."""
    if isinstance(values[0], OperatingPoint):
        return OperatingPoint(*map(torch.stack, zip(*values, strict=True)))
    return torch.stack(list(values))


def _intervals(readings: Sequence[Reading[Any]], snapshot: Snapshot, plan: Plan) -> list[tuple[Any, Any] | None]:
    """The ends for each reading, with one bootstrap for all."""
    forms = [plan.form(reading) for reading in readings]
    device, snapshot = snapshot.counts.device, snapshot.on_cpu()
    values: list[Any] = [reading.value(snapshot) for reading in readings]
    reads = {
        i: partial(_read, reading) if form is None else _read_with_distance(form, reading, snapshot)
        for i, (reading, form) in enumerate(zip(readings, forms, strict=True))
        if not isinstance(form, Closed) and isinstance(values[i], Tensor | OperatingPoint)
    }
    drawn = drawn_values(snapshot, reads, plan.draws, plan.seed)
    found: list[tuple[Any, Any] | None] = []
    for i, (reading, form) in enumerate(zip(readings, forms, strict=True)):
        ends = closed_interval(form, reading, snapshot, plan.level) if isinstance(form, Closed) else None
        if i in drawn and isinstance(form, Gaps):
            ends = gap_ends(snapshot, values[i], drawn[i], plan.level)
        elif i in drawn:
            ends = _ends(reading, _numbers(values[i]), drawn[i], plan.level)
        if i in drawn and ends and snapshot.counts.ndim > SINGLE:
            ends = _told(reading, snapshot, ends)
        found.append(_like(values[i], ends, device) if ends else None)
    return found


def _told(reading: Reading[Any], snapshot: Snapshot, ends: Ends) -> Ends:
    """Ends of draws, NaN for rows that have too few samples, and for what is made of values of such rows."""
    few = too_few(snapshot)
    few = few if reading.average is None else few.any()
    low, high = (end.where(~few.view(few.shape + (1,) * (end.ndim - few.ndim)), math.nan) for end in ends)
    return low, high


def _ends(reading: Reading[Any], value: Tensor, drawn: Tensor, level: float) -> Ends:
    """The ends that draws of a value give, on the logit scale if its span is known, else by percentiles."""
    known = about(reading.measure)
    span = known.span if known and reading.average not in ("gap", "ratio") else None
    found = logit_interval(value, standard_error(drawn), level, span) if span else percentile_interval(drawn, level)
    low, high = (end.where(~too_often_undefined(drawn, level), math.nan) for end in found)
    return low, high


def _read(reading: Reading[Any], drawn: Snapshot) -> Tensor:
    """The numbers that a reading gives for a snapshot, or for each of many draws; a measure of a user's own one by one."""
    if about(reading.measure) is None and drawn.counts.ndim > 2:
        return torch.stack([_numbers(reading.value(drawn.draw(k))) for k in range(len(drawn.counts))])
    return _numbers(reading.value(drawn))


def _read_with_distance(form: Gaps, reading: Reading[Any], snapshot: Snapshot) -> Callable[[Snapshot], Tensor]:
    """The numbers of a reading, and after them how far the gaps of a draw are from those of the sample."""
    apart = distance(form, reading, snapshot)

    def read(drawn: Snapshot) -> Tensor:
        value = reading.value(drawn)
        numbers = _numbers(value) if isinstance(value, OperatingPoint) else _numbers(value)[..., None]
        return torch.cat([numbers, apart(drawn)[..., None]], -1)

    return read


def _numbers(value: Tensor | OperatingPoint) -> Tensor:
    """A value in float64; that of an operating point and its threshold side by side."""
    return value.double() if isinstance(value, Tensor) else torch.stack([part.double() for part in value], -1)


def _like(value: Tensor | OperatingPoint, ends: Ends, device: torch.device) -> tuple[Any, Any]:
    """Both ends as values of its kind, on a device; in float32 where that has no float64."""
    low, high = (end.to(device, torch.float32 if device.type == "mps" else torch.float64) for end in ends)
    return (low, high) if isinstance(value, Tensor) else (OperatingPoint(*low.unbind(-1)), OperatingPoint(*high.unbind(-1)))
