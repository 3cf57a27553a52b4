"""A million skewed scores against scikit-learn, counts beyond 2^24, 2^31 and 1e10, and the same bits on 1 and 2 threads."""

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings, strategies as st
from oracles import AREAS, NAMED, SUMS, VARIANTS, agree, ask, once
from scipy.special import expit

import torch_binmetrics as tb

SIZE = 1_000_000


def normal(mean):
    return lambda rng, size: rng.normal(mean, 2, size)


def beta(a, b):
    return lambda rng, size: rng.beta(a, b, size)


#: Scores of negatives, scores of positives, share of positives, and what is done to the scores.
DISTRIBUTIONS = {
    "rare near 0": (beta(1, 2000), beta(2, 2000), 0.002, np.asarray),
    "rare near 1": (beta(2, 2000), beta(1, 2000), 0.002, lambda p: 1 - p),
    "saturated": (normal(12), normal(14), 0.1, expit),
    "logits": (normal(12), normal(14), 0.1, np.asarray),
    "spread": (beta(2, 3), beta(3, 2), 0.5, np.asarray),
    "low": (beta(1, 60), beta(2, 60), 0.03, np.asarray),
}
EACH_DISTRIBUTION = pytest.mark.parametrize("name", DISTRIBUTIONS)
COUNT_VARIANTS = [variant for variant in VARIANTS if variant[0] not in SUMS]
AREA_VARIANTS = [variant for variant in VARIANTS if variant[0] in AREAS]
AUROC, AP = ("BinaryAUROC", {}), ("BinaryAveragePrecision", {})


@cache
def million(name):
    """Float32 scores and labels of a distribution."""
    negatives, positives, share, then = DISTRIBUTIONS[name]
    rng = np.random.default_rng(1)
    target = rng.random(SIZE) < share
    scores = negatives(rng, SIZE)
    scores[target] = positives(rng, int(target.sum()))
    return torch.from_numpy(then(scores).astype(np.float32)), torch.from_numpy(target).long()


def test_the_area_of_a_million_rare_positives_is_the_known_one():
    assert ask(AUROC, million("rare near 0")) == pytest.approx(0.753, abs=0.01)
    assert once(AUROC, million("rare near 0"), cuts=tb.Uniform(256)).compute() < 0.51


@EACH_DISTRIBUTION
def test_the_areas_of_a_million_samples_are_close_and_within_their_bounds(name):
    data = million(name)
    collection = tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryAveragePrecision()])
    collection.update(*data)
    assert len(collection.histograms) == 1
    for variant in (AUROC, AP):
        metric, exact = collection[variant[0]], ask(variant, data)
        low, high = metric.bounds()
        assert low <= exact <= high
        assert low <= metric.compute() <= high
        if variant == AUROC:
            assert metric.compute().item() == pytest.approx(exact, abs=1e-4)
            assert high - low < 0.01


@pytest.mark.parametrize(
    ("name", "dtype", "bits"),
    [
        *((name, torch.bfloat16, 16) for name in DISTRIBUTIONS),
        *((name, torch.float16, 19) for name in ("rare near 0", "saturated", "logits")),
    ],
)
def test_the_areas_of_a_million_half_precision_scores_are_exact(name, dtype, bits):
    preds, target = million(name)
    data = preds.to(dtype), target
    options = {"from_logits": name == "logits"} | ({} if bits == 16 else {"cuts": tb.FloatBits(bits)})
    for variant in (AUROC, AP):
        agree(once(variant, data, **options).compute(), ask(variant, data))


@pytest.mark.parametrize("limit", [2**24, 2**31, 2**53])
@pytest.mark.parametrize("cuts", [tb.Threshold(0.5), tb.FloatBits(16), tb.Uniform(1024)], ids=repr)
def test_counts_go_on_exactly_beyond(limit, cuts):
    metric = tb.Metric(lambda c: c, cuts)
    at = int(cuts.index(torch.tensor(0.75)))
    metric.histogram.store.counts(metric.histogram.state)[:, at] = limit - 2
    for _ in range(5):
        metric.update(torch.full((3,), 0.75), torch.tensor([0, 1, 1]))
    assert metric.histogram.counts[:, at].tolist() == [limit + 3, limit + 8]
    c = metric.compute()
    assert [int(count.reshape(-1)[-1]) for count in (c.fp, c.tp)] == [limit + 3, limit + 8]
    metric.merge_state([metric.clone(), metric.clone()])
    assert metric.histogram.counts[:, at].tolist() == [3 * (limit + 3), 3 * (limit + 8)]


def test_sums_of_weights_go_on_exactly_beyond_2_to_the_31():
    metric = tb.BinaryStatScores(weighted=True)
    metric.histogram.store.counts(metric.histogram.state)[:] = 2.0**31 - 1
    for _ in range(3):
        metric.update(torch.tensor([0.1, 0.9, 0.9]), torch.tensor([0, 1, 1]))
    assert metric.compute().tolist() == [2**31 + 5, 2**31 - 1, 2**31 + 2, 2**31 - 1, 2**32 + 4]


def test_twenty_million_equal_scores_are_all_counted():
    metric = tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryStatScores(), tb.BinaryStatScores(0.7)][:2])
    preds, target = torch.full((SIZE,), 0.625), torch.ones(SIZE, dtype=torch.int64)
    target[:2] = 0
    for _ in range(20):
        metric.update(preds, target)
    assert metric["BinaryStatScores"].compute().tolist() == [20 * SIZE - 40, 40, 0, 0, 20 * SIZE - 40]
    assert int(metric["BinaryAUROC"].tp) == 20 * SIZE - 40 > 2**24


