"""How sure areas are: variances of the areas under the ROC curve and the precision-recall curve, and intervals from them.

Both intervals are Wilson's, with the number of trials that gives a proportion the variance of the area (Mee 1990, for the area
under the ROC curve), and of the sample with a part of a sample more at either end of the scores (Agresti and Coull 1998, for
proportions): where nothing varies in a small sample, something may in the population. The combination is our own; how well it
covers is measured by ``python -m benchmarks coverage``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends
from torch_binmetrics.measures.precision_recall import average_precision
from torch_binmetrics.measures.staircase import serial_sum
from torch_binmetrics.uncertainty.proportions import deviations, effective_interval, student_deviations

#: Parts of a sample that are added to a class, all together, in samples: one to a few, and the fewer the more there are.
ADDED = 5.0
#: Positives from which on none is added before all others to an average precision.
SURE = 100


def auroc_variance(c: Confusion) -> Tensor:
    """Variance of the area under the ROC curve, S10 / P + S01 / N (DeLong, DeLong and Clarke-Pearson 1988), ties included.

    S10 is the variance over the positives of the share of negatives below each, S01 over the negatives of the share of
    positives above each; ties count half.

    Args:
        c: along ascending thresholds, [..., points].

    Returns:
        float64, [...], NaN with fewer than two positives or two negatives.

    >>> auroc_variance(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.0625, dtype=torch.float64)
    """
    positives, negatives = _classes(c, None)
    below, above = 1 - negatives.middle, positives.middle
    area = serial_sum(positives.share * below)[..., None]
    return sum(  # type: ignore[return-value]
        serial_sum(own.share * (x - area) ** 2) / (own.samples - 1).where(own.samples > 1, torch.nan)
        for own, x in ((positives, below), (negatives, above))
    )


def auroc_interval(c: Confusion, level: float = 0.95, squares: Confusion | None = None) -> Ends:
    """Wilson's interval of the area A with the n of n = A (1 - A) / var, of DeLong's variance with min(1, 5 / m) samples added.

    Half of these are added to each class below all scores, half above, m being the smaller class.

    Args:
        c: along ascending thresholds, [..., points].
        level: as for :func:`wilson_interval`.
        squares: of sums of weights, the sums of their squares.

    Returns:
        Low and high end, float64, [...], 0 and 1 only where the area is; NaN with fewer than two positives or two negatives,
        of weights their effective number.

    >>> auroc_interval(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.2679, dtype=torch.float64), tensor(0.9609, dtype=torch.float64))
    """
    positives, negatives = _classes(c, squares)
    m, n = positives.samples[..., None], negatives.samples[..., None]
    added = (ADDED / m.minimum(n)).clamp(max=1) / 2
    below, above = 1 - negatives.middle, positives.middle
    area = serial_sum(positives.share * below)
    variance, middle = torch.zeros_like(area), area
    for own, other, x in ((positives, n, below), (negatives, m, above)):
        size, parts = own.samples[..., None], other + 2 * added
        ends = torch.cat([added / 2 / parts, (other + 1.5 * added) / parts], -1)
        shares = (other * x + added) / parts
        mean = (size * serial_sum(own.share * shares)[..., None] + added * ends.sum(-1, keepdim=True)) / (size + 2 * added)
        spread = serial_sum(own.square * (shares - mean) ** 2) + (added * (ends - mean) ** 2).sum(-1)
        variance, middle = variance + (spread / (size * (size + 2 * added))[..., 0]), mean[..., 0]
    low, high = effective_interval(area, middle * (1 - middle) / variance, deviations(level))
    known = (m.minimum(n) >= 2)[..., 0]
    return low.where(known, torch.nan), high.where(known, torch.nan)


def average_precision_variance(c: Confusion, squares: Confusion | None = None) -> Tensor:
    """Variance of the average precision over samples drawn anew: sum over all samples of (its change by one of these)^2.

    The infinitesimal jackknife (Efron 1982), to which a bootstrap comes with ever more draws and samples.

    Args:
        c: along ascending thresholds, [..., points].
        squares: of sums of weights, the sums of their squares.

    Returns:
        float64, [...], NaN with no positive.

    >>> average_precision_variance(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.0469, dtype=torch.float64)
    """
    fp, tp = (_descending(count) for count in (c.fp, c.tp))
    found, tp, called, positives = tp.diff(), tp[..., 1:], (tp + fp)[..., 1:], tp[..., -1:]
    share = (found / called**2).where(called > 0, 0.0)
    by_negative = -_from_here(share * tp) / positives
    precise = (tp / called).where(called > 0, 0.0)
    by_positive = (precise - average_precision(c)[..., None] + _from_here(share * (called - tp))) / positives
    sizes = c if squares is None else squares
    return serial_sum(_descending(sizes.tp).diff() * by_positive**2 + _descending(sizes.fp).diff() * by_negative**2)


def average_precision_interval(c: Confusion, level: float = 0.95, squares: Confusion | None = None) -> Ends:
    """Wilson's interval of the average precision with the n that its variance has, and Student's t of m - 1, m positives.

    min(1/2, 5 / m) positives are added below all scores, and 3/2 (1 - m / 100) above, none from 100 on.

    Args:
        c: along ascending thresholds, [..., points].
        level: as for :func:`wilson_interval`.
        squares: of sums of weights, the sums of their squares.

    Returns:
        Low and high end, float64, [...]; NaN with fewer than two positives or two negatives, of weights their effective number.

    >>> average_precision_interval(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.0059, dtype=torch.float64), tensor(0.9993, dtype=torch.float64))
    """
    positives, negatives = _classes(c, squares)
    m, value = positives.samples, average_precision(c)
    above, below = 1.5 * (1 - m / SURE).clamp(min=0), (ADDED / m).clamp(max=0.5)
    variance = average_precision_variance(c, squares) + (above * (1 - value) ** 2 + below * value**2) / m**2
    middle = (value * m + above) / (m + above + below)
    low, high = effective_interval(value, middle * (1 - middle) / variance, student_deviations(level, m - 1))
    known = m.minimum(negatives.samples) >= 2
    return low.where(known, torch.nan), high.where(known, torch.nan)


class _Class(NamedTuple):
    """The samples of a class bin by bin, scores descending, [..., points], and how many they are, [...].

    ``share`` adds up to 1 and ``middle`` is what of it lies above a bin and half of it. Sums of weights are as many samples as
    have their variance, W^2 / Q, Q being the sum of squared weights; ``square`` adds up to that as well.
    """

    share: Tensor
    middle: Tensor
    square: Tensor
    samples: Tensor


def _classes(c: Confusion, squares: Confusion | None) -> tuple[_Class, _Class]:
    """Positives and negatives."""
    sizes = c if squares is None else squares
    return _class(c.tp, sizes.tp, weighted=squares is not None), _class(c.fp, sizes.fp, weighted=squares is not None)


def _class(counts: Tensor, squares: Tensor, *, weighted: bool) -> _Class:
    """A class from what lies above each bin and with it, and its squares."""
    path, square = _descending(counts), _descending(squares).diff()
    total = path[..., -1:]
    path = path / total
    if weighted:
        samples = total * (total / serial_sum(square)[..., None])
        return _Class(
            path.diff(), (path[..., :-1] + path[..., 1:]) / 2, square / total * samples / total * samples, samples[..., 0]
        )
    return _Class(path.diff(), (path[..., :-1] + path[..., 1:]) / 2, square, total[..., 0])


def _descending(count: Tensor) -> Tensor:
    """Counts at descending thresholds, from 0 above all scores: float64, [..., points + 1]."""
    return pad(count.flip(-1).double(), (1, 0))


def _from_here(values: Tensor) -> Tensor:
    """Sums from each entry of a line on to its end."""
    return values.flip(-1).cumsum(-1).flip(-1)
