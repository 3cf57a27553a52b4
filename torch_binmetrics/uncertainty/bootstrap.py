"""Poisson bootstrap of counts: how a measure varies over samples drawn anew, without one sample kept.

A draw takes every sample a Poisson number of times, of mean 1 (Chamandy et al. 2012), so a cell of n samples a Poisson number
of mean n. That needs the occupied cells and nothing else. Generators on CPU make the draws the same on every rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import torch
from torch import Tensor

from torch_binmetrics.counting import Layout, SquaredWeight
from torch_binmetrics.measures.declared import Ends
from torch_binmetrics.measures.staircase import serial_sum
from torch_binmetrics.state.snapshot import Snapshot

K = TypeVar("K")

#: Cells drawn at once, so that they stay in the cache, and a draw of any number of bins costs little memory.
CHUNK = 1 << 17
#: Cells of so many samples are drawn by the expansion of Cornish and Fisher, eight times as fast; its distribution function is
#: off by 5e-4 at most.
MANY = 32


def has_squares(layout: Layout) -> bool:
    """Whether counts tell how many samples may vary in a cell: not sums of weights without their squares."""
    return not layout.weighted or SquaredWeight() in layout.sums


def check_squares(layout: Layout) -> None:
    """Raise TypeError if sums of weights are counted without squares."""
    if not has_squares(layout):
        raise TypeError(
            "sums of weights have no confidence interval without the sums of squared weights, which Exact() does not keep: "
            "take other cuts, or Layout(..., sums=(SquaredWeight(),)), or count the samples without weights"
        )


def resampled(snapshot: Snapshot, draws: int, seed: int) -> Iterator[Snapshot]:
    """So many samples drawn anew from counts on CPU, many at once; the same ones for a seed, whatever reads them.

    A sum of weights W with squares Q varies as W^2 / Q samples of weight Q / W.
    """
    means, weight = _cells(snapshot)
    # One each: how many are drawn at once changes nothing.
    few, many = (torch.Generator("cpu").manual_seed(seed) for _ in range(2))
    for done in range(0, draws, step := max(1, CHUNK // means.numel())):
        drawn = _poisson(means, min(step, draws - done), few, many)
        yield snapshot.resampled(drawn if weight is None else (drawn * weight).nan_to_num(0.0))


def _cells(snapshot: Snapshot) -> tuple[Tensor, Tensor | None]:
    """How many samples vary in each cell, and of what weight each is: float64, [2, points], NaN of a class if not known."""
    counts = snapshot.counts.double()
    if not snapshot.layout.weighted:
        return counts, None
    weight = (snapshot.squares.counts / counts).where(counts > 0, 1.0)
    # Squares too small for float64 beside others are as good as no samples.
    return (counts / weight).where(weight != 0, 0.0), weight


def _poisson(means: Tensor, draws: int, few: torch.Generator, many: torch.Generator) -> Tensor:
    """Poisson numbers of these means, float64, [draws, *means.shape]; a generator for either size of mean."""
    means = means.nan_to_num(0.0)
    large = means >= MANY
    drawn = means.new_empty(draws, *means.shape)
    drawn[:, ~large] = torch.poisson(means[~large].expand(draws, -1), generator=few)
    mean = means[large]
    z = torch.stack([torch.randn(len(mean), dtype=torch.float32, device="cpu", generator=many) for _ in range(draws)])
    drawn[:, large] = (mean - 1 / 6 + z * (mean.sqrt() + z / 6)).round_()  # whose skewness is that of Poisson as well
    return drawn


def drawn_values(snapshot: Snapshot, reads: Mapping[K, Callable[[Snapshot], Tensor]], draws: int, seed: int) -> dict[K, Tensor]:
    """What each of some functions of a snapshot gives for every draw, [draws, *shape].

    A single NaN if a class has fewer than two samples in all rows: see :func:`too_few`.
    """
    if not reads:
        return {}
    if too_few(snapshot).all():
        return {name: read(snapshot).unsqueeze(0) * math.nan for name, read in reads.items()}
    rows = [{name: read(drawn) for name, read in reads.items()} for drawn in resampled(snapshot, draws, seed)]
    return {name: torch.cat([row[name] for row in rows]) for name in reads}


def too_few(snapshot: Snapshot) -> Tensor:
    """Whether a class has fewer than two samples, or no one knows how many: bool, 0-d or [rows].

    Of one sample every draw shows the same, and nothing tells how others of its class would do.
    """
    return ~(_cells(snapshot)[0].sum(-1) >= 2 - 1e-9).all(-1)


def percentile_interval(drawn: Tensor, level: float) -> Ends:
    """The middle share ``level`` of the draws that are defined; NaN where the two ends are equal.

    Args:
        drawn: float64, [draws, values].
        level: between 0 and 1.
    """
    low, high = drawn_quantiles(drawn, (1 - level) / 2, (1 + level) / 2)
    return low.where(low < high, math.nan), high.where(low < high, math.nan)


def drawn_quantiles(drawn: Tensor, *shares: float) -> list[Tensor]:
    """Quantiles of the draws that are defined, [values] each."""
    ordered, seen = drawn.sort(0).values, (~drawn.isnan()).sum(0)
    return [_quantile(ordered, seen, share) for share in shares]


def standard_error(drawn: Tensor) -> Tensor:
    """Standard deviation of the draws that are defined, [values]."""
    seen = (~drawn.isnan()).sum(0)
    mean = serial_sum(drawn.nan_to_num(0.0).movedim(0, -1)) / seen
    return (serial_sum(((drawn - mean) ** 2).nan_to_num(0.0).movedim(0, -1)) / (seen - 1)).sqrt()


def too_often_undefined(drawn: Tensor, level: float) -> Tensor:
    """Whether more draws are undefined than a tail of the interval holds, and could be that tail: bool, [values]."""
    return drawn.isnan().sum(0) > len(drawn) * (1 - level) / 2


def _quantile(ordered: Tensor, seen: Tensor, share: float) -> Tensor:
    """Quantile of the first ``seen`` of ordered values, between two of them by a straight line, as NumPy's."""
    at = share * (seen - 1).clamp(min=0).double()
    below, above = (ordered.gather(0, end.long().unsqueeze(0)).squeeze(0) for end in (at.floor(), at.ceil()))
    return below.where(below == above, below + (above - below) * at.frac())
