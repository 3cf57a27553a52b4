"""State: copies that never alias, refusals that leave counts alone, values that are never stale, counts as scikit-learn's."""

import copy
import io
import math
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing
from hypothesis import given, strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score, roc_auc_score

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryBrierScore,
    BinaryConfusionMatrix,
    BinaryF1Score,
    BinaryFBetaScore,
    BinaryPrecision,
    BinaryPrecisionRecallCurve,
    BinaryRecall,
    BinaryROC,
    BinaryStatScores,
    Confusion,
    Edges,
    Exact,
    FloatBits,
    Layout,
    Metric,
    MetricCollection,
    ScoreHistogram,
    Snapshot,
    Threshold,
    Uniform,
)
from torch_binmetrics.counting import count, store_of
from torch_binmetrics.measures import auroc, recall, specificity

PREDS, LABELS = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
OTHER_PREDS, OTHER_LABELS = torch.tensor([0.1, 0.8, 0.55]), torch.tensor([1, 1, 0])

KINDS = {
    "at a threshold": lambda: BinaryF1Score(0.3),
    "with an argument": lambda: BinaryFBetaScore(2.0),
    "a matrix": lambda: BinaryConfusionMatrix(normalize="true"),
    "an area": BinaryAUROC,
    "a partial area": lambda: BinaryAUROC(max_fpr=0.3),
    "uniform": lambda: BinaryAveragePrecision(64),
    "edges": lambda: BinaryAUROC([0.1, 0.25, 0.5, 0.7, 0.8, 0.85, 0.9]),
    "a curve": lambda: BinaryROC(64),
    "weighted": lambda: BinaryAUROC(weighted=True),
    "dropping": lambda: BinaryRecall(invalid="drop", ignore_index=-1),
    "logits": lambda: BinaryPrecision(0.7, from_logits=True),
    "of a module's function": lambda: Metric(auroc, Edges([0.5])),
}


def counted(kind, preds=PREDS, labels=LABELS):
    metric = KINDS[kind]()
    metric.update(preds, labels)
    return metric


def equal(one, other):
    """Whether two values or their parts are equal, NaN equal to NaN."""
    one, other = (value if isinstance(value, tuple) else (value,) for value in (one, other))
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(9), b.nan_to_num(9)) for a, b in pairs)


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    return torch.load(io.BytesIO(file.getvalue()), weights_only=True)


def through_state_dict(metric):
    other = metric.clone()
    other.reset()
    other.load_state_dict(through_a_file(metric.state_dict()))
    return other


