"""Of sums: the base, and the named means of probabilities, losses and decision values, exact whatever the bins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar, Unpack

from torch import Tensor

from torch_binmetrics import measures
from torch_binmetrics.checks import integer
from torch_binmetrics.counting import Layout
from torch_binmetrics.counting.cuts import CutsLike, as_cuts
from torch_binmetrics.counting.float_bits import DEFAULT
from torch_binmetrics.counting.summands import Hinge, LogLoss, Probability, SquaredError
from torch_binmetrics.measures.calibration import Norm, Strategy, check_norm, equal_mass_groups
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.options import Options
from torch_binmetrics.state.reading import Given, Reading, cells
from torch_binmetrics.state.snapshot import Snapshot

#: Cells in a bin of equal width: to a bootstrap, samples of a cell are alike.
PARTS = 16
T = TypeVar("T")


class OfSums(Metric[T]):
    """A measure of what the cells sum besides their samples, exact: a mean loss, say.

    To add one, give it ``sums``, the summands, and ``measure``, a function of the counts and of the sum of each summand, all
    by label and occupied bin, [..., 2, points]. ``zero_division`` does not concern it.

    Args:
        cuts: the cells; finer ones make no difference to the value, but to a bootstrap, for which the samples of a cell are
            alike.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    measure: Callable[..., T]

    def __init__(self, cuts: CutsLike = DEFAULT, **options: Unpack[Options]) -> None:
        super().__init__(self.measure, as_cuts(cuts), **options)

    def _reading(self, layout: Layout, undefined: float) -> Reading[T]:
        return Reading(self.measure, given=partial(cells, self.sums), exact=True)


class InBins(OfSums[T]):
    """A measure of the reliability curve, in bins of equal width or of equal numbers of samples.

    Args:
        n_bins: number of bins.
        strategy: "uniform" for bins of equal width, closed on the left (scikit-learn's: on the right) and the last on both
            sides; "quantile" for bins of equally many samples, whose edges are rounded to those of the default cuts.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``n_bins`` below 1 or above 4,096, or another ``strategy``.
    """

    sums = (Probability(),)

    def __init__(self, n_bins: int = 15, *, strategy: Strategy = "uniform", **options: Unpack[Options]) -> None:
        integer("n_bins", n_bins)
        if not 1 <= n_bins <= 4096:
            raise ValueError(f"n_bins must be from 1 to 4096, got {n_bins}")
        if strategy not in ("uniform", "quantile"):
            raise ValueError(f"strategy must be 'uniform' or 'quantile', got {strategy!r}")
        self.n_bins, self.strategy = n_bins, strategy
        fine = n_bins * PARTS
        super().__init__([i / fine for i in range(1, fine)] if strategy == "uniform" else DEFAULT, **options)

    def _reading(self, layout: Layout, undefined: float) -> Reading[T]:
        given = partial(_bins, self.n_bins, self.strategy)
        return Reading(self.measure, given=given, enclosing=given, exact=self.strategy == "uniform")


def _bins(n_bins: int, strategy: Strategy, snapshot: Snapshot) -> Given:
    """Counts, sums of probabilities, and the bin of each point."""
    counts = snapshot.counts if snapshot.layout.weighted else snapshot.counts.long()
    groups = snapshot.occupied // PARTS if strategy == "uniform" else equal_mass_groups(counts, n_bins)
    return counts, snapshot.sums(Probability()), groups, n_bins


class BinaryBrierScore(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.brier_score`."""

    sums = (SquaredError(),)
    measure = staticmethod(measures.brier_score)


class BinaryLogLoss(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.log_loss`.

    Args:
        cuts: as for :class:`OfSums`.
        eps: probabilities are clipped to [eps, 1 - eps]; with 0 a probability of 0 or 1 on the wrong side gives inf.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``eps`` outside [0, 0.5).
    """

    measure = staticmethod(measures.log_loss)

    def __init__(self, cuts: CutsLike = DEFAULT, *, eps: float = 0.0, **options: Unpack[Options]) -> None:
        self.sums = (LogLoss(eps),)
        super().__init__(cuts, **options)


class BinaryNormalizedEntropy(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.normalized_entropy`.

    Args:
        cuts: as for :class:`OfSums`.
        eps: as for :class:`BinaryLogLoss`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: ``eps`` outside [0, 0.5).
    """

    measure = staticmethod(measures.normalized_entropy)

    def __init__(self, cuts: CutsLike = DEFAULT, *, eps: float = 0.0, **options: Unpack[Options]) -> None:
        self.sums = (LogLoss(eps),)
        super().__init__(cuts, **options)


class BinaryCalibrationRatio(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration_ratio`."""

    sums = (Probability(),)
    measure = staticmethod(measures.calibration_ratio)


class BinaryMeanPrediction(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.mean_prediction`."""

    sums = (Probability(),)
    measure = staticmethod(measures.mean_prediction)


class BinaryHingeLoss(OfSums[Tensor]):
    """Running :func:`~torch_binmetrics.measures.hinge_loss`, of scores as they are, logits or others.

    Args:
        cuts: as for :class:`OfSums`.
        squared: square the loss of each sample.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        TypeError: ``squared`` is no bool.
    """

    measure = staticmethod(measures.hinge_loss)

    def __init__(self, cuts: CutsLike = DEFAULT, *, squared: bool = False, **options: Unpack[Options]) -> None:
        self.sums = (Hinge(squared=squared),)
        super().__init__(cuts, **options)


class BinaryReliabilityCurve(InBins[measures.Reliability]):
    """Running :func:`~torch_binmetrics.measures.reliability_curve`."""

    measure = staticmethod(measures.reliability_curve)

    def _reading(self, layout: Layout, undefined: float) -> Reading[measures.Reliability]:
        return replace(super()._reading(layout, undefined), exact=False)  # a curve has no bounds


class BinaryCalibrationError(InBins[Tensor]):
    """Running :func:`~torch_binmetrics.measures.calibration_error`.

    In bins of equal width it is exact; the bounds of those of equally many samples are those of
    :func:`~torch_binmetrics.measures.calibration_error_bounds`.

    Args:
        n_bins: number of bins.
        norm: "l1" for the expected, "l2" for the root-mean-square and "max" for the maximum calibration error.
        strategy: as for :class:`InBins`.
        options: those of :class:`~torch_binmetrics.Metric`.

    Raises:
        ValueError: another ``n_bins``, ``norm`` or ``strategy``.
    """

    def __init__(
        self, n_bins: int = 15, *, norm: Norm = "l1", strategy: Strategy = "uniform", **options: Unpack[Options]
    ) -> None:
        check_norm(norm)
        self.measure = partial(measures.calibration_error, norm=norm)
        super().__init__(n_bins, strategy=strategy, **options)
