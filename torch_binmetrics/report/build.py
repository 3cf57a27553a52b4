"""Counts -> report: the usual scores, read off one histogram with their bounds and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from torch_binmetrics.counting.summands import LogLoss, Probability, SquaredError, Summand
from torch_binmetrics.measures.best_threshold import Criterion, best_threshold
from torch_binmetrics.metrics.binary import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryBalancedAccuracy,
    BinaryBrierScore,
    BinaryCalibrationRatio,
    BinaryF1Score,
    BinaryLogLoss,
    BinaryMatthewsCorrCoef,
    BinaryNegativePredictiveValue,
    BinaryPrecision,
    BinaryRecall,
    BinarySpecificity,
)
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.report.content import Report, ReportRow
from torch_binmetrics.report.misleading import misleading
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.confidence import Plan, intervals

SCORES: Mapping[str, Callable[..., Metric[Tensor]]] = {
    "accuracy": BinaryAccuracy,
    "balanced accuracy": BinaryBalancedAccuracy,
    "precision": BinaryPrecision,
    "recall": BinaryRecall,
    "specificity": BinarySpecificity,
    "npv": BinaryNegativePredictiveValue,
    "f1": BinaryF1Score,
    "mcc": BinaryMatthewsCorrCoef,
}
AREAS: Mapping[str, Callable[..., Metric[Tensor]]] = {"auroc": BinaryAUROC, "average precision": BinaryAveragePrecision}
BEST: Mapping[str, Criterion] = {"f1": "f1", "youden": "youden", "mcc": "mcc"}


def binary_report(
    histogram: ScoreHistogram, threshold: float = 0.5, level: float = 0.95, *, draws: int = 1000, seed: int = 0
) -> Report:
    """The usual scores of a classifier, how sure they are, and where they mislead.

    Args:
        histogram: local or summed counts.
        threshold: scores from here on are called positive; an edge of the cuts, a probability even if logits were counted.
        level: of the confidence intervals, between 0 and 1.
        draws: samples that the bootstrap draws, where a score has no closed form.
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
    return report_of([histogram], _of_sums(histogram), threshold, Plan(level, draws, seed))


def report_of(
    histograms: Sequence[ScoreHistogram], probabilities: Mapping[str, Metric[Any]], threshold: float, plan: Plan
) -> Report:
    """A report on the finest of histograms, and on metrics of probabilities that read others; errors as :func:`binary_report`.

    A threshold on none of its edges is read off the next finest.
    """
    by_bins = sorted(histograms, key=lambda histogram: (not histogram.layout.exact, -histogram.layout.scored.bins))
    finest = by_bins[0]
    host = next((histogram for histogram in by_bins if Snapshot(histogram).position(threshold) is not None), finest)
    snapshot, fixed = Snapshot(finest), Snapshot(host)
    c = fixed.at_threshold(threshold)
    confusion = ((c.tn.item(), c.fp.item()), (c.fn.item(), c.tp.item()))
    areas = _rows({name: _matching(metric, finest) for name, metric in AREAS.items()}, finest, plan)
    return Report(
        confusion=confusion,
        threshold=threshold,
        level=plan.level,
        scores=_rows({name: _matching(metric, host, threshold) for name, metric in SCORES.items()}, host, plan),
        areas=areas,
        best={name: _best(snapshot, criterion) for name, criterion in BEST.items()},
        probabilities=_rows_of_others(probabilities, histograms, plan),
        warnings=misleading(confusion, areas, snapshot, finest.dropped),
    )


def _matching(kind: Callable[..., Metric[Any]], histogram: ScoreHistogram, *arguments: float) -> Metric[Any]:
    """A metric that takes its scores as those of a histogram were taken."""
    return kind(*arguments, from_logits=histogram.layout.from_logits)


def _of_sums(histogram: ScoreHistogram) -> dict[str, Metric[Any]]:
    """The metrics of probabilities for which a histogram has the sums."""
    kinds: list[tuple[Summand, str, Metric[Any]]] = [
        (SquaredError(), "brier score", BinaryBrierScore()),
        (Probability(), "calibration ratio", BinaryCalibrationRatio()),
    ]
    losses = [summand for summand in histogram.layout.sums if isinstance(summand, LogLoss)]
    kinds += [(loss, "log loss", BinaryLogLoss(eps=loss.eps)) for loss in losses[:1]]
    found = {name: metric for summand, name, metric in kinds if summand in histogram.layout.sums}
    for metric in found.values():
        metric._read_off(histogram)
    return found


def _rows_of_others(
    metrics: Mapping[str, Metric[Any]], histograms: Sequence[ScoreHistogram], plan: Plan
) -> dict[str, ReportRow]:
    """The rows of metrics that read several histograms, in the order of the metrics."""
    rows: dict[str, ReportRow] = {}
    for histogram in histograms:
        mine = {name: metric for name, metric in metrics.items() if metric.histogram.layout == histogram.layout}
        rows |= _rows(mine, histogram, plan) if mine else {}
    return {name: rows[name] for name in metrics if name in rows}


def _rows(metrics: Mapping[str, Metric[Any]], histogram: ScoreHistogram, plan: Plan) -> dict[str, ReportRow]:
    """A row for each metric that is a single number, read off one histogram, with intervals unless weights were counted."""
    for metric in metrics.values():
        metric._read_off(histogram)
    snapshot = Snapshot(histogram)
    values = {name: metric._value(snapshot) for name, metric in metrics.items()}
    single = {name: metrics[name] for name, value in values.items() if isinstance(value, Tensor) and value.numel() == 1}
    drawn = [None] * len(single) if histogram.layout.weighted else intervals(list(single.values()), histogram, plan)
    return {
        name: ReportRow(float(values[name]), _bounds(metric, snapshot), None if ends is None else _floats(ends))
        for (name, metric), ends in zip(single.items(), drawn, strict=True)
    }


def _bounds(metric: Metric[Any], snapshot: Snapshot) -> tuple[float, float] | None:
    """What the binning hides of an area; nothing else has any."""
    return None if metric.limits is None or snapshot.layout.exact else _floats(metric.limits(snapshot.confusion))


def _best(snapshot: Snapshot, criterion: Criterion) -> ReportRow:
    """The highest value of a score and its threshold."""
    point = best_threshold(snapshot.confusion, snapshot.probabilities, criterion)
    return ReportRow(float(point.value), threshold=float(point.threshold))


def _floats(low_high: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Two 0-d tensors as floats."""
    low, high = low_high
    return float(low), float(high)
