"""Seconds that an epoch of a training loop spends on metrics: the example with the flights, twelve metrics, one process.

Epochs without metrics, with ours and with torchmetrics take turns on one network. torchmetrics has no balanced accuracy: it
counts the other eleven, from which that one follows, with areas at 200 thresholds. First both count one epoch side by side and
must agree: metrics at 0.5 to 1e-5, areas to 2e-2, since its thresholds are coarse for 2.5 % positives. Time on metrics is that
in update, compute and reset. n is the number of rows an epoch; the yardstick is ours, for whole epochs the one without metrics.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch.optim import Adam
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

import torch_binmetrics as bm
from benchmarks import plots
from benchmarks.clocked import Clocked, Several
from benchmarks.contenders import load
from benchmarks.flights import example
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import spread, threads

ACROSS = ""
SPENT, EPOCH = "seconds in metrics, an epoch", "seconds of a whole epoch"
NONE = "no metrics"
BATCH = 1024


def measure(*, quick: bool) -> list[Row]:
    """Rows of the time in metrics, and of whole epochs."""
    flights = example()
    contenders = rivals(flights)
    with threads(2):
        train, epoch = training(flights, quick=quick)
        agree(contenders, epoch)
        spent: dict[str, list[float]] = {name: [] for name in contenders}
        whole: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(2 if quick else 5):
            for name, clocked in contenders.items():
                start, before = time.perf_counter(), sum(one.seconds for one in clocked)
                epoch(Several(*clocked))
                _ = [one.compute() for one in clocked]
                whole[name].append(time.perf_counter() - start)
                spent[name].append(sum(one.seconds for one in clocked) - before)
    del spent[NONE]
    first, second = ({name: spread(values) for name, values in times.items()} for times in (spent, whole))
    return beside(timed(SPENT, train, 2, first), "ours") + beside(timed(EPOCH, train, 2, second), NONE)


def rivals(flights: ModuleType) -> dict[str, list[Clocked]]:
    """Each contender's metrics; one without any."""
    counts = {name: kind for name, kind in flights.METRICS.items() if not kind.sums}  # torchmetrics has none of the sums
    ours = bm.MetricCollection({name: kind(from_logits=True) for name, kind in counts.items()})
    found = {NONE: [], "ours": [Clocked(ours, bm.floats)]}
    if torchmetrics := load("torchmetrics"):
        kinds = {name: kind.__name__ for name, kind in counts.items() if name != "balanced_accuracy"}
        found["torchmetrics"] = [Clocked(torchmetrics.on_float_labels(kinds), torchmetrics.scalars)]
    return found


def training(flights: ModuleType, *, quick: bool) -> tuple[int, Callable[[Several], None]]:
    """Rows of an epoch, and what runs one, training and validation, with the metrics it is given."""
    torch.manual_seed(0)
    train, val = flights.split(quick=quick)
    loaders = [loader(train, BATCH), loader(val, BATCH)]
    net = flights.Network(train)
    optimizer = Adam(net.parameters(), lr=1e-3)

    def epoch(metrics: Several) -> None:
        flights.train_epoch(net, loaders[0], optimizer, metrics)
        flights.validate(net, loaders[1], metrics)

    return len(train) + len(val), epoch


def loader(rows: TensorDataset, batch: int) -> DataLoader[Any]:
    """Whole batches, cut out of the tensors at once, as in the example."""
    return DataLoader(rows, batch_size=None, sampler=BatchSampler(RandomSampler(rows), batch, drop_last=False))


def agree(contenders: dict[str, list[Clocked]], epoch: Callable[[Several], None]) -> None:
    """Raise AssertionError unless all give the same scores of the same epoch."""
    clocked = [one for several in contenders.values() for one in several]
    epoch(Several(*clocked))
    ours, *others = [one.compute() for one in clocked]
    for other in others:
        # What is undefined is NaN for ours, and some number for the other.
        defined = {name: value for name, value in other.items() if not math.isnan(ours[name])}
        wrong = {name: (ours[name], value) for name, value in defined.items() if abs(ours[name] - value) > allowed(name)}
        if wrong:
            raise AssertionError(f"ours and another differ: {wrong}")


def allowed(name: str) -> float:
    """How far two libraries may be apart."""
    return 2e-2 if name in ("auroc", "ap") else 1e-5


def draw(rows: list[Row], folder: Path) -> None:
    """A bar for each figure."""
    chart, axes = plots.panels(2, "Training on the flights, twelve metrics, an epoch", width=5.6, height=2.4)
    for axis, case in zip(axes, (SPENT, EPOCH), strict=True):
        shown = [row for row in rows if row.case == case]
        plots.bars(axis, shown, [row.contender for row in shown], log=False)
        axis.set(xlabel=case)
    plots.save(chart, folder, "loop")
