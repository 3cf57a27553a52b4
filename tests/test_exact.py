"""Counts of every distinct score equal scikit-learn on float32 scores, in memory that the distinct scores bound."""

import math
from itertools import pairwise

import pytest
import torch
from building import EVERY
from hypothesis import given, settings, strategies as st
from oracles import AREAS, CURVES, NAMED, VARIANTS, agree, ask, once, random_samples

import torch_binmetrics as tb

SEEDS = st.integers(0, 2**32 - 1)
POINTS = {name for name, named in NAMED.items() if issubclass(named, tb.metrics.AtBest)}
ALONG = [variant for variant in VARIANTS if variant[0] in AREAS | CURVES and "cuts" not in variant[1]]
EACH = pytest.mark.parametrize("variant", ALONG, ids=str)


@EACH
@settings(max_examples=12)
@given(seed=SEEDS, size=st.integers(0, 80), logits=st.booleans(), weighted=st.booleans())
def test_float32_scores_give_what_the_oracle_gives(variant, seed, size, *, logits, weighted):
    data = random_samples(seed, size, logits=logits, weighted=weighted)
    agree(once(variant, data, from_logits=logits, cuts=tb.Exact()).compute(), ask(variant, data, from_logits=logits))


@pytest.mark.parametrize("variant", [variant for variant in ALONG if variant[0] in AREAS], ids=str)
def test_bounds_of_exact_areas_are_the_value_itself(variant):
    metric = once(variant, random_samples(3, 50), cuts=tb.Exact())
    value = metric.compute()
    assert metric.bounds() == (value, value)


def test_bounds_of_an_exact_crossing_are_its_value():
    metric = tb.BinaryEER(tb.Exact())
    metric.update(*random_samples(3, 50))
    value = metric.compute().value
    assert metric.bounds() == (value, value)


@given(seed=SEEDS, size=st.integers(0, 80), cuts=st.lists(st.integers(0, 80), max_size=3))
def test_any_split_merged_in_any_order_gives_equal_counts(seed, size, cuts):
    preds, target = random_samples(seed, size)
    ends = [0, *sorted(cuts), len(preds)]
    whole = once(("BinaryAUROC", {}), (preds, target), cuts=tb.Exact())
    parts = [once(("BinaryAUROC", {}), (preds[a:b], target[a:b]), cuts=tb.Exact()) for a, b in pairwise(ends)]
    merged = tb.BinaryAUROC(tb.Exact())
    merged.merge_state(reversed(parts))
    assert torch.equal(merged.histogram.state, whole.histogram.state)
    called = tb.BinaryAUROC(tb.Exact())
    for a, b in pairwise(ends):
        called(preds[a:b], target[a:b])
    assert torch.equal(called.histogram.state, whole.histogram.state)


def test_memory_is_bounded_by_the_number_of_distinct_scores():
    metric = tb.BinaryAUROC(tb.Exact())
    for _ in range(20):
        metric.update(torch.rand(1000).mul(8).round() / 8, torch.randint(0, 2, (1000,)))
    assert metric.histogram.state.shape == (9, 3)
    assert int(metric.histogram.counts.sum()) == 20_000
    metric.reset()
    assert metric.histogram.state.shape == (0, 3)
    assert metric.compute().isnan()


def test_exact_and_binned_metrics_of_a_collection_count_apart_in_one_update():
    metrics = tb.MetricCollection(
        {
            "exact": tb.BinaryAUROC(tb.Exact()),
            "ap": tb.BinaryAveragePrecision(tb.Exact()),
            "binned": tb.BinaryAUROC(),
            "at": tb.BinaryRecall(),
        }
    )
    assert [histogram.layout.cuts for histogram in metrics.histograms] == [tb.Exact(), tb.FloatBits(16)]
    assert metrics["at"].histogram is metrics.histograms[0]
    preds, target = random_samples(1, 300)
    metrics.update(preds, target)
    values = metrics.compute()
    agree(values["exact"], ask(("BinaryAUROC", {}), (preds, target)))
    agree(values["ap"], ask(("BinaryAveragePrecision", {}), (preds, target)))
    low, high = metrics["binned"].bounds()
    assert low <= values["exact"] <= high
    again = metrics.clone()
    again.reset()
    again.load_state_dict(metrics.state_dict())
    again.merge_state(metrics)
    assert again.compute()["exact"] == values["exact"]


