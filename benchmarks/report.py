"""The results as Markdown: one table a case, the machine's size above them all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from benchmarks.rows import Row

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))


def seconds(value: float, digits: int = 3) -> str:
    """A time with its unit: 0.0012 is 1.2 ms."""
    if not value:
        return "0"
    scale, unit = next(((scale, unit) for scale, unit in UNITS if value >= scale * 0.9995), UNITS[-1])
    return f"{float(f'{value / scale:.{digits}g}'):g} {unit}"


def size(value: float) -> str:
    """Bytes with their unit."""
    scale, unit = next(((scale, unit) for scale, unit in SIZES if abs(value) >= scale), SIZES[-1])
    return f"{value / scale:.3g} {unit}"


def shown(value: float, unit: str) -> str:
    """A figure; times and sizes with their unit."""
    return seconds(value) if unit == "s" else size(value) if unit == "B" else f"{value:.3g}"


def cell(row: Row) -> str:
    """A figure with its unit, and its ratio."""
    plain = math.isnan(row.ratio) or row.contender == row.yardstick
    return shown(row.median, row.unit) + ("" if plain else f" ({times(row.ratio)})")


def times(ratio: float) -> str:
    """A ratio, such as 2.41x or 1,250x."""
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.3g}x"


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, numbers to the right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (head, marks, *body)]


def suite_lines(rows: Sequence[Row], across: str) -> list[str]:
    """All tables of a suite; what ``across`` names ("n", "contender" or "") becomes the columns, quartiles if none."""
    if across == "contender":
        return _pivot(rows, lambda row: row.case, lambda row: row.contender)
    found: list[str] = []
    for (case, threads, unit), part in groupby(rows, lambda row: (row.case, row.threads, row.unit)):
        group = list(part)
        found += ["", f"**{case}**, {threads} thread{'s' * (threads > 1)}" + (f", {unit}" if unit not in "sB" else ""), ""]
        many = len({row.n for row in group}) > 1
        found += _pivot(group, lambda row: row.contender, lambda row: f"{row.n:,}") if many else _list(group)
    return found


def _pivot(rows: Sequence[Row], down: Callable[[Row], str], along: Callable[[Row], str]) -> list[str]:
    """A table of cells, in the order in which lines and columns come up."""
    columns = list(dict.fromkeys(map(along, rows)))
    cells = {(down(row), along(row)): cell(row) for row in rows}
    names = dict.fromkeys(map(down, rows))
    return table(["", *columns], ([name, *(cells.get((name, column), "") for column in columns)] for name in names))


def _list(rows: Sequence[Row]) -> list[str]:
    """A table with quartiles."""
    timed = rows[0].unit == "s"
    head = ["contender", "median" if timed else "figure", *(["quartiles"] if timed else []), "ratio"]
    body = [
        [
            row.contender,
            shown(row.median, row.unit),
            *([f"{seconds(row.low)} ... {seconds(row.high)}"] if timed else []),
            "" if math.isnan(row.ratio) else times(row.ratio),
        ]
        for row in rows
    ]
    return table(head, body)


def warning(conditions: dict[str, Any]) -> str:
    """What a reader must know of a run before trusting its figures; nothing of a full run on a quiet machine."""
    found = ["A quick run: too few repetitions for its figures to mean much."] if conditions["quick"] else []
    if conditions["load"] > 0.5:
        found.append(f"Other work was running at the start (load {conditions['load']}): times with 2 threads go astray then.")
    return " ".join(found)


def conditions_lines(conditions: dict[str, Any] | None) -> list[str]:
    """When a suite was measured, and the warning."""
    if conditions is None:
        return []
    about = warning(conditions)
    return [f"The run began {conditions['start']}.{f' **{about}**' if about else ''}", ""]


def head_lines(about: dict[str, Any], missing: Sequence[str]) -> list[str]:
    """What the figures were measured on."""
    packages = ", ".join(f"{name} {version or 'missing'}" for name, version in about["packages"].items())
    return [
        "# Benchmarks",
        "",
        f"Measured on {about['cores']} cores of {about['cpu'] or about['system']}, "
        f"{about['memory_gib']} GiB of memory, Python {about['python']}, {packages}. "
        f"CPU batches are counted by the {about['counting']} loop.",
        "",
        *([f"Left out, since not installed: {', '.join(missing)}.", ""] if missing else []),
        "Times are medians of interleaved repetitions; in brackets is the ratio to the suite's yardstick. Every contender gave "
        "the right answer first. Quartiles of all figures are in the CSV files. `python -m benchmarks` measures them anew.",
    ]
