"""torch_binmetrics, by its compiled loop where there is one, and by the definition in plain torch ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

import torch_binmetrics as bm
from benchmarks.contenders import Accumulator, Contender
from benchmarks.contenders.questions import AREAS as BOTH_AREAS, EIGHT as ALL_EIGHT, build, counts
from torch_binmetrics import counting
from torch_binmetrics.counting import reference

#: What counts a CPU batch here: "compiled" or "reference".
BACKEND = counting.backend("cpu").name
COMPILED = "ours (compiled)"
REFERENCE = "ours (reference)"
#: By preference: what a user of this machine gets comes first.
NAMES = (COMPILED, REFERENCE, "ours")

Counted = bm.Metric[Any] | bm.MetricCollection


def histograms(metric: Counted) -> list[bm.ScoreHistogram]:
    """What a metric or a collection counts into."""
    return metric.histograms if isinstance(metric, bm.MetricCollection) else [metric.histogram]


def updates(metric: Counted) -> dict[str, Callable[..., None]]:
    """Each way to count a batch into a metric, by name."""

    def by_reference(preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
        tallies = [(histogram.layout, histogram.state) for histogram in histograms(metric)]
        reference.count(tallies, preds, target, weight)

    compiled = {COMPILED: metric.update} if BACKEND == "compiled" else {}
    return compiled | {REFERENCE: by_reference}


def accumulator(metric: Counted, name: str, read: Callable[[Any], dict[str, float]]) -> Accumulator:
    """A metric, updated the named way."""
    return Accumulator(
        updates(metric).get(name, metric.update),
        metric.compute,
        read,
        metric.reset,
        lambda: [histogram.state for histogram in histograms(metric)],
    )


def both(make: Callable[[], Counted], read: Callable[[Any], dict[str, float]], tolerance: float) -> tuple[Contender, ...]:
    """A contender for each way of counting."""

    def contender(name: str) -> Contender:
        return Contender(name, lambda: accumulator(make(), name, read), tolerance)

    return tuple(contender(name) for name in ([COMPILED] if BACKEND == "compiled" else []) + [REFERENCE])


def eight(**every: Any) -> bm.MetricCollection:
    """The usual collection."""
    return bm.MetricCollection(build(bm, ALL_EIGHT, {}, every))


def areas(cuts: bm.Cuts, *, from_logits: bool = False) -> bm.MetricCollection:
    """AUROC and AP at the given cuts."""
    return bm.MetricCollection(build(bm, BOTH_AREAS, {"cuts": cuts}, {"from_logits": from_logits}))


def first_counts(k: int) -> bm.MetricCollection:
    """The first k of twenty metrics at 0.5."""
    return bm.MetricCollection(counts(bm, k, {}))


def twenty() -> bm.MetricCollection:
    """Eighteen metrics at 0.5, AUROC and AP."""
    return bm.MetricCollection(counts(bm, 18, {}) | build(bm, BOTH_AREAS, {}, {}))


AUROC = both(bm.BinaryAUROC, lambda value: {"auroc": float(value)}, 1e-4)
AP = both(bm.BinaryAveragePrecision, lambda value: {"ap": float(value)}, 1e-3)
F1 = both(bm.BinaryF1Score, lambda value: {"f1": float(value)}, 1e-9)
EIGHT = both(eight, bm.floats, 1e-3)
TWENTY = both(twenty, bm.floats, 1e-3)
SYNCED = (Contender("ours", lambda: accumulator(eight(), NAMES[0], bm.floats), 1e-3),)
