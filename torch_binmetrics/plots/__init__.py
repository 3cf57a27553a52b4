"""Histogram in, matplotlib Axes out: one function each for curves, scores, thresholds, calibration and confusion."""

from torch_binmetrics.plots.confusion import plot_confusion_matrix
from torch_binmetrics.plots.curves import plot_det, plot_precision_recall, plot_roc
from torch_binmetrics.plots.reliability import plot_reliability
from torch_binmetrics.plots.scores import plot_scores
from torch_binmetrics.plots.thresholds import plot_thresholds

__all__ = [
    "plot_confusion_matrix",
    "plot_det",
    "plot_precision_recall",
    "plot_reliability",
    "plot_roc",
    "plot_scores",
    "plot_thresholds",
]