COPIES = {
    "pickle": lambda metric: pickle.loads(pickle.dumps(metric)),
    "deepcopy": copy.deepcopy,
    "clone": lambda metric: metric.clone(),
    "state_dict": through_state_dict,
    "deepcopy of a dict": lambda metric: copy.deepcopy({"a": metric, "b": metric})["b"],
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_holds_the_same_counts_and_gives_the_same_value(kind, how):
    metric = counted(kind)
    other = COPIES[how](metric)
    assert type(other) is type(metric)
    assert torch.equal(other.histogram.state, metric.histogram.state)
    assert other.histogram.layout == metric.histogram.layout
    assert equal(other.compute(), metric.compute())
    assert repr(other) == repr(metric)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_its_original_count_on_apart(kind, how):
    metric = counted(kind)
    before = metric.histogram.state.clone()
    other = COPIES[how](metric)
    other.update(OTHER_PREDS, OTHER_LABELS)
    assert torch.equal(metric.histogram.state, before)
    after = other.histogram.state.clone()
    metric.reset()
    assert torch.equal(other.histogram.state, after)
    assert int(other.histogram.store.counts(after).sum()) == 7


def test_a_state_dict_is_a_copy_in_both_directions():
    metric, other = counted("an area"), BinaryAUROC()
    state = metric.state_dict()
    other.load_state_dict(state)
    kept = state["counts"].clone()
    metric.update(OTHER_PREDS, OTHER_LABELS)
    other.update(OTHER_PREDS, OTHER_LABELS)
    assert torch.equal(state["counts"], kept)
    state["counts"].zero_()
    assert int(metric.histogram.counts.sum()) == int(other.histogram.counts.sum()) == 7


def test_merging_copies_the_counts_of_the_others():
    metric, other = BinaryAUROC(), counted("an area")
    metric.merge_state(other)
    other.update(OTHER_PREDS, OTHER_LABELS)
    assert int(metric.histogram.counts.sum()) == 4
    metric.update(OTHER_PREDS, OTHER_LABELS)
    assert int(other.histogram.counts.sum()) == 7


def test_what_comes_out_of_memory_that_processes_share_counts_on_apart():
    metric, tensor = counted("an area"), torch.zeros(1)
    shared = pickle.loads(ForkingPickler.dumps(tensor))
    shared += 1
    assert float(tensor) == 1.0  # torch.multiprocessing passes tensors by reference
    other = pickle.loads(ForkingPickler.dumps(metric))
    other.update(OTHER_PREDS, OTHER_LABELS)
    assert int(metric.histogram.counts.sum()) == 4
    assert int(other.histogram.counts.sum()) == 7


def test_a_state_dict_holds_plain_types_only():
    state = counted("weighted").state_dict()
    assert {name: type(value) for name, value in state.items()} == {
        "version": int,
        "meaning": str,
        "summed": bool,
        "rank": int,
        "world_size": int,
        "counts": torch.Tensor,
    }


LAYOUTS = {
    "FloatBits(bits=16)": BinaryAUROC,
    "FloatBits(bits=17)": lambda: BinaryAUROC(FloatBits(17)),
    "Uniform(n=2)": lambda: BinaryAUROC(2),
    "Uniform(n=64)": lambda: BinaryAUROC(64),
    "Edges([0.5])": lambda: BinaryAUROC([0.5]),
    "Edges([0.25])": lambda: BinaryAUROC([0.25]),
    "Threshold(at=0.5)": BinaryAccuracy,
    "Threshold(at=0.25)": lambda: BinaryAccuracy(0.25),
    "FloatBits(bits=16), from_logits=True": lambda: BinaryAUROC(from_logits=True),
    "from_logits=False, weighted=True": lambda: BinaryAUROC(weighted=True),
    "64 thresholds from 0.1 to 0.9": lambda: BinaryAUROC(torch.linspace(0.1, 0.9, 64)),
    "Edges with one edge elsewhere": lambda: BinaryAUROC([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9]),
    "Edges with that edge": lambda: BinaryAUROC([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9]),
    "Edges at -1": lambda: BinaryAUROC([-3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]),
    "Edges at -2": lambda: BinaryAUROC([-3.0, -2.0, 0.0, 1.0, 2.0, 3.0, 4.0]),
}


@pytest.mark.parametrize("how", ["merge_state", "load_state_dict"])
@pytest.mark.parametrize("theirs", LAYOUTS)
@pytest.mark.parametrize("mine", LAYOUTS)
def test_counts_of_other_cuts_are_refused_by_name_and_those_of_equal_cuts_taken(mine, theirs, how):
    metric, other = LAYOUTS[mine](), LAYOUTS[theirs]()
    metric.update(PREDS, LABELS)
    before = metric.histogram.state.clone()
    argument = other if how == "merge_state" else other.state_dict()
    if mine == theirs:
        getattr(metric, how)(argument)
        assert int(metric.histogram.counts.sum()) == (4 if how == "merge_state" else 0)
        return
    with pytest.raises(ValueError, match="expected counts of") as caught:
        getattr(metric, how)(argument)
    assert str(metric.histogram.layout.cuts) in str(caught.value)
    assert str(other.histogram.layout.cuts) in str(caught.value)
    assert "same cuts" in str(caught.value)
    assert torch.equal(metric.histogram.state, before)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Threshold(1), Threshold(1.0)),
        (Threshold(0), Threshold(-0.0)),
        (Threshold(0.25), Threshold(np.float64(0.25))),
        (Uniform(64), Uniform(64)),
        (Edges([0, 1]), Edges((0.0, 1.0))),
        (Edges([0.25, 0.5]), Edges(torch.tensor([0.25, 0.5]))),
        (Edges([0.25, 0.5]), Edges(torch.tensor([0.25, 0.5], dtype=torch.float64))),
        (FloatBits(), FloatBits(16)),
    ],
)
def test_equal_cuts_take_each_others_counts_however_they_were_written(one, other):
    assert one == other
    assert hash(one) == hash(other)
    metric, source = Metric(recall, one), Metric(recall, other)
    source.update(PREDS, LABELS)
    metric.merge_state(source)
    metric.load_state_dict(source.state_dict())
    assert torch.equal(metric.histogram.state, source.histogram.state)


