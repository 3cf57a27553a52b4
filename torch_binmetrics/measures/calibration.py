"""How good the probabilities are: mean losses, and how often positives come where the model says how likely they are.

Each function takes tensors by label and bin, [..., 2, points]: counts, int64 or float64 sums of weights, and what else was
summed in the same cells, float64. Values are float64, [...], NaN where undefined.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.declared import CalibrationGaps, Ends, Losses, measure
from torch_binmetrics.measures.staircase import outward_share, serial_sum

Norm = Literal["l1", "l2", "max"]
Strategy = Literal["uniform", "quantile"]


@measure(span=(0, 1), form=Losses())
def brier_score(counts: Tensor, squared_error: Tensor) -> Tensor:
    """Mean squared difference of probability and label, Σ (p - y)² / n (Brier 1950); undefined if nothing was seen.

    >>> brier_score(torch.tensor([[1], [1]]), torch.tensor([[0.04], [0.01]]).double())
    tensor(0.0250, dtype=torch.float64)
    """
    return _total(squared_error) / _total(counts)


@measure(span=None)
def log_loss(counts: Tensor, loss: Tensor) -> Tensor:
    """Mean cross entropy in nats, -Σ (y log p + (1 - y) log(1 - p)) / n (Good 1952); undefined if nothing was seen.

    >>> log_loss(torch.tensor([[1], [1]]), torch.tensor([[0.2], [0.4]]).double())
    tensor(0.3000, dtype=torch.float64)
    """
    return _total(loss) / _total(counts)


@measure(span=None)
def normalized_entropy(counts: Tensor, loss: Tensor) -> Tensor:
    """Log loss over that of always predicting the prevalence π, log loss / H(π) (He et al. 2014); undefined with one class.

    Below 1 the scores tell more than the prevalence does.

    >>> normalized_entropy(torch.tensor([[1], [1]]), torch.tensor([[0.2], [0.4]]).double())
    tensor(0.4328, dtype=torch.float64)
    """
    share = _by_label(counts) / _total(counts)[..., None]
    # Near 1 a share has lost the digits that the other one has.
    logarithm = torch.where(share > 0.5, torch.log1p(-share.flip(-1)), share.log())
    entropy: Tensor = -(share * logarithm).where(share > 0, 0.0).sum(-1)
    return log_loss(counts, loss) / entropy.where(entropy > 0, torch.nan)


@measure(span=None)
def calibration_ratio(counts: Tensor, probability: Tensor) -> Tensor:
    """Predicted over actual positives, Σ p / Σ y: above 1 the scores promise too much; undefined with no positive.

    As torcheval's ``WeightedCalibration``.

    >>> calibration_ratio(torch.tensor([[1], [1]]), torch.tensor([[0.4], [0.8]]).double())
    tensor(1.2000, dtype=torch.float64)
    """
    positives = _by_label(counts)[..., 1]
    return _total(probability) / positives.where(positives > 0, torch.nan)


@measure(span=(0, 1))
def mean_prediction(counts: Tensor, probability: Tensor) -> Tensor:
    """Mean predicted probability, Σ p / n; undefined if nothing was seen.

    >>> mean_prediction(torch.tensor([[1], [1]]), torch.tensor([[0.4], [0.8]]).double())
    tensor(0.6000, dtype=torch.float64)
    """
    return _total(probability) / _total(counts)


@measure(span=None)
def hinge_loss(counts: Tensor, loss: Tensor) -> Tensor:
    """Mean hinge loss of decision values s, Σ max(0, 1 - (2y - 1) s) / n (Rosasco et al. 2004); undefined if nothing was seen.

    >>> hinge_loss(torch.tensor([[1], [1]]), torch.tensor([[0.5], [1.5]]).double())
    tensor(1., dtype=torch.float64)
    """
    return _total(loss) / _total(counts)


class Reliability(NamedTuple):
    """Mean probability, share of positives and number of samples in bins of probabilities, [..., n_bins] each; NaN if empty."""

    mean_predicted: Tensor
    fraction_of_positives: Tensor
    counts: Tensor


@measure(span=None)
def reliability_curve(counts: Tensor, probability: Tensor, groups: Tensor, n_bins: int) -> Reliability:
    """Share of positives against mean probability in bins, Σ y / n against Σ p / n; undefined in an empty bin.

    As scikit-learn's calibration_curve (DeGroot and Fienberg 1983), but that bins of equal width are closed on the left, as
    all of ours, and on the right there: only a score just on an edge, k / n_bins, tells them apart.

    Args:
        counts: by label and point, [..., 2, points].
        probability: sums of probabilities in the same cells.
        groups: the bin of each point, int64 in 0 .. n_bins - 1, ascending, [points] or [..., points].
        n_bins: number of bins; empty ones are NaN.

    >>> counts = torch.tensor([[1, 1], [0, 1]])
    >>> reliability_curve(counts, torch.tensor([[0.2, 0.6], [0, 0.8]]).double(), torch.tensor([0, 1]), 2)
    Reliability(mean_predicted=tensor([0.2000, 0.7000], dtype=torch.float64),
                fraction_of_positives=tensor([0.0000, 0.5000], dtype=torch.float64), counts=tensor([1, 2]))
    """
    samples, positives, predicted = (
        rows.new_zeros(*rows.shape[:-1], n_bins).scatter_add_(-1, groups.expand_as(rows), rows)
        for rows in (counts.sum(-2), counts[..., 1, :], probability.sum(-2))
    )
    return Reliability(predicted / samples, positives.double() / samples, samples)


def calibration_error_bounds(counts: Tensor, probability: Tensor, groups: Tensor, n_bins: int, *, norm: Norm = "l1") -> Ends:
    """Lowest and highest calibration error over groups of equally many samples, cut anywhere inside the points.

    A point that a quantile may cut lends any part of its samples to any of the groups that it touches: that adds at most the
    sum of p over its negatives to the sum of p - y of a group, and takes away at most that of 1 - p over its positives.

    Args:
        counts: as for :func:`calibration_error`, and so the other ones.
        probability: sums of probabilities.
        groups: those of :func:`equal_mass_groups`.
        n_bins: number of bins.
        norm: as for :func:`calibration_error`.

    Returns:
        Two float64 tensors, [...], NaN where nothing was seen.

    >>> counts, probability = torch.tensor([[1, 1], [0, 2]]), torch.tensor([[0.2, 0.6], [0, 1.6]]).double()
    >>> calibration_error_bounds(counts, probability, equal_mass_groups(counts, 2), 2)
    (tensor(0., dtype=torch.float64), tensor(0.3500, dtype=torch.float64))
    """
    check_norm(norm)
    last, samples = _groups_through(counts, n_bins), counts.sum(-2).double()
    cut, gap = last > groups, probability.sum(-2) - counts[..., 1, :]
    spreads = ((counts[..., 1, :] - probability[..., 1, :]).clamp(min=0), probability[..., 0, :], samples)
    less, more, lent = (_over_groups(each.where(cut, 0.0), groups, last, n_bins) for each in spreads)
    sure, least_n = (_over_groups(each.where(~cut, 0.0), groups, None, n_bins) for each in (gap, samples))
    low, high, most_n = sure - less, sure + more, least_n + lent
    near, far = low.clamp(min=0).maximum(-high), (-low).maximum(high).minimum(most_n)
    total = serial_sum(samples)
    least, most = norm_of(near, most_n, total, norm), norm_of(far, least_n, total, norm)
    return outward_share(least, most, counts.shape[-1] + n_bins)


@measure(span=(0, 1), bounds=calibration_error_bounds, form=CalibrationGaps())
def calibration_error(counts: Tensor, probability: Tensor, groups: Tensor, n_bins: int, *, norm: Norm = "l1") -> Tensor:
    """Gap of probability and share of positives over bins: mean, root mean square or maximum; undefined if nothing was seen.

    Means are over samples (Naeini et al. 2015; Kumar et al. 2019 for l2).

    Args:
        counts: as for :func:`reliability_curve`, and so the next three.
        probability: sums of probabilities.
        groups: the bin of each point.
        n_bins: number of bins.
        norm: "l1" for the expected, "l2" for the root-mean-square and "max" for the maximum calibration error.

    Raises:
        ValueError: another ``norm``.

    >>> counts = torch.tensor([[1, 1], [0, 1]])
    >>> calibration_error(counts, torch.tensor([[0.2, 0.6], [0, 0.8]]).double(), torch.tensor([0, 1]), 2)
    tensor(0.2000, dtype=torch.float64)
    """
    check_norm(norm)
    gap, samples = gaps(counts, probability, groups, n_bins)
    return norm_of(gap.abs(), samples, serial_sum(samples), norm)


def gaps(counts: Tensor, probability: Tensor, groups: Tensor, n_bins: int) -> tuple[Tensor, Tensor]:
    """Sums of p - y, and numbers of samples, in bins: float64, [..., n_bins] each; arguments of :func:`reliability_curve`."""
    rows = (probability.sum(-2) - counts[..., 1, :], counts.sum(-2).double())
    first, second = (_over_groups(row, groups, None, n_bins) for row in rows)
    return first, second


def norm_of(gap: Tensor, samples: Tensor, total: Tensor, norm: Norm) -> Tensor:
    """Norm of the mean gaps in bins, from sums of gaps >= 0, [..., n_bins], over so many samples; NaN where ``total`` is 0.

    A bin of no samples, which can only be said to hold some, has a mean of 1.
    """
    mean = torch.where(gap < samples, gap / samples, (gap > 0).double())
    kinds = {"max": mean.amax(-1), "l1": serial_sum(gap) / total, "l2": (serial_sum(gap * mean) / total).sqrt()}
    return kinds[norm].where(total > 0, torch.nan)


def equal_mass_groups(counts: Tensor, n_bins: int) -> Tensor:
    """The quantile bin of each point, int64, [..., points]: those of scikit-learn's calibration_curve(strategy="quantile").

    There a point is in bin k if just k of the interior quantiles lie below its score. The sample of rank a (from 0) lies above
    quantile k of n samples, itself between two ranks, if k (n - 1) / n_bins < a. Tied scores stay in one bin. Where weights are
    counted, their sums take the places of the ranks and of n - 1.

    Args:
        counts: by label and point, scores ascending, [..., 2, points].
        n_bins: number of bins.

    >>> equal_mass_groups(torch.tensor([[1, 1, 1, 0], [0, 0, 0, 1]]), 2)
    tensor([0, 0, 1, 1])
    """
    samples = counts.sum(-2)
    return _group_of(samples.cumsum(-1) - samples, samples, n_bins)


def check_norm(norm: str) -> None:
    """Raise ValueError unless a calibration error has this norm."""
    if norm not in ("l1", "l2", "max"):
        raise ValueError(f"norm must be 'l1', 'l2' or 'max', got {norm!r}")


def _groups_through(counts: Tensor, n_bins: int) -> Tensor:
    """The quantile bin that the last sample of each point may be in, as :func:`equal_mass_groups` gives that of the first."""
    samples = counts.sum(-2)
    through = samples.cumsum(-1)
    return _group_of(through if samples.is_floating_point() else through - samples.clamp(max=1), samples, n_bins)


def _group_of(rank: Tensor, samples: Tensor, n_bins: int) -> Tensor:
    """The quantile bin of samples of a rank, [..., points], among so many."""
    total = samples.sum(-1, keepdim=True) - (0 if samples.is_floating_point() else 1)
    scaled = (rank * n_bins).double() / total.where(total > 0, 1)
    return (scaled.ceil() - 1).clamp(0, n_bins - 1).long()


def _over_groups(values: Tensor, first: Tensor, last: Tensor | None, n_bins: int) -> Tensor:
    """Sums of values, [..., points], in the group of each, or in all groups from the first to the last: [..., n_bins]."""
    found = values.new_zeros(*values.shape[:-1], n_bins + 1).scatter_add_(-1, first.expand_as(values), values)
    if last is not None:
        found = found.scatter_add_(-1, (last + 1).expand_as(values), -values).cumsum(-1)
    return found[..., :n_bins]


def _by_label(values: Tensor) -> Tensor:
    """Sums along the bins in one order, float64, [..., 2]."""
    return serial_sum(values.double())


def _total(values: Tensor) -> Tensor:
    """Sum of all cells, float64, [...]."""
    return _by_label(values).sum(-1)
