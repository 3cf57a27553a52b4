"""Small multiples: a plot of each of the worst rows, side by side on Axes of their own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

from torch_binmetrics.checks import integer
from torch_binmetrics.measures import auroc
from torch_binmetrics.plots.canvas import Axes, Figure, drop_marks, worst_first
from torch_binmetrics.plots.curves import plot_roc
from torch_binmetrics.plots.source import Source, read_all, rows_of
from torch_binmetrics.wording import value

#: Rows that fit into one figure.
MOST = 12
#: What of a label of a legend is about one row only.
NUMBERS = re.compile(r"[\s:]+\d.*", re.DOTALL)


def plot_rows(
    histogram: Source,
    plot: Callable[..., Axes] = plot_roc,
    *,
    by: Callable[..., Tensor] = auroc,
    at_most: int = MOST,
    **options: Any,
) -> Figure:
    """One of the other plots for each row, the worst first; titles say by what, and one legend without numbers serves all.

    Args:
        histogram: a metric, a collection or a histogram of labels, classes or groups, or a :class:`Snapshot` of such.
        plot: any plot of one row: :func:`plot_roc`, :func:`plot_scores`, ...
        by: a measure along thresholds whose lowest values are worst; rows where it is undefined come last.
        at_most: number of rows to draw, 1 to 12.
        options: keywords of that plot.

    Returns:
        A new figure, which no window shows unless the caller does.

    Raises:
        ValueError: the counts have no rows, or another ``at_most``.
    """
    integer("at_most", at_most)
    if not 1 <= at_most <= MOST:
        raise ValueError(
            f"at_most must be from 1 to {MOST}, got {at_most}: more are too small to read; plot_heat_map shows all"
        )
    snapshot = read_all(histogram, lambda layout: layout.rows is not None)
    rows = rows_of(snapshot)
    values = by(snapshot.confusion)
    drawn = worst_first(values)[:at_most]
    columns = math.ceil(math.sqrt(len(drawn)))
    lines = math.ceil(len(drawn) / columns)
    figure = Figure(figsize=(3.2 * columns, 3.3 * lines + 0.8), layout="constrained")
    for place, row in enumerate(drawn, 1):
        ax = plot(snapshot.row(row), figure.add_subplot(lines, columns, place), **options)
        drop_marks(ax)
        ax.set_title(f"{rows.names[row]}: {value(float(values[row]))}", fontsize="medium")
        ax.xaxis.label.set_fontsize("small")
    _share_legend(figure)
    which = f"the {len(drawn)} worst of {rows.n:,}" if len(drawn) < rows.n else f"all {rows.n}"
    figure.suptitle(f"{which} {type(rows).__name__.lower()}, by {getattr(by, '__name__', 'value').replace('_', ' ')}")
    return figure


def _share_legend(figure: Figure) -> None:
    """One legend in the place of many, without the numbers of each."""
    found: dict[str, Any] = {}
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            legend.remove()
            handles, labels = ax.get_legend_handles_labels()
            found |= {NUMBERS.sub("", label): handle for handle, label in zip(handles, labels, strict=True)}
    if found:
        figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=len(found), fontsize="small")
