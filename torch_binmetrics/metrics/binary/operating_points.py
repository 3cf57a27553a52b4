"""The named metrics of ``operating_points``, one rule each."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics.checks import fraction
from torch_binmetrics.counting.cuts import FloatBits
from torch_binmetrics.measures import points as operating_points
from torch_binmetrics.metrics.families import AtBest, CutsLike
from torch_binmetrics.metrics.options import CurveOptions


class BinaryRecallAtFixedPrecision(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.recall_at_fixed_precision`.

    Args:
        min_precision: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_precision`` outside [0, 1].
    """

    def __init__(self, min_precision: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("min_precision", min_precision)
        self.score = partial(operating_points.recall_at_fixed_precision, min_precision=min_precision)
        super().__init__(cuts, **options)


class BinaryPrecisionAtFixedRecall(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.precision_at_fixed_recall`.

    Args:
        min_recall: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_recall`` outside [0, 1].
    """

    def __init__(self, min_recall: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("min_recall", min_recall)
        self.score = partial(operating_points.precision_at_fixed_recall, min_recall=min_recall)
        super().__init__(cuts, **options)


class BinarySensitivityAtSpecificity(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.sensitivity_at_specificity`.

    Args:
        min_specificity: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_specificity`` outside [0, 1].
    """

    def __init__(self, min_specificity: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("min_specificity", min_specificity)
        self.score = partial(operating_points.sensitivity_at_specificity, min_specificity=min_specificity)
        super().__init__(cuts, **options)


class BinarySpecificityAtSensitivity(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.specificity_at_sensitivity`.

    Args:
        min_sensitivity: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_sensitivity`` outside [0, 1].
    """

    def __init__(self, min_sensitivity: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("min_sensitivity", min_sensitivity)
        self.score = partial(operating_points.specificity_at_sensitivity, min_sensitivity=min_sensitivity)
        super().__init__(cuts, **options)


class BinaryRecallAtFixedFPR(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.recall_at_fixed_fpr`.

    Args:
        max_fpr: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``max_fpr`` outside [0, 1].
    """

    def __init__(self, max_fpr: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("max_fpr", max_fpr)
        self.score = partial(operating_points.recall_at_fixed_fpr, max_fpr=max_fpr)
        super().__init__(cuts, **options)


class BinaryThresholdAtFixedRecall(AtBest):
    """Running :func:`~torch_binmetrics.measures.points.threshold_at_fixed_recall`.

    Args:
        min_recall: in [0, 1].
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
        options: ``logit_thresholds``, and those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``min_recall`` outside [0, 1].
    """

    def __init__(self, min_recall: float, cuts: CutsLike = FloatBits(16), **options: Unpack[CurveOptions]) -> None:
        fraction("min_recall", min_recall)
        self.score = partial(operating_points.threshold_at_fixed_recall, min_recall=min_recall)
        super().__init__(cuts, **options)
