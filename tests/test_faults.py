"""The faults that were found in other libraries by running them, each as a test that we are free of it."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryConfusionMatrix,
    BinaryMatthewsCorrCoef,
    BinaryRecall,
    BinaryROC,
    BinaryStatScores,
    Edges,
    FloatBits,
    MetricCollection,
    Uniform,
)

PEERS_CUTS = [FloatBits(16), Uniform(1024), Edges([0.25, 0.5, 0.75])]


def doubled(metric, times):
    """The metric with its counts doubled that many times."""
    for _ in range(times):
        metric.merge_state(metric.clone())
    return metric


def skewed(samples=500_000, *, near_one=False):
    """Scores and labels of 0.2 % positives whose scores crowd near 0, or mirrored, near 1, in float32 as float64."""
    rng = np.random.default_rng(0)
    labels = rng.random(samples) < (0.998 if near_one else 0.002)
    rare = labels != near_one
    scores = np.where(rare, rng.beta(2, 2000, samples), rng.beta(1, 2000, samples))
    return (1 - scores if near_one else scores).astype(np.float32).astype(np.float64), labels.astype(np.int64)


@pytest.mark.parametrize("power", [24, 26, 32, 53])
def test_three_thousand_true_positives_count_as_three_thousand_on_top_of_any_number(power):
    metric = BinaryStatScores()
    metric.update(torch.full((1024,), 0.9), torch.ones(1024))
    doubled(metric, power - 10)
    for _ in range(3000 // 1000):
        metric.update(torch.full((1000,), 0.9), torch.ones(1000))
    assert metric.compute().tolist() == [2**power + 3000, 0, 0, 0, 2**power + 3000]


def test_one_sample_at_a_time_counts_above_two_to_the_24():
    metric = BinaryAUROC()
    metric.update(torch.full((1024,), 0.9), torch.ones(1024))
    doubled(metric, 14)
    for _ in range(5):
        metric.update(torch.tensor(0.9), torch.tensor(1))
    assert metric.tp.tolist() == [2**24 + 5]


def test_products_of_huge_counts_do_not_overflow():
    metric = BinaryMatthewsCorrCoef()
    metric.update(torch.tensor([0.9, 0.9, 0.1, 0.1, 0.9]), torch.tensor([1, 1, 0, 0, 0]))
    small = metric.compute()
    doubled(metric, 40)
    assert abs(metric.compute() - small) <= 1e-15
    area = BinaryAUROC([0.5, 0.85])
    area.update(torch.tensor([0.9, 0.8, 0.1, 0.1, 0.9]), torch.tensor([1, 1, 0, 0, 0]))
    small = area.compute()
    assert abs(doubled(area, 40).compute() - small) <= 1e-15


@pytest.mark.parametrize("near_one", [False, True])
def test_skewed_scores_give_the_exact_area_to_1e_4_by_default(near_one):
    scores, labels = skewed(near_one=near_one)
    exact = roc_auc_score(labels, scores)
    assert abs(exact - 0.753) < 0.02  # with a thousand positives the sample itself is that far from 0.753
    metrics = MetricCollection([BinaryAUROC(), BinaryAveragePrecision()])
    metrics.update(torch.from_numpy(scores), torch.from_numpy(labels))
    assert abs(metrics["BinaryAUROC"].compute() - exact) < 1e-4
    for metric, true in zip(metrics.values(), (exact, average_precision_score(labels, scores)), strict=True):
        low, high = metric.bounds()
        assert low <= true <= high
        assert low <= metric.compute() <= high


def test_coarse_uniform_bins_say_how_little_they_know_of_skewed_scores():
    scores, labels = skewed(100_000)
    metric = BinaryAUROC(256)
    metric.update(torch.from_numpy(scores), torch.from_numpy(labels))
    exact = roc_auc_score(labels, scores)
    low, high = metric.bounds()
    assert low <= exact <= high
    assert abs(metric.compute() - exact) > 0.05
    assert high - low > 0.2


def test_scores_saturated_near_one_give_the_exact_area_to_1e_4():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200_000)
    logits = rng.normal(9 + labels, 1.0)
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32).astype(np.float64)
    exact = roc_auc_score(labels, scores)
    assert abs(exact - 0.761) < 0.01
    metric = BinaryAUROC()
    metric.update(torch.from_numpy(scores), torch.from_numpy(labels))
    assert abs(metric.compute() - exact) < 1e-4


@pytest.mark.parametrize("size", [2, 31, 1000])
def test_whether_scores_are_logits_is_not_decided_batch_by_batch(size):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (1000,), generator=generator)
    logits = (torch.randn(1000, generator=generator) + 2 * labels).bfloat16()
    metric = BinaryAUROC()
    for preds, target in zip(logits.split(size), labels.split(size), strict=True):
        metric.update(preds, target)
    assert abs(float(metric.compute()) - roc_auc_score(labels, logits.double())) <= 1e-12


def test_logits_inside_the_unit_interval_are_logits_all_the_same():
    logits, labels = torch.tensor([0.2, 0.4, 0.6, 0.8]), torch.tensor([0, 1, 1, 1])
    declared, plain = BinaryStatScores(from_logits=True), BinaryStatScores()
    declared.update(logits, labels)
    plain.update(logits, labels)
    assert declared.compute().tolist() == [3, 1, 0, 0, 3]
    assert plain.compute().tolist() == [2, 0, 1, 1, 3]


def test_one_score_outside_the_unit_interval_does_not_change_how_the_others_are_read():
    preds, labels = torch.tensor([0.2, 0.3, 0.9, 1.5, -0.5]), torch.tensor([0, 1, 1, 1, 0])
    metric = BinaryStatScores()
    metric.update(preds, labels)
    tn, fp, fn, tp = confusion_matrix(labels, preds >= 0.5).ravel()
    assert metric.compute().tolist() == [tp, fp, tn, fn, tp + fn]


def test_one_nan_does_not_change_how_the_others_are_read():
    preds, labels = torch.tensor([0.2, 0.3, 0.9, math.nan]), torch.tensor([0, 1, 1, 1])
    metric = BinaryStatScores(invalid="drop")
    metric.update(preds, labels)
    assert metric.compute().tolist() == [1, 0, 1, 1, 2]


@pytest.mark.parametrize("at", [0.9, 0.3])
def test_two_thresholds_that_agree_on_the_first_batch_never_share_counts(at):
    metrics = MetricCollection({"half": BinaryAccuracy(0.5), "other": BinaryAccuracy(at)})
    metrics.update(torch.tensor([0.1, 0.95]), torch.tensor([0, 1]))
    assert set(map(float, metrics.compute().values())) == {1.0}
    between = (0.5 + at) / 2
    metrics.update(torch.tensor([between, between]), torch.tensor([1, 1]))
    values = metrics.compute()
    assert float(values["half"]) == (1.0 if between >= 0.5 else 0.5)
    assert float(values["other"]) == (1.0 if between >= at else 0.5)


@pytest.mark.parametrize("change", ["merge_state", "load_state_dict", "update", "reset"])
def test_computing_first_never_makes_a_later_value_stale(change):
    metric, other = BinaryRecall(), BinaryRecall()
    metric.update(torch.tensor([0.9, 0.1]), torch.tensor([1, 1]))
    other.update(torch.tensor([0.1, 0.2]), torch.tensor([1, 1]))
    assert float(metric.compute()) == 0.5
    argument = {"merge_state": (other,), "load_state_dict": (other.state_dict(),), "reset": ()}
    getattr(metric, change)(*argument.get(change, (torch.tensor([0.1, 0.2]), torch.tensor([1, 1]))))
    expected = {"merge_state": 0.25, "load_state_dict": 0.0, "update": 0.25, "reset": math.nan}[change]
    assert float(metric.compute()) == pytest.approx(expected, abs=0, nan_ok=True)


@pytest.mark.parametrize("metric", [BinaryAUROC(), BinaryAveragePrecision(), BinaryRecall(), BinaryROC(), BinaryAUROC(64)])
def test_an_empty_batch_counts_nothing_and_computes(metric):
    before = metric.histogram.state.clone()
    metric.update(torch.empty(0), torch.empty(0, dtype=torch.long))
    assert torch.equal(metric.histogram.state, before)
    value = metric.compute()
    parts = value[:1] if isinstance(value, tuple) else [value]
    assert all(part.isnan().all() for part in parts)


def test_an_empty_batch_between_others_changes_no_value():
    metric = BinaryAUROC()
    metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    metric.update(torch.empty(0, 1), torch.empty(0, 1))
    assert float(metric.compute()) == 0.75


@pytest.mark.parametrize("labels", [[0, 1, 2], [0.0, 1.0, 0.5], [0.3, 0.7, 0.9]])
@pytest.mark.parametrize("cls", [BinaryAUROC, BinaryAccuracy])
def test_a_label_of_two_and_soft_labels_are_refused(cls, labels):
    metric = cls()
    with pytest.raises(ValueError, match="bad labels"):
        metric.update(torch.tensor([0.1, 0.6, 0.8]), torch.tensor(labels))
    assert not metric.histogram.state.any()


@pytest.mark.parametrize("cuts", PEERS_CUTS)
@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_scores_all_equal_give_an_area_of_one_half(cuts, score):
    metric = BinaryAUROC(cuts)
    metric.update(torch.full((10,), score), torch.arange(10) % 2)
    assert float(metric.compute()) == roc_auc_score([0, 1] * 5, [score] * 10) == 0.5


@pytest.mark.parametrize("cuts", PEERS_CUTS)
def test_the_binned_roc_runs_from_zero_zero_to_one_one(cuts):
    metric = BinaryROC(cuts)
    metric.update(torch.ones(10), torch.arange(10) % 2)
    fpr, tpr, thresholds = metric.compute()
    assert (float(fpr[0]), float(tpr[0]), float(thresholds[0])) == (0.0, 0.0, math.inf)
    assert (float(fpr[-1]), float(tpr[-1])) == (1.0, 1.0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_scores_give_the_exact_area(dtype):
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 2, (20_000,), generator=generator)
    scores = (torch.randn(20_000, generator=generator) + 0.94 * labels).sigmoid().to(dtype)
    exact = roc_auc_score(labels, scores.double())
    assert abs(exact - 0.747) < 0.01
    metric = BinaryAUROC(FloatBits(16 if dtype == torch.bfloat16 else 19))
    metric.update(scores, labels)
    assert abs(float(metric.compute()) - exact) <= 1e-12


@pytest.mark.parametrize("thresholds", [[0.9, 0.1, 0.5], torch.tensor([1.0, 0.5, 0.0])])
def test_an_unsorted_threshold_list_is_refused(thresholds):
    with pytest.raises(ValueError, match="ascending"):
        BinaryAUROC(thresholds)


@pytest.mark.parametrize("cuts", [*PEERS_CUTS, FloatBits(19)])
def test_nan_scores_are_refused_and_leave_the_value_as_it_was(cuts):
    metric = BinaryAUROC(cuts)
    preds, labels = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
    metric.update(preds, labels)
    before = metric.histogram.state.clone()
    with pytest.raises(ValueError, match="1 nan scores"):
        metric.update(torch.tensor([0.1, math.nan, 0.9]), torch.tensor([1, 0, 1]))
    assert torch.equal(metric.histogram.state, before)


@pytest.mark.parametrize("nans", [1, 3])
def test_dropped_nan_scores_count_neither_as_high_nor_as_low(nans):
    preds, labels = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
    metric = BinaryAUROC(invalid="drop")
    metric.update(torch.cat([preds, torch.full((nans,), math.nan)]), torch.cat([labels, torch.arange(nans) % 2]))
    assert float(metric.compute()) == roc_auc_score(labels, preds)
    assert metric.dropped.nan_scores == nans


@pytest.mark.parametrize("score", [-100.0, math.nan, 2.0, math.inf])
def test_the_score_of_an_ignored_sample_means_nothing(score):
    metric = BinaryAccuracy(ignore_index=-1)
    metric.update(torch.tensor([0.9, 0.2, score]), torch.tensor([1, 0, -1]))
    assert float(metric.compute()) == 1.0


@pytest.mark.parametrize("label", [0, 1])
def test_an_area_of_one_class_is_undefined(label):
    area, precision = BinaryAUROC(), BinaryAveragePrecision()
    for metric in (area, precision):
        metric.update(torch.tensor([0.1, 0.8]), torch.full((2,), label))
    assert area.compute().isnan()
    assert all(end.isnan() for end in area.bounds())
    assert float(precision.compute()) == pytest.approx(1.0 if label else math.nan, abs=0, nan_ok=True)


@pytest.mark.parametrize("cls", [BinaryAUROC, BinaryAveragePrecision, BinaryAccuracy, BinaryRecall, BinaryMatthewsCorrCoef])
def test_a_metric_that_was_never_updated_is_undefined(cls):
    assert cls().compute().isnan()


def test_a_confusion_matrix_that_was_never_updated_is_zeros():
    assert BinaryConfusionMatrix().compute().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0]])
@pytest.mark.parametrize("cuts", PEERS_CUTS)
def test_ties_count_half_whatever_the_order_of_the_samples(cuts, labels):
    metric = BinaryAUROC(cuts)
    metric.update(torch.full((4,), 0.3), torch.tensor(labels))
    assert float(metric.compute()) == 0.5
    ends = metric.bounds()
    assert float(ends[0]) <= 0.5 <= float(ends[1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.uint8, torch.int8, torch.bool])
def test_narrow_targets_do_not_make_the_counts_narrow(dtype):
    metric = BinaryRecall()
    preds = torch.cat([torch.full((150_000,), 0.9), torch.full((50_000,), 0.1)])
    metric.update(preds, torch.ones(200_000).to(dtype))
    assert float(metric.compute()) == 0.75
    assert int(metric.tp) == 150_000
    assert metric.tp.dtype == torch.int64
