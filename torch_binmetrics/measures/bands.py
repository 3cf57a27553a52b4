"""Confusion along thresholds -> the band in which a curve runs, whatever the order of the scores inside the bins.

Certain, not statistical. Lines are in pairs, both ends of each bin, so that ``fill_between`` of matplotlib fills the band.
Whole counts are exact; sums of weights are so up to their rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.areas import precision_from
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.curves import staircase


class ROCBand(NamedTuple):
    """Lowest and highest tpr along fpr, which ascends from 0 to 1: each 1-D, [2 points]."""

    fpr: Tensor
    lower: Tensor
    upper: Tensor


class PrecisionRecallBand(NamedTuple):
    """Lowest and highest precision along recall, which ascends from 0 to 1: each 1-D, [2 points]."""

    recall: Tensor
    lower: Tensor
    upper: Tensor


def roc_band(c: Confusion) -> ROCBand:
    """Band of the ROC curve: between two thresholds it stays in the box of the two points, fpr and tpr both.

    Entries 2 k and 2 k + 1 belong to one bin, scores descending: fpr above it and with it, and twice the lower end, tpr above
    it, and the upper end, tpr with it. For every point of the exact curve, of scores placed anyhow in the bins, tied or not,
    and of the straight lines between its points, there is a bin whose fpr and whose ends enclose it; each of the two
    staircases is the curve of one such placement.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        NaN in the rate of a missing class.

    >>> roc_band(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))).upper
    tensor([0.5000, 0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    fpr, tpr = fp / fp[-1], tp / tp[-1]
    return ROCBand(_pairs(fpr[:-1], fpr[1:]), _pairs(tpr[:-1], tpr[:-1]), _pairs(tpr[1:], tpr[1:]))


def precision_recall_band(c: Confusion) -> PrecisionRecallBand:
    """Band of the precision-recall curve: with t = tp and the fp above and with a bin, t / (t + fp) at either.

    Entries 2 k and 2 k + 1 belong to one bin, scores descending: recall above it and with it; the lower end, a straight line
    between the precisions at both with all negatives of the bin called positive; and the upper end, twice the precision at
    the end of the bin with none of them. For every point of the exact curve, of scores placed anyhow in the bins, tied
    or not, there is a bin whose recall and whose ends enclose it. So there is for the straight lines between its points,
    since t / (t + fp) is concave in t, and for the steps whose area is the average precision. The curve starts at recall 0
    and precision 1.

    Args:
        c: along ascending thresholds, [points].

    Returns:
        NaN in the recall if there is no positive.

    >>> precision_recall_band(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))).lower
    tensor([1.0000, 1.0000, 0.3333, 0.5000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    recall = tp / tp[-1]
    lower = _pairs(precision_from(tp[:-1], fp[1:]), precision_from(tp[1:], fp[1:]))
    highest = precision_from(tp[1:], fp[:-1])
    return PrecisionRecallBand(_pairs(recall[:-1], recall[1:]), lower, _pairs(highest, highest))


def _pairs(first: Tensor, second: Tensor) -> Tensor:
    """The entries of two lines in turn."""
    return torch.stack([first, second], 1).flatten()
