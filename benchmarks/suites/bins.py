"""Update time of 1e6 samples against the number and kind of bins, dtypes, weights, losses, ignored labels and strides.

First the compiled loop and the definition in torch ops must give equal counts (sums to 1e-12), and the bounds read
off them must hold scikit-learn's AUROC. The yardstick is the time torch takes to sum the batch's tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import torch_binmetrics as bm
from benchmarks import data, plots, truth
from benchmarks.contenders import ours
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import FULL, QUICK, Task, race, threads

ACROSS = "contender"
LIMIT = "limit: sum of the tensors"
UNIFORM = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)
IGNORED = -100
PLAIN, WEIGHTS, LOSSES = "preds float32", "weights float32", "log loss and Brier score"
DEFAULT = bm.FloatBits()


@dataclass(frozen=True)
class Case:
    """A batch, and the cuts and options that ``make`` is given to count it."""

    name: str
    batch: tuple[Tensor, ...]
    cuts: bm.Cuts = DEFAULT
    options: dict[str, Any] = field(default_factory=dict)
    make: Callable[..., ours.Counted] = bm.BinaryAUROC

    def metric(self) -> ours.Counted:
        """A fresh metric for the case."""
        return self.make(self.cuts, **self.options)


def measure(*, quick: bool) -> list[Row]:
    """Rows for all cases."""
    n = 10**4 if quick else 10**6
    plan = QUICK if quick else replace(FULL, seconds=0.6)
    rows: list[Row] = []
    exact: dict[tuple[int, ...], float] = {}
    with threads(2):
        for case in [*cuts_cases(data.usual(n)), *batch_cases(n)]:
            key = tuple(tensor.data_ptr() for tensor in case.batch)
            exact[key] = exact.get(key) or true_auroc(case)
            check(case, exact[key])
            rows += timed(case.name, case.cuts.bins, 2, race(tasks(case), plan))
    return beside(rows, LIMIT)


def cuts_cases(batch: data.Batch) -> Iterator[Case]:
    """From 2 bins to over a million."""
    yield Case("Threshold(0.5), 2 bins", batch, bm.Edges([0.5]))
    for k in UNIFORM:
        yield Case(f"Uniform, {1 << k:,} bins", batch, bm.Uniform(1 << k))
    for k in (200, 10_000, 10**6):
        yield Case(f"Edges, {k + 1:,} bins", batch, bm.Edges(torch.linspace(0, 1, k)))
    for bits in range(9, 20):
        cuts = bm.FloatBits(bits, centre=min(bits + 4, 22))
        yield Case(f"{cuts}, {cuts.bins:,} bins", batch, cuts)


def batch_cases(n: int) -> Iterator[Case]:
    """Other tensors at the default cuts."""
    preds, target = data.usual(n)
    for dtype in (torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32):
        yield Case(f"target {name(dtype)}", (preds, target.to(dtype)))
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        yield Case(PLAIN if dtype is torch.float32 else f"preds {name(dtype)}", (preds.to(dtype), target))
    weight = torch.rand(n, generator=torch.Generator().manual_seed(1))
    yield Case(LOSSES, (preds, target), make=losses)
    yield Case(WEIGHTS, (preds, target, weight), options={"weighted": True})
    yield Case("weights float64", (preds, target, weight.double()), options={"weighted": True})
    half = target.where(torch.arange(n) % 2 == 0, IGNORED)
    yield Case("half of the labels ignored", (preds, half), options={"ignore_index": IGNORED})
    wide_preds, wide_target = data.usual(2 * n)
    yield Case("every second element (strided)", (wide_preds[::2], wide_target[::2]))


def losses(cuts: bm.Cuts) -> bm.MetricCollection:
    """Two mean losses in one histogram."""
    return bm.MetricCollection([bm.BinaryLogLoss(cuts), bm.BinaryBrierScore(cuts)])


def name(dtype: torch.dtype) -> str:
    """A dtype without its module."""
    return str(dtype).removeprefix("torch.")


def true_auroc(case: Case) -> float:
    """AUROC of the samples that are not ignored."""
    kept = case.batch[1] != IGNORED
    return truth.auroc(*(tensor[kept] for tensor in case.batch))


def check(case: Case, exact: float) -> None:
    """Raise AssertionError unless all ways of counting agree, and the bounds hold the exact value."""
    metrics = []
    for way in ours.updates(case.metric()):
        metrics.append(case.metric())
        ours.updates(metrics[-1])[way](*case.batch)
    states = [torch.cat([histogram.state for histogram in ours.histograms(metric)]) for metric in metrics]
    tolerance = 1e-12 if states[0].is_floating_point() else 0
    if any(not torch.allclose(state, states[0], rtol=tolerance, atol=0) for state in states):
        raise AssertionError(f"{case.name}: the ways of counting differ")
    if isinstance(metrics[0], bm.BinaryAUROC):
        truth.check_inside(case.name, exact, *metrics[0].bounds())


def tasks(case: Case) -> list[Task]:
    """All ways of counting, and the limit."""
    return [
        *(Task(way, partial(update, *case.batch)) for way, update in ours.updates(case.metric()).items()),
        Task(LIMIT, lambda: [tensor.sum() for tensor in case.batch]),
    ]


def draw(rows: list[Row], folder: Path) -> None:
    """Time against the number of bins by kind of cuts, and by batch."""
    figure, (left, right) = plots.panels(2, "Update time of 1e6 samples, 2 threads", width=6.4, height=5.2)
    best = next(way for way in ours.NAMES if any(row.contender == way for row in rows))
    shown = [row for row in rows if row.contender == best]
    for kind, mark in (("Uniform", "o"), ("FloatBits", "s"), ("Edges", "^")):
        points = [row for row in shown if row.case.startswith(kind)]
        left.plot([row.n for row in points], [row.median for row in points], marker=mark, markersize=4, label=kind)
    limit = sorted(row.median for row in rows if row.contender == LIMIT and row.case.startswith("Uniform"))
    left.axhline(limit[len(limit) // 2], color="black", linestyle=":", label=LIMIT)
    left.set(xscale="log", yscale="log", xlabel="bins", ylabel="time of one update", title=f"{best}, kinds of cuts")
    plots.time_axis(left.yaxis)
    left.legend()
    others = [row for row in shown if not row.case.startswith(("Threshold", "Uniform", "Edges", "FloatBits"))]
    plots.bars(right, others, [row.case for row in others], log=False)
    right.set(xlabel="time of one update", title=f"{best}, default cuts, {others[0].n:,} bins")
    plots.save(figure, folder, "bins")
