"""Bounds of areas beyond AUROC and average precision hold for any placement in the bins, and some placement reaches each."""

from fractions import Fraction
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import references
import torch
from hypothesis import given, strategies as st
from placements import counts_of, order_inside, tied_samples

import torch_binmetrics as tb
from torch_binmetrics import Edges, FloatBits, Uniform
from torch_binmetrics.measures import confusion_along

SEEDS = st.integers(0, 2**32 - 1)
CUTS = [Uniform(8), Uniform(2), Edges([0.1, 0.3, 0.5, 0.9]), FloatBits(9, centre=None), FloatBits(16)]


class Area(NamedTuple):
    """An area, its bounds and its reference; what a perfect order gives; which placements reach the lower and the upper bound:

    whether positives come first in each bin, and whether they are tied; None where it takes more than one placement.
    """

    value: Any
    bounds: Any
    reference: Any
    perfect: float | None = 1
    positives_first: tuple[bool, bool] | None = (False, True)
    tied: tuple[bool, bool] = (False, False)


def with_options(value, bounds, reference, perfect=1, **options):
    """An area with these options."""
    return Area(*(partial(function, **options) for function in (value, bounds, reference)), perfect)


PARTIAL = tb.measures.partial_auroc, tb.measures.partial_auroc_bounds, references.partial_auroc
AREAS = {
    "gini": Area(tb.measures.gini, tb.measures.gini_bounds, references.gini),
    "PR": Area(
        tb.measures.precision_recall_auc,
        tb.measures.precision_recall_auc_bounds,
        references.precision_recall_auc,
        tied=(True, False),
    ),
    "PRG": Area(
        tb.measures.precision_recall_gain_auc,
        tb.measures.precision_recall_gain_auc_bounds,
        references.precision_recall_gain_auc,
    ),
    "some fpr": with_options(*PARTIAL, fpr_range=(0.1, 1 / 3)),
    "some tpr": with_options(*PARTIAL, tpr_range=(0.3, 0.9)),
    "some of both": with_options(*PARTIAL, fpr_range=(0, 0.45), tpr_range=(0.4, 1)),
    "log": with_options(tb.measures.log_auc, tb.measures.log_auc_bounds, references.log_auc, fpr_range=(0.05, 0.7)),
    "log as usual": with_options(tb.measures.log_auc, tb.measures.log_auc_bounds, references.log_auc),
    "top 0.1": with_options(tb.measures.capture, tb.measures.capture_bounds, references.capture, None),
    "all": with_options(tb.measures.capture, tb.measures.capture_bounds, references.capture, None, top=1.0),
    "top 0.7": with_options(tb.measures.capture, tb.measures.capture_bounds, references.capture, None, top=0.7),
    "EER": Area(
        lambda c: tb.measures.equal_error_rate(c, c.tp.double()).value,
        tb.measures.equal_error_rate_bounds,
        lambda points: references.equal_error_rate(points)[0],
        perfect=0,
        positives_first=(True, False),
    ),
    "KS": Area(
        lambda c: tb.measures.ks_statistic(c, c.tp.double()).value,
        tb.measures.ks_statistic_bounds,
        lambda points: references.ks_statistic(points)[0],
        positives_first=None,
    ),
}
EACH = pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
REACHED = {name: area for name, area in AREAS.items() if area.positives_first}
BINS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=8, max_size=8)


def numbers(preds, target, weights=None):
    """Labels, float64 scores and perhaps weights, as the references take them."""
    return target.numpy(), preds.double().numpy(), None if weights is None else weights.numpy()


@cache
def cases(cuts, weighted):
    """Hundreds of small samples, the same for every area: what the cuts leave of each, and its path."""
    rng, found = np.random.default_rng(CUTS.index(cuts)), []
    for _ in range(150 if weighted else 400):
        preds, target, weights = tied_samples(rng)
        weights[:2] = weights[:2].clamp(min=0.01)
        data = (preds, target, weights) if weighted else (preds, target)
        found.append((confusion_along(counts_of(cuts, *data)), references.path(*numbers(*data))))
    return found


@EACH
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cuts", CUTS, ids=repr)
def test_bounds_hold_in_hundreds_of_cases(area, cuts, weighted):
    for c, path in cases(cuts, weighted):
        low, high = area.bounds(c)
        assert low <= float(area.reference(path)) <= high
        assert low <= area.value(c) <= high
        assert high <= 1


