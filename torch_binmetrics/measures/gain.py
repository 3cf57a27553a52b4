"""The precision-recall-gain curve: its area with certain bounds.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Areas are float64, [...], NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, measure
from torch_binmetrics.measures.staircase import descending, outward, serial_sum, staircase


def precision_recall_gain_auc_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest area under the precision-recall-gain curve: in every bin the negatives or the positives first.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the area is undefined.

    >>> precision_recall_gain_auc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(-0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    path = _steps(c)
    fp, _ = staircase(c)
    tied = descending(ties, path.fall)
    least, most = (
        path.loss(path.fp_before.where(tied, constant), path.fp_after.where(tied, constant))
        for constant in (fp[..., :-1], fp[..., 1:])
    )
    points = fp.shape[-1] + 8
    least, most = outward(least, most, points, 8 + points * path.odds[..., 0] if c.weighted else 8)  # missed weights cancel
    return 1 - most, (1 - least).clamp(max=1)


@measure(span=None, bounds=precision_recall_gain_auc_bounds)
def precision_recall_gain_auc(c: Confusion) -> Tensor:
    """Area under the precision-recall-gain curve, mean of 1 - (P / N) fp / tp; undefined with one class.

    The mean of the precision gain over recall gains 1 - (P / N) fn / tp from 0 to 1, P and N being all positives and
    negatives. Chance is 0, perfect is 1, and a reversed order gives -N / (2 P). Lines that are straight in (tp, fp) are
    straight in the gains too, so that interpolation promises nothing that cannot be kept (Flach and Kull 2015).

    Args:
        c: along thresholds, [..., points].

    >>> precision_recall_gain_auc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.5000, dtype=torch.float64)
    """
    path = _steps(c)
    return 1 - path.loss(path.fp_before, path.fp_after)


class _Steps(NamedTuple):
    """The curve bin by bin, scores descending, in counts, from recall gain 0 on: [..., points] each, the last two [..., 1].

    ``odds`` is positives over negatives. In a bin x = 1 / tp falls by ``fall``, and ``before`` and ``after`` are the values of
    x at its ends; both gains are linear in x wherever fp is linear in tp.
    """

    fall: Tensor
    before: Tensor
    after: Tensor
    fp_before: Tensor
    fp_after: Tensor
    positives: Tensor
    odds: Tensor

    def loss(self, fp_before: Tensor, fp_after: Tensor) -> Tensor:
        """What is lost of an area of 1, (P / N)^2 P times the integral of fp / tp over 1 / tp, with fp given at both ends."""
        heights = fp_before * self.before + fp_after * self.after
        return (self.positives * self.odds**2)[..., 0] * serial_sum(self.fall * heights / 2)


def _steps(c: Confusion) -> _Steps:
    """The steps of the curve, the first of which is cut off at tp = P^2 / (P + N)."""
    fp, tp = staircase(c)
    positives, negatives = tp[..., -1:], fp[..., -1:]
    found, inside = tp.diff(), tp.maximum(positives * (positives / (positives + negatives)))
    missed = (positives - tp).minimum(positives * (negatives / (positives + negatives)))
    rare = positives < negatives  # the way from the cut is measured at the end that is small, where nothing cancels
    width = torch.where(rare, inside.diff(), -missed.diff())
    skipped = torch.where(rare, (inside - tp)[..., :-1], found - width)
    fp_before = fp[..., :-1] + (fp.diff() * skipped / found).where(width > 0, 0.0)
    before, after = 1 / inside[..., :-1], 1 / inside[..., 1:]
    return _Steps(width * before * after, before, after, fp_before, fp[..., 1:], positives, positives / negatives)
