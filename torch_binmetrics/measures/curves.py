"""Confusion along thresholds -> curve.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, 1-D with at least one point, the first
of which calls everything positive, and the thresholds. Rates are float64, NaN where undefined.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.scores import precision, recall


class ROC(NamedTuple):
    """False and true positive rates at descending thresholds, from (0, 0) at inf to (1, 1): each 1-D, [points + 1]."""

    fpr: Tensor
    tpr: Tensor
    thresholds: Tensor


class DET(NamedTuple):
    """False positive and negative rates at ascending thresholds, from (1, 0) to (0, 1) at inf: each 1-D, [points + 1]."""

    fpr: Tensor
    fnr: Tensor
    thresholds: Tensor


class CumulativeGains(NamedTuple):
    """Share called positive and recall at descending thresholds, from (0, 0) at inf to (1, 1): each 1-D, [points + 1]."""

    depth: Tensor
    gain: Tensor
    thresholds: Tensor


class Lift(NamedTuple):
    """Share called positive and lift at descending thresholds, to (1, 1): each 1-D, [points]."""

    depth: Tensor
    lift: Tensor
    thresholds: Tensor


class PrecisionRecall(NamedTuple):
    """Precision and recall at ascending thresholds, then a last (1, 0) without one: [points + 1] twice, and [points]."""

    precision: Tensor
    recall: Tensor
    thresholds: Tensor


def roc(c: Confusion, thresholds: Tensor) -> ROC:
    """Receiver operating characteristic, tp / (tp + fn) against fp / (fp + tn); undefined in the rate of a missing class.

    Every point is kept, as by scikit-learn's ``drop_intermediate=False``. Chance is the diagonal (Fawcett 2006).

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> roc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).tpr
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    return ROC(fp / fp[-1], tp / tp[-1], from_infinity(thresholds))


def det_curve(c: Confusion, thresholds: Tensor) -> DET:
    """Detection error tradeoff, fn / (fn + tp) against fp / (fp + tn); undefined in the rate of a missing class.

    Every point is kept, in the order of scikit-learn, which leaves out those without a false positive or a false negative
    but one. Chance is the line fpr + fnr = 1 (Martin et al. 1997).

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> det_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).fnr
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    fp, tp = (count.flip(0) for count in staircase(c))
    return DET(fp / fp[0], (tp[0] - tp) / tp[0], torch.cat([thresholds, thresholds.new_full((1,), math.inf)]))


def cumulative_gains(c: Confusion, thresholds: Tensor) -> CumulativeGains:
    """Recall among the top scores, tp / (tp + fn) against (tp + fp) / n; undefined with no positive.

    The sales-force question: how many of the buyers does one reach who calls the most likely ones first? Chance is the
    diagonal (Berry and Linoff 1997).

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> cumulative_gains(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).depth
    tensor([0.0000, 0.2500, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    called = fp + tp
    return CumulativeGains(called / called[-1], tp / tp[-1], from_infinity(thresholds))


def lift_curve(c: Confusion, thresholds: Tensor) -> Lift:
    """Precision over prevalence, (tp / (tp + fp)) / ((tp + fn) / n) against (tp + fp) / n; undefined with no positive.

    Equal to the cumulative gain over the depth, and not defined at depth 0. Chance is 1 (Berry and Linoff 1997).

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> lift_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).lift
    tensor([2., 1.], dtype=torch.float64)
    """
    depth, gain, descending = (line[1:] for line in cumulative_gains(c, thresholds))
    return Lift(depth, gain / depth, descending)


def precision_recall_curve(c: Confusion, thresholds: Tensor) -> PrecisionRecall:
    """Precision against recall, tp / (tp + fp) against tp / (tp + fn); undefined with no positive (recall).

    In scikit-learn's order. Chance is the prevalence at every recall (Davis and Goadrich 2006).

    Args:
        c: along thresholds, [points].
        thresholds: the thresholds, ascending, [points].

    >>> precision_recall_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).precision
    tensor([0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    ends = c.real().tp.new_tensor([1.0, 0.0])
    return PrecisionRecall(torch.cat([precision(c), ends[:1]]), torch.cat([recall(c), ends[1:]]), thresholds)


def serial_sum(values: Tensor) -> Tensor:
    """Sum of a vector in one order, whatever the number of threads: torch.sum of a long one depends on it."""
    return values.cumsum(0)[-1]


def staircase(c: Confusion) -> tuple[Tensor, Tensor]:
    """Fp and tp at descending thresholds, from 0 at a threshold above all scores: float64, [points + 1] each."""
    c = c.real()
    origin = c.tp.new_zeros(1)
    return torch.cat([origin, c.fp.flip(0)]), torch.cat([origin, c.tp.flip(0)])


def from_infinity(thresholds: Tensor) -> Tensor:
    """Thresholds in descending order, after one above all scores."""
    return torch.cat([thresholds.new_full((1,), math.inf), thresholds.flip(0)])


def at_point(line: Tensor, point: Tensor) -> Tensor:
    """The entry of a line at a 0-d number, 0-d, without asking the device for that number."""
    return line.index_select(0, point.reshape(1))[0]
