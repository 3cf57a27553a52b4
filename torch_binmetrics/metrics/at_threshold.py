"""At one threshold or at several: the base, and the named metrics that are read so, exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, Unpack, cast

from torch import Tensor

from torch_binmetrics import measures
from torch_binmetrics.counting import Layout
from torch_binmetrics.counting.cuts import Edges, Threshold
from torch_binmetrics.counting.given import SupportsArray
from torch_binmetrics.measures.scores import check_beta, check_costs, check_normalize
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.options import Options
from torch_binmetrics.state.reading import Reading

Thresholds = float | list[float] | tuple[float, ...] | Tensor | SupportsArray


class AtThreshold(Metric[Tensor]):
    """A measure at one threshold or at several, exact.

    Counted alone, in two bins, it cannot tell whether scores are probabilities; beside an area it can, and warns.

    Args:
        threshold: scores from here on are called positive, compared in float32; a probability even if ``from_logits``.
            Of ascending thresholds, [n], comes a vector of values, [n]; with ``rows``, there is one for each row, in any order.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a finite threshold above 1, no probability; for other scales take ``Metric(measure, Threshold(50))``.
    """

    measure: Callable[..., Tensor]

    def __init__(self, threshold: Thresholds = 0.5, **options: Unpack[Options]) -> None:
        many = isinstance(threshold, list | tuple) or getattr(threshold, "ndim", 0) > 0
        rows = options.get("rows")
        one = threshold.item() if isinstance(threshold, Tensor) and threshold.ndim == 0 else threshold
        given = cast("list[float]", threshold if many else [one])
        by_row = many and rows is not None
        if by_row and rows is not None and len(given) != rows.n:
            raise ValueError(f"threshold must be one number, or one for each of {rows}, got {len(given)} of them")
        cuts = Edges(sorted(map(float, given)) if by_row else given) if many else Threshold(given[0])
        _check_probabilities(cuts)
        super().__init__(self.measure, cuts, **options)
        if by_row:
            self.reading = replace(self.reading, thresholds=tuple(map(float, given)), by_row=True)

    def _reading(self, layout: Layout, undefined: float) -> Reading[Tensor]:
        at = layout.cuts.at if isinstance(layout.cuts, Threshold | Edges) else None
        return Reading(self.measure, at, exact=True, undefined=undefined)


def _check_probabilities(cuts: Threshold | Edges) -> None:
    """Raise ValueError on thresholds beyond all probabilities: percent, say. Those below 0 are of decision values."""
    for at in cuts.at if isinstance(cuts, Edges) else (cuts.at,):
        if 1 < at < math.inf:
            raise ValueError(
                f"thresholds are probabilities from 0 to 1, got {at:g}: divide percent by 100, pass from_logits=True with "
                f"logits, and for scores on a scale of their own take Metric(measures.fbeta, Threshold({at:g})), say"
            )


class BinaryAccuracy(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.accuracy`."""

    measure = staticmethod(measures.accuracy)


class BinaryBalancedAccuracy(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.balanced_accuracy`."""

    measure = staticmethod(measures.balanced_accuracy)


class BinaryPrecision(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.precision`."""

    measure = staticmethod(measures.precision)


class BinaryRecall(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.recall`."""

    measure = staticmethod(measures.recall)


class BinarySpecificity(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.specificity`."""

    measure = staticmethod(measures.specificity)


class BinaryNegativePredictiveValue(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.negative_predictive_value`."""

    measure = staticmethod(measures.negative_predictive_value)


class BinaryFalsePositiveRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.false_positive_rate`."""

    measure = staticmethod(measures.false_positive_rate)


class BinaryFalseNegativeRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.false_negative_rate`."""

    measure = staticmethod(measures.false_negative_rate)


class BinaryF1Score(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.fbeta` at ``beta=1``."""

    measure = staticmethod(measures.fbeta)


class BinaryFBetaScore(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.fbeta`.

    Args:
        beta: weight of recall against precision, a finite number >= 0.
        threshold: as for :class:`AtThreshold`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``beta`` is < 0 or not finite.
    """

    def __init__(self, beta: float, threshold: Thresholds = 0.5, **options: Unpack[Options]) -> None:
        check_beta(beta)
        self.measure = partial(measures.fbeta, beta=beta)
        super().__init__(threshold, **options)


class BinaryMatthewsCorrCoef(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.matthews_corrcoef`."""

    measure = staticmethod(measures.matthews_corrcoef)


class BinaryCohenKappa(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.cohen_kappa`."""

    measure = staticmethod(measures.cohen_kappa)


class BinaryJaccardIndex(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.jaccard_index`."""

    measure = staticmethod(measures.jaccard_index)


class BinaryHammingDistance(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.hamming_distance`."""

    measure = staticmethod(measures.hamming_distance)


class BinaryExpectedCost(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.expected_cost`.

    Args:
        threshold: as for :class:`AtThreshold`.
        cost_fp: cost of a false positive, a finite number >= 0.
        cost_fn: cost of a false negative, a finite number >= 0.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a cost is < 0 or not finite.
    """

    def __init__(
        self, threshold: Thresholds = 0.5, *, cost_fp: float = 1.0, cost_fn: float = 1.0, **options: Unpack[Options]
    ) -> None:
        check_costs(cost_fp, cost_fn)
        self.measure = partial(measures.expected_cost, cost_fp=cost_fp, cost_fn=cost_fn)
        super().__init__(threshold, **options)


class BinaryStatScores(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.stat_scores`."""

    measure = staticmethod(measures.stat_scores)


class BinaryConfusionMatrix(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.confusion_matrix`.

    Args:
        threshold: as for :class:`AtThreshold`.
        normalize: divide by the row ("true"), the column ("pred"), everything ("all") or nothing (None).
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``normalize`` is another value.
    """

    def __init__(
        self,
        threshold: Thresholds = 0.5,
        *,
        normalize: Literal["true", "pred", "all"] | None = None,
        **options: Unpack[Options],
    ) -> None:
        check_normalize(normalize)
        self.measure = partial(measures.confusion_matrix, normalize=normalize)
        super().__init__(threshold, **options)


class BinaryFalseDiscoveryRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.false_discovery_rate`."""

    measure = staticmethod(measures.false_discovery_rate)


class BinaryFalseOmissionRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.false_omission_rate`."""

    measure = staticmethod(measures.false_omission_rate)


class BinaryPrevalence(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.prevalence`."""

    measure = staticmethod(measures.prevalence)


class BinaryPredictedPositiveRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.predicted_positive_rate`."""

    measure = staticmethod(measures.predicted_positive_rate)


class BinaryInformedness(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.informedness`."""

    measure = staticmethod(measures.informedness)


class BinaryMarkedness(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.markedness`."""

    measure = staticmethod(measures.markedness)


class BinaryFowlkesMallows(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.fowlkes_mallows`."""

    measure = staticmethod(measures.fowlkes_mallows)


class BinaryPositiveLikelihoodRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.positive_likelihood_ratio`."""

    measure = staticmethod(measures.positive_likelihood_ratio)


class BinaryNegativeLikelihoodRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.negative_likelihood_ratio`."""

    measure = staticmethod(measures.negative_likelihood_ratio)


class BinaryDiagnosticOddsRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostic_odds_ratio`."""

    measure = staticmethod(measures.diagnostic_odds_ratio)


class BinaryPrevalenceThreshold(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.prevalence_threshold`."""

    measure = staticmethod(measures.prevalence_threshold)


class BinaryGeometricMean(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.geometric_mean`."""

    measure = staticmethod(measures.geometric_mean)
