"""Where scores are cut into bins: each cut is a monotone map from float32 scores to bin numbers."""

from __future__ import annotations

import hashlib
import math
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from torch_binmetrics.checks import integer, number
from torch_binmetrics.counting.float_order import from_ordered, ordered
from torch_binmetrics.counting.given import SupportsArray, tensor_of

MAX_BINS = 1 << 23


class Cuts(ABC):
    """A frozen, hashable rule that gives every float32 score a bin in ``0 .. bins - 1``, higher scores never a lower one."""

    #: Lowest and highest score that the cuts take; scores outside are invalid.
    valid_range: tuple[float, float] = (-math.inf, math.inf)

    @property
    @abstractmethod
    def bins(self) -> int:
        """Number of bins."""

    @abstractmethod
    def index(self, scores: Tensor) -> Tensor:
        """Bin of each score, rounded to float32: numbers of any shape to int64 of that shape; anything may come of a NaN."""

    def off_edge(self, scores: Tensor) -> Tensor:
        """Whether a score may lie elsewhere than on the lower edge of its bin: bool; of cuts that cannot tell, always."""
        return torch.ones_like(scores, dtype=torch.bool)

    @abstractmethod
    def to_logits(self) -> Cuts:
        """The same cuts for logits, where these are for probabilities."""

    def thresholds(self, bins: Tensor | None = None) -> Tensor:
        """Smallest valid float32 score whose bin is at least i, for each bin i.

        Found by bisection over the float32 numbers, so that ``preds >= thresholds()[i]`` is exactly what the counts say.

        Args:
            bins: int64 bin numbers of any shape; all bins if left out.

        Returns:
            float32 of the shape of ``bins``: equal neighbours where a bin can hold no float, NaN where no such score exists.
        """
        if bins is None:
            bins = torch.arange(self.bins, device="cpu")
        lowest, highest = ordered(torch.tensor(self.valid_range, dtype=torch.float32, device="cpu")).tolist()
        below = torch.full_like(bins, lowest - 1)
        for step in (1 << k for k in reversed(range(33))):
            probe = below + step
            too_low = (probe <= highest) & (self.index(from_ordered(probe.clamp(max=highest))) < bins)
            below = torch.where(too_low, probe, below)
        return from_ordered(below + 1).where(below < highest, math.nan)

    def single(self, bins: Tensor) -> Tensor:
        """Whether a bin holds no float32 number but the smallest, and its samples are ties for certain: int64 to bool."""
        first, beyond = self.thresholds(bins), self.thresholds(bins + 1)
        return (from_ordered(ordered(first) + 1) >= beyond) | (first == self.valid_range[1])

    def positions(self, thresholds: Sequence[float]) -> tuple[int, ...] | None:
        """The bins that start at thresholds rounded to float32, or None if one of those lies on no edge."""
        at = torch.tensor(thresholds, dtype=torch.float32, device="cpu")
        low, high = self.valid_range
        bins, one_below = self.index(at), self.index(from_ordered(ordered(at) - 1))
        on_edge = (low <= at) & (at <= high) & ((one_below < bins) | (at == low))
        return tuple(bins.tolist()) if on_edge.all() else None


@dataclass(frozen=True)
class Threshold(Cuts):
    """Two bins, ``preds < at`` and ``preds >= at``, compared in float32.

    Args:
        at: any float; a probability if the metric is told ``from_logits=True``.

    >>> Threshold(0.5).index(torch.tensor([0.2, 0.5, 0.9]))
    tensor([0, 1, 1])
    """

    at: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", number("threshold", self.at))
        if math.isnan(self.at):
            raise ValueError("threshold must be a number, got NaN: pass one such as 0.5")

    @property
    def bins(self) -> int:
        return 2

    def index(self, scores: Tensor) -> Tensor:
        return (scores.float() >= self.at).long()

    def to_logits(self) -> Threshold:
        return Threshold(logits([self.at])[0])


@dataclass(frozen=True)
class Uniform(Cuts):
    """Equal bins over [0, 1], the last closed on both sides; scores outside [0, 1] are invalid.

    Args:
        n: number of bins, a power of two, so that the edges are exact in every float format.

    >>> Uniform(4).thresholds()
    tensor([0.0000, 0.2500, 0.5000, 0.7500])
    """

    n: int = 1024
    valid_range = (0.0, 1.0)

    def __post_init__(self) -> None:
        integer("the number of bins", self.n)
        if not 2 <= self.n <= MAX_BINS or self.n & (self.n - 1):
            raise ValueError(
                f"Uniform takes a power of two from 2 to {MAX_BINS}, got {self.n}: take the next power of two, "
                f"or Edges(torch.linspace(0, 1, {self.n})) for thresholds of your own"
            )

    @property
    def bins(self) -> int:
        return self.n

    def index(self, scores: Tensor) -> Tensor:
        return (scores.float() * self.n).long().clamp(0, self.n - 1)

    def off_edge(self, scores: Tensor) -> Tensor:
        return scores.float() * self.n != self.index(scores)

    def to_logits(self) -> Edges:
        return Edges(logits([i / self.n for i in range(1, self.n)]))


