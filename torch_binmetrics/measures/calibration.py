"""How good the probabilities are: mean losses, and how often positives come where the model says how likely they are.

Each function takes tensors by label and bin, [..., 2, points]: counts, int64 or float64 sums of weights, and what else was
summed in the same cells, float64. Values are float64, [...], NaN where undefined.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.measures.declared import measure
from torch_binmetrics.measures.staircase import serial_sum

Norm = Literal["l1", "l2", "max"]
Strategy = Literal["uniform", "quantile"]


@measure(span=(0, 1))
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
    entropy: Tensor = -torch.special.xlogy(share, share).sum(-1)
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

    As scikit-learn's calibration_curve (DeGroot and Fienberg 1983).

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


@measure(span=(0, 1))
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
    curve = reliability_curve(counts, probability, groups, n_bins)
    filled, samples = curve.counts > 0, curve.counts.sum(-1, keepdim=True)
    gap = (curve.mean_predicted - curve.fraction_of_positives).abs().where(filled, 0.0)
    share = curve.counts.double() / samples
    kinds = {"max": gap.amax(-1), "l1": serial_sum(gap * share), "l2": serial_sum(gap**2 * share).sqrt()}
    return kinds[norm].where(samples[..., 0] > 0, torch.nan)


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
    through = samples.cumsum(-1)
    below, total = through - samples, through[..., -1:] - (0 if samples.is_floating_point() else 1)
    scaled = (below * n_bins).double() / total.where(total > 0, 1)
    return (scaled.ceil() - 1).clamp(0, n_bins - 1).long()


def check_norm(norm: str) -> None:
    """Raise ValueError unless a calibration error has this norm."""
    if norm not in ("l1", "l2", "max"):
        raise ValueError(f"norm must be 'l1', 'l2' or 'max', got {norm!r}")


def _by_label(values: Tensor) -> Tensor:
    """Sums along the bins in one order, float64, [..., 2]."""
    return serial_sum(values.double())


def _total(values: Tensor) -> Tensor:
    """Sum of all cells, float64, [...]."""
    return _by_label(values).sum(-1)
