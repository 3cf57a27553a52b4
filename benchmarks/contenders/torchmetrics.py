"""torchmetrics: binned at 200 thresholds or exact, with and without the checks of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torchmetrics
from torch import Tensor
from torchmetrics import classification as tm

from benchmarks.contenders import Accumulator, Contender
from benchmarks.contenders.questions import AREAS as BOTH_AREAS, EIGHT as ALL_EIGHT, build, counts

#: By default it keeps the value of `compute` until the next update: then there is nothing to measure.
EVERY = {"compute_with_cache": False}
UNCHECKED = EVERY | {"validate_args": False}
BINNED = {"thresholds": 200}

Name = Callable[[Any], dict[str, float]]


def accumulator(metric: Any, read: Name) -> Accumulator:
    """A metric or a collection."""
    return Accumulator(metric.update, metric.compute, read, metric.reset, lambda: tensors(metric))


def tensors(metric: Any) -> Iterable[Tensor]:
    """What it keeps, shared states once."""
    members = metric.values() if isinstance(metric, torchmetrics.MetricCollection) else [metric]
    states = [getattr(member, name) for member in members for name in member._defaults]
    flat = [part for state in states for part in (state if isinstance(state, list) else [state])]
    return {part.data_ptr(): part for part in flat}.values()


def scalars(values: dict[str, Tensor]) -> dict[str, float]:
    """The scalars among the values of a collection."""
    return {name: float(value) for name, value in values.items() if value.numel() == 1}


def collection(names: dict[str, str], every: dict[str, Any]) -> Any:
    """A collection with compute groups, areas at 200 thresholds."""
    return torchmetrics.MetricCollection(build(tm, names, BINNED, every))


def first_counts(k: int) -> Any:
    """The first k of twenty metrics at 0.5."""
    return torchmetrics.MetricCollection(counts(tm, k, UNCHECKED))


def twenty(every: dict[str, Any]) -> Any:
    """Eighteen metrics at 0.5, AUROC and AP."""
    return torchmetrics.MetricCollection(counts(tm, 18, every) | build(tm, BOTH_AREAS, BINNED, every))


def one(name: str, kind: Any, options: dict[str, Any], label: str, **limits: Any) -> Contender:
    """A contender that is one metric."""
    return Contender(label, lambda: accumulator(kind(**options), lambda value: {name: float(value)}), **limits)


def many(make: Callable[[], Any], label: str, **limits: Any) -> Contender:
    """A contender that is a collection."""
    return Contender(label, lambda: accumulator(make(), scalars), **limits)


def area(name: str, kind: Any) -> tuple[Contender, ...]:
    """An area, three ways."""
    return (
        one(name, kind, BINNED | EVERY, "torchmetrics, 200", tolerance=3e-3, largest=10**6),
        one(name, kind, BINNED | UNCHECKED, "torchmetrics, 200, unchecked", tolerance=3e-3, largest=10**6),
        one(name, kind, {"thresholds": None} | EVERY, "torchmetrics, exact", largest=10**6, grows=True),
    )


AUROC = area("auroc", tm.BinaryAUROC)
AP = area("ap", tm.BinaryAveragePrecision)
F1 = (
    one("f1", tm.BinaryF1Score, EVERY, "torchmetrics"),
    one("f1", tm.BinaryF1Score, UNCHECKED, "torchmetrics, unchecked"),
)
EIGHT = (
    many(lambda: collection(ALL_EIGHT, EVERY), "torchmetrics", tolerance=3e-3),
    many(lambda: collection(ALL_EIGHT, UNCHECKED), "torchmetrics, unchecked", tolerance=3e-3),
)
TWENTY = (many(lambda: twenty(UNCHECKED), "torchmetrics, unchecked", tolerance=3e-3),)
AREAS = (many(lambda: collection(BOTH_AREAS, EVERY), "torchmetrics, 200", tolerance=3e-3),)
SYNCED = EIGHT[:1]


def on_float_labels(names: dict[str, str]) -> Any:
    """A collection whose update takes float32 labels, which the library refuses."""
    metrics = collection(names, EVERY)
    plain = metrics.update
    metrics.update = lambda preds, target: plain(preds, target.long())
    return metrics
