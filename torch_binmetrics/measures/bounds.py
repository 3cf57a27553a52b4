"""Certain lower and upper ends of what the binning hides: no order of the scores inside the bins can leave them.

Sampling error is another thing: a bound says where the area of these very samples lies. Both ends include the rounding of
the sums, at most (number of points) x 2.2e-16 of the value.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torch_binmetrics.measures.areas import gain_loss, gain_steps, precision_from, roc_steps, standardised
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.curves import serial_sum, staircase

#: From here on the expansion of the harmonic numbers is exact to float64.
SMALL = 32


def auroc_bounds(c: Confusion, max_fpr: float | None = None) -> tuple[Tensor, Tensor]:
    """Lowest and highest area under the ROC curve: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [points].
        max_fpr: as for :func:`~torch_binmetrics.measures.areas.auroc`.

    Returns:
        Two 0-d float64 tensors, NaN where the area is undefined.

    >>> auroc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    steps = roc_steps(c, max_fpr)
    low, high = (serial_sum(steps.width * height) / steps.pairs for height in (steps.before, steps.after))
    low, high = outward(low, high, len(steps.width))
    return standardised(low, max_fpr).clamp(0, 1), standardised(high, max_fpr).clamp(0, 1)


def gini_bounds(c: Confusion) -> tuple[Tensor, Tensor]:
    """Lowest and highest Gini coefficient: those of the area under the ROC curve, doubled, less 1.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        Two 0-d float64 tensors, NaN where the coefficient is undefined.

    >>> gini_bounds(Confusion(*torch.tensor([[2, 2], [4, 1], [0, 3], [0, 0]])))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    low, high = auroc_bounds(c)
    return 2 * low - 1, 2 * high - 1


def average_precision_bounds(c: Confusion) -> tuple[Tensor, Tensor]:
    """Lowest and highest average precision: in every bin the negatives first and no ties, or all positives tied first.

    With P0, N0 positives and negatives above a bin and P1, N1 including it, a bin of p positives gives at most
    p P1 / (P1 + N0), and at least the sum over j = 1 .. p of (P0 + j) / (P0 + j + N1): p minus N1 times a difference of
    harmonic numbers. Sums of weights can be split without end, and the difference becomes a logarithm.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        Two 0-d float64 tensors, NaN where the average precision is undefined.

    >>> average_precision_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.7500, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    fp, tp = staircase(c)
    found, before, after = tp.diff(), tp[:-1], tp[1:]
    harmonic = torch.log1p(found / (before + fp[1:])) if c.weighted else _harmonic_difference(before + fp[1:], found)
    least = found - (fp[1:] * harmonic).where(fp[1:] > 0, 0.0)
    most = found * (after / (after + fp[:-1])).where(found > 0, 0.0)
    return outward_share(serial_sum(least) / tp[-1], serial_sum(most) / tp[-1], len(found))


def precision_recall_auc_bounds(c: Confusion) -> tuple[Tensor, Tensor]:
    """Lowest and highest area under the PR curve: in every bin the negatives first, or the positives first.

    At a constant fp, precision t / (t + fp) is concave in t = tp. So a path within a bin has the least area with all
    negatives first and one straight line across the positives, tied; and the most with all positives first, in the smallest
    steps: of 1, a difference of harmonic numbers, or for sums of weights without end, a logarithm.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        Two 0-d float64 tensors, NaN where the area is undefined.

    >>> precision_recall_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.7083, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    fp, tp = staircase(c)
    found, before, after = tp.diff(), tp[:-1], tp[1:]
    least = found * (precision_from(before, fp[1:]) + precision_from(after, fp[1:])) / 2
    first, last = before + fp[:-1], after + fp[:-1]
    lost = torch.log1p(found / first) if c.weighted else _harmonic_difference(first, found) + (1 / first - 1 / last) / 2
    most = found - (fp[:-1] * lost).where(fp[:-1] > 0, 0.0)
    return outward_share(serial_sum(least) / tp[-1], serial_sum(most) / tp[-1], len(found))


def precision_recall_gain_auc_bounds(c: Confusion) -> tuple[Tensor, Tensor]:
    """Lowest and highest area under the precision-recall-gain curve: in every bin the negatives or the positives first.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        Two 0-d float64 tensors, NaN where the area is undefined.

    >>> precision_recall_gain_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(-0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    steps = gain_steps(c)
    fp, _ = staircase(c)
    least, most = (gain_loss(steps, constant, constant) for constant in (fp[:-1], fp[1:]))
    points = len(fp) + 8
    least, most = outward(least, most, points, 8 + points * steps.odds if c.weighted else 8)  # missed weights cancel
    return 1 - most, (1 - least).clamp(max=1)


def _harmonic_difference(n: Tensor, k: Tensor) -> Tensor:
    """H(n + k) - H(n) for whole n, k >= 0, to a few units in the last place, where two digammas would cancel.

    Terms from below n = 32 are added up, the rest comes of the digamma's expansion at n + 1/2.
    """
    added = k.clamp(max=SMALL).where(n < SMALL, 0)
    few = added.nonzero().squeeze(1)
    terms = torch.arange(1, SMALL + 1, device=n.device)
    first = torch.zeros_like(n)
    first[few] = (1 / (n[few, None] + terms)).where(terms <= added[few, None], 0).cumsum(1)[:, -1]
    c, d = n + added + 0.5, n + k + 0.5
    return first + torch.log1p((k - added) / c) + _psi_minus_log(d) - _psi_minus_log(c)


def _psi_minus_log(x: Tensor) -> Tensor:
    """psi(x + 1/2) - log(x) by its asymptotic series, to 1e-18 from x = 32 on."""
    u = x**-2
    return u * (1 / 24 - u * (7 / 960 - u * (31 / 8064 - u * (127 / 30720))))


def outward(low: Tensor, high: Tensor, points: int, edge: Tensor | float = 8) -> tuple[Tensor, Tensor]:
    """Both ends moved out by the most that summing so many terms, and ``edge`` times an error of 1 in 2^52, can round."""
    slack = (points * high + edge) * torch.finfo(low.dtype).eps
    return low - slack, high + slack


def outward_share(low: Tensor, high: Tensor, points: int, edge: Tensor | float = 8) -> tuple[Tensor, Tensor]:
    """Both ends of a score from 0 to 1 moved out, as :func:`outward`, and no further than that."""
    low, high = outward(low, high, points, edge)
    return low.clamp(0, 1), high.clamp(0, 1)
