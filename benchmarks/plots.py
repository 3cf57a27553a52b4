"""What all plots share: one colour per library, ours in bold, axes with names and units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from benchmarks.report import seconds
from benchmarks.rows import Row

COLOURS = {
    "ours": "#c8102e",
    "torchmetrics": "#1f5fa8",
    "torcheval": "#e08214",
    "Keras": "#7b3fa0",
    "boost": "#6b4226",
    "ignite": "#d45087",
    "scikit": "#2a9d8f",
    "numpy": "#7f8c3a",
    "torch.bincount": "#888888",
    "limit": "#000000",
}
STYLES = {"reference": "--", "unchecked": "--", "exact": ":", "limit": ":", "2 threads": "--", "10,000": "--"}

plt.rcParams.update(
    {
        "figure.dpi": 130,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "axes.axisbelow": True,
    }
)


def colour(contender: str) -> str:
    """The colour of its library."""
    # The longest name decides: torch.bincount is not torch.
    names = [name for name in COLOURS if contender.startswith(name)]
    return COLOURS[max(names, key=len)] if names else "#555555"


def style(contender: str) -> dict[str, Any]:
    """How its line looks."""
    dash = next((dash for word, dash in STYLES.items() if word in contender), "-")
    width = 2.6 if contender.startswith("ours") else 1.4
    return {"color": colour(contender), "linestyle": dash, "linewidth": width}


def panels(count: int, title: str, *, width: float = 6.0, height: float = 4.6, rows: int = 1) -> tuple[Any, list[Any]]:
    """A figure with a title and so many axes."""
    figure, axes = plt.subplots(rows, count // rows, squeeze=False, layout="constrained")
    figure.set_size_inches(width * (count // rows), height * rows)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    return figure, list(axes.flat)


def lines(axis: Any, rows: Iterable[Row], *, scale: float = 1.0, mark: str = "o") -> None:
    """The median of each contender against n, both logarithmic, with its quartiles as a band."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.contender, []).append(row)
    for name, points in by_name.items():
        points.sort(key=lambda row: row.n)
        sizes = [row.n for row in points]
        axis.plot(sizes, [row.median * scale for row in points], marker=mark, markersize=3, label=name, **style(name))
        low, high = ([getattr(row, end) * scale for row in points] for end in ("low", "high"))
        axis.fill_between(sizes, low, high, color=colour(name), alpha=0.15, linewidth=0)
    axis.set_xscale("log")
    axis.set_yscale("log")


def bars(axis: Any, rows: Sequence[Row], labels: Sequence[str], *, times: bool = True, log: bool = True) -> None:
    """Horizontal bars, the first at the top, each with its figure."""
    values = [row.median for row in rows]
    axis.barh(range(len(rows)), values, color=[colour(row.contender) for row in rows], height=0.7)
    axis.set_yticks(range(len(rows)), labels)
    axis.invert_yaxis()
    axis.set_xscale("log" if log else "linear")
    axis.grid(visible=False, axis="y")
    for i, value in enumerate(values):
        axis.annotate(seconds(value) if times else f"{value:,.0f}", (value, i), (3, 0), textcoords="offset points", va="center")
    axis.margins(x=0.2)
    if not log:
        axis.set_xlim(left=0)
    if times:
        time_axis(axis.xaxis, digits=1 if log else 3)


def time_axis(axis: Any, digits: int = 1) -> None:
    """Ticks such as 10 µs and 1 ms."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: seconds(value, digits)))


def legend(axis: Any) -> None:
    """A legend to the right of the axes, in the order of the lines' right ends."""
    found = sorted(zip(*axis.get_legend_handles_labels(), strict=True), key=lambda pair: -pair[0].get_ydata()[-1])
    handles, labels = zip(*found, strict=True)
    axis.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.6)


def save(figure: Any, folder: Path, name: str) -> None:
    """Write a PNG, and let go of the figure."""
    figure.savefig(folder / f"{name}.png")
    plt.close(figure)
