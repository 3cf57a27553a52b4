"""A metric in a line: what it was told besides the defaults, and how much it has counted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import partial
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from torch_binmetrics.counting import Classes
from torch_binmetrics.metrics.elsewhere import HERE
from torch_binmetrics.wording import amount, how_many

if TYPE_CHECKING:
    from torch_binmetrics.metrics.metric import Metric
    from torch_binmetrics.state.histogram import ScoreHistogram

#: Where something lies or runs, and nothing that a value depends on.
PLACES = ("device", "process_group")
#: More thresholds than these are told by their number.
MANY = 6


def call(metric: Metric[Any], takes: Mapping[str, Parameter]) -> str:
    """The class with the arguments that are not the defaults, as one calls it; ``takes`` is what it can be told."""
    given = ", ".join(f"{name}={_word(value)}" for name, value in _given(metric, takes).items())
    return f"{type(metric).__name__}({given})"


def counted(histogram: ScoreHistogram) -> str:
    """How many samples are counted, of this rank, in words; of classes each counts once, not in every row."""
    if histogram.state.is_meta:
        return "no data"
    with histogram.guard.lock:
        counts = histogram.store.counts(histogram.state)
    n = (counts[0] if isinstance(histogram.layout.rows, Classes) else counts).sum().item()
    if histogram.layout.weighted:
        return f"weights of {amount(n)}"
    return how_many(n, "sample")


def title(collection: Mapping[str, Metric[Any]], histograms: Iterable[ScoreHistogram]) -> str:
    """How many metrics a collection has, and of how many samples."""
    seen = " and ".join(dict.fromkeys(map(counted, histograms)))
    return f"{type(collection).__name__} of {how_many(len(collection), 'metric')}, {seen}"


def parameters(cls: type[Metric[Any]], base: type[Metric[Any]]) -> dict[str, Parameter]:
    """What a class can be told by name: its own arguments, then the options of the base of all metrics."""
    own, options = (signature(each.__init__).parameters for each in (cls, base))
    found = {name: each for name, each in own.items() if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)}
    found |= {name: each for name, each in options.items() if each.kind is each.KEYWORD_ONLY}
    del found["self"]
    return found


def wrong_keywords(call: str, takes: Mapping[str, Parameter], names: Iterable[str]) -> TypeError:
    """The error of keywords that a class or a function does not take, with which were meant."""
    said = []
    for name in names:
        near = get_close_matches(name, takes, 1, 0.7)
        meant = HERE.get(name) or (f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(takes)}")
        said.append(f"{call}() takes no argument {name!r}: {meant}")
    return TypeError("; ".join(said))


def _given(metric: Metric[Any], takes: Mapping[str, Parameter]) -> dict[str, Any]:
    """Arguments that are not the defaults, by name."""
    layout, reading = metric._own, metric.reading
    known: dict[str, Any] = {each.name: getattr(layout, each.name) for each in fields(layout) if each.init}
    known |= {"threshold": reading.thresholds} | ({} if math.isnan(reading.undefined) else {"zero_division": reading.undefined})
    known |= {"average": reading.average, "undefined": reading.undefined_rows}
    for summand in metric.sums:
        known |= vars(summand)
    known |= vars(metric) | (metric.measure.keywords if isinstance(metric.measure, partial) else {})
    return {
        name: known[name]
        for name, each in takes.items()
        if name in known and name not in PLACES and not _is_default(known[name], each.default)
    }


def _is_default(value: object, default: object) -> bool:
    """Whether a value is the default one."""
    return value is default or (type(value) is type(default) and value == default)


def _word(value: object) -> str:
    """An argument as one writes it."""
    if isinstance(value, tuple):
        return f"<{len(value)} from {value[0]:g} to {value[-1]:g}>" if len(value) > MANY else str(list(value))
    return str(getattr(value, "__name__", repr(value)))
