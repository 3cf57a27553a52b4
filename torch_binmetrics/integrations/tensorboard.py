"""TensorBoard: everything that a collection can show of an epoch, from one sync, written by rank 0."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from torch_binmetrics.collection import MetricCollection
from torch_binmetrics.confusion import Confusion, with_none_predicted
from torch_binmetrics.floats import floats
from torch_binmetrics.histogram import ScoreHistogram
from torch_binmetrics.plots import plot_roc
from torch_binmetrics.scores import precision, recall
from torch_binmetrics.snapshot import Snapshot

try:
    from torch.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard.summary import pr_curve_raw
except ImportError as error:
    raise ImportError("logging to TensorBoard needs it: pip install 'torch-binmetrics[tensorboard]'") from error

_pr_curve_raw: Any = pr_curve_raw
PR_POINTS = 127
BUCKETS = 50
ABOUT_PR = (
    "Thinned to at most 127 thresholds, spread evenly over recall and over the logarithm of the number of predicted "
    "positives. The threshold that this page shows, from 0 to 1, is only the rank of a point, not a score: the ROC figure "
    "has true thresholds. Counts are stored as float32: exact up to 16,777,216."
)


def log_epoch(writer: SummaryWriter | None, collection: MetricCollection, step: int) -> dict[str, float]:
    """Write an epoch: scalars, and for each histogram of more than two bins PR curve, scores by class and ROC figure.

    Where there are several such histograms, the charts of each bear the name of the first metric that is read off it.

    A collective in a process group, so all ranks call it: one all_reduce. Rank 0 writes.

    Args:
        writer: where to write; None, or one that stays unused, on the other ranks.
        collection: its counts are read and left as they are.
        step: epoch, or whatever the x axis of the charts counts.

    Returns:
        The scalars by prefixed name, on every rank.
    """
    total = collection.summed()
    values = floats(total.compute())
    if writer is None or (dist.is_available() and dist.is_initialized() and dist.get_rank(collection.process_group) != 0):
        return values
    for name, value in values.items():
        writer.add_scalar(name, value, step)
    curves = {metric.histogram.layout: name for name, metric in reversed(list(total.items()))}
    curves = {layout: name for layout, name in curves.items() if layout.scored.bins > 2}
    for histogram in total.histograms:
        if histogram.layout not in curves:
            continue
        tag = collection.prefix if len(curves) == 1 else f"{collection.prefix}{curves[histogram.layout]} "
        log_pr_curve(writer, f"{tag}pr_curve", histogram, step)
        log_scores(writer, f"{tag}scores", histogram, step)
        figure: Any = plot_roc(histogram).figure
        writer.add_figure(f"{tag}roc", figure, step)
    return values


def log_pr_curve(writer: SummaryWriter, tag: str, histogram: ScoreHistogram, step: int) -> None:
    """Write the precision-recall curve of a histogram's counts for the PR-curve plugin, thinned to 127 points."""
    c = Confusion(*(count.cpu() for count in with_none_predicted(Snapshot(histogram).confusion)))
    points = _spread(c)
    c = Confusion(*(count[points] for count in c))
    rates = precision(c).nan_to_num(1.0), recall(c).nan_to_num(0.0)
    summary: Any = _pr_curve_raw(tag, *(row.double().numpy() for row in (*c, *rates)), len(points))
    summary.value[0].metadata.summary_description = ABOUT_PR  # which writer.add_pr_curve_raw has no argument for
    file_writer: Any = writer._get_file_writer()  # type: ignore[no-untyped-call]
    file_writer.add_summary(summary, step)


def log_scores(writer: SummaryWriter, tag: str, histogram: ScoreHistogram, step: int) -> None:
    """Write the histogram of the scores of each class, in 50 equal buckets over the finite scores seen."""
    snapshot = Snapshot(histogram)
    scores = snapshot.probabilities.double().cpu()
    finite = scores.isfinite()
    counts = snapshot.counts.double().cpu()[:, finite]
    scores = scores[finite]
    if not counts.any():
        return
    low, high = float(scores.min()), float(scores.max())
    width = (high - low) / BUCKETS or 1.0
    bucket = ((scores - low) / width).long().clamp(max=BUCKETS - 1)
    limits = [low + width * (i + 1) for i in range(BUCKETS)]
    for name, row in zip(("negatives", "positives"), counts, strict=True):
        filled = torch.zeros(BUCKETS, dtype=torch.float64).index_add_(0, bucket, row)
        first, second = float((row * scores).sum()), float((row * scores**2).sum())
        writer.add_histogram_raw(f"{tag}/{name}", low, high, float(row.sum()), first, second, limits, filled.tolist(), step)


def _spread(c: Confusion) -> Tensor:
    """At most 127 points, ascending, both ends among them: even in recall and in the log of predicted positives.

    Even steps of the threshold would show one point of a curve whose scores all lie near 0.
    """
    c = c.real()
    log_predicted = torch.log1p(c.tp + c.fp)
    way = -(c.tp / c.tp[0].clamp(min=1)) - log_predicted / log_predicted[0].clamp(min=1)
    marks = torch.linspace(float(way[0]), float(way[-1]), PR_POINTS, dtype=way.dtype)
    points = torch.searchsorted(way, marks).clamp(max=len(way) - 1)
    points[0], points[-1] = 0, len(way) - 1
    distinct: Tensor = torch.unique_consecutive(points)
    return distinct
