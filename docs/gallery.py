"""Draws docs/images/plot_*.png: every plot, of a classifier of breast tumours on samples it was not trained on.

    python docs/gallery.py

Needs scikit-learn and matplotlib.
"""

from pathlib import Path

import torch
from matplotlib.axes import Axes
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from torch_binmetrics import FloatBits, Layout, ScoreHistogram
from torch_binmetrics.counting import Probability
from torch_binmetrics.plots import (
    plot_confusion_matrix,
    plot_det,
    plot_precision_recall,
    plot_reliability,
    plot_roc,
    plot_scores,
    plot_thresholds,
)

IMAGES = Path(__file__).parent / "images"


def tumours() -> ScoreHistogram:
    """Probabilities that tumours are malignant, told from texture and smoothness alone, each by a model of the others."""
    data = load_breast_cancer()
    features = data.data[:, [1, 4]]
    model = LogisticRegression(C=1e4, max_iter=1000)
    preds = cross_val_predict(model, features, data.target == 0, cv=10, method="predict_proba")[:, 1]
    histogram = ScoreHistogram(Layout(FloatBits(16), sums=(Probability(),)))
    histogram.update(torch.from_numpy(preds), torch.from_numpy(data.target == 0))
    return histogram


def draw(histogram: ScoreHistogram) -> dict[str, Axes]:
    """Every plot by the name of its image."""
    return {
        "roc": plot_roc(histogram, level=0.95),
        "precision_recall": plot_precision_recall(histogram, level=0.95),
        "det": plot_det(histogram),
        "reliability": plot_reliability(histogram, n_bins=8),
        "scores": plot_scores(histogram),
        "confusion_matrix": plot_confusion_matrix(histogram),
        "thresholds": plot_thresholds(histogram),
    }


def main() -> None:
    """Write the images."""
    for name, ax in draw(tumours()).items():
        figure = ax.get_figure()
        assert figure is not None
        figure.savefig(IMAGES / f"plot_{name}.png", dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    main()
