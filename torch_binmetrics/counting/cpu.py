"""The compiled loop for CPU tensors: hands pointers to ``_cpu.c``, with what that needs to know of each layout."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting.cuts import Cuts, Edges, Threshold, Uniform
from torch_binmetrics.counting.float_bits import FloatBits, Runs
from torch_binmetrics.counting.layout import Dropped, Layout
from torch_binmetrics.counting.rows import Classes, Groups, Labels, Rows, of_each_score
from torch_binmetrics.counting.summands import Hinge, LogLoss, Probability, SquaredError, SquaredWeight, Summand

#: The extension module, or None where it was not built or ``TORCH_BINMETRICS_NATIVE=0`` switches it off.
native: ModuleType | None = None
#: Why it is there or is not.
reason = "it was built when the package was installed"
if os.environ.get("TORCH_BINMETRICS_NATIVE") == "0":
    reason = "the environment variable TORCH_BINMETRICS_NATIVE=0 switches the compiled loop off"
else:
    try:
        native = import_module("torch_binmetrics.counting._cpu")
    except ImportError as error:
        reason = f"the compiled loop cannot be loaded, say for want of a C compiler when the package was installed: {error}"

TYPES = {
    torch.float32: 0,
    torch.float64: 1,
    torch.bfloat16: 2,
    torch.float16: 3,
    torch.int8: 4,
    torch.int16: 5,
    torch.int32: 6,
    torch.int64: 7,
    torch.uint8: 8,
    torch.bool: 9,
    torch.uint16: 10,
    torch.uint32: 11,
    torch.uint64: 12,
}
PLAIN = (Tensor, torch.nn.Parameter)
CUTS = (Threshold, Uniform, FloatBits, Edges)
SUMMANDS: dict[type[Summand], int] = {Probability: 0, SquaredError: 1, LogLoss: 2, Hinge: 3, SquaredWeight: 5}
ROWS: dict[type[Rows], int] = {Labels: 1, Classes: 2, Groups: 3}
MAX_TALLIES, MAX_DIMENSIONS, MAX_SUMS = 64, 16, 8
#: Batches from here on are shared among threads, whose private tables take a tenth of a millisecond to set up and add.
THREADED = 1 << 18
#: Guides of Edges: leading bits of the runs, and the most runs (1 MB).
GUIDE_BITS, GUIDE_RUNS = range(9, 21), 1 << 18


def count(
    tallies: Sequence[tuple[Layout, Tensor]],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None,
    *,
    group: Tensor | None = None,
) -> bool:
    """Add checked CPU tensors to running counts in place, or leave all counts as they are and return False.

    That is for the reference to deal with: tensors that are not plain memory, layouts of different rows, or a step that
    torch.compile traces.

    Raises:
        ValueError: invalid samples where a layout does not drop those; all counts are as they were.
    """
    if native is None or torch.compiler.is_compiling() or len(tallies) > MAX_TALLIES:
        return False
    samples, rows = preds.numel(), tallies[0][0].rows
    arguments: list[Any] = [samples, torch.get_num_threads() if samples >= THREADED else 0, 0, 0]
    if rows is not None:
        arguments[2:] = ROWS[type(rows)], rows.n
        weight = of_each_score(weight, preds)
    for tensor in (preds, target, weight, group):
        if tensor is None:
            arguments += (0, 0, None)
            continue
        if type(tensor) not in PLAIN or tensor.dtype not in TYPES or tensor.ndim > MAX_DIMENSIONS or tensor.is_neg():
            return False
        pointer = tensor.data_ptr()
        if samples and not pointer:
            if tensor._is_zerotensor():
                return False
            raise ValueError(f"a tensor of shape {tuple(tensor.shape)} has no memory: its storage was freed")
        geometry = None if tensor.is_contiguous() else tensor.shape + tensor.stride()
        arguments += (pointer, TYPES[tensor.dtype], geometry)
    plans = [_plan(layout) for layout, _ in tallies]  # which keep alive what they point into
    for (plan, _), (layout, counts) in zip(plans, tallies, strict=True):
        if not plan or not counts.is_contiguous() or layout.rows != rows:
            return False
        arguments += (plan, counts.data_ptr())
    refusal: tuple[int, ...] | None = native.count(*arguments)
    if refusal is not None:
        tallies[refusal[0]][0].check_valid(Dropped(*refusal[1:]))
    return True


def _summand(summand: Summand) -> tuple[int, float, float]:
    """A summand as the loop reads it: its number, and the range that it is clipped to."""
    low, high = summand.range if isinstance(summand, LogLoss) else (0.0, math.inf)
    return SUMMANDS[type(summand)] + (isinstance(summand, Hinge) and summand.squared), low, high


class Lookup(NamedTuple):
    """How the loop finds the bin of a score: numbers for it, and the tensors that it reads."""

    kind: int
    at: float = 0.0
    runs: Runs = Runs(0.0, 0.0, 0.0, 0, 0, 0, 0)
    first: int = 0
    step: int = 0
    guide: Tensor = torch.empty(0, device="cpu")
    edges: Tensor = torch.empty(0, device="cpu")


def _plan(layout: Layout) -> tuple[bytes, Lookup]:
    """The plan of a layout, made once and kept with it, so that it lives as long."""
    kept = vars(layout)
    if "_plan" not in kept:
        kept["_plan"] = _planned(layout)
    plan: tuple[bytes, Lookup] = kept["_plan"]
    return plan


def _planned(layout: Layout) -> tuple[bytes, Lookup]:
    """A layout as the loop reads it, and what that points into; no bytes where it cuts or sums in a way unknown to the loop."""
    assert native is not None
    cuts = layout.scored
    if type(cuts) not in CUTS or len(layout.sums) > MAX_SUMS or not SUMMANDS.keys() >= set(map(type, layout.sums)):
        return b"", Lookup(-1)
    lookup = _lookup(cuts)
    plan: bytes = native.plan(
        lookup.kind,
        layout.invalid == "raise",
        layout.weighted,
        layout.valid_range == (0, 1),
        layout.ignore_index is not None,
        layout.from_logits,
        cuts.bins,
        lookup.first,
        len(lookup.guide),
        lookup.step,
        lookup.at,
        tuple(lookup.runs[:-1]) + lookup.runs.offsets,
        layout.ignore_index or 0,
        lookup.guide.data_ptr(),
        lookup.edges.data_ptr(),
        tuple(map(_summand, layout.sums)),
    )
    return plan, lookup


def _lookup(cuts: Cuts) -> Lookup:
    """The way to look up the bins of cuts."""
    if isinstance(cuts, Threshold):
        return Lookup(0, at=cuts.at)
    if isinstance(cuts, Uniform):
        return Lookup(1)
    if isinstance(cuts, FloatBits):
        return Lookup(2, runs=cuts.runs)
    assert isinstance(cuts, Edges)
    return _guided(torch.tensor(cuts.at, dtype=torch.float32, device="cpu"))


def _guided(edges: Tensor) -> Lookup:
    """Edges with a guide that tells, for each run of floats, how many edges lie before it.

    The runs are bins of FloatBits, as fine as they have to be to hold one edge at most, or as the guide's size allows.
    """
    for bits in GUIDE_BITS:
        cuts = FloatBits(bits, centre=None)
        found = cuts.index(edges)
        if found[-1] - found[0] >= GUIDE_RUNS:
            break
        runs, kept = found, cuts.runs
        if (runs.diff() > 0).all():
            break
    first, last = int(runs[0]), int(runs[-1])
    before = torch.searchsorted(runs, torch.arange(first, last + 1, device="cpu"))
    guide = torch.cat([before.new_zeros(1), before, before.new_full((1,), len(edges))]).int()
    step = 1 << int((runs - first).bincount().max()).bit_length() - 1
    beyond = edges.new_full((2 * step,), math.nan)  # which no score reaches
    return Lookup(3, 0.0, kept, first, step, guide, torch.cat([edges, beyond]))
