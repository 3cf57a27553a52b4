"""Confusion -> score, elementwise: each formula once, for one threshold and along all of them.

Every score takes a :class:`~torch_binmetrics.Confusion` of tensors of any shape and returns float64 of that shape, NaN where
it is undefined (0 / 0). Formulas are those of Fawcett, "An introduction to ROC analysis" (2006), unless another is named.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.confusion import Confusion

_NORMALIZED_OVER = {"true": (-1,), "pred": (-2,), "all": (-2, -1)}


def accuracy(c: Confusion) -> Tensor:
    """Share of samples called right, (tp + tn) / n.

    >>> accuracy(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + tn) / (tp + fp + tn + fn)


def balanced_accuracy(c: Confusion) -> Tensor:
    """Mean of recall and specificity (Brodersen et al. 2010); undefined with one class.

    >>> balanced_accuracy(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7000, dtype=torch.float64)
    """
    return (recall(c) + specificity(c)) / 2


def precision(c: Confusion) -> Tensor:
    """Share of the predicted positives that are positive, tp / (tp + fp).

    >>> precision(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7500, dtype=torch.float64)
    """
    tp, fp, _, _ = c.real()
    return tp / (tp + fp)


def recall(c: Confusion) -> Tensor:
    """Share of the positives that are found, tp / (tp + fn).

    >>> recall(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6000, dtype=torch.float64)
    """
    tp, _, _, fn = c.real()
    return tp / (tp + fn)


def specificity(c: Confusion) -> Tensor:
    """Share of the negatives that are called negative, tn / (tn + fp).

    >>> specificity(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.8000, dtype=torch.float64)
    """
    _, fp, tn, _ = c.real()
    return tn / (tn + fp)


def negative_predictive_value(c: Confusion) -> Tensor:
    """Share of the predicted negatives that are negative, tn / (tn + fn).

    >>> negative_predictive_value(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.8000, dtype=torch.float64)
    """
    _, _, tn, fn = c.real()
    return tn / (tn + fn)


def false_positive_rate(c: Confusion) -> Tensor:
    """Share of the negatives that are called positive, fp / (fp + tn).

    >>> false_positive_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.2000, dtype=torch.float64)
    """
    _, fp, tn, _ = c.real()
    return fp / (fp + tn)


def false_negative_rate(c: Confusion) -> Tensor:
    """Share of the positives that are missed, fn / (fn + tp).

    >>> false_negative_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, _, _, fn = c.real()
    return fn / (fn + tp)


def fbeta(c: Confusion, beta: float = 1.0) -> Tensor:
    """F-beta, (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp) (van Rijsbergen 1979); F1 at ``beta=1``.

    Raises:
        ValueError: ``beta`` is not > 0.

    >>> fbeta(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6667, dtype=torch.float64)
    """
    check_beta(beta)
    tp, fp, _, fn = c.real()
    hits = (1 + beta**2) * tp
    return hits / (hits + beta**2 * fn + fp)


def matthews_corrcoef(c: Confusion) -> Tensor:
    """Correlation of labels and predictions (Matthews 1975), -1 to 1; undefined where either has one class only.

    >>> matthews_corrcoef(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4082, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    margins = ((tp + fn) * (tn + fp)) * ((tp + fp) * (tn + fn))
    return (tp * tn - fp * fn) / margins.sqrt()


def cohen_kappa(c: Confusion) -> Tensor:
    """Agreement of labels and predictions beyond chance (Cohen 1960); undefined where both have the same one class.

    >>> cohen_kappa(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return 2 * (tp * tn - fp * fn) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))


def jaccard_index(c: Confusion) -> Tensor:
    """Intersection over union of the labelled and the predicted positives, tp / (tp + fp + fn) (Jaccard 1912).

    >>> jaccard_index(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, _, fn = c.real()
    return tp / (tp + fp + fn)


def hamming_distance(c: Confusion) -> Tensor:
    """Share of samples called wrong, (fp + fn) / n.

    >>> hamming_distance(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.3000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (fp + fn) / (tp + fp + tn + fn)


def stat_scores(c: Confusion) -> Tensor:
    """tp, fp, tn, fn and support (tp + fn) along a last dimension of 5, in the dtype of the counts.

    >>> stat_scores(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor([ 6,  2,  8,  4, 10])
    """
    return torch.stack([*c, c.tp + c.fn], -1)


def confusion_matrix(c: Confusion, normalize: Literal["true", "pred", "all"] | None = None) -> Tensor:
    """``[[tn, fp], [fn, tp]]`` in two last dimensions, as scikit-learn; an empty row or column is NaN if normalised by it.

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
    """Raise ValueError unless ``beta`` is > 0 and finite."""
    if not 0 < number("beta", beta) < math.inf:
        raise ValueError(f"beta must be > 0, got {beta}: 2 weighs recall twice as much as precision")


def check_normalize(normalize: str | None) -> None:
    """Raise ValueError unless a confusion matrix can be normalised so."""
    if normalize is not None and normalize not in _NORMALIZED_OVER:
        raise ValueError(f"normalize must be 'true', 'pred', 'all' or None, got {normalize!r}")
