"""One number of a report, with what is known of how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch_binmetrics.report.tables import Table
from torch_binmetrics.wording import ends, value


@dataclass(frozen=True)
class ReportRow:
    """One number of a report.

    Args:
        value: NaN where undefined.
        bounds: certain ends of what the binning hides, None for a number that has none or is exact.
        interval: ends that sampling leaves open at the level of the report, None for a number that has none; NaN if not known.
        threshold: where the value is reached, for a best threshold.
    """

    value: float
    bounds: tuple[float, float] | None = None
    interval: tuple[float, float] | None = None
    threshold: float | None = None


def sampling(level: float | None) -> str:
    """The head of a column of intervals, at a level if that is known."""
    return f"{'' if level is None else f'{100 * level:g} % '}interval (sampling)"


def number_table(title: str, numbers: Mapping[str, ReportRow], level: float | None = None) -> Table:
    """Numbers with both kinds of ends, which are kept apart."""
    head = [title, "value", "bounds (binning)", sampling(level)]
    return Table(head, [[name, value(row.value), ends(row.bounds), ends(row.interval)] for name, row in numbers.items()])
