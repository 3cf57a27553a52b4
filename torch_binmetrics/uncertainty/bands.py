"""What curves of other samples would show at each x: quantiles, point by point, of a bootstrap of the counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from torch_binmetrics.measures.staircase import staircase
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import check_squares, drawn_values, percentile_interval, too_often_undefined
from torch_binmetrics.uncertainty.confidence import Plan

POINTS = 201
#: x, lower and upper end, 1-D each.
Band = tuple[Tensor, Tensor, Tensor]


def tpr_interval(snapshot: Snapshot, plan: Plan) -> Band:
    """False positive rates, and the lowest and highest true positive rate at each, [201] each; NaN where nothing varies."""
    rates = torch.linspace(0, 1, POINTS, dtype=torch.float64, device="cpu")
    return rates, *_ends(snapshot, lambda sample: _tpr_at(sample, rates), plan)


def precision_interval(snapshot: Snapshot, plan: Plan) -> Band:
    """Recalls above 0, and the lowest and highest precision at each, [200] each; NaN where nothing varies."""
    recalls = torch.linspace(0, 1, POINTS, dtype=torch.float64, device="cpu")[1:]
    return recalls, *_ends(snapshot, lambda sample: _precision_at(sample, recalls), plan)


def _ends(snapshot: Snapshot, height: Callable[[Snapshot], Tensor], plan: Plan) -> tuple[Tensor, Tensor]:
    """Quantiles of a height over the draws."""
    check_squares(snapshot.layout)
    drawn = drawn_values(snapshot, {"height": height}, plan.draws, plan.seed)["height"]
    known = ~too_often_undefined(drawn, plan.level)
    low, high = (end.where(known, math.nan) for end in percentile_interval(drawn, plan.level))
    return low, high


def _tpr_at(snapshot: Snapshot, rates: Tensor) -> Tensor:
    """Height of the ROC polyline, at a vertical part its upper end: [..., rates]."""
    fp, tp = staircase(snapshot.confusion)
    fpr, tpr = fp / fp[..., -1:], tp / tp[..., -1:]
    wanted = rates.expand(*fpr.shape[:-1], -1).contiguous()
    after = torch.searchsorted(fpr, wanted, right=True).clamp(1, fpr.shape[-1] - 1)
    (left, right), (low, high) = (
        (torch.take_along_dim(line, after - 1, -1), torch.take_along_dim(line, after, -1)) for line in (fpr, tpr)
    )
    part = ((wanted - left) / (right - left)).where(right > left, 1.0).clamp(0, 1)
    return torch.lerp(low, high, part) + 0 * fpr[..., -1:]


def _precision_at(snapshot: Snapshot, recalls: Tensor) -> Tensor:
    """Precision at the highest threshold that finds so many, which is what average precision sums: [..., recalls]."""
    fp, tp = staircase(snapshot.confusion)
    at = torch.searchsorted(tp, recalls * tp[..., -1:]).clamp(max=tp.shape[-1] - 1)
    found, called = torch.take_along_dim(tp, at, -1), torch.take_along_dim(tp + fp, at, -1)
    return found / called + 0 * (tp[..., -1:] / tp[..., -1:])
