"""What the Triton kernel is compiled for: a layout as constants, without a need of Triton."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from torch_binmetrics.counting.cpu import CUTS, ROWS, SUMMANDS, _summand
from torch_binmetrics.counting.cuts import Edges, Threshold
from torch_binmetrics.counting.float_bits import FloatBits
from torch_binmetrics.counting.layout import Layout
from torch_binmetrics.counting.rows import Rows


@dataclass(frozen=True)
class Plan:
    """A layout as the kernel is compiled for it; floats of scores by their bits, which no rounding changes."""

    kind: int
    bins: int
    cells: int
    weighted: bool
    real: bool
    bounded: bool
    logits: bool
    ignores: bool
    ignore: int
    at: int = 0
    edges: int = 0
    step: int = 0
    runs: tuple[Any, ...] = ()
    sums: tuple[tuple[int, float, float], ...] = ()

    @property
    def value(self) -> Plan:
        """Itself: a constant of Triton has its value here, which its interpreter leaves out."""
        return self


class Plans:
    """What the kernel is compiled for: a plan of each layout, and the kind and number of rows.

    It is no tuple, and has no entry that is None, since older versions of Triton take tuples apart and stumble over those. Its
    text is made once: Triton finds by it, at every launch, what was compiled.
    """

    def __init__(self, each: tuple[Plan, ...], rows: tuple[int, int]) -> None:
        self.each, self.rows, self.text = each, rows, f"{each} {rows}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plans) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text

    @property
    def value(self) -> Plans:
        """Itself, as of a plan."""
        return self


def plan_of(layout: Layout) -> Plan | None:
    """The plan of a layout, made once and kept with it; None where it cuts or sums in a way unknown to the kernel."""
    kept = vars(layout)
    if "_kernel_plan" not in kept:
        known = type(layout.scored) in CUTS and SUMMANDS.keys() >= set(map(type, layout.sums))
        kept["_kernel_plan"] = _planned(layout) if known else None
    plan: Plan | None = kept["_kernel_plan"]
    return plan


def by_row(rows: Rows | None) -> tuple[int, int]:
    """The kind and number of rows, as the kernel is compiled for them; of one pool 0 and 1."""
    return (0, 1) if rows is None else (ROWS[type(rows)], rows.n)


def _planned(layout: Layout) -> Plan:
    """A layout as the kernel is compiled for it."""
    cuts = layout.scored
    plan = Plan(
        kind=CUTS.index(type(cuts)),
        bins=cuts.bins,
        cells=layout.cells,
        weighted=layout.weighted,
        real=layout.dtype.is_floating_point,
        bounded=layout.valid_range == (0, 1),
        logits=layout.from_logits,
        ignores=layout.ignore_index is not None,
        ignore=layout.ignore_index or 0,
        sums=tuple(map(_summand, layout.sums)),
    )
    if isinstance(cuts, Threshold):
        return replace(plan, at=_bits(cuts.at))
    if isinstance(cuts, FloatBits):
        low, high, around, *others = cuts.runs
        return replace(plan, runs=(_bits(low), _bits(high), _bits(around), *others))
    if isinstance(cuts, Edges):
        return replace(plan, edges=len(cuts.at), step=1 << len(cuts.at).bit_length() - 1)
    return plan


def _bits(value: float) -> int:
    """The bits of a float32."""
    return int(torch.tensor(value, dtype=torch.float32).view(torch.int32))
