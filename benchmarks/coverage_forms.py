"""What the coverage of intervals is measured of: scores of many samples at once, and metrics that draw, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

import torch_binmetrics as bm
from benchmarks.populations import POPULATIONS, Population
from torch_binmetrics.measures.declared import Ends, Share, about
from torch_binmetrics.uncertainty.closed_forms import closed_form
from torch_binmetrics.uncertainty.proportions import mean_interval

LEVEL = 0.95
#: Weights of the samples of the weighted score: each of these for a third of all.
WEIGHTS = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)
Counted = Callable[[Population, Tensor], Tensor]


def at_half(population: Population, counts: Tensor) -> bm.Confusion:
    """The confusion of counts at 0.5."""
    return bm.measures.confusion_at(counts, int((population.scores < 0.5).sum()))


def losses(population: Population) -> Tensor:
    """Squared error by label and score."""
    return torch.stack([population.scores**2, (1 - population.scores) ** 2])


def along(measure: Callable[[bm.Confusion], Tensor]) -> tuple[Counted, Callable[[Population, Tensor], Ends]]:
    """The value and the ends of a measure along all cuts."""
    form = about(measure).form
    return (
        lambda _, counts: measure(bm.measures.confusion_along(counts)),
        lambda _, counts: closed_form(form, bm.measures.confusion_along(counts), LEVEL),
    )


def at(measure: Callable[[bm.Confusion], Tensor]) -> tuple[Counted, Callable[[Population, Tensor], Ends]]:
    """The value and the ends of a measure at 0.5."""
    form = about(measure).form
    assert isinstance(form, Share)
    return (
        lambda population, counts: measure(at_half(population, counts)),
        lambda population, counts: closed_form(form, at_half(population, counts), LEVEL),
    )


def brier(population: Population, counts: Tensor) -> Tensor:
    """Brier score."""
    return bm.measures.brier_score(counts, counts * losses(population))


def brier_ends(population: Population, counts: Tensor) -> Ends:
    """The ends of the Brier score."""
    return mean_interval(losses(population).flatten(), counts.flatten(-2), LEVEL)


def weighted_ends(_: Population, counts: Tensor) -> Ends:
    """The ends of the AUROC where samples weigh 0.5, 1 or 4, whatever their score: then the population's is the same."""
    generator = torch.Generator().manual_seed(0)
    first = torch.binomial(counts, torch.full_like(counts, 1 / 3), generator)
    second = torch.binomial(counts - first, torch.full_like(counts, 1 / 2), generator)
    parts = torch.stack([first, second, counts - first - second], -1)
    weights, squares = (bm.measures.confusion_along((parts * w).sum(-1)) for w in (WEIGHTS, WEIGHTS**2))
    return bm.uncertainty.auroc_interval(weights, LEVEL, squares)


#: Score -> its value and its ends of counts, [samples, 2, points] to [samples], in closed form.
CLOSED = {
    "AUROC": along(bm.measures.auroc),
    "AUROC, weighted": (along(bm.measures.auroc)[0], weighted_ends),
    "AP": along(bm.measures.average_precision),
    "F1": at(bm.measures.fbeta),
    "recall": at(bm.measures.recall),
    "precision": at(bm.measures.precision),
    "Brier score": (brier, brier_ends),
}


def drawing() -> bm.MetricCollection:
    """Metrics whose intervals are drawn, by score."""
    return bm.MetricCollection(
        {
            "KS": bm.BinaryKSStatistic(),
            "calibration error": bm.BinaryCalibrationError(),
            "log loss": bm.BinaryLogLoss(),
            "balanced accuracy": bm.BinaryBalancedAccuracy(),
            "MCC": bm.BinaryMatthewsCorrCoef(),
            "recall at fpr 0.1": bm.BinaryRecallAtFixedFPR(0.1),
            "recall at precision 0.5": bm.BinaryRecallAtFixedPrecision(0.5),
            "precision at recall 0.8": bm.BinaryPrecisionAtFixedRecall(0.8),
        }
    )


def filled(metrics: bm.MetricCollection, population: Population, counts: Tensor) -> bm.MetricCollection:
    """The metrics after a sample of these counts, [2, points]."""
    preds = population.scores.float().repeat(2).repeat_interleave(counts.flatten().long())
    target = torch.arange(2).repeat_interleave(counts.sum(-1).long())
    metrics.reset()
    metrics.update(preds, target)
    return metrics


@cache
def truths(name: str, prevalence: float, points: int) -> dict[str, float]:
    """What the metrics that draw say of a sample of ten million in which every score has its share."""
    population = POPULATIONS[name](prevalence, points)
    values = filled(drawing(), population, (population.shares * 10**7).round()).compute()
    return {name: float(getattr(value, "value", value)) for name, value in values.items()}
