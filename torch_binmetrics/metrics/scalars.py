"""Computed values -> plain floats, for what logs them."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.measures.points import OperatingPoint


def floats(values: Mapping[str, Any]) -> dict[str, float]:
    """The scalars among computed values as Python floats, with one copy from the device for all of them.

    An operating point is two: its value by its own name, and by that name and ``_threshold`` its threshold, which may be inf.

    Raises:
        ValueError: another value has that name.

    >>> floats({"recall": torch.tensor(0.5), "matrix": torch.eye(2)})
    {'recall': 0.5}
    """
    values = points_as_two(values)
    scalars = {name: value for name, value in values.items() if not isinstance(value, Tensor) or value.numel() == 1}
    tensors = [value.detach().reshape(1) for value in scalars.values() if isinstance(value, Tensor)]
    copied = iter(torch.cat(tensors).tolist() if tensors else [])
    read = {name: next(copied) if isinstance(value, Tensor) else value for name, value in scalars.items()}
    return {name: float(value) for name, value in read.items() if isinstance(value, Real)}


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
