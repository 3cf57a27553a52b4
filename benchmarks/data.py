"""Scores and labels, the same in every run: the usual case, and distributions that crowd, spread, saturate or lie elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]


def usual(n: int, seed: int = 0) -> Batch:
    """float32 sigmoid(N(0, 1)), and int64 labels that are 1 with just that probability: [n] each."""
    rng = np.random.default_rng(seed)
    preds = torch.from_numpy(rng.standard_normal(n, np.float32)).sigmoid_()
    target = torch.from_numpy(rng.random(n, np.float32)) < preds
    target[:2] = torch.tensor([True, False])  # a small batch must not lack a class
    return preds, target.long()


def all_equal(n: int) -> Batch:
    """The labels of :func:`usual` with one score for all, the worst case for whoever counts."""
    preds, target = usual(n)
    return torch.full_like(preds, 0.3), target


@dataclass(frozen=True)
class Distribution:
    """Scores drawn by class: ``negatives(rng, n)`` and ``positives(rng, n)`` give float64, [n].

    Args:
        share: share of positives.
        from_logits: whether they are logits.
        around: where they crowd, if cuts around it are a cure.
        anywhere: whether they are neither probabilities nor logits.
    """

    name: str
    share: float
    negatives: Callable[[np.random.Generator, int], np.ndarray]
    positives: Callable[[np.random.Generator, int], np.ndarray]
    from_logits: bool = False
    around: float | None = None
    anywhere: bool = False

    def sample(self, n: int, dtype: torch.dtype = torch.float32) -> Batch:
        """Scores rounded to float32 and then to ``dtype``, and int64 labels: [n] each."""
        rng = np.random.default_rng(7)
        positives = round(n * self.share)
        scores = np.concatenate([self.negatives(rng, n - positives), self.positives(rng, positives)])
        order = rng.permutation(n)
        target = np.arange(n) >= n - positives
        preds = torch.from_numpy(scores[order].astype(np.float32))
        return preds.to(dtype), torch.from_numpy(target[order].astype(np.int64))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """Probabilities of logits, in float64."""
    probabilities: np.ndarray = 1 / (1 + np.exp(-x))
    return probabilities


def _normal(mean: float, deviation: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Draws of a normal distribution."""
    return lambda rng, n: rng.normal(mean, deviation, n)


def _beta(a: float, b: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Draws of a beta distribution."""
    return lambda rng, n: rng.beta(a, b, n)


def _half_saturated(a: float, b: float, mean: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Half spread by a beta distribution, half near 1."""
    return lambda rng, n: np.concatenate([rng.beta(a, b, n // 2), _sigmoid(rng.normal(mean, 2, n - n // 2))])


DISTRIBUTIONS = (
    Distribution(
        "rare positives, scores near 0", 0.002, lambda rng, n: rng.beta(1, 2000, n), lambda rng, n: rng.beta(2, 2000, n)
    ),
    Distribution(
        "rare negatives, scores near 1", 0.998, lambda rng, n: 1 - rng.beta(2, 2000, n), lambda rng, n: 1 - rng.beta(1, 2000, n)
    ),
    Distribution(
        "saturated near 1",
        0.3,
        lambda rng, n: _sigmoid(rng.normal(12, 2, n)),
        lambda rng, n: _sigmoid(rng.normal(14, 2, n)),
    ),
    Distribution(
        "the same as logits", 0.3, lambda rng, n: rng.normal(12, 2, n), lambda rng, n: rng.normal(14, 2, n), from_logits=True
    ),
    Distribution("3 % positives, low scores", 0.03, lambda rng, n: rng.beta(1, 60, n), lambda rng, n: rng.beta(2, 60, n)),
    Distribution("spread over [0, 1]", 0.3, lambda rng, n: rng.beta(2, 3, n), lambda rng, n: rng.beta(3, 2, n)),
    Distribution("U-shaped", 0.3, _beta(0.3, 0.5), _beta(0.5, 0.3)),
    Distribution("half spread, half saturated", 0.3, _half_saturated(2, 3, 12), _half_saturated(3, 2, 14)),
    Distribution("fresh network, logits", 0.3, _normal(0, 0.02), _normal(0.01, 0.02), from_logits=True),
    Distribution(
        "fresh network, probabilities",
        0.3,
        lambda rng, n: _sigmoid(rng.normal(0, 0.02, n)),
        lambda rng, n: _sigmoid(rng.normal(0.01, 0.02, n)),
        around=0.5,
    ),
    Distribution("logits around -4", 0.3, _normal(-4, 0.1), _normal(-3.9, 0.1), from_logits=True, around=-4.0),
    Distribution("cosines around 0.7", 0.3, _normal(0.7, 0.02), _normal(0.72, 0.02), around=0.7),
    Distribution("distances around 100", 0.3, _normal(100, 1), _normal(101, 1), around=100.0, anywhere=True),
)
