"""Populations of scores of which everything is known: the share of every score, by label."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

#: Standard deviations of a population to either side.
REACH = 4.5


class Population(NamedTuple):
    """Ascending probabilities, [points], and the share of all samples that has each, by label, [2, points]; float64."""

    scores: Tensor
    shares: Tensor


def normal(middle: float, deviation: float, prevalence: float, points: int) -> Population:
    """In so many distinct scores: logits of negatives are N(-1.5, 1), of positives N(middle, deviation)."""
    ends = min(-1.5 - REACH, middle - REACH * deviation), max(-1.5 + REACH, middle + REACH * deviation)
    edges = torch.linspace(*ends, points + 1, dtype=torch.float64)
    mass = torch.stack([torch.special.ndtr(edges + 1.5), torch.special.ndtr((edges - middle) / deviation)]).diff()
    return _of(torch.sigmoid((edges[1:] + edges[:-1]) / 2), mass, prevalence)


def tied(prevalence: float, points: int) -> Population:
    """The first of these in five levels, as of a questionnaire or a small tree."""
    fine = normal(0.5, 1, prevalence, points)
    level = torch.searchsorted(torch.tensor([0.1, 0.25, 0.5, 0.75], dtype=torch.float64), fine.scores)
    shares = torch.zeros(2, 5, dtype=torch.float64).index_add_(1, level, fine.shares)
    return Population(torch.tensor([0.05, 0.15, 0.4, 0.6, 0.9], dtype=torch.float64), shares)


def calibrated(prevalence: float, points: int) -> Population:
    """The logit of the probability p is N(., 1.5), and of the samples of a p just that share is positive."""
    low, high = -12.0, 12.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        found = _calibrated(middle, points)
        low, high = (middle, high) if found.shares[1].sum() < prevalence else (low, middle)
    return found


def _calibrated(middle: float, points: int) -> Population:
    """The same with a given middle of the logits."""
    edges = torch.linspace(middle - 1.5 * REACH, middle + 1.5 * REACH, points + 1, dtype=torch.float64)
    p, mass = torch.sigmoid((edges[1:] + edges[:-1]) / 2), torch.special.ndtr((edges - middle) / 1.5).diff()
    return Population(p, torch.stack([(1 - p) * mass, p * mass]) / mass.sum())


def _of(scores: Tensor, mass: Tensor, prevalence: float) -> Population:
    """A population from what each class has of every score."""
    share = mass.new_tensor([[1 - prevalence], [prevalence]])
    return Population(scores, share * mass / mass.sum(1, keepdim=True))


#: Score models by name, as functions of the share of positives and the number of distinct scores.
POPULATIONS: dict[str, Callable[[float, int], Population]] = {
    "good": lambda share, points: normal(0.5, 1, share, points),
    "weak": lambda share, points: normal(-1.0, 1, share, points),
    "strong": lambda share, points: normal(1.8, 1, share, points),
    "spread": lambda share, points: normal(-0.5, 2.5, share, points),
    "useless": lambda share, points: normal(-1.5, 1, share, points),
    "calibrated": calibrated,
    "five levels": tied,
}


def drawn(population: Population, size: int, samples: int, generator: np.random.Generator) -> Tensor:
    """Counts of so many samples of a size, by label and score: float64, [samples, 2, points]."""
    shares = population.shares.flatten().numpy()
    counts = generator.multinomial(size, shares / shares.sum(), size=samples)
    return torch.from_numpy(counts).double().view(samples, *population.shares.shape)
