"""The precision-recall curve: its points, its area by steps and by trapezoids with certain bounds, and the band it runs in.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Rates and areas are float64, NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, Precisions, measure
from torch_binmetrics.measures.rates import precision, recall
from torch_binmetrics.measures.roc import pairs
from torch_binmetrics.measures.staircase import descending, harmonic_difference, outward_share, serial_sum, staircase


class PrecisionRecall(NamedTuple):
    """Precision and recall at ascending thresholds, then a last (1, 0) without one: [..., points + 1] twice, and [points]."""

    precision: Tensor
    recall: Tensor
    thresholds: Tensor


class PrecisionRecallBand(NamedTuple):
    """Lowest and highest precision along recall, which ascends from 0 to 1: each [..., 2 points]."""

    recall: Tensor
    lower: Tensor
    upper: Tensor


@measure(span=None)
def precision_recall_curve(c: Confusion, thresholds: Tensor) -> PrecisionRecall:
    """Precision against recall, tp / (tp + fp) against tp / (tp + fn); undefined with no positive (recall).

    In scikit-learn's order. Chance is the prevalence at every recall (Davis and Goadrich 2006).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> precision_recall_curve(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).precision
    tensor([0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    return PrecisionRecall(pad(precision(c), (0, 1), value=1.0), pad(recall(c), (0, 1)), thresholds)


def average_precision_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest average precision: in every bin the negatives first and no ties, or all positives tied first.

    With P0, N0 positives and negatives above a bin and P1, N1 including it, a bin of p positives gives at most
    p P1 / (P1 + N0), and at least the sum over j = 1 .. p of (P0 + j) / (P0 + j + N1): p minus N1 times a difference of
    harmonic numbers. Sums of weights can be split without end, and the difference becomes a logarithm.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the average precision is undefined.

    >>> average_precision_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.7500, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    bins = _bins(c)
    lost = _harmonic(c, bins.before + bins.fp_after, bins.found)
    least = torch.addcmul(bins.found, bins.fp_after, lost, value=-1)
    most = (bins.found * bins.after).div_(_some(bins.after + bins.fp_before))
    if ties is None:
        return bins.share(least, most)
    stepped, tied = _stepped(bins), ties.flip(-1)
    return bins.share(stepped.where(tied, least), stepped.where(tied, most))


@measure(span=(0, 1), bounds=average_precision_bounds, form=Precisions())
def average_precision(c: Confusion) -> Tensor:
    """Average precision, sum of (R_k - R_k-1) P_k over descending thresholds; undefined with no positive.

    Without interpolation, as scikit-learn; 1 with no negative. Chance is the prevalence, in the mean over large samples.

    Args:
        c: along thresholds, [..., points].

    >>> average_precision(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.7500, dtype=torch.float64)
    """
    bins = _bins(c)
    return (serial_sum(_stepped(bins)) / bins.positives).clamp(0, 1)


def precision_recall_auc_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest area under the PR curve: in every bin the negatives first, or the positives first.

    At a constant fp, precision t / (t + fp) is concave in t = tp. So a path within a bin has the least area with all
    negatives first and one straight line across the positives, tied; and the most with all positives first, in the smallest
    steps: of 1, a difference of harmonic numbers, or for sums of weights without end, a logarithm.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the area is undefined.

    >>> precision_recall_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.7083, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    bins = _bins(c)
    least = bins.found * (_precision(bins.before, bins.fp_after) + _precision(bins.after, bins.fp_after)) / 2
    first, last = bins.before + bins.fp_before, bins.after + bins.fp_before
    lost = _harmonic(c, first, bins.found)
    if not c.weighted:
        lost = lost + (1 / first - 1 / last) / 2
    most = bins.found - (bins.fp_before * lost).where(bins.fp_before > 0, 0.0)
    tied = descending(ties, least)
    return bins.share(*(_straight(bins).where(tied, end) for end in (least, most)))


@measure(span=(0, 1), bounds=precision_recall_auc_bounds)
def precision_recall_auc(c: Confusion) -> Tensor:
    """Area under the PR curve by trapezoids, sum of (R_k - R_k-1) (P_k + P_k-1) / 2; undefined with no positive.

    From precision 1 at recall 0, as scikit-learn's ``auc(recall, precision)``; 1 with no negative. Straight lines between
    the points promise more than any threshold in between can keep (Davis and Goadrich 2006), which is why it is at least
    the average precision of scores in few ties. Chance is about the prevalence.

    Args:
        c: along thresholds, [..., points].

    >>> precision_recall_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.8750, dtype=torch.float64)
    """
    bins = _bins(c)
    return (serial_sum(_straight(bins)) / bins.positives).clamp(0, 1)


def precision_recall_band(c: Confusion, *, ties: Tensor | None = None) -> PrecisionRecallBand:
    """Band of the precision-recall curve: with t = tp and the fp above and with a bin, t / (t + fp) at either.

    Certain, not statistical. Entries 2 k and 2 k + 1 belong to one bin, scores descending: recall above it and with it; the
    lower end, a straight line between the precisions at both with all negatives of the bin called positive; and the upper end,
    twice the precision at the end of the bin with none of them. For every point of the exact curve, of scores placed anyhow in
    the bins, tied or not, there is a bin whose recall and whose ends enclose it. So there is for the straight lines between its
    points, since t / (t + fp) is concave in t, and for the steps whose area is the average precision. In a tie the curve runs
    between the precisions at either end. It starts at
    recall 0 and precision 1.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        NaN in the recall if there is no positive.

    >>> precision_recall_band(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))).lower
    tensor([1.0000, 1.0000, 0.3333, 0.5000], dtype=torch.float64)
    """
    bins = _bins(c)
    positives = bins.positives[..., None]
    start, end, tied = (
        _precision(bins.before, bins.fp_before),
        _precision(bins.after, bins.fp_after),
        descending(ties, bins.found),
    )
    lowest, highest = _precision(bins.before, bins.fp_after), _precision(bins.after, bins.fp_before)
    lower = pairs(start.minimum(end).where(tied, lowest), end)
    upper = pairs(start.maximum(end).where(tied, highest), end.where(tied, highest))
    return PrecisionRecallBand(pairs(bins.before / positives, bins.after / positives), lower, upper)


class _Bins(NamedTuple):
    """The bins, scores descending: positives found, tp and fp before and after, [..., points] each; all positives, [...]."""

    found: Tensor
    before: Tensor
    after: Tensor
    fp_before: Tensor
    fp_after: Tensor
    positives: Tensor

    def share(self, low: Tensor, high: Tensor) -> Ends:
        """Ends of an area from what each bin adds to it at least and at most."""
        low, high = serial_sum(low) / self.positives, serial_sum(high) / self.positives
        return outward_share(low, high, self.found.shape[-1])


def _bins(c: Confusion) -> _Bins:
    """The curve bin by bin."""
    fp, tp = staircase(c)
    return _Bins(tp.diff(), tp[..., :-1], tp[..., 1:], fp[..., :-1], fp[..., 1:], tp[..., -1])


def _stepped(bins: _Bins) -> Tensor:
    """What each bin adds to the area by steps if it is a tie: its positives at the precision with the whole of it."""
    return (bins.found * bins.after).div_(_some(bins.after + bins.fp_after))


def _straight(bins: _Bins) -> Tensor:
    """What each bin adds to the area by trapezoids if it is a tie."""
    return bins.found * (_precision(bins.before, bins.fp_before) + _precision(bins.after, bins.fp_after)) / 2


def _harmonic(c: Confusion, n: Tensor, k: Tensor) -> Tensor:
    """Sum of 1 / (n + j) for j = 1 .. k; for sums of weights, which have no smallest step, its integral."""
    return torch.log1p(k / _some(n)) if c.weighted else harmonic_difference(n, k)


def _some(counts: Tensor) -> Tensor:
    """Counts in place, and in the place of 0 a number to divide by that is far below any other: 0 over 0 is 0 then."""
    return counts.clamp_(min=torch.finfo(counts.dtype).tiny * 2**30)


def _precision(tp: Tensor, fp: Tensor) -> Tensor:
    """Precision tp / (tp + fp), and 1 where nothing is called positive: there the PR curve starts."""
    return (tp / (tp + fp)).where(tp + fp > 0, 1.0)