def test_what_was_left_out_does_not_stand_in_the_way_of_a_merge():
    metric, other = BinaryRecall(), BinaryRecall(invalid="drop", ignore_index=-1)
    other.update(torch.tensor([0.9, 0.1, 0.3]), torch.tensor([1, 1, -1]))
    metric.merge_state(other)
    assert float(metric.compute()) == 0.5
    assert metric.histogram.ignored == 1


def with_cell(cell, number):
    """A change of a state: another number in one of its cells."""

    def change(state):
        counts = state["counts"].clone()
        counts.view(-1)[cell] = number
        return {**state, "counts": counts}

    return change


STATES = {
    "nothing": (None, ["state_dict()"]),
    "a tensor": (torch.zeros(4), ["state_dict()", "Tensor"]),
    "an empty dict": ({}, ["state_dict()", "counts"]),
    "a module's state": (torch.nn.Linear(1, 1).state_dict(), ["state_dict()", "weight"]),
    "a newer version": (lambda state: {**state, "version": 99}, ["99", "upgrade"]),
    "counts of another size": (lambda state: {**state, "counts": state["counts"][:-1]}, ["9", "int64"]),
    "counts of another dtype": (lambda state: {**state, "counts": state["counts"].double()}, ["int64", "float64"]),
    "counts that are a list": (lambda state: {**state, "counts": state["counts"].tolist()}, ["int64", "list"]),
    "version 0": (lambda state: {**state, "version": 0}, ["version 1", "got 0"]),
    "a version that is a bool": (lambda state: {**state, "version": True}, ["version 1", "got True"]),
    "summed that is a number": (lambda state: {**state, "summed": 1}, ["summed", "True or False", "got 1"]),
    "negative counts": (lambda state: {**state, "counts": state["counts"] - 2}, ["counts", "whole numbers >= 0", "got -1"]),
    "a negative number of dropped samples": (with_cell(-1, -3), ["numbers of samples", "whole numbers >= 0", "got -3"]),
    "sparse counts": (lambda state: {**state, "counts": state["counts"].to_sparse()}, ["dense", "sparse"]),
    "counts without data": (lambda state: {**state, "counts": state["counts"].to("meta")}, ["holds data", "meta"]),
    "a state without counts": (lambda state: {k: v for k, v in state.items() if k != "counts"}, ["counts"]),
    "a collection's state": (lambda _: MetricCollection([BinaryAUROC([0.5])]).state_dict(), ["state_dict()", "histograms"]),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_is_none_of_ours_is_refused_with_what_was_expected_and_what_came(name):
    state, fragments = STATES[name]
    metric = BinaryAccuracy()
    metric.update(PREDS, LABELS)
    before = metric.histogram.state.clone()
    with pytest.raises(ValueError) as caught:
        metric.load_state_dict(state(metric.state_dict()) if callable(state) else state)
    assert torch.equal(metric.histogram.state, before)
    assert [part for part in fragments if part not in str(caught.value)] == []


WRONG_NUMBERS = {
    "a negative sum of weights": (lambda: BinaryAUROC(64, weighted=True), with_cell(3, -0.5), "finite numbers >= 0, got -0.5"),
    "a NaN": (lambda: BinaryAUROC(64, weighted=True), with_cell(3, math.nan), "finite numbers >= 0, got nan"),
    "an infinite weight": (lambda: BinaryAUROC(64, weighted=True), with_cell(3, math.inf), "finite numbers >= 0, got inf"),
    "half a dropped sample": (
        lambda: BinaryAUROC(64, weighted=True),
        with_cell(2 * 64 + 1, 0.5),
        "numbers of samples.*whole numbers.*got 0.5",
    ),
    "half a sample": (lambda: BinaryBrierScore(64), with_cell(3, 0.5), "whole numbers >= 0, got 0.5"),
    "a NaN among sums": (lambda: BinaryBrierScore(64), with_cell(-1, math.nan), "sums that are numbers, got NaN"),
    "a graph": (
        lambda: BinaryBrierScore(64),
        lambda state: {**state, "counts": state["counts"].requires_grad_()},
        "needs no gradient.*requires one",
    ),
    "a negative count of a table": (lambda: BinaryAUROC(Exact()), with_cell(1, -1), "whole numbers >= 0, got -1"),
    "a key beyond all": (lambda: BinaryAUROC(Exact()), with_cell(0, 2**40), "number of a score"),
    "a key below all": (lambda: BinaryAUROC(Exact()), with_cell(0, -0x7F800001), "number of a score"),
    "half a key": (lambda: BinaryAUROC(Exact(), weighted=True), with_cell(0, 0.5), "number of a score"),
}


@pytest.mark.parametrize("name", WRONG_NUMBERS)
@pytest.mark.parametrize("together", [False, True])
def test_numbers_that_no_counting_gives_are_refused_and_nothing_is_half_loaded(name, together):
    build, change, message = WRONG_NUMBERS[name]
    if together:
        metric = MetricCollection({"first": BinaryAccuracy(0.3, ignore_index=-1), "second": build()})
        histograms = metric.histograms
    else:
        metric = build()
        histograms = [metric.histogram]
    metric.update(PREDS, LABELS)
    state, before = metric.state_dict(), [histogram.state.clone() for histogram in histograms]
    metric.update(OTHER_PREDS, OTHER_LABELS)
    metric.load_state_dict(state)
    assert all(map(torch.equal, before, [histogram.state for histogram in histograms]))
    metric.update(OTHER_PREDS, OTHER_LABELS)
    before = [histogram.state.clone() for histogram in histograms]
    wrong = {**state, "histograms": [state["histograms"][0], change(state["histograms"][1])]} if together else change(state)
    with pytest.raises(ValueError, match=message):
        metric.load_state_dict(wrong)
    assert all(map(torch.equal, before, [histogram.state for histogram in histograms]))


def test_a_table_in_any_order_loads_as_one_row_a_score():
    metric, other = BinaryAUROC(Exact()), BinaryAUROC(Exact())
    metric.update(PREDS, LABELS)
    state = metric.state_dict()
    other.load_state_dict({**state, "counts": state["counts"].flip(0).repeat(2, 1)})
    metric.update(PREDS, LABELS)
    assert torch.equal(other.histogram.state, metric.histogram.state)


def test_loading_keeps_the_counts_on_the_device_where_they_lie():
    metric = BinaryAccuracy(device="meta")
    state = BinaryAccuracy().state_dict()
    metric.load_state_dict(state)
    assert metric.histogram.state.device.type == "meta"


@pytest.mark.parametrize("change", ["merge_state", "load_state_dict"])
@pytest.mark.parametrize("kind", KINDS)
def test_computing_after_a_change_of_state_gives_the_new_value(kind, change):
    metric, other = counted(kind), counted(kind, OTHER_PREDS, OTHER_LABELS)
    metric.compute()
    fresh = KINDS[kind]()
    if change == "merge_state":
        metric.merge_state(other)
        fresh.update(torch.cat([PREDS, OTHER_PREDS]), torch.cat([LABELS, OTHER_LABELS]))
    else:
        metric.load_state_dict(other.state_dict())
        fresh.update(OTHER_PREDS, OTHER_LABELS)
    assert equal(metric.compute(), fresh.compute())


@given(st.lists(st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9, 1.0]), st.integers(0, 1)), max_size=5), max_size=5))
def test_merging_any_parts_in_any_order_equals_one_pass(parts):
    whole, merged, reverse = (BinaryAUROC(64) for _ in range(3))
    metrics = []
    for part in parts:
        metrics.append(BinaryAUROC(64))
        batch = torch.tensor([score for score, _ in part]), torch.tensor([label for _, label in part])
        metrics[-1].update(*batch)
        whole.update(*batch)
    merged.merge_state(metrics)
    reverse.merge_state(metric for metric in reversed(metrics))
    assert torch.equal(merged.histogram.state, whole.histogram.state)
    assert torch.equal(reverse.histogram.state, whole.histogram.state)


