"""The path of false and true positives, bin by bin, as the threshold falls: what areas and points are made of."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion, real_dtype
from torch_binmetrics.measures.declared import Ends, Span

#: From here on the expansion of the harmonic numbers is exact to float64.
SMALL = 32


class Steps(NamedTuple):
    """The ROC curve bin by bin, scores descending, between two false positive rates, in counts.

    Args:
        start: fp where the bin begins, inside the range, [..., points].
        width: along fp, inside the range.
        lowest: tp in the bin at least, that above it; of a tie the middle of the line across it.
        highest: tp in the bin at most, that with it; of a tie the same middle.
        first: tp on a straight line across the bin where the range cuts it off, at the start.
        last: likewise, at the end.
        positives: all of them, [...].
        negatives: likewise.
    """

    start: Tensor
    width: Tensor
    lowest: Tensor
    highest: Tensor
    first: Tensor
    last: Tensor
    positives: Tensor
    negatives: Tensor

    def bounds(self, weight: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of ``weight`` times tp at least and at most in each bin, over ``height``: the two staircases."""
        return serial_sum(weight * self.lowest) / height, serial_sum(weight * self.highest) / height


def staircase(c: Confusion) -> tuple[Tensor, Tensor]:
    """Fp and tp at descending thresholds, from 0 at a threshold above all scores: float64, [..., points + 1] each."""
    if c.weighted:
        c = c.real()
    return _from_zero(c.fp), _from_zero(c.tp)


def descending(ties: Tensor | None, like: Tensor) -> Tensor:
    """Which bins are ties, scores descending: bool, [points]; none if that is not known."""
    return torch.zeros(like.shape[-1:], dtype=torch.bool, device=like.device) if ties is None else ties.flip(-1)


def steps(c: Confusion, fpr_range: Span = (0.0, 1.0), ties: Tensor | None = None) -> Steps:
    """The steps of the ROC curve between two false positive rates."""
    fp, tp = staircase(c)
    before, after, positives, negatives = tp[..., :-1], tp[..., 1:], tp[..., -1], fp[..., -1]
    if fpr_range == (0, 1):
        lowest, highest = _ends(before, after, (before, after), ties)
        return Steps(fp[..., :-1], fp.diff(), lowest, highest, before, after, positives, negatives)
    low, high = (fp[..., -1:] * end for end in fpr_range)
    x = fp.maximum(low).minimum(high)
    width, full, climb = x.diff(), fp.diff(), after - before
    first, last = (before + (climb * (side - fp[..., :-1]) / full).where(width > 0, 0.0) for side in (x[..., :-1], x[..., 1:]))
    lowest, highest = _ends(first, last, (before, after), ties)
    return Steps(x[..., :-1], width, lowest, highest, first, last, positives, negatives)


def from_infinity(thresholds: Tensor) -> Tensor:
    """Thresholds in descending order, after one above all scores."""
    return pad(thresholds.flip(-1), (1, 0), value=math.inf)


def to_infinity(thresholds: Tensor) -> Tensor:
    """Thresholds in ascending order, then one above all scores."""
    return pad(thresholds, (0, 1), value=math.inf)


def at_point(line: Tensor, point: Tensor) -> Tensor:
    """The entries of lines, [points] or [..., points], at numbers, [...], without asking the device for these."""
    return line.expand(*point.shape, line.shape[-1]).gather(-1, point.unsqueeze(-1)).squeeze(-1)


def serial_sum(values: Tensor) -> Tensor:
    """Sum along the last axis in one order, whatever the number of threads: torch.sum of a long one depends on it."""
    return values.cumsum(-1)[..., -1]


def harmonic_difference(n: Tensor, k: Tensor) -> Tensor:
    """H(n + k) - H(n) for whole n, k >= 0, to a few units in the last place, where two digammas would cancel.

    Terms from below n = 32 are added up, the rest comes of the digamma's expansion at n + 1/2.
    """
    difference, few = _expanded(n, k), (n < SMALL).nonzero(as_tuple=True)
    n, k = n[few], k[few]
    added = k.clamp(max=SMALL)
    terms = torch.arange(1, SMALL + 1, device=n.device)
    first = serial_sum((1 / (n[:, None] + terms)).where(terms <= added[:, None], 0))
    difference[few] = first + _expanded(n + added, k - added)
    return difference


def outward(low: Tensor, high: Tensor, points: int, edge: Tensor | float = 8) -> Ends:
    """Both ends moved out by the most that summing so many terms, and ``edge`` times an error of 1 in 2^52, can round."""
    slack = (points * high + edge) * torch.finfo(low.dtype).eps
    return low - slack, high + slack


def outward_share(low: Tensor, high: Tensor, points: int, edge: Tensor | float = 8) -> Ends:
    """Both ends of a measure from 0 to 1 moved out, as :func:`outward`, and no further than that."""
    low, high = outward(low, high, points, edge)
    return low.clamp(0, 1), high.clamp(0, 1)


def ends_of(name: str, ends: Span, *, above_zero: bool = False) -> Span:
    """Both ends of a range of rates as floats; ValueError unless 0 <= first < second <= 1, or 0 < first."""
    try:
        first, second = ends
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair of rates, got {ends!r}: pass two numbers such as (0.001, 0.1)") from None
    first, second = number(name, first), number(name, second)
    if not 0 <= first < second <= 1 or (above_zero and not first):
        inside = "(0, 1]" if above_zero else "[0, 1]"
        raise ValueError(f"{name} must be two rates in {inside}, the lower one first, got {ends!r}")
    return first, second


def _from_zero(counts: Tensor) -> Tensor:
    """Counts along ascending thresholds, descending and in float64, after a 0."""
    line = counts.new_zeros((*counts.shape[:-1], counts.shape[-1] + 1), dtype=real_dtype(counts.device))
    line[..., 1:] = counts.flip(-1)
    return line


def _ends(first: Tensor, last: Tensor, ends: tuple[Tensor, Tensor], ties: Tensor | None) -> tuple[Tensor, Tensor]:
    """Both ends of tp in each bin, and in a tie the middle of the line across it."""
    if ties is None:
        return ends
    middle, tied = (first + last) / 2, ties.flip(-1)
    low, high = (middle.where(tied, end) for end in ends)
    return low, high


def _expanded(n: Tensor, k: Tensor) -> Tensor:
    """H(n + k) - H(n) by the digamma's expansion; in place, since new memory is what long vectors cost most."""
    c = n + 0.5
    return (k / c).log1p_().add_(_psi_minus_log(c + k)).sub_(_psi_minus_log(c))


def _psi_minus_log(x: Tensor) -> Tensor:
    """psi(x + 1/2) - log(x) by its asymptotic series, to 1e-18 from x = 32 on."""
    u = x**-2
    series = u * (-127 / 30720)
    for term in (31 / 8064, -7 / 960, 1 / 24):
        series.add_(term).mul_(u)
    return series
