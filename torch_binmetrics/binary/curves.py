"""The named metrics of ``curves``: curves, and areas with their bounds."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics import bounds, curves
from torch_binmetrics.cuts import FloatBits
from torch_binmetrics.families import AlongCuts, CutsLike, OverCuts
from torch_binmetrics.metric import Options


class BinaryROC(AlongCuts[curves.ROC]):
    """Running :func:`~torch_binmetrics.curves.roc`."""

    score = staticmethod(curves.roc)


class BinaryPrecisionRecallCurve(AlongCuts[curves.PrecisionRecall]):
    """Running :func:`~torch_binmetrics.curves.precision_recall_curve`."""

    score = staticmethod(curves.precision_recall_curve)


class BinaryAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.curves.auroc`; its bounds are :func:`~torch_binmetrics.bounds.auroc_bounds`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OverCuts`.
        max_fpr: standardised area up to this false positive rate only, in (0, 1].
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``max_fpr`` outside (0, 1].
    """

    def __init__(self, cuts: CutsLike = FloatBits(16), *, max_fpr: float | None = None, **options: Unpack[Options]) -> None:
        curves.check_max_fpr(max_fpr)
        self.score = partial(curves.auroc, max_fpr=max_fpr)
        self.limits = partial(bounds.auroc_bounds, max_fpr=max_fpr)
        super().__init__(cuts, **options)


class BinaryAveragePrecision(OverCuts):
    """Running :func:`~torch_binmetrics.curves.average_precision`.

    Its bounds are those of :func:`~torch_binmetrics.bounds.average_precision_bounds`.
    """

    score = staticmethod(curves.average_precision)
    limits = staticmethod(bounds.average_precision_bounds)
