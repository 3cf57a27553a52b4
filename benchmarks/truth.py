"""The exact answers, by scikit-learn, that every contender has to give before its time counts."""

from __future__ import annotations

from sklearn import metrics
from torch import Tensor

#: What float64 sums of the oracle may be off by.
ROUNDING = 1e-12


def auroc(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> float:
    """Exact area under the ROC curve."""
    weights = None if weight is None else weight.numpy()
    return float(metrics.roc_auc_score(target.numpy(), preds.double().numpy(), sample_weight=weights))


def average_precision(preds: Tensor, target: Tensor) -> float:
    """Exact average precision."""
    return float(metrics.average_precision_score(target.numpy(), preds.double().numpy()))


def areas(preds: Tensor, target: Tensor) -> dict[str, float]:
    """Both areas."""
    return {"auroc": auroc(preds, target), "ap": average_precision(preds, target)}


def check_inside(case: str, exact: float, low: Tensor | float, high: Tensor | float) -> None:
    """Raise AssertionError unless bounds hold the exact value, which is itself rounded; bounds may have no width."""
    if not low - ROUNDING <= exact <= high + ROUNDING:
        raise AssertionError(f"{case}: the exact {exact} is outside of the bounds {low}, {high}")


def f1(preds: Tensor, target: Tensor) -> dict[str, float]:
    """F1 at 0.5."""
    return {"f1": float(metrics.f1_score(target.numpy(), (preds >= 0.5).numpy()))}


def eight(preds: Tensor, target: Tensor) -> dict[str, float]:
    """The eight scores of the usual collection."""
    labels, called = target.numpy(), (preds >= 0.5).numpy().astype(int)
    return {
        "accuracy": float(metrics.accuracy_score(labels, called)),
        "precision": float(metrics.precision_score(labels, called)),
        "recall": float(metrics.recall_score(labels, called)),
        "specificity": float(metrics.recall_score(1 - labels, 1 - called)),
        "mcc": float(metrics.matthews_corrcoef(labels, called)),
        **f1(preds, target),
        **areas(preds, target),
    }
