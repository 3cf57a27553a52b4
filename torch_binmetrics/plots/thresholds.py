"""Precision, recall and F1 against the threshold, and the best of it."""

from __future__ import annotations

import math

import torch

from torch_binmetrics.measures import best_threshold, fbeta, precision, recall
from torch_binmetrics.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    Axes,
    canvas,
    decade_below,
    is_rare,
    missing,
    prevalence_of,
    say_undefined,
)
from torch_binmetrics.plots.score_axis import score_axis
from torch_binmetrics.plots.source import Source, read
from torch_binmetrics.wording import short


def plot_thresholds(histogram: Source, ax: Axes | None = None) -> Axes:
    """Precision, recall and F1 at every threshold that the counts can tell apart, with the highest F1 marked.

    Thresholds are probabilities; they lie even in log odds where scores crowd at 0 or 1, and where logits were counted. If
    less than 5 % are positive they always do, and the scale of the scores is logarithmic.

    Args:
        histogram: a metric, a collection, a histogram of any cuts, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure if None.
    """
    ax, snapshot = canvas(ax, 6.4, 4.0), read(histogram)
    ax.set(xlabel="threshold", ylim=(-0.02, 1.02))
    if reason := missing(snapshot, negatives=False):
        return say_undefined(ax, reason)
    c, thresholds = snapshot.confusion, snapshot.probabilities.double()
    axis = score_axis(snapshot, thresholds)
    lowest = axis.scores(torch.tensor([axis.low], dtype=torch.float64, device="cpu"))
    x = torch.cat([lowest, axis.scores(axis.places(thresholds))])  # below the lowest score everything is positive
    for values, label, colour, line in (
        (precision(c), "precision", BLUE, "--"),
        (recall(c), "recall", VERMILION, ":"),
        (fbeta(c), "F1", GREEN, "-"),
    ):
        ax.plot(x, torch.cat([values[:1], values]), linestyle=line, color=colour, label=label, drawstyle="steps-pre")
    best = best_threshold(c, thresholds, "f1")
    if math.isfinite(best.threshold):
        at = float(axis.scores(axis.places(best.threshold)))
        ax.axvline(at, color=GREY, linewidth=0.8)
        label = f"best F1 {float(best.value):.4f}\nat threshold {short(float(best.threshold))}"
        ax.plot([at], [float(best.value)], "o", color=GREEN, label=label)
    if is_rare(snapshot):
        ax.set(yscale="log", ylim=(decade_below(prevalence_of(snapshot)), 1.1))
    ax.set_xscale(axis.scale)
    ax.set(xlim=axis.limits, xlabel="threshold, log-odds scale" if axis.log_odds else "threshold")
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.legend(loc="best", fontsize="small")
    return ax
