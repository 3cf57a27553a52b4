"""A part of the ROC curve: the area inside a box of rates, and the area over the logarithm of fpr, with certain bounds.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Areas are float64, [...], NaN where undefined. Bounds follow the two staircases of the ROC curve,
negatives or positives first in every bin.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, Span, measure
from torch_binmetrics.measures.staircase import Steps, descending, ends_of, outward_share, serial_sum, steps


def partial_auroc_bounds(
    c: Confusion, fpr_range: Span = (0.0, 1.0), tpr_range: Span = (0.0, 1.0), *, ties: Tensor | None = None
) -> Ends:
    """Lowest and highest partial area under the ROC curve: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [..., points].
        fpr_range: as for :func:`partial_auroc`.
        tpr_range: likewise.
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the area is undefined.

    >>> partial_auroc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0, 0.5))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    path, bottom, top = _box(c, fpr_range, tpr_range, ties)
    tied, of_ties = descending(ties, path.width), _height(path, bottom, top)
    ends = (line.maximum(bottom).minimum(top) - bottom for line in (path.lowest, path.highest))
    heights = [of_ties.where(tied, end) for end in ends]
    low, high = (serial_sum(path.width * height) / _area(path, fpr_range, bottom, top) for height in heights)
    points, sides = path.width.shape[-1], (1 / (after - before) for before, after in (fpr_range, tpr_range))
    return outward_share(low, high, points, (points + 8) * sum(sides))


@measure(span=(0, 1), bounds=partial_auroc_bounds)
def partial_auroc(c: Confusion, fpr_range: Span = (0.0, 1.0), tpr_range: Span = (0.0, 1.0)) -> Tensor:
    """Partial area under the ROC curve, mean over fpr of min(max(tpr, s), t) - s, over t - s; undefined with one class.

    The share of the box fpr_range x tpr_range, [a, b] x [s, t], that lies below the curve. With ``fpr_range`` alone the mean
    recall there (McClish 1989); with ``tpr_range=(s, 1)`` alone the partial area index (Jiang et al. 1996); with
    ``fpr_range=(0, b), tpr_range=(s, 1)`` the two-way partial area (Yang et al. 2019). 1 is perfect; chance is the share
    of the box below the diagonal: (a + b) / 2 with ``fpr_range`` alone, 1 - (s + t) / 2 with ``tpr_range`` alone.

    Args:
        c: along thresholds, [..., points].
        fpr_range: false positive rates from a to b, 0 <= a < b <= 1.
        tpr_range: true positive rates from s to t, 0 <= s < t <= 1.

    Raises:
        ValueError: a range outside [0, 1], or of no length.

    >>> partial_auroc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0, 0.5))
    tensor(0.6250, dtype=torch.float64)
    """
    path, bottom, top = _box(c, fpr_range, tpr_range)
    return (serial_sum(path.width * _height(path, bottom, top)) / _area(path, fpr_range, bottom, top)).clamp(0, 1)


def log_auc_bounds(c: Confusion, fpr_range: Span = (0.001, 0.1), *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest area over the logarithm of fpr: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [..., points].
        fpr_range: as for :func:`log_auc`.
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the area is undefined.

    >>> log_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0.25, 1))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    path, ratio, length = _logarithmic(c, fpr_range, ties)
    low, high = path.bounds(ratio, path.positives * length)
    points = path.width.shape[-1]
    return outward_share(low, high, points, (points + 8) * (1 + 1 / length))


@measure(span=(0, 1), bounds=log_auc_bounds)
def log_auc(c: Confusion, fpr_range: Span = (0.001, 0.1)) -> Tensor:
    """Area under the ROC curve over the logarithm of fpr, mean of tpr over log(fpr) in a range; undefined with one class.

    By trapezoids between the points of the curve and the two ends, which lie on straight lines of fpr, as torchmetrics'
    ``BinaryLogAUC``; it weighs early recall (Mysinger and Shoichet 2010). 1 is perfect. Chance, tpr = fpr, is
    (b - a) / log(b / a): 0.0215 over the usual range.

    Args:
        c: along thresholds, [..., points].
        fpr_range: false positive rates from a to b, 0 < a < b <= 1.

    Raises:
        ValueError: a range outside (0, 1], or of no length.

    >>> log_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), fpr_range=(0.25, 1))
    tensor(0.8125, dtype=torch.float64)
    """
    path, ratio, length = _logarithmic(c, fpr_range)
    return (serial_sum(ratio * (path.first + path.last) / 2) / (path.positives * length)).clamp(0, 1)


def _height(path: Steps, bottom: Tensor, top: Tensor) -> Tensor:
    """Mean height of the straight line across each bin, inside a range of tpr, above its bottom."""
    start, end = (line.maximum(bottom).minimum(top) - bottom for line in (path.first, path.last))
    rise = path.last - path.first
    inside, beyond = end - start, (path.last - path.first.maximum(top)).clamp(min=0)
    return start + inside * ((inside / 2 + beyond) / rise).clamp(max=1).where(rise > 0, 0.0)


def _box(c: Confusion, fpr_range: Span, tpr_range: Span, ties: Tensor | None = None) -> tuple[Steps, Tensor, Tensor]:
    """The steps inside a range of fpr, and the bottom and the top of a range of tpr in counts, [..., 1]."""
    path = steps(c, ends_of("fpr_range", fpr_range), ties)
    bottom, top = (path.positives[..., None] * end for end in ends_of("tpr_range", tpr_range))
    return path, bottom, top


def _area(path: Steps, fpr_range: Span, bottom: Tensor, top: Tensor) -> Tensor:
    """The area of a box in pairs of counts."""
    return path.negatives * (fpr_range[1] - fpr_range[0]) * (top - bottom)[..., 0]


def _logarithmic(c: Confusion, fpr_range: Span, ties: Tensor | None = None) -> tuple[Steps, Tensor, float]:
    """The steps inside a range of fpr, the logarithm of fpr after each over fpr before it, and that of the whole range."""
    first, second = ends_of("fpr_range", fpr_range, above_zero=True)
    path = steps(c, (first, second), ties)
    return path, torch.log1p(path.width / path.start), math.log(second / first)
