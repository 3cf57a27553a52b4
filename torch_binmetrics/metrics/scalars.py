"""Computed values -> plain floats, for what logs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.measures.points import OperatingPoint
from torch_binmetrics.metrics.metric import Metric

#: What is logged of many rows.
QUANTILES = {"lowest": 0.0, "quantile_10": 0.1, "median": 0.5, "quantile_90": 0.9, "highest": 1.0}


def floats(values: Mapping[str, Any], metrics: Mapping[str, Metric[Any]] | None = None) -> dict[str, float]:
    """The scalars among computed values as Python floats, with one copy from the device for all of them.

    An operating point is two: its value by its own name, and by that name and ``_threshold`` its threshold, which may be inf.

    Args:
        values: what metrics computed, by name.
        metrics: those metrics by the same names, a collection say. They tell the names of rows: a value that has one entry for
            each row is then so many scalars, named "auroc/ant"; without them it is left out, as all else that is no scalar.

    Raises:
        ValueError: another value has that name.

    >>> floats({"recall": torch.tensor(0.5), "matrix": torch.eye(2)})
    {'recall': 0.5}
    """
    names = row_names(values, metrics or {})
    values = points_as_two(values)
    scalars = {name: value for name, value in values.items() if _is_scalar(value, names.get(name))}
    tensors = [value.detach().reshape(-1) for value in scalars.values() if isinstance(value, Tensor)]
    copied = iter(torch.cat(tensors).tolist() if tensors else [])
    read: dict[str, float] = {}
    for name, value in scalars.items():
        for key in [f"{name}/{row}" for row in names[name]] if name in names else [name]:
            if key in read:
                raise ValueError(f"{key!r} is the name of a row and of another value: name one of the two differently")
            read[key] = float(next(copied) if isinstance(value, Tensor) else value)
    return read


def row_names(values: Mapping[str, Any], metrics: Mapping[str, Metric[Any]]) -> dict[str, tuple[str, ...]]:
    """Names of the rows of values that have an entry for each, by name; thresholds of operating points have names as well."""
    found = {}
    for name, metric in metrics.items():
        rows = metric.histogram.layout.rows
        if name in values and rows is not None and metric.reading.average is None:
            for part, value in points_as_two({name: values[name]}).items():
                if isinstance(value, Tensor) and value.shape == (rows.n,):
                    found[part] = rows.names
    return found


def few_rows(values: Mapping[str, float], rows: Mapping[str, Sequence[str]], most: int) -> dict[str, float]:
    """Scalars by name, where there are more rows than so many quantiles over those whose value is defined."""
    few = dict(values)
    for name, names in rows.items():
        if len(names) > most:
            of_rows = torch.tensor([few.pop(f"{name}/{row}") for row in names], dtype=torch.float64, device="cpu")
            few |= {f"{name}/{tag}": float(of_rows.nanquantile(share)) for tag, share in QUANTILES.items()}
    return few


def _is_scalar(value: Any, rows: tuple[str, ...] | None) -> bool:
    """Whether a value is one number, or one for each row."""
    return isinstance(value, Real) or (isinstance(value, Tensor) and (value.numel() == 1 or rows is not None))


def points_as_two(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name, each operating point as two: its value, and its threshold by the name and ``_threshold``."""
    points = {name for name, value in values.items() if isinstance(value, OperatingPoint)}
    taken = sorted(values.keys() & {f"{name}_threshold" for name in points})
    if taken:
        raise ValueError(f"{taken[0]!r} is the name of a threshold and of another value: name one of the two differently")
    split: dict[str, Any] = {}
    for name, value in values.items():
        split |= {name: value.value, f"{name}_threshold": value.threshold} if name in points else {name: value}
    return split
