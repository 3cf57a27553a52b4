"""Counts of rows -> a line for each, by the measures' own last axis and without a loop over rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from torch_binmetrics.counting import Rows
from torch_binmetrics.measures.staircase import serial_sum
from torch_binmetrics.report.by_row import ByRow, ReportLine
from torch_binmetrics.report.numbers import ReportRow
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import has_squares
from torch_binmetrics.uncertainty.closed_forms import Closed
from torch_binmetrics.uncertainty.confidence import Plan, intervals

FEW = 10
WIDE = 0.01
#: Rows that a warning names.
NAMED = 5
Readings = Mapping[str, tuple[Reading[Any], Snapshot]]


def lines_of(rows: Rows, readings: Readings, by: str, plan: Plan) -> ByRow:
    """A line for each row, sorted by one of the readings, which are numbers of counts of these rows."""
    columns = {name: column for name, found in readings.items() if (column := _column(*found, plan)) is not None}
    by_label = serial_sum(readings[by][1].counts.double())
    samples, positives = by_label.sum(-1).tolist(), by_label[..., 1].tolist()
    lines = [ReportLine(samples[k], positives[k], {name: column[k] for name, column in columns.items()}) for k in range(rows.n)]
    worst = sorted(range(rows.n), key=lambda k: (math.isnan(lines[k][by].value), lines[k][by].value, k))
    return ByRow(
        kind=type(rows).__name__.lower(),
        by=by,
        lines={rows.names[k]: lines[k] for k in worst},
        means={name: _mean(column) for name, column in columns.items()},
    )


def misleading_rows(by_row: ByRow, *, weighted: bool) -> tuple[str, ...]:
    """Which rows a reader should not trust: with none or few samples of a class, or wide bounds."""
    lines = by_row.lines.items()
    rarest = {name: min(line.positives, line.samples - line.positives) for name, line in lines}
    bounds = {name: line[by_row.by].bounds for name, line in lines}
    found = {
        "no positive or no negative": [name for name, n in rarest.items() if not n],
        f"fewer than {FEW} positives or negatives": [name for name, n in rarest.items() if 0 < n < FEW and not weighted],
        f"bounds of {by_row.by} wider than {WIDE}": [
            name for name, ends in bounds.items() if ends and ends[1] - ends[0] > WIDE
        ],
    }
    of = f"{len(lines):,} {by_row.kind}"
    return tuple(f"{what} in {len(names):,} of {of}: {_listed(names)}." for what, names in found.items() if names)


def _column(reading: Reading[Any], snapshot: Snapshot, plan: Plan) -> list[ReportRow] | None:
    """One number of every row; None where a reading is no number of each."""
    found = reading.value(snapshot)
    if not isinstance(found, Tensor) or found.shape != snapshot.counts.shape[:1]:
        return None
    bounds = None if reading.exact or snapshot.exact else _pairs(reading.bounds(snapshot))
    closed = isinstance(plan.form(reading), Closed) and has_squares(snapshot.layout)
    ends = intervals([reading], snapshot, plan)[0] if closed else None
    drawn = None if ends is None else _pairs(ends)
    return [
        ReportRow(value, None if bounds is None else bounds[k], None if drawn is None else drawn[k])
        for k, value in enumerate(found.tolist())
    ]


def _pairs(low_high: tuple[Tensor, Tensor]) -> list[tuple[float, float]]:
    """Both ends of every row."""
    low, high = low_high
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _mean(column: Sequence[ReportRow]) -> float:
    """The mean of what is defined."""
    known = [row.value for row in column if not math.isnan(row.value)]
    return math.fsum(known) / len(known) if known else math.nan


def _listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
