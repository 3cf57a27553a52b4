"""What the cells of a histogram sum besides their samples: functions of score and label, in float64."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from torch_binmetrics.checks import boolean, number


class Summand(ABC):
    """A frozen, hashable function of score and label that is summed in each cell, exactly and not by the bin's edge."""

    #: Whether scores have to be probabilities, or logits where those are declared.
    of_probabilities: bool = True
    #: How often the weight of a sample is a factor of what it adds.
    degree: int = 1

    @abstractmethod
    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        """What each sample adds: float64 scores and bool labels, [samples] each, to float64, [samples]."""


@dataclass(frozen=True)
class Probability(Summand):
    """The predicted probability.

    >>> Probability().values(torch.tensor([0.0, 2.0]).double(), torch.tensor([True, False]), from_logits=True)
    tensor([0.5000, 0.8808], dtype=torch.float64)
    """

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        return torch.sigmoid(scores) if from_logits else scores.clamp(0, 1)


@dataclass(frozen=True)
class SquaredError(Summand):
    """The squared difference of probability and label.

    >>> SquaredError().values(torch.tensor([0.9, 0.5]).double(), torch.tensor([True, False]), from_logits=False)
    tensor([0.0100, 0.2500], dtype=torch.float64)
    """

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        if from_logits:
            return torch.sigmoid(torch.where(positive, -scores, scores)) ** 2
        p = scores.clamp(0, 1)
        return torch.where(positive, 1 - p, p) ** 2


@dataclass(frozen=True)
class LogLoss(Summand):
    """Minus the natural logarithm of the probability of the true label: inf where that is 0, unless ``eps`` clips it.

    Args:
        eps: probabilities are clipped to [eps, 1 - eps], a number in [0, 0.5).

    Raises:
        ValueError: ``eps`` outside [0, 0.5).

    >>> LogLoss().values(torch.tensor([0.5, 1.0]).double(), torch.tensor([True, False]), from_logits=False)
    tensor([0.6931,    inf], dtype=torch.float64)
    """

    eps: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", number("eps", self.eps))  # 0 and 0.0 are one meaning of a state
        if not 0 <= self.eps < 0.5:
            raise ValueError(f"eps must be in [0, 0.5), got {self.eps}: 0 does not clip")

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest loss of a sample."""
        return -math.log1p(-self.eps), -math.log(self.eps) if self.eps else math.inf

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        if from_logits:
            against = torch.where(positive, -scores, scores)
            loss = against.clamp(min=0) + torch.log1p(torch.exp(-against.abs()))
        else:
            p = scores.clamp(0, 1)
            loss = -torch.where(positive, torch.log(p), torch.log1p(-p))
        return loss.clamp(*self.range)


@dataclass(frozen=True)
class Hinge(Summand):
    """The hinge loss of a decision value s, max(0, 1 - s) for positives and max(0, 1 + s) for negatives, perhaps squared.

    Raises:
        TypeError: ``squared`` is no bool.

    >>> Hinge().values(torch.tensor([0.5, -2.0, 0.5]).double(), torch.tensor([True, False, False]), from_logits=False)
    tensor([0.5000, 0.0000, 1.5000], dtype=torch.float64)
    """

    squared: bool = False
    of_probabilities = False

    def __post_init__(self) -> None:
        boolean("squared", self.squared)

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        short = torch.where(positive, 1 - scores, 1 + scores).clamp(min=0)
        return short**2 if self.squared else short


@dataclass(frozen=True)
class SquaredWeight(Summand):
    """The square of the weight, which tells how many samples stand behind a sum of weights.

    >>> SquaredWeight().values(torch.tensor([0.5, -2.0]).double(), torch.tensor([True, False]), from_logits=False)
    tensor([1., 1.], dtype=torch.float64)
    """

    of_probabilities = False
    degree = 2

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        return torch.ones_like(scores)
