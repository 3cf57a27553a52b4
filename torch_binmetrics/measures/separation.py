"""How far the scores of the two classes lie apart: the DET curve, the equal error rate, the Kolmogorov-Smirnov statistic.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Values are float64, NaN where undefined; bounds are certain.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, LargestGap, measure
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.measures.staircase import at_point, descending, from_infinity, outward_share, staircase, to_infinity


class DET(NamedTuple):
    """False positive and negative rates at ascending thresholds, from (1, 0) to (0, 1) at inf: each [..., points + 1]."""

    fpr: Tensor
    fnr: Tensor
    thresholds: Tensor


@measure(span=None)
def det_curve(c: Confusion, thresholds: Tensor) -> DET:
    """Detection error tradeoff, fn / (fn + tp) against fp / (fp + tn); undefined in the rate of a missing class.

    Every point is kept, in the order of scikit-learn, which leaves out those without a false positive or a false negative
    but one. Chance is the line fpr + fnr = 1 (Martin et al. 1997).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> det_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).fnr
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    fp, tp = (count.flip(-1) for count in staircase(c))
    return DET(fp / fp[..., :1], (tp[..., :1] - tp) / tp[..., :1], to_infinity(thresholds))


def equal_error_rate_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest equal error rate: in the bin where fpr = fnr the positives first, or the negatives first.

    Any order runs from one corner (fpr, fnr) of that bin to the other and crosses the line between them: not before
    max(fpr above the bin, fnr with it), and not after min(fpr with it, fnr above it).

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the rate is undefined.

    >>> equal_error_rate_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0., dtype=torch.float64), tensor(0.5000, dtype=torch.float64))
    """
    crossed = _crossed(c)
    tied = descending(ties, c.tp)[crossed.point - 1]
    low = crossed.rate.where(tied, crossed.fpr_before.maximum(crossed.fnr_after))
    high = crossed.rate.where(tied, crossed.fpr_after.minimum(crossed.fnr_before))
    points = c.tp.shape[-1]
    return outward_share(low, high, points, points + 8)


@measure(span=None, bounds=equal_error_rate_bounds)
def equal_error_rate(c: Confusion, thresholds: Tensor) -> OperatingPoint:
    """Equal error rate, where fp / (fp + tn) = fn / (fn + tp) on straight lines of the ROC curve; undefined with one class.

    The threshold is the highest one with at least as many false positives, as a rate, as false negatives: the lower edge of
    the bin that the line fpr = fnr crosses. Chance is 0.5, perfect is 0 (Brümmer and du Preez 2006). torchmetrics
    takes the nearest point, half of fpr + fnr there, without a threshold.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> equal_error_rate(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7]))
    OperatingPoint(value=tensor(0.3333, dtype=torch.float64), threshold=tensor(0.2000))
    """
    crossed = _crossed(c)
    return _point(crossed.rate, thresholds, crossed.point)


def ks_statistic_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest Kolmogorov-Smirnov statistic: every bin tied, or in one of them a class before the other.

    Every order passes the corners of all bins, and between two of them is no point further from the diagonal than the other
    two corners, tp of the end with fp of the start or the reverse.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the statistic is undefined.

    >>> ks_statistic_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    fp, tp = staircase(c)
    fpr, tpr = fp / fp[..., -1:], tp / tp[..., -1:]
    low = (tpr - fpr).abs().amax(-1)
    corners = torch.maximum(tpr[..., 1:] - fpr[..., :-1], fpr[..., 1:] - tpr[..., :-1])
    high = low.maximum(corners.where(~descending(ties, corners), 0.0).amax(-1))
    points = fp.shape[-1]
    return outward_share(low, high, points, points + 8)


@measure(span=None, bounds=ks_statistic_bounds, form=LargestGap())
def ks_statistic(c: Confusion, thresholds: Tensor) -> OperatingPoint:
    """Kolmogorov-Smirnov statistic, largest |tp / (tp + fn) - fp / (fp + tn)| of all thresholds; undefined with one class.

    The largest distance between the distribution functions of the two classes' scores, as SciPy's ``ks_2samp``, and the
    highest threshold where it is reached: inf for 0. Perfect is 1, either way round (Smirnov 1939). Of few samples it is too
    high: about 0.87 sqrt(1 / positives + 1 / negatives) for useless scores.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> ks_statistic(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7]))
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.7000))
    """
    fp, tp = staircase(c)
    gap = (tp * fp[..., -1:] - fp * tp[..., -1:]).abs()  # of ratios, equal gaps would round apart
    return _point(gap.amax(-1) / (fp[..., -1] * tp[..., -1]), thresholds, gap.argmax(-1))


class _Crossed(NamedTuple):
    """The bin of the ROC curve where fpr = fnr, and the number of its last point: [...] each."""

    fpr_before: Tensor
    fpr_after: Tensor
    rise: Tensor
    fnr_before: Tensor
    fnr_after: Tensor
    fall: Tensor
    point: Tensor

    @property
    def rate(self) -> Tensor:
        """Where a straight line across the bin meets fpr = fnr."""
        return (self.fpr_before * self.fall + self.fnr_before * self.rise) / (self.rise + self.fall)


def _crossed(c: Confusion) -> _Crossed:
    """The first bin, scores descending, after which fpr >= fnr."""
    fp, tp = staircase(c)
    fpr, fnr = fp / fp[..., -1:], (tp[..., -1:] - tp) / tp[..., -1:]
    point = (fpr < fnr).sum(-1).clamp(min=1)
    rise, fall = (at_point(line.diff() / line[..., -1:], point - 1) for line in (fp, tp))
    first = at_point(fpr, point - 1), at_point(fpr, point)
    return _Crossed(*first, rise, at_point(fnr, point - 1), at_point(fnr, point), fall, point)


def _point(value: Tensor, thresholds: Tensor, point: Tensor) -> OperatingPoint:
    """The value with the threshold of this point of the ROC curve; both NaN where the value is."""
    return OperatingPoint(value, at_point(from_infinity(thresholds), point).where(~value.isnan(), math.nan))
