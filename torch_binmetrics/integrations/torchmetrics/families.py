"""The kinds of drop-in classes; each class takes the arguments of the class of torchmetrics that it inherits from."""

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
from torch_binmetrics.counting.float_bits import Exact, FloatBits
from torch_binmetrics.integrations.torchmetrics.given import Options, default_thresholds, of_theirs, signature_like
from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.integrations.torchmetrics.readings import (
    Curve,
    Points,
    Sums,
    ascending,
    curve_along,
    matrix_of,
    of_matrix,
)
from torch_binmetrics.integrations.torchmetrics.states import Counts, along, at_points
from torch_binmetrics.measures import Confusion
from torch_binmetrics.measures.roc import check_max_fpr


class DropIn(CountingMetric):
    """A metric with the arguments, the plot and the properties of the class of torchmetrics that follows it in the bases."""

    #: Whether the value is one number.
    is_scalar = True
    measure: ClassVar[Callable[..., Any]]
    #: The arguments of the measure, which may change at any time; all others decide what is counted.
    takes: ClassVar[tuple[str, ...]] = ()
    peer: ClassVar[type[Metric]]
    #: The states of that class, which ours has not, and the thresholds.
    replaced: ClassVar[set[str]]
    signature: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "measure" in vars(cls):
            cls.peer = next(base for base in cls.__mro__ if issubclass(base, Metric) and not issubclass(base, CountingMetric))
            cls.signature = cls.__signature__ = signature_like(cls.peer)  # type: ignore[attr-defined]
            between = cls.peer.__mro__[: cls.peer.__mro__.index(Metric)]
            annotated = {
                name for base in between for name in vars(base).get("__annotations__", {}) if not hasattr(Metric, name)
            }
            cls.replaced = annotated | ({"thresholds"} & cls.signature.parameters.keys())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        options = bound.arguments.pop("kwargs")
        bound.arguments.update(default_thresholds(bound.arguments))
        counts = self._checked(bound.arguments)
        super().__init__(counts, **options)
        self._adopt(bound.arguments)

    def compute(self) -> Any:
        """The value of all samples so far."""
        value = type(self).measure(self._read(), **{name: self.given[name] for name in self.takes})
        return tuple(map(self._cast, value)) if isinstance(value, tuple) else self._cast(value)

    def _checked(self, given: dict[str, Any]) -> Counts:
        """What is counted for arguments, which torchmetrics checks as its own."""
        self.peer(**of_theirs(given))
        with torch.device("cpu"):  # what counts depend on is data, also where modules are built without
            return self._counted(given, Options.of(given))

    def _adopt(self, given: dict[str, Any]) -> None:
        """Show arguments as attributes."""
        self.__dict__.update(given, given=dict(given))
        self.__dict__.pop("thresholds", None)  # read by __getattr__
        self.__dict__["is_scalar"] = type(self).is_scalar and given.get("multidim_average") != "samplewise"

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.signature.parameters and "given" in self.__dict__:
            self._change(name, value)
        elif name in self.replaced:
            raise AttributeError(f"{name} is read off the counts and cannot be set: load_state_dict takes a checkpoint of it")
        else:
            super().__setattr__(name, value)

    def _change(self, name: str, value: Any) -> None:
        """Set an argument: of the measure at any time, of the counts before something was counted."""
        given = {**self.given, name: value}
        counts = self._checked(given)
        if counts.name != self.counts.name:
            if self.update_called:
                raise RuntimeError(
                    f"{name} decides what is counted, and {self.update_count} batches were counted with "
                    f"{self.given[name]!r}: set it before the first update, or call reset() first"
                )
            self._count_from_now_on(counts, persistent=self._persistent[self.counts.name])
        self._computed = None
        self._adopt(given)

    def __getattr__(self, name: str) -> Any:
        if "given" in self.__dict__ and name in self.replaced:
            return self._shown(name)
        return super().__getattr__(name)

    def _shown(self, name: str) -> Any:
        """What torchmetrics' class shows under the name of one of its states, made of ours."""
        raise AttributeError(
            f"{type(self).__name__} has no {name}: it keeps counts, not samples. Read compute(), keep the samples in a "
            "torchmetrics.CatMetric, or take the class from torchmetrics"
        )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        theirs = {name: state_dict.pop(prefix + name) for name in self.replaced if prefix + name in state_dict}
        if theirs:
            try:
                state_dict[prefix + self.counts.name] = self._of_theirs(theirs)
            except ValueError as error:
                args[-1].append(f"{prefix}{', '.join(theirs)}, of a checkpoint of torchmetrics: {error}")
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _loaded(self, c: Confusion) -> Tensor | list[Tensor]:
        """Our state for counts of torchmetrics; those of probabilities may be of no meaning among logits."""
        if self.counts.store.reduction == "sum" and c.tp.shape[:-1] != self.counts.store.layout.shape[:-1]:
            raise ValueError("it is of another number of labels or classes, or of all of them in one: build the metric alike")
        state, points = self.counts.of_confusion(c), self.counts.points
        counts = self.counts.store.counts(self.counts.whole(state))
        as_logits = points.confusion(counts, logits=True)
        self.__dict__["_of_probabilities"] = points.from_logits is None and not all(map(torch.equal, as_logits, c))
        return state

    def _confusion(self, counts: Tensor) -> Confusion:
        """Confusions at the thresholds, unless logits were counted on top of loaded counts of probabilities."""
        if self.__dict__.get("_of_probabilities") and self.counts.points.are_logits(counts):
            raise RuntimeError(
                "scores outside [0, 1] came on top of counts from a checkpoint of torchmetrics, which were taken for those of "
                "probabilities: pass from_logits=True before you load it"
            )
        return self.counts.points.confusion(counts)

    def _of_theirs(self, states: dict[str, Any]) -> Tensor | list[Tensor]:
        """Our state for states of torchmetrics' class."""
        if "preds" in states:
            raise ValueError(
                "they are samples, not counts: update the metric with them, torch.cat(preds) and torch.cat(target)"
            )
        raise ValueError(f"{type(self).__name__} counts with other sums or along other thresholds than those were kept for")

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
        fraction("threshold", threshold := given.get("threshold", 0.5))
        points = Points((float(threshold),), strict=True, from_logits=options.from_logits)
        average = given.get("multidim_average", "global")
        if average not in ("global", "samplewise"):
            raise ValueError(f"multidim_average must be 'global' or 'samplewise', got {average!r}")
        return at_points(points, options, samplewise=average == "samplewise")

    def _read(self) -> Confusion:
        counted = self.counts.store.counts(self.counts.whole(self.state))
        return Confusion(*(part[..., 0] for part in self._confusion(counted)))

    def _shown(self, name: str) -> Any:
        if name == "confmat":
            return matrix_of(self._read())
        if name not in Confusion._fields:
            return super()._shown(name)
        part = getattr(self._read(), name)
        return [part] if self.given["multidim_average"] == "samplewise" else part.reshape(-1)

    def _of_theirs(self, states: dict[str, Any]) -> Tensor | list[Tensor]:
        if states.keys() == {"confmat"}:
            return self._loaded(of_matrix(states["confmat"][..., None, :, :]))
        if states.keys() != set(Confusion._fields):
            return super()._of_theirs(states)
        rows = isinstance(states["tp"], list)
        if rows != (self.given.get("multidim_average") == "samplewise"):
            raise ValueError("the one averages samplewise, the other does not: pass the same multidim_average")
        shape = (-1, 1) if rows or self.counts.store.layout.rows else (1,)
        parts = {name: (torch.cat(part) if rows else part).reshape(shape) for name, part in states.items()}
        return self._loaded(Confusion(**parts))


