"""The diagnostic measures of medicine, elementwise.

Where a formula divides by 0 the measure is NaN, for x / 0 as for 0 / 0 and as in scikit-learn's likelihood ratios: infinite
would be more than a finite sample can say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import measure
from torch_binmetrics.measures.rates import false_omission_rate, false_positive_rate, precision, recall


@measure(span=(-1, 1))
def informedness(c: Confusion) -> Tensor:
    """Youden's J, recall + specificity - 1; undefined if a class is missing.

    Source: Youden, "Index for rating diagnostic tests" (1950).

    >>> informedness(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp * tn - fp * fn) / ((tp + fn) * (fp + tn))  # exact ties stay ties: integers up to 2^53, divided once


@measure(span=(-1, 1))
def markedness(c: Confusion) -> Tensor:
    """Informedness with labels and predictions swapped, precision + npv - 1; undefined if all predictions are alike.

    Source: as of ``false_discovery_rate``.

    >>> markedness(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.5500, dtype=torch.float64)
    """
    return precision(c) - false_omission_rate(c)


@measure(span=None)
def positive_likelihood_ratio(c: Confusion) -> Tensor:
    """Odds that a positive call multiplies by, recall / fpr; undefined if there is no false positive, or no positive.

    Source: Deeks and Altman, "Diagnostic tests 4: likelihood ratios" (2004); undefined as in scikit-learn.

    >>> positive_likelihood_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(3., dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(tp * (fp + tn), fp * (tp + fn))


@measure(span=None)
def negative_likelihood_ratio(c: Confusion) -> Tensor:
    """Odds that a negative call multiplies by, fnr / specificity; undefined if there is no true negative, or no positive.

    Source: as of ``positive_likelihood_ratio``.

    >>> negative_likelihood_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(fn * (fp + tn), tn * (tp + fn))


@measure(span=None)
def diagnostic_odds_ratio(c: Confusion) -> Tensor:
    """Odds of a positive call among positives over those among negatives, tp tn / (fp fn); undefined if fp or fn is 0.

    Source: Glas et al., "The diagnostic odds ratio: a single indicator of test performance" (2003).

    >>> diagnostic_odds_ratio(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(6., dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return _quotient(tp, fp) * _quotient(tn, fn)


@measure(span=(0, 1))
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


def _quotient(top: Tensor, bottom: Tensor) -> Tensor:
    """``top / bottom``, NaN where that divides by 0."""
    return torch.where(bottom != 0, top / bottom, math.nan)
