"""Counts -> report: the usual measures, read off one snapshot of each histogram with their bounds and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from torch_binmetrics import measures
from torch_binmetrics.counting.summands import LogLoss, Probability, SquaredError
from torch_binmetrics.measures.best_threshold import Criterion
from torch_binmetrics.report.build_by_row import lines_of, misleading_rows
from torch_binmetrics.report.by_row import ByRow
from torch_binmetrics.report.content import Report
from torch_binmetrics.report.misleading import misleading
from torch_binmetrics.report.numbers import ReportRow
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.reading import Reading, cells, curve
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import has_squares
from torch_binmetrics.uncertainty.confidence import Plan, intervals

AT_THRESHOLD: Mapping[str, Callable[..., Tensor]] = {
    "accuracy": measures.accuracy,
    "balanced accuracy": measures.balanced_accuracy,
    "precision": measures.precision,
    "recall": measures.recall,
    "specificity": measures.specificity,
    "npv": measures.negative_predictive_value,
    "f1": measures.fbeta,
    "mcc": measures.matthews_corrcoef,
}
AREAS: Mapping[str, Callable[..., Tensor]] = {"auroc": measures.auroc, "average precision": measures.average_precision}
BEST: Mapping[str, Criterion] = {"f1": "f1", "youden": "youden", "mcc": "mcc"}

#: What is read for a row, and where.
Row = tuple[Reading[Any], Snapshot]


def binary_report(
    histogram: ScoreHistogram,
    threshold: float = 0.5,
    level: float = 0.95,
    *,
    by: str = "auroc",
    draws: int = 1000,
    seed: int = 0,
) -> Report:
    """The usual measures of a classifier, how sure they are, and where they mislead.

    Args:
        histogram: local or summed counts.
        threshold: scores from here on are called positive; an edge of the cuts, a probability even if logits were counted.
        level: of the confidence intervals, between 0 and 1.
        by: the measure at the threshold, or the area, by which labels, classes or groups are sorted if those are counted apart.
        draws: samples that the bootstrap draws, where a measure has no closed form.
        seed: of these draws.

    Raises:
        TypeError, ValueError: arguments of another type or value, a threshold on no edge, or invalid samples were counted.

    >>> import torch
    >>> from torch_binmetrics import FloatBits, Layout
    >>> histogram = ScoreHistogram(Layout(FloatBits(16)))
    >>> histogram.update(torch.arange(100) / 100, torch.arange(100) % 7 > 3)
    >>> report = binary_report(histogram)
    >>> report["recall"].value, report.confusion
    (0.5, ((29, 29), (21, 21)))
    """
    snapshot = Snapshot(histogram)
    return report_of([snapshot], _means(snapshot), threshold, Plan(level, draws, seed), by=by)


def report_of(
    snapshots: Sequence[Snapshot], means: Mapping[str, Row], threshold: float, plan: Plan, *, by: str = "auroc"
) -> Report:
    """A report on the finest of snapshots, and on means that are read off others; errors as of :func:`binary_report`.

    A threshold on none of its edges is read off the next finest. Of counts of rows it is a report on their sum, with a line
    for each.
    """
    if by not in AT_THRESHOLD and by not in AREAS:
        raise ValueError(f"by must be one of {', '.join([*AT_THRESHOLD, *AREAS])}, got {by!r}")
    by_bins = sorted(snapshots, key=lambda snapshot: -snapshot.layout.scored.bins)
    with_rows = [snapshot for snapshot in by_bins if snapshot.layout.rows is not None]
    by_row = _by_row(with_rows, means, threshold, plan, by=by) if with_rows else None
    pooled = {snapshot: snapshot.pooled if snapshot in with_rows else snapshot for snapshot in by_bins}
    finest, host = pooled[by_bins[0]], _host(list(pooled.values()), threshold)
    c = host.at(threshold)
    confusion = ((c.tn.item(), c.fp.item()), (c.fn.item(), c.tp.item()))
    apart = by_row is None or by_row.kind == "groups"
    sections = _rows(
        {
            "measures": _at_threshold(host, threshold),
            "areas": {name: (Reading(measure), finest) for name, measure in AREAS.items()},
            "probabilities": {name: (reading, pooled[snapshot]) for name, (reading, snapshot) in means.items()},
        },
        plan if apart else None,
    )
    found = () if by_row is None else misleading_rows(by_row, weighted=finest.layout.weighted)
    return Report(
        confusion=confusion,
        threshold=threshold,
        level=plan.level,
        **sections,
        best={name: _best(finest, criterion) for name, criterion in BEST.items()},
        warnings=(*misleading(confusion, sections["areas"], finest), *found),
        by_row=by_row,
    )


def _host(by_bins: Sequence[Snapshot], threshold: float) -> Snapshot:
    """The first snapshot that has the threshold as an edge; the first of all, which will say so, if there is none."""
    return next((snapshot for snapshot in by_bins if snapshot.layout.positions((threshold,)) is not None), by_bins[0])


def _at_threshold(host: Snapshot, threshold: float) -> dict[str, Row]:
    """The measures at the threshold."""
    return {name: (Reading(measure, threshold, exact=True), host) for name, measure in AT_THRESHOLD.items()}


def _by_row(by_bins: Sequence[Snapshot], means: Mapping[str, Row], threshold: float, plan: Plan, *, by: str) -> ByRow:
    """A line for each row of snapshots that have rows, the finest first."""
    rows = by_bins[0].layout.rows
    assert rows is not None
    readings = _at_threshold(_host(by_bins, threshold), threshold)
    readings |= {name: (Reading(measure), by_bins[0]) for name, measure in AREAS.items()}
    readings |= {name: found for name, found in means.items() if found[1].layout.rows == rows}
    return lines_of(rows, readings, by, plan)


def _means(snapshot: Snapshot) -> dict[str, Row]:
    """The means of probabilities and losses for which there are sums."""
    losses = [summand for summand in snapshot.layout.sums if isinstance(summand, LogLoss)]
    kinds: list[tuple[Any, str, Callable[..., Tensor]]] = [
        (SquaredError(), "brier score", measures.brier_score),
        (Probability(), "calibration ratio", measures.calibration_ratio),
        *((loss, "log loss", measures.log_loss) for loss in losses[:1]),
    ]
    return {
        name: (Reading(measure, given=partial(cells, (summand,)), exact=True), snapshot)
        for summand, name, measure in kinds
        if summand in snapshot.layout.sums
    }


def _rows(sections: Mapping[str, Mapping[str, Row]], plan: Plan | None) -> dict[str, dict[str, ReportRow]]:
    """A row for each reading that is a single number, with intervals if planned and told: one bootstrap a snapshot."""
    found: dict[tuple[str, str], ReportRow] = {}
    wanted = {(section, name): row for section, rows in sections.items() for name, row in rows.items()}
    for snapshot in dict.fromkeys(snapshot for _, snapshot in wanted.values()):
        here = {key: reading for key, (reading, at) in wanted.items() if at is snapshot}
        values = {key: reading.value(snapshot) for key, reading in here.items()}
        single = {key: here[key] for key, value in values.items() if isinstance(value, Tensor) and value.numel() == 1}
        told = plan if has_squares(snapshot.layout) else None
        drawn = intervals(list(single.values()), snapshot, told) if told else [None] * len(single)
        for (key, reading), ends in zip(single.items(), drawn, strict=True):
            bounds = None if reading.exact or snapshot.exact else _floats(reading.bounds(snapshot))
            found[key] = ReportRow(float(values[key]), bounds, None if ends is None else _floats(ends))
    return {
        section: {name: found[section, name] for name in rows if (section, name) in found} for section, rows in sections.items()
    }


def _best(snapshot: Snapshot, criterion: Criterion) -> ReportRow:
    """The highest value of a criterion and its threshold."""
    point = Reading(partial(measures.best_threshold, criterion=criterion), given=curve).value(snapshot)
    return ReportRow(float(point.value), threshold=float(point.threshold))


def _floats(low_high: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Two 0-d tensors as floats."""
    low, high = low_high
    return float(low), float(high)
