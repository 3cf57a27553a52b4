"""How sure measures are that are too high in every small sample: the largest gap, and sums of gaps of either sign.

A bootstrap of the value itself does not help: each draw is too high once more. What can be drawn is how far the gaps of a
sample are from those of the population, and no more than that can the measure of the gaps have moved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.measures.calibration import Norm, gaps, norm_of
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import CalibrationGaps, Ends, LargestGap
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.measures.staircase import serial_sum
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import drawn_quantiles, percentile_interval, standard_error, too_often_undefined
from torch_binmetrics.uncertainty.proportions import deviations, effective_interval, kolmogorov_deviations

Gaps = LargestGap | CalibrationGaps

#: Points of the ROC curve that may be its furthest from the diagonal: no nearer to it by this many sqrt(1/m + 1/n).
NEAR = 2.0
#: With fewer of a class the distance is that of Kolmogorov's distribution, since a bootstrap of so few varies too little.
MANY = 50


def distance(form: Gaps, reading: Reading[Any], snapshot: Snapshot) -> Callable[[Snapshot], Tensor]:
    """How far the gaps of a draw are from those of the sample, in the norm of the measure: [draws]."""
    if isinstance(form, LargestGap):
        return _distance_of_rates(snapshot)
    assert reading.given is not None
    norm = _norm(reading)
    sums, samples = gaps(*reading.given(snapshot))
    total = serial_sum(samples)

    def apart(drawn: Snapshot) -> Tensor:
        assert reading.given is not None
        other, size = gaps(*reading.given(drawn))
        scaled = other * (total / serial_sum(size))[..., None]
        return norm_of((scaled - sums).abs().where(samples > 0, 0.0), samples, total, norm)

    return apart


def gap_ends(snapshot: Snapshot, value: Tensor | OperatingPoint, drawn: Tensor, level: float) -> Ends:
    """The ends of a value, and of a threshold by percentiles, from draws of the numbers of both and of the distance.

    Of the Kolmogorov-Smirnov statistic, the upper end is the highest that Newcombe's hybrid score interval of a difference of
    proportions (1998) has at any threshold.
    """
    if isinstance(value, OperatingPoint):
        low, high = percentile_interval(drawn[:, 1:2], level)
        first, second = _largest_ends(snapshot, value.value, drawn[:, -1:], level)
        low, high = torch.cat([first, low]), torch.cat([second, high])
    else:
        [apart], reach = drawn_quantiles(drawn[:, -1:], (1 + level) / 2), deviations(level) * standard_error(drawn[:, :1])
        low, high = (value - apart[0]).clamp(min=0), (value + reach[0]).clamp(max=1)
    known = ~too_often_undefined(drawn[:, 0], level) & (low < high)
    return low.where(known, torch.nan), high.where(known, torch.nan)


def _largest_ends(snapshot: Snapshot, value: Tensor, apart: Tensor, level: float) -> Ends:
    """The ends of the largest difference of rates, [1] each."""
    rates = _Rates(snapshot)
    [drawn] = drawn_quantiles(apart, (1 + level) / 2)
    lower = drawn if rates.fewest >= MANY else kolmogorov_deviations(level) * rates.unit[None]
    return (value - lower).clamp(min=0), rates.highest(deviations(level)).maximum(value)[None]


class _Rates:
    """True and false positive rates along the thresholds, and of how many samples each is."""

    def __init__(self, snapshot: Snapshot) -> None:
        c = snapshot.confusion
        self.tpr, self.fpr = _rates(c)
        squares = snapshot.squares.confusion if snapshot.layout.weighted else None
        self.positives, self.negatives = (_effective(c, squares, *names) for names in (("tp", "fn"), ("fp", "tn")))
        self.fewest = float(self.positives.minimum(self.negatives))
        self.unit = (1 / self.positives + 1 / self.negatives).sqrt()

    def highest(self, z: float) -> Tensor:
        """The upper end of the largest difference of rates."""
        above = self.tpr >= self.fpr
        high, low = self.tpr.maximum(self.fpr), self.tpr.minimum(self.fpr)
        of_high, of_low = (torch.where(side, self.positives, self.negatives) for side in (above, ~above))
        up = effective_interval(high, of_high, z)[1] - high
        down = low - effective_interval(low, of_low, z)[0]
        return (high - low + (up**2 + down**2).sqrt()).amax(-1).clamp(max=1)


def _distance_of_rates(snapshot: Snapshot) -> Callable[[Snapshot], Tensor]:
    """How far the difference of rates of a draw is from the sample's, where that may be largest, towards larger ones."""
    rates = _Rates(snapshot)
    difference = rates.tpr - rates.fpr
    least = difference.abs().amax(-1, keepdim=True) - NEAR * rates.unit

    def apart(drawn: Snapshot) -> Tensor:
        tpr, fpr = _rates(drawn.confusion)
        moved = tpr - fpr - difference
        up, down = moved.where(difference >= least, -1.0), (-moved).where(-difference >= least, -1.0)
        return up.amax(-1).maximum(down.amax(-1))

    return apart


def _rates(c: Confusion) -> tuple[Tensor, Tensor]:
    """True and false positive rates."""
    c = c.real()
    return c.tp / (c.tp + c.fn)[..., :1], c.fp / (c.fp + c.tn)[..., :1]


def _effective(c: Confusion, squares: Confusion | None, called: str, others: str) -> Tensor:
    """Samples of a class; of weights, as many as have their variance."""
    total, square = (
        (getattr(each, called) + getattr(each, others))[..., 0].double() for each in (c, c if squares is None else squares)
    )
    samples: Tensor = total if squares is None else total * (total / square)
    return samples


def _norm(reading: Reading[Any]) -> Norm:
    """The norm of a calibration error."""
    return getattr(reading.measure, "keywords", {}).get("norm", "l1")  # type: ignore[no-any-return]
