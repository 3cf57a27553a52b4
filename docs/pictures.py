"""``python -m docs.pictures``: draws the pictures that explain how it works, into docs/images."""

from __future__ import annotations

from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

import torch_binmetrics as tb

IMAGES = Path(__file__).parent / "images"
CLASSES = (("negatives", "#7f8fa6"), ("positives", "#e07b39"))
BEST = "#3949ab"


def samples() -> tuple[Tensor, Tensor]:
    """Two hundred scores, a third of them of positives."""
    generator = torch.Generator().manual_seed(3)
    target = torch.arange(200) % 3 // 2
    return (torch.randn(200, generator=generator) * 0.18 + 0.35 + 0.25 * target).clamp(0.01, 0.99), target


def histogram() -> Figure:
    """One cut, many cuts, and the ROC curve that their running sum is."""
    preds, target = samples()
    figure = Figure(figsize=(10, 3.3), layout="constrained")
    two, many, roc = figure.subplots(1, 3)
    for ax, edges, title in (
        (two, [0, 0.5, 1], "one cut: the confusion matrix"),
        (many, torch.linspace(0, 1, 17), "many cuts"),
    ):
        draw_counts(ax, preds, target, torch.as_tensor(edges, dtype=torch.float32))
        ax.set_title(title)
    for quarter, name in enumerate(("tn", "fn", "fp", "tp")):
        two.annotate(name, (0.125 + 0.25 * quarter, 3), ha="center", color="white", weight="bold")
    curve = tb.BinaryROC(16)
    fpr, tpr, _ = curve(preds, target)
    roc.plot(fpr, tpr, ".-", color=BEST)
    roc.set(title="their running sum: a curve", xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    two.legend(loc="upper right")
    return figure


def draw_counts(ax: Axes, preds: Tensor, target: Tensor, edges: Tensor) -> None:
    """Counts by label and bin, side by side."""
    width = edges.diff() / 2
    for label, (name, colour) in enumerate(CLASSES):
        counts = torch.histogram(preds[target == label], edges).hist
        ax.bar(edges[:-1] + label * width, counts, width=width * 0.95, align="edge", color=colour, label=name)
    ax.set(xlabel="score", ylabel="samples", xticks=edges[:: max(1, len(edges) // 4)].tolist())


def edges() -> Figure:
    """Where equal bins and runs of floats have their edges, on scores that crowd near 0."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(20_000, generator=generator, dtype=torch.float64) ** 3 / 20
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    for ax, cuts, name in ((top, tb.Uniform(256), "Uniform(256)"), (bottom, tb.FloatBits(11), "FloatBits(11)")):
        ax.hist(scores, bins=torch.logspace(-6, 0, 121).tolist(), color=CLASSES[1][1], alpha=0.6)
        for edge in cuts.thresholds():
            ax.axvline(float(edge), color=BEST, linewidth=0.5, alpha=0.5)
        ax.set(xscale="log", xlim=(1e-5, 1), ylabel="samples", title=f"{name}: every line is an edge")
    bottom.set_xlabel("score")
    return figure


def bounds() -> Figure:
    """What a bin hides: the ROC curve within it, positives first or negatives first."""
    preds, target = samples()
    fpr, tpr, _ = tb.BinaryROC(8)(preds, target)
    exact = tb.BinaryROC(tb.FloatBits(19))(preds, target)
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    ax = figure.add_subplot()
    ax.step(fpr, tpr, where="pre", color=BEST, linewidth=1, linestyle=":")
    ax.step(fpr, tpr, where="post", color=BEST, linewidth=1, linestyle=":")
    for x0, y0, x1, y1 in zip(fpr[:-1], tpr[:-1], fpr[1:], tpr[1:], strict=True):
        ax.fill([x0, x0, x1, x1], [y0, y1, y1, y0], color=BEST, alpha=0.15)
    ax.plot(fpr, tpr, "o-", color=BEST, markersize=4, label="8 bins: the value")
    ax.plot(exact[0], exact[1], color=CLASSES[1][1], linewidth=1.2, label="every score apart")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal", title="boxes: what the bins leave open")
    ax.legend(loc="lower right")
    return figure


def main() -> None:
    """Draw them all."""
    for draw in (histogram, edges, bounds):
        draw().savefig(IMAGES / f"{draw.__name__}.png", dpi=130)


if __name__ == "__main__":
    main()
