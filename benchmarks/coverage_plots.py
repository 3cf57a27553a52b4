"""The plot of the suite coverage: how often an interval holds the truth, beside the 95 % that it says, by population."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.populations import POPULATIONS
from benchmarks.rows import Row

COLOURS = ("#c8102e", "#1f5fa8", "#e08214", "#7b3fa0", "#2a9d8f", "#6b4226", "#888888")
SHOWN = ("AUROC", "AP", "F1", "Brier score", "KS", "calibration error")


def draw(rows: Sequence[Row], folder: Path) -> None:
    """A panel for each case, scores down and prevalences across."""
    cases = [case for score in SHOWN for case in dict.fromkeys(row.case for row in rows) if case.rsplit(",", 1)[0] == score]
    figure, axes = plots.panels(len(cases), "How often does a 95 % interval hold the truth?", width=4.6, height=3.2, rows=6)
    for axis, case in zip(axes, cases, strict=True):
        panel(axis, [row for row in rows if row.case == case])
        axis.set(title=case, ylim=(84, 100.5), xlabel="positives", ylabel="% of samples")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    plots.save(figure, folder, "coverage")


def panel(axis: Any, rows: Sequence[Row]) -> None:
    """All populations of one case."""
    axis.axhspan(93, 97.5, color="black", alpha=0.07, linewidth=0, label="93 to 97.5 %")
    for name, colour in zip(POPULATIONS, COLOURS, strict=True):
        points = sorted((row for row in rows if row.contender == name), key=lambda row: row.n)
        sizes, found = [row.n for row in points], [row.median for row in points]
        axis.plot(sizes, found, color=colour, linewidth=1.4, marker="o", markersize=3, label=name)
    axis.set_xscale("log")
    sizes = sorted({row.n for row in rows})
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.minorticks_off()
