"""Confusion along thresholds -> area under a part of a curve, or its height at one place, with certain bounds.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, 1-D with at least one point, the first
of which calls everything positive. Areas are float64 and 0-d, NaN where undefined. Bounds follow the two staircases of the
ROC curve, negatives or positives first in every bin.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.bounds import outward_share
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.curves import at_point, serial_sum, staircase

Range = tuple[float, float]


def partial_auroc(c: Confusion, fpr_range: Range = (0.0, 1.0), tpr_range: Range = (0.0, 1.0)) -> Tensor:
    """Partial area under the ROC curve, mean over fpr of min(max(tpr, s), t) - s, over t - s; undefined with one class.

    The share of the box fpr_range x tpr_range, [a, b] x [s, t], that lies below the curve. With ``fpr_range`` alone the mean
    recall there (McClish 1989); with ``tpr_range=(s, 1)`` alone the partial area index (Jiang et al. 1996); with
    ``fpr_range=(0, b), tpr_range=(s, 1)`` the two-way partial area (Yang et al. 2019). 1 is perfect; chance is the share
    of the box below the diagonal: (a + b) / 2 with ``fpr_range`` alone, 1 - (s + t) / 2 with ``tpr_range`` alone.

    Args:
        c: along thresholds, [points].
        fpr_range: false positive rates from a to b, 0 <= a < b <= 1.
        tpr_range: true positive rates from s to t, 0 <= s < t <= 1.

    Raises:
        ValueError: a range outside [0, 1], or of no length.

    >>> partial_auroc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0, 0.5))
    tensor(0.6250, dtype=torch.float64)
    """
    steps = _steps(c, fpr_range)
    bottom, top = (steps.positives * end for end in ends_of("tpr_range", tpr_range))
    start, end = (line.maximum(bottom).minimum(top) - bottom for line in (steps.start, steps.end))
    rise = steps.end - steps.start
    over = (steps.end - steps.start.maximum(top)).clamp(min=0) * (top - bottom)
    height = torch.where(rise > 0, ((end - start) * (start + end) / 2 + over) / rise, start)
    return (serial_sum(steps.width * height) / (steps.length * (top - bottom))).clamp(0, 1)


def partial_auroc_bounds(c: Confusion, fpr_range: Range = (0.0, 1.0), tpr_range: Range = (0.0, 1.0)) -> tuple[Tensor, Tensor]:
    """Lowest and highest partial area under the ROC curve: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [points].
        fpr_range: as for :func:`~torch_binmetrics.measures.partial_areas.partial_auroc`.
        tpr_range: likewise.

    Returns:
        Two 0-d float64 tensors, NaN where the area is undefined.

    >>> partial_auroc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0, 0.5))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    steps = _steps(c, fpr_range)
    bottom, top = (steps.positives * end for end in ends_of("tpr_range", tpr_range))
    heights = (line.maximum(bottom).minimum(top) - bottom for line in (steps.before, steps.after))
    low, high = (serial_sum(steps.width * height) / (steps.length * (top - bottom)) for height in heights)
    points, sides = len(steps.width), (1 / (after - before) for before, after in (fpr_range, tpr_range))
    return outward_share(low, high, points, (points + 8) * sum(sides))


def log_auc(c: Confusion, fpr_range: Range = (0.001, 0.1)) -> Tensor:
    """Area under the ROC curve over the logarithm of fpr, mean of tpr over log(fpr) in a range; undefined with one class.

    By trapezoids between the points of the curve and the two ends, which lie on straight lines of fpr, as torchmetrics'
    ``BinaryLogAUC``; it weighs early recall (Mysinger and Shoichet 2010). 1 is perfect. Chance, tpr = fpr, is
    (b - a) / log(b / a): 0.0215 over the usual range.

    Args:
        c: along thresholds, [points].
        fpr_range: false positive rates from a to b, 0 < a < b <= 1.

    Raises:
        ValueError: a range outside (0, 1], or of no length.

    >>> log_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0.25, 1))
    tensor(0.8125, dtype=torch.float64)
    """
    steps = _steps(c, fpr_range, above_zero=True)
    return (serial_sum(steps.ratio * (steps.start + steps.end) / 2) / _log_length(steps, fpr_range)).clamp(0, 1)