@pytest.mark.parametrize("many", [list, tuple, iter, lambda metrics: (metric for metric in metrics)])
def test_merging_takes_many(many):
    metric = counted("an area")
    metric.merge_state(many([counted("an area"), counted("an area")]))
    assert int(metric.histogram.counts.sum()) == 12


def test_merging_nothing_or_itself():
    metric = counted("an area")
    metric.merge_state([])
    assert int(metric.histogram.counts.sum()) == 4
    metric.merge_state(metric)
    assert int(metric.histogram.counts.sum()) == 8
    metric.merge_state([metric, metric])
    assert int(metric.histogram.counts.sum()) == 24


def test_merging_metrics_of_another_score_but_equal_cuts_adds_their_counts():
    metric = BinaryAveragePrecision()
    metric.merge_state([counted("an area"), BinaryROC()])
    assert int(metric.histogram.counts.sum()) == 4


@pytest.mark.parametrize("wrong", [lambda: BinaryAUROC(64), lambda: "BinaryAUROC", lambda: None, lambda: torch.zeros(3)])
def test_a_merge_of_many_adds_all_of_them_or_none(wrong):
    metric = counted("an area")
    before = metric.histogram.state.clone()
    with pytest.raises((TypeError, ValueError)):
        metric.merge_state([counted("an area"), wrong(), counted("an area")])
    assert torch.equal(metric.histogram.state, before)


