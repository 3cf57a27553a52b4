"""The Triton kernel: one launch reads a batch once and counts it into the cells of all layouts.

A sample is 12 bytes of float32 score and int64 label, so 1e7 of them take 36 microseconds to read at 3.35 TB/s. What costs
more is adding: atomics to one address come one after the other. A block of samples therefore adds up what it can before it goes
to memory. Layouts of few cells take a histogram in shared memory, then an atomic for each cell that was hit. The others, of
187,649 bins say, take such a histogram of the bins around that of each of a few samples, if these hold a 16th of the block:
there lie the scores of a fresh network. The rest, spread out, is added sample by sample, an atomic of 8 bytes each. Weights and
losses know no histogram: of them, the lowest and the highest cell of a block are summed up, as long as these hold a 16th of it.
Where there are rows, cells are those of all rows, one after the other.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import triton
import triton.language as tl
from torch import Tensor

from torch_binmetrics.counting.plans import Plan, Plans

#: Samples of a program; with 8 warps, 8 of them in the registers of a thread.
BLOCK = tl.constexpr(2048)
WARPS = 8
#: Cells of a histogram in shared memory (2 KB).
WINDOW = tl.constexpr(512)
#: Cells are taken out if they hold the so-manieth part of a block, and so many times at most.
SHARE, CROWDS = tl.constexpr(16), tl.constexpr(4)
THRESHOLD, UNIFORM, FLOAT_BITS = (tl.constexpr(kind) for kind in range(3))
PROBABILITY, SQUARED_ERROR, LOG_LOSS, HINGE, SQUARED_HINGE, SQUARED_WEIGHT = (tl.constexpr(kind) for kind in range(6))
LABELS, CLASSES, GROUPS = (tl.constexpr(kind) for kind in range(1, 4))


@cache
def plans_of(each: tuple[Plan, ...], rows: tuple[int, int]) -> Any:
    """The plans of layouts, once for all metrics of such."""
    return tl.constexpr(Plans(each, rows))


def launch(plans: Any, states: tuple[Tensor, ...], edges: tuple[Tensor, ...], batch: tuple[Any, ...]) -> None:
    """Count a contiguous batch; nothing is allocated, and nobody waits."""
    samples = batch[0].numel()
    if samples:
        grid = (triton.cdiv(samples, BLOCK.value),)
        kernel[grid](*batch, states, edges, samples, plans, num_warps=WARPS, enable_fp_fusion=False)


@triton.jit
def offsets(program):
    """Which samples are a program's: int64, since 2^31 samples are no more than 8 GB of scores."""
    return program.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)


@triton.jit(do_not_specialize=["samples"])
def kernel(preds, target, weight, group, states, edges, samples, plans: tl.constexpr):
    """Count one block of samples into every layout."""
    at = offsets(tl.program_id(0))
    here = at < samples
    scores = tl.load(preds + at, mask=here, other=0)
    weights = None if weight is None else tl.load(weight + at, mask=here, other=0).to(tl.float64)
    given, positive, good, row = _placed(target, group, at, here, plans)
    for k in tl.static_range(len(plans.value.each)):
        _count(states[k], edges[k], plans, k, scores, given, positive, good, row, weights, here)


