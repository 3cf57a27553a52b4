"""What counts say at one moment: confusions and thresholds, each derived once however many readings ask."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.counting import Layout
from torch_binmetrics.counting.summands import SquaredWeight, Summand
from torch_binmetrics.measures.confusion import Confusion, confusion_along, confusion_at
from torch_binmetrics.state.histogram import ScoreHistogram


class Snapshot:
    """What a histogram says at one moment, whatever it counts later: a copy of its occupied bins.

    Args:
        histogram: local or summed counts.

    Raises:
        ValueError: the counts hold invalid samples and the histogram does not drop those.

    >>> from torch_binmetrics import Layout, Uniform
    >>> histogram = ScoreHistogram(Layout(Uniform(4)))
    >>> histogram.update(torch.tensor([0.1, 0.8, 0.9]), torch.tensor([0, 0, 1]))
    >>> Snapshot(histogram).thresholds
    tensor([0.0000, 0.7500])
    """

    def __init__(self, histogram: ScoreHistogram) -> None:
        self.layout = histogram.layout
        with histogram.guard.lock:
            #: Numbers of invalid samples, by kind.
            self.dropped = histogram.dropped
            self.layout.check_valid(self.dropped)
            store, state = histogram.store, histogram.state
            #: Whether every bin holds one number, since no sample lies off the lower edge of its bin: then nothing is hidden.
            self.exact = not store.off_edge(state)
            #: Ascending numbers of the bins that hold samples, int64, [points]; bin 0 where nothing was counted.
            self.occupied, counts = store.occupied(state)
            self._sums = {summand: store.sums(state, summand)[..., self.occupied] for summand in self.layout.sums}
        #: Counts by label and occupied bin: int64, or float64 sums of weights, [2, points]; with rows, [rows, 2, points].
        self.counts = counts if self.layout.weighted else counts.long()
        self._at: dict[float | tuple[float, ...], Confusion] = {}

    def sums(self, summand: Summand) -> Tensor:
        """What was summed besides, by label and occupied bin: float64, [2, points]; ValueError if that was not summed."""
        if summand not in self._sums:
            raise ValueError(f"expected one of {list(self.layout.sums)}, got {summand}: these counts do not sum that")
        return self._sums[summand]

    @cached_property
    def confusion(self) -> Confusion:
        """Confusion at the lower edge of every occupied bin, ascending, [points] each."""
        return confusion_along(self.counts)

    @cached_property
    def squares(self) -> Snapshot:
        """Sums of squared weights in the place of the counts; ValueError if those were not summed.

        NaN for a class where float64 does not hold them, or a state of version 1 did not.
        """
        squares, weights = self.sums(SquaredWeight()), self.counts
        vanished = (squares.amax(-1, keepdim=True) < torch.finfo(squares.dtype).tiny) & (weights.amax(-1, keepdim=True) > 0)
        known = squares.isfinite().all(-1, keepdim=True) & ~vanished
        return self._with(occupied=self.occupied, counts=squares.where(known, torch.nan), _sums={})

    @cached_property
    def thresholds(self) -> Tensor:
        """Lower edges of the occupied bins: float32 scores, or logits if those were counted, [points]."""
        return self.layout.scored.thresholds(self.occupied)

    @cached_property
    def ties(self) -> Tensor:
        """Which occupied bins hold one number for certain, so that nothing is hidden in them: bool, [points]."""
        return torch.ones_like(self.occupied, dtype=torch.bool) if self.exact else self.layout.scored.single(self.occupied)

    @cached_property
    def improbable(self) -> float:
        """How many samples, or weights, have a score outside [0, 1] for certain; 0 where logits were declared."""
        low, high = self.layout.ends_of_probabilities
        return float(self.counts[..., (self.occupied < low) | (self.occupied > high)].double().sum())

    @cached_property
    def probabilities(self) -> Tensor:
        """The thresholds as users gave scores: float64 probabilities where logits were counted, else the float32 scores."""
        return torch.sigmoid(self.thresholds.double()) if self.layout.from_logits else self.thresholds

    def at(self, thresholds: float | tuple[float, ...]) -> Confusion:
        """Confusion when scores from a threshold on are called positive, 0-d each; of several thresholds, [thresholds].

        Args:
            thresholds: edges of the cuts, probabilities even if logits were counted.

        Raises:
            ValueError: one of them lies on no edge of the cuts.
        """
        if thresholds not in self._at:
            self._at[thresholds] = self._confusion_at(thresholds)
        return self._at[thresholds]

    @cached_property
    def pooled(self) -> Snapshot:
        """The sum of all rows."""
        sums = {summand: _pooled(held) for summand, held in self._sums.items()}
        return self._with(layout=self._alone, occupied=self.occupied, counts=_pooled(self.counts), _sums=sums)

    def row(self, row: int | str) -> Snapshot:
        """The counts of one row, by its number or its name, as if there were no others.

        Raises:
            IndexError, KeyError: there is no such row.
        """
        rows = self.layout.rows
        if rows is None:
            raise IndexError(f"no row {row!r}: these counts have no rows")
        if isinstance(row, str):
            if row not in rows.names:
                raise KeyError(f"no row {row!r}: expected one of {list(rows.names)}")
            row = rows.names.index(row)
        counts = self.counts[row]
        points = counts.sum(0).nonzero().squeeze(1)
        occupied = self.occupied[points]
        if not len(points):
            points = occupied = points.new_zeros(1)
        sums = {summand: held[row][:, points] for summand, held in self._sums.items()}
        return self._with(layout=self._alone, occupied=occupied, counts=counts[:, points], _sums=sums)

    @cached_property
    def _alone(self) -> Layout:
        """The layout of counts without rows."""
        return replace(self.layout, rows=None)

    def on_cpu(self) -> Snapshot:
        """The same counts on CPU, where plots are drawn and samples are drawn anew."""
        if self.counts.device.type == "cpu":
            return self
        sums = {summand: held.cpu() for summand, held in self._sums.items()}
        return self._with(occupied=self.occupied.cpu(), counts=self.counts.cpu(), _sums=sums)

    def resampled(self, counts: Tensor) -> Snapshot:
        """Other counts in the same occupied bins, [draws, 2, points]; samples of a cell keep their mean of a sum."""
        share = counts / self.counts.where(self.counts > 0, 1) if self.layout.sums else counts
        sums = {summand: (self.sums(summand) * share).where(counts > 0, 0.0) for summand in self.layout.sums}
        return self._at_same_points(counts, sums)

    def draw(self, k: int) -> Snapshot:
        """One of the draws of resampled counts."""
        return self._at_same_points(self.counts[k], {summand: held[k] for summand, held in self._sums.items()})

    def _at_same_points(self, counts: Tensor, sums: dict[Summand, Tensor]) -> Snapshot:
        """Other counts and sums in the same occupied bins."""
        kept = {name: known for name, known in vars(self).items() if name in ("thresholds", "probabilities")}
        return self._with(**kept, occupied=self.occupied, counts=counts, _sums=sums)

    def _with(self, **attributes: Any) -> Snapshot:
        """Other counts of the same layout, with nothing derived yet but what is given."""
        other = object.__new__(Snapshot)
        vars(other).update({"layout": self.layout, "dropped": self.dropped, "exact": self.exact, "_at": {}} | attributes)
        return other

    def _confusion_at(self, thresholds: float | tuple[float, ...]) -> Confusion:
        """The confusion at edges, from sums on either side of them."""
        many = thresholds if isinstance(thresholds, tuple) else (thresholds,)
        positions = self.layout.positions(many)
        if positions is None:
            half = ", 0.5 say" if self.layout.positions((0.5,)) else ""
            raise ValueError(
                f"threshold {', '.join(f'{at:g}' for at in many)} lies on no edge of {self.layout.cuts}: "
                f"take one that does{half}, or read it off counts with Threshold({many[0]:g}) as cuts"
            )
        found = [confusion_at(self.counts, int(torch.searchsorted(self.occupied, position))) for position in positions]
        return Confusion(*(torch.stack(parts, -1) for parts in zip(*found, strict=True))) if thresholds is many else found[0]


def _pooled(rows: Tensor) -> Tensor:
    """The sum over rows, [..., rows, 2, points], in one order."""
    return rows.cumsum(-3).select(-3, -1) if rows.is_floating_point() else rows.sum(-3)
