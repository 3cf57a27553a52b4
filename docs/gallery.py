"""Draws docs/images/plot_*.png: every plot, of classifiers of breast tumours and of digits on samples they were not trained on.

    python docs/gallery.py

Needs scikit-learn and matplotlib.
"""

from pathlib import Path

import torch
from matplotlib.axes import Axes
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from torch_binmetrics import Classes, FloatBits, Layout, ScoreHistogram
from torch_binmetrics.counting import Probability
from torch_binmetrics.measures import average_precision
from torch_binmetrics.plots import (
    plot_confusion_matrix,
    plot_det,
    plot_heat_map,
    plot_precision_recall,
    plot_reliability,
    plot_roc,
    plot_rows,
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


def digits() -> ScoreHistogram:
    """Probabilities of each of ten digits, told from a third of their pixels, each by a model of the others."""
    data = load_digits()
    model = LogisticRegression(max_iter=1000)
    preds = cross_val_predict(model, data.data[:, ::3] / 16, data.target, cv=5, method="predict_proba")
    histogram = ScoreHistogram(Layout(FloatBits(16), rows=Classes(10, [f"digit {k}" for k in range(10)])))
    histogram.update(torch.from_numpy(preds), torch.from_numpy(data.target))
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
    worst = plot_rows(digits(), plot_precision_recall, by=average_precision, at_most=8)
    of_rows = {"rows": worst, "heat_map": plot_heat_map(digits()).get_figure()}
    for name, figure in of_rows.items():
        assert figure is not None
        figure.savefig(IMAGES / f"plot_{name}.png", dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    main()
