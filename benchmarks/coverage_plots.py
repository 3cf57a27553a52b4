"""The plot of the suite coverage: how often each form of interval holds the truth, beside the 95 % that it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.rows import Row

LINES = {
    "bootstrap, percentiles": ("#1f5fa8", "--"),
    "bootstrap, basic": ("#7b3fa0", "--"),
    "bootstrap, bias-corrected": ("#2a9d8f", "--"),
    "bootstrap, normal": ("#888888", "--"),
    "bootstrap, logit scale": ("#e08214", "-"),
    "DeLong, plain": ("#6b4226", ":"),
}


def draw(rows: Sequence[Row], folder: Path) -> None:
    """A panel for each case, scores across and prevalences down."""
    cases = sorted({row.case: None for row in rows}, key=lambda case: case.split(",")[1], reverse=True)
    figure, axes = plots.panels(len(cases), "How often does a 95 % interval hold the truth?", width=4.6, height=3.2, rows=3)
    for axis, case in zip(axes, cases, strict=True):
        panel(axis, [row for row in rows if row.case == case])
        axis.set(title=case, ylim=(69, 100.5), xlabel="positives", ylabel="% of samples")
    shown = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=3)
    plots.save(figure, folder, "coverage")


def panel(axis: Any, rows: Sequence[Row]) -> None:
    """All forms of one case, ours with the ends of what so many samples can tell."""
    axis.axhspan(93, 97, color="black", alpha=0.07, linewidth=0, label="93 to 97 %")
    for name in dict.fromkeys(row.contender for row in rows):
        points = sorted((row for row in rows if row.contender == name), key=lambda row: row.n)
        sizes, found = [row.n for row in points], [row.median for row in points]
        if name.startswith("ours"):
            away = [[row.median - row.low for row in points], [row.high - row.median for row in points]]
            axis.errorbar(sizes, found, away, color=plots.colour("ours"), linewidth=2.6, capsize=3, label=name, zorder=4)
        else:
            shade, dash = LINES[name]
            axis.plot(sizes, found, dash, color=shade, linewidth=1.4, marker="o", markersize=3, label=name)
    axis.set_xscale("log")
    sizes = sorted({row.n for row in rows})
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.minorticks_off()
