"""The named metrics of ``areas``, each with its bounds."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics.counting.cuts import FloatBits
from torch_binmetrics.measures import areas, bounds
from torch_binmetrics.metrics.families import CutsLike, OverCuts
from torch_binmetrics.metrics.options import Options


class BinaryAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.areas.auroc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.bounds.auroc_bounds`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OverCuts`.
        max_fpr: standardised area up to this false positive rate only, in (0, 1].
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``max_fpr`` outside (0, 1].
    """

    def __init__(self, cuts: CutsLike = FloatBits(16), *, max_fpr: float | None = None, **options: Unpack[Options]) -> None:
        areas.check_max_fpr(max_fpr)
        self.score = areas.auroc if max_fpr is None else partial(areas.auroc, max_fpr=max_fpr)
        self.limits = partial(bounds.auroc_bounds, max_fpr=max_fpr)
        super().__init__(cuts, **options)


class BinaryAveragePrecision(OverCuts):
    """Running :func:`~torch_binmetrics.measures.areas.average_precision`.

    Its bounds are those of :func:`~torch_binmetrics.measures.bounds.average_precision_bounds`.
    """

    score = staticmethod(areas.average_precision)
    limits = staticmethod(bounds.average_precision_bounds)


class BinaryGini(OverCuts):
    """Running :func:`~torch_binmetrics.measures.areas.gini`.

    Its bounds are those of :func:`~torch_binmetrics.measures.bounds.gini_bounds`.
    """

    score = staticmethod(areas.gini)
    limits = staticmethod(bounds.gini_bounds)


class BinaryPrecisionRecallAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.areas.precision_recall_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.bounds.precision_recall_auc_bounds`.
    """

    score = staticmethod(areas.precision_recall_auc)
    limits = staticmethod(bounds.precision_recall_auc_bounds)


class BinaryPrecisionRecallGainAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.areas.precision_recall_gain_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.bounds.precision_recall_gain_auc_bounds`.
    """

    score = staticmethod(areas.precision_recall_gain_auc)
    limits = staticmethod(bounds.precision_recall_gain_auc_bounds)
