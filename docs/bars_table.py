"""The bars of speed and memory, as the benchmarks' own report tells them."""

from __future__ import annotations

from pathlib import Path

REPORT = Path(__file__).parent.parent / "benchmarks" / "results" / "README.md"


def bars_table() -> list[str]:
    """Lines of Markdown: what they were measured on, and the table."""
    lines = REPORT.read_text().splitlines()
    about = next(line for line in lines if line.startswith("Measured on "))
    start = lines.index("## The bars")
    stop = next(i for i, line in enumerate(lines) if i > start and line.startswith("## "))
    return ["", about, *lines[start + 1 : stop]]
