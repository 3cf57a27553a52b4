"""ROC, precision-recall and DET curve, with the bands that the binning and the sampling leave open."""

from __future__ import annotations

import torch
from torch import Tensor

from torch_binmetrics.measures import (
    DET,
    auroc,
    auroc_bounds,
    average_precision,
    average_precision_bounds,
    det_curve,
    equal_error_rate,
    precision_recall_band,
    precision_recall_curve,
    roc,
    roc_band,
)
from torch_binmetrics.plots.canvas import (
    BLUE,
    GREY,
    VERMILION,
    Axes,
    canvas,
    decade_below,
    draw_bounds,
    draw_interval,
    frame,
    is_rare,
    mark_thresholds,
    missing,
    say_undefined,
    set_ticks,
)
from torch_binmetrics.plots.source import Source, read
from torch_binmetrics.uncertainty.bands import precision_interval, tpr_interval
from torch_binmetrics.uncertainty.confidence import Plan
from torch_binmetrics.wording import short

#: Rates on the axes of a DET curve; lower ones are added where the curve reaches them.
DET_TICKS = [0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999]


def plot_roc(histogram: Source, ax: Axes | None = None, *, level: float | None = None, draws: int = 500, seed: int = 0) -> Axes:
    """The ROC curve with some of its thresholds, the band of its bounds and, on request, that of its sampling error.

    Args:
        histogram: a metric, a collection, a histogram of any cuts, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure, which no window shows unless the caller does, if None.
        level: of an interval at every false positive rate, from a bootstrap; no such band if None.
        draws: samples that the bootstrap draws.
        seed: of these draws.

    Raises:
        TypeError, ValueError: an interval of sums of weights, or its arguments are of another type or value.
    """
    ax, snapshot = canvas(ax), read(histogram)
    frame(ax, "false positive rate", "true positive rate")
    if reason := missing(snapshot):
        return say_undefined(ax, reason)
    c = snapshot.confusion
    fpr, tpr, thresholds = roc(c, snapshot.probabilities)
    if level is not None:
        draw_interval(ax, tpr_interval(snapshot, Plan(level, draws, seed)), level)
    if not snapshot.exact:
        draw_bounds(ax, roc_band(c, ties=snapshot.ties), _area_within(*auroc_bounds(c, ties=snapshot.ties)))
    ax.plot(fpr, tpr, color=BLUE, label=f"AUROC {float(auroc(c)):.4f}")
    ax.plot([0, 1], [0, 1], ":", color=GREY, label="chance")
    mark_thresholds(ax, (fpr, tpr, thresholds), fpr + tpr, marks=8, raised=-9)
    ax.legend(loc="lower right", title="marks: thresholds", fontsize="small", title_fontsize="small")
    return ax


def plot_precision_recall(
    histogram: Source, ax: Axes | None = None, *, level: float | None = None, draws: int = 500, seed: int = 0
) -> Axes:
    """The precision-recall curve in the steps that average precision sums, with bands as in :func:`plot_roc`.

    The scale of precisions is logarithmic if less than 5 % are positive.

    Args:
        histogram: a metric, a collection, a histogram of any cuts, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure if None.
        level: of an interval at every recall, from a bootstrap; no such band if None.
        draws: samples that the bootstrap draws.
        seed: of these draws.

    Raises:
        TypeError, ValueError: an interval of sums of weights, or its arguments are of another type or value.
    """
    ax, snapshot = canvas(ax), read(histogram)
    frame(ax, "recall", "precision")
    if reason := missing(snapshot, negatives=False):
        return say_undefined(ax, reason)
    c = snapshot.confusion
    precision, recall, thresholds = precision_recall_curve(c, snapshot.probabilities)
    steps = torch.cat([precision[:-1], precision[-2:-1]])  # the first step of the average precision begins at recall 0
    prevalence = float(precision[0])
    if level is not None:
        draw_interval(ax, precision_interval(snapshot, Plan(level, draws, seed)), level)
    if not snapshot.exact:
        area = _area_within(*average_precision_bounds(c, ties=snapshot.ties))
        draw_bounds(ax, precision_recall_band(c, ties=snapshot.ties), area)
    label = f"average precision {float(average_precision(c)):.4f}"
    ax.plot(recall, steps, color=BLUE, drawstyle="steps-post", label=label)
    ax.axhline(prevalence, linestyle=":", color=GREY, label=f"prevalence {prevalence:.4g}")
    if is_rare(snapshot):
        ax.set(yscale="log", ylim=(decade_below(prevalence), 1), aspect="auto")
    points = tuple(line.flip(0) for line in (recall[:-1], precision[:-1], thresholds))
    mark_thresholds(ax, points, points[0], marks=5, raised=5)
    ax.legend(loc="best", title="marks: thresholds", fontsize="small", title_fontsize="small")
    return ax


