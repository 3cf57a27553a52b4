"""Curve -> one point of it, or its crossing or area by torchmetrics' rules, on float32 curves as torchmetrics has them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.integrations.torchmetrics.conventions import precision_recall_curve, roc
from torch_binmetrics.integrations.torchmetrics.readings import Curve
from torch_binmetrics.measures import curves

Point = tuple[Tensor, Tensor]
NO_THRESHOLD = 1e6


def recall_at_precision(curve: Curve, min_precision: float) -> Point:
    """Greatest recall with a precision of at least ``min_precision``, and its threshold; (0, NaN) if there is none."""
    precision, recall, thresholds = (part.float() for part in precision_recall_curve(curve))
    return _greatest(recall[:-1], precision[:-1], thresholds, precision[:-1] >= _rate("min_precision", min_precision))


def precision_at_recall(curve: Curve, min_recall: float) -> Point:
    """Greatest precision with a recall of at least ``min_recall``, and its threshold; (0, NaN) if there is none."""
    precision, recall, thresholds = (part.float() for part in precision_recall_curve(curve))
    return _greatest(precision[:-1], recall[:-1], thresholds, recall[:-1] >= _rate("min_recall", min_recall))


def sensitivity_at_specificity(curve: Curve, min_specificity: float) -> Point:
    """Greatest sensitivity with a specificity of at least ``min_specificity``, and its threshold; (0, 1e6) if there is none."""
    fpr, tpr, thresholds = (part.float() for part in roc(curve))
    return _first(tpr, thresholds, 1 - fpr >= _rate("min_specificity", min_specificity))


def specificity_at_sensitivity(curve: Curve, min_sensitivity: float) -> Point:
    """Greatest specificity with a sensitivity of at least ``min_sensitivity``, and its threshold; (0, 1e6) if there is none."""
    fpr, tpr, thresholds = (part.float() for part in roc(curve))
    return _first(1 - fpr, thresholds, tpr >= _rate("min_sensitivity", min_sensitivity))


def equal_error_rate(curve: Curve) -> Tensor:
    """Mean of false positive and false negative rate where they are nearest to each other."""
    fpr, tpr, _ = (part.float() for part in roc(curve))
    nearest = (fpr - (1 - tpr)).abs().argmin()
    return (fpr[nearest] + (1 - tpr[nearest])) / 2


def log_auc(curve: Curve, fpr_range: tuple[float, float] = (0.001, 0.1)) -> Tensor:
    """Area under the ROC curve over the logarithm of the false positive rate, as a share of that range."""
    low, high = (_rate("fpr_range", end) for end in fpr_range)
    if not 0 < low < high:
        raise ValueError(f"fpr_range must be two rates, 0 < low < high <= 1, got {fpr_range}: pass (0.001, 0.1), say")
    fp, tp = curves.staircase(curve.whole)
    if not (fp[-1] and tp[-1]):
        return fp.new_zeros(())
    fpr, tpr, ends = fp / fp[-1], tp / tp[-1], fp.new_tensor([low, high])
    after = torch.searchsorted(fpr, ends, right=True).clamp(max=len(fpr) - 1)
    share = ((ends - fpr[after - 1]) / (fpr[after] - fpr[after - 1])).nan_to_num(1.0)
    reached = torch.lerp(tpr[after - 1], tpr[after], share)
    inside = (fpr > low) & (fpr <= high)
    x = torch.cat([ends[:1], fpr[inside], ends[1:]]).log()
    y = torch.cat([reached[:1], tpr[inside], reached[1:]])
    return torch.trapezoid(y, x) / (x[-1] - x[0])


def _greatest(value: Tensor, second: Tensor, thresholds: Tensor, allowed: Tensor) -> Point:
    """The greatest allowed value and its threshold, of equal ones that with the greatest second value, then threshold."""
    allowed = allowed & ~value.isnan()
    if not (value[allowed] > 0).any():
        return value.new_zeros(()), thresholds.new_full((), math.nan)
    for column in (value, second, thresholds):
        allowed = allowed & (column == column[allowed].max())
    best = allowed.nonzero()[0, 0]
    return value[best], thresholds[best]


def _first(value: Tensor, thresholds: Tensor, allowed: Tensor) -> Point:
    """The greatest allowed value and its threshold, of equal ones the first."""
    if not allowed.any():
        return value.new_zeros(()), thresholds.new_full((), NO_THRESHOLD)
    best = (allowed & (value == value[allowed].max())).nonzero()[0, 0]
    return value[best], thresholds[best]


def _rate(name: str, value: object) -> float:
    """An argument that is a rate."""
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}: pass 0.5, say")
    return number(name, value)
