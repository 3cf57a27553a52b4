"""Confusion along thresholds -> one point of a curve, chosen by a rule: a value and the threshold that gives it."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class OperatingPoint(NamedTuple):
    """A value and the threshold at which scores from there on are called positive: both 0-d, NaN where undefined."""

    value: Tensor
    threshold: Tensor
