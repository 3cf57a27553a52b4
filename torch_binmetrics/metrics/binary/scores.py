"""The named metrics of ``scores``, one score each."""

from __future__ import annotations

from functools import partial
from typing import Literal, Unpack

from torch_binmetrics.measures import scores
from torch_binmetrics.metrics.families import AtThreshold, Thresholds
from torch_binmetrics.metrics.options import Options


class BinaryAccuracy(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.accuracy`."""

    score = staticmethod(scores.accuracy)


class BinaryBalancedAccuracy(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.balanced_accuracy`."""

    score = staticmethod(scores.balanced_accuracy)


class BinaryPrecision(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.precision`."""

    score = staticmethod(scores.precision)


class BinaryRecall(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.recall`."""

    score = staticmethod(scores.recall)


class BinarySpecificity(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.specificity`."""

    score = staticmethod(scores.specificity)


class BinaryNegativePredictiveValue(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.negative_predictive_value`."""

    score = staticmethod(scores.negative_predictive_value)


class BinaryFalsePositiveRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.false_positive_rate`."""

    score = staticmethod(scores.false_positive_rate)


class BinaryFalseNegativeRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.false_negative_rate`."""

    score = staticmethod(scores.false_negative_rate)


class BinaryF1Score(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.fbeta` at ``beta=1``."""

    score = staticmethod(scores.fbeta)


class BinaryFBetaScore(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.fbeta`.

    Args:
        beta: weight of recall against precision, a number > 0.
        threshold: as for :class:`~torch_binmetrics.AtThreshold`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``beta`` is not > 0.
    """

    def __init__(self, beta: float, threshold: Thresholds = 0.5, **options: Unpack[Options]) -> None:
        scores.check_beta(beta)
        self.score = partial(scores.fbeta, beta=beta)
        super().__init__(threshold, **options)


class BinaryMatthewsCorrCoef(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.matthews_corrcoef`."""

    score = staticmethod(scores.matthews_corrcoef)


class BinaryCohenKappa(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.cohen_kappa`."""

    score = staticmethod(scores.cohen_kappa)


class BinaryJaccardIndex(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.jaccard_index`."""

    score = staticmethod(scores.jaccard_index)


class BinaryHammingDistance(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.hamming_distance`."""

    score = staticmethod(scores.hamming_distance)


class BinaryExpectedCost(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.expected_cost`.

    Args:
        threshold: as for :class:`~torch_binmetrics.AtThreshold`.
        cost_fp: cost of a false positive, a finite number >= 0.
        cost_fn: cost of a false negative, a finite number >= 0.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a cost is < 0 or not finite.
    """

    def __init__(
        self, threshold: Thresholds = 0.5, *, cost_fp: float = 1.0, cost_fn: float = 1.0, **options: Unpack[Options]
    ) -> None:
        scores.check_costs(cost_fp, cost_fn)
        self.score = partial(scores.expected_cost, cost_fp=cost_fp, cost_fn=cost_fn)
        super().__init__(threshold, **options)


class BinaryStatScores(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.stat_scores`."""

    score = staticmethod(scores.stat_scores)


class BinaryConfusionMatrix(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.scores.confusion_matrix`.

    Args:
        threshold: as for :class:`~torch_binmetrics.AtThreshold`.
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
        scores.check_normalize(normalize)
        self.score = partial(scores.confusion_matrix, normalize=normalize)
        super().__init__(threshold, **options)
