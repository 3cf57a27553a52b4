"""Heat map of a measure over rows and thresholds, the best threshold of each row marked."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from torch_binmetrics.measures import Confusion, fbeta
from torch_binmetrics.measures.confusion import with_none_predicted
from torch_binmetrics.plots.canvas import VERMILION, Axes, canvas, missing, say_undefined, set_ticks, worst_first
from torch_binmetrics.plots.score_axis import score_axis
from torch_binmetrics.plots.source import Source, read_all, rows_of

#: Thresholds that are told apart.
COLUMNS = 100
#: Rows that have room for a name each.
NAMED = 40


def plot_heat_map(
    histogram: Source, ax: Axes | None = None, *, measure: Callable[[Confusion], Tensor] = fbeta, name: str | None = None
) -> Axes:
    """A measure of every row along a hundred thresholds, rows whose best is lowest on top; dots mark the best.

    Where the measure is undefined the map is grey.

    Args:
        histogram: a metric, a collection or a histogram of labels, classes or groups, or a :class:`Snapshot` of such.
        ax: where to draw; a new figure if None.
        measure: a function of a confusion whose highest value is best, F1 say.
        name: of the measure, for the scale of colours; that of the function if None.

    Raises:
        ValueError: the counts have no rows.
    """
    snapshot = read_all(histogram, lambda layout: layout.rows is not None)
    rows, pooled = rows_of(snapshot), snapshot.pooled
    ax = canvas(ax, 6.4, 1.5 + 0.22 * min(rows.n, NAMED))
    if reason := missing(pooled, positives=False, negatives=False):
        return say_undefined(ax, reason)
    axis = score_axis(pooled, pooled.probabilities.double())
    places = torch.linspace(axis.low, axis.high, COLUMNS + 1, dtype=torch.float64, device="cpu")
    middles = axis.scores((places[:-1] + places[1:]) / 2)
    below = torch.searchsorted(pooled.probabilities.double(), middles)
    values = measure(Confusion(*(count[..., below] for count in with_none_predicted(snapshot.confusion)))).double()
    best = values.nan_to_num(-math.inf).max(-1)
    order = worst_first(best.values.where(best.values > -math.inf, math.nan))
    named = name or str(getattr(measure, "__name__", "value")).replace("fbeta", "F1").replace("_", " ")
    drawn = axis.scores(places).numpy(), range(rows.n + 1), values[order].numpy()
    mesh = ax.pcolormesh(*drawn, cmap="viridis", rasterized=True)
    _mark(ax, middles, best, order)
    _label(ax, [rows.names[row] for row in order])
    ax.set_xscale(axis.scale)
    ax.set(xlabel="threshold, log-odds scale" if axis.log_odds else "threshold", xlim=axis.limits, facecolor="#BBBBBB")
    ax.figure.colorbar(mesh, ax=ax, label=named)
    return ax


def _mark(ax: Axes, thresholds: Tensor, best: torch.return_types.max, order: list[int]) -> None:
    """A dot at the best threshold of each row that has one."""
    known = [(line, row) for line, row in enumerate(order) if math.isfinite(best.values[row])]
    at = [float(thresholds[best.indices[row]]) for _, row in known]
    size = 5.0 if len(order) <= NAMED else 2.0
    ax.plot(
        at,
        [line + 0.5 for line, _ in known],
        "o",
        color=VERMILION,
        markeredgecolor="white",
        markersize=size,
        markeredgewidth=0.6,
    )


def _label(ax: Axes, names: list[str]) -> None:
    """The names of rows from the top, as many as there is room for."""
    step = math.ceil(len(names) / NAMED)
    shown = range(0, len(names), step)
    set_ticks(ax, "y", [line + 0.5 for line in shown], [names[line] for line in shown])
    ax.set_ylim(len(names), 0)
