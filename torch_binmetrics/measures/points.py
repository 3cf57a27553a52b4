"""One point of a curve, chosen by a rule: a value and the threshold that gives it.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, [..., points]. Candidates are the lower
edges of the occupied bins, the lowest of which calls everything positive, and a threshold of inf, which calls nothing positive.
At each of them the value is exact; inside a bin the counts cannot look. Ratios are compared in float64: 9 hits among 10 calls
are a precision of the float 0.9, so they meet ``min_precision=0.9``. A choice weighs one class against the other: value and
threshold are NaN unless both were seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import fraction
from torch_binmetrics.measures.confusion import Confusion, with_none_predicted
from torch_binmetrics.measures.declared import measure
from torch_binmetrics.measures.rates import false_positive_rate, precision, recall, specificity
from torch_binmetrics.measures.staircase import at_point, to_infinity


class OperatingPoint(NamedTuple):
    """A value and the threshold at which scores from there on are called positive: [...] both, NaN where undefined.

    The counts that gave the value compared scores as float32, so that is what a deployed model has to do too: call positive
    where ``scores.float() >= threshold``, or where :meth:`applies_to` says so; a float64 score just below the threshold may
    round up to it. With ``from_logits=True`` the threshold is a float64 probability, to read: build the metric with
    ``logit_thresholds=True`` for the float32 logit to compare with, since many large logits have one probability.

    >>> point = OperatingPoint(torch.tensor(0.9), torch.tensor(0.3))
    >>> point.applies_to(torch.tensor([0.29, 0.3, 0.31]).double())
    tensor([False,  True,  True])
    """

    value: Tensor
    threshold: Tensor

    def applies_to(self, scores: Tensor) -> Tensor:
        """Which scores the point calls positive, compared as they were counted: bool, none where it is undefined.

        Args:
            scores: scores of the kind that was counted, of any float dtype and a shape that fits the threshold's.

        Raises:
            ValueError: the threshold is a probability while logits were counted.
        """
        if self.threshold.dtype == torch.float64:
            raise ValueError(
                "the threshold is a probability, but logits were counted, several of which have one probability: build the "
                "metric with logit_thresholds=True and pass logits"
            )
        return scores.float() >= self.threshold


@measure(span=None)
def recall_at_fixed_precision(c: Confusion, thresholds: Tensor, min_precision: float) -> OperatingPoint:
    """Highest recall where precision >= min_precision, and its threshold; undefined if a class is missing.

    Recall 0 at a threshold of inf where no threshold is that precise. Source: torchmetrics'
    ``BinaryRecallAtFixedPrecision``, which reports a threshold of NaN there.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        min_precision: in [0, 1].

    Raises:
        ValueError: ``min_precision`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> recall_at_fixed_precision(c, torch.tensor([0.2, 0.7]), min_precision=0.9)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.7000))
    """
    fraction("min_precision", min_precision)
    c, thresholds = candidates(c, thresholds)
    found = recall(c)
    # Only with nothing predicted is precision NaN. That point finds nothing either, so it wins where it is alone.
    return best_point(c, thresholds, found, found.where(precision(c).nan_to_num(1.0) >= min_precision, math.nan))


@measure(span=None)
def precision_at_fixed_recall(c: Confusion, thresholds: Tensor, min_recall: float) -> OperatingPoint:
    """Highest precision where recall >= min_recall, and its threshold; undefined if a class is missing.

    Of several the one of highest recall, that is the lowest threshold; a threshold of inf, with no precision, is none of them.
    Source: torchmetrics' ``BinaryPrecisionAtFixedRecall``.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        min_recall: in [0, 1].

    Raises:
        ValueError: ``min_recall`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> precision_at_fixed_recall(c, torch.tensor([0.2, 0.7]), min_recall=0.9)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.2000))
    """
    fraction("min_recall", min_recall)
    precise = precision(c)
    return best_point(c, thresholds, precise, precise.where(recall(c) >= min_recall, math.nan), lowest=True)


@measure(span=None)
def sensitivity_at_specificity(c: Confusion, thresholds: Tensor, min_specificity: float) -> OperatingPoint:
    """Highest sensitivity (recall) where specificity >= min_specificity, and its threshold; undefined if a class is missing.

    Of several the one of highest threshold. Source: torchmetrics' ``BinarySensitivityAtSpecificity``.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        min_specificity: in [0, 1].

    Raises:
        ValueError: ``min_specificity`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> sensitivity_at_specificity(c, torch.tensor([0.2, 0.7]), min_specificity=0.9)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.7000))
    """
    fraction("min_specificity", min_specificity)
    c, thresholds = candidates(c, thresholds)
    found = recall(c)
    return best_point(c, thresholds, found, found.where(specificity(c) >= min_specificity, math.nan))


@measure(span=None)
def specificity_at_sensitivity(c: Confusion, thresholds: Tensor, min_sensitivity: float) -> OperatingPoint:
    """Highest specificity where sensitivity (recall) >= min_sensitivity, and its threshold; undefined if a class is missing.

    Of several the one of highest threshold. Source: torchmetrics' ``BinarySpecificityAtSensitivity``.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        min_sensitivity: in [0, 1].

    Raises:
        ValueError: ``min_sensitivity`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> specificity_at_sensitivity(c, torch.tensor([0.2, 0.7]), min_sensitivity=0.5)
    OperatingPoint(value=tensor(1., dtype=torch.float64), threshold=tensor(0.7000))
    """
    fraction("min_sensitivity", min_sensitivity)
    c, thresholds = candidates(c, thresholds)
    spared = specificity(c)
    return best_point(c, thresholds, spared, spared.where(recall(c) >= min_sensitivity, math.nan))


@measure(span=None)
def recall_at_fixed_fpr(c: Confusion, thresholds: Tensor, max_fpr: float) -> OperatingPoint:
    """Highest recall where the false positive rate <= max_fpr, and its threshold; undefined if a class is missing.

    Of several the one of highest threshold. Source: Fawcett, "An introduction to ROC analysis" (2006).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        max_fpr: in [0, 1].

    Raises:
        ValueError: ``max_fpr`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> recall_at_fixed_fpr(c, torch.tensor([0.2, 0.7]), max_fpr=0.1)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.7000))
    """
    fraction("max_fpr", max_fpr)
    c, thresholds = candidates(c, thresholds)
    found = recall(c)
    return best_point(c, thresholds, found, found.where(false_positive_rate(c) <= max_fpr, math.nan))


@measure(span=None)
def threshold_at_fixed_recall(c: Confusion, thresholds: Tensor, min_recall: float) -> OperatingPoint:
    """Recall at the highest threshold where it is >= min_recall, and that threshold; undefined if a class is missing.

    Source: Fawcett, "An introduction to ROC analysis" (2006).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        min_recall: in [0, 1].

    Raises:
        ValueError: ``min_recall`` outside [0, 1].

    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> threshold_at_fixed_recall(c, torch.tensor([0.2, 0.7]), min_recall=0.5)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.7000))
    """
    fraction("min_recall", min_recall)
    c, thresholds = candidates(c, thresholds)
    found = recall(c)
    return best_point(c, thresholds, found, (-found).where(found >= min_recall, math.nan))


def candidates(c: Confusion, thresholds: Tensor) -> tuple[Confusion, Tensor]:
    """The points, [..., points], and the one at a threshold of inf."""
    return with_none_predicted(c), to_infinity(thresholds)


def best_point(c: Confusion, thresholds: Tensor, value: Tensor, merit: Tensor, *, lowest: bool = False) -> OperatingPoint:
    """The value at the point of highest merit that is not NaN, [..., points]; of several that at the highest threshold.

    Merits within 1e-12 of the highest are as high, so that rounding decides nothing.
    """
    possible = ((c.tp + c.fn)[..., :1] > 0) & ((c.fp + c.tn)[..., :1] > 0) & ~merit.isnan()
    highest = merit.where(possible, -math.inf).amax(-1, keepdim=True)
    tied = (possible & torch.isclose(merit, highest, rtol=1e-12, atol=0)).byte()
    best = tied.argmax(-1) if lowest else tied.shape[-1] - 1 - tied.flip(-1).argmax(-1)
    points = (at_point(line, best).where(possible.any(-1), math.nan) for line in (value, thresholds))
    return OperatingPoint(*points)
