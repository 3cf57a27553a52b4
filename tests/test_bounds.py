"""Bounds hold whatever the scores inside the bins are, and some order of them reaches each."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from oracles import Ranks, agree, ask, random_samples
from placements import counts_of, order_inside, tied_samples

from torch_binmetrics import BinaryAUROC, BinaryAveragePrecision, Edges, FloatBits, Uniform
from torch_binmetrics.measures import auroc, auroc_bounds, average_precision, average_precision_bounds, confusion_along

SEEDS = st.integers(0, 2**32 - 1)
CUTS = [Uniform(8), Uniform(2), Edges([0.1, 0.3, 0.5, 0.9]), FloatBits(9, centre=None), FloatBits(16)]
MAX_FPRS = [0.05, 0.1, 1 / 3, 0.5, 1.0]


def ranks(preds, target, weights=None):
    """The samples by class for the areas' meanings."""
    s, y = preds.double().numpy(), target.numpy() == 1
    w = np.ones(len(y)) if weights is None else weights.numpy()
    return Ranks(s[~y], s[y], w[~y], w[y])


@given(seed=SEEDS, size=st.integers(0, 40), weighted=st.booleans(), max_fpr=st.floats(0.01, 1))
def test_the_meaning_of_each_area_is_that_of_scikit_learn(seed, size, weighted, max_fpr):
    data = random_samples(seed, size, weighted=weighted)
    meaning = ranks(*data)
    agree(torch.tensor(meaning.auroc(), dtype=torch.float64), ask(("BinaryAUROC", {}), data))
    agree(torch.tensor(meaning.average_precision(), dtype=torch.float64), ask(("BinaryAveragePrecision", {}), data))
    exact = ask(("BinaryAUROC", {"max_fpr": max_fpr}), data)
    agree(torch.tensor(meaning.partial_auroc(max_fpr), dtype=torch.float64), exact)


