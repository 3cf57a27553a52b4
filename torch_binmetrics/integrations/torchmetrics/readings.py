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
from torch.nn.functional import pad

from torch_binmetrics.checks import fraction
from torch_binmetrics.counting import Store, Summand
from torch_binmetrics.counting.cuts import Cuts, Edges
from torch_binmetrics.counting.float_bits import Exact
from torch_binmetrics.measures import Confusion, confusion_along

KINDS_OF_THRESHOLDS = "FloatBits(16), None, an int, a list of floats or a 1-D tensor"
#: The float32 number after 1.
ABOVE_ONE = 1 + 2**-23


class Curve(NamedTuple):
    """What values along thresholds are functions of.

    ``at`` are the confusions at the ``thresholds``, ascending float32 probabilities, [..., points]; ``whole`` are those at
    which the areas are summed, from the one that calls everything positive; ``given`` tells that the user chose the thresholds.
    """

    at: Confusion
    thresholds: Tensor
    whole: Confusion
    given: bool

    @property
    def pooled(self) -> Curve:
        """The curve of the sum of all rows."""
        at, whole = (Confusion(*(part.sum(0) for part in c)) for c in (self.at, self.whole))
        return Curve(at, self.thresholds, whole, self.given)

    def row(self, number: int) -> Curve:
        """The curve of one row, with its own points unless thresholds were given."""
        at, whole = (Confusion(*(part[number] for part in c)) for c in (self.at, self.whole))
        if self.given:
            return Curve(at, self.thresholds, whole, given=True)
        called = at.tp + at.fp
        kept = called != pad(called, (0, 1))[1:]
        at = Confusion(*(part[kept] for part in at))
        return Curve(at, self.thresholds[kept], at, given=False)


class Sums(NamedTuple):
    """Counts and sums by label and cell, [2, cells], and the bin of each cell, int64 in 0 .. n_bins - 1, [cells]."""

    counts: Tensor
    sums: Tensor
    groups: Tensor
    n_bins: int


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
        at = torch.tensor(self.thresholds, dtype=torch.float32, device="cpu")
        return torch.nextafter(at, torch.full_like(at, torch.inf)) if self.strict else at

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
            None: [_ends_of_probabilities(), self.probability_edges, logits],
        }
        edges: Tensor = torch.unique(torch.cat(chosen[self.from_logits]))
        return Edges(edges)

    def confusion(self, counts: Tensor, *, logits: bool | None = None) -> Confusion:
        """Confusions at each point of counts by label and bin, [..., 2, bins], int64 or float64: [..., points] each."""
        logits = self.are_logits(counts) if logits is None else logits
        return _called(counts, self.positions(logits=logits).to(counts.device))

    def positions(self, *, logits: bool) -> Tensor:
        """The bin that each point begins, int64, [points]; one past the last where no score is called positive."""
        edges = self.logit_edges if logits else self.probability_edges
        return self.cuts.index(edges).where(~edges.isnan(), self.cuts.bins)

    def are_logits(self, counts: Tensor) -> bool:
        """Whether the scores are read as logits: as declared, else if any was outside [0, 1]."""
        if self.from_logits is not None:
            return self.from_logits
        first, end = _inside(self.cuts)
        return bool(counts[..., :first].any() or counts[..., end:].any())

    def placed(self, c: Confusion) -> Tensor:
        """Counts by label and bin, [..., 2, bins], that are read as ``c``, [..., points] each.

        They are counts of probabilities, or of logits where those are declared; ValueError if there are no such counts.
        """
        positions = self.positions(logits=bool(self.from_logits)).to(c.tp.device)
        above, total = torch.stack([c.fp, c.tp], -2), torch.stack([c.fp + c.tn, c.tp + c.fn], -2)[..., :1]
        steps = torch.cat([total, above], -1) - pad(above, (0, 1))
        lowest = 0 if self.from_logits is not None else _inside(self.cuts)[0]
        counts = steps.new_zeros(*steps.shape[:-1], self.cuts.bins + 1)
        counts = counts.index_add_(-1, torch.cat([positions.new_full((1,), lowest), positions]), steps)[..., :-1]
        found = _called(counts, positions)
        if (counts < 0).any() or not all(map(torch.equal, found, c)):
            raise ValueError(f"no scores are counted so at thresholds {list(self.thresholds)}")
        return counts

    def curve(self, counts: Tensor) -> Curve:
        """The curve of counts by label and bin, [..., 2, bins]."""
        at = self.confusion(counts)
        everything = _called(counts, torch.zeros(1, dtype=torch.int64, device=counts.device))
        whole = Confusion(*(torch.cat(parts, -1) for parts in zip(everything, at, strict=True)))
        return Curve(at, torch.tensor(self.thresholds, dtype=torch.float32, device=counts.device), whole, given=True)

    def sums(self, store: Store, state: Tensor) -> Sums:
        """Counts of a state and the sums of the reading that they decide for, which are those of :func:`of_both_readings`."""
        counts = store.counts(state)
        logits = self.are_logits(counts)
        groups = torch.searchsorted(self.positions(logits=logits), torch.arange(counts.shape[1], device="cpu"), right=True) - 1
        sums = store.sums(state, store.layout.sums[int(logits)])
        return Sums(counts, sums, groups.clamp(min=0).to(state.device), len(self.thresholds))


