"""Bins that are runs of floating-point numbers: fine where scores crowd, and down to a bin for every float32 number."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from torch_binmetrics.checks import integer
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_order import INFINITY, from_ordered, ordered


@dataclass(frozen=True)
class FloatBits(Cuts):
    """Bins that are runs of floating-point numbers: fine near 0, near 1 and over all the reals, so they fit any score.

    With s(x) the bits of float32 x as a signed, ordered integer, a score is cut to the leading bits of s(x) below 0.5 and
    of s(x - 1) from 0.5 on. Every bfloat16 number has a 16-bit bin of its own and, up to 256, lies on its edge; every
    float16 number a 19-bit one, up to 2,048.

    Args:
        bits: leading bits kept, 9 to 20; 16 give 97,537 bins, each bit more doubles them.

    >>> FloatBits(16).bins
    97537
    """

    bits: int = 16

    def __post_init__(self) -> None:
        integer("bits", self.bits)
        if not 9 <= self.bits <= 20:
            raise ValueError(f"bits must be from 9 to 20, got {self.bits}: 16 suits bfloat16 and most scores, 19 float16")

    @property
    def bins(self) -> int:
        shift = 32 - self.bits
        return 2 * ((INFINITY >> shift) + (0x3F000000 >> shift)) + 1

    def index(self, scores: Tensor) -> Tensor:
        shift = 32 - self.bits
        lowest = INFINITY >> shift
        below = (ordered(scores) >> shift) + lowest
        above = (ordered(scores - 1) >> shift) + (lowest + 2 * (0x3F000000 >> shift))
        return torch.where(scores < 0.5, below, above).long()

    def to_logits(self) -> FloatBits:
        return self


#: The cuts of every area, curve and mean unless others are chosen.
DEFAULT = FloatBits(16)


@dataclass(frozen=True)
class Exact(Cuts):
    """A bin for every float32 number, for what has to be exact: memory grows by 24 bytes for each distinct score.

    Updates sort, and wait for an accelerator; ranks sync with an all_reduce of lengths and an all_gather. Every threshold lies
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
        return ordered(scores).long() + INFINITY

    def to_logits(self) -> Exact:
        return self

    def thresholds(self, bins: Tensor | None = None) -> Tensor:
        if bins is None:
            raise ValueError(f"Exact() has {self.bins:,} bins: say which ones")
        return from_ordered(bins - INFINITY)
