"""States of version 1 as states of today: its runs of floats were two, and it knew neither samples off an edge nor squares."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.counting import Dropped, Layout
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_bits import FloatBits
from torch_binmetrics.counting.float_order import INFINITY, from_ordered, ordered
from torch_binmetrics.counting.summands import SquaredWeight

EXCLUDED = 1 + len(Dropped._fields)


class TwoRuns(Cuts):
    """What FloatBits was: leading bits of x below 0.5, and of x - 1 from there on."""

    def __init__(self, bits: int) -> None:
        self.shift = 32 - bits

    @property
    def bins(self) -> int:
        """Number of bins."""
        return 2 * ((INFINITY >> self.shift) + (0x3F000000 >> self.shift)) + 1

    def index(self, scores: Tensor) -> Tensor:
        """Bin of each score."""
        lowest, half = INFINITY >> self.shift, 0x3F000000 >> self.shift
        below, above = (ordered(scores) >> self.shift) + lowest, (ordered(scores - 1) >> self.shift) + lowest + 2 * half
        return torch.where(scores < 0.5, below, above).long()

    def to_logits(self) -> TwoRuns:
        """The same cuts."""
        return self


def upgraded(state: dict[str, Any], layout: Layout) -> dict[str, Any]:
    """A state of version 1 as one of today; ValueError if a bin with counts lies in several of today's."""
    found = re.fullmatch(r"FloatBits\(bits=(\d+)\)(, .*)", str(state["meaning"]))
    meaning = f"{FloatBits(int(found[1]), centre=None)}{found[2]}" if found else state["meaning"]
    then = replace(layout, sums=tuple(summand for summand in layout.sums if summand != SquaredWeight()))
    if meaning != then.meaning:
        return state | {"meaning": meaning}
    return state | {"meaning": layout.meaning, "counts": upgraded_counts(state["counts"], layout)}


def upgraded_counts(counts: Any, layout: Layout) -> Any:
    """Cells of today, along the last axis, from those of version 1; as they are if they cannot be such."""
    cuts = layout.scored
    before = TwoRuns(cuts.bits) if isinstance(cuts, FloatBits) else cuts
    block, sums = 2 * before.bins, sum(summand != SquaredWeight() for summand in layout.sums)
    if not isinstance(counts, Tensor) or not counts.ndim or counts.shape[-1] != block * (1 + sums) + EXCLUDED:
        return counts
    first, excluded, *more = torch.split(counts, [block, EXCLUDED, *[block] * sums], -1)
    off_edge = first.double().sum(-1, keepdim=True).ceil().to(counts.dtype)  # no one knows, so it may be all of them
    first, *more = (part if before is cuts else _moved(part, before, cuts) for part in (first, *more))
    squares, rest = torch.where(first > 0, math.inf, 0.0), iter(more)  # as no one knows them either
    sums_of_today = [squares if summand == SquaredWeight() else next(rest) for summand in layout.sums]
    return torch.cat([first, excluded, off_edge, *sums_of_today], -1)


def _moved(part: Tensor, before: Cuts, after: Cuts) -> Tensor:
    """Counts or sums by label and bin in the bins of other cuts; ValueError where a bin lies in several of these."""
    counts = part.view(2, -1)
    bins = counts.any(0).nonzero().squeeze(1)
    first, beyond = before.thresholds(bins), before.thresholds(bins + 1)  # NaN beyond the last bin, which holds inf alone
    last = from_ordered(ordered(beyond) - 1).where(~beyond.isnan(), math.inf)
    place = after.index(first)
    astray = place != after.index(last)
    if astray.any():
        raise ValueError(
            f"the state is of version 1, whose bin of scores from {float(first[astray][0]):g} to {float(last[astray][0]):g} "
            f"lies in several bins of {after}, and holds samples: count them anew"
        )
    return counts.new_zeros(2, after.bins).index_add_(1, place, counts[:, bins]).view(-1)
