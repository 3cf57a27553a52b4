"""Samples of one population, and every form of 95 % interval that its AUROC, AP and F1 might have had."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import torch
from torch import Tensor

import torch_binmetrics as bm
from torch_binmetrics.measures.declared import Ends, about
from torch_binmetrics.uncertainty.bootstrap import percentile_interval, standard_error
from torch_binmetrics.uncertainty.closed_forms import closed_form, logit_interval

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
SCORES = ("AUROC", "AP", "F1")
#: Means of the logits of negatives and of positives.
MEANS = torch.tensor([-1.5, 0.5], dtype=torch.float64)
#: Draws at once: the cells of so many stay in a cache.
CHUNK = 50
PERCENTILE, BASIC, CORRECTED = "bootstrap, percentiles", "bootstrap, basic", "bootstrap, bias-corrected"
NORMAL, LOGIT = "bootstrap, normal", "bootstrap, logit scale"
PLAIN, DELONG, WILSON = "DeLong, plain", "DeLong, logit scale", "Wilson"
#: The share that F1 grows with.
F1 = about(bm.measures.fbeta).form
#: The default of each metric.
OURS = {"AUROC": DELONG, "AP": LOGIT, "F1": WILSON}


class Sample(NamedTuple):
    """What a sample says: scores, [3], and those of its bootstrap, [draws, 3]; its confusion along and at thresholds."""

    value: Tensor
    drawn: Tensor
    along: bm.Confusion
    at_half: bm.Confusion


def population(prevalence: float) -> list[float]:
    """AUROC, AP and F1 at 0.5 of the whole population, from the share of every bfloat16 number from 0 to 1."""
    scores = torch.arange(0x3F81, dtype=torch.int16).view(torch.bfloat16).double()
    between = torch.logit((scores[1:] + scores[:-1]) / 2)
    below = torch.special.ndtr(between - MEANS[:, None])
    ends = below.new_tensor([[0.0, 1.0]]).expand(2, -1)
    shares = torch.cat([ends[:, :1], below, ends[:, 1:]], 1).diff() * below.new_tensor([[1 - prevalence], [prevalence]])
    at_half = bm.measures.confusion_at(shares, int((scores < 0.5).sum()))
    along = bm.measures.confusion_along(shares)
    return [
        float(value) for value in (bm.measures.auroc(along), bm.measures.average_precision(along), bm.measures.fbeta(at_half))
    ]


def three_metrics() -> bm.MetricCollection:
    """What the intervals are of; all read off one histogram."""
    three = (bm.BinaryAUROC(), bm.BinaryAveragePrecision(), bm.BinaryF1Score())
    return bm.MetricCollection(dict(zip(SCORES, three, strict=True)))


def observed(size: int, prevalence: float, seed: int) -> bm.MetricCollection:
    """The three metrics after a sample."""
    generator = torch.Generator().manual_seed(seed)
    target = (torch.rand(size, generator=generator) < prevalence).long()
    preds = (torch.randn(size, generator=generator) + MEANS.float()[target]).sigmoid().bfloat16()
    metrics = three_metrics()
    metrics.update(preds, target)
    return metrics


def read(metrics: bm.MetricCollection, draws: int, seed: int) -> Sample:
    """What the counts say, and the bootstrap, written out once more."""
    snapshot = bm.Snapshot(metrics.histograms[0])
    generator = torch.Generator().manual_seed(seed)
    counts, half = snapshot.counts.double(), int((snapshot.thresholds < 0.5).sum())
    chunks = [torch.poisson(counts.expand(CHUNK, -1, -1), generator=generator) for _ in range(draws // CHUNK)]
    along, at_half = snapshot.confusion, bm.measures.confusion_at(snapshot.counts, half)
    value = torch.stack([bm.measures.auroc(along), bm.measures.average_precision(along), bm.measures.fbeta(at_half)])
    return Sample(value, torch.cat([scores(chunk, half) for chunk in chunks]), along, at_half)


def scores(counts: Tensor, half: int) -> Tensor:
    """AUROC, AP and F1 of many counts at once: [draws, 2, bins] to [draws, 3]."""
    falling = counts.flip(2)
    (n, p), (fp, tp) = falling.unbind(1), falling.cumsum(2).unbind(1)
    positives, negatives = tp[:, -1], fp[:, -1]
    auroc = (n * (tp - p / 2)).sum(1) / (positives * negatives)
    ap = (p * tp / (tp + fp).clamp(min=1)).sum(1) / positives
    hits, alarms = counts[:, 1, half:].sum(1), counts[:, 0, half:].sum(1)
    return torch.stack([auroc, ap, 2 * hits / (hits + alarms + positives)], 1)


def forms(sample: Sample) -> dict[str, Ends]:
    """Both ends for the three scores by every form of interval, [3] each, NaN for a score that it is not for."""
    value, drawn, along, at_half = sample
    low, high = percentile_interval(drawn, LEVEL)
    error, deviation = standard_error(drawn), bm.uncertainty.auroc_variance(along).sqrt()
    return {
        PERCENTILE: (low, high),
        BASIC: (2 * value - high, 2 * value - low),
        CORRECTED: corrected(value, drawn),
        NORMAL: (value - Z * error, value + Z * error),
        LOGIT: logit_interval(value, error, LEVEL),
        PLAIN: only(0, value[0] - Z * deviation, value[0] + Z * deviation),
        DELONG: only(0, *bm.uncertainty.auroc_interval(along, LEVEL)),
        WILSON: only(2, *closed_form(F1, at_half, LEVEL)),
    }


def corrected(value: Tensor, drawn: Tensor) -> Ends:
    """Percentiles moved by twice the bias that the median of the draws shows (Efron 1981)."""
    below = ((drawn < value).double() + (drawn == value) / 2).mean(0).clamp(1e-9, 1 - 1e-9)
    shares = torch.special.ndtr(2 * torch.special.ndtri(below) + torch.tensor([[-Z], [Z]]))
    low, high = (torch.stack([drawn[:, i].nanquantile(share[i]) for i in range(3)]) for share in shares)
    return low, high


def only(score: int, low: Tensor, high: Tensor) -> Ends:
    """Ends for one of the three scores."""
    ends = torch.full((2, 3), math.nan, dtype=low.dtype)
    ends[:, score] = torch.stack([low, high])
    return ends[0], ends[1]
