"""What a collection is made of: metrics by name, and classes that are built with the options of the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from inspect import isfunction
from typing import Any

from torch_binmetrics.metrics.elsewhere import HERE
from torch_binmetrics.metrics.metric import Metric, T
from torch_binmetrics.metrics.options import Options

#: A metric, or a class of metrics to be built with the options of the collection.
Member = Metric[T] | type[Metric[T]]
Members = Sequence[Member[T]] | Mapping[str, Member[T]]


def by_name(metrics: Members[Any], named: Mapping[str, Member[Any]]) -> dict[str, Member[Any]]:
    """The members of a list, a dict and keywords in one dict, each name once."""
    if isinstance(metrics, Mapping):
        pairs = [*metrics.items(), *named.items()]
    elif isinstance(metrics, list | tuple):
        pairs = [*((getattr(metric, "__name__", type(metric).__name__), metric) for metric in metrics), *named.items()]
    else:
        raise TypeError(f"metrics must be a list or a dict of metrics, got {type(metrics).__name__}: pass [metric]")
    for name, metric in pairs:
        if not isinstance(name, str):
            raise TypeError(f"names must be strings, got {name!r} ({type(name).__name__})")
        if not isinstance(metric, Metric) and not (isinstance(metric, type) and issubclass(metric, Metric)):
            near = get_close_matches(name, Options.__annotations__, 1, 0.7)
            like = f"Metric({metric.__name__}, Threshold(0.5))" if isfunction(metric) else "BinaryAUROC()"
            told = HERE.get(name) or (f"did you mean the option {near[0]!r}?" if near else f"pass {like}, say")
            raise TypeError(f"{name!r} must be a Metric, got {metric!r} ({type(metric).__name__}): {told}")
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"names must differ, got {[name for name, _ in pairs]}: pass a dict to name metrics of one class")
    if not pairs:
        raise ValueError("a collection needs at least one metric: pass [BinaryAUROC()], say")
    return dict(pairs)


def built(members: Mapping[str, Member[Any]], options: Mapping[str, Any]) -> dict[str, Metric[Any]]:
    """The metrics, those given as classes built with the options."""
    if options and not any(isinstance(member, type) for member in members.values()):
        raise TypeError(
            f"{', '.join(options)} given, but every metric is built already and keeps its own options: pass classes, "
            "[BinaryAUROC, BinaryRecall] say, or give the options to each metric"
        )
    build: Any = {name: member(**options) if isinstance(member, type) else member for name, member in members.items()}
    return dict(build)


def check_free(name: str, metric: Metric[Any], process_group: Any) -> None:
    """Raise unless a metric can join: counting as all do, in no collection, of the collection's process group."""
    for verb in ("update", "__call__", "reset"):
        if getattr(type(metric), verb) is not getattr(Metric, verb):
            raise TypeError(
                f"{name!r}, {metric._call()}, has its own {verb}, but a collection counts once for all and never calls it: "
                "keep it beside the collection, or move what it does into its measure or its compute"
            )
    if metric._in_collection:
        raise ValueError(f"{name!r} is in a collection already: pass its clone()")
    if metric.process_group is not process_group:
        raise ValueError(f"{name!r} has another process_group than the first metric: give all of a collection the same")