@dataclass(frozen=True, init=False, repr=False)
class Edges(Cuts):
    """Bins between given thresholds, each compared as ``preds >= t`` in float32.

    Args:
        thresholds: ascending floats (list, tuple, array or 1-D tensor), one or more; ``len(thresholds) + 1`` bins come of them.

    >>> Edges([0.1, 0.5]).index(torch.tensor([0.0, 0.1, 0.7]))
    tensor([0, 1, 2])
    """

    at: tuple[float, ...]

    def __init__(self, thresholds: Sequence[float] | Tensor | SupportsArray) -> None:
        values = _given(thresholds)
        if values.ndim != 1 or not values.numel():
            raise ValueError(f"thresholds must be a list of at least one, got shape {tuple(values.shape)}: pass [0.5], say")
        if values.isnan().any():
            raise ValueError("thresholds must be numbers, got NaN among them: leave it out")
        at = tuple(value + 0.0 for value in map(float, values.tolist()))
        for low, high in pairwise(at):
            if low > high:
                raise ValueError(f"thresholds must be ascending, got {low:g} before {high:g}: sort them first")
        object.__setattr__(self, "at", at)
        object.__setattr__(self, "_tables", {})
        object.__setattr__(self, "_hash", hash(self.at))

    def __repr__(self) -> str:
        if len(self.at) <= 6:
            return f"Edges({list(self.at)})"
        digest = hashlib.sha256(repr(self.at).encode()).hexdigest()[:16]
        return f"Edges({len(self.at)} thresholds from {self.at[0]:g} to {self.at[-1]:g}, sha256 {digest})"

    def __hash__(self) -> int:
        return int(self.__dict__["_hash"])  # of 10,000 thresholds it is too slow for every batch

    def __reduce__(self) -> tuple[type[Edges], tuple[tuple[float, ...]]]:
        return Edges, (self.at,)

    @property
    def bins(self) -> int:
        return len(self.at) + 1

    def index(self, scores: Tensor) -> Tensor:
        return torch.searchsorted(self._table(scores.device), scores.float().contiguous(), right=True)

    def to_logits(self) -> Edges:
        return Edges(logits(self.at))

    def _table(self, device: torch.device) -> Tensor:
        """The thresholds on a device, copied there once: a copy at every batch would make the host wait."""
        tables: dict[torch.device, Tensor] = self.__dict__["_tables"]
        if device not in tables:
            tables[device] = torch.tensor(self.at, dtype=torch.float32, device=device)
        return tables[device]


def _given(thresholds: Sequence[float] | Tensor | SupportsArray) -> Tensor:
    """Thresholds of any kind as a tensor on CPU; TypeError for what are no numbers that a float can hold."""
    try:
        given = tensor_of("thresholds", thresholds, device="cpu", dtype=torch.float64)
        if given.layout is torch.strided and not given.is_complex():
            return given.detach().cpu()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    raise TypeError(f"thresholds must be floats, got {reprlib.repr(thresholds)}: pass [0.25, 0.5], say")


#: What users write for cuts; arrays of thresholds too.
CutsLike = Cuts | int | Sequence[float] | Tensor | SupportsArray


def as_cuts(value: CutsLike) -> Cuts:
    """Cuts from what users write: an int n is ``Uniform(n)``, thresholds are ``Edges``, a ``Threshold`` one edge."""
    if isinstance(value, Threshold):
        return Edges([value.at])
    if isinstance(value, Cuts):
        return value
    if isinstance(value, int):
        return Uniform(value)
    if isinstance(value, Tensor | list | tuple | SupportsArray):
        return Edges(value)
    raise TypeError(f"cuts must be a Cuts, an int or thresholds, got {type(value).__name__}: pass FloatBits(16), say")


def logits(probabilities: Sequence[float]) -> list[float]:
    """float32 logits of probabilities, computed in float64."""
    p = torch.tensor(probabilities, dtype=torch.float64, device="cpu")
    outside = p[(p < 0) | (p > 1)].tolist()
    if outside:
        raise ValueError(f"with from_logits=True thresholds are probabilities from 0 to 1, got {outside[0]}: pass 0.5, say")
    found: list[float] = torch.logit(p).float().tolist()
    return found
