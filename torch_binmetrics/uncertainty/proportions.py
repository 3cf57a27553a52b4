"""Wilson's interval of a proportion, and of what varies as one: with the number of trials that has its variance."""

from __future__ import annotations

import math
from statistics import NormalDist

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import real_dtype
from torch_binmetrics.measures.declared import Ends
from torch_binmetrics.measures.staircase import serial_sum


def wilson_interval(successes: Tensor, trials: Tensor, level: float = 0.95) -> Ends:
    """Score interval of a proportion, (s + z^2/2 -+ z sqrt(s (n - s) / n + z^2/4)) / (n + z^2) (Wilson 1927).

    Args:
        successes: counts s, of any shape.
        trials: counts n, of that shape.
        level: share of samples whose interval holds the population's proportion, between 0 and 1.

    Returns:
        Low and high end, float64 of that shape within [0, 1], never of no width; NaN where there are no trials.

    Raises:
        TypeError, ValueError: ``level`` is no number between 0 and 1.

    >>> wilson_interval(torch.tensor(8), torch.tensor(10))
    (tensor(0.4902, dtype=torch.float64), tensor(0.9433, dtype=torch.float64))
    """
    z2 = deviations(level) ** 2
    s, n = (counts.to(real_dtype(counts.device)) for counts in (successes, trials))
    middle, reach = s + z2 / 2, (z2 * (s * (n - s) / n + z2 / 4)).sqrt()
    # Rounding must not leave the proportion itself outside, nor the ends outside of [0, 1].
    low, high = ((middle - reach) / (n + z2)).minimum(s / n), ((middle + reach) / (n + z2)).maximum(s / n)
    return low.clamp(min=0), high.clamp(max=1)


def outside_poisson(ends: Ends, successes: Tensor, failures: Tensor, level: float) -> Ends:
    """Wilson's ends of a share, moved out where its successes or failures are few, two or three (Brown, Cai and DasGupta 2001).

    Wilson's interval of one success among many trials begins so high that up to a sixth of all samples are not covered. Of few
    the lower end is at most that mean of a Poisson number which reaches them once in 1 - level; likewise the upper one.
    """
    s, f = (counts.to(ends[0].dtype) for counts in (successes, failures))
    trials = s + f
    few = torch.where(trials > 50, 3.0, 2.0) + 1e-9  # sums of weights are rounded
    low, high = (rare_mean(count.minimum(few), level).where(count <= few, count) / trials for count in (s, f))
    return ends[0].minimum(low), ends[1].maximum(1 - high)


def rare_mean(count: Tensor, level: float) -> Tensor:
    """The mean of a Poisson number that is a count or larger once in 1 - level, no larger than the count; by bisection."""
    low, high = torch.zeros_like(count), count
    for _ in range(60):
        middle = (low + high) / 2
        above = torch.special.gammainc(count, middle) > 1 - level
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return low


def effective_interval(value: Tensor, trials: Tensor, z: Tensor | float) -> Ends:
    """Wilson's interval of a value in [0, 1] that varies as the share of so many trials, to so many deviations either side."""
    c = z**2 / trials
    middle, reach = value + c / 2, (c * value * (1 - value) + c**2 / 4).sqrt()
    low, high = ((middle - reach) / (1 + c)).minimum(value), ((middle + reach) / (1 + c)).maximum(value)
    return low.clamp(min=0), high.clamp(max=1)


def mean_interval(values: Tensor, counts: Tensor, level: float, squares: Tensor | None = None) -> Ends:
    """Wilson's interval of a mean m of values in [0, 1] with the n of n = m (1 - m) / var, a half of 0 and a half of 1 added.

    Of ones and zeros alone that is Wilson's interval of their share.

    Args:
        values: the mean of the values in each cell, float64, [..., cells].
        counts: samples in each cell, or sums of weights.
        level: as for :func:`wilson_interval`.
        squares: of sums of weights, the sums of their squares.

    Returns:
        Low and high end, float64, [...], NaN of nothing.

    >>> mean_interval(torch.tensor([0.0, 1.0]).double(), torch.tensor([2, 8]), 0.95)
    (tensor(0.4902, dtype=torch.float64), tensor(0.9433, dtype=torch.float64))
    """
    share, square = counts.double(), (counts if squares is None else squares).double()
    total = serial_sum(share)[..., None]
    share = share / total
    n = total if squares is None else total * (total / serial_sum(square)[..., None])
    square = square if squares is None else square / total * n / total * n
    mean = serial_sum(share * values)
    middle = (n[..., 0] * mean + 0.5) / (n[..., 0] + 1)
    spread = serial_sum(square * (values - middle[..., None]) ** 2) + (middle**2 + (1 - middle) ** 2) / 2
    trials = middle * (1 - middle) * (n * (n + 1))[..., 0] / spread
    return effective_interval(mean, trials, deviations(level))


def deviations(level: float) -> float:
    """Standard deviations on either side of the mean of a normal distribution that hold a share ``level`` of it."""
    if not 0 < number("level", level) < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}: pass 0.95 for an interval of 95 %")
    return -NormalDist().inv_cdf((1 - level) / 2)


def student_deviations(level: float, freedom: Tensor) -> Tensor:
    """The same of Student's t with at least one degree of freedom, by the expansion of Fisher and Cornish (1960)."""
    z, f = deviations(level), freedom.clamp(min=1)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return torch.stack([term / f**power for power, term in enumerate(terms, 1)]).sum(0) + z


def kolmogorov_deviations(level: float) -> float:
    """Largest distance of two distribution functions, in sqrt(1/m + 1/n), that one in (1 - level) / 2 equal ones exceed."""
    return math.sqrt(-math.log((1 - level) / 4) / 2)
