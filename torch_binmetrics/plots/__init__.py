"""A metric, a collection or a histogram in, Axes out: curves, scores, thresholds, calibration, confusion, and many rows."""

from torch_binmetrics.plots.confusion import plot_confusion_matrix
from torch_binmetrics.plots.curves import plot_det, plot_precision_recall, plot_roc
from torch_binmetrics.plots.heat_map import plot_heat_map
from torch_binmetrics.plots.overview import plot_overview
from torch_binmetrics.plots.reliability import plot_reliability
from torch_binmetrics.plots.rows import plot_rows
from torch_binmetrics.plots.scores import plot_scores
from torch_binmetrics.plots.thresholds import plot_thresholds

__all__ = [
    "plot_confusion_matrix",
    "plot_det",
    "plot_heat_map",
    "plot_overview",
    "plot_precision_recall",
    "plot_reliability",
    "plot_roc",
    "plot_rows",
    "plot_scores",
    "plot_thresholds",
]
