"""Confusion(tp, fp, tn, fn): the only currency between counts and measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad


class Confusion(NamedTuple):
    """True and false positives and negatives: tensors of one shape, int64 counts or float64 sums of weights.

    0-d at one threshold, [points] along ascending thresholds; axes before that last one are left alone by every measure.
    Positive means ``preds >= threshold``.
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
        """The same in float64 (float32 where the device has no float64), since products of counts overflow int64.

        Sums of weights come times a power of two that brings the largest of a line near 1: no measure of these changes by that,
        and products of four of them overflow no more than they vanish, be the weights 1e160 or 1e-300.
        """
        dtype = real_dtype(self.tp.device)
        real = Confusion(*(count.to(dtype) for count in self))
        if not self.weighted or not self.tp.numel():
            return real
        scale = _power_of_two(real)
        return Confusion(*(count * scale for count in real))


def confusion_at(counts: Tensor, position: int) -> Confusion:
    """Confusion of ``counts``, [..., 2, bins], when bins from ``position`` on are called positive: [...] each.

    >>> confusion_at(torch.tensor([[5, 2], [1, 7]]), 1)
    Confusion(tp=tensor(7), fp=tensor(2), tn=tensor(5), fn=tensor(1))
    """
    (tn, fn), (fp, tp) = (_total(part).unbind(-1) for part in (counts[..., :position], counts[..., position:]))
    return Confusion(tp, fp, tn, fn)


def confusion_along(counts: Tensor) -> Confusion:
    """Confusions of ``counts``, [..., 2, bins], at the lower edge of every bin: a reversed running sum, [..., bins] each.

    >>> confusion_along(torch.tensor([[5, 2], [1, 7]])).tp
    tensor([8, 7])
    """
    above = counts.flip(-1).cumsum(-1).flip(-1)
    below = above[..., :1] - above
    return Confusion(above[..., 1, :], above[..., 0, :], below[..., 0, :], below[..., 1, :])


def with_none_predicted(c: Confusion) -> Confusion:
    """Confusions along thresholds, [..., points], and one more at a threshold above all scores, [..., points + 1].

    >>> with_none_predicted(confusion_along(torch.tensor([[5, 2], [1, 7]]))).tp
    tensor([8, 7, 0])
    """
    positives, negatives = (c.tp + c.fn)[..., :1], (c.fp + c.tn)[..., :1]
    return Confusion(pad(c.tp, (0, 1)), pad(c.fp, (0, 1)), torch.cat([c.tn, negatives], -1), torch.cat([c.fn, positives], -1))


def one_by_one(function: Callable[[Confusion], Tensor], c: Confusion, axes: int) -> Tensor:
    """What a function that knows of no more than its last ``axes`` axes gives for each of the confusions before these."""
    if c.tp.ndim <= axes:
        return function(c)
    rows = [one_by_one(function, Confusion(*row), axes) for row in zip(*c, strict=True)]
    return torch.stack([torch.as_tensor(row) for row in rows])


def real_dtype(device: torch.device) -> torch.dtype:
    """float64, or float32 on a device that has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def _power_of_two(c: Confusion) -> Tensor:
    """What brings the largest count of a line, [..., points], near 1: [..., 1]; it is no subnormal number itself."""
    largest = torch.stack([count.amax(-1, keepdim=True) if count.ndim else count for count in c]).amax(0)
    exponent = torch.frexp(largest).exponent.clamp(-1000, 1000)
    return torch.ldexp(torch.ones_like(largest), -exponent)


def _total(counts: Tensor) -> Tensor:
    """Sum along the bins, in one order whatever the number of threads: torch.sum of floats depends on it."""
    if counts.is_floating_point() and counts.shape[-1]:
        return counts.cumsum(-1)[..., -1]
    return counts.sum(-1)
