"""Reliability diagram: how often positives come where the model says how likely they are, and how many samples say so."""

from __future__ import annotations

import torch
from torch import Tensor

from torch_binmetrics.counting.cuts import Edges
from torch_binmetrics.counting.summands import Probability
from torch_binmetrics.measures import Reliability, calibration_error, equal_mass_groups, reliability_curve
from torch_binmetrics.measures.calibration import Strategy
from torch_binmetrics.plots.canvas import BLUE, GREY, Axes, canvas, missing, say_undefined
from torch_binmetrics.plots.source import Source, read
from torch_binmetrics.state.snapshot import Snapshot

#: With more of the samples than this in one of the bins of equal width, bins are of equal mass unless told otherwise.
CROWDED = 0.8


def plot_reliability(histogram: Source, ax: Axes | None = None, *, n_bins: int = 15, strategy: Strategy | None = None) -> Axes:
    """Share of positives against mean probability in bins, with the number of samples of each bin beneath.

    Means are exact. Which bin a sample is in is told by the lower edge of its cell, exactly where the edges of the bins are
    edges of the cuts, as those of :class:`BinaryReliabilityCurve` and :class:`BinaryCalibrationError` are. The axes end
    where the bins do.

    Args:
        histogram: a metric, a collection or a histogram that sums :class:`Probability`, or a :class:`Snapshot` of such.
        ax: where to draw; a new figure if None. The counts are drawn below it.
        n_bins: number of bins.
        strategy: "uniform" for bins of equal width, "quantile" for equal numbers of samples; if None, the first unless one
            bin held more than 80 % of the samples.

    Raises:
        ValueError: the counts do not sum probabilities.
    """
    snapshot = read(histogram, lambda layout: Probability() in layout.sums)
    probability = snapshot.sums(Probability())
    ax = canvas(ax, 5.0, 5.8)
    ax.set(xlabel="mean probability", ylabel="share of positives", aspect="equal")
    if reason := missing(snapshot, positives=False, negatives=False):
        return say_undefined(ax, reason)
    groups, kind = _groups(snapshot, n_bins, strategy)
    curve = reliability_curve(snapshot.counts, probability, groups, n_bins)
    error = calibration_error(snapshot.counts, probability, groups, n_bins)
    filled = curve.counts > 0
    curve = Reliability(*(line[filled] for line in curve))
    ends = _ends(curve)
    ax.plot(ends, ends, ":", color=GREY, label="perfect")
    label = f"expected calibration error {float(error):.4f}\n{kind}"
    ax.plot(curve.mean_predicted, curve.fraction_of_positives, "o-", color=BLUE, markersize=4, label=label)
    ax.set(xlim=ends, ylim=ends)
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.legend(loc="best", fontsize="small")
    _draw_counts(ax, curve)
    return ax


def _groups(snapshot: Snapshot, n_bins: int, strategy: Strategy | None) -> tuple[Tensor, str]:
    """The bin of each point, and what kind of bins these are."""
    uniform = equal_width_groups(snapshot, n_bins)
    samples = snapshot.counts.sum(0).double()
    held = torch.zeros(n_bins, dtype=torch.float64, device="cpu").index_add_(0, uniform, samples)
    crowded = float(held.max()) > CROWDED * float(held.sum())
    if strategy == "uniform" or (strategy is None and not crowded):
        return uniform, f"{n_bins} bins of equal width"
    return equal_mass_groups(snapshot.counts, n_bins), f"{n_bins} bins of equal mass"


def equal_width_groups(snapshot: Snapshot, n_bins: int) -> Tensor:
    """The bin of equal width over [0, 1] in which the lower edge of each occupied cell lies, int64, [points]."""
    if n_bins == 1:
        return torch.zeros_like(snapshot.occupied)
    edges = Edges([i / n_bins for i in range(1, n_bins)])
    return (edges.to_logits() if snapshot.layout.from_logits else edges).index(snapshot.thresholds)


def _ends(curve: Reliability) -> tuple[float, float]:
    """Where both axes begin and end: at 0 and 1, or around the points where these lie within a third of that."""
    points = torch.cat([curve.mean_predicted, curve.fraction_of_positives])
    low, high = float(points.min()), float(points.max())
    room = 0.1 * (high - low)
    return (low - room, high + room) if 0 < high - low < 1 / 3 else (-0.02, 1.02)


def _draw_counts(ax: Axes, curve: Reliability) -> None:
    """Samples of each bin, below the diagram, on a logarithmic scale where they differ much."""
    below = ax.inset_axes((0, -0.28, 1, 0.2), sharex=ax)
    below.vlines(curve.mean_predicted, 0, curve.counts, color=BLUE, linewidth=3)
    far = float(curve.counts.max()) > 50 * float(curve.counts.min())
    below.set(yscale="log" if far else "linear", ylabel="samples", xlabel=ax.get_xlabel())
    if not far:
        below.set_ylim(0, 1.1 * float(curve.counts.max()))
    ax.set_xlabel("")
    ax.tick_params(axis="x", labelbottom=False)
