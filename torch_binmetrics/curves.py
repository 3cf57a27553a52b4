"""Confusion along thresholds -> curve or area.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, 1-D with at least one point, the first
of which calls everything positive; curves also take the thresholds. Areas are float64 and 0-d, NaN where undefined.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.confusion import Confusion
from torch_binmetrics.scores import precision, recall


class ROC(NamedTuple):
    """False and true positive rates at descending thresholds, from (0, 0) at inf to (1, 1): each 1-D, [points + 1]."""

    fpr: Tensor
    tpr: Tensor
    thresholds: Tensor


class PrecisionRecall(NamedTuple):
    """Precision and recall at ascending thresholds, then a last (1, 0) without one: [points + 1] twice, and [points]."""

    precision: Tensor
    recall: Tensor
    thresholds: Tensor


def roc(c: Confusion, thresholds: Tensor) -> ROC:
    """Receiver operating characteristic (Fawcett 2006), every point kept: scikit-learn's ``drop_intermediate=False``.

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> roc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).tpr
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    return ROC(fp / fp[-1], tp / tp[-1], torch.cat([thresholds.new_full((1,), math.inf), thresholds.flip(0)]))


def precision_recall_curve(c: Confusion, thresholds: Tensor) -> PrecisionRecall:
    """Precision against recall (Davis and Goadrich 2006), in scikit-learn's order.

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> precision_recall_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).precision
    tensor([0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    ends = c.real().tp.new_tensor([1.0, 0.0])
    return PrecisionRecall(torch.cat([precision(c), ends[:1]]), torch.cat([recall(c), ends[1:]]), thresholds)


def auroc(c: Confusion, max_fpr: float | None = None) -> Tensor:
    """Area under the ROC curve by trapezoids: P(score of a positive > score of a negative), ties counting half.

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


def average_precision(c: Confusion) -> Tensor:
    """Average precision, sum of (R_k - R_k-1) P_k over descending thresholds, without interpolation, as scikit-learn.

    >>> average_precision(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.7500, dtype=torch.float64)
    """
    fp, tp = staircase(c)
    found = tp.diff()
    return (serial_sum((found * tp[1:] / (tp + fp)[1:]).where(found > 0, 0.0)) / tp[-1]).clamp(0, 1)


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


def serial_sum(values: Tensor) -> Tensor:
    """Sum of a vector in one order, whatever the number of threads: torch.sum of a long one depends on it."""
    return values.cumsum(0)[-1]


def staircase(c: Confusion) -> tuple[Tensor, Tensor]:
    """Fp and tp at descending thresholds, from 0 at a threshold above all scores: float64, [points + 1] each."""
    c = c.real()
    origin = c.tp.new_zeros(1)
    return torch.cat([origin, c.fp.flip(0)]), torch.cat([origin, c.tp.flip(0)])
