"""The named metrics of ``curves``."""

from __future__ import annotations

from torch_binmetrics.measures import curves
from torch_binmetrics.metrics.families import AlongCuts


class BinaryROC(AlongCuts[curves.ROC]):
    """Running :func:`~torch_binmetrics.measures.curves.roc`."""

    score = staticmethod(curves.roc)


class BinaryPrecisionRecallCurve(AlongCuts[curves.PrecisionRecall]):
    """Running :func:`~torch_binmetrics.measures.curves.precision_recall_curve`."""

    score = staticmethod(curves.precision_recall_curve)


class BinaryDETCurve(AlongCuts[curves.DET]):
    """Running :func:`~torch_binmetrics.measures.curves.det_curve`."""

    score = staticmethod(curves.det_curve)


class BinaryCumulativeGains(AlongCuts[curves.CumulativeGains]):
    """Running :func:`~torch_binmetrics.measures.curves.cumulative_gains`."""

    score = staticmethod(curves.cumulative_gains)


class BinaryLiftCurve(AlongCuts[curves.Lift]):
    """Running :func:`~torch_binmetrics.measures.curves.lift_curve`."""

    score = staticmethod(curves.lift_curve)
