"""On which scale scores are drawn so that they can be told apart where they crowd."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.plots.canvas import is_rare
from torch_binmetrics.state.snapshot import Snapshot

#: Share of a class, on either side, that may lie beyond the ends of the axis,
BEYOND = 0.001
#: as may what is further from the middle half of the class than so many times the width of that.
FAR = 4
#: On a linear axis, this part of its length at either end may hold half of a class and no more.
CROWDED = 0.02
BUCKETS = 50


class ScoreAxis(NamedTuple):
    """Part of a scale on which scores are drawn: ``low`` and ``high`` are scores, or log odds of them."""

    log_odds: bool
    low: float
    high: float

    @property
    def scale(self) -> str:
        """Name of the scale in matplotlib."""
        return "logit" if self.log_odds else "linear"

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest score on the axis."""
        low, high = self.scores(torch.tensor([self.low, self.high], dtype=torch.float64, device="cpu")).tolist()
        return low, high

    def places(self, scores: Tensor, ends: Tensor | None = None) -> Tensor:
        """Where scores lie along the axis, in even steps, float64; those beyond it, or beyond other ends, lie there."""
        low, high = (self.low, self.high) if ends is None else (float(ends[0]), float(ends[-1]))
        return self._unbounded(scores).clamp(low, high)

    def scores(self, places: Tensor) -> Tensor:
        """The scores at places along the axis."""
        return torch.sigmoid(places) if self.log_odds else places

    def buckets(self, scores: Tensor) -> tuple[Tensor, bool]:
        """Edges of up to fifty buckets, as places; with one more at either end, and True, for scores that lie beyond.

        Their width is a power of two: on a linear axis, bins of floating-point numbers then end where buckets end.
        """
        width = 2.0 ** math.ceil(math.log2((self.high - self.low) / BUCKETS))
        first, last = math.floor(self.low / width), math.ceil(self.high / width)
        places = self._unbounded(scores) / width
        below, above = bool((places < first).any()), bool((places > last).any())
        return torch.arange(first - below, last + above + 1, dtype=torch.float64, device="cpu") * width, below or above

    def _unbounded(self, scores: Tensor) -> Tensor:
        """Where scores lie along the axis or beyond it."""
        return torch.logit(scores.double().clamp(0, 1)) if self.log_odds else scores.double()


def score_axis(snapshot: Snapshot, scores: Tensor) -> ScoreAxis:
    """The axis for scores of the occupied bins, [points], on which all lie but far ones and the last thousandth of a class.

    In log odds where scores are probabilities and half of a class lies in a fiftieth of the way from 0 to 1, at either end, or
    where so few are positive that this is to be expected, in training and validation alike.
    """
    places = scores.double()
    bounded = bool(((places >= 0) & (places <= 1)).all())
    crowded = _shares(snapshot, (places <= CROWDED) | (places >= 1 - CROWDED)) > 0.5
    if bounded and (bool(crowded.any()) or is_rare(snapshot)):
        low, high = _ends(snapshot, torch.logit(places))
        return ScoreAxis(True, *_apart(low, high, 1.0))
    low, high = (0.0, 1.0) if bounded else _ends(snapshot, places)
    return ScoreAxis(False, *_apart(low, high, 0.5))


def _shares(snapshot: Snapshot, chosen: Tensor) -> Tensor:
    """Share of each class in some of the points, float64, [2]; 0 for an empty class."""
    counts = snapshot.counts.double()
    total = counts.cumsum(1)[:, -1]
    return (counts * chosen).cumsum(1)[:, -1] / total.where(total > 0, 1)


def _ends(snapshot: Snapshot, places: Tensor) -> tuple[float, float]:
    """Lowest and highest finite place, far ones and the last share BEYOND of a class on either side left out."""
    finite = places.isfinite()
    counts, places = snapshot.counts.double()[:, finite], places[finite]
    if not len(places):
        return 0.0, 0.0
    ends = []
    for row in counts[counts.cumsum(1)[:, -1] > 0] if counts.any() else counts[:1] + 1:
        below = row.cumsum(0)
        quantiles = torch.tensor([BEYOND, 0.25, 0.75, 1 - BEYOND], dtype=torch.float64, device="cpu") * below[-1]
        low, first, third, high = places[torch.searchsorted(below, quantiles).clamp(max=len(places) - 1)]
        reach = FAR * (third - first) if third > first else math.inf
        ends.append(torch.stack([low.maximum(first - reach), high.minimum(third + reach)]))
    lows, highs = torch.stack(ends).unbind(1)
    return float(lows.min()), float(highs.max())


def _apart(low: float, high: float, room: float) -> tuple[float, float]:
    """Ends that differ: with room on both sides if they are equal."""
    room = max(room, abs(low) / 2)
    return (low, high) if high > low else (low - room, high + room)