def in_bins(counts):
    """Counts of both classes in 8 bins, at least one of each."""
    counts = torch.tensor(counts).T
    counts[:, 3] += torch.tensor([1, 1])
    return counts


@pytest.mark.parametrize("area", REACHED.values(), ids=REACHED)
@given(counts=BINS)
def test_some_order_inside_the_bins_reaches_each_bound(area, counts):
    counts = in_bins(counts)
    ends = area.bounds(confusion_along(counts))
    for end, positives_first, tied in zip(ends, area.positives_first, area.tied, strict=True):
        data = order_inside(counts, positives_first=positives_first, tied=tied)
        assert torch.equal(counts_of(Uniform(8), *data), counts[:, counts.sum(0) > 0])
        assert end.item() == pytest.approx(references.of_samples(area.reference)(*numbers(*data)), abs=1e-11)


@given(counts=BINS)
def test_the_smirnov_statistic_is_least_where_bins_are_tied_and_most_for_one_of_two_orders(counts):
    counts = in_bins(counts)
    low, high = tb.measures.ks_statistic_bounds(confusion_along(counts))
    value = references.of_samples(AREAS["KS"].reference)
    orders = [value(*numbers(*order_inside(counts, positives_first=first, tied=False))) for first in (False, True)]
    assert low.item() == pytest.approx(float(AREAS["KS"].value(confusion_along(counts))), abs=1e-12)
    assert high.item() == pytest.approx(max(orders), abs=1e-12)


@EACH
@pytest.mark.parametrize("most", [(10**12, 10**12), (10**12, 3), (3, 10**12), (10**6, 10**3)], ids=str)
@given(seed=SEEDS, bins=st.integers(1, 30))
def test_large_and_rare_counts_give_the_fraction_and_bounds_around_it(area, most, seed, bins):
    rng = np.random.default_rng(seed)
    counts = np.stack([rng.integers(0, end + 1, bins) for end in most]) * (rng.random((2, bins)) < rng.choice([0.3, 0.8, 1]))
    counts[:, rng.integers(bins)] += 1
    c = confusion_along(torch.from_numpy(counts))
    exact = area.reference(references.accumulated(counts.T[::-1].tolist()))
    low, high = area.bounds(c)
    assert area.value(c).item() == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
    assert low <= area.value(c) <= high
    assert Fraction(low.item()) <= exact <= Fraction(high.item())


@EACH
@given(seed=SEEDS, bins=st.integers(1, 12), orders=st.sampled_from([8, 18, 30]))
def test_weights_over_many_orders_of_magnitude_give_bounds_around_the_fraction(area, seed, bins, orders):
    rng = np.random.default_rng(seed)
    counts = 10.0 ** -(orders * rng.random((2, bins))) * (rng.random((2, bins)) < rng.choice([0.3, 0.8, 1]))
    counts[:, rng.integers(bins)] += 10.0 ** -(orders * rng.random(2))
    counts[rng.integers(2)] *= 10.0 ** -rng.choice([0, orders])
    c = confusion_along(torch.from_numpy(counts))
    exact = area.reference(references.accumulated(counts.T[::-1].tolist()))
    for ties in (torch.ones(bins, dtype=torch.bool), None):
        low, high = (end.item() for end in area.bounds(c, ties=ties))
        assert low <= exact <= high
        assert low <= area.value(c).item() <= high


PERFECT = {name: area for name, area in AREAS.items() if area.perfect is not None}


@pytest.mark.parametrize("area", PERFECT.values(), ids=PERFECT)
@pytest.mark.parametrize("bins", [2, 10, 3000])
@pytest.mark.parametrize("size", [1, 10**5, 10**9])
def test_a_perfect_order_gives_its_end_of_the_scale_and_bounds_up_to_it(area, bins, size):
    counts = torch.randint(1, size + 1, (2, bins), generator=torch.Generator().manual_seed(bins))
    counts[0, bins // 2 :] = 0
    counts[1, : bins // 2] = 0
    c = confusion_along(counts)
    low, high = area.bounds(c)
    assert area.value(c).item() == pytest.approx(area.perfect, abs=1e-12)
    assert low <= area.value(c) <= high <= 1
    assert [low.item(), high.item()] == pytest.approx([area.perfect] * 2, abs=1e-9)
