"""Bins that are runs of floating-point numbers: fine where scores crowd, and down to a bin for every float32 number."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import integer, number
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_order import INFINITY, from_ordered, ordered

#: The keys of 2^-10 and 2^5: numbers of magnitudes from the one to the other keep ``centre`` bits.
CENTRE = (117 << 23, 132 << 23)


class Runs(NamedTuple):
    """The three runs of bins: scores below ``low``, scores less ``around`` from there to ``high``, and scores from there on.

    ``near`` and ``far`` are the keys between which numbers keep all but ``fine`` bits, others all but ``shift``; ``offsets``
    are the numbers of the bins of 0 of each run.
    """

    low: float
    high: float
    around: float
    near: int
    far: int
    shift: int
    fine: int
    offsets: tuple[int, int, int] = (0, 0, 0)

    def steps(self, scores: Tensor) -> Tensor:
        """Number of bins from 0 to a number, negative below it: float32 to int32."""
        key, beyond = self._keys(scores)
        return ((key - beyond) >> self.shift) + (beyond >> self.fine)

    def number(self, steps: Tensor) -> Tensor:
        """The smallest number that lies so many bins from 0: int64 to float32, NaN beyond infinity."""
        near, far = self.near >> self.shift, (self.far - self.near) >> self.fine
        size = steps.abs()
        inside = (size - near).clamp(0, far)
        key = ((size - inside) << self.shift) + (inside << self.fine)
        return from_ordered(torch.where(steps < 0, -key, key).clamp(-INFINITY, INFINITY + 1))

    def off_edge(self, scores: Tensor) -> Tensor:
        """Whether a number lies on no lower edge: it has bits that its bin leaves out."""
        key, beyond = self._keys(scores)
        return ((key - beyond) & ((1 << self.shift) - 1) | beyond & ((1 << self.fine) - 1)) != 0

    def centred(self, scores: Tensor) -> Tensor:
        """Scores in the middle run less what they are around, exactly (Sterbenz 1974), others as they are, all in float32."""
        scores = scores.float()
        return torch.where((scores >= self.low) & (scores < self.high), scores - self.around, scores)

    def _keys(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """The key of a number, and the part of it that lies in the centre."""
        key = ordered(scores)
        return key, key.clamp(self.near, self.far) + key.clamp(-self.far, -self.near)


def _float32(numbers: float | list[float]) -> Tensor:
    """Numbers as float32 on CPU, whatever the defaults are."""
    return torch.tensor(numbers, dtype=torch.float32, device="cpu")


@dataclass(frozen=True, repr=False)
class FloatBits(Cuts):
    """Bins that are runs of floating-point numbers: fine near 0, near 1 and over all the reals, so they fit any score.

    Numbers are cut to their leading bits: of a score x those of x - 1 from 0.5 to 2, and those of x elsewhere. Numbers of
    magnitude 2^-10 to 2^5, where most scores lie, keep a few more. Every bfloat16 number lies on the edge of a bin of its own,
    and with 19 bits every float16 number.

    Args:
        bits: leading bits kept, 9 to 20.
        centre: leading bits kept of numbers of magnitude 2^-10 to 2^5, ``bits`` to 22; None for no more than elsewhere.
        around: where scores crowd, if not near 0 or 1, in units of the scores: bins are as fine around it as around 0.

    Raises:
        TypeError, ValueError: an argument of another type or value.

    >>> FloatBits().bins, FloatBits(centre=None).bins
    (187649, 97409)
    >>> FloatBits(around=100.0).thresholds(FloatBits(around=100.0).index(torch.tensor([100.0, 100.3])))
    tensor([100.0000, 100.2999])
    """

    bits: int = 16
    _: KW_ONLY
    centre: int | None = 20
    around: float = 1.0

    def __post_init__(self) -> None:
        integer("bits", self.bits)
        if not 9 <= self.bits <= 20:
            raise ValueError(f"bits must be from 9 to 20, got {self.bits}: 16 suits bfloat16 and most scores, 19 float16")
        if self.centre is not None:
            integer("centre", self.centre)
            if not self.bits <= self.centre <= 22:
                raise ValueError(f"centre must be from bits ({self.bits}) to 22, got {self.centre}: pass None for no centre")
        object.__setattr__(self, "around", number("around", self.around))
        if not abs(self.around) < 2.0**126:
            raise ValueError(f"around must be a number below 2^126 in magnitude, got {self.around}: pass where scores crowd")

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return f"FloatBits({', '.join(f'{name}={value}' for name, value, default in values if value != default)})"

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # no tables

    @cached_property
    def bins(self) -> int:
        return self.runs.offsets[2] + int(self.runs.steps(_float32(math.inf))) + 1

    @cached_property
    def runs(self) -> Runs:
        """How the bins follow from the bits of a score."""
        around = float(_float32(self.around))
        low, high = sorted((around / 2, around * 2))
        near, far = (0, 0) if self.centre is None else CENTRE
        runs = Runs(low, high, around, near, far, 32 - self.bits, 32 - (self.centre or self.bits))
        ends = from_ordered(ordered(_float32([low, high])) - 1)  # the last scores of the first two runs
        begins = _float32([-math.inf, low - around, high])
        begin, last = runs.steps(begins).tolist(), runs.steps(runs.centred(ends)).tolist()
        first = -begin[0]
        middle = first + last[0] + 1 - begin[1]
        return runs._replace(offsets=(first, middle, middle + last[1] + 1 - begin[2]))

    def index(self, scores: Tensor) -> Tensor:
        scores, (first, middle, last) = scores.float(), self.runs.offsets
        offset = torch.where(scores < self.runs.low, first, torch.where(scores < self.runs.high, middle, last))
        return (self.runs.steps(self.runs.centred(scores)) + offset).long()

    def off_edge(self, scores: Tensor) -> Tensor:
        return self.runs.off_edge(self.runs.centred(scores))

    def to_logits(self) -> FloatBits:
        return self

    def thresholds(self, bins: Tensor | None = None) -> Tensor:
        if bins is None:
            return self._table("edges", torch.device("cpu"))[:-1].clone()
        return self._table("edges", bins.device)[bins]

    def single(self, bins: Tensor) -> Tensor:
        return self._table("single", bins.device)[bins]

    def _table(self, name: Literal["edges", "single"], device: torch.device) -> Tensor:
        """Of every bin, and one beyond the last, its lower edge, or whether it is single: made once, and kept with the cuts."""
        tables: dict[tuple[str, torch.device], Tensor] = vars(self).setdefault("_tables", {})
        if (name, device) in tables:
            return tables[name, device]
        bins = torch.arange(self.bins + 1, device="cpu")
        with torch.inference_mode(False):
            table = (self._edges(bins) if name == "edges" else super().single(bins[:-1])).to(device)
        if type(table) is Tensor:  # no stand-in without numbers
            tables[name, device] = table
        return table

    def _edges(self, bins: Tensor) -> Tensor:
        """The lower edge of each bin in closed form, NaN beyond the last."""
        low, high = torch.tensor([self.runs.low, self.runs.high], dtype=torch.float32, device=bins.device)
        middle, last = self.index(torch.stack([low, high])).unbind()  # bins that the last two runs begin with
        offsets = torch.where(bins < middle, self.runs.offsets[0], torch.where(bins < last, *self.runs.offsets[1:]))
        least = self.runs.number(bins - offsets)
        shifted = self._least(least).maximum(low)
        return torch.where(bins < middle, least, torch.where(bins < last, shifted, least.maximum(high)))

    def _least(self, differences: Tensor) -> Tensor:
        """The smallest float32 numbers that are at least so much more than what the middle run is around."""
        around = self.runs.around
        found = (differences.double() + around).float()
        found = from_ordered(ordered(found) + (found - around < differences).int())
        before = from_ordered(ordered(found) - 1)
        return before.where(before - around >= differences, found)


#: The cuts of every area, curve and mean unless others are chosen.
DEFAULT = FloatBits()


@dataclass(frozen=True)
class Exact(Cuts):
    """A bin for every float32 number, for what has to be exact: memory grows by 24 bytes for each distinct score.

    Updates sort, and wait for an accelerator; ranks sync with an all_gather. Every threshold lies
    on an edge. For areas, curves and points; mean losses are exact with any cuts.

    >>> from torch_binmetrics import BinaryAUROC
    >>> auroc = BinaryAUROC(Exact())
    >>> auroc.update(torch.tensor([0.3, 0.30000001, 0.2]), torch.tensor([1, 1, 0]))
    >>> auroc.histogram.counts
    tensor([[1, 0],
            [0, 2]])
    """

    @property
    def bins(self) -> int:
        return 2 * INFINITY + 1

    def index(self, scores: Tensor) -> Tensor:
        return ordered(scores.float()).long() + INFINITY

    def to_logits(self) -> Exact:
        return self

    def thresholds(self, bins: Tensor | None = None) -> Tensor:
        if bins is None:
            raise ValueError(f"Exact() has {self.bins:,} bins: say which ones")
        return from_ordered(bins - INFINITY)
