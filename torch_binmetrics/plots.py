"""Histogram in, matplotlib Axes out; the one file that imports matplotlib."""

from __future__ import annotations

from torch_binmetrics.areas import auroc
from torch_binmetrics.curves import roc
from torch_binmetrics.histogram import ScoreHistogram
from torch_binmetrics.snapshot import Snapshot

try:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError("plots need matplotlib: pip install 'torch-binmetrics[tensorboard]'") from error

MARKS = 8


def plot_roc(histogram: ScoreHistogram, ax: Axes | None = None) -> Axes:
    """The ROC curve, with the thresholds in place at about evenly spaced points along it.

    Args:
        histogram: local or summed counts, any cuts.
        ax: where to draw; a new figure of 5 x 5 inches if None.

    Returns:
        The Axes; a figure of ``ax.figure`` that no window shows unless the caller does.
    """
    if ax is None:
        ax = Figure(figsize=(5, 5), layout="constrained").add_subplot()
    snapshot = Snapshot(histogram)
    fpr, tpr, thresholds = (line.cpu() for line in roc(snapshot.confusion, snapshot.probabilities))
    ax.plot(fpr, tpr, label=f"AUROC {float(auroc(snapshot.confusion)):.4f}")
    ax.plot([0, 1], [0, 1], ":", color="grey", label="chance")
    along = (fpr + tpr).contiguous()
    for k in range(1, MARKS):
        i = min(int((along < 2 * k / MARKS).sum()), len(along) - 1)
        ax.plot(fpr[i], tpr[i], "o", markersize=4, color="C0")
        ax.annotate(f"{float(thresholds[i]):.3g}", (float(fpr[i]), float(tpr[i])), xytext=(6, -9), textcoords="offset points")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    ax.legend(loc="lower right", title="marks: threshold")
    return ax
