"""TensorBoard: everything that a collection can show of an epoch, from one sync, written by rank 0."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import Any, Literal, overload

import torch
import torch.distributed as dist
from torch import Tensor

from torch_binmetrics.counting.summands import Probability, SquaredWeight
from torch_binmetrics.measures import average_precision, precision, recall
from torch_binmetrics.measures.confusion import Confusion, with_none_predicted
from torch_binmetrics.metrics.collection import MetricCollection
from torch_binmetrics.metrics.scalars import few_rows, floats, row_names
from torch_binmetrics.plots import (
    plot_confusion_matrix,
    plot_heat_map,
    plot_precision_recall,
    plot_reliability,
    plot_roc,
    plot_rows,
    plot_scores,
    plot_thresholds,
)
from torch_binmetrics.plots.source import Source, read, read_all
from torch_binmetrics.state.pending import Pending
from torch_binmetrics.state.snapshot import Snapshot

try:
    from torch.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard.summary import pr_curve_raw
except ImportError as error:
    raise ImportError("logging to TensorBoard needs it: pip install 'torch-binmetrics[tensorboard]'") from error

_pr_curve_raw: Any = pr_curve_raw
FIGURES: Mapping[str, Callable[[Snapshot], Any]] = {
    "roc": plot_roc,
    "precision_recall": plot_precision_recall,
    "scores": plot_scores,
    "thresholds": plot_thresholds,
}
#: Of counts of rows; each shows many of them.
FIGURES_OF_ROWS: Mapping[str, Callable[[Snapshot], Any]] = {
    "roc": plot_rows,
    "precision_recall": partial(plot_rows, plot=plot_precision_recall, by=average_precision),
    "heat_map": plot_heat_map,
}
#: Up to so many rows have a chart each; of more there are quantiles.
MOST_ROWS = 20
PR_POINTS = 127
BUCKETS = 50
ABOUT_PR = (
    "Thinned to at most 127 thresholds, spread evenly over recall and over the logarithm of the number of predicted "
    "positives. The threshold that this page shows, from 0 to 1, is only the rank of a point, not a score: the ROC figure "
    "has true thresholds. Counts are stored as float32: exact up to 16,777,216."
)


@overload
def log_epoch(
    writer: SummaryWriter | None,
    collection: MetricCollection,
    step: int,
    *,
    figures: bool = True,
    async_op: Literal[False] = False,
) -> dict[str, float]: ...
@overload
def log_epoch(
    writer: SummaryWriter | None, collection: MetricCollection, step: int, *, figures: bool = True, async_op: Literal[True]
) -> Pending[dict[str, float]]: ...
def log_epoch(
    writer: SummaryWriter | None, collection: MetricCollection, step: int, *, figures: bool = True, async_op: bool = False
) -> dict[str, float] | Pending[dict[str, float]]:
    """Write all that a collection can show of an epoch: scalars, PR curves, scores by class, and figures.

    A collection with the prefix "val/" writes to a run of that name below the writer's, and so does one with "train/": of the
    same tags, TensorBoard shows both in one chart. The writer of a folder "val" is that run already. Scalars are tagged
    metrics/, figures plots/. Each histogram of more than
    two bins has charts of its own; where there are several, they bear the name of the first metric that is read off it.

    Of up to 20 labels, classes or groups each has scalars, metrics/auroc/ant, and a PR curve of its own; of more there are
    quantiles over those whose value is defined, metrics/auroc/lowest to metrics/auroc/highest, and the curve of all together.
    Figures show the worst 12 side by side, and a heat map of F1 over rows and thresholds.

    A collective in a process group, so all ranks call it: one all_reduce. Rank 0 writes.

    Args:
        writer: where to write; None, or one that stays unused, on the other ranks.
        collection: its counts are read and left as they are.
        step: epoch, or whatever the x axis of the charts counts.
        figures: draw ROC and precision-recall curve with their bounds, scores, thresholds, confusion matrix and, where
            probabilities are summed, the reliability diagram: about a second an epoch; of rows some seconds.
        async_op: return at once what ``wait()`` writes and gives the values of, so that the all_reduce runs beside the next
            steps; the collection may count on and be reset meanwhile. Every rank waits once, before the writer is closed.

    Returns:
        The scalars by prefixed name, those of all rows too, on every rank.
    """
    if not async_op:
        return _written(writer, collection.summed(), step, figures=figures)
    total = collection.summed(async_op=True)
    return Pending(lambda: _written(writer, total.wait(), step, figures=figures))


def _written(writer: SummaryWriter | None, total: MetricCollection, step: int, *, figures: bool) -> dict[str, float]:
    """The scalars of the counts of all ranks, once rank 0 has written them and all else."""
    computed = total.compute()
    values = floats(computed, total)
    if writer is None or (dist.is_available() and dist.is_initialized() and dist.get_rank(total.process_group) != 0):
        return values
    run, prefix = _run(writer, total.prefix)
    for name, value in few_rows(values, row_names(computed, total), MOST_ROWS).items():
        run.add_scalar(f"metrics/{prefix}{name.removeprefix(total.prefix)}", value, step)
    named = {each.histogram.store: name.removeprefix(total.prefix) for name, each in reversed(list(total.items()))}
    snapshots = {named[histogram.store]: read_all(histogram) for histogram in total.histograms}
    curves = {name: snapshot for name, snapshot in snapshots.items() if _has_curve(snapshot, snapshots.values())}
    for name, snapshot in curves.items():
        label = prefix if len(curves) == 1 else f"{prefix}{name} "
        for row, alone in _rows(snapshot).items():
            log_pr_curve(run, f"{label}pr_curve{row}", alone, step)
            log_scores(run, f"{label}scores{row}", alone, step)
    for tag, figure in _figures(snapshots.values(), curves) if figures else ():
        run.add_figure(f"plots/{prefix}{tag}", figure, step)
    return values


def _rows(snapshot: Snapshot) -> dict[str, Snapshot]:
    """The counts of each row by the end of its tag; those of all together where there are no rows or many."""
    rows = snapshot.layout.rows
    if rows is None or rows.n > MOST_ROWS:
        return {"": snapshot if rows is None else snapshot.pooled}
    return {f"/{name}": snapshot.row(name) for name in rows.names}


def _run(writer: SummaryWriter, prefix: str) -> tuple[SummaryWriter, str]:
    """Where a collection is written, and what its tags begin with: a run of its own if its prefix is one of a folder.

    That is the writer itself where its folder has that name.

    The writer keeps, flushes and closes that run with the others that its ``add_scalars`` may have opened.
    """
    if not prefix.endswith("/") or not prefix.strip("/"):
        return writer, prefix
    root: Any = writer
    if PurePath(root.get_logdir()).name == prefix.strip("/"):
        return writer, ""
    root._get_file_writer()  # after close() it opens anew, as at any other writing
    folder = f"{root.get_logdir()}/{prefix.strip('/')}"
    if folder not in root.all_writers:
        kept = {name: getattr(root, name) for name in ("purge_step", "max_queue", "flush_secs", "filename_suffix")}
        root.all_writers[folder] = SummaryWriter(folder, **kept)
    return root.all_writers[folder], ""


def _has_curve(snapshot: Snapshot, others: Collection[Snapshot]) -> bool:
    """Whether counts have more to show than one threshold, and no others show it as well: sums are kept apart from those."""
    layout = snapshot.layout
    for other in (each.layout for each in others if each is not snapshot):
        alike = replace(layout, sums=(), cuts=other.cuts) == replace(other, sums=())
        losses, theirs = ([summand for summand in each.sums if summand != SquaredWeight()] for each in (layout, other))
        if alike and losses and (not theirs or other.scored.bins > layout.scored.bins):
            return False
    return layout.scored.bins > 2


def _figures(snapshots: Collection[Snapshot], curves: Mapping[str, Snapshot]) -> Iterator[tuple[str, Any]]:
    """Each figure and its tag, drawn when it is asked for."""
    for name, snapshot in curves.items():
        label = "" if len(curves) == 1 else f"{name} "
        for tag, plot in (FIGURES if snapshot.layout.rows is None else FIGURES_OF_ROWS).items():
            yield f"{label}{tag}", plot(snapshot).figure
    alone = [snapshot for snapshot in snapshots if snapshot.layout.rows is None]
    by_bins = sorted(alone, key=lambda snapshot: -snapshot.layout.scored.bins)
    for snapshot in [snapshot for snapshot in by_bins if Probability() in snapshot.layout.sums][:1]:
        yield "reliability", plot_reliability(snapshot).figure
    for snapshot in [snapshot for snapshot in by_bins if snapshot.layout.positions((0.5,)) is not None][:1]:
        yield "confusion_matrix", plot_confusion_matrix(snapshot).figure


def log_pr_curve(writer: SummaryWriter, tag: str, histogram: Source, step: int) -> None:
    """Write the precision-recall curve of a histogram, or of a reading, for the PR-curve plugin, thinned to 127 points."""
    c = with_none_predicted(read(histogram).confusion)
    points = _spread(c)
    c = Confusion(*(count[points] for count in c))
    rates = precision(c).nan_to_num(1.0), recall(c).nan_to_num(0.0)
    summary: Any = _pr_curve_raw(tag, *(row.double().numpy() for row in (*c, *rates)), len(points))
    summary.value[0].metadata.summary_description = ABOUT_PR  # which writer.add_pr_curve_raw has no argument for
    file_writer: Any = writer._get_file_writer()  # type: ignore[no-untyped-call]
    file_writer.add_summary(summary, step)


def log_scores(writer: SummaryWriter, tag: str, histogram: Source, step: int) -> None:
    """Write the histogram of the scores of each class, in 50 equal buckets over the finite scores seen."""
    snapshot = read(histogram)
    scores = snapshot.probabilities.double()
    finite = scores.isfinite()
    counts = snapshot.counts.double()[:, finite]
    scores = scores[finite]
    if not counts.any():
        return
    low, high = float(scores.min()), float(scores.max())
    width = (high - low) / BUCKETS or 1.0
    bucket = ((scores - low) / width).long().clamp(max=BUCKETS - 1)
    limits = [low + width * (i + 1) for i in range(BUCKETS)]
    for name, row in zip(("negatives", "positives"), counts, strict=True):
        filled = row.new_zeros(BUCKETS).index_add_(0, bucket, row)
        first, second = float((row * scores).sum()), float((row * scores**2).sum())
        writer.add_histogram_raw(f"{tag}/{name}", low, high, float(row.sum()), first, second, limits, filled.tolist(), step)


def _spread(c: Confusion) -> Tensor:
    """At most 127 points, ascending, both ends among them: even in recall and in the log of predicted positives.

    Even steps of the threshold would show one point of a curve whose scores all lie near 0.
    """
    c = c.real()
    log_predicted = torch.log1p(c.tp + c.fp)
    way = -(c.tp / c.tp[0].clamp(min=1)) - log_predicted / log_predicted[0].clamp(min=1)
    marks = torch.linspace(float(way[0]), float(way[-1]), PR_POINTS, dtype=way.dtype, device=way.device)
    points = torch.searchsorted(way, marks).clamp(max=len(way) - 1)
    points[0], points[-1] = 0, len(way) - 1
    distinct: Tensor = torch.unique_consecutive(points)
    return distinct
