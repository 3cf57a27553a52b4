"""Confusion along thresholds -> area under a whole curve.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, 1-D with at least one point, the first
of which calls everything positive. Areas are float64 and 0-d, NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.curves import serial_sum, staircase


def auroc(c: Confusion, max_fpr: float | None = None) -> Tensor:
    """Area under the ROC curve, P(positive's score > negative's) + P(equal) / 2, by trapezoids; undefined with one class.

    Chance is 0.5 (Hanley and McNeil 1982).

    Args:
        c: along thresholds, [points].
        max_fpr: area up to this false positive rate only, in (0, 1], standardised to 0.5 for chance and 1 for perfect
            (McClish 1989), as scikit-learn.

    Raises:
        ValueError: ``max_fpr`` outside (0, 1].

    >>> auroc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.7500, dtype=torch.float64)
    """
    steps = roc_steps(c, max_fpr)
    area = serial_sum(steps.width * (steps.before + steps.rise / 2)) / steps.pairs
    return standardised(area, max_fpr).clamp(0, 1)


def gini(c: Confusion) -> Tensor:
    """Gini coefficient or accuracy ratio, 2 AUROC - 1; undefined with one class.

    Chance is 0; a perfect order gives 1, a reversed one -1 (Engelmann, Hayden and Tasche 2003).

    Args:
        c: along thresholds, [points].

    >>> gini(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.5000, dtype=torch.float64)
    """
    return 2 * auroc(c) - 1


def average_precision(c: Confusion) -> Tensor:
    """Average precision, sum of (R_k - R_k-1) P_k over descending thresholds; undefined with no positive.

    Without interpolation, as scikit-learn; 1 with no negative. Chance is the prevalence, in the mean over large samples.

    Args:
        c: along thresholds, [points].

    >>> average_precision(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.7500, dtype=torch.float64)
    """
    fp, tp = staircase(c)
    found = tp.diff()
    return (serial_sum((found * tp[1:] / (tp + fp)[1:]).where(found > 0, 0.0)) / tp[-1]).clamp(0, 1)


def precision_recall_auc(c: Confusion) -> Tensor:
    """Area under the PR curve by trapezoids, sum of (R_k - R_k-1) (P_k + P_k-1) / 2; undefined with no positive.

    From precision 1 at recall 0, as scikit-learn's ``auc(recall, precision)``; 1 with no negative. Straight lines between
    the points promise more than any threshold in between can keep (Davis and Goadrich 2006), which is why it is at least
    the average precision of scores in few ties. Chance is about the prevalence.

    Args:
        c: along thresholds, [points].

    >>> precision_recall_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.8750, dtype=torch.float64)
    """
    fp, tp = staircase(c)
    found, height = tp.diff(), precision_from(tp, fp)
    return (serial_sum(found * (height[:-1] + height[1:]) / 2) / tp[-1]).clamp(0, 1)


def precision_recall_gain_auc(c: Confusion) -> Tensor:
    """Area under the precision-recall-gain curve, mean of 1 - (P / N) fp / tp; undefined with one class.

    The mean of the precision gain over recall gains 1 - (P / N) fn / tp from 0 to 1, P and N being all positives and
    negatives. Chance is 0, perfect is 1, and a reversed order gives -N / (2 P). Lines that are straight in (tp, fp) are
    straight in the gains too, so that interpolation promises nothing that cannot be kept (Flach and Kull 2015).

    Args:
        c: along thresholds, [points].

    >>> precision_recall_gain_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.5000, dtype=torch.float64)
    """
    steps = gain_steps(c)
    return 1 - gain_loss(steps, steps.fp_before, steps.fp_after)


class ROCSteps(NamedTuple):
    """The ROC curve bin by bin, scores descending, in counts: ``width`` along fp, ``before`` and ``after`` in tp, [points].

    Cut off at a greatest fpr: ``width`` ends there, and so does ``rise``, the part of the climb along a straight line.
    """

    width: Tensor
    before: Tensor
    after: Tensor
    rise: Tensor
    pairs: Tensor


def roc_steps(c: Confusion, max_fpr: float | None) -> ROCSteps:
    """The steps of the ROC curve up to ``max_fpr``; ``pairs`` is positives times negatives, 0-d."""
    check_max_fpr(max_fpr)
    fp, tp = staircase(c)
    full, before, after = fp.diff(), tp[:-1], tp[1:]
    width = (fp[-1] * (1.0 if max_fpr is None else max_fpr) - fp[:-1]).clamp(min=0).minimum(full)
    rise = ((after - before) * width / full).where(width > 0, 0.0)
    return ROCSteps(width, before, after, rise, fp[-1] * tp[-1])


def standardised(area: Tensor, max_fpr: float | None) -> Tensor:
    """McClish's standardised area of a partial area; the area itself if it is whole."""
    if max_fpr is None or max_fpr == 1:
        return area
    least = max_fpr**2 / 2
    return (1 + (area - least) / (max_fpr - least)) / 2


def check_max_fpr(max_fpr: float | None) -> None:
    """Raise ValueError unless ``max_fpr`` is None or in (0, 1]."""
    if max_fpr is not None and not 0 < number("max_fpr", max_fpr) <= 1:
        raise ValueError(f"max_fpr must be in (0, 1], got {max_fpr}: pass None for the whole area")


def precision_from(tp: Tensor, fp: Tensor) -> Tensor:
    """Precision tp / (tp + fp), and 1 where nothing is called positive: there the PR curve starts."""
    return (tp / (tp + fp)).where(tp + fp > 0, 1.0)


class GainSteps(NamedTuple):
    """The precision-recall-gain curve bin by bin, scores descending, in counts, from recall gain 0 on: [points] each.

    ``odds`` is positives over negatives, 0-d. In a bin x = 1 / tp falls by ``fall``, and ``before`` and ``after`` are the
    values of x at its ends; both gains are linear in x wherever fp is linear in tp.
    """

    fall: Tensor
    before: Tensor
    after: Tensor
    fp_before: Tensor
    fp_after: Tensor
    positives: Tensor
    odds: Tensor


def gain_steps(c: Confusion) -> GainSteps:
    """The steps of the precision-recall-gain curve, the first of which is cut off at tp = P^2 / (P + N)."""
    fp, tp = staircase(c)
    positives, negatives = tp[-1], fp[-1]
    found, inside = tp.diff(), tp.maximum(positives * (positives / (positives + negatives)))
    missed = (positives - tp).minimum(positives * (negatives / (positives + negatives)))
    rare = positives < negatives  # the way from the cut is measured at the end that is small, where nothing cancels
    width = torch.where(rare, inside.diff(), -missed.diff())
    skipped = torch.where(rare, (inside - tp)[:-1], found - width)
    fp_before = fp[:-1] + (fp.diff() * skipped / found).where(width > 0, 0.0)
    x = 1 / inside
    return GainSteps(width * x[:-1] * x[1:], x[:-1], x[1:], fp_before, fp[1:], positives, positives / negatives)


def gain_loss(steps: GainSteps, fp_before: Tensor, fp_after: Tensor) -> Tensor:
    """What is lost of an area of 1, (P / N)^2 P times the integral of fp / tp over 1 / tp, with fp given at both ends."""
    heights = fp_before * steps.before + fp_after * steps.after
    return steps.positives * steps.odds**2 * serial_sum(steps.fall * heights / 2)
