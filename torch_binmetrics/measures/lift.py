"""What the top scores hold: the cumulative-gains and the lift curve, and the capture rate with certain bounds.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Values are float64, NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, measure
from torch_binmetrics.measures.staircase import at_point, descending, from_infinity, outward_share, staircase


class CumulativeGains(NamedTuple):
    """Share called positive and recall at descending thresholds, from (0, 0) at inf to (1, 1): each [..., points + 1]."""

    depth: Tensor
    gain: Tensor
    thresholds: Tensor


class Lift(NamedTuple):
    """Share called positive and lift at descending thresholds, to (1, 1): each [..., points]."""

    depth: Tensor
    lift: Tensor
    thresholds: Tensor


@measure(span=None)
def cumulative_gains(c: Confusion, thresholds: Tensor) -> CumulativeGains:
    """Recall among the top scores, tp / (tp + fn) against (tp + fp) / n; undefined with no positive.

    The sales-force question: how many of the buyers does one reach who calls the most likely ones first? Chance is the
    diagonal (Berry and Linoff 1997).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> cumulative_gains(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).depth
    tensor([0.0000, 0.2500, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    called = fp + tp
    return CumulativeGains(called / called[..., -1:], tp / tp[..., -1:], from_infinity(thresholds))


@measure(span=None)
def lift_curve(c: Confusion, thresholds: Tensor) -> Lift:
    """Precision over prevalence, (tp / (tp + fp)) / ((tp + fn) / n) against (tp + fp) / n; undefined with no positive.

    Equal to the cumulative gain over the depth, and not defined at depth 0. Chance is 1 (Berry and Linoff 1997).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> lift_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).lift
    tensor([2., 1.], dtype=torch.float64)
    """
    depth, gain, descending = (line[..., 1:] for line in cumulative_gains(c, thresholds))
    return Lift(depth, gain / depth, descending)


def capture_bounds(c: Confusion, top: float = 0.1, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest capture rate: in the bin where the share ends the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [..., points].
        top: as for :func:`capture`.
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the rate is undefined.

    >>> capture_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), top=0.5)
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    points = c.tp.shape[-1] + 8
    tied, slack = descending(ties, c.tp), points * torch.finfo(torch.float64).eps
    # Summed up, a share may end in another bin: of weights over many orders, in one that holds the half of all positives.
    first, last = (_bin_of(c, top, moved) for moved in (-slack, slack))
    least, most = (first.reach - first.negatives).clamp(min=0), last.reach.minimum(last.positives)
    low, high = (
        (bin_.found + bin_.mixed.where(tied[bin_.place], end)) / bin_.all_positives
        for bin_, end in ((first, least), (last, most))
    )
    return outward_share(low, high, points, points)


@measure(span=(0, 1), bounds=capture_bounds)
def capture(c: Confusion, top: float = 0.1) -> Tensor:
    """Capture rate, recall when the ``top`` share of the samples is called positive; undefined with no positive.

    The height of the cumulative-gains curve: where the share ends inside a bin, its samples come in random order. Chance is
    ``top``, and no more than ``top`` over the prevalence can be captured (Berry and Linoff 1997).

    Args:
        c: along thresholds, [..., points].
        top: share of the samples, by descending score, in (0, 1].

    Raises:
        ValueError: ``top`` outside (0, 1].

    >>> capture(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), top=0.5)
    tensor(0.6667, dtype=torch.float64)
    """
    bin_ = _bin_of(c, top)
    return ((bin_.found + bin_.mixed) / bin_.all_positives).clamp(0, 1)


def check_top(top: float) -> None:
    """Raise ValueError unless ``top`` is in (0, 1]."""
    if not 0 < number("top", top) <= 1:
        raise ValueError(f"top must be in (0, 1], got {top}: pass the share of the samples to look at, 0.1 for a tenth")


class _Bin(NamedTuple):
    """The bin where a share of all samples ends, [...]: counts in it and above it, how far the share reaches in, its number."""

    found: Tensor
    positives: Tensor
    negatives: Tensor
    reach: Tensor
    all_positives: Tensor
    place: Tensor

    @property
    def mixed(self) -> Tensor:
        """Positives among those reached, if they come in random order."""
        size = self.positives + self.negatives
        return self.positives * (self.reach / size).where(size > 0, 0.0)


def _bin_of(c: Confusion, top: float, moved: float = 0.0) -> _Bin:
    """The bin where the ``top`` share of the samples ends, or where it ends when moved by a share of all."""
    check_top(top)
    fp, tp = staircase(c)
    depth = fp + tp
    everything = depth[..., -1]
    share = (everything * top + everything * moved).clamp(min=0)
    above = (depth <= share[..., None]).sum(-1).clamp(max=c.tp.shape[-1]) - 1
    found, so_far = at_point(tp, above), at_point(depth, above)
    positives, negatives = (at_point(line.diff(), above) for line in (tp, fp))
    reach = (share - so_far).where(share < everything, positives + negatives)
    return _Bin(found, positives, negatives, reach, tp[..., -1], above)