def log_auc_bounds(c: Confusion, fpr_range: Range = (0.001, 0.1)) -> tuple[Tensor, Tensor]:
    """Lowest and highest area over the logarithm of fpr: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [points].
        fpr_range: as for :func:`~torch_binmetrics.measures.partial_areas.log_auc`.

    Returns:
        Two 0-d float64 tensors, NaN where the area is undefined.

    >>> log_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0.25, 1))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    steps = _steps(c, fpr_range, above_zero=True)
    low, high = (serial_sum(steps.ratio * height) / _log_length(steps, fpr_range) for height in (steps.before, steps.after))
    points = len(steps.width)
    return outward_share(low, high, points, (points + 8) * (1 + 1 / math.log(fpr_range[1] / fpr_range[0])))


def capture(c: Confusion, top: float = 0.1) -> Tensor:
    """Capture rate, recall when the ``top`` share of the samples is called positive; undefined with no positive.

    The height of the cumulative-gains curve: where the share ends inside a bin, its samples come in random order. Chance is
    ``top``, and no more than ``top`` over the prevalence can be captured (Berry and Linoff 1997).

    Args:
        c: along thresholds, [points].
        top: share of the samples, by descending score, in (0, 1].

    Raises:
        ValueError: ``top`` outside (0, 1].

    >>> capture(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), top=0.5)
    tensor(0.6667, dtype=torch.float64)
    """
    bin_ = _bin_of(c, top)
    return ((bin_.found + bin_.positives * bin_.reach / (bin_.positives + bin_.negatives)) / bin_.all_positives).clamp(0, 1)


def capture_bounds(c: Confusion, top: float = 0.1) -> tuple[Tensor, Tensor]:
    """Lowest and highest capture rate: in the bin where the share ends the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [points].
        top: as for :func:`~torch_binmetrics.measures.partial_areas.capture`.

    Returns:
        Two 0-d float64 tensors, NaN where the rate is undefined.

    >>> capture_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), top=0.5)
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    bin_ = _bin_of(c, top)
    low = (bin_.found + (bin_.reach - bin_.negatives).clamp(min=0)) / bin_.all_positives
    high = (bin_.found + bin_.reach.minimum(bin_.positives)) / bin_.all_positives
    points = len(c.tp) + 8
    return outward_share(low, high, points, points * (1 + bin_.share / bin_.all_positives))


def ends_of(name: str, ends: Range, *, above_zero: bool = False) -> Range:
    """Both ends of a range as floats; ValueError unless 0 <= first < second <= 1, or 0 < first."""
    try:
        first, second = ends
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair of rates, got {ends!r}: pass two numbers such as (0.001, 0.1)") from None
    first, second = number(name, first), number(name, second)
    if not 0 <= first < second <= 1 or (above_zero and not first):
        inside = "(0, 1]" if above_zero else "[0, 1]"
        raise ValueError(f"{name} must be two rates in {inside}, the lower one first, got {ends!r}")
    return first, second


def check_top(top: float) -> None:
    """Raise ValueError unless ``top`` is in (0, 1]."""
    if not 0 < number("top", top) <= 1:
        raise ValueError(f"top must be in (0, 1], got {top}: pass the share of the samples to look at, 0.1 for a tenth")


class _Steps(NamedTuple):
    """The ROC curve bin by bin between two false positive rates, scores descending, in counts: [points] each.

    ``width`` along fp and ``ratio``, the logarithm of fp at the end over fp at the start; ``before`` and ``after``, tp at both
    ends of the bin; ``start`` and ``end``, tp on a straight line where the range cuts it off. Then positives and length, 0-d.
    """

    width: Tensor
    ratio: Tensor
    before: Tensor
    after: Tensor
    start: Tensor
    end: Tensor
    positives: Tensor
    length: Tensor


def _steps(c: Confusion, fpr_range: Range, *, above_zero: bool = False) -> _Steps:
    """The steps of the ROC curve inside a range."""
    first, second = ends_of("fpr_range", fpr_range, above_zero=above_zero)
    fp, tp = staircase(c)
    x = fp.maximum(fp[-1] * first).minimum(fp[-1] * second)
    width, before, after = x.diff(), tp[:-1], tp[1:]
    full, climb = fp.diff(), after - before
    start, end = (before + (climb * (side - fp[:-1]) / full).where(width > 0, 0.0) for side in (x[:-1], x[1:]))
    ratio = torch.log1p(width / x[:-1])
    return _Steps(width, ratio, before, after, start, end, tp[-1], fp[-1] * (second - first))


def _log_length(steps: _Steps, fpr_range: Range) -> Tensor:
    """Positives times the length of a range of false positive rates in logarithms."""
    return steps.positives * math.log(fpr_range[1] / fpr_range[0])


class _Bin(NamedTuple):
    """The bin where a share of all samples ends, 0-d each: counts in it and above it, and how far the share reaches into it."""

    found: Tensor
    positives: Tensor
    negatives: Tensor
    reach: Tensor
    all_positives: Tensor
    share: Tensor


def _bin_of(c: Confusion, top: float) -> _Bin:
    """The bin where the ``top`` share of the samples ends."""
    check_top(top)
    fp, tp = staircase(c)
    depth = fp + tp
    share = depth[-1] * top
    last = (depth < share).sum().clamp(min=1)
    found, above = at_point(tp, last - 1), at_point(depth, last - 1)
    positives, negatives = (at_point(line.diff(), last - 1) for line in (tp, fp))
    return _Bin(found, positives, negatives, share - above, tp[-1], share)