class AlongThresholds(DropIn):
    """A curve along thresholds, an area under one, or a point on one."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        check_max_fpr(given.get("max_fpr"))
        thresholds = Exact() if given["thresholds"] is None else given["thresholds"]
        if isinstance(thresholds, FloatBits | Exact):
            return along(thresholds, options)
        return at_points(Points(ascending(thresholds), from_logits=options.from_logits), options)

    def _read(self) -> Curve:
        state, store, points = self.counts.whole(self.state), self.counts.store, self.counts.points
        if not points.thresholds:
            return curve_along(store, state, points.from_logits)
        self._confusion(store.counts(state))
        return points.curve(store.counts(state))

    def _shown(self, name: str) -> Any:
        points = self.counts.points
        if name == "thresholds":
            return torch.tensor(points.thresholds, device=self.device) if points.thresholds else self.given["thresholds"]
        return matrix_of(self._read().at).movedim(-3, 0) if name == "confmat" and points.thresholds else super()._shown(name)

    def _of_theirs(self, states: dict[str, Any]) -> Tensor | list[Tensor]:
        matrix, number = states.get("confmat"), len(self.counts.points.thresholds)
        if matrix is None or not number:
            return super()._of_theirs(states)
        if len(matrix) != number:
            raise ValueError(f"it was kept for {len(matrix)} thresholds, this metric has {number}: pass those thresholds")
        given = self.given["thresholds"]
        order = torch.as_tensor(given).argsort() if isinstance(given, list | Tensor) else torch.arange(number)
        return self._loaded(of_matrix(matrix[order.to(matrix.device)].movedim(0, -3)))


class OfSums(DropIn):
    """A mean of scores or losses."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        n_bins = given.get("n_bins", 1)
        integer("n_bins", n_bins)
        if n_bins < 1:
            raise ValueError(f"n_bins must be 1 or more, got {n_bins}: pass 15, say")
        points = Points(
            tuple(torch.linspace(0, 1, n_bins + 1, dtype=torch.float32, device="cpu")[:-1].tolist()),
            from_logits=options.from_logits,
        )
        return at_points(points, options, Probability() if "n_bins" in given else Hinge(given["squared"]))

    def _read(self) -> Sums:
        return self.counts.points.sums(self.counts.store, self.counts.whole(self.state))
