"""What weighs the four counts against each other: F-beta, correlations and agreement, means, costs, and the counts themselves.

Every measure takes a :class:`~torch_binmetrics.Confusion` of tensors of any shape and returns float64 of that shape, NaN where
it is undefined (0 / 0). The first paragraph of each docstring says what the measure is, its formula, and when it is undefined;
n is tp + fp + tn + fn.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Share, measure
from torch_binmetrics.measures.rates import precision, recall, specificity

_NORMALIZED_OVER = {"true": (-1,), "pred": (-2,), "all": (-2, -1)}


@measure(span=(0, 1))
def balanced_accuracy(c: Confusion) -> Tensor:
    """Mean of the shares found of both classes, (recall + specificity) / 2; undefined if a class is missing.

    Source: Brodersen et al., "The balanced accuracy and its posterior distribution" (2010).

    >>> balanced_accuracy(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7000, dtype=torch.float64)
    """
    return (recall(c) + specificity(c)) / 2


def _f1(jaccard: Tensor) -> Tensor:
    """F1 as a function of the Jaccard index J, with which it grows: 2 J / (1 + J) (Lam 2023)."""
    return 2 * jaccard / (1 + jaccard)


@measure(span=(0, 1), form=Share("tp", "fp fn", grown=_f1))
def fbeta(c: Confusion, beta: float = 1.0) -> Tensor:
    """F-beta, (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp); undefined if there is no positive, labelled or predicted.

    The harmonic mean of precision and recall, F1, at ``beta=1``, and precision at ``beta=0``. Source: van Rijsbergen,
    "Information retrieval" (1979).

    Args:
        c: counts of any shape.
        beta: weight of recall against precision, a finite number >= 0.

    Raises:
        ValueError: ``beta`` is < 0 or not finite.

    >>> fbeta(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6667, dtype=torch.float64)
    """
    check_beta(beta)
    tp, fp, _, fn = c.real()
    hits = (1 + beta**2) * tp
    return hits / (hits + beta**2 * fn + fp)


@measure(span=(-1, 1))
def matthews_corrcoef(c: Confusion) -> Tensor:
    """Matthews correlation, (tp tn - fp fn) / sqrt((tp + fp)(tp + fn)(tn + fp)(tn + fn)); undefined if one of these sums is 0.

    The correlation of labels and predictions, -1 to 1. Source: Matthews, "Comparison of the predicted and observed secondary
    structure of T4 phage lysozyme" (1975).

    >>> matthews_corrcoef(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4082, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    margins = ((tp + fn) * (tn + fp)) * ((tp + fp) * (tn + fn))
    return (tp * tn - fp * fn) / margins.sqrt()


@measure(span=(-1, 1))
def cohen_kappa(c: Confusion) -> Tensor:
    """Cohen's kappa, 2 (tp tn - fp fn) / ((tp + fp)(fp + tn) + (tp + fn)(fn + tn)); undefined if all samples are tp, or all tn.

    The agreement of labels and predictions beyond chance. Source: Cohen, "A coefficient of agreement for nominal
    scales" (1960).

    >>> cohen_kappa(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return 2 * (tp * tn - fp * fn) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


@measure(span=(0, 1), form=Share("tp", "fp fn"))
def jaccard_index(c: Confusion) -> Tensor:
    """Positives in common over all of them, tp / (tp + fp + fn); undefined if there is no positive, labelled or predicted.

    The intersection over union of the labelled and the predicted positives. Source: Jaccard, "The distribution of the flora in
    the alpine zone" (1912).

    >>> jaccard_index(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, _, fn = c.real()
    return tp / (tp + fp + fn)


@measure(span=(0, 1))
def fowlkes_mallows(c: Confusion) -> Tensor:
    """Fowlkes-Mallows index, sqrt(precision recall); undefined if there is no positive, or none predicted.

    Source: Fowlkes and Mallows, "A method for comparing two hierarchical clusterings" (1983), of samples instead of pairs.

    >>> fowlkes_mallows(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6708, dtype=torch.float64)
    """
    return (precision(c) * recall(c)).sqrt()


@measure(span=(0, 1))
def geometric_mean(c: Confusion) -> Tensor:
    """Geometric mean of the shares found of both classes, sqrt(recall specificity); undefined if a class is missing.

    Source: Kubat and Matwin, "Addressing the curse of imbalanced training sets" (1997).

    >>> geometric_mean(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6928, dtype=torch.float64)
    """
    return (recall(c) * specificity(c)).sqrt()


@measure(span=None)
def expected_cost(c: Confusion, cost_fp: float = 1.0, cost_fn: float = 1.0) -> Tensor:
    """Mean cost of a sample, (cost_fp fp + cost_fn fn) / n; undefined if nothing was seen.

    Source: Elkan, "The foundations of cost-sensitive learning" (2001), where right calls cost nothing.

    Args:
        c: counts of any shape.
        cost_fp: cost of a false positive, a finite number >= 0.
        cost_fn: cost of a false negative, a finite number >= 0.

    Raises:
        ValueError: a cost is < 0 or not finite.

    >>> expected_cost(Confusion(*torch.tensor([6, 2, 8, 4])), cost_fn=10)
    tensor(2.1000, dtype=torch.float64)
    """
    check_costs(cost_fp, cost_fn)
    tp, fp, tn, fn = c.real()
    return (cost_fp * fp + cost_fn * fn) / (tp + fp + tn + fn)


@measure(span=None)
def stat_scores(c: Confusion) -> Tensor:
    """Counts and support, tp, fp, tn, fn, tp + fn, along a last dimension of 5; never undefined.

    In the dtype of the counts: int64, or float64 if they are weighted.

    >>> stat_scores(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor([ 6,  2,  8,  4, 10])
    """
    return torch.stack([*c, c.tp + c.fn], -1)


@measure(span=None)
def confusion_matrix(c: Confusion, normalize: Literal["true", "pred", "all"] | None = None) -> Tensor:
    """Counts by label and prediction, [[tn, fp], [fn, tp]]; undefined if normalised by a row, a column or all that is empty.

    In two last dimensions, as in scikit-learn.

    Args:
        c: counts of any shape.
        normalize: divide by the row ("true"), the column ("pred"), everything ("all") or nothing (None).

    Raises:
        ValueError: ``normalize`` is not "true", "pred", "all" or None.

    >>> confusion_matrix(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor([[8, 2],
            [4, 6]])
    """
    check_normalize(normalize)
    if normalize is None:
        return torch.stack([torch.stack([c.tn, c.fp], -1), torch.stack([c.fn, c.tp], -1)], -2)
    matrix = confusion_matrix(c.real())
    return matrix / matrix.sum(_NORMALIZED_OVER[normalize], keepdim=True)


def check_beta(beta: float) -> None:
    """Raise ValueError unless ``beta`` is >= 0 and finite."""
    if not 0 <= number("beta", beta) < math.inf:
        raise ValueError(f"beta must be >= 0, got {beta}: 2 weighs recall twice as much as precision, 0 not at all")


def check_costs(cost_fp: float, cost_fn: float) -> None:
    """Raise ValueError unless both costs are >= 0 and finite."""
    for name, cost in (("cost_fp", cost_fp), ("cost_fn", cost_fn)):
        if not 0 <= number(name, cost) < math.inf:
            raise ValueError(f"{name} must be >= 0, got {cost}: the cost of a wrong call, where right ones cost nothing")


def check_normalize(normalize: str | None) -> None:
    """Raise ValueError unless a confusion matrix can be normalised so."""
    if normalize is not None and normalize not in _NORMALIZED_OVER:
        raise ValueError(f"normalize must be 'true', 'pred', 'all' or None, got {normalize!r}")
