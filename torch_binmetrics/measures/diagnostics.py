"""Confusion -> the diagnostic scores of medicine, retrieval and machine learning, elementwise, as those of ``scores``.

Where a formula divides by 0 the score is NaN, for x / 0 as for 0 / 0 and as in scikit-learn's likelihood ratios: infinite
would be more than a finite sample can say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.scores import false_positive_rate, precision, recall, specificity


def false_discovery_rate(c: Confusion) -> Tensor:
    """Share of the predicted positives that are negative, fp / (tp + fp); undefined if nothing is predicted positive.

    Source: Powers, "Evaluation: from precision, recall and F-measure to ROC, informedness, markedness and correlation" (2011).

    >>> false_discovery_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.2500, dtype=torch.float64)
    """
    tp, fp, _, _ = c.real()
    return fp / (tp + fp)


def false_omission_rate(c: Confusion) -> Tensor:
    """Share of the predicted negatives that are positive, fn / (tn + fn); undefined if nothing is predicted negative.

    Source: as of :func:`false_discovery_rate`.

    >>> false_omission_rate(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.2000, dtype=torch.float64)
    """
    _, _, tn, fn = c.real()
    return fn / (tn + fn)


def prevalence(c: Confusion) -> Tensor:
    """Share of the samples that are positive, (tp + fn) / n; undefined if nothing was seen.

    Source: as of :func:`false_discovery_rate`.

    >>> prevalence(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + fn) / (tp + fp + tn + fn)


def predicted_positive_rate(c: Confusion) -> Tensor:
    """Share of the samples that are called positive, (tp + fp) / n; undefined if nothing was seen.

    Source: as of :func:`false_discovery_rate`, where it is the bias.

    >>> predicted_positive_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + fp) / (tp + fp + tn + fn)


def informedness(c: Confusion) -> Tensor:
    """Youden's J, recall + specificity - 1; undefined if a class is missing.

    Source: Youden, "Index for rating diagnostic tests" (1950).

    >>> informedness(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp * tn - fp * fn) / ((tp + fn) * (fp + tn))  # exact ties stay ties: integers up to 2^53, divided once


def markedness(c: Confusion) -> Tensor:
    """Informedness with labels and predictions swapped, precision + npv - 1; undefined if all predictions are alike.

    Source: as of :func:`false_discovery_rate`.

    >>> markedness(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.5500, dtype=torch.float64)
    """
    return precision(c) - false_omission_rate(c)


def fowlkes_mallows(c: Confusion) -> Tensor:
    """Fowlkes-Mallows index, sqrt(precision recall); undefined if there is no positive, or none predicted.

    Source: Fowlkes and Mallows, "A method for comparing two hierarchical clusterings" (1983), of samples instead of pairs.

    >>> fowlkes_mallows(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6708, dtype=torch.float64)
    """
    return (precision(c) * recall(c)).sqrt()


def positive_likelihood_ratio(c: Confusion) -> Tensor:
    """Odds that a positive call multiplies by, recall / fpr; undefined if there is no false positive, or no positive.

    Source: Deeks and Altman, "Diagnostic tests 4: likelihood ratios" (2004); undefined as in scikit-learn.

    >>> positive_likelihood_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(3., dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(tp * (fp + tn), fp * (tp + fn))


def negative_likelihood_ratio(c: Confusion) -> Tensor:
    """Odds that a negative call multiplies by, fnr / specificity; undefined if there is no true negative, or no positive.

    Source: as of :func:`positive_likelihood_ratio`.

    >>> negative_likelihood_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(fn * (fp + tn), tn * (tp + fn))


def diagnostic_odds_ratio(c: Confusion) -> Tensor:
    """Odds of a positive call among positives over those among negatives, tp tn / (fp fn); undefined if fp or fn is 0.

    Source: Glas et al., "The diagnostic odds ratio: a single indicator of test performance" (2003).

    >>> diagnostic_odds_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(6., dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(tp, fp) * _quotient(tn, fn)


def prevalence_threshold(c: Confusion) -> Tensor:
    """Prevalence threshold, sqrt(fpr) / (sqrt(recall) + sqrt(fpr)); undefined if a class or any positive call is missing.

    Below that prevalence, precision collapses: there it is 1 - prevalence and rises as fast as prevalence does. Where recall
    equals fpr, it is 1/2.
    Source: Balayla, "Prevalence threshold and the geometry of screening curves" (2020).

    >>> prevalence_threshold(Confusion(*torch.tensor([9, 1, 8, 1])))
    tensor(0.2600, dtype=torch.float64)
    """
    root = false_positive_rate(c).sqrt()
    return root / (recall(c).sqrt() + root)


def geometric_mean(c: Confusion) -> Tensor:
    """Geometric mean of the shares found of both classes, sqrt(recall specificity); undefined if a class is missing.

    Source: Kubat and Matwin, "Addressing the curse of imbalanced training sets" (1997).

    >>> geometric_mean(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6928, dtype=torch.float64)
    """
    return (recall(c) * specificity(c)).sqrt()


def _quotient(top: Tensor, bottom: Tensor) -> Tensor:
    """``top / bottom``, NaN where that divides by 0."""
    return torch.where(bottom != 0, top / bottom, math.nan)
