"""The Triton kernel: one launch reads a batch once and counts it into the cells of all layouts.

A sample is 12 bytes of float32 score and int64 label, so 1e7 of them take 36 microseconds to read at 3.35 TB/s. What can cost
more is adding: atomics to one address come one after the other. A block of samples therefore adds up what it can before it goes
to memory. Layouts of few cells take a histogram in shared memory, then an atomic for each cell that was hit. The others, of
187,649 bins say, take out the lowest and the highest cell of the block, an atomic each, as long as these hold a 16th of it:
there lie the scores of a fresh network, all in one bin, which is two cells, one for each label. The rest, spread out, is added
sample by sample, an atomic of 8 bytes each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import triton
import triton.language as tl
from torch import Tensor

#: Samples of a program; with 8 warps, 8 of them in the registers of a thread.
BLOCK = tl.constexpr(2048)
WARPS = 8
#: Layouts of up to so many cells take a histogram in shared memory (16 KB).
FEW = tl.constexpr(4096)
#: Cells are taken out as long as they hold the so-manieth part of a block.
SHARE = tl.constexpr(16)
THRESHOLD, UNIFORM, FLOAT_BITS = (tl.constexpr(kind) for kind in range(3))
PROBABILITY, SQUARED_ERROR, LOG_LOSS, HINGE, SQUARED_HINGE, SQUARED_WEIGHT = (tl.constexpr(kind) for kind in range(6))
NEVER = tl.constexpr(2**31 - 1)


class Plan(NamedTuple):
    """A layout as the kernel is compiled for it; floats of scores by their bits, which no rounding changes."""

    kind: int
    bins: int
    cells: int
    weighted: bool
    real: bool
    bounded: bool
    logits: bool
    ignore: int | None
    at: int = 0
    edges: int = 0
    step: int = 0
    runs: tuple[Any, ...] = ()
    sums: tuple[tuple[int, float, float], ...] = ()


def launch(plans: tuple[Plan, ...], states: tuple[Tensor, ...], edges: tuple[Tensor, ...], batch: tuple[Any, ...]) -> None:
    """Count a contiguous batch; nothing is allocated, and nobody waits."""
    preds, target, weight = batch
    samples = preds.numel()
    if samples:
        grid = (triton.cdiv(samples, BLOCK.value),)
        kernel[grid](preds, target, weight, states, edges, samples, plans, num_warps=WARPS, enable_fp_fusion=False)


@triton.jit
def offsets(program):
    """Which samples are a program's: int64, since 2^31 samples are no more than 8 GB of scores."""
    return program.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)


@triton.jit(do_not_specialize=["samples"])
def kernel(preds, target, weight, states, edges, samples, plans: tl.constexpr):
    """Count one block of samples into every layout."""
    at = offsets(tl.program_id(0))
    here = at < samples
    scores = tl.load(preds + at, mask=here, other=0)
    labels = tl.load(target + at, mask=here, other=0)
    weights = None if weight is None else tl.load(weight + at, mask=here, other=0).to(tl.float64)
    for k in tl.static_range(len(plans)):
        _count(states[k], edges[k], plans[k], scores, labels, weights, here)


@triton.jit
def _count(state, edges, plan: tl.constexpr, scores, labels, weights, here):
    """Count a block of samples into one layout."""
    x = scores.to(tl.float32)
    excluded: tl.constexpr = 2 * plan.bins
    bins, off_edge = _bins(x, edges, plan)
    positive = labels == 1
    cell = tl.where(positive, bins + plan.bins, bins)
    if plan.weighted and weights is not None:
        cell = tl.where((weights >= 0) & (weights < float("inf")), cell, excluded + 4)
    if plan.bounded:
        cell = tl.where((x >= 0) & (x <= 1), cell, excluded + 3)
    cell = tl.where(x == x, cell, excluded + 2)
    cell = tl.where(positive | (labels == 0), cell, excluded + 1)
    if plan.ignore is not None:
        cell = tl.where(_equal(labels, plan.ignore), excluded, cell)
    valid = here & (cell < excluded)
    tl.atomic_add(state + (excluded + 5), tl.sum((off_edge & valid).to(tl.int32), 0).to(state.dtype.element_ty))
    if plan.real:
        amount = tl.full(cell.shape, 1, tl.float64)
        if plan.weighted and weights is not None:
            amount = tl.where(valid, weights, amount)
        _add(state, cell, amount, here)
        exact = scores.to(tl.float64) if scores.dtype == tl.float64 else x.to(tl.float64)
        for k in tl.static_range(len(plan.sums)):
            if plan.sums[k][0] == SQUARED_WEIGHT:
                value = amount * amount
            else:
                value = _value(plan.sums[k], exact, positive, plan.logits) * amount
            _add(state + (excluded + 6 + k * excluded), cell, value, valid & (amount > 0))
    elif plan.cells <= FEW:
        slots: tl.constexpr = triton.next_power_of_2(plan.cells)
        found = tl.histogram(cell, slots, mask=here)
        tl.atomic_add(state + tl.arange(0, slots), found.to(tl.int64), mask=found > 0)
    else:
        _add(state, cell, tl.full(cell.shape, 1, tl.int32), here)


