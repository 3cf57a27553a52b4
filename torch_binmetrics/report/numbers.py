"""One number of a report, with what is known of how sure it is."""

from __future__ import annotations

from dataclasses import dataclass


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
