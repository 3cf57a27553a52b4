"""What counts say at one moment: confusions and thresholds, each derived once however many metrics ask."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from torch_binmetrics.counting.cuts import Threshold
from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.measures.confusion import Confusion, confusion_along, confusion_at, occupied_bins
from torch_binmetrics.state.histogram import ScoreHistogram


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
        histogram.check_valid()
        self.layout = histogram.layout
        self._histogram = histogram
        self._at: dict[int, Confusion] = {}
        self._sums: dict[Summand, Tensor] = {}

    @cached_property
    def _counts(self) -> Tensor:
        """Counts by label and bin, occupied or not, [2, bins]: exact ones are found in a table, once."""
        return self._histogram.counts

    @cached_property
    def occupied(self) -> Tensor:
        """Ascending numbers of the bins that hold samples, int64, [points]; bin 0 where nothing was counted."""
        return occupied_bins(self._counts)

    @cached_property
    def counts(self) -> Tensor:
        """Counts by label and occupied bin: int64, or float64 sums of weights, [2, points]."""
        counts = self._counts[:, self.occupied]
        return counts if self.layout.weighted else counts.long()

    def sums(self, summand: Summand) -> Tensor:
        """What was summed besides, by label and occupied bin: float64, [2, points]."""
        if summand not in self._sums:
            self._sums[summand] = self._histogram.sums(summand)[:, self.occupied]
        return self._sums[summand]

    @cached_property
    def confusion(self) -> Confusion:
        """Confusion at the lower edge of every occupied bin, ascending, [points] each."""
        return confusion_along(self.counts)

    @cached_property
    def thresholds(self) -> Tensor:
        """Lower edges of the occupied bins: float32 scores, or logits if those were counted, [points]."""
        return self._histogram.thresholds(self.occupied)

    @cached_property
    def probabilities(self) -> Tensor:
        """The thresholds as users gave scores: float64 probabilities where logits were counted, else the float32 scores."""
        return torch.sigmoid(self.thresholds.double()) if self.layout.from_logits else self.thresholds

    def at(self, position: int) -> Confusion:
        """Confusion when bins from ``position`` on are called positive, 0-d each."""
        if position not in self._at:
            self._at[position] = confusion_at(self.counts, int((self.occupied < position).sum()))
        return self._at[position]

    def position(self, threshold: float) -> int | None:
        """The bin that starts at a threshold, a probability even if logits are counted; None if it lies on no edge."""
        wanted = Threshold(threshold).to_logits() if self.layout.from_logits else Threshold(threshold)
        positions = self._histogram.positions((wanted.at,))
        return positions[0] if positions else None

    def at_threshold(self, threshold: float) -> Confusion:
        """Confusion when scores from a threshold on are called positive, a probability if logits were counted; 0-d each.

        Raises:
            ValueError: the threshold lies on no edge of the cuts.
        """
        position = self.position(threshold)
        if position is None:
            raise ValueError(
                f"threshold {threshold:g} lies on no edge of {self.layout.cuts}: take one that does, 0.5 say, "
                f"or read it off counts with Threshold({threshold:g}) as cuts"
            )
        return self.at(position)

    def resampled(self, counts: Tensor) -> Snapshot:
        """A reading of other counts in the same occupied bins, [2, points]; the samples of a cell keep their mean of a sum."""
        other = object.__new__(Snapshot)
        sums: dict[Summand, Tensor] = {}
        if self.layout.sums:
            share = counts / self.counts.where(self.counts > 0, 1)
            sums = {summand: (self.sums(summand) * share).where(counts > 0, 0.0) for summand in self.layout.sums}
        kept = {"occupied": self.occupied, "thresholds": self.thresholds, "probabilities": self.probabilities}
        other.__dict__.update(kept, layout=self.layout, counts=counts, _at={}, _sums=sums)
        return other
