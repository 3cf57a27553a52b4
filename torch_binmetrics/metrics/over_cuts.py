"""Over all cuts: the base, and the named areas, each with certain bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Unpack

from torch import Tensor

from torch_binmetrics import measures
from torch_binmetrics.counting.cuts import CutsLike, as_cuts
from torch_binmetrics.counting.float_bits import DEFAULT
from torch_binmetrics.measures.declared import Span
from torch_binmetrics.measures.lift import check_top
from torch_binmetrics.measures.roc import check_max_fpr
from torch_binmetrics.measures.staircase import ends_of
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.options import Options


class OverCuts(Metric[Tensor]):
    """An area under a curve along all cuts, with certain bounds.

    Args:
        cuts: where scores are cut into bins: ``Cuts``, an int n for ``Uniform(n)``, or ascending thresholds.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    measure: Callable[..., Tensor]

    def __init__(self, cuts: CutsLike = DEFAULT, **options: Unpack[Options]) -> None:
        super().__init__(self.measure, as_cuts(cuts), **options)


class BinaryAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.auroc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.auroc_bounds`.

    Args:
        cuts: as for :class:`OverCuts`.
        max_fpr: standardised area up to this false positive rate only, in (0, 1].
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``max_fpr`` outside (0, 1].
    """

    def __init__(self, cuts: CutsLike = DEFAULT, *, max_fpr: float | None = None, **options: Unpack[Options]) -> None:
        check_max_fpr(max_fpr)
        self.measure = measures.auroc if max_fpr is None else partial(measures.auroc, max_fpr=max_fpr)
        super().__init__(cuts, **options)


class BinaryAveragePrecision(OverCuts):
    """Running :func:`~torch_binmetrics.measures.average_precision`.

    Its bounds are those of :func:`~torch_binmetrics.measures.average_precision_bounds`.
    """

    measure = staticmethod(measures.average_precision)


class BinaryGini(OverCuts):
    """Running :func:`~torch_binmetrics.measures.gini`.

    Its bounds are those of :func:`~torch_binmetrics.measures.gini_bounds`.
    """

    measure = staticmethod(measures.gini)


class BinaryPrecisionRecallAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.precision_recall_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.precision_recall_auc_bounds`.
    """

    measure = staticmethod(measures.precision_recall_auc)


class BinaryPrecisionRecallGainAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.precision_recall_gain_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.precision_recall_gain_auc_bounds`.
    """

    measure = staticmethod(measures.precision_recall_gain_auc)


class BinaryPartialAUROC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.partial_auroc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.partial_auroc_bounds`.

    Args:
        cuts: as for :class:`OverCuts`.
        fpr_range: false positive rates from a to b, 0 <= a < b <= 1.
        tpr_range: true positive rates from s to t, 0 <= s < t <= 1.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a range outside [0, 1], or of no length.
    """

    def __init__(
        self,
        cuts: CutsLike = DEFAULT,
        *,
        fpr_range: Span = (0.0, 1.0),
        tpr_range: Span = (0.0, 1.0),
        **options: Unpack[Options],
    ) -> None:
        fpr_range = ends_of("fpr_range", fpr_range)
        tpr_range = ends_of("tpr_range", tpr_range)
        self.measure = partial(measures.partial_auroc, fpr_range=fpr_range, tpr_range=tpr_range)
        super().__init__(cuts, **options)


class BinaryLogAUC(OverCuts):
    """Running :func:`~torch_binmetrics.measures.log_auc`.

    Its bounds are those of :func:`~torch_binmetrics.measures.log_auc_bounds`.

    Args:
        cuts: as for :class:`OverCuts`.
        fpr_range: false positive rates from a to b, 0 < a < b <= 1.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: a range outside (0, 1], or of no length.
    """

    def __init__(self, cuts: CutsLike = DEFAULT, *, fpr_range: Span = (0.001, 0.1), **options: Unpack[Options]) -> None:
        fpr_range = ends_of("fpr_range", fpr_range, above_zero=True)
        self.measure = partial(measures.log_auc, fpr_range=fpr_range)
        super().__init__(cuts, **options)


class BinaryCapture(OverCuts):
    """Running :func:`~torch_binmetrics.measures.capture`.

    Its bounds are those of :func:`~torch_binmetrics.measures.capture_bounds`.

    Args:
        cuts: as for :class:`OverCuts`.
        top: share of the samples, by descending score, in (0, 1].
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``top`` outside (0, 1].
    """

    def __init__(self, cuts: CutsLike = DEFAULT, *, top: float = 0.1, **options: Unpack[Options]) -> None:
        check_top(top)
        self.measure = partial(measures.capture, top=top)
        super().__init__(cuts, **options)
