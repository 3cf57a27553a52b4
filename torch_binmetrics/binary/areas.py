"""The named metrics of ``areas``, each with its bounds."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics import areas, bounds
from torch_binmetrics.cuts import FloatBits
from torch_binmetrics.families import CutsLike, OverCuts
from torch_binmetrics.options import Options


class BinaryAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.areas.auroc`; its bounds are :func:`~torch_binmetrics.bounds.auroc_bounds`.

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
    """Running :func:`~torch_binmetrics.areas.average_precision`.

    Its bounds are those of :func:`~torch_binmetrics.bounds.average_precision_bounds`.
    """

    score = staticmethod(areas.average_precision)
    limits = staticmethod(bounds.average_precision_bounds)


class BinaryGini(OverCuts):
    """Running :func:`~torch_binmetrics.areas.gini`; its bounds are :func:`~torch_binmetrics.bounds.gini_bounds`."""

    score = staticmethod(areas.gini)
    limits = staticmethod(bounds.gini_bounds)


class BinaryPrecisionRecallAUC(OverCuts):
    """Running :func:`~torch_binmetrics.areas.precision_recall_auc`.

    Its bounds are those of :func:`~torch_binmetrics.bounds.precision_recall_auc_bounds`.
    """

    score = staticmethod(areas.precision_recall_auc)
    limits = staticmethod(bounds.precision_recall_auc_bounds)


class BinaryPrecisionRecallGainAUC(OverCuts):
    """Running :func:`~torch_binmetrics.areas.precision_recall_gain_auc`.

    Its bounds are those of :func:`~torch_binmetrics.bounds.precision_recall_gain_auc_bounds`.
    """

    score = staticmethod(areas.precision_recall_gain_auc)
    limits = staticmethod(bounds.precision_recall_gain_auc_bounds)