LARGE = st.integers(0, 4 * 10**10)


@given(tp=LARGE, fp=LARGE, tn=LARGE, fn=LARGE)
def test_products_of_large_counts_do_not_overflow(**counts):
    tp, fp, tn, fn = counts.values()
    c = tb.Confusion(*(torch.tensor(count) for count in (tp, fp, tn, fn)))
    margins = (tp + fn) * (tn + fp) * (tp + fp) * (tn + fn)
    if margins:
        exact = Fraction(tp * tn - fp * fn, math.isqrt(margins * 10**40)) * 10**20
        assert tb.measures.matthews_corrcoef(c).item() == pytest.approx(float(exact), abs=1e-12)
    agreement = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
    if agreement:
        assert tb.measures.cohen_kappa(c).item() == pytest.approx(
            float(Fraction(2 * (tp * tn - fp * fn), agreement)), abs=1e-12
        )


#: scikit-learn's own correlation of large weights is right to 8 digits only; the test above asks fractions.
LARGE_VARIANTS = [(name, options) for name, options in COUNT_VARIANTS if "threshold" not in options and "Matthews" not in name]


@pytest.mark.parametrize("variant", LARGE_VARIANTS, ids=str)
@settings(max_examples=15)
@given(counts=st.lists(st.integers(1, 4 * 10**10), min_size=4, max_size=4))
@example(counts=[179353421, 1, 8, 1])
def test_every_metric_of_large_counts_equals_its_oracle_on_weights(variant, counts):
    preds, target = torch.tensor([0.25, 0.75, 0.25, 0.75]), torch.tensor([0, 0, 1, 1])
    metric = once(variant, (preds, target))
    cells = metric.histogram.layout.scored.index(preds)
    metric.histogram.store.counts(metric.histogram.state)[target, cells] = torch.tensor(counts)
    value, exact = metric.compute(), ask(variant, (preds, target, torch.tensor(counts, dtype=torch.float64)))
    agree(value, exact if isinstance(value, tuple) or value.is_floating_point() else exact.astype(int))


@given(seed=st.integers(0, 2**32 - 1), bins=st.integers(2, 50))
def test_the_areas_of_large_counts_equal_fractions(seed, bins):
    counts = torch.randint(0, 10**10, (2, bins), generator=torch.Generator().manual_seed(seed))
    c = tb.measures.confusion_along(counts)
    above = [0, 0]
    pairs, found = 0, Fraction(0)
    for negatives, positives in reversed(counts.T.tolist()):
        pairs += negatives * (2 * above[1] + positives)
        above = [above[0] + negatives, above[1] + positives]
        found += Fraction(positives * above[1], sum(above) or 1)
    assert tb.measures.auroc(c).item() == pytest.approx(float(Fraction(pairs, 2 * above[0] * above[1])), abs=1e-12)
    assert tb.measures.average_precision(c).item() == pytest.approx(float(found / above[1]), abs=1e-12)


def bits(value):
    """The bits of a computed value."""
    if isinstance(value, tuple):
        return [word for part in value for word in bits(part)]
    return [value.view(torch.int64 if value.itemsize == 8 else torch.int32).tolist()]


@pytest.fixture
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def many_bins(seed, chosen):
    """A collection of chosen variants on counts up to a million in more than 32,768 bins."""
    generator = torch.Generator().manual_seed(seed)
    edges = tb.FloatBits(16).thresholds().unique()
    preds = edges[torch.rand(len(edges), generator=generator) < 0.55].repeat(3)
    target = torch.randint(2, preds.shape, generator=generator)
    collection = tb.MetricCollection({str(variant): NAMED[variant[0]](**variant[1]) for variant in chosen})
    collection.update(preds, target)
    for histogram in collection.histograms:
        histogram.state *= torch.randint(1, 10**6, histogram.state.shape, generator=generator)
    assert max(int((histogram.counts.sum(0) > 0).sum()) for histogram in collection.histograms) > 32_768
    return collection


@pytest.mark.filterwarnings("ignore:scores outside")  # the samples are floats of all sizes
@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize(("seed", "chosen"), [(0, COUNT_VARIANTS), *((seed, AREA_VARIANTS) for seed in range(1, 4))])
def test_one_and_two_threads_give_the_same_bits_of_every_metric(seed, chosen):
    collection = many_bins(seed, chosen)
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        assert torch.get_num_threads() == threads
        found = {name: bits(value) for name, value in collection.compute().items()}
        found |= {f"bounds of {variant}": bits(collection[str(variant)].bounds()) for variant in AREA_VARIANTS}
        results.append(found)
    assert len(results[0]) == len(chosen) + len(AREA_VARIANTS)
    assert [name for name in results[0] if results[0][name] != results[1][name]] == []


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("name", [name for name in SUMS if not issubclass(SUMS[name], tb.metrics.InBins)])
def test_one_and_two_threads_give_the_same_bits_of_every_mean(name):
    preds = tb.FloatBits(18).thresholds().unique()
    preds = preds[(preds >= 0) & (preds <= 1)].repeat(2)
    target = torch.randint(2, preds.shape, generator=torch.Generator().manual_seed(0))
    metric = once((name, {}), (preds, target), cuts=tb.FloatBits(18))
    assert int((metric.histogram.counts.sum(0) > 0).sum()) > 32_768
    values = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        values.append(bits(metric.compute()))
    assert values[0] == values[1]
