"""Confidence intervals in closed form, by what a measure is a function of: a share of trials, an area, a mean.

An interval is about sampling: drawn anew from the same population, 95 of 100 samples have a 95 % interval that holds the
population's value. Bounds are another thing: where the value of these very samples lies, whatever the bins hide, for certain.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, Losses, Precisions, Ranks, Share, Span
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.areas import auroc_interval, average_precision_interval
from torch_binmetrics.uncertainty.proportions import deviations, mean_interval, outside_poisson, wilson_interval

Closed = Share | Ranks | Precisions | Losses


def closed_interval(form: Closed, reading: Reading[Tensor], snapshot: Snapshot, level: float) -> Ends:
    """The interval of a reading of counts on CPU, weighted or not."""
    if isinstance(form, Losses):
        assert reading.given is not None
        counts, loss = reading.given(snapshot)
        squares = snapshot.squares.counts.flatten(-2) if snapshot.layout.weighted else None
        mean = (loss / counts).where(counts > 0, 0.0)
        return mean_interval(mean.flatten(-2), counts.flatten(-2), level, squares)
    squared = reading.confusion(snapshot.squares) if snapshot.layout.weighted else None
    return closed_form(form, reading.confusion(snapshot), level, squared)


def closed_form(form: Share | Ranks | Precisions, c: Confusion, level: float, squares: Confusion | None = None) -> Ends:
    """The interval of a measure that is a share of trials or an area, or that grows with one.

    Args:
        form: what the measure is a function of.
        c: of any shape for a share, along ascending thresholds, [..., points], for an area.
        level: as for :func:`wilson_interval`.
        squares: of sums of weights, the sums of their squares.

    >>> closed_form(Share("tp", "fn"), Confusion(*torch.tensor([8, 0, 0, 2])), 0.95)
    (tensor(0.4902, dtype=torch.float64), tensor(0.9645, dtype=torch.float64))
    """
    if isinstance(form, Precisions):
        return average_precision_interval(c, level, squares)
    ends = auroc_interval(c, level, squares) if isinstance(form, Ranks) else _share_interval(form, c, level, squares)
    return ends if form.grown is None else (form.grown(ends[0]), form.grown(ends[1]))


def logit_interval(value: Tensor, error: Tensor, level: float, span: Span = (0.0, 1.0)) -> Ends:
    """Normal interval on the logit scale of a value that lies within ``span``; NaN at its ends and for an error of 0."""
    start, width = span[0], span[1] - span[0]
    share = (value - start) / width
    reach = deviations(level) * (error / width) / (share * (1 - share))
    known = (error > 0) & (share > 0) & (share < 1)
    low, high = (start + width * torch.sigmoid(torch.logit(share) + side) for side in (-reach, reach))
    return low.minimum(value).where(known, math.nan), high.maximum(value).where(known, math.nan)


def _share_interval(form: Share, c: Confusion, level: float, squares: Confusion | None) -> Ends:
    """Interval of the share that some counts have; of weights, of as many trials as have their variance."""
    successes, failures = _both(form, c)
    if squares is None:
        return outside_poisson(wilson_interval(successes, successes + failures, level), successes, failures, level)
    weights, squared = (torch.stack(_both(form, each), -1) for each in (c, squares))
    ends = mean_interval(weights.new_tensor([1.0, 0.0]), weights, level, squared)
    each = (successes + failures) / squared.sum(-1)
    return outside_poisson(ends, successes * each, failures * each, level)


def _both(form: Share, c: Confusion) -> tuple[Tensor, Tensor]:
    """Successes and failures."""
    successes, failures = (sum(getattr(c, name) for name in names.split()) for names in (form.successes, form.failures))
    return successes, failures
