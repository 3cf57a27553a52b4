"""Row: one measured figure, beside the suite's yardstick; a suite's results are a list of them, kept as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from benchmarks.timing import Spread


@dataclass(frozen=True)
class Row:
    """A figure of one contender: median and quartiles in seconds, or a single figure in another unit, three times.

    Args:
        case: what was asked of the contenders.
        n: the size that the suite varies: samples, metrics, ranks or bins.
        ratio: the median over that of ``yardstick`` in the same case, NaN without one.
    """

    case: str
    contender: str
    n: int
    threads: int
    median: float
    low: float
    high: float
    unit: str = "s"
    ratio: float = math.nan
    yardstick: str = ""
    suite: str = ""


def timed(case: str, n: int, threads: int, spreads: Mapping[str, Spread]) -> list[Row]:
    """The rows of one race."""
    return [Row(case, contender, n, threads, *seconds) for contender, seconds in spreads.items()]


def figure(case: str, contender: str, n: int, value: float, *, unit: str, threads: int = 1) -> Row:
    """The row of a figure that is no time."""
    return Row(case, contender, n, threads, value, value, value, unit)


def beside(rows: Iterable[Row], *yardsticks: str) -> list[Row]:
    """The rows with their ratios to the yardstick: the first of these contenders that is in the same race."""
    rows = list(rows)
    figures = {(*_race(row), row.contender): row.median for row in rows}
    found = []
    for row in rows:
        names = [name for name in yardsticks if figures.get((*_race(row), name), 0) > 0]
        ratio = row.median / figures[*_race(row), names[0]] if names else math.nan
        found.append(replace(row, ratio=ratio, yardstick=names[0] if names else ""))
    return found


def write(rows: Sequence[Row], path: Path) -> None:
    """Write a suite's rows, ``suite`` first."""
    names = ["suite", *(field.name for field in fields(Row) if field.name != "suite")]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _short(value) for name, value in asdict(row).items()} for row in rows)


def read(path: Path) -> list[Row]:
    """The rows that :func:`write` wrote."""
    types = {"n": int, "threads": int, "median": float, "low": float, "high": float, "ratio": float}
    with path.open(newline="") as file:
        lines = csv.DictReader(file)
        return [Row(**{name: types.get(name, str)(text) for name, text in line.items()}) for line in lines]


def _short(value: object) -> object:
    """Floats to seven digits; the noise is larger."""
    return f"{value:.7g}" if isinstance(value, float) else value


def _race(row: Row) -> tuple[str, int, int, str]:
    """What rows must share for a ratio of theirs to mean something."""
    return row.case, row.n, row.threads, row.unit
