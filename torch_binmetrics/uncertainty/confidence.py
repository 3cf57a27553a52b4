"""Which confidence interval a score has: a closed form where there is one, else the bootstrap, one for all that need it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor

from torch_binmetrics.checks import integer
from torch_binmetrics.measures import areas, diagnostics, partial_areas, scores
from torch_binmetrics.measures import calibration as probabilities
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import (
    drawn_values,
    percentile_interval,
    refuse_weights,
    standard_error,
    too_often_undefined,
)
from torch_binmetrics.uncertainty.closed_forms import (
    Ends,
    auroc_interval,
    deviations,
    f1_interval,
    gini_interval,
    logit_interval,
    wilson_interval,
)

T = TypeVar("T")
Score = Callable[..., Any]
Method = Literal["wilson", "delong", "bootstrap"]

#: Scores that are a share of trials: the counts that are successes, and those that are not.
PROPORTIONS: Mapping[Score, tuple[str, str]] = {
    scores.accuracy: ("tp tn", "fp fn"),
    scores.hamming_distance: ("fp fn", "tp tn"),
    scores.precision: ("tp", "fp"),
    scores.recall: ("tp", "fn"),
    scores.specificity: ("tn", "fp"),
    scores.negative_predictive_value: ("tn", "fn"),
    scores.false_positive_rate: ("fp", "tn"),
    scores.false_negative_rate: ("fn", "tp"),
    scores.jaccard_index: ("tp", "fp fn"),
    diagnostics.false_discovery_rate: ("fp", "tp"),
    diagnostics.false_omission_rate: ("fn", "tn"),
    diagnostics.prevalence: ("tp fn", "fp tn"),
    diagnostics.predicted_positive_rate: ("tp fp", "tn fn"),
}


def _share(successes: str, failures: str, c: Confusion, level: float) -> Ends:
    """Wilson's interval of the share that some counts have."""
    s, f = (sum(getattr(c, name) for name in names.split()) for names in (successes, failures))
    return wilson_interval(s, s + f, level)


#: Scores with a closed form: its name, and the ends for a confusion and a level.
CLOSED_FORMS: Mapping[Score, tuple[Method, Callable[[Confusion, float], Ends]]] = {
    **{score: ("wilson", partial(_share, *cells)) for score, cells in PROPORTIONS.items()},
    scores.fbeta: ("wilson", f1_interval),
    areas.auroc: ("delong", auroc_interval),
    areas.gini: ("delong", gini_interval),
}
#: The least and the greatest value of a score, where both are known: its bootstrap is on the logit scale.
SPANS: Mapping[Score, tuple[float, float]] = {
    **dict.fromkeys(CLOSED_FORMS, (0.0, 1.0)),
    scores.balanced_accuracy: (0.0, 1.0),
    scores.matthews_corrcoef: (-1.0, 1.0),
    scores.cohen_kappa: (-1.0, 1.0),
    diagnostics.informedness: (-1.0, 1.0),
    diagnostics.markedness: (-1.0, 1.0),
    diagnostics.fowlkes_mallows: (0.0, 1.0),
    diagnostics.geometric_mean: (0.0, 1.0),
    diagnostics.prevalence_threshold: (0.0, 1.0),
    areas.average_precision: (0.0, 1.0),
    areas.gini: (-1.0, 1.0),
    areas.precision_recall_auc: (0.0, 1.0),
    partial_areas.partial_auroc: (0.0, 1.0),
    partial_areas.log_auc: (0.0, 1.0),
    partial_areas.capture: (0.0, 1.0),
    probabilities.brier_score: (0.0, 1.0),
    probabilities.calibration_error: (0.0, 1.0),
    probabilities.mean_prediction: (0.0, 1.0),
}


class Reader(Protocol):
    """What is asked of a metric."""

    score: Score

    def _value(self, snapshot: Snapshot) -> Any:
        """The score, read off a snapshot."""

    def _confusion(self, snapshot: Snapshot) -> Confusion:
        """The confusion that the score is a function of."""


