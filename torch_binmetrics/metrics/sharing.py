"""Which metrics of a collection share counts, those of equal layouts and thresholds on finer edges, and what is read where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from torch_binmetrics.counting import Layout, Store, store_of
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.together import guard_together


def share(metrics: Mapping[str, Metric[Any]]) -> list[ScoreHistogram]:
    """Give metrics that count alike one histogram; the histograms, in the order in which they came up.

    Raises:
        ValueError: a metric has counted samples that others would not be read off; all stay as they were then.
    """
    stores = _stores(list(metrics.values()))
    begun = _begun(metrics, set(stores))
    shared: dict[Store, ScoreHistogram] = {} if begun is None else {begun.store: begun}
    for metric, store in zip(metrics.values(), stores, strict=True):
        if store not in shared:
            shared[store] = ScoreHistogram(store.layout, store=store, device=metric.histogram.state.device)
        metric.histogram = shared[store]
        metric._in_collection = True
    histograms = list(shared.values())
    guard_together(histograms)
    return histograms


def _stores(metrics: Sequence[Metric[Any]]) -> list[Store]:
    """What each metric is read off."""
    layouts = [metric.histogram.layout for metric in metrics]
    hosts = [each.histogram.layout for each in metrics if each.reading.thresholds is None and not each.sums]
    return [
        store_of(_with_sums_of(layouts, metric.histogram.layout) if metric.sums else _host(metric, hosts)) for metric in metrics
    ]


def _begun(metrics: Mapping[str, Metric[Any]], stores: set[Store]) -> ScoreHistogram | None:
    """The counts that a collection begins with, if one of its metrics brings some."""
    counted = {name: metric.histogram for name, metric in metrics.items() if _has_counted(metric.histogram)}
    first = next(iter(counted.values()), None)
    for name, histogram in counted.items():
        if stores != {histogram.store} or histogram.is_total or not _same(histogram, first):
            raise ValueError(
                f"{name!r} has counted samples already, which the other metrics have not seen: reset() it, or build the "
                "collection before you count; counts come along where all of a collection is read off one histogram"
            )
    return first


def _has_counted(histogram: ScoreHistogram) -> bool:
    """Whether any sample came."""
    return not histogram.state.is_meta and bool(histogram.state.any())


def _same(histogram: ScoreHistogram, first: ScoreHistogram | None) -> bool:
    """Whether two histograms hold the same counts, of all that ever came."""
    if histogram is first or first is None:
        return True
    return histogram.past is None and first.past is None and torch.equal(histogram.state.cpu(), first.state.cpu())


def _with_sums_of(layouts: Sequence[Layout], own: Layout) -> Layout:
    """A layout that sums all that others sum in the same cells of the same samples."""
    alike = [other for other in layouts if other.sums and replace(other, sums=own.sums) == own]
    sums = [summand for other in alike if other.valid_range == own.valid_range for summand in other.sums]
    return replace(own, sums=tuple(dict.fromkeys(sums)))


def _host(metric: Metric[Any], hosts: Sequence[Layout]) -> Layout:
    """The layout to read a metric off: finer cuts with its thresholds on edges, else its own."""
    own, thresholds = metric.histogram.layout, metric.reading.thresholds
    if thresholds is None:
        return own
    many = thresholds if isinstance(thresholds, tuple) else (thresholds,)
    for host in hosts:
        same_options = replace(host, cuts=own.cuts) == own
        same_range = host.valid_range == own.valid_range
        if same_options and same_range and host.positions(many) is not None:
            return host
    return own


def label(metrics: Mapping[str, Metric[Any]], histograms: Sequence[ScoreHistogram]) -> str:
    """What metrics read off their histograms, and by which names: the same on all ranks."""
    place = {histogram.store: i for i, histogram in enumerate(histograms)}
    return ", ".join(f"{name}: {metric.reading.meaning} of {place[metric.histogram.store]}" for name, metric in metrics.items())


def means_of(metrics: Mapping[str, Metric[Any]]) -> dict[str, tuple[Reading[Any], Store]]:
    """Metrics of sums, but for averages over rows, and where each is read."""
    return {
        name: (replace(metric.reading, average=None), metric.histogram.store)
        for name, metric in metrics.items()
        if metric.sums and metric.reading.average in (None, "micro")
    }
