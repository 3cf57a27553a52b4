"""Curve -> score where torchmetrics' conventions are not ours: 0 for what is undefined, its ends and order of curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from torch_binmetrics.integrations.torchmetrics.readings import Curve
from torch_binmetrics.measures import areas, curves, scores
from torch_binmetrics.measures.confusion import Confusion

ThreeTensors = tuple[Tensor, Tensor, Tensor]


def or_else(score: Callable[..., Tensor], undefined: float = 0.0) -> Callable[..., Tensor]:
    """``score`` with another value for NaN; ``zero_division`` in its place, if that is given."""

    def defined(c: Confusion, *, zero_division: float = undefined, **arguments: float) -> Tensor:
        return score(c, **arguments).nan_to_num(zero_division)

    return defined


def matthews_corrcoef(c: Confusion) -> Tensor:
    """Correlation of labels and predictions; where it is undefined 1 if all are right, -1 if all are wrong, else 0."""
    right, wrong = c.tp + c.tn > 0, c.fp + c.fn > 0
    return scores.matthews_corrcoef(c).where(right & wrong, right.double() - wrong.double()).nan_to_num(0.0)


def cohen_kappa(c: Confusion, weights: Literal["linear", "quadratic", "none"] | None = None) -> Tensor:
    """Agreement beyond chance, NaN where undefined; with two classes all weights give the same."""
    if weights not in ("linear", "quadratic", "none", None):
        raise ValueError(f"weights must be 'linear', 'quadratic', 'none' or None, got {weights!r}")
    return scores.cohen_kappa(c)


def confusion_matrix(c: Confusion, normalize: Literal["true", "pred", "all", "none"] | None = None) -> Tensor:
    """``[[tn, fp], [fn, tp]]``, an empty row or column 0 if normalised by it."""
    return scores.confusion_matrix(c, None if normalize == "none" else normalize).nan_to_num(0.0)


def roc(curve: Curve) -> ThreeTensors:
    """Rates at descending thresholds, 0 where undefined; from (0, 0) at threshold 1 unless the thresholds were given."""
    if curve.given:
        fpr, tpr = scores.false_positive_rate(curve.at), scores.recall(curve.at)
        return fpr.flip(0).nan_to_num(0.0), tpr.flip(0).nan_to_num(0.0), curve.thresholds.flip(0)
    fpr, tpr, thresholds = curves.roc(curve.at, curve.thresholds)
    return fpr.nan_to_num(0.0), tpr.nan_to_num(0.0), torch.cat([torch.ones_like(thresholds[:1]), thresholds[1:]])


def precision_recall_curve(curve: Curve) -> ThreeTensors:
    """Precision and recall at ascending thresholds, then (1, 0); without positives recall is 1 unless thresholds were given."""
    precision, recall, thresholds = curves.precision_recall_curve(curve.at, curve.thresholds)
    return precision, recall if curve.given else recall.nan_to_num(1.0), thresholds


def auroc(curve: Curve, max_fpr: float | None = None) -> Tensor:
    """Area under the whole ROC curve from (0, 0) to (1, 1), 0 with one class."""
    return areas.auroc(curve.whole, max_fpr).nan_to_num(0.0)


def average_precision(curve: Curve) -> Tensor:
    """Average precision, 0 without positives."""
    return areas.average_precision(curve.whole).nan_to_num(0.0)
