"""The named metrics of ``partial_areas``, each with its bounds."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics.counting.cuts import FloatBits
from torch_binmetrics.measures import partial_areas
from torch_binmetrics.measures.partial_areas import Range
from torch_binmetrics.metrics.families import CutsLike, OverCuts
from torch_binmetrics.metrics.options import Options


class BinaryPartialAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.partial_areas.partial_auroc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.partial_areas.partial_auroc_bounds`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OverCuts`.
        fpr_range: false positive rates from a to b, 0 <= a < b <= 1.
        tpr_range: true positive rates from s to t, 0 <= s < t <= 1.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a range outside [0, 1], or of no length.
    """

    def __init__(
        self,
        cuts: CutsLike = FloatBits(16),
        *,
        fpr_range: Range = (0.0, 1.0),
        tpr_range: Range = (0.0, 1.0),
        **options: Unpack[Options],
    ) -> None:
        fpr_range = partial_areas.ends_of("fpr_range", fpr_range)
        tpr_range = partial_areas.ends_of("tpr_range", tpr_range)
        self.score = partial(partial_areas.partial_auroc, fpr_range=fpr_range, tpr_range=tpr_range)
        self.limits = partial(partial_areas.partial_auroc_bounds, fpr_range=fpr_range, tpr_range=tpr_range)
        super().__init__(cuts, **options)


class BinaryLogAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.partial_areas.log_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.partial_areas.log_auc_bounds`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OverCuts`.
        fpr_range: false positive rates from a to b, 0 < a < b <= 1.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a range outside (0, 1], or of no length.
    """

    def __init__(self, cuts: CutsLike = FloatBits(16), *, fpr_range: Range = (0.001, 0.1), **options: Unpack[Options]) -> None:
        fpr_range = partial_areas.ends_of("fpr_range", fpr_range, above_zero=True)
        self.score = partial(partial_areas.log_auc, fpr_range=fpr_range)
        self.limits = partial(partial_areas.log_auc_bounds, fpr_range=fpr_range)
        super().__init__(cuts, **options)


class BinaryCapture(OverCuts):
    """Running :func:`~torch_binmetrics.measures.partial_areas.capture`.

    Its bounds are those of :func:`~torch_binmetrics.measures.partial_areas.capture_bounds`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OverCuts`.
        top: share of the samples, by descending score, in (0, 1].
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``top`` outside (0, 1].
    """

    def __init__(self, cuts: CutsLike = FloatBits(16), *, top: float = 0.1, **options: Unpack[Options]) -> None:
        partial_areas.check_top(top)
        self.score = partial(partial_areas.capture, top=top)
        self.limits = partial(partial_areas.capture_bounds, top=top)
        super().__init__(cuts, **options)
