"""The plots of the suite accuracy: how far each is off, distribution by distribution, and what more bins would buy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.data import DISTRIBUTIONS
from benchmarks.rows import Row

#: Where a logarithmic axis ends: smaller errors are drawn there.
FLOOR = 1e-9
DEFAULT, AROUND = "ours, FloatBits()", "ours, FloatBits(around=...)"
PEERS = {
    "torchmetrics, 200": ("torchmetrics, 200 thresholds", "o"),
    "torcheval, binned curve, 200": ("torcheval, 200 thresholds", "s"),
    "Keras, 200": ("Keras, 200 thresholds", "^"),
    "Keras, 10,000": ("Keras, 10,000 thresholds", "v"),
}
AREAS = {"auroc": "AUROC", "ap": "average precision"}


def draw_overview(rows: Sequence[Row], folder: Path) -> None:
    """A line for each distribution: the peers' errors, ours, and how far our bounds say it could be off."""
    figure, axes = plots.panels(
        2, "How far off? Error of the area, for scores that crowd and scores that do not", width=6.2, height=9
    )
    names = list(dict.fromkeys(row.case.rpartition(", ")[0] for row in rows if ", float32" in row.case))
    names.append(f"{DISTRIBUTIONS[0].name}, bfloat16")
    for axis, (area, title) in zip(axes, AREAS.items(), strict=True):
        for at, name in enumerate(names):
            overview_line(axis, at, [row for row in rows if row.case == f"{name}, {area}"])
        axis.set(xscale="log", xlim=(FLOOR / 2, 1.5), ylim=(len(names) - 0.4, -0.95), title=title)
        axis.set_xlabel("absolute error (left edge: 1e-9 or less)")
        axis.set_yticks(range(len(names)), [name.replace(", float32", "") for name in names] if axis is axes[0] else [])
        axis.axvspan(1e-2, 1.5, color="black", alpha=0.05, linewidth=0)
        axis.text(0.12, -0.9, "wrong in the\nsecond decimal", ha="center", va="top", fontsize=7.5, color="#555555")
    handles, labels = axes[0].get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=3)
    plots.save(figure, folder, "accuracy")


def overview_line(axis: Any, at: int, rows: Iterable[Row]) -> None:
    """All contenders on one distribution."""
    for row in rows:
        value = max(row.median, FLOOR)
        if row.contender == DEFAULT and row.unit == "error":
            axis.plot(value, at, "D", color=plots.colour("ours"), markersize=8, zorder=4, label="ours, default cuts")
        elif row.contender == DEFAULT:
            label = "ours, as its bounds say: certainly no farther off"
            axis.plot([FLOOR / 2, value], [at, at], color=plots.colour("ours"), linewidth=6, alpha=0.22, zorder=1, label=label)
            axis.plot(value, at, "|", color=plots.colour("ours"), markersize=15, markeredgewidth=2)
        elif row.contender == AROUND and row.unit == "error":
            hollow = {"markersize": 8, "markerfacecolor": "white", "markeredgewidth": 1.6, "zorder": 4}
            axis.plot(value, at, "D", color=plots.colour("ours"), label="ours, FloatBits(around=where they crowd)", **hollow)
        elif row.contender in PEERS and row.unit == "error":
            label, mark = PEERS[row.contender]
            shift = (list(PEERS).index(row.contender) - 1.5) * 0.18
            axis.plot(value, at + shift, mark, color=plots.colour(row.contender), markersize=6.5, zorder=3, label=label)


def draw_bins(rows: Sequence[Row], folder: Path) -> None:
    """Error of AUROC against the number of bins, float32, a panel for each of the first distributions."""
    title = "Error of AUROC against the number of bins, float32 scores"
    figure, axes = plots.panels(9, title, width=4.4, height=3.2, rows=3)
    for axis, kind in zip(axes, DISTRIBUTIONS[:9], strict=True):
        here = [row for row in rows if row.case == f"{kind.name}, float32, auroc"]
        for family, dash in (("FloatBits", "-"), ("Uniform", "--")):
            our_line(
                axis,
                [row for row in here if row.contender.startswith(f"ours, {family}(") and row.contender != AROUND],
                family,
                dash,
            )
        for name, (label, mark) in PEERS.items():
            for row in (row for row in here if row.contender == name):
                axis.plot(row.n, max(row.median, FLOOR), mark, color=plots.colour(name), markersize=6, label=label, zorder=3)
        axis.set(xscale="log", yscale="log", ylim=(FLOOR / 2, 1), title=kind.name)
    for axis in axes[6:]:
        axis.set_xlabel("bins or thresholds")
    for axis in axes[::3]:
        axis.set_ylabel("absolute error")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    plots.save(figure, folder, "accuracy_bins")


def our_line(axis: Any, rows: Sequence[Row], family: str, dash: str) -> None:
    """Error of one kind of cuts, and above it the largest that its bounds leave possible."""
    rows = sorted(rows, key=lambda row: row.n)
    errors = [row for row in rows if row.unit == "error"]
    widths = [row for row in rows if row.unit != "error"]
    shade = plots.colour("ours") if family == "FloatBits" else "#e79aa5"
    sizes, figures = [row.n for row in errors], [max(row.median, FLOOR) for row in errors]
    axis.plot(sizes, figures, dash, color=shade, linewidth=2, marker="o", markersize=3, label=f"ours, {family}: error")
    limits = [max(row.median, FLOOR) for row in widths]
    axis.plot([row.n for row in widths], limits, dash, color=shade, linewidth=0.9, label=f"ours, {family}: certain limit")
    axis.fill_between(sizes, figures, limits, color=shade, alpha=0.08, linewidth=0)
