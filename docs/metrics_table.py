"""Every named metric in a table, made from the code: what it is, when it is undefined, and what checks it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch_binmetrics as tb
from docs.oracle_names import oracle_name

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from oracles import ORACLES

#: What stands under which heading: the first family that fits counts.
KINDS: dict[str, type[tb.Metric[Any]]] = {
    "At a threshold": tb.metrics.AtThreshold,
    "Areas under curves": tb.metrics.OverCuts,
    "Operating points": tb.metrics.AtBest,
    "Curves": tb.metrics.AlongCuts,
    "Probabilities": tb.metrics.OfSums,
}
#: Methods of confidence intervals, and how to call them.
METHODS = {"wilson": "Wilson", "delong": "DeLong", "bootstrap": "bootstrap"}
NAMED = [name for name in tb.__all__ if name.startswith("Binary")]
FORM = re.compile(r"(?P<value>.+); (?:undefined (?P<undefined>.+)|never undefined)\.")
ROLE = re.compile(r":\w+:`(?P<path>[^`]+)`")


def metrics_table() -> list[str]:
    """Lines of Markdown, a table for each kind of metric."""
    columns: dict[str, Callable[[str], str]] = {"class": _linked, "value": _value, "NaN": _undefined}
    columns |= {"bounds": _bounds, "interval": _interval, "checked against": _oracle}
    lines = []
    for title, family in KINDS.items():
        names = sorted((name for name in NAMED if _family(name) is family), key=_place)
        if names:
            rows = [[column(name) for column in columns.values()] for name in names]
            lines += ["", f"## {title}", "", *_table(list(columns), rows)]
    return [*lines[1:], ""]


def first_sentence(name: str) -> re.Match[str]:
    """What the first paragraph of its measure's docstring says of a metric; ValueError if that has another form."""
    doc = " ".join((inspect.getdoc(_measure(name)) or "").split("\n\n")[0].split())
    found = FORM.fullmatch(doc)
    if not found:
        raise ValueError(
            f"the docstring of the measure of {name} must begin with '<what>, <formula>; undefined <when>.': {doc!r}"
        )
    return found


def _table(heading: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (heading, ["---"] * len(heading), *rows)]


def _family(name: str) -> type[tb.Metric[Any]]:
    """The kind of a metric."""
    return next(family for family in KINDS.values() if issubclass(getattr(tb, name), family))


def _place(name: str) -> int:
    """Where to list a metric: in the order of its file."""
    return list(vars(sys.modules[getattr(tb, name).__module__])).index(name)


def _measure(name: str) -> Callable[..., Any]:
    """The function that a metric runs, as its class declares it."""
    return vars(getattr(tb, name))["__doc__"].measure  # type: ignore[no-any-return]


def _linked(name: str) -> str:
    """The class, with a link to its page."""
    return f"[`{name}`][torch_binmetrics.{name}]"


def _value(name: str) -> str:
    """What it is, and the formula."""
    given = re.match(r"Running :func:`[^`]+` (at ``[^`]+``)", vars(getattr(tb, name))["__doc__"].declared)
    return _escaped(first_sentence(name)["value"] + (f", {given[1]}" if given else ""))


def _undefined(name: str) -> str:
    """When it is."""
    return _escaped(first_sentence(name)["undefined"] or "never")


def _bounds(name: str) -> str:
    """Whether the value is exact, or has certain bounds."""
    reading = getattr(tb, name)(**ORACLES[name][0][0]).reading
    return "exact" if reading.exact else "certain" if reading.has_bounds else ""


def _interval(name: str) -> str:
    """The method of its confidence intervals: the first that it has."""
    metric = getattr(tb, name)(**ORACLES[name][0][0])
    for method, shown in METHODS.items():
        try:
            metric.confidence_interval(method=method, draws=100, sync=False)
        except (TypeError, ValueError):
            continue
        return shown
    return ""


def _oracle(name: str) -> str:
    """What the tests compare it with."""
    return oracle_name(ORACLES[name][1])


def _escaped(text: str) -> str:
    """Text of a docstring in a cell of a Markdown table."""
    text = ROLE.sub(lambda role: f"`{role['path'].rsplit('.', 1)[-1]}`", text).replace("``", "`")
    return text.replace("|", "\\|").replace("*", "\\*")
