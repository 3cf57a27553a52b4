"""The ways in which a named metric reads counts: at a threshold, as an area over the cuts, as a curve or a point along them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Unpack, cast

from torch import Tensor

from torch_binmetrics.checks import boolean, integer
from torch_binmetrics.counting.cuts import Cuts, Edges, FloatBits, Threshold, as_cuts
from torch_binmetrics.counting.summands import Probability
from torch_binmetrics.measures.calibration import Strategy, equal_mass_groups
from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.options import Options
from torch_binmetrics.state.snapshot import Snapshot

#: Cells in a bin of equal width: to a bootstrap, samples of a cell are alike.
PARTS = 16
T = TypeVar("T")
C = TypeVar("C", bound=tuple[Tensor, ...])
CutsLike = Cuts | int | Sequence[float] | Tensor
Thresholds = float | list[float] | tuple[float, ...] | Tensor


class AtThreshold(Metric[Tensor]):
    """A score at one threshold or at several, exact.

    Args:
        threshold: scores from here on are called positive, compared in float32; a probability even if ``from_logits``.
            Of ascending thresholds, [n], comes a vector of scores, [n].
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    score: Callable[..., Tensor]

    def __init__(self, threshold: Thresholds = 0.5, **options: Unpack[Options]) -> None:
        many = isinstance(threshold, list | tuple) or (isinstance(threshold, Tensor) and threshold.ndim > 0)
        cuts: Cuts = Edges(cast("list[float]", threshold)) if many else Threshold(cast("float", threshold))
        super().__init__(self.score, cuts, **options)

    def _fixed(self, cuts: Cuts) -> tuple[float, ...] | None:
        return cuts.at if isinstance(cuts, Edges) else super()._fixed(cuts)


class OverCuts(Metric[Tensor]):
    """An area under a curve along all cuts, with certain bounds.

    Args:
        cuts: where scores are cut into bins: ``Cuts``, an int n for ``Uniform(n)``, or ascending thresholds.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    score: Callable[..., Tensor]
    limits: Callable[..., tuple[Tensor, Tensor]]

    def __init__(self, cuts: CutsLike = FloatBits(16), **options: Unpack[Options]) -> None:
        super().__init__(self.score, as_cuts(cuts), **options)


class AlongCuts(Metric[C]):
    """A curve with a point at the lower edge of every occupied bin.

    Args:
        cuts: where scores are cut into bins: ``Cuts``, an int n for ``Uniform(n)``, or ascending thresholds.
        logit_thresholds: report thresholds as the float32 logits that were counted, not as float64 probabilities, of
            which large logits have few.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    score: Callable[..., C]

    def __init__(self, cuts: CutsLike = FloatBits(16), *, logit_thresholds: bool = False, **options: Unpack[Options]) -> None:
        boolean("logit_thresholds", logit_thresholds)
        if logit_thresholds and not options.get("from_logits"):
            raise ValueError("logit_thresholds=True needs from_logits=True: else thresholds are scores as they were given")
        self.logit_thresholds = logit_thresholds
        super().__init__(self.score, as_cuts(cuts), **options)

    def _value(self, snapshot: Snapshot) -> C:
        curve: Any = self.score(snapshot.confusion, self._reported(snapshot))
        return type(curve)(*map(self._defined, curve))  # type: ignore[no-any-return]

    def _reported(self, snapshot: Snapshot) -> Tensor:
        """The thresholds along the curve, as users want to read them."""
        return snapshot.thresholds if self.logit_thresholds else snapshot.probabilities


class AtBest(AlongCuts[OperatingPoint]):
    """One point of a curve along all cuts: a value and its threshold; ``zero_division`` does not concern it.

    Arguments are those of :class:`~torch_binmetrics.AlongCuts`.
    """

    def _value(self, snapshot: Snapshot) -> OperatingPoint:
        return self.score(snapshot.confusion, self._reported(snapshot))


class OfSums(Metric[T]):
    """A score of what the cells sum besides their samples, exact: a mean loss, say.

    To add one, give it ``sums``, the summands, and ``score``, a function of the counts and of the sum of each summand, all
    by label and occupied bin, [2, points]. ``zero_division`` does not concern it.

    Args:
        cuts: the cells; finer ones make no difference to the value, but to a bootstrap, for which the samples of a cell are
            alike.
        options: those of :class:`~torch_binmetrics.Metric`.
    """

    score: Callable[..., T]

    def __init__(self, cuts: CutsLike = FloatBits(16), **options: Unpack[Options]) -> None:
        super().__init__(self.score, as_cuts(cuts), **options)

    def bounds(self, *, sync: bool = True) -> tuple[Tensor, Tensor]:
        """The value itself, twice: sums know nothing of the binning; a curve has no bounds.

        Raises:
            TypeError: the value is a curve.
            ValueError, RuntimeError: as :meth:`compute`.
        """
        value: Any = self.compute(sync=sync)
        if isinstance(value, tuple):
            raise TypeError(f"{self!r} has no bounds: its points are exact means of their bins")
        return value, value

    def _value(self, snapshot: Snapshot) -> T:
        return self.score(snapshot.counts, *map(snapshot.sums, self.sums))


class InBins(OfSums[T]):
    """A score of the reliability curve, in bins of equal width or of equal numbers of samples.

    Args:
        n_bins: number of bins.
        strategy: "uniform" for bins of equal width, closed on the left and the last on both sides; "quantile" for bins of
            equally many samples, whose edges are rounded to those of ``FloatBits(16)``.
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
        super().__init__([i / fine for i in range(1, fine)] if strategy == "uniform" else FloatBits(16), **options)

    def _value(self, snapshot: Snapshot) -> T:
        uniform = self.strategy == "uniform"
        groups = snapshot.occupied // PARTS if uniform else equal_mass_groups(snapshot.counts, self.n_bins)
        return self.score(snapshot.counts, snapshot.sums(Probability()), groups, self.n_bins)
