"""How often the default 95 % intervals hold the truth, in a table made from the results of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report, rows

MEASURED = Path(__file__).parent.parent / "benchmarks" / "results" / "coverage.csv"


def coverage_table() -> list[str]:
    """Lines of Markdown: lowest and highest percent over all populations, by score, and by number of positives."""
    found = [row for row in rows.read(MEASURED) if row.unit == "% covered"]
    covered: dict[tuple[str, int], list[float]] = {}
    for row in found:
        covered.setdefault((row.case.rsplit(",", 1)[0], row.n), []).append(row.median)
    sizes = sorted({row.n for row in found})
    head = ["", *(f"{n} positives" for n in sizes)]
    scores = dict.fromkeys(score for score, _ in covered)
    lines = ([score, *(_range(covered.get((score, n), [])) for n in sizes)] for score in scores)
    return ["", *report.table(head, lines), ""]


def _range(values: list[float]) -> str:
    """The lowest and the highest."""
    return f"{min(values):.1f} to {max(values):.1f}" if values else "-"
