"""Histogram of the scores of each class."""

from __future__ import annotations

import torch
from torch import Tensor

from torch_binmetrics.plots.canvas import NEGATIVES, POSITIVES, Axes, canvas, missing, say_undefined
from torch_binmetrics.plots.score_axis import score_axis
from torch_binmetrics.plots.source import Source, read
from torch_binmetrics.wording import amount


def plot_scores(histogram: Source, ax: Axes | None = None) -> Axes:
    """How the scores of each class are spread, each class in shares of its own, however rare it is.

    Counted logits stand on an axis of logits; probabilities that crowd at 0 or 1 on one that is even in log odds. The end
    bars hold what lies beyond: the last thousandth of a class on either side, scores far from all others and infinite ones.

    Args:
        histogram: a metric, a collection, a histogram of any cuts, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure if None.
    """
    ax = canvas(ax, 6.4, 4.0)
    snapshot = read(histogram)
    scores = snapshot.thresholds.double().clamp(*snapshot.layout.valid_range)
    name = "logit" if snapshot.layout.from_logits else "score"
    ax.set(xlabel=name, ylabel="share of the class")
    if reason := missing(snapshot, positives=False, negatives=False):
        return say_undefined(ax, reason)
    axis = score_axis(snapshot, scores)
    edges, beyond = axis.buckets(scores)
    bucket = (torch.searchsorted(edges, axis.places(scores, edges), right=True) - 1).clamp(0, len(edges) - 2)
    for label, row in enumerate(snapshot.counts.double()):
        _draw_class(
            ax, label, row.new_zeros(len(edges) - 1, dtype=torch.float64).index_add_(0, bucket, row), axis.scores(edges)
        )
    ax.set_xscale(axis.scale)
    ax.set_xlabel(name + (", log-odds scale" if axis.log_odds else "") + ("; end bars: all beyond" if beyond else ""))
    ax.legend()
    return ax


def _draw_class(ax: Axes, label: int, held: Tensor, edges: Tensor) -> None:
    """Bars between edges for what the buckets hold of a class, as shares of it."""
    name, colour, line = (("negatives", NEGATIVES, "-"), ("positives", POSITIVES, "--"))[label]
    total = float(held.cumsum(0)[-1])
    named = f"{name}: {amount(total)}"
    if not total:
        ax.plot([], [], color=colour, linestyle=line, label=named)
        return
    ax.stairs(held / total, edges, fill=True, color=colour, alpha=0.3)
    ax.stairs(held / total, edges, color=colour, linestyle=line, linewidth=1.4, label=named)
