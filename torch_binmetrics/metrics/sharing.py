"""Which metrics of a collection share counts: those of equal layouts, and thresholds that lie on edges of finer cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch_binmetrics.counting import Layout, Store, store_of
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.together import guard_together


def share(metrics: Sequence[Metric[Any]]) -> list[ScoreHistogram]:
    """Give metrics that count alike one histogram; the histograms, in the order in which they came up."""
    shared: dict[Store, ScoreHistogram] = {}
    layouts = [metric.histogram.layout for metric in metrics]
    hosts = [each.histogram.layout for each in metrics if each.reading.thresholds is None and not each.sums]
    for metric in metrics:
        layout = _with_sums_of(layouts, metric.histogram.layout) if metric.sums else _host(metric, hosts)
        store = store_of(layout)
        if store not in shared:
            shared[store] = ScoreHistogram(layout, store=store, device=metric.histogram.state.device)
        metric.histogram = shared[store]
        metric._in_collection = True
    histograms = list(shared.values())
    guard_together(histograms)
    return histograms


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
