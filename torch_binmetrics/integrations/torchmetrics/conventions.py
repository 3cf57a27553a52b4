"""Values by torchmetrics' conventions where they are not ours: 0 for what is undefined, ends and order of curves, points."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics.utilities.prints import rank_zero_warn

from torch_binmetrics import measures
from torch_binmetrics.checks import fraction
from torch_binmetrics.counting import Hinge
from torch_binmetrics.integrations.torchmetrics.readings import Curve, Sums
from torch_binmetrics.measures import Confusion
from torch_binmetrics.measures.calibration import Norm
from torch_binmetrics.measures.staircase import ends_of, serial_sum, staircase

ThreeTensors = tuple[Tensor, Tensor, Tensor]
Point = tuple[Tensor, Tensor]
NO_THRESHOLD = 1e6


def or_else(measure: Callable[..., Tensor], undefined: float = 0.0) -> Callable[..., Tensor]:
    """``measure`` with another value for NaN; ``zero_division`` in its place, if that is given."""

    def defined(c: Confusion, *, zero_division: float = undefined, **arguments: float) -> Tensor:
        return measure(c, **arguments).nan_to_num(zero_division)

    return defined


def averaged(values: Tensor, weight: Tensor) -> Tensor:
    """The mean over rows, [..., rows] or [..., rows, parts], 0 without weight."""
    if values.ndim > weight.ndim:
        values, weight = values.movedim(-2, -1), weight.unsqueeze(-2)
    weight = weight.double()
    return serial_sum(values * weight) / serial_sum(weight).where(serial_sum(weight) > 0, 1.0)


def matthews_corrcoef(c: Confusion) -> Tensor:
    """Correlation of labels and predictions; where it is undefined 1 if all are right, -1 if all are wrong, else 0."""
    right, wrong = c.tp + c.tn > 0, c.fp + c.fn > 0
    return measures.matthews_corrcoef(c).where(right & wrong, right.double() - wrong.double()).nan_to_num(0.0)


def cohen_kappa(c: Confusion, weights: Literal["linear", "quadratic", "none"] | None = None) -> Tensor:
    """Agreement beyond chance, NaN where undefined; with two classes all weights give the same."""
    if weights not in ("linear", "quadratic", "none", None):
        raise ValueError(f"weights must be 'linear', 'quadratic', 'none' or None, got {weights!r}")
    return measures.cohen_kappa(c)


def confusion_matrix(c: Confusion, normalize: Literal["true", "pred", "all", "none"] | None = None) -> Tensor:
    """``[[tn, fp], [fn, tp]]``, an empty row or column 0 if normalised by it."""
    matrix = measures.confusion_matrix(c, None if normalize == "none" else normalize)
    if matrix.isnan().any():
        rank_zero_warn(f"{int(matrix.isnan().sum())} NaN values found in confusion matrix have been replaced with zeros.")
    return matrix.nan_to_num(0.0)


def roc(curve: Curve) -> ThreeTensors:
    """Rates at descending thresholds, 0 where undefined; from (0, 0) at threshold 1 unless the thresholds were given."""
    if curve.given:
        fpr, tpr = measures.false_positive_rate(curve.at), measures.recall(curve.at)
        return fpr.flip(0).nan_to_num(0.0), tpr.flip(0).nan_to_num(0.0), curve.thresholds.flip(0)
    _warn_of_one_class(curve)
    fpr, tpr, thresholds = measures.roc(curve.at, curve.thresholds)
    return fpr.nan_to_num(0.0), tpr.nan_to_num(0.0), torch.cat([torch.ones_like(thresholds[:1]), thresholds[1:]])


def precision_recall_of_class(curve: Curve) -> ThreeTensors:
    """Precision and recall at ascending thresholds, then (1, 0); recall is NaN without positives."""
    precision, recall, thresholds = measures.precision_recall_curve(curve.at, curve.thresholds)
    return precision, recall, thresholds


def precision_recall_curve(curve: Curve) -> ThreeTensors:
    """Precision and recall at ascending thresholds, then (1, 0); without positives recall is 1 unless thresholds were given."""
    precision, recall, thresholds = precision_recall_of_class(curve)
    if not curve.given:
        _warn_without_positives(curve)
        recall = recall.nan_to_num(1.0)
    return precision, recall, thresholds


def auroc(curve: Curve, max_fpr: float | None = None) -> Tensor:
    """Area under the whole ROC curve from (0, 0) to (1, 1), 0 with one class."""
    _warn_of_one_class(curve)
    return measures.auroc(curve.whole, max_fpr).nan_to_num(0.0)


def average_precision(curve: Curve) -> Tensor:
    """Average precision, 0 without positives."""
    _warn_without_positives(curve)
    return measures.average_precision(curve.whole).nan_to_num(0.0)


def average_precision_of_class(curve: Curve) -> Tensor:
    """Average precision of each class, where no class has that label NaN, or 0 if thresholds were given."""
    value = measures.average_precision(curve.whole)
    return value.nan_to_num(0.0) if curve.given else value


def calibration_error(reading: Sums, norm: Norm = "l1") -> Tensor:
    """Gap of probability and share of positives over bins; a probability of 1 belongs to the last bin."""
    return measures.calibration_error(*reading, norm=norm)


def group_stat_rates(c: Confusion) -> dict[str, Tensor]:
    """Shares of tp, fp, tn and fn in each group, NaN in an empty one."""
    rates = torch.stack(c, -1) / (c.tp + c.fp + c.tn + c.fn)[..., None]
    return {f"group_{number}": rate for number, rate in enumerate(rates)}


def fairness(c: Confusion, task: Literal["demographic_parity", "equal_opportunity", "all"] = "all") -> dict[str, Tensor]:
    """Ratio of the lowest to the highest rate of all groups, named after these: of positive calls, of positives found."""
    rates = {"DP": measures.predicted_positive_rate, "EO": measures.recall}
    asked = {"demographic_parity": ["DP"], "equal_opportunity": ["EO"], "all": ["DP", "EO"]}[task]
    found = {}
    for name in asked:
        rate = rates[name](c).nan_to_num(0.0)
        low, high = rate.argmin(), rate.argmax()
        found[f"{name}_{int(low)}_{int(high)}"] = (rate[low] / rate[high]).nan_to_num(0.0)
    return found


def hinge_loss(reading: Sums) -> Tensor:
    """Mean hinge loss."""
    return measures.hinge_loss(reading.counts, reading.sums)


def hinge_loss_of_batch(given: Mapping[str, Any], preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """Mean hinge loss of one batch, differentiable by ``preds``, for the arguments of the class."""
    kept = (target == 0) | (target == 1)
    if given["ignore_index"] is not None:
        kept &= target != given["ignore_index"]
    scores, positive = preds[kept].double(), target[kept] == 1
    outside = bool(((scores < 0) | (scores > 1)).any())
    if outside if given["from_logits"] is None else given["from_logits"]:
        scores = torch.sigmoid(scores)
    loss = Hinge(given["squared"]).values(scores, positive, from_logits=False)
    amount = torch.ones_like(loss) if weight is None else weight[kept].double()
    return (loss * amount).sum() / amount.sum()


def recall_at_precision(curve: Curve, min_precision: float) -> Point:
    """Greatest recall with a precision of at least ``min_precision``, and its threshold; (0, NaN) if there is none."""
    fraction("min_precision", min_precision)
    precision, recall, thresholds = (part.float() for part in precision_recall_curve(curve))
    return _greatest(recall[:-1], precision[:-1], thresholds, precision[:-1] >= min_precision)


def precision_at_recall(curve: Curve, min_recall: float) -> Point:
    """Greatest precision with a recall of at least ``min_recall``, and its threshold; (0, NaN) if there is none."""
    fraction("min_recall", min_recall)
    precision, recall, thresholds = (part.float() for part in precision_recall_curve(curve))
    return _greatest(precision[:-1], recall[:-1], thresholds, recall[:-1] >= min_recall)


def sensitivity_at_specificity(curve: Curve, min_specificity: float) -> Point:
    """Greatest sensitivity with a specificity of at least ``min_specificity``, and its threshold; (0, 1e6) if there is none."""
    fraction("min_specificity", min_specificity)
    fpr, tpr, thresholds = (part.float() for part in roc(curve))
    return _first(tpr, thresholds, 1 - fpr >= min_specificity)


def specificity_at_sensitivity(curve: Curve, min_sensitivity: float) -> Point:
    """Greatest specificity with a sensitivity of at least ``min_sensitivity``, and its threshold; (0, 1e6) if there is none."""
    fraction("min_sensitivity", min_sensitivity)
    fpr, tpr, thresholds = (part.float() for part in roc(curve))
    return _first(1 - fpr, thresholds, tpr >= min_sensitivity)


def equal_error_rate(curve: Curve) -> Tensor:
    """Mean of false positive and false negative rate where they are nearest to each other."""
    fpr, tpr, _ = (part.float() for part in roc(curve))
    return equal_error(fpr, tpr)


def equal_error(fpr: Tensor, tpr: Tensor) -> Tensor:
    """Mean of the two rates of errors at the point of a curve where they are nearest to each other."""
    nearest = (fpr - (1 - tpr)).abs().argmin()
    return (fpr[nearest] + (1 - tpr[nearest])) / 2


def log_auc(curve: Curve, fpr_range: tuple[float, float] = (0.001, 0.1)) -> Tensor:
    """Area under the ROC curve over the logarithm of the false positive rate, as a share of that range."""
    low, high = ends_of("fpr_range", fpr_range, above_zero=True)
    fp, tp = staircase(curve.whole)
    _warn_of_one_class(curve)
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


def _warn_of_one_class(curve: Curve) -> None:
    """Warn of rates that are undefined: where torchmetrics warns, which is where no thresholds were given."""
    c = curve.at
    for label, rate, number in (("negative", "false", c.fp + c.tn), ("positive", "true", c.tp + c.fn)):
        if not curve.given and not number.any(-1).all():
            rank_zero_warn(f"No {label} samples in targets: the {rate} positive rate is undefined, and 0 in its place")


def _warn_without_positives(curve: Curve) -> None:
    """Warn of a recall that is undefined, where torchmetrics warns."""
    if not curve.given and not (curve.at.tp + curve.at.fn).any(-1).all():
        rank_zero_warn("No positive samples found in target, recall is undefined. Setting recall to 1 at every threshold")


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
