"""Confusion(tp, fp, tn, fn): the only currency between counts and scores."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Confusion(NamedTuple):
    """True and false positives and negatives: tensors of one shape, int64 counts or float64 sums of weights.

    0-d at one threshold, 1-D along ascending thresholds. Positive means ``preds >= threshold``.
    """

    tp: Tensor
    fp: Tensor
    tn: Tensor
    fn: Tensor

    @property
    def weighted(self) -> bool:
        """Whether these are sums of weights."""
        return self.tp.is_floating_point()

    def real(self) -> Confusion:
        """The same in float64 (float32 where the device has no float64), since products of counts overflow int64."""
        dtype = torch.float32 if self.tp.device.type == "mps" else torch.float64
        return Confusion(*(count.to(dtype) for count in self))


def confusion_at(counts: Tensor, position: int) -> Confusion:
    """Confusion of ``counts``, [2, bins], when bins from ``position`` on are called positive.

    >>> confusion_at(torch.tensor([[5, 2], [1, 7]]), 1)
    Confusion(tp=tensor(7), fp=tensor(2), tn=tensor(5), fn=tensor(1))
    """
    (tn, fn), (fp, tp) = _total(counts[:, :position]), _total(counts[:, position:])
    return Confusion(tp, fp, tn, fn)


def confusion_along(counts: Tensor) -> Confusion:
    """Confusions of ``counts``, [2, bins], at the lower edge of every bin: a reversed running sum, each [bins].

    >>> confusion_along(torch.tensor([[5, 2], [1, 7]])).tp
    tensor([8, 7])
    """
    above = counts.flip(1).cumsum(1).flip(1)
    (fp, tp), (negatives, positives) = above, above[:, 0]
    return Confusion(tp, fp, negatives - fp, positives - tp)


def occupied_bins(counts: Tensor) -> Tensor:
    """Ascending numbers of the bins of ``counts``, [2, bins], that hold samples: int64, [points]; bin 0 if none does."""
    bins = counts.sum(0).nonzero().squeeze(1)
    return bins if len(bins) else bins.new_zeros(1)


def with_none_predicted(c: Confusion) -> Confusion:
    """Confusions along thresholds, [points], and one more at a threshold above all scores, [points + 1]."""
    none = c.tp.new_zeros(1)
    positives, negatives = (c.tp + c.fn)[:1], (c.fp + c.tn)[:1]
    return Confusion(*map(torch.cat, ((c.tp, none), (c.fp, none), (c.tn, negatives), (c.fn, positives))))


def _total(counts: Tensor) -> Tensor:
    """Sum along the bins, in one order whatever the number of threads: torch.sum of floats depends on it."""
    if counts.is_floating_point() and counts.shape[1]:
        return counts.cumsum(1)[:, -1]
    return counts.sum(1)
