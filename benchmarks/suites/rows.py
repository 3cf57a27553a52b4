"""Update time and state of many labels, classes and groups at once: AUROC and AP of each label, AUROC of each class or group.

Values by row must be scikit-learn's first: within our own bounds, and to 0.06 at 200 thresholds, since most probabilities of
100 classes lie between the first few of these. n is the number of rows. The yardstick is ours, and for groups the same samples
without any. torchmetrics has no AUROC of groups, and of labels it holds several numbers for each sample, label and threshold at
once, 3 GB each for 20,000 samples of 100 labels; so it is asked for 1,000. State is the bytes of the tensors kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchmetrics import MetricCollection, classification as peers

import torch_binmetrics as bm
from benchmarks import data, plots, truth
from benchmarks.contenders.torchmetrics import tensors
from benchmarks.rows import Row, beside, figure, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads

ACROSS = "n"
LABELS = "{:,} samples of n labels"
CLASSES = "{:,} samples of n classes"
GROUPS = "{:,} samples in n groups"
#: Samples of a batch: of many labels, of what torchmetrics can do, and of groups.
MANY, FEWER, GROUPED = 20_000, 1_000, 10**6
NO_GROUPS = "ours, no groups"
BINNED = "torchmetrics, 200"
#: How far 200 thresholds may be off.
NEAR = 0.06


@dataclass(frozen=True)
class Asked:
    """What contenders are asked for: the areas of each of n rows of a batch, by name."""

    case: str
    n: int
    batch: tuple[Tensor, Tensor]
    contenders: dict[str, Any]


def measure(*, quick: bool) -> list[Row]:
    """Rows for labels, classes and groups."""
    plan = QUICK if quick else FULL
    many, grouped = (200, 10_000) if quick else (MANY, GROUPED)
    found: list[Row] = []
    for n in (10,) if quick else (10, 100):
        for asked in (labels(many, n, "ours"), labels(FEWER, n, "ours", BINNED), classes(FEWER, n)):
            found += updated(asked, plan)
    for n in (10,) if quick else (10, 100, 1_000):
        found += groups(grouped, n, plan)
    return beside(sorted(found, key=lambda row: (row.case, row.unit == "B", -row.threads)), NO_GROUPS, "ours")


def labels(samples: int, n: int, *names: str) -> Asked:
    """Both areas of each label."""
    preds, target = (each.view(samples, n) for each in data.usual(samples * n))
    kinds = {"auroc": bm.BinaryAUROC, "ap": bm.BinaryAveragePrecision}
    theirs = {"auroc": peers.MultilabelAUROC, "ap": peers.MultilabelAveragePrecision}
    made = {
        "ours": bm.MetricCollection({name: kind(rows=bm.Labels(n)) for name, kind in kinds.items()}),
        BINNED: MetricCollection({name: kind(n, average=None, thresholds=200) for name, kind in theirs.items()}),
    }
    return Asked(LABELS.format(samples), n, (preds, target), {name: made[name] for name in names})


def classes(samples: int, n: int) -> Asked:
    """The AUROC of each class against the rest."""
    target = torch.arange(samples) % n
    preds = (torch.randn(samples, n, generator=torch.Generator().manual_seed(0)) + torch.eye(n)[target]).softmax(-1)
    made = {
        "ours": bm.MetricCollection({"auroc": bm.BinaryAUROC(rows=bm.Classes(n))}),
        BINNED: MetricCollection({"auroc": peers.MulticlassAUROC(n, average=None, thresholds=200)}),
    }
    return Asked(CLASSES.format(samples), n, (preds, target), made)


def updated(asked: Asked, plan: Plan) -> list[Row]:
    """State and update of each contender, once its values are right."""
    rows, tasks = [], []
    for name, metrics in asked.contenders.items():
        metrics.update(*asked.batch)
        check(name, asked)
        states = [metrics.histograms[0].state] if name == "ours" else tensors(metrics)
        rows.append(figure(asked.case, name, asked.n, sum(state.nbytes for state in states), unit="B", threads=2))
        tasks.append(Task(name, partial(metrics.update, *asked.batch)))
    with threads(2):
        return rows + timed(asked.case, asked.n, 2, race(tasks, plan))


def check(name: str, asked: Asked) -> None:
    """Raise AssertionError unless the areas of every row are right: within our own bounds, or nearly so."""
    preds, target = asked.batch
    hot = target if target.ndim > 1 else (target[:, None] == torch.arange(asked.n)).long()
    exact = [truth.areas(preds[:, k], hot[:, k]) for k in range(asked.n)]
    metrics = asked.contenders[name]
    for kind, values in metrics.compute().items():
        low, high = metrics[kind].bounds() if name == "ours" else (values - NEAR, values + NEAR)
        for k in range(asked.n):
            truth.check_inside(f"{name}, {kind} of {k}, {asked.case}", exact[k][kind], low[k], high[k])


def groups(samples: int, n: int, plan: Plan) -> list[Row]:
    """The AUROC of each group, and of the same samples as one pool."""
    preds, target = data.usual(samples)
    group = torch.randint(0, n, (samples,), generator=torch.Generator().manual_seed(0))
    case, apart, pool = GROUPS.format(samples), bm.BinaryAUROC(rows=bm.Groups(n)), bm.BinaryAUROC()
    apart.update(preds, target, group=group)
    low, high = apart.bounds()
    for k in range(0, n, 1 + n // 10):
        truth.check_inside(f"{case}, {k} of {n}", truth.auroc(preds[group == k], target[group == k]), low[k], high[k])
    tasks = [
        Task("ours", lambda: apart.update(preds, target, group=group)),
        Task(NO_GROUPS, lambda: pool.update(preds, target)),
    ]
    found = [figure(case, "ours", n, apart.histogram.state.nbytes, unit="B", threads=2)]
    for workers in (2, 1):
        with threads(workers):
            found += timed(case, n, workers, race(tasks, plan))
    return found


def draw(rows: list[Row], folder: Path) -> None:
    """Time against the number of rows."""
    shown = [row for row in rows if row.unit == "s" and row.threads == 2]
    cases, title = list(dict.fromkeys(row.case for row in shown)), "Update time of many rows at once, 2 threads"
    chart, axes = plots.panels(len(cases), title, width=6.5, height=3, rows=len(cases) // 2)
    for axis, case in zip(axes, cases, strict=True):
        plots.lines(axis, [row for row in shown if row.case == case])
        plots.time_axis(axis.yaxis)
        axis.set(title=case, xlabel="n", ylabel="time of one update")
        plots.legend(axis)
    plots.save(chart, folder, "rows")