def curve_along(store: Store, state: Tensor, from_logits: bool | None) -> Curve:
    """The curve of a state, with a point for each occupied bin.

    Where the rule finds logits in exact counts, scores of one float32 sigmoid are one point, as in torchmetrics; declared
    logits stay apart.
    """
    bins, counts = store.occupied(state)
    first, end = _inside(store.layout.cuts)
    outside = ((bins < first) | (bins >= end)) & counts.reshape(-1, len(bins)).any(0)
    logits = bool(outside.any()) if from_logits is None else from_logits
    thresholds = store.layout.cuts.thresholds(bins)
    if logits and isinstance(store.layout.cuts, Exact):
        thresholds = torch.sigmoid(thresholds)
        if from_logits is None:
            thresholds, where = torch.unique(thresholds, return_inverse=True)
            counts = counts.new_zeros(*counts.shape[:-1], len(thresholds)).index_add_(-1, where, counts)
    elif logits:
        thresholds = torch.sigmoid(thresholds.double()).float()
    at = confusion_along(counts)
    return Curve(at, thresholds, at, given=False)


def ascending(thresholds: object) -> tuple[float, ...]:
    """Thresholds as torchmetrics takes them, in order: a number of equal steps, a list, a tensor; or cuts of ours."""
    if isinstance(thresholds, Cuts):
        thresholds = torch.unique(thresholds.thresholds())
    if isinstance(thresholds, int) and not isinstance(thresholds, bool):
        if thresholds < 2:
            raise ValueError(f"thresholds must be 2 or more, got {thresholds}: pass 100, say")
        thresholds = torch.linspace(0, 1, thresholds, dtype=torch.float32, device="cpu")
    if isinstance(thresholds, list):
        for each in thresholds:
            fraction("thresholds", each)
        thresholds = torch.tensor(thresholds, dtype=torch.float64, device="cpu")
    if not isinstance(thresholds, Tensor) or thresholds.ndim != 1 or not len(thresholds):
        raise ValueError(f"thresholds must be {KINDS_OF_THRESHOLDS}, not {thresholds}")
    return tuple(thresholds.float().sort().values.tolist())


def matrix_of(c: Confusion) -> Tensor:
    """``[[tn, fp], [fn, tp]]`` of each confusion: [..., 2, 2]."""
    return torch.stack([c.tn, c.fp, c.fn, c.tp], -1).view(*c.tp.shape, 2, 2)


def of_matrix(matrix: Tensor) -> Confusion:
    """The confusions of which :func:`matrix_of` makes a matrix."""
    tn, fp, fn, tp = matrix.flatten(-2).unbind(-1)
    return Confusion(tp, fp, tn, fn)


def of_both_readings(summand: Summand) -> tuple[Summand, Summand]:
    """A summand of scores as they are, and of scores as logits."""
    return _As(summand, logits=False), _As(summand, logits=True)


def _called(counts: Tensor, positions: Tensor) -> Confusion:
    """Confusions when the bins from each of the positions on are called positive: [..., positions] each."""
    return Confusion(*(part[..., positions] for part in confusion_along(pad(counts, (0, 1)))))


def _inside(cuts: Cuts) -> tuple[int, int]:
    """The bin that begins at 0 and the one that begins above 1, both edges of the cuts."""
    first, end = cuts.index(_ends_of_probabilities()).tolist()
    return first, end


def _ends_of_probabilities() -> Tensor:
    """The smallest probability, and the smallest float32 number above all of them."""
    return torch.tensor([0.0, ABOVE_ONE], dtype=torch.float32, device="cpu")


class _ThroughSigmoid(Edges):
    """Edges for probabilities, applied to the float32 sigmoid of scores."""

    def index(self, scores: Tensor) -> Tensor:
        return super().index(torch.sigmoid(scores))


@dataclass(frozen=True)
class _As(Summand):
    """A summand of the scores as they are, or of their sigmoid, whatever the rest of the epoch shows them to be."""

    summand: Summand
    logits: bool
    of_probabilities = False

    def values(self, scores: Tensor, positive: Tensor, *, from_logits: bool) -> Tensor:
        read = torch.sigmoid(scores) if self.logits else scores
        return self.summand.values(read, positive, from_logits=False)