@pytest.mark.parametrize("bad", [(math.nan, 1), (0.5, 2)])
def test_a_bad_batch_changes_no_member_of_a_collection(bad):
    metrics = tb.MetricCollection({"exact": tb.BinaryAUROC(tb.Exact()), "binned": tb.BinaryAUROC()})
    metrics.update(*random_samples(1, 30))
    before = [histogram.state.clone() for histogram in metrics.histograms]
    with pytest.raises(ValueError, match="invalid samples"):
        metrics.update(torch.tensor([0.1, bad[0]]), torch.tensor([0, bad[1]]))
    assert all(torch.equal(histogram.state, state) for histogram, state in zip(metrics.histograms, before, strict=True))


def test_invalid_and_ignored_samples_are_left_out_and_reported():
    preds, target = torch.tensor([0.1, math.nan, 0.9, 0.8, 0.2]), torch.tensor([0, 1, 1, 7, -1])
    metric = tb.BinaryAUROC(tb.Exact(), invalid="drop", ignore_index=-1)
    metric.update(preds, target)
    assert metric.dropped == tb.counting.Dropped(bad_labels=1, nan_scores=1)
    assert metric.histogram.ignored == 1
    assert metric.compute() == 1


def test_a_state_of_another_kind_is_refused():
    exact, binned = tb.BinaryAUROC(tb.Exact()), tb.BinaryAUROC()
    with pytest.raises(ValueError, match="every distinct score"):
        exact.load_state_dict(binned.state_dict())
    with pytest.raises(ValueError, match="every distinct score"):
        binned.merge_state(exact)


@pytest.mark.parametrize("make", [tb.BinaryBrierScore, tb.BinaryMeanPrediction])
def test_means_are_exact_with_any_cuts_and_take_no_exact_ones(make):
    with pytest.raises(ValueError, match=r"Exact\(\) is for areas, curves and points"):
        make(tb.Exact())


@given(seed=SEEDS, size=st.integers(0, 60), at=st.floats(0, 1), logits=st.booleans(), weighted=st.booleans())
def test_any_threshold_is_read_off_exact_counts(seed, size, at, *, logits, weighted):
    at = min(max(at, 1e-6), 1 - 1e-6)
    data = random_samples(seed, size, logits=logits, weighted=weighted)
    options = {"from_logits": logits, "weighted": weighted}
    metrics = tb.MetricCollection([tb.BinaryAUROC(tb.Exact(), **options), tb.BinaryStatScores([at, 0.999999], **options)])
    assert len(metrics.histograms) == 1 + weighted  # an interval needs squared weights, which exact counts do not sum
    metrics.update(*data)
    alone = tb.BinaryStatScores([at, 0.999999], **options)
    alone.update(*data)
    torch.testing.assert_close(metrics.compute()["BinaryStatScores"], alone.compute(), rtol=1e-12, atol=1e-12)


def test_every_bin_of_exact_cuts_is_a_float32_number_and_the_next_begins_at_the_next():
    exact = tb.Exact()
    scores = torch.tensor([-math.inf, -1.5, -1e-45, -0.0, 0.0, 1e-45, 0.3, 1.0, math.inf])
    bins = exact.index(scores)
    assert torch.equal(exact.thresholds(bins), scores)
    assert torch.equal(exact.thresholds(bins[1:-1] + 1), torch.nextafter(scores[1:-1], torch.tensor(math.inf)))
    assert (bins[0], bins[-1]) == (0, exact.bins - 1)
    with pytest.raises(ValueError, match="say which ones"):
        exact.thresholds()


@pytest.mark.parametrize("name", sorted(POINTS | CURVES.keys() | AREAS.keys()))
def test_every_area_curve_and_point_can_be_exact_and_equals_fine_bins_on_bfloat16_scores(name):
    preds, target = random_samples(11, 200)
    exact, binned = EVERY[name](cuts=tb.Exact()), EVERY[name]()
    for metric in (exact, binned):
        metric.update(preds.bfloat16(), target)
    one, other = exact.compute(), binned.compute()
    agree(one, tuple(part.numpy() for part in other) if isinstance(other, tuple) else other.numpy())


def test_an_exact_area_has_an_interval():
    metric = once(("BinaryAUROC", {}), random_samples(2, 200), cuts=tb.Exact())
    low, high = metric.confidence_interval()
    assert low < metric.compute() < high
