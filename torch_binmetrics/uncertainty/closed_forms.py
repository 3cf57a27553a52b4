"""Confidence intervals in closed form: Wilson's for a proportion, DeLong's for the area under the ROC curve.

An interval is about sampling: drawn anew from the same population, 95 of 100 samples have a 95 % interval that holds the
population's value. Bounds are another thing: where the value of these very samples lies, whatever the bins hide, for certain.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion, real_dtype
from torch_binmetrics.measures.declared import Ends, Ranks, Share, Span
from torch_binmetrics.measures.roc import auroc
from torch_binmetrics.measures.staircase import serial_sum, staircase


def closed_form(form: Share | Ranks, c: Confusion, level: float) -> Ends:
    """The interval of a measure that is a share of trials or the area under the ROC curve, or that grows with one.

    Args:
        form: what the measure is a function of.
        c: of any shape for a share, along ascending thresholds, [..., points], for the area.
        level: as for :func:`wilson_interval`.

    >>> closed_form(Share("tp", "fn"), Confusion(*torch.tensor([8, 0, 0, 2])), 0.95)
    (tensor(0.4902, dtype=torch.float64), tensor(0.9433, dtype=torch.float64))
    """
    ends = auroc_interval(c, level) if isinstance(form, Ranks) else _share_interval(form, c, level)
    return ends if form.grown is None else (form.grown(ends[0]), form.grown(ends[1]))


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
    fp, tp = staircase(c)
    area = auroc(c)[..., None]
    below = 1 - (fp[..., :-1] + fp[..., 1:]) / (2 * fp[..., -1:])
    above = (tp[..., :-1] + tp[..., 1:]) / (2 * tp[..., -1:])
    return _mean_variance(tp.diff(), below, area) + _mean_variance(fp.diff(), above, area)


def auroc_interval(c: Confusion, level: float = 0.95) -> Ends:
    """DeLong's interval of the area A on the logit scale, logit(A) -+ z sqrt(var) / (A (1 - A)): it never leaves [0, 1].

    Args:
        c: along ascending thresholds, [..., points].
        level: as for :func:`wilson_interval`.

    Returns:
        Low and high end, float64, [...]; NaN with fewer than two positives or two negatives, and where the variance is 0: for
        an area of 0 or 1, or all scores tied, the samples do not tell how far off it may be.

    >>> auroc_interval(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.1802, dtype=torch.float64), tensor(0.9762, dtype=torch.float64))
    """
    return logit_interval(auroc(c), auroc_variance(c).sqrt(), level)


def logit_interval(value: Tensor, error: Tensor, level: float, span: Span = (0.0, 1.0)) -> Ends:
    """Normal interval on the logit scale of a value that lies within ``span``; NaN at its ends and for an error of 0."""
    start, width = span[0], span[1] - span[0]
    share = (value - start) / width
    reach = deviations(level) * (error / width) / (share * (1 - share))
    known = (error > 0) & (share > 0) & (share < 1)
    low, high = (start + width * torch.sigmoid(torch.logit(share) + side) for side in (-reach, reach))
    return low.minimum(value).where(known, math.nan), high.maximum(value).where(known, math.nan)


def deviations(level: float) -> float:
    """Standard deviations on either side of the mean of a normal distribution that hold a share ``level`` of it."""
    if not 0 < number("level", level) < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}: pass 0.95 for an interval of 95 %")
    return -NormalDist().inv_cdf((1 - level) / 2)


def _share_interval(form: Share, c: Confusion, level: float) -> Ends:
    """Wilson's interval of the share that some counts have."""
    successes, failures = (sum(getattr(c, name) for name in names.split()) for names in (form.successes, form.failures))
    return wilson_interval(successes, successes + failures, level)


def _mean_variance(n: Tensor, x: Tensor, mean: Tensor) -> Tensor:
    """Variance of the mean of values ``x``, of which there are ``n`` each."""
    total = serial_sum(n)
    return serial_sum(n * (x - mean) ** 2) / ((total - 1) * total)
