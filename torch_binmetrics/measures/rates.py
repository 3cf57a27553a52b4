"""Shares of the samples, of a class or of the calls: each a share of trials, so each has Wilson's confidence interval.

Every measure takes a :class:`~torch_binmetrics.Confusion` of tensors of any shape and returns float64 of that shape, NaN where
it is undefined (0 / 0). Formulas are those of Fawcett, "An introduction to ROC analysis" (2006), unless another is named; n is
tp + fp + tn + fn. The first paragraph of each docstring says what the measure is, its formula, and when it is undefined.
"""

from __future__ import annotations

import torch  # noqa: F401 - the examples use it
from torch import Tensor

from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Share, measure


@measure(span=(0, 1), form=Share("tp tn", "fp fn"))
def accuracy(c: Confusion) -> Tensor:
    """Share of the samples that are called right, (tp + tn) / n; undefined if nothing was seen.

    >>> accuracy(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + tn) / (tp + fp + tn + fn)


@measure(span=(0, 1), form=Share("fp fn", "tp tn"))
def hamming_distance(c: Confusion) -> Tensor:
    """Share of the samples that are called wrong, (fp + fn) / n; undefined if nothing was seen.

    >>> hamming_distance(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.3000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (fp + fn) / (tp + fp + tn + fn)


@measure(span=(0, 1), form=Share("tp", "fp"))
def precision(c: Confusion) -> Tensor:
    """Share of the predicted positives that are positive, tp / (tp + fp); undefined if nothing is predicted positive.

    >>> precision(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.7500, dtype=torch.float64)
    """
    tp, fp, _, _ = c.real()
    return tp / (tp + fp)


@measure(span=(0, 1), form=Share("tp", "fn"))
def recall(c: Confusion) -> Tensor:
    """Share of the positives that are found, tp / (tp + fn); undefined if there is no positive.

    >>> recall(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.6000, dtype=torch.float64)
    """
    tp, _, _, fn = c.real()
    return tp / (tp + fn)


@measure(span=(0, 1), form=Share("tn", "fp"))
def specificity(c: Confusion) -> Tensor:
    """Share of the negatives that are called negative, tn / (tn + fp); undefined if there is no negative.

    >>> specificity(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.8000, dtype=torch.float64)
    """
    _, fp, tn, _ = c.real()
    return tn / (tn + fp)


@measure(span=(0, 1), form=Share("tn", "fn"))
def negative_predictive_value(c: Confusion) -> Tensor:
    """Share of the predicted negatives that are negative, tn / (tn + fn); undefined if nothing is predicted negative.

    >>> negative_predictive_value(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.8000, dtype=torch.float64)
    """
    _, _, tn, fn = c.real()
    return tn / (tn + fn)


@measure(span=(0, 1), form=Share("fp", "tn"))
def false_positive_rate(c: Confusion) -> Tensor:
    """Share of the negatives that are called positive, fp / (fp + tn); undefined if there is no negative.

    >>> false_positive_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.2000, dtype=torch.float64)
    """
    _, fp, tn, _ = c.real()
    return fp / (fp + tn)


@measure(span=(0, 1), form=Share("fn", "tp"))
def false_negative_rate(c: Confusion) -> Tensor:
    """Share of the positives that are missed, fn / (fn + tp); undefined if there is no positive.

    >>> false_negative_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, _, _, fn = c.real()
    return fn / (fn + tp)


@measure(span=(0, 1), form=Share("fp", "tp"))
def false_discovery_rate(c: Confusion) -> Tensor:
    """Share of the predicted positives that are negative, fp / (tp + fp); undefined if nothing is predicted positive.

    Source: Powers, "Evaluation: from precision, recall and F-measure to ROC, informedness, markedness and correlation" (2011).

    >>> false_discovery_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.2500, dtype=torch.float64)
    """
    tp, fp, _, _ = c.real()
    return fp / (tp + fp)


@measure(span=(0, 1), form=Share("fn", "tn"))
def false_omission_rate(c: Confusion) -> Tensor:
    """Share of the predicted negatives that are positive, fn / (tn + fn); undefined if nothing is predicted negative.

    Source: as of ``false_discovery_rate``.

    >>> false_omission_rate(Confusion(*torch.tensor([6, 2, 8, 2])))
    tensor(0.2000, dtype=torch.float64)
    """
    _, _, tn, fn = c.real()
    return fn / (tn + fn)


@measure(span=(0, 1), form=Share("tp fn", "fp tn"))
def prevalence(c: Confusion) -> Tensor:
    """Share of the samples that are positive, (tp + fn) / n; undefined if nothing was seen.

    Source: as of ``false_discovery_rate``.

    >>> prevalence(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.5000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + fn) / (tp + fp + tn + fn)


@measure(span=(0, 1), form=Share("tp fp", "tn fn"))
def predicted_positive_rate(c: Confusion) -> Tensor:
    """Share of the samples that are called positive, (tp + fp) / n; undefined if nothing was seen.

    Source: as of ``false_discovery_rate``, where it is the bias.

    >>> predicted_positive_rate(Confusion(*torch.tensor([6, 2, 8, 4])))
    tensor(0.4000, dtype=torch.float64)
    """
    tp, fp, tn, fn = c.real()
    return (tp + fp) / (tp + fp + tn + fn)