@pytest.mark.parametrize("cuts", CUTS, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.slow
def test_bounds_hold_in_3000_cases(cuts, weighted):
    rng = np.random.default_rng(CUTS.index(cuts))
    for case in range(3000 // len(CUTS)):
        preds, target, weights = tied_samples(rng)
        if weighted:
            weights[:2] = weights[:2].clamp(min=0.01)
        data = (preds, target, weights) if weighted else (preds, target)
        c, exact, max_fpr = confusion_along(counts_of(cuts, *data)), ranks(*data), MAX_FPRS[case % len(MAX_FPRS)]
        for value, (low, high), true in (
            (auroc(c), auroc_bounds(c), exact.auroc()),
            (average_precision(c), average_precision_bounds(c), exact.average_precision()),
            (auroc(c, max_fpr), auroc_bounds(c, max_fpr), exact.partial_auroc(max_fpr)),
        ):
            assert low <= true <= high
            assert low <= value <= high
            assert low >= 0
            assert high <= 1


@given(counts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=8, max_size=8), max_fpr=st.floats(0.01, 1))
def test_some_order_inside_the_bins_reaches_each_bound(counts, max_fpr):
    counts = torch.tensor(counts).T
    counts[:, 3] += torch.tensor([1, 1])
    for metric, options, area in (
        (BinaryAUROC, {}, Ranks.auroc),
        (BinaryAUROC, {"max_fpr": max_fpr}, lambda order: order.partial_auroc(max_fpr)),
        (BinaryAveragePrecision, {}, Ranks.average_precision),
    ):
        for end, positives_first in enumerate([False, True]):
            data = order_inside(counts, positives_first=positives_first, tied=positives_first)
            binned = metric(8, **options)
            binned.update(*data)
            assert torch.equal(binned.histogram.counts, counts)
            assert binned.bounds()[end].item() == pytest.approx(area(ranks(*data)), abs=1e-9)


def test_a_bound_of_average_precision_is_that_of_all_orders_of_a_bin():
    for negatives, positives in itertools.product(range(1, 5), range(1, 5)):
        c = confusion_along(torch.tensor([[1, negatives, 1], [2, positives, 1]]))
        lows, highs = average_precision_bounds(c)
        found = []
        for order in itertools.product(range(4), repeat=2):
            scores = [(1, 0), (1, 1), (1, 1), (3, 0), (3, 1)]
            scores += [(2 + (i % (order[0] + 1)) / 10, 0) for i in range(negatives)]
            scores += [(2 + (i % (order[1] + 1)) / 10 + 0.05, 1) for i in range(positives)]
            preds, target = (torch.tensor(column) for column in zip(*scores, strict=True))
            found.append(ranks(preds.float(), target).average_precision())
        assert lows <= min(found)
        assert max(found) <= highs


@pytest.mark.parametrize("negatives", [0, 1, 2, 5, 13, 27, 31, 32, 33, 100, 1000, 10**6, 10**9])
def test_one_positive_in_a_bin_leaves_no_lower_average_precision(negatives):
    for above in range(0, 40, 3):
        c = confusion_along(torch.tensor([[negatives, above], [1, 0]]))
        low, high = average_precision_bounds(c)
        exact = Fraction(1, 1 + negatives + above)
        assert Fraction(low.item()) <= exact
        assert low.item() == pytest.approx(float(exact), abs=1e-13)
        assert low <= average_precision(c) <= high


def exact_low(counts):
    """The lowest average precision, to 60 digits, of counts in ascending bins."""
    with mpmath.workdps(60):
        found, false, total = 0, 0, mpmath.mpf(0)
        for negatives, positives in reversed(counts.T.tolist()):
            false += negatives
            if positives and false:
                difference = mpmath.digamma(found + positives + false + 1) - mpmath.digamma(found + false + 1)
                total += positives - false * difference
            elif positives:
                total += positives
            found += positives
        return total / found


@given(seed=SEEDS, bins=st.integers(1, 40), negatives=st.integers(0, 9), positives=st.integers(0, 6))
def test_the_lower_bound_of_average_precision_is_certain_and_close_to_60_digits(seed, bins, negatives, positives):
    rng = np.random.default_rng(seed)
    counts = np.stack([rng.integers(0, 10**negatives + 1, bins), rng.integers(0, 10**positives + 1, bins)])
    counts *= rng.random((2, bins)) < rng.choice([0.3, 0.8, 1])
    counts[:, 0] += 1
    counts = torch.from_numpy(counts)
    low, _ = average_precision_bounds(confusion_along(counts))
    exact = exact_low(counts)
    assert mpmath.mpf(low.item()) <= exact
    assert exact - low.item() < 1e-9


@pytest.mark.parametrize("few", [1, 100, 10**6])
@pytest.mark.parametrize("bins", [1, 5, 1000, 97_537])
@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_million_negatives_keep_the_ends_in_order(few, bins, seed):
    generator = torch.Generator().manual_seed(seed)
    negatives = torch.rand(bins, generator=generator) ** (1 + 4 * seed)
    counts = torch.stack([(negatives / negatives.sum() * 1e9).long(), torch.zeros(bins, dtype=torch.int64)])
    counts[0, 0] += 10**9 - counts[0].sum()
    counts[1].index_add_(0, torch.randint(bins, (few,), generator=generator), torch.ones(few, dtype=torch.int64))
    assert counts.sum(1).tolist() == [10**9, few]
    c = confusion_along(counts)
    for value, (low, high) in (
        (average_precision(c), average_precision_bounds(c)),
        (auroc(c), auroc_bounds(c)),
        (auroc(c, 0.01), auroc_bounds(c, 0.01)),
    ):
        assert 0 <= low <= value <= high <= 1


@given(seed=SEEDS, bins=st.sampled_from([2, 10, 3000]), size=st.sampled_from([1, 10**5, 10**9]), max_fpr=st.floats(1e-3, 1))
def test_a_perfect_order_keeps_area_and_bounds_within_one(seed, bins, size, max_fpr):
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(1, size + 1, (2, bins), generator=generator)
    counts[0, bins // 2 :] = 0
    counts[1, : bins // 2] = 0
    c = confusion_along(counts)
    for value, (low, high) in (
        (average_precision(c), average_precision_bounds(c)),
        (auroc(c), auroc_bounds(c)),
        (auroc(c, max_fpr), auroc_bounds(c, max_fpr)),
    ):
        assert value.item() == pytest.approx(1, abs=1e-12)
        assert low <= value <= high
        assert high <= 1


@given(seed=SEEDS, weighted=st.booleans())
def test_finer_cuts_never_widen_the_bounds(seed, weighted):
    data = random_samples(seed, 60, weighted=weighted)
    for metric in (BinaryAUROC, BinaryAveragePrecision):
        ends = []
        for bins in (2, 8, 64, 4096):
            binned = metric(bins, weighted=weighted)
            binned.update(*data)
            ends.append([end.item() for end in binned.bounds()])
        lows, highs = zip(*ends, strict=True)
        assert all(later >= earlier - 1e-12 for earlier, later in itertools.pairwise(lows))
        assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(highs))


@pytest.mark.parametrize("from_logits", [False, True])
def test_bounds_of_bfloat16_scores_have_no_width(from_logits):
    metric = BinaryAUROC(from_logits=from_logits)
    metric.update(torch.tensor([0.5, 0.5, 0.25, 0.75], dtype=torch.bfloat16), torch.tensor([0, 1, 0, 1]))
    assert metric.compute() == 0.875
    assert metric.bounds() == (0.875, 0.875)
    metric.update(torch.tensor([0.5 + 2**-15]), torch.tensor([0]))  # off the edge: now the bin of 0.5 may be no tie
    assert [end.item() for end in metric.bounds()] == pytest.approx([4 / 6, 1.0], abs=1e-12)
