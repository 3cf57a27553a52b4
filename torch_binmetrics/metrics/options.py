"""What every metric can be told besides what it measures."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import torch

from torch_binmetrics.counting.recent import Recent
from torch_binmetrics.counting.rows import Rows
from torch_binmetrics.measures.averages import Average, Undefined


class Options(TypedDict, total=False):
    """Keyword-only options of every metric; see :class:`Metric`."""

    from_logits: bool
    ignore_index: int | None
    weighted: bool
    invalid: Literal["raise", "drop"]
    zero_division: float
    rows: Rows | None
    average: Average | None
    undefined: Undefined
    recent: Recent | None
    device: torch.device | str | None
    process_group: Any


class CurveOptions(Options, total=False):
    """Keyword-only options of every curve and of every point of one; see :class:`~torch_binmetrics.metrics.AlongCuts`."""

    logit_thresholds: bool