@triton.jit
def _placed(target, group, at, here, plans: tl.constexpr):
    """What was given for the labels of a block, which samples are positive, which have a label and a row, and those rows."""
    kind: tl.constexpr = plans.value.rows[0]
    n: tl.constexpr = plans.value.rows[1]
    row = tl.zeros(at.shape, tl.int64)
    if kind == CLASSES:
        given = tl.load(target + at // n, mask=here, other=0)
        classes, row = given.to(tl.int64), at % n
        return given, classes == row, (classes >= 0) & (classes < n), row
    given = tl.load(target + at, mask=here, other=0)
    positive = given == 1
    good = positive | (given == 0)
    if kind == LABELS:
        row = at % n
    if kind == GROUPS:
        ids = tl.load(group + at, mask=here, other=0).to(tl.int64)
        known = (ids >= 0) & (ids < n)
        good, row = good & known, tl.where(known, ids, 0)
    return given, positive, good, row


@triton.jit
def _count(state, edges, plans: tl.constexpr, k: tl.constexpr, scores, given, positive, good, row, weights, here):
    """Count a block of samples into one layout."""
    plan: tl.constexpr = plans.value.each[k]
    rows: tl.constexpr = plans.value.rows[1]
    x = scores.to(tl.float32)
    excluded: tl.constexpr = 2 * plan.value.bins
    bins, off_edge = _bins(x, edges, plan)
    if plan.value.weighted and weights is not None:
        bins = tl.where((weights >= 0) & (weights < float("inf")), bins, excluded + 4)
    if plan.value.bounded:
        bins = tl.where((x >= 0) & (x <= 1), bins, excluded + 3)
    bins = tl.where(x == x, bins, excluded + 2)
    bins = tl.where(good, bins, excluded + 1)
    if plan.value.ignores:
        bins = tl.where(_equal(given, plan.value.ignore), excluded, bins)
    valid = here & (bins < excluded)
    tl.atomic_add(state + (excluded + 5), tl.sum((off_edge & valid).to(tl.int32), 0).to(state.dtype.element_ty))
    if rows > 1:
        bins = row * plan.value.cells + bins
    upper = valid & positive
    cell = tl.where(upper, bins + plan.value.bins, bins)
    if plan.value.real:
        amount = tl.full(cell.shape, 1, tl.float64)
        if plan.value.weighted and weights is not None:
            amount = tl.where(valid, weights, amount)
        _add(state, cell, amount, here)
        exact = scores.to(tl.float64) if scores.dtype == tl.float64 else x.to(tl.float64)
        for m in tl.static_range(len(plan.value.sums)):
            if plan.value.sums[m][0] == SQUARED_WEIGHT:
                value = amount * amount
            else:
                value = _value(plan, m, exact, positive) * amount
            _add(state + (excluded + 6 + m * excluded), cell, value, valid & (amount > 0))
    elif rows * plan.value.cells <= WINDOW:
        slots: tl.constexpr = triton.next_power_of_2(rows * plan.value.cells)
        found = tl.histogram(cell.to(tl.int32), slots, mask=here)
        tl.atomic_add(state + tl.arange(0, slots), found.to(tl.int64), mask=found > 0)
    else:
        _add_ones(state, bins, upper, plan.value.bins, here)


@triton.jit
def _add_ones(cells, lower, upper, far: tl.constexpr, left):
    """Add one for each sample, to a lower cell or the upper one so far from it: those of crowded cells by a histogram."""
    half: tl.constexpr = WINDOW // 2
    order, slots = tl.arange(0, BLOCK), tl.arange(0, WINDOW)
    for k in tl.static_range(CROWDS):
        begin = tl.sum(tl.where(order == k * (BLOCK // CROWDS), lower, 0), 0) - half // 2
        near = left & (lower >= begin) & (lower < begin + half)
        if tl.sum(near.to(tl.int32), 0) * SHARE >= BLOCK:
            slot = tl.where(upper, lower - begin + half, lower - begin).to(tl.int32)
            found = tl.histogram(slot, WINDOW, mask=near)
            at = begin + tl.where(slots < half, slots, slots - half + far)
            tl.atomic_add(cells + at, found.to(tl.int64), mask=found > 0)
            left = left & ~near
    tl.atomic_add(cells + tl.where(upper, lower + far, lower), tl.full(lower.shape, 1, tl.int64), mask=left)


@triton.jit
def _add(cells, cell, amount, left):
    """Add amounts to cells: those of crowded cells summed up in the block before."""
    beyond: tl.constexpr = 2**31 - 1 if cell.dtype == tl.int32 else 2**62
    kind = cells.dtype.element_ty
    taken = tl.full((), BLOCK, tl.int32)
    for _ in tl.static_range(CROWDS):
        if taken * SHARE >= BLOCK:
            low, high = tl.min(tl.where(left, cell, beyond), 0), tl.max(tl.where(left, cell, -1), 0)
            lowest, highest = left & (cell == low), left & (cell == high) & (cell > low)
            tl.atomic_add(cells + low, tl.sum(tl.where(lowest, amount, 0), 0).to(kind), mask=low <= high)
            tl.atomic_add(cells + high, tl.sum(tl.where(highest, amount, 0), 0).to(kind), mask=low < high)
            taken = tl.sum((lowest | highest).to(tl.int32), 0)
            left = left & ~(lowest | highest)
    tl.atomic_add(cells + cell, amount.to(kind), mask=left)


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
    if plan.value.kind == THRESHOLD:
        bins = (x >= _float(plan.value.at)).to(tl.int32)
    elif plan.value.kind == UNIFORM:
        scaled = x * plan.value.bins
        bins = tl.minimum(tl.maximum(scaled, 0.0), plan.value.bins - 1.0).to(tl.int32)
        off_edge = scaled != bins.to(tl.float32)
    elif plan.value.kind == FLOAT_BITS:
        bins, off_edge = _float_bins(x, plan)
    else:
        bins = tl.zeros(x.shape, tl.int32)
        step: tl.constexpr = plan.value.step
        for k in tl.static_range(32):
            if step >> k > 0:
                next_edge = bins + ((step >> k) - 1)
                inside = next_edge < plan.value.edges
                found = tl.load(edges + next_edge, mask=inside, other=0)
                bins = tl.where(inside & (found <= x), next_edge + 1, bins)
    return bins, off_edge


@triton.jit
def _float_bins(x, plan: tl.constexpr):
    """Bins of :class:`FloatBits`, and which scores have bits that those leave out."""
    low, high = _float(plan.value.runs[0]), _float(plan.value.runs[1])
    bits = tl.where((x >= low) & (x < high), x - _float(plan.value.runs[2]), x).to(tl.int32, bitcast=True)
    sign = bits >> 31
    key = ((bits & 0x7FFFFFFF) ^ sign) - sign
    near: tl.constexpr = plan.value.runs[3]
    far: tl.constexpr = plan.value.runs[4]
    beyond = tl.minimum(tl.maximum(key, near), far) + tl.minimum(tl.maximum(key, -far), -near)
    offset = tl.where(x < low, plan.value.runs[7][0], tl.where(x < high, plan.value.runs[7][1], plan.value.runs[7][2]))
    bins = ((key - beyond) >> plan.value.runs[5]) + (beyond >> plan.value.runs[6]) + offset
    off_edge = ((key - beyond) & ((1 << plan.value.runs[5]) - 1) | beyond & ((1 << plan.value.runs[6]) - 1)) != 0
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
def _value(plan: tl.constexpr, m: tl.constexpr, s, positive):
    """What each sample adds to a sum, float64; that of an invalid one has no meaning."""
    p = tl.minimum(tl.maximum(s, 0.0), 1.0)
    against = tl.where(positive, -s, s)
    kind: tl.constexpr = plan.value.sums[m][0]
    if kind == PROBABILITY:
        value = _sigmoid(s) if plan.value.logits else p
    elif kind == SQUARED_ERROR:
        value = _sigmoid(against) if plan.value.logits else tl.where(positive, 1 - p, p)
        value = value * value
    elif kind == LOG_LOSS:
        if plan.value.logits:
            value = tl.maximum(against, 0.0) + _log1p(tl.exp(-tl.abs(against)))
        else:
            value = -tl.where(positive, tl.log(p), _log1p(-p))
        value = tl.minimum(
            tl.maximum(value, tl.full((), plan.value.sums[m][1], tl.float64)), tl.full((), plan.value.sums[m][2], tl.float64)
        )
    else:
        value = tl.maximum(1 + against, 0.0)
        if kind == SQUARED_HINGE:
            value = value * value
    return value
