"""Counts of every distinct score equal scikit-learn on float32 scores, in memory that the distinct scores bound."""

import math
from itertools import pairwise

import pytest
import torch
from building import EVERY
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import AREAS, CURVES, NAMED, VARIANTS, agree, ask, once, random_samples

import torch_binmetrics as tb

SEEDS = st.integers(0, 2**32 - 1)
POINTS = {name for name, named in NAMED.items() if issubclass(named, tb.AtBest)}
ALONG = [variant for variant in VARIANTS if variant[0] in AREAS | CURVES and "cuts" not in variant[1]]
EACH = pytest.mark.parametrize("variant", ALONG, ids=str)


@EACH
@settings(max_examples=12)
@given(seed=SEEDS, size=st.integers(0, 80), logits=st.booleans(), weighted=st.booleans())
def test_float32_scores_give_what_the_oracle_gives(variant, seed, size, *, logits, weighted):
    data = random_samples(seed, size, logits=logits, weighted=weighted)
    agree(once(variant, data, from_logits=logits, exact=True).compute(), ask(variant, data, from_logits=logits))


@pytest.mark.parametrize("variant", [variant for variant in ALONG if variant[0] in AREAS], ids=str)
def test_bounds_of_exact_areas_are_the_value_itself(variant):
    metric = once(variant, random_samples(3, 50), exact=True)
    value = metric.compute()
    assert metric.bounds() == (value, value)


def test_bounds_of_an_exact_crossing_are_its_value():
    metric = tb.BinaryEER(exact=True)
    metric.update(*random_samples(3, 50))
    value = metric.compute().value
    assert metric.bounds() == (value, value)


@given(seed=SEEDS, size=st.integers(0, 80), cuts=st.lists(st.integers(0, 80), max_size=3))
def test_any_split_merged_in_any_order_gives_equal_counts(seed, size, cuts):
    preds, target = random_samples(seed, size)
    ends = [0, *sorted(cuts), len(preds)]
    whole = once(("BinaryAUROC", {}), (preds, target), exact=True)
    parts = [once(("BinaryAUROC", {}), (preds[a:b], target[a:b]), exact=True) for a, b in pairwise(ends)]
    merged = tb.BinaryAUROC(exact=True)
    merged.merge_state(reversed(parts))
    assert torch.equal(merged.histogram.state, whole.histogram.state)
    called = tb.BinaryAUROC(exact=True)
    for a, b in pairwise(ends):
        called(preds[a:b], target[a:b])
    assert torch.equal(called.histogram.state, whole.histogram.state)


def test_memory_is_bounded_by_the_number_of_distinct_scores():
    metric = tb.BinaryAUROC(exact=True)
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
            "exact": tb.BinaryAUROC(exact=True),
            "ap": tb.BinaryAveragePrecision(exact=True),
            "binned": tb.BinaryAUROC(),
            "at": tb.BinaryRecall(),
        }
    )
    assert [histogram.layout.exact for histogram in metrics.histograms] == [True, False]
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
    metrics = tb.MetricCollection({"exact": tb.BinaryAUROC(exact=True), "binned": tb.BinaryAUROC()})
    metrics.update(*random_samples(1, 30))
    before = [histogram.state.clone() for histogram in metrics.histograms]
    with pytest.raises(ValueError, match="invalid samples"):
        metrics.update(torch.tensor([0.1, bad[0]]), torch.tensor([0, bad[1]]))
    assert all(torch.equal(histogram.state, state) for histogram, state in zip(metrics.histograms, before, strict=True))


def test_invalid_and_ignored_samples_are_left_out_and_reported():
    preds, target = torch.tensor([0.1, math.nan, 0.9, 0.8, 0.2]), torch.tensor([0, 1, 1, 7, -1])
    metric = tb.BinaryAUROC(exact=True, invalid="drop", ignore_index=-1)
    metric.update(preds, target)
    assert metric.dropped == tb.Dropped(bad_labels=1, nan_scores=1)
    assert metric.histogram.ignored == 1
    assert metric.compute() == 1


def test_a_state_of_another_kind_is_refused():
    exact, binned = tb.BinaryAUROC(exact=True), tb.BinaryAUROC()
    with pytest.raises(ValueError, match="every distinct score"):
        exact.load_state_dict(binned.state_dict())
    with pytest.raises(ValueError, match="every distinct score"):
        binned.merge_state(exact)


@pytest.mark.parametrize("make", [tb.BinaryRecall, tb.BinaryBrierScore, tb.BinaryCalibrationError])
def test_what_has_cuts_or_sums_of_its_own_takes_no_exact(make):
    with pytest.raises(ValueError, match="exact=True is for"):
        make(exact=True)
    with pytest.raises(ValueError, match="exact=True is for"):
        tb.BinaryAUROC(64, exact=True)


@pytest.mark.parametrize("name", sorted(POINTS | CURVES.keys() | AREAS.keys()))
def test_every_area_curve_and_point_can_be_exact_and_equals_fine_bins_on_bfloat16_scores(name):
    preds, target = random_samples(11, 200)
    exact, binned = EVERY[name](exact=True), EVERY[name]()
    for metric in (exact, binned):
        metric.update(preds.bfloat16(), target)
    one, other = exact.compute(), binned.compute()
    agree(one, tuple(part.numpy() for part in other) if isinstance(other, tuple) else other.numpy())


def test_an_exact_area_has_an_interval():
    metric = once(("BinaryAUROC", {}), random_samples(2, 200), exact=True)
    low, high = metric.confidence_interval()
    assert low < metric.compute() < high
