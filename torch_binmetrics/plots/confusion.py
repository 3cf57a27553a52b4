"""Confusion matrix at a threshold, with the share of each label that was called either way."""

from __future__ import annotations

from torch_binmetrics.plots.canvas import Axes, canvas, missing, set_ticks
from torch_binmetrics.plots.source import Source, read, threshold_of
from torch_binmetrics.wording import amount


def plot_confusion_matrix(histogram: Source, ax: Axes | None = None, *, threshold: float | None = None) -> Axes:
    """Counts and shares of their row: true negatives and false positives, false negatives and true positives.

    Args:
        histogram: a metric, a collection, a histogram, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure if None.
        threshold: an edge of the cuts, a probability even if logits were counted; that of the metric, or 0.5, if None.

    Raises:
        ValueError: the threshold lies on no edge of the cuts.
    """
    threshold = threshold_of(histogram, threshold)
    snapshot = read(histogram, lambda layout: layout.positions((threshold,)) is not None)
    c = snapshot.at(threshold)
    ax = canvas(ax, 4.0, 3.8)
    rows = [[float(c.tn), float(c.fp)], [float(c.fn), float(c.tp)]]
    shares = [[n / (sum(row) or 1) for n in row] for row in rows]
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(rows):
        for j, n in enumerate(row):
            share = f"{100 * shares[i][j]:.2f} %" if sum(row) else "no such label"
            # The colour that stands out more: at this share of Blues both have a contrast of 4.5.
            colour = "white" if shares[i][j] > 0.715 else "black"
            ax.text(j, i, f"{amount(n)}\n{share}", ha="center", va="center", color=colour, fontsize="large")
    set_ticks(ax, "x", [0, 1], ["negative", "positive"])
    set_ticks(ax, "y", [0, 1], ["negative", "positive"])
    title = f"threshold {threshold:g}, shares of each row" if missing(snapshot) != "nothing seen" else "undefined: nothing seen"
    ax.set(xlabel="called", ylabel="label", title=title)
    return ax