def plot_det(histogram: Source, ax: Axes | None = None) -> Axes:
    """The detection error tradeoff, both rates on a scale of normal deviates, and the equal error rate.

    Two normal distributions of one width give a straight line. Rates of 0 and 1 lie beyond the axes.

    Args:
        histogram: a metric, a collection, a histogram of any cuts, or a :class:`Snapshot`: counts of this rank, or summed ones.
        ax: where to draw; a new figure if None.
    """
    ax, snapshot = canvas(ax), read(histogram)
    ax.set(xlabel="false positive rate", ylabel="false negative rate")
    if reason := missing(snapshot):
        return say_undefined(ax, reason)
    curve = det_curve(snapshot.confusion, snapshot.probabilities)
    best = equal_error_rate(snapshot.confusion, snapshot.probabilities)
    low, high = _scale_axes(ax, curve)
    ax.plot(*(_deviate(rate.clamp(low / 10, 1 - low / 10)) for rate in curve[:2]), color=BLUE, label="DET curve")
    ax.plot(*[_deviate(torch.tensor([low, high], dtype=torch.float64, device="cpu"))] * 2, ":", color=GREY, label="equal rates")
    at = _deviate(best.value.clamp(low / 10, high)).item()
    label = f"equal error rate {float(best.value):.4f}\nat threshold {short(float(best.threshold))}"
    if not best.value:
        ax.text(0.5, 0.5, "no error at the best threshold", transform=ax.transAxes, ha="center", va="center", color=GREY)
    ax.plot([at], [at], "o", color=VERMILION, label=label)
    ax.legend(loc="upper right", fontsize="small")
    return ax


def _area_within(low: Tensor, high: Tensor) -> str:
    """Bounds of the area under a curve, in words."""
    return f"{float(low):.4f} to {float(high):.4f}"


def _scale_axes(ax: Axes, curve: DET) -> tuple[float, float]:
    """Set ticks and limits of normal deviates, down to the lowest rate above 0; the lowest and the highest rate shown."""
    seen = torch.cat([rate[rate > 0] for rate in curve[:2]])
    ticks = [tick for tick in (1e-6, 1e-5, 1e-4) if tick > float(seen.min()) / 10] + DET_TICKS
    deviates = _deviate(torch.tensor(ticks, dtype=torch.float64, device="cpu"))
    for axis in ("x", "y"):
        set_ticks(ax, axis, deviates.tolist(), [f"{100 * tick:g} %" for tick in ticks])
    limits = float(deviates[0]) - 0.1, float(deviates[-1]) + 0.1
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    ax.tick_params(axis="x", labelrotation=60)
    ax.grid(color="#E5E5E5", linewidth=0.6)
    return ticks[0], ticks[-1]


def _deviate(rate: Tensor) -> Tensor:
    """Standard normal deviate below which a share ``rate`` lies, float64."""
    deviate: Tensor = torch.special.ndtri(rate.double())
    return deviate
