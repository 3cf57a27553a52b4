"""What curves of other samples would show at each x: quantiles, point by point, of a bootstrap of the counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from torch_binmetrics.measures.curves import staircase
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import drawn_values, percentile_interval, refuse_weights, too_often_undefined
from torch_binmetrics.uncertainty.confidence import Plan

POINTS = 201
#: x, lower and upper end, 1-D each.
Band = tuple[Tensor, Tensor, Tensor]


def tpr_interval(snapshot: Snapshot, plan: Plan) -> Band:
    """False positive rates, and the lowest and highest true positive rate at each, [201] each; NaN where nothing varies."""
    rates = torch.linspace(0, 1, POINTS, dtype=torch.float64)
    return rates, *_ends(snapshot, lambda sample: _tpr_at(sample, rates), plan)


def precision_interval(snapshot: Snapshot, plan: Plan) -> Band:
    """Recalls above 0, and the lowest and highest precision at each, [200] each; NaN where nothing varies."""
    recalls = torch.linspace(0, 1, POINTS, dtype=torch.float64)[1:]
    return recalls, *_ends(snapshot, lambda sample: _precision_at(sample, recalls), plan)


def _ends(snapshot: Snapshot, height: Callable[[Snapshot], Tensor], plan: Plan) -> tuple[Tensor, Tensor]:
    """Quantiles of a height over the draws."""
    refuse_weights(snapshot.layout)
    drawn = drawn_values(snapshot, {"height": height}, plan.draws, plan.seed)["height"]
    known = ~too_often_undefined(drawn, plan.level)
    low, high = (end.where(known, math.nan) for end in percentile_interval(drawn, plan.level))
    return low, high


def _tpr_at(snapshot: Snapshot, rates: Tensor) -> Tensor:
    """Height of the ROC polyline, at a vertical part its upper end."""
    fp, tp = staircase(snapshot.confusion)
    fpr, tpr = fp / fp[-1], tp / tp[-1]
    after = torch.searchsorted(fpr, rates, right=True).clamp(1, len(fpr) - 1)
    width = fpr[after] - fpr[after - 1]
    part = ((rates - fpr[after - 1]) / width).where(width > 0, 1.0).clamp(0, 1)
    return torch.lerp(tpr[after - 1], tpr[after], part) + 0 * fpr[-1]


def _precision_at(snapshot: Snapshot, recalls: Tensor) -> Tensor:
    """Precision at the highest threshold that finds so many, which is what average precision sums."""
    fp, tp = staircase(snapshot.confusion)
    at = torch.searchsorted(tp, recalls * tp[-1]).clamp(max=len(tp) - 1)
    return tp[at] / (tp + fp)[at] + 0 * (tp[-1] / tp[-1])
