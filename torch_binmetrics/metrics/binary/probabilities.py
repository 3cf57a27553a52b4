"""The named metrics of probabilities and decision values; the arithmetic is in ``probabilities``."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from torch import Tensor

from torch_binmetrics.counting.cuts import FloatBits
from torch_binmetrics.counting.summands import Hinge, LogLoss, Probability, SquaredError
from torch_binmetrics.measures import calibration as probabilities
from torch_binmetrics.measures.calibration import Norm, Reliability, Strategy
from torch_binmetrics.metrics.families import CutsLike, InBins, OfSums
from torch_binmetrics.metrics.options import Options


class BinaryBrierScore(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.brier_score`."""

    sums = (SquaredError(),)
    score = staticmethod(probabilities.brier_score)


class BinaryLogLoss(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.log_loss`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OfSums`.
        eps: probabilities are clipped to [eps, 1 - eps]; with 0 a probability of 0 or 1 on the wrong side gives inf.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``eps`` outside [0, 0.5).
    """

    score = staticmethod(probabilities.log_loss)

    def __init__(self, cuts: CutsLike = FloatBits(16), *, eps: float = 0.0, **options: Unpack[Options]) -> None:
        self.sums = (LogLoss(eps),)
        super().__init__(cuts, **options)


class BinaryNormalizedEntropy(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.normalized_entropy`.

    Args:
        cuts: as for :class:`~torch_binmetrics.OfSums`.
        eps: as for :class:`~torch_binmetrics.BinaryLogLoss`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``eps`` outside [0, 0.5).
    """

    score = staticmethod(probabilities.normalized_entropy)

    def __init__(self, cuts: CutsLike = FloatBits(16), *, eps: float = 0.0, **options: Unpack[Options]) -> None:
        self.sums = (LogLoss(eps),)
        super().__init__(cuts, **options)


class BinaryCalibrationRatio(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.calibration_ratio`."""

    sums = (Probability(),)
    score = staticmethod(probabilities.calibration_ratio)


class BinaryMeanPrediction(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.mean_prediction`."""

    sums = (Probability(),)
    score = staticmethod(probabilities.mean_prediction)


class BinaryHingeLoss(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.hinge_loss`, of scores as they are, logits or others.

    Args:
        cuts: as for :class:`~torch_binmetrics.OfSums`.
        squared: square the loss of each sample.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        TypeError: ``squared`` is no bool.
    """

    score = staticmethod(probabilities.hinge_loss)

    def __init__(self, cuts: CutsLike = FloatBits(16), *, squared: bool = False, **options: Unpack[Options]) -> None:
        self.sums = (Hinge(squared=squared),)
        super().__init__(cuts, **options)


class BinaryReliabilityCurve(InBins[Reliability]):
    """Running :func:`~torch_binmetrics.measures.calibration.reliability_curve`."""

    score = staticmethod(probabilities.reliability_curve)


class BinaryCalibrationError(InBins[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration.calibration_error`.

    Args:
        n_bins: number of bins.
        norm: "l1" for the expected, "l2" for the root-mean-square and "max" for the maximum calibration error.
        strategy: as for :class:`~torch_binmetrics.InBins`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: another ``n_bins``, ``norm`` or ``strategy``.
    """

    def __init__(
        self, n_bins: int = 15, *, norm: Norm = "l1", strategy: Strategy = "uniform", **options: Unpack[Options]
    ) -> None:
        probabilities.check_norm(norm)
        self.score = partial(probabilities.calibration_error, norm=norm)
        super().__init__(n_bins, strategy=strategy, **options)
