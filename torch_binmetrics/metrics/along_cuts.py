"""Along all cuts: the base, and the named curves, with a point at the lower edge of every occupied bin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, Unpack

from torch import Tensor

from torch_binmetrics import measures
from torch_binmetrics.checks import boolean
from torch_binmetrics.counting import Layout
from torch_binmetrics.counting.cuts import CutsLike, as_cuts
from torch_binmetrics.counting.float_bits import DEFAULT
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.options import Options
from torch_binmetrics.state.reading import Reading, curve, curve_in_logits

C = TypeVar("C", bound=tuple[Tensor, ...])


class AlongCuts(Metric[C]):
    """A curve with a point at the lower edge of every occupied bin.

    Args:
        cuts: where scores are cut into bins: ``Cuts``, an int n for ``Uniform(n)``, or ascending thresholds.
        logit_thresholds: report thresholds as the float32 logits that were counted, not as float64 probabilities, of
            which large logits have few.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    measure: Callable[..., C]

    def __init__(self, cuts: CutsLike = DEFAULT, *, logit_thresholds: bool = False, **options: Unpack[Options]) -> None:
        boolean("logit_thresholds", logit_thresholds)
        if logit_thresholds and not options.get("from_logits"):
            raise ValueError("logit_thresholds=True needs from_logits=True: else thresholds are scores as they were given")
        self.logit_thresholds = logit_thresholds
        super().__init__(self.measure, as_cuts(cuts), **options)

    def _reading(self, layout: Layout, undefined: float) -> Reading[C]:
        return Reading(self.measure, given=curve_in_logits if self.logit_thresholds else curve, undefined=undefined)


class BinaryROC(AlongCuts[measures.ROC]):
    """Running :func:`~torch_binmetrics.measures.roc`."""

    measure = staticmethod(measures.roc)


class BinaryPrecisionRecallCurve(AlongCuts[measures.PrecisionRecall]):
    """Running :func:`~torch_binmetrics.measures.precision_recall_curve`."""

    measure = staticmethod(measures.precision_recall_curve)


class BinaryDETCurve(AlongCuts[measures.DET]):
    """Running :func:`~torch_binmetrics.measures.det_curve`."""

    measure = staticmethod(measures.det_curve)


class BinaryCumulativeGains(AlongCuts[measures.CumulativeGains]):
    """Running :func:`~torch_binmetrics.measures.cumulative_gains`."""

    measure = staticmethod(measures.cumulative_gains)


class BinaryLiftCurve(AlongCuts[measures.Lift]):
    """Running :func:`~torch_binmetrics.measures.lift_curve`."""

    measure = staticmethod(measures.lift_curve)
