"""How often the default 95 % intervals hold the truth, in a table made from the results of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report, rows

MEASURED = Path(__file__).parent.parent / "benchmarks" / "results" / "coverage.csv"


def coverage_table() -> list[str]:
    """Lines of Markdown: percent of the samples, by score and share of positives, and by number of positives."""
    found = [row for row in rows.read(MEASURED) if row.unit == "% covered" and row.contender.startswith("ours: ")]
    covered = {(row.case, row.n): f"{row.median:.1f}" for row in found}
    methods = {row.case: row.contender.removeprefix("ours: ") for row in found}
    sizes = sorted({row.n for row in found})
    head = ["", *(f"{n} positives" for n in sizes)]
    lines = ([f"{case}: {method}", *(covered[case, n] for n in sizes)] for case, method in methods.items())
    return ["", *report.table(head, lines), ""]
