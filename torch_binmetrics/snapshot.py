"""What counts say at one moment: confusions and thresholds, each derived once however many metrics ask."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from torch_binmetrics.confusion import Confusion, confusion_along, confusion_at
from torch_binmetrics.histogram import ScoreHistogram


class Snapshot:
    """A reading of a histogram, valid until it counts on.

    Raises:
        ValueError: the counts hold invalid samples and the histogram does not drop those.

    >>> from torch_binmetrics import Layout, Uniform
    >>> histogram = ScoreHistogram(Layout(Uniform(4)))
    >>> histogram.update(torch.tensor([0.1, 0.8, 0.9]), torch.tensor([0, 0, 1]))
    >>> Snapshot(histogram).thresholds
    tensor([0.0000, 0.7500])
    """

    def __init__(self, histogram: ScoreHistogram) -> None:
        histogram.layout.check_valid(histogram.state)
        self.layout = histogram.layout
        self._counts = histogram.counts
        self._at: dict[int, Confusion] = {}

    @cached_property
    def occupied(self) -> Tensor:
        """Ascending numbers of the bins that hold samples, int64, [points]; bin 0 where nothing was counted."""
        bins = self._counts.sum(0).nonzero().squeeze(1)
        return bins if len(bins) else bins.new_zeros(1)

    @cached_property
    def counts(self) -> Tensor:
        """Counts by label and occupied bin, [2, points]."""
        return self._counts[:, self.occupied]

    @cached_property
    def confusion(self) -> Confusion:
        """Confusion at the lower edge of every occupied bin, ascending, [points] each."""
        return confusion_along(self.counts)

    @cached_property
    def thresholds(self) -> Tensor:
        """Lower edges of the occupied bins: float32 scores, or logits if those were counted, [points]."""
        return self.layout.scored.thresholds(self.occupied)

    @cached_property
    def probabilities(self) -> Tensor:
        """The thresholds as users gave scores: float64 probabilities where logits were counted, else the float32 scores."""
        return torch.sigmoid(self.thresholds.double()) if self.layout.from_logits else self.thresholds

    def at(self, position: int) -> Confusion:
        """Confusion when bins from ``position`` on are called positive, 0-d each."""
        if position not in self._at:
            self._at[position] = confusion_at(self.counts, int((self.occupied < position).sum()))
        return self._at[position]

    def resampled(self, counts: Tensor) -> Snapshot:
        """A reading of other counts in the same occupied bins, [2, points], whose thresholds are found but once."""
        other = object.__new__(Snapshot)
        kept = {"occupied": self.occupied, "thresholds": self.thresholds, "probabilities": self.probabilities}
        other.__dict__.update(kept, layout=self.layout, counts=counts, _at={})
        return other
