"""Metrics as a table for a notebook: values and bounds of this rank alone, never a collective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.report.tables import Table, as_html
from torch_binmetrics.wording import amount, ends, short, value

if TYPE_CHECKING:
    from torch_binmetrics.metrics.metric import Metric

HEAD = ["", "value", "bounds (binning)", "threshold"]
#: Lines that one metric has at most: rows, thresholds, or points of a curve.
MOST = 12
Line = list[str]


def page(title: str, metrics: Mapping[str, Metric[Any]]) -> str:
    """A table with a line for each number, or the points of one curve alone; what cannot be computed is a note."""
    tables, notes, lines = [], [], []
    for name, metric in metrics.items():
        try:
            found = metric.compute(sync=False)
            if len(metrics) == 1 and (table := _points(found)):
                tables.append(table)
            else:
                lines += _lines(name, metric, found)
        except (RuntimeError, TypeError, ValueError) as error:
            notes.append(f"{name}: {error}")
    return as_html(title, [Table(HEAD, lines), *tables] if lines else tables, notes)


def _lines(name: str, metric: Metric[Any], found: Any) -> list[Line]:
    """The numbers of a metric, a line for each of its rows or thresholds."""
    point = found if isinstance(found, OperatingPoint) else None
    number = found.value if point else found
    names = _names(name, metric, number)
    if names is None:
        return [[name, _size(found), "", ""]]
    low, high = metric.bounds(sync=False) if metric.reading.has_bounds and not metric.reading.exact else (None, None)
    bounds = ["exact" if metric.reading.exact else ""] * len(names)
    if low is not None and high is not None:
        bounds = [ends(pair) for pair in zip(_floats(low), _floats(high), strict=True)]
    at = [short(each) for each in _floats(point.threshold)] if point else [""] * len(names)
    words = value if number.is_floating_point() else amount
    lines = list(zip(names, map(words, _floats(number)), bounds, at, strict=True))
    shown = [list(line) for line in lines[:MOST]]
    return shown if len(lines) <= MOST else [*shown, [f"{len(lines) - MOST} more", "", "", ""]]


def _names(name: str, metric: Metric[Any], number: Any) -> list[str] | None:
    """What the entries of a value stand for; None for a value of another kind."""
    rows, thresholds = metric.histogram.layout.rows, metric.reading.thresholds
    if not isinstance(number, Tensor):
        return None
    if number.numel() == 1:
        return [name]
    if rows is not None and metric.reading.average is None and number.shape == (rows.n,):
        return [f"{name}, {row}" for row in rows.names]
    if isinstance(thresholds, tuple) and number.shape == (len(thresholds),):
        return [f"{name} at {short(at)}" for at in thresholds]
    return None


def _points(found: Any) -> Table | None:
    """A curve in some of its points, both ends among them."""
    if isinstance(found, OperatingPoint) or not isinstance(found, tuple) or any(line.ndim != 1 for line in found):
        return None
    n = len(found[0])
    chosen = sorted({round(k * (n - 1) / (MOST - 1)) for k in range(MOST)}) if n > MOST else range(n)
    words: list[Callable[[float], str]] = [value if line.is_floating_point() else amount for line in found]
    columns = [[words[k](float(line[i])) if i < len(line) else "" for i in chosen] for k, line in enumerate(found)]
    head = [field.replace("_", " ") for field in getattr(found, "_fields", ())]
    return Table(head, list(zip(*columns, strict=True)))


def _size(found: Any) -> str:
    """How much a value of another kind holds."""
    if isinstance(found, Tensor):
        return str(found.tolist()) if found.numel() <= MOST else f"a tensor of shape {list(found.shape)}"
    return f"{amount(found[0].shape[-1])} points" if isinstance(found, tuple) else repr(found)


def _floats(tensor: Tensor) -> list[float]:
    """The entries of a tensor."""
    numbers: list[float] = tensor.reshape(-1).tolist()
    return numbers
