"""The ROC curve: its points, its area with certain bounds, Gini's coefficient, and the band in which it runs.

Each function takes a :class:`~torch_binmetrics.Confusion` along ascending thresholds, the first of which calls everything
positive, [..., points]. Rates and areas are float64, NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import number
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import Ends, Ranks, measure
from torch_binmetrics.measures.staircase import descending, from_infinity, outward, serial_sum, staircase, steps


class ROC(NamedTuple):
    """False and true positive rates at descending thresholds, from (0, 0) at inf to (1, 1): each [..., points + 1]."""

    fpr: Tensor
    tpr: Tensor
    thresholds: Tensor


class ROCBand(NamedTuple):
    """Lowest and highest tpr along fpr, which ascends from 0 to 1: each [..., 2 points]."""

    fpr: Tensor
    lower: Tensor
    upper: Tensor


@measure(span=None)
def roc(c: Confusion, thresholds: Tensor) -> ROC:
    """Receiver operating characteristic, tp / (tp + fn) against fp / (fp + tn); undefined in the rate of a missing class.

    Every point is kept, as by scikit-learn's ``drop_intermediate=False``. Chance is the diagonal (Fawcett 2006).

    Args:
        c: along thresholds, [..., points].
        thresholds: the thresholds, ascending, [points].

    >>> roc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])), torch.tensor([0.2, 0.7])).tpr
    tensor([0.0000, 0.5000, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    return ROC(fp / fp[..., -1:], tp / tp[..., -1:], from_infinity(thresholds))


def auroc_bounds(c: Confusion, max_fpr: float | None = None, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest area under the ROC curve: in every bin the negatives first, or the positives first.

    Args:
        c: along ascending thresholds, [..., points].
        max_fpr: as for :func:`auroc`.
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the area is undefined.

    >>> auroc_bounds(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    check_max_fpr(max_fpr)
    path = steps(c, (0.0, max_fpr or 1.0), ties)
    low, high = outward(*path.bounds(path.width, path.negatives * path.positives), path.width.shape[-1])
    return _standardised(low, max_fpr).clamp(0, 1), _standardised(high, max_fpr).clamp(0, 1)


@measure(span=(0, 1), bounds=auroc_bounds, form=Ranks())
def auroc(c: Confusion, max_fpr: float | None = None) -> Tensor:
    """Area under the ROC curve, P(positive's score > negative's) + P(equal) / 2, by trapezoids; undefined with one class.

    Chance is 0.5 (Hanley and McNeil 1982).

    Args:
        c: along thresholds, [..., points].
        max_fpr: area up to this false positive rate only, in (0, 1], standardised to 0.5 for chance and 1 for perfect
            (McClish 1989), as scikit-learn.

    Raises:
        ValueError: ``max_fpr`` outside (0, 1].

    >>> auroc(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.7500, dtype=torch.float64)
    """
    check_max_fpr(max_fpr)
    path = steps(c, (0.0, max_fpr or 1.0))
    area = serial_sum(path.width * ((path.first + path.last) / 2)) / (path.negatives * path.positives)
    return _standardised(area, max_fpr).clamp(0, 1)


def gini_bounds(c: Confusion, *, ties: Tensor | None = None) -> Ends:
    """Lowest and highest Gini coefficient: those of the area under the ROC curve, doubled, less 1.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        Two float64 tensors, [...], NaN where the coefficient is undefined.

    >>> gini_bounds(Confusion(*torch.tensor([[2, 2], [4, 1], [0, 3], [0, 0]])))
    (tensor(0.5000, dtype=torch.float64), tensor(1., dtype=torch.float64))
    """
    low, high = auroc_bounds(c, ties=ties)
    return _gini(low), _gini(high)


def _gini(area: Tensor) -> Tensor:
    """Gini's coefficient of an area under the ROC curve."""
    return 2 * area - 1


@measure(span=(-1, 1), bounds=gini_bounds, form=Ranks(grown=_gini))
def gini(c: Confusion) -> Tensor:
    """Gini coefficient or accuracy ratio, 2 AUROC - 1; undefined with one class.

    Chance is 0; a perfect order gives 1, a reversed one -1 (Engelmann, Hayden and Tasche 2003).

    Args:
        c: along thresholds, [..., points].

    >>> gini(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]])))
    tensor(0.5000, dtype=torch.float64)
    """
    return _gini(auroc(c))


def roc_band(c: Confusion, *, ties: Tensor | None = None) -> ROCBand:
    """Band of the ROC curve: between two thresholds it stays in the box of the two points, fpr and tpr both.

    Certain, not statistical. Entries 2 k and 2 k + 1 belong to one bin, scores descending: fpr above it and with it, and twice
    the lower end, tpr above it, and the upper end, tpr with it. For every point of the exact curve, of scores placed anyhow in
    the bins, tied or not, and of the straight lines between its points, there is a bin whose fpr and whose ends enclose it;
    each of the two staircases is the curve of one such placement. In a tie the curve is the straight line. Lines in pairs are
    what matplotlib's ``fill_between`` fills.

    Args:
        c: along ascending thresholds, [..., points].
        ties: which bins hold one number for certain, bool, [points]; none if not given.

    Returns:
        NaN in the rate of a missing class.

    >>> roc_band(Confusion(*torch.tensor([[2, 1], [2, 0], [0, 2], [0, 1]]))).upper
    tensor([0.5000, 0.5000, 1.0000, 1.0000], dtype=torch.float64)
    """
    fp, tp = staircase(c)
    fpr, tpr = fp / fp[..., -1:], tp / tp[..., -1:]
    before, after, tied = tpr[..., :-1], tpr[..., 1:], descending(ties, tpr[..., 1:])
    lower, upper = pairs(before, after.where(tied, before)), pairs(before.where(tied, after), after)
    return ROCBand(pairs(fpr[..., :-1], fpr[..., 1:]), lower, upper)


def pairs(first: Tensor, second: Tensor) -> Tensor:
    """The entries of two lines in turn."""
    return torch.stack([first, second], -1).flatten(-2)


def check_max_fpr(max_fpr: float | None) -> None:
    """Raise ValueError unless ``max_fpr`` is None or in (0, 1]."""
    if max_fpr is not None and not 0 < number("max_fpr", max_fpr) <= 1:
        raise ValueError(f"max_fpr must be in (0, 1], got {max_fpr}: pass None for the whole area")


def _standardised(area: Tensor, max_fpr: float | None) -> Tensor:
    """McClish's standardised area of a partial area; the area itself if it is whole."""
    if max_fpr is None or max_fpr == 1:
        return area
    least = max_fpr**2 / 2
    return (1 + (area - least) / (max_fpr - least)) / 2