@triton.jit
def _add(cells, cell, amount, left):
    """Add amounts to cells of memory: those of crowded cells summed up in the block before."""
    taken = tl.full((), BLOCK, tl.int32)
    while taken * SHARE >= BLOCK:
        low, high = tl.min(tl.where(left, cell, NEVER), 0), tl.max(tl.where(left, cell, -1), 0)
        lowest, highest = left & (cell == low), left & (cell == high) & (cell > low)
        kind = cells.dtype.element_ty
        tl.atomic_add(cells + low, tl.sum(tl.where(lowest, amount, 0), 0).to(kind), mask=low <= high)
        tl.atomic_add(cells + high, tl.sum(tl.where(highest, amount, 0), 0).to(kind), mask=low < high)
        taken = tl.sum((lowest | highest).to(tl.int32), 0)
        left = left & ~(lowest | highest)
    tl.atomic_add(cells + cell, amount.to(cells.dtype.element_ty), mask=left)


@triton.jit
def _equal(labels, ignore: tl.constexpr):
    """Which labels are a whole number, compared in int64, or in float64 those that it does not hold."""
    if labels.dtype.is_floating() or labels.dtype == tl.uint64:
        return labels.to(tl.float64) == tl.full((), ignore, tl.float64)
    return labels.to(tl.int64) == tl.full((), ignore, tl.int64)


@triton.jit
def _float(bits: tl.constexpr):
    """The float32 of these bits."""
    return tl.full((), bits, tl.int32).to(tl.float32, bitcast=True)


@triton.jit
def _bins(x, edges, plan: tl.constexpr):
    """Bins of valid scores, int32, and which of these may lie off the lower edge; others lead to no memory that is not ours."""
    off_edge = tl.full(x.shape, True, tl.int1)
    if plan.kind == THRESHOLD:
        bins = (x >= _float(plan.at)).to(tl.int32)
    elif plan.kind == UNIFORM:
        scaled = x * plan.bins
        bins = tl.minimum(tl.maximum(scaled, 0.0), plan.bins - 1.0).to(tl.int32)
        off_edge = scaled != bins.to(tl.float32)
    elif plan.kind == FLOAT_BITS:
        bins, off_edge = _float_bins(x, plan.runs)
    else:
        bins = tl.zeros(x.shape, tl.int32)
        step: tl.constexpr = plan.step
        for k in tl.static_range(32):
            if step >> k > 0:
                next_edge = bins + ((step >> k) - 1)
                inside = next_edge < plan.edges
                found = tl.load(edges + next_edge, mask=inside, other=0)
                bins = tl.where(inside & (found <= x), next_edge + 1, bins)
    return bins, off_edge


@triton.jit
def _float_bins(x, runs: tl.constexpr):
    """Bins of :class:`FloatBits`, and which scores have bits that those leave out."""
    low, high = _float(runs[0]), _float(runs[1])
    bits = tl.where((x >= low) & (x < high), x - _float(runs[2]), x).to(tl.int32, bitcast=True)
    sign = bits >> 31
    key = ((bits & 0x7FFFFFFF) ^ sign) - sign
    near: tl.constexpr = runs[3]
    far: tl.constexpr = runs[4]
    beyond = tl.minimum(tl.maximum(key, near), far) + tl.minimum(tl.maximum(key, -far), -near)
    offset = tl.where(x < low, runs[7][0], tl.where(x < high, runs[7][1], runs[7][2]))
    bins = ((key - beyond) >> runs[5]) + (beyond >> runs[6]) + offset
    off_edge = ((key - beyond) & ((1 << runs[5]) - 1) | beyond & ((1 << runs[6]) - 1)) != 0
    return bins, off_edge


@triton.jit
def _log1p(y):
    """The logarithm of 1 + y to a few units in the last place (Kahan), since libdevice has it for one maker only."""
    u = 1 + y
    return tl.where(u == 1, y, tl.log(u) * (y / tl.where(u == 1, 1.0, u - 1)))


@triton.jit
def _sigmoid(z):
    """1 / (1 + exp(-z)) without overflow."""
    e = tl.exp(-tl.abs(z))
    return tl.where(z >= 0, 1.0, e) / (1 + e)


@triton.jit
def _value(summand: tl.constexpr, s, positive, logits: tl.constexpr):
    """What each sample adds to a sum, float64; that of an invalid one has no meaning."""
    p = tl.minimum(tl.maximum(s, 0.0), 1.0)
    against = tl.where(positive, -s, s)
    kind: tl.constexpr = summand[0]
    if kind == PROBABILITY:
        value = _sigmoid(s) if logits else p
    elif kind == SQUARED_ERROR:
        value = _sigmoid(against) if logits else tl.where(positive, 1 - p, p)
        value = value * value
    elif kind == LOG_LOSS:
        if logits:
            value = tl.maximum(against, 0.0) + _log1p(tl.exp(-tl.abs(against)))
        else:
            value = -tl.where(positive, tl.log(p), _log1p(-p))
        value = tl.minimum(tl.maximum(value, tl.full((), summand[1], tl.float64)), tl.full((), summand[2], tl.float64))
    else:
        value = tl.maximum(1 + against, 0.0)
        if kind == SQUARED_HINGE:
            value = value * value
    return value
