"""The named metric of ``criteria``."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch_binmetrics.counting.cuts import FloatBits
from torch_binmetrics.measures.best_threshold import Criterion, best_threshold, score_of
from torch_binmetrics.metrics.families import AtBest, CutsLike
from torch_binmetrics.metrics.options import CurveOptions


class BinaryBestThreshold(AtBest):
    """Running :func:`~torch_binmetrics.measures.best_threshold.best_threshold`.

    Args:
        criterion: "f1", "fbeta", "mcc", "youden", "accuracy", "balanced_accuracy", "cost", or any function of a confusion
            along thresholds, [n], to a tensor [n] whose highest value is best and where NaN is undefined.
        cuts: as for :class:`~torch_binmetrics.AlongCuts`.
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
        cuts: CutsLike = FloatBits(16),
        *,
        beta: float | None = None,
        cost_fp: float | None = None,
        cost_fn: float | None = None,
        **options: Unpack[CurveOptions],
    ) -> None:
        score_of(criterion, beta=beta, cost_fp=cost_fp, cost_fn=cost_fn)
        self.score = partial(best_threshold, criterion=criterion, beta=beta, cost_fp=cost_fp, cost_fn=cost_fn)
        super().__init__(cuts, **options)
