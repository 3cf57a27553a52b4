"""The threshold that is best by one measure, and that measure there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion, one_by_one
from torch_binmetrics.measures.declared import measure
from torch_binmetrics.measures.diagnostics import informedness
from torch_binmetrics.measures.points import OperatingPoint, best_point, candidates
from torch_binmetrics.measures.rates import accuracy
from torch_binmetrics.measures.scores import (
    balanced_accuracy,
    check_beta,
    check_costs,
    expected_cost,
    fbeta,
    matthews_corrcoef,
)

Criterion = Literal["f1", "fbeta", "mcc", "youden", "accuracy", "balanced_accuracy", "cost"] | Callable[[Confusion], Tensor]
_MEASURES: dict[str, Callable[..., Tensor]] = {
    "f1": fbeta,
    "fbeta": fbeta,
    "mcc": matthews_corrcoef,
    "youden": informedness,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "cost": expected_cost,
}
_OPTIONS = {"fbeta": {"beta"}, "cost": {"cost_fp", "cost_fn"}}


@measure(
    span=None,
    no_interval="the best value of all thresholds is too high in every sample, by an amount that the sample does not tell: "
    "take the threshold, and ask the metric at that threshold for its interval on other samples",
)
def best_threshold(
    c: Confusion,
    thresholds: Tensor,
    criterion: Criterion = "f1",
    *,
    beta: float | None = None,
    cost_fp: float | None = None,
    cost_fn: float | None = None,
) -> OperatingPoint:
    """Highest value of a criterion, or lowest expected cost, and its threshold; undefined if a class is missing.

    Everything positive (the lowest threshold) and nothing positive (inf) are candidates too, if the criterion is defined there.
    Of several, the one of highest threshold. Source: Lipton et al., "Optimal thresholding of classifiers to maximize F1
    measure" (2014); Youden (1950); Elkan (2001) for costs.

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].
        criterion: "f1", "fbeta", "mcc", "youden", "accuracy", "balanced_accuracy", "cost", or any function of a confusion
            along thresholds, [n], to a tensor [n] whose highest value is best and where NaN is undefined.
        beta: weight of recall against precision, for "fbeta" only.
        cost_fp: cost of a false positive, for "cost" only.
        cost_fn: cost of a false negative, for "cost" only.

    Raises:
        ValueError: another criterion, an option that it does not take, lacks or that is out of range, or a function that
            gives another shape.

    >>> import torch
    >>> c = Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))
    >>> best_threshold(c, torch.tensor([0.2, 0.7]), "accuracy")
    OperatingPoint(value=tensor(0.7500, dtype=torch.float64), threshold=tensor(0.7000))
    >>> best_threshold(c, torch.tensor([0.2, 0.7]), "cost", cost_fp=1, cost_fn=10)
    OperatingPoint(value=tensor(0.5000, dtype=torch.float64), threshold=tensor(0.2000))
    """
    chosen = criterion_of(criterion, beta=beta, cost_fp=cost_fp, cost_fn=cost_fn)
    c, thresholds = candidates(c, thresholds)
    value = one_by_one(chosen, c, axes=1) if callable(criterion) else chosen(c)
    if not isinstance(value, Tensor) or value.shape != c.tp.shape:
        got = list(value.shape) if isinstance(value, Tensor) else value
        raise ValueError(f"criterion must give a tensor {list(c.tp.shape)}, got {got}: one value for each threshold")
    value = value.to(c.real().tp.dtype)
    return best_point(c, thresholds, value, -value if criterion == "cost" else value)


def criterion_of(criterion: Criterion, **options: float | None) -> Callable[[Confusion], Tensor]:
    """The measure that a criterion means, with its options; ValueError as of :func:`best_threshold`."""
    given = {name: value for name, value in options.items() if value is not None}
    if not callable(criterion) and (not isinstance(criterion, str) or criterion not in _MEASURES):
        raise ValueError(f"criterion must be one of {[*_MEASURES]} or a function of a Confusion, got {criterion!r}")
    taken: set[str] = set() if callable(criterion) else _OPTIONS.get(criterion, set())
    if given.keys() != taken:
        raise ValueError(f"criterion {criterion!r} takes {sorted(taken) or 'no options'}, got {sorted(given) or 'none'}")
    if "beta" in given:
        check_beta(given["beta"])
    if "cost_fp" in given:
        check_costs(**given)
    return criterion if callable(criterion) else partial(_MEASURES[criterion], **given)
