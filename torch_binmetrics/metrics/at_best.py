"""At the best of all cuts: the base, and the named points of curves, each a value and its threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Unpack

from torch_binmetrics import measures
from torch_binmetrics.checks import fraction
from torch_binmetrics.counting import Layout
from torch_binmetrics.counting.cuts import CutsLike
from torch_binmetrics.counting.float_bits import DEFAULT
from torch_binmetrics.measures.best_threshold import Criterion, criterion_of
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.metrics.along_cuts import AlongCuts
from torch_binmetrics.metrics.options import CurveOptions
from torch_binmetrics.state.reading import Reading


class AtBest(AlongCuts[OperatingPoint]):
    """One point of a curve along all cuts: a value and its threshold; ``zero_division`` does not concern it.

    Arguments are those of :class:`~torch_binmetrics.metrics.AlongCuts`.
    """

    measure: Callable[..., OperatingPoint]

    def _reading(self, layout: Layout, undefined: float) -> Reading[OperatingPoint]:
        return super()._reading(layout, math.nan)


class BinaryRecallAtFixedPrecision(AtBest):
    """Running :func:`~torch_binmetrics.measures.recall_at_fixed_precision`.

    Args:
        min_precision: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_precision`` outside [0, 1].
    """

    def __init__(self, min_precision: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("min_precision", min_precision)
        self.measure = partial(measures.recall_at_fixed_precision, min_precision=min_precision)
        super().__init__(cuts, **options)


class BinaryPrecisionAtFixedRecall(AtBest):
    """Running :func:`~torch_binmetrics.measures.precision_at_fixed_recall`.

    Args:
        min_recall: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_recall`` outside [0, 1].
    """

    def __init__(self, min_recall: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("min_recall", min_recall)
        self.measure = partial(measures.precision_at_fixed_recall, min_recall=min_recall)
        super().__init__(cuts, **options)


class BinarySensitivityAtSpecificity(AtBest):
    """Running :func:`~torch_binmetrics.measures.sensitivity_at_specificity`.

    Args:
        min_specificity: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_specificity`` outside [0, 1].
    """

    def __init__(self, min_specificity: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("min_specificity", min_specificity)
        self.measure = partial(measures.sensitivity_at_specificity, min_specificity=min_specificity)
        super().__init__(cuts, **options)


class BinarySpecificityAtSensitivity(AtBest):
    """Running :func:`~torch_binmetrics.measures.specificity_at_sensitivity`.

    Args:
        min_sensitivity: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_sensitivity`` outside [0, 1].
    """

    def __init__(self, min_sensitivity: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("min_sensitivity", min_sensitivity)
        self.measure = partial(measures.specificity_at_sensitivity, min_sensitivity=min_sensitivity)
        super().__init__(cuts, **options)


class BinaryRecallAtFixedFPR(AtBest):
    """Running :func:`~torch_binmetrics.measures.recall_at_fixed_fpr`.

    Args:
        max_fpr: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``max_fpr`` outside [0, 1].
    """

    def __init__(self, max_fpr: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("max_fpr", max_fpr)
        self.measure = partial(measures.recall_at_fixed_fpr, max_fpr=max_fpr)
        super().__init__(cuts, **options)


class BinaryThresholdAtFixedRecall(AtBest):
    """Running :func:`~torch_binmetrics.measures.threshold_at_fixed_recall`.

    Args:
        min_recall: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_recall`` outside [0, 1].
    """

    def __init__(self, min_recall: float, cuts: CutsLike = DEFAULT, **options: Unpack[CurveOptions]) -> None:
        fraction("min_recall", min_recall)
        self.measure = partial(measures.threshold_at_fixed_recall, min_recall=min_recall)
        super().__init__(cuts, **options)


class BinaryBestThreshold(AtBest):
    """Running :func:`~torch_binmetrics.measures.best_threshold`.

    Args:
        criterion: "f1", "fbeta", "mcc", "youden", "accuracy", "balanced_accuracy", "cost", or any function of a confusion
            along thresholds, [n], to a tensor [n] whose highest value is best and where NaN is undefined.
        cuts: as for :class:`~torch_binmetrics.metrics.AlongCuts`.
        beta: weight of recall against precision, for "fbeta" only.
        cost_fp: cost of a false positive, for "cost" only.
        cost_fn: cost of a false negative, for "cost" only.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: another criterion, or an option that it does not take, lacks or that is out of range.
    """

    def __init__(
        self,
        criterion: Criterion = "f1",
        cuts: CutsLike = DEFAULT,
        *,
        beta: float | None = None,
        cost_fp: float | None = None,
        cost_fn: float | None = None,
        **options: Unpack[CurveOptions],
    ) -> None:
        criterion_of(criterion, beta=beta, cost_fp=cost_fp, cost_fn=cost_fn)
        self.measure = partial(measures.best_threshold, criterion=criterion, beta=beta, cost_fp=cost_fp, cost_fn=cost_fn)
        super().__init__(cuts, **options)


class BinaryEER(AtBest):
    """Running :func:`~torch_binmetrics.measures.equal_error_rate`.

    The bounds of its value are those of :func:`~torch_binmetrics.measures.equal_error_rate_bounds`.
    """

    measure = staticmethod(measures.equal_error_rate)


class BinaryKSStatistic(AtBest):
    """Running :func:`~torch_binmetrics.measures.ks_statistic`.

    The bounds of its value are those of :func:`~torch_binmetrics.measures.ks_statistic_bounds`.
    """

    measure = staticmethod(measures.ks_statistic)
