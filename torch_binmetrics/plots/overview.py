"""The usual four in one figure: ROC and precision-recall curve, scores by class, and what each threshold gives."""

from __future__ import annotations

from torch_binmetrics.plots.canvas import Figure
from torch_binmetrics.plots.curves import plot_precision_recall, plot_roc
from torch_binmetrics.plots.scores import plot_scores
from torch_binmetrics.plots.source import Source, read
from torch_binmetrics.plots.thresholds import plot_thresholds


def plot_overview(source: Source, *, level: float | None = None) -> Figure:
    """ROC curve, precision-recall curve, scores of each class, and precision, recall and F1 against the threshold.

    Args:
        source: a metric, a collection, a histogram, or a :class:`Snapshot` of counts.
        level: of an interval around both curves, from a bootstrap; no such bands if None.

    Returns:
        A new figure, which no window shows unless the caller does.

    Raises:
        TypeError, ValueError: something that holds no counts, or counts of rows.
    """
    snapshot = read(source)
    figure = Figure(figsize=(11.0, 8.6), layout="constrained")
    (roc, precision_recall), (scores, thresholds) = figure.subplots(2, 2)
    plot_roc(snapshot, roc, level=level)
    plot_precision_recall(snapshot, precision_recall, level=level)
    plot_scores(snapshot, scores)
    plot_thresholds(snapshot, thresholds)
    return figure