@dataclass(frozen=True)
class Plan:
    """What interval is wanted.

    Low and high end have the form of the score. They are NaN where the counts do not tell how it varies: the score is
    undefined, the trials of a proportion are none, an area is 0 or 1; and of a bootstrap, where a class has fewer than two
    samples, no draw differs, or more draws are undefined than lie beyond one end (a few are left out).

    Args:
        level: share of samples whose interval holds the population's score, between 0 and 1; how near the methods come to it
            is measured by ``python -m benchmarks coverage``.
        draws: samples that the bootstrap draws, 100 or more.
        seed: of these draws; the same one gives the same ends on every rank and device.
        method: "wilson" (for proportions, and F1), "delong" (for the whole AUROC) or "bootstrap" (for any score: on the logit
            scale where the least and greatest score are known, else percentiles); None for the first of these that fits.

    Raises:
        TypeError: an argument of another type; for a metric, that it is a curve or counts weights.
        ValueError: an argument of another value; for a metric, that the method is none of its own.

    >>> from torch_binmetrics import BinaryRecall
    >>> metric = BinaryRecall()
    >>> metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 1, 1, 0]))
    >>> metric.confidence_interval(0.9)
    (tensor(0.2535, dtype=torch.float64), tensor(0.9217, dtype=torch.float64))
    """

    level: float
    draws: int
    seed: int
    method: Method | None = None

    def __post_init__(self) -> None:
        deviations(self.level)
        integer("draws", self.draws)
        integer("seed", self.seed)
        if self.draws < 100:
            raise ValueError(f"draws must be at least 100, got {self.draws}: fewer do not show the ends")
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed must fit int64, got {self.seed}: pass 0, say")

    def form(self, metric: Reader) -> Callable[[Confusion, float], Ends] | None:
        """The closed form for a metric, None for the bootstrap; ValueError if the method is not one of its own."""
        name, form = _entry(CLOSED_FORMS, metric.score) or (None, None)
        offered = [name, "bootstrap"] if name else ["bootstrap"]
        if self.method is not None and self.method not in offered:
            raise ValueError(f"method of {metric!r} must be {' or '.join(map(repr, offered))}, got {self.method!r}")
        return None if self.method == "bootstrap" else form


def interval(metric: Reader, histogram: ScoreHistogram, plan: Plan) -> tuple[Any, Any]:
    """The ends for one metric; errors as of :func:`intervals`, and TypeError for a curve."""
    [ends] = intervals([metric], histogram, plan)
    if ends is None:
        raise TypeError(f"{metric!r} has no confidence interval: tensors have, and single points of a curve")
    return ends


def intervals(metrics: Sequence[Reader], histogram: ScoreHistogram, plan: Plan) -> list[tuple[Any, Any] | None]:
    """The ends for each metric that reads these counts, None for a curve; all bootstraps share their draws.

    They are computed on CPU, so that a seed gives the same draws on every device and rank.

    Raises:
        TypeError: the counts are sums of weights.
        ValueError: the method is not one for a metric, or the counts hold invalid samples.
    """
    refuse_weights(histogram.layout)
    forms = [plan.form(metric) for metric in metrics]
    on_cpu = histogram.clone()
    on_cpu.to("cpu")
    snapshot = Snapshot(on_cpu)
    values = [metric._value(snapshot) for metric in metrics]
    reads = {
        i: partial(_read, metric)
        for i, metric in enumerate(metrics)
        if forms[i] is None and isinstance(values[i], Tensor | OperatingPoint)
    }
    drawn = drawn_values(snapshot, reads, plan.draws, plan.seed)
    found: list[tuple[Any, Any] | None] = []
    for i, (metric, form) in enumerate(zip(metrics, forms, strict=True)):
        ends = form(metric._confusion(snapshot), plan.level) if form else None
        if i in drawn:
            ends = _ends(metric.score, _numbers(values[i]), drawn[i], plan.level)
        found.append(_like(values[i], ends, histogram.state.device) if ends else None)
    return found


def _ends(score: Score, value: Tensor, drawn: Tensor, level: float) -> Ends:
    """The ends that draws of a score give, on the logit scale if its span is known, else by percentiles."""
    span = _entry(SPANS, getattr(score, "func", score))
    found = logit_interval(value, standard_error(drawn), level, span) if span else percentile_interval(drawn, level)
    low, high = (end.where(~too_often_undefined(drawn, level), math.nan) for end in found)
    return low, high


def _entry(table: Mapping[Score, T], score: Score) -> T | None:
    """What a table says of a score, which may be a user's own and need not be hashable."""
    return next((entry for known, entry in table.items() if known is score), None)


def _read(metric: Reader, snapshot: Snapshot) -> Tensor:
    """The numbers that a metric reads off a snapshot."""
    return _numbers(metric._value(snapshot))


def _numbers(value: Tensor | OperatingPoint) -> Tensor:
    """A value in float64; that of an operating point and its threshold side by side."""
    return value.double() if isinstance(value, Tensor) else torch.stack([part.double() for part in value])


def _like(value: Tensor | OperatingPoint, ends: Ends, device: torch.device) -> tuple[Any, Any]:
    """Both ends as values of its kind, on a device; in float32 where that has no float64."""
    low, high = (end.to(device, torch.float32 if device.type == "mps" else torch.float64) for end in ends)
    return (low, high) if isinstance(value, Tensor) else (OperatingPoint(*low), OperatingPoint(*high))
