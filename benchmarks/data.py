"""Scores and labels, the same in every run: the usual case, and the skewed ones that 200 uniform thresholds cannot see."""

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
    """Scores drawn by class: ``negatives(rng, n)`` and ``positives(rng, n)`` give float64, [n]."""

    name: str
    share: float
    negatives: Callable[[np.random.Generator, int], np.ndarray]
    positives: Callable[[np.random.Generator, int], np.ndarray]
    from_logits: bool = False

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
)
