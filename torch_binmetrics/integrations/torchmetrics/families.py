"""The two kinds of drop-in classes, made after a class of torchmetrics by naming it: ``class BinaryX(AtThreshold, like=X)``."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric

from torch_binmetrics.checks import fraction, integer
from torch_binmetrics.counting import Hinge, Probability
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_bits import DEFAULT, Exact, FloatBits
from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.integrations.torchmetrics.readings import Curve, Points, Sums, curve_along
from torch_binmetrics.integrations.torchmetrics.states import Counts, Options, along, at_points
from torch_binmetrics.measures import Confusion

TAKEN_OVER = ("is_differentiable", "higher_is_better", "plot", "plot_lower_bound", "plot_upper_bound", "plot_legend_name")
EXTRA = {"from_logits": None, "weighted": False}
#: Arguments of the counts; what else a class takes goes to its measure.
OF_COUNTS = {"threshold", "thresholds", "multidim_average", "ignore_index", "validate_args", "normalization", "kwargs", *EXTRA}
OF_COUNTS |= {"n_bins", "squared"}


class DropIn(CountingMetric):
    """A metric with the arguments, the plot and the properties of a class of torchmetrics."""

    #: Whether the value is one number.
    is_scalar = True
    measure: ClassVar[Callable[..., Any]]
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
        super().__init__(self._counted(given, _options(given)), **given["kwargs"])
        self.arguments = {name: value for name, value in given.items() if name not in OF_COUNTS}
        for name in given.keys() - {"kwargs"}:
            setattr(self, name, given[name])
        self.is_scalar = self.is_scalar and given.get("multidim_average") != "samplewise"

    def compute(self) -> Any:
        """The value of all samples so far."""
        value = type(self).measure(self._read(), **self.arguments)
        return tuple(map(_as_float, value)) if isinstance(value, tuple) else _as_float(value)

    @staticmethod
    @abstractmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        """What is counted for the arguments of a class."""

    @abstractmethod
    def _read(self) -> Any:
        """What the measure is a function of, read off the state."""


class AtThreshold(DropIn):
    """A measure at one threshold."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        fraction("threshold", given["threshold"])
        points = Points((float(given["threshold"]),), strict=True, from_logits=options.from_logits)
        average = given.get("multidim_average", "global")
        if average not in ("global", "samplewise"):
            raise ValueError(f"multidim_average must be 'global' or 'samplewise', got {average!r}")
        return at_points(points, options, samplewise=average == "samplewise")

    def _read(self) -> Confusion:
        counted = self.counts.store.counts(self.counts.whole(self.state))
        return Confusion(*(part[..., 0] for part in self.counts.points.confusion(counted)))


class AlongThresholds(DropIn):
    """A curve along thresholds, an area under one, or a point on one."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        thresholds = Exact() if given["thresholds"] is None else given["thresholds"]
        if isinstance(thresholds, FloatBits | Exact):
            return along(thresholds, options)
        return at_points(Points(_ascending(thresholds), from_logits=options.from_logits), options)

    def _read(self) -> Curve:
        state, store, points = self.counts.whole(self.state), self.counts.store, self.counts.points
        return points.curve(store.counts(state)) if points.thresholds else curve_along(store, state, points.from_logits)


class OfSums(DropIn):
    """A mean of scores or losses."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        n_bins = given.get("n_bins", 1)
        integer("n_bins", n_bins)
        if n_bins < 1:
            raise ValueError(f"n_bins must be 1 or more, got {n_bins}: pass 15, say")
        points = Points(tuple(torch.linspace(0, 1, n_bins + 1)[:-1].tolist()), from_logits=options.from_logits)
        return at_points(points, options, Probability() if "n_bins" in given else Hinge(given["squared"]))

    def _read(self) -> Sums:
        return self.counts.points.sums(self.counts.store, self.counts.whole(self.state))


def _signature(like: type[Metric]) -> inspect.Signature:
    """The arguments of a class of torchmetrics, ``FloatBits(16)`` for its default thresholds, and those of ours."""
    _, *parameters = inspect.signature(like.__init__).parameters.values()
    own = [each.replace(default=DEFAULT) if each.name == "thresholds" else each for each in parameters]
    extra = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in EXTRA.items()]
    return inspect.Signature([*own[:-1], *extra, own[-1]])


def _options(given: dict[str, Any]) -> Options:
    """The options that all counts depend on; ``normalization=None`` declares that scores are no logits."""
    from_logits = given["from_logits"] if given.get("normalization", "sigmoid") is not None else False
    return Options(given["ignore_index"], given["validate_args"], given["weighted"], from_logits)


def _ascending(thresholds: object) -> tuple[float, ...]:
    """Thresholds as torchmetrics takes them, in order: a number of equal steps, a list, a tensor; or cuts of ours."""
    if isinstance(thresholds, Cuts):
        thresholds = torch.unique(thresholds.thresholds())
    if isinstance(thresholds, int) and not isinstance(thresholds, bool):
        if thresholds < 2:
            raise ValueError(f"thresholds must be 2 or more, got {thresholds}: pass 100, say")
        thresholds = torch.linspace(0, 1, thresholds)
    if isinstance(thresholds, list):
        for each in thresholds:
            fraction("thresholds", each)
        thresholds = torch.tensor(thresholds, dtype=torch.float64)
    if not isinstance(thresholds, Tensor) or thresholds.ndim != 1 or not len(thresholds):
        raise ValueError(f"thresholds must be FloatBits(16), None, an int, a list of floats or a 1-D tensor, not {thresholds}")
    return tuple(thresholds.float().sort().values.tolist())


def _as_float(value: Tensor) -> Tensor:
    """A value in the dtype that torchmetrics returns."""
    return value.float() if value.is_floating_point() else value
