"""Sums of scores or losses in bins, of both readings of the scores: what calibration error and hinge loss are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.integrations.torchmetrics.readings import Points
from torch_binmetrics.integrations.torchmetrics.states import Options, PointCounts
from torch_binmetrics.measures import calibration as probabilities
from torch_binmetrics.measures.calibration import Norm


class Sums(NamedTuple):
    """Counts and sums by label and cell, [2, cells], and the bin of each cell, int64 in 0 .. n_bins - 1, [cells]."""

    counts: Tensor
    sums: Tensor
    groups: Tensor
    n_bins: int


class SumCounts(PointCounts):
    """Counts between points, and with them the sums of one summand for both readings of the scores: float64."""

    def __init__(self, points: Points, summand: Summand, options: Options) -> None:
        super().__init__(points, options)
        self.readings = _As(summand, logits=False), _As(summand, logits=True)
        self.layout = replace(self.layout, sums=self.readings)
        self.name = f"{self.name}_{_word(summand)}"

    def sums(self, state: Tensor) -> Sums:
        """Counts and sums of the reading that the counts decide for."""
        counts = self.counts(state)
        logits = self.points.are_logits(counts)
        sums = state[self.layout.counted :].view(2, 2, -1)[int(logits)]
        cells = torch.arange(counts.shape[1], device=state.device)
        groups = torch.searchsorted(self.points.positions(logits=logits).to(state.device), cells, right=True) - 1
        return Sums(counts, sums, groups.clamp(min=0), len(self.points.thresholds))


def bins_of(n_bins: int) -> Points:
    """The lower edges of equal bins over [0, 1]."""
    return Points(tuple(torch.linspace(0, 1, n_bins + 1)[:-1].tolist()))


def calibration_error(reading: Sums, norm: Norm = "l1") -> Tensor:
    """Gap of probability and share of positives over bins; a probability of 1 belongs to the last bin."""
    return probabilities.calibration_error(*reading, norm=norm)


def hinge_loss(reading: Sums) -> Tensor:
    """Mean hinge loss."""
    return probabilities.hinge_loss(reading.counts, reading.sums)


@dataclass(frozen=True)
class _As(Summand):
    """A summand of the scores as they are, or of their sigmoid, whatever the rest of the epoch shows them to be."""

    summand: Summand
    logits: bool
    of_probabilities = False

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        read = torch.sigmoid(scores) if self.logits else scores
        return self.summand.values(read, positive, from_logits=False)


def _word(summand: Summand) -> str:
    """A summand as a part of a name."""
    return "_".join([type(summand).__name__.lower(), *(name for name, on in vars(summand).items() if on is True)])
