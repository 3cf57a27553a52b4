"""Time of a compute after 1e6 samples: areas, their bounds, twenty metrics at once, and every named metric at once.

Values must agree with scikit-learn first (ours to 1e-4, AP to 1e-3, exact ones to 1e-5, 200 thresholds to 3e-3), and bounds
must hold the exact value. Contenders that keep every sample sort them here; torchmetrics' cache of the last value is off. The
yardstick is ours; computes do not depend on how the counts came about.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch

import torch_binmetrics as bm
from benchmarks import data, plots, truth
from benchmarks.contenders import Contender, check, contenders, ours
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads

ACROSS = ""
BOUNDED = "AUROC and AP with bounds"
FULL_BINS = "AUROC and AP with bounds, every bin occupied"
TWENTY = "20 metrics"
EVERY = "every named metric"
#: What the named metrics that need an argument get.
ARGUMENTS = {"beta": 2.0}


def measure(*, quick: bool) -> list[Row]:
    """Rows for all cases."""
    n, plan = (10**4, QUICK) if quick else (10**6, FULL)
    batch = data.usual(n)
    exact = truth.areas(*batch)
    rows = []
    with threads(2):
        for case, question, names in (("AUROC", "AUROC", ["auroc"]), ("AP", "AP", ["ap"]), (TWENTY, "TWENTY", ["auroc", "ap"])):
            found = tasks(question, batch, {name: exact[name] for name in names})
            if case == "AUROC":
                found.append(Task("scikit-learn, roc_auc_score", lambda: truth.auroc(*batch)))
            if case == "AP":
                found.append(Task("scikit-learn, average_precision_score", lambda: truth.average_precision(*batch)))
            rows += timed(case, n, 2, race(found, plan))
        for case, samples in ((BOUNDED, batch), (FULL_BINS, every_bin(n))):
            rows += bounded(case, samples, plan)
        rows += every(batch, plan)
    return beside(rows, "ours")


def tasks(question: str, batch: data.Batch, exact: Mapping[str, float]) -> list[Task]:
    """A compute for each contender that computes anything; ours once, however it counts."""
    rivals = [rival for rival in contenders(question, ("ours", "torchmetrics", "torcheval", "keras")) if computes(rival)]
    check(rivals, batch, exact)
    found = []
    for rival in rivals:
        accumulator = rival.make()
        accumulator.update(*batch)
        found.append(Task("ours" if rival.library == "ours" else rival.name, accumulator.compute))
    return found


def computes(rival: Contender) -> bool:
    """Whether its compute is a case of its own: not ours twice, no curve without its area, no unchecked exact twin."""
    if rival.library == "ours":
        return rival.name == ours.NAMES[0] or ours.BACKEND == "reference"
    return "curve" not in rival.name and rival.name != "torchmetrics, 200, unchecked"


def every_bin(n: int) -> data.Batch:
    """A batch that puts a positive and a negative into each bin that can hold a score, at the default cuts."""
    edges = bm.FloatBits(16).thresholds()
    edges = torch.unique(edges[~edges.isnan()])
    preds, target = data.usual(n - 2 * len(edges)) if n > 2 * len(edges) + 2 else data.usual(2)
    labels = torch.arange(2).repeat_interleave(len(edges))
    return torch.cat([edges, edges, preds]), torch.cat([labels, target])


def every(batch: data.Batch, plan: Plan) -> list[Row]:
    """All named metrics in one collection, one of each class; n is the number of samples."""
    named = {name: getattr(bm, name) for name in bm.__all__ if name.startswith("Binary")}
    metrics = bm.MetricCollection({name: cls(**required(cls)) for name, cls in named.items()})
    metrics.update(*batch)
    if len(metrics.compute()) < 40:
        raise AssertionError(f"{len(metrics)} metrics are not the 40 that this is about")
    return timed(EVERY, len(batch[0]), 2, race([Task("ours", metrics.compute)], plan))


def required(cls: type) -> dict[str, float]:
    """Arguments for the parameters that have no default: a rate of 0.5 unless another value is known."""
    parameters = inspect.signature(cls).parameters.values()
    empty = [each for each in parameters if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]
    return {each.name: ARGUMENTS.get(each.name, 0.5) for each in empty}


def bounded(case: str, batch: data.Batch, plan: Plan) -> list[Row]:
    """Both areas and their bounds, as a user asks for them."""
    metrics = ours.areas(bm.FloatBits(16))
    metrics.update(*batch)
    # The oracle takes no infinite scores, and wants only their order.
    exact = truth.areas(batch[0].clamp(-3e38, 3e38), batch[1])
    for name, (low, high) in bounds(metrics).items():
        truth.check_inside(f"{case}, {name}", exact[name], low, high)
    task = Task("ours", lambda: (metrics.compute(), bounds(metrics)))
    return timed(case, len(batch[0]), 2, race([task], plan))


def bounds(metrics: bm.MetricCollection) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """The bounds of each metric."""
    return {name: metric.bounds() for name, metric in metrics.items()}


def draw(rows: list[Row], folder: Path) -> None:
    """A bar for each figure."""
    cases = {case: [row for row in rows if row.case == case] for case in ("AUROC", "AP")}
    cases["ours, and many metrics"] = [row for row in rows if row.case not in cases]
    figure, axes = plots.panels(3, "Time of compute after 1e6 samples, 2 threads", width=9, height=2.1, rows=3)
    for axis, (title, group) in zip(axes, cases.items(), strict=True):
        names = [row.contender if title in ("AUROC", "AP") else f"{row.case}\n{row.contender}" for row in group]
        plots.bars(axis, group, names)
        axis.set(title=title, xlabel="time")
    plots.save(figure, folder, "compute")
