"""How scores are read that may turn out to be logits: by torchmetrics' rule, but once for all samples of an epoch.

torchmetrics applies a sigmoid to every batch that has a score outside [0, 1]. Here both readings are counted, and so are the
scores outside [0, 1]; the sums over all batches and ranks then tell which reading it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting.cuts import Cuts, Edges, FloatBits
from torch_binmetrics.counting.table import exact_rows
from torch_binmetrics.measures.confusion import Confusion, confusion_along, occupied_bins

ABOVE_ONE = float(torch.nextafter(torch.tensor(1.0), torch.tensor(2.0)))


class Curve(NamedTuple):
    """What scores along thresholds are functions of.

    ``at`` are the confusions at the ``thresholds``, ascending float32 probabilities, [points]; ``whole`` are those at which
    the areas are summed, from the one that calls everything positive; ``given`` tells that the user chose the thresholds.
    """

    at: Confusion
    thresholds: Tensor
    whole: Confusion
    given: bool


@dataclass(frozen=True)
class Points:
    """Given thresholds, ascending, each an edge for probabilities and one for logits.

    ``strict`` means ``preds > t`` instead of ``preds >= t``. ``from_logits`` is None for torchmetrics' rule.
    """

    thresholds: tuple[float, ...]
    strict: bool = False
    from_logits: bool | None = None

    @cached_property
    def probability_edges(self) -> Tensor:
        """The smallest float32 scores that are called positive: [points]."""
        at = torch.tensor(self.thresholds, dtype=torch.float32)
        return torch.nextafter(at, torch.tensor(torch.inf)) if self.strict else at

    @cached_property
    def logit_edges(self) -> Tensor:
        """The smallest float32 scores whose sigmoid is called positive: [points], NaN where none is."""
        return _ThroughSigmoid(self.probability_edges.tolist()).thresholds()[1:]

    @cached_property
    def cuts(self) -> Edges:
        """All edges that the reading may need."""
        logits = self.logit_edges.nan_to_num(torch.inf, torch.inf, -torch.inf)
        chosen = {
            True: [logits],
            False: [self.probability_edges],
            None: [torch.tensor([0.0, ABOVE_ONE]), self.probability_edges, logits],
        }
        edges: Tensor = torch.unique(torch.cat(chosen[self.from_logits]))
        return Edges(edges)

    def confusion(self, counts: Tensor) -> Confusion:
        """Confusions at each point of counts by label and bin, [2, bins, ...], int64 or float64: [points, ...] each."""
        return self.along(counts, self.positions(logits=self.are_logits(counts)).to(counts.device))

    def positions(self, *, logits: bool) -> Tensor:
        """The bin that each point begins, int64, [points]; one past the last where no score is called positive."""
        edges = self.logit_edges if logits else self.probability_edges
        return self.cuts.index(edges).where(~edges.isnan(), self.cuts.bins)

    def along(self, counts: Tensor, positions: Tensor) -> Confusion:
        """Confusions when the bins from each of the positions on are called positive."""
        nothing = torch.zeros_like(counts[:, :1])
        every = confusion_along(torch.cat([counts, nothing], 1))
        return Confusion(*(part[positions] for part in every))

    def are_logits(self, counts: Tensor) -> bool:
        """Whether the scores are read as logits: as declared, else if any was outside [0, 1]."""
        return _any_outside(self.cuts, counts) if self.from_logits is None else self.from_logits

    def curve(self, counts: Tensor) -> Curve:
        """The curve of counts by label and bin, [2, bins]."""
        at = self.confusion(counts)
        everything = self.along(counts, torch.zeros(1, dtype=torch.int64, device=counts.device))
        whole = Confusion(*(torch.cat(parts) for parts in zip(everything, at, strict=True)))
        return Curve(at, torch.tensor(self.thresholds, dtype=torch.float32, device=counts.device), whole, given=True)


def curve_along_bits(cuts: FloatBits, counts: Tensor, from_logits: bool | None) -> Curve:
    """The curve of counts by label and bin, [2, bins], with a point for each occupied bin."""
    occupied = occupied_bins(counts)
    logits = _any_outside(cuts, counts) if from_logits is None else from_logits
    thresholds = cuts.thresholds(occupied)
    at = confusion_along(counts[:, occupied])
    return Curve(at, torch.sigmoid(thresholds.double()).float() if logits else thresholds, at, given=False)


def curve_of_table(table: Tensor, from_logits: bool | None) -> Curve:
    """The curve of exact counts, with a point for each distinct score.

    Where the rule finds logits, scores of one float32 sigmoid are one point, as in torchmetrics; declared logits stay apart.
    """
    scores, counts = exact_rows(table)
    outside = (scores < 0) | (scores > 1)
    logits = bool((outside & counts.any(0)).any()) if from_logits is None else from_logits
    thresholds = torch.sigmoid(scores) if logits else scores
    if logits and from_logits is None:
        thresholds, where = torch.unique(thresholds, return_inverse=True)
        counts = counts.new_zeros(2, len(thresholds)).index_add_(1, where, counts)
    at = confusion_along(counts)
    return Curve(at, thresholds, at, given=False)


def _any_outside(cuts: Cuts, counts: Tensor) -> bool:
    """Whether counts by label and bin, [2, bins, ...], hold scores outside [0, 1], which are edges of the cuts."""
    first, end = cuts.index(torch.tensor([0.0, ABOVE_ONE])).tolist()
    return bool(counts[:, :first].any() or counts[:, end:].any())


class _ThroughSigmoid(Edges):
    """Edges for probabilities, applied to the float32 sigmoid of scores."""

    def index(self, scores: Tensor) -> Tensor:
        return super().index(torch.sigmoid(scores))
