"""The two kinds of drop-in classes, made after a class of torchmetrics by naming it: ``class BinaryX(AtThreshold, like=X)``."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric

from torch_binmetrics.checks import integer, number
from torch_binmetrics.counting.cuts import Cuts, FloatBits
from torch_binmetrics.counting.summands import Hinge, Probability
from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.integrations.torchmetrics.readings import Points
from torch_binmetrics.integrations.torchmetrics.states import BitCounts, Counts, ExactCounts, Options, PointCounts, SampleCounts
from torch_binmetrics.integrations.torchmetrics.sums import SumCounts, bins_of

TAKEN_OVER = ("is_differentiable", "higher_is_better", "plot", "plot_lower_bound", "plot_upper_bound", "plot_legend_name")
EXTRA = {"from_logits": None, "weighted": False}
#: Arguments of the counts; what else a class takes goes to its score.
OF_COUNTS = {"threshold", "thresholds", "multidim_average", "ignore_index", "validate_args", "normalization", "kwargs", *EXTRA}
OF_COUNTS |= {"n_bins", "squared"}


class DropIn(CountingMetric):
    """A metric with the arguments, the plot and the properties of a class of torchmetrics."""

    #: Whether the value is one number.
    is_scalar = True
    score: ClassVar[Callable[..., Any]]
    signature: ClassVar[inspect.Signature]

    def __init_subclass__(cls, like: type[Metric] | None = None) -> None:
        super().__init_subclass__()
        if like is None:
            return
        cls.signature = cls.__signature__ = _signature(like)  # type: ignore[attr-defined]
        for name in TAKEN_OVER:
            setattr(cls, name, getattr(like, name))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        super().__init__(self._kind(given, _options(given)), **given["kwargs"])
        self.arguments = {name: value for name, value in given.items() if name not in OF_COUNTS}
        for name in given.keys() - {"kwargs"}:
            setattr(self, name, given[name])
        self.is_scalar = self.is_scalar and given.get("multidim_average") != "samplewise"

    @staticmethod
    @abstractmethod
    def _kind(given: dict[str, Any], options: Options) -> Counts[Any]:
        """What is counted for the arguments of a class."""


class AtThreshold(DropIn):
    """A score at one threshold."""

    @staticmethod
    def _kind(given: dict[str, Any], options: Options) -> Counts[Any]:
        threshold = _probability("threshold", given["threshold"])
        points = Points((threshold,), strict=True, from_logits=options.from_logits)
        average = given.get("multidim_average", "global")
        if average not in ("global", "samplewise"):
            raise ValueError(f"multidim_average must be 'global' or 'samplewise', got {average!r}")
        return SampleCounts(points, options) if average == "samplewise" else PointCounts(points, options)

    def compute(self) -> Tensor:
        """The score of all samples so far."""
        return _as_float(type(self).score(self.counts.confusion(self.state), **self.arguments))


class AlongThresholds(DropIn):
    """A curve along thresholds, an area under one, or a point on one."""

    @staticmethod
    def _kind(given: dict[str, Any], options: Options) -> Counts[Any]:
        thresholds = given["thresholds"]
        if thresholds is None:
            return ExactCounts(options)
        if isinstance(thresholds, FloatBits):
            return BitCounts(thresholds, options)
        return PointCounts(Points(_ascending(thresholds), from_logits=options.from_logits), options)

    def compute(self) -> Any:
        """The score of all samples so far."""
        value = type(self).score(self.counts.curve(self.state), **self.arguments)
        return tuple(map(_as_float, value)) if isinstance(value, tuple) else _as_float(value)


class OfSums(DropIn):
    """A mean of scores or losses."""

    counts: SumCounts

    @staticmethod
    def _kind(given: dict[str, Any], options: Options) -> Counts[Any]:
        summand = Probability() if "n_bins" in given else Hinge(given["squared"])
        bins = bins_of(_positive(given.get("n_bins", 1)))
        return SumCounts(replace(bins, from_logits=options.from_logits), summand, options)

    def compute(self) -> Tensor:
        """The score of all samples so far."""
        return _as_float(type(self).score(self.counts.sums(self.state), **self.arguments))


def _signature(like: type[Metric]) -> inspect.Signature:
    """The arguments of a class of torchmetrics, ``FloatBits(16)`` for its default thresholds, and those of ours."""
    _, *parameters = inspect.signature(like.__init__).parameters.values()
    own = [each.replace(default=FloatBits(16)) if each.name == "thresholds" else each for each in parameters]
    extra = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in EXTRA.items()]
    return inspect.Signature([*own[:-1], *extra, own[-1]])


def _options(given: dict[str, Any]) -> Options:
    """The options that all counts depend on; ``normalization=None`` declares that scores are no logits."""
    from_logits = given["from_logits"] if given.get("normalization", "sigmoid") is not None else False
    return Options(given["ignore_index"], given["validate_args"], given["weighted"], from_logits)


def _positive(n_bins: int) -> int:
    """A number of bins that is one."""
    integer("n_bins", n_bins)
    if n_bins < 1:
        raise ValueError(f"n_bins must be 1 or more, got {n_bins}: pass 15, say")
    return n_bins


def _ascending(thresholds: object) -> tuple[float, ...]:
    """Thresholds as torchmetrics takes them, in order: a number of equal steps, a list, a tensor; or cuts of ours."""
    if isinstance(thresholds, Cuts):
        thresholds = torch.unique(thresholds.thresholds())
    if isinstance(thresholds, int) and not isinstance(thresholds, bool):
        if thresholds < 2:
            raise ValueError(f"thresholds must be 2 or more, got {thresholds}: pass 100, say")
        thresholds = torch.linspace(0, 1, thresholds)
    if isinstance(thresholds, list):
        thresholds = torch.tensor([_probability("thresholds", each) for each in thresholds])
    if not isinstance(thresholds, Tensor) or thresholds.ndim != 1 or not len(thresholds):
        raise ValueError(f"thresholds must be FloatBits(16), None, an int, a list of floats or a 1-D tensor, not {thresholds}")
    return tuple(thresholds.float().sort().values.tolist())


def _probability(name: str, value: object) -> float:
    """A threshold that is a probability."""
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}: pass 0.5, say")
    return number(name, value)


def _as_float(value: Tensor) -> Tensor:
    """A value in the dtype that torchmetrics returns."""
    return value.float() if value.is_floating_point() else value