@pytest.mark.parametrize("other", [MetricCollection([BinaryAUROC()]), "BinaryAUROC", {"a": BinaryAUROC()}, None, 3])
def test_merging_what_is_no_metric_says_so(other):
    with pytest.raises(TypeError, match=r"[Mm]etric"):
        BinaryAUROC().merge_state(other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reset_forgets_everything_and_the_metric_counts_on(kind):
    metric, fresh = counted(kind), KINDS[kind]()
    state = metric.state_dict()
    metric.reset()
    assert not metric.histogram.state.any()
    assert equal(metric.compute(), fresh.compute())
    assert state["counts"].any()
    metric.update(PREDS, LABELS)
    assert torch.equal(metric.histogram.state, counted(kind).histogram.state)


def test_moving_returns_the_metric_and_takes_the_counts_along():
    metric = counted("an area")
    assert metric.to("cpu") is metric
    assert int(metric.histogram.counts.sum()) == 4
    assert metric.to(torch.device("meta")) is metric
    assert metric.histogram.state.device.type == "meta"


def test_an_empty_metric_lies_where_it_is_told_and_follows_the_data():
    metric = BinaryAccuracy(device="meta")
    assert metric.histogram.state.device.type == "meta"
    assert BinaryAccuracy().histogram.state.device.type == "cpu"
    histogram = ScoreHistogram(Layout(Threshold()), device="meta")
    assert histogram.state.device.type == "meta"


@pytest.mark.parametrize("kind", KINDS)
def test_calling_a_metric_counts_the_batch_once_and_returns_the_value_of_the_batch(kind):
    metric, running, batch = counted(kind), counted(kind), KINDS[kind]()
    value = metric(OTHER_PREDS, OTHER_LABELS)
    running.update(OTHER_PREDS, OTHER_LABELS)
    batch.update(OTHER_PREDS, OTHER_LABELS)
    assert torch.equal(metric.histogram.state, running.histogram.state)
    assert equal(value, batch.compute())
    assert equal(metric.compute(), running.compute())


def test_the_value_of_a_batch_is_scikit_learns():
    metric = BinaryAccuracy()
    assert float(metric(PREDS, LABELS)) == accuracy_score(LABELS, PREDS >= 0.5)
    assert float(metric(OTHER_PREDS, OTHER_LABELS)) == accuracy_score(OTHER_LABELS, OTHER_PREDS >= 0.5)
    every = torch.cat([LABELS, OTHER_LABELS]), torch.cat([PREDS, OTHER_PREDS]) >= 0.5
    assert float(metric.compute()) == accuracy_score(*every)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_process_group_a_sum_is_a_copy_to_read(kind):
    metric = counted(kind)
    total = metric.summed()
    assert type(total) is type(metric)
    assert equal(total.compute(), metric.compute())
    before = metric.histogram.state.clone()
    for change in (
        lambda: total.update(PREDS, LABELS),
        lambda: total(PREDS, LABELS),
        total.reset,
        lambda: total.load_state_dict(metric.state_dict()),
        lambda: total.merge_state(metric),
        lambda: total.clone().update(PREDS, LABELS),
        lambda: copy.deepcopy(total).reset(),
        lambda: pickle.loads(pickle.dumps(total)).reset(),
        lambda: total.summed().reset(),
    ):
        with pytest.raises(RuntimeError, match=r"sum over ranks.*reading only.*update the metric that they came from"):
            change()
    assert torch.equal(metric.histogram.state, before)
    assert torch.equal(total.histogram.state, before)


def test_the_original_counts_on_and_its_sum_stays():
    metric = counted("an area")
    total = metric.summed()
    metric.update(OTHER_PREDS, OTHER_LABELS)
    assert int(total.histogram.counts.sum()) == 4
    assert int(metric.histogram.counts.sum()) == 7
    metric.reset()
    assert float(total.compute()) == 0.75
    assert float(total.summed().compute()) == 0.75


def test_a_summed_state_is_marked_and_loads_into_a_metric_that_counts_on():
    metric, other = counted("an area"), BinaryAUROC()
    for state in (metric.summed().state_dict(), metric.state_dict(sync=True)):
        assert state["summed"] is True
        other.load_state_dict(through_a_file(state))
        other.update(OTHER_PREDS, OTHER_LABELS)
        assert int(other.histogram.counts.sum()) == 7
    assert metric.state_dict()["summed"] is False


@pytest.mark.parametrize("kind", ["at a threshold", "with an argument", "a matrix", "dropping", "logits"])
def test_the_bounds_of_a_metric_at_a_threshold_are_its_value_twice(kind):
    metric = counted(kind)
    for ends in (metric.bounds(), metric.bounds(sync=False)):
        assert all(equal(end, metric.compute()) for end in ends)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_the_counts_at_a_threshold_are_scikit_learns(threshold):
    generator = torch.Generator().manual_seed(1)
    preds, labels = torch.rand(500, generator=generator), torch.randint(0, 2, (500,), generator=generator)
    metric = BinaryRecall(threshold)
    metric.update(preds, labels)
    called = preds.double() >= float(torch.tensor(threshold))
    tn, fp, fn, tp = confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert [int(count) for count in (metric.tn, metric.fp, metric.fn, metric.tp)] == [tn, fp, fn, tp]
    for confusion in (metric.confusion(), metric.confusion(sync=True)):
        assert isinstance(confusion, Confusion)
        assert [int(count) for count in confusion] == [tp, fp, tn, fn]
        assert {(count.dtype, count.ndim) for count in confusion} == {(torch.int64, 0)}
    assert float(metric.compute()) == recall_score(labels, called, zero_division=math.nan)


@pytest.mark.parametrize("cuts", [FloatBits(16), Uniform(16), Edges([0.2, 0.4, 0.6])])
def test_the_counts_along_a_curve_are_scikit_learns_at_every_threshold(cuts):
    generator = torch.Generator().manual_seed(2)
    preds, labels = torch.rand(200, generator=generator), torch.randint(0, 2, (200,), generator=generator)
    metric = BinaryPrecisionRecallCurve(cuts)
    metric.update(preds, labels)
    thresholds = metric.compute().thresholds
    assert torch.equal(thresholds, Snapshot(metric.histogram).thresholds)
    assert len(thresholds) == len(metric.tp) > 3
    for i, threshold in enumerate(thresholds.double()):
        tn, fp, fn, tp = confusion_matrix(labels, preds.double() >= threshold, labels=[0, 1]).ravel()
        assert [int(count[i]) for count in (metric.tn, metric.fp, metric.fn, metric.tp)] == [tn, fp, fn, tp]


def test_weighted_counts_are_scikit_learns_sums_of_weights():
    weights = torch.tensor([0.5, 0.25, 2.0, 1.0])
    metric = BinaryStatScores(weighted=True)
    metric.update(PREDS, LABELS, weights)
    tn, fp, fn, tp = confusion_matrix(LABELS, PREDS >= 0.5, sample_weight=weights.double()).ravel()
    assert metric.compute().tolist() == [tp, fp, tn, fn, tp + fn]
    assert metric.tp.dtype == torch.float64


def test_a_function_of_the_user_is_a_metric():
    generator = torch.Generator().manual_seed(3)
    preds, labels = torch.rand(300, generator=generator), torch.randint(0, 2, (300,), generator=generator)
    gmean = Metric(lambda c: (recall(c) * specificity(c)).sqrt(), Threshold(0.5))
    gmean.update(preds, labels)
    called = preds >= 0.5
    expected = math.sqrt(recall_score(labels, called) * recall_score(labels, called, pos_label=0))
    assert abs(float(gmean.compute()) - expected) <= 1e-12
    assert abs(float(gmean.clone().compute()) - expected) <= 1e-12
    along = Metric(lambda c: (recall(c) - (1 - specificity(c))).max(), FloatBits(16))
    along.update(preds, labels)
    assert float(along.compute()) >= float((recall(gmean.confusion()) + specificity(gmean.confusion())) - 1)


def test_a_function_of_the_user_may_return_what_it_likes():
    metric = Metric(lambda c: {"found": int(c.tp)}, Threshold(0.5), zero_division=0)
    metric.update(PREDS, LABELS)
    assert metric.compute() == {"found": 1}


@pytest.mark.parametrize("zero_division", [0, 1, 0.0, math.nan])
def test_zero_division_stands_for_undefined_ratios_and_never_for_areas(zero_division):
    ratio, area = BinaryPrecision(zero_division=zero_division), BinaryAUROC(zero_division=zero_division)
    assert float(ratio.compute()) == pytest.approx(float(zero_division), abs=0, nan_ok=True)
    assert area.compute().isnan()


def test_two_computes_give_the_same_and_leave_the_counts_alone():
    metric = counted("an area")
    before = metric.histogram.state.clone()
    assert torch.equal(metric.compute(), metric.compute())
    assert torch.equal(metric.compute(sync=False), metric.compute())
    assert torch.equal(metric.histogram.state, before)


def test_a_value_stays_as_it_was_when_the_metric_counts_on():
    matrix, curve = BinaryConfusionMatrix(), BinaryROC([0.5])
    for metric in (matrix, curve):
        metric.update(PREDS, LABELS)
    values = matrix.compute(), matrix.tp, curve.compute().tpr
    kept = copy.deepcopy(values)
    for metric in (matrix, curve):
        metric.update(OTHER_PREDS, OTHER_LABELS)
        metric.reset()
    assert all(map(torch.equal, values, kept))


def test_a_histogram_reads_updates_merges_and_loads_like_a_metric():
    histogram, other = ScoreHistogram(Layout(Uniform(4))), ScoreHistogram(Layout(Uniform(4)))
    histogram.update(PREDS, LABELS)
    other.update(OTHER_PREDS, OTHER_LABELS)
    histogram.merge_state(other)
    assert histogram.counts.tolist() == [[1, 0, 2, 0], [1, 1, 0, 2]]
    loaded = pickle.loads(pickle.dumps(other))
    loaded.load_state_dict(histogram.state_dict())
    histogram.reset()
    assert loaded.counts.tolist() == [[1, 0, 2, 0], [1, 1, 0, 2]]
    assert other.counts.tolist() == [[0, 0, 1, 0], [1, 0, 0, 1]]


@pytest.fixture
def group():
    """A process group of this process alone."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield dist.new_group([0])
    dist.destroy_process_group()


def test_a_metric_with_a_process_group_is_copied_but_never_pickled(group):
    metric = BinaryAUROC(process_group=group)
    metric.update(PREDS, LABELS)
    for other in (metric.clone(), copy.deepcopy(metric)):
        assert other.process_group is group
        assert float(other.compute()) == roc_auc_score(LABELS, PREDS)
    with pytest.raises(TypeError, match=r"process_group.*cannot be pickled.*state_dict"):
        pickle.dumps(metric)
    metrics = MetricCollection([BinaryAUROC(process_group=group)])
    assert copy.deepcopy(metrics).process_group is group
    with pytest.raises(TypeError, match=r"process_group.*cannot be pickled.*state_dict"):
        pickle.dumps(metrics)
    assert float(BinaryAUROC().compute(sync=False).nan_to_num(7)) == 7


def test_a_group_of_one_sums_nothing_away(group):
    metric = BinaryAUROC(process_group=group)
    metric.update(PREDS, LABELS)
    total = metric.summed()
    assert torch.equal(total.histogram.state, metric.histogram.state)
    assert total.histogram.state.data_ptr() != metric.histogram.state.data_ptr()
    other = BinaryAUROC(process_group=group)
    other.load_state_dict(metric.state_dict(sync=True))
    assert torch.equal(other.histogram.state, metric.histogram.state)


@pytest.mark.parametrize("cuts", [Threshold(0.5), FloatBits(), Exact()], ids=str)
def test_a_store_adds_a_batch_as_counting_does(cuts):
    store = store_of(Layout(cuts))
    batch = torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1, 0, 0]), None
    [expected] = count([(store, store.empty())], *batch)
    assert torch.equal(store.add(store.empty(), *batch), expected)
    assert store.counts(expected).sum() == 3
