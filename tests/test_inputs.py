"""What may come in: errors that say what to do and leave the counts alone, dropped samples, autograd, inference, devices."""

import copy
import gc
import itertools
import math
import pickle
import weakref
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st
from pretended import ACCELERATOR, needs_pretended
from sklearn.metrics import confusion_matrix, roc_auc_score
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryBrierScore,
    BinaryCalibrationError,
    BinaryConfusionMatrix,
    BinaryF1Score,
    BinaryFBetaScore,
    BinaryHingeLoss,
    BinaryLogLoss,
    BinaryPrecision,
    BinaryPrecisionAtFixedRecall,
    BinaryRecall,
    BinaryROC,
    BinaryStatScores,
    EarlyStopping,
    Edges,
    Exact,
    FloatBits,
    Groups,
    Layout,
    Metric,
    MetricCollection,
    Threshold,
    Uniform,
    count,
    functional,
)
from torch_binmetrics.counting import Dense, Dropped, cpu, lookup, store_of
from torch_binmetrics.measures import fbeta, recall, scores

PREDS, LABELS = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 0.0])
NAN, INF = math.nan, math.inf


@pytest.fixture(params=["compiled", "reference"], scope="module")
def backend(request):
    """Count with the compiled loop, where there is one, and with the reference."""
    if cpu.native is None and request.param == "compiled":
        pytest.skip("installed without a compiler")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "reference":
            patch.setattr(cpu, "native", None)
        yield


both_backends = pytest.mark.usefixtures("backend")


def states(metric):
    """All counts of a metric or a collection, flow cells included, in memory of their own."""
    histograms = metric.histograms if isinstance(metric, MetricCollection) else [metric.histogram]
    return [histogram.state.clone() for histogram in histograms]


def same(one, other):
    return len(one) == len(other) and all(map(torch.equal, one, other))


def plain(*, weighted=False, invalid="raise"):
    return BinaryAUROC(weighted=weighted, invalid=invalid)


def uniform(**options):
    return BinaryAUROC(64, **options)


def several():
    return MetricCollection(
        {
            "floats": BinaryAUROC(),
            "uniform": BinaryAUROC(64),
            "odd": BinaryAccuracy(0.3),
            "weighted": BinaryRecall(weighted=True),
        }
    )


BATCHES = {
    "one column against a vector": (plain, (PREDS[:, None], LABELS), ValueError, ["shape", "(4, 1)", "(4,)", "squeeze"]),
    "a vector against one column": (plain, (PREDS, LABELS[:, None]), ValueError, ["target", "(4,)", "(4, 1)", "squeeze"]),
    "fewer labels": (plain, (PREDS, LABELS[:3]), ValueError, ["target", "(4,)", "(3,)", "reshape"]),
    "one label for all": (plain, (PREDS, LABELS[0]), ValueError, ["target", "(4,)", "()", "expand"]),
    "logits of two classes": (plain, (torch.rand(4, 2), LABELS), ValueError, ["(4, 2)", "(4,)"]),
    "preds as a list": (plain, ([0.9, 0.2], LABELS), TypeError, ["preds", "list", "torch.as_tensor"]),
    "preds as None": (plain, (None, LABELS), TypeError, ["preds", "NoneType"]),
    "target as a list": (plain, (PREDS, [1, 0, 0, 1]), TypeError, ["target", "list", "torch.as_tensor"]),
    "target as an array": (plain, (PREDS, LABELS.numpy()), TypeError, ["target", "ndarray", "torch.as_tensor"]),
    "weight as a float": (lambda: plain(weighted=True), (PREDS, LABELS, 2.0), TypeError, ["weight", "float"]),
    "complex scores": (plain, (PREDS + 0j, LABELS), TypeError, ["preds", "complex64", "real"]),
    "complex labels": (plain, (PREDS, LABELS + 0j), TypeError, ["target", "complex64", "real"]),
    "complex weights": (lambda: plain(weighted=True), (PREDS, LABELS, WEIGHTS + 0j), TypeError, ["weight", "complex64"]),
    "a NaN score": (plain, (PREDS.where(PREDS > 0.3, NAN), LABELS), ValueError, ["1 nan scores", "invalid='drop'"]),
    "all scores NaN": (plain, (PREDS * NAN, LABELS), ValueError, ["4 nan scores"]),
    "a label of two": (plain, (PREDS, torch.tensor([0, 1, 2, 1])), ValueError, ["1 bad labels", "0 or 1", "invalid='drop'"]),
    "soft labels": (plain, (PREDS, torch.tensor([0.1, 0.9, 0.0, 1.0])), ValueError, ["2 bad labels", "0 or 1"]),
    "scores for labels": (plain, (LABELS, PREDS), ValueError, ["4 bad labels", "swapped?", "preds come first"]),
    "NaN labels": (plain, (PREDS, torch.tensor([NAN, 1.0, 0.0, 1.0])), ValueError, ["1 bad labels"]),
    "labels of -1": (plain, (PREDS, torch.tensor([-1, 1, 0, -1])), ValueError, ["2 bad labels", "ignore_index=None"]),
    "labels of -1 where -100 is ignored": (
        lambda: BinaryAUROC(ignore_index=-100),
        (PREDS, torch.tensor([-1, -100, 0, -1])),
        ValueError,
        ["2 bad labels", "ignore_index=-100"],
    ),
    "weights that were not declared": (plain, (PREDS, LABELS, WEIGHTS), ValueError, ["weight", "unweighted", "weighted=True"]),
    "weights of another shape": (
        lambda: plain(weighted=True),
        (PREDS, LABELS, WEIGHTS[:1]),
        ValueError,
        ["weight", "(4,)", "(1,)", "expand"],
    ),
    "a negative weight": (lambda: plain(weighted=True), (PREDS, LABELS, WEIGHTS - 1), ValueError, ["2 bad weights", ">= 0"]),
    "a NaN weight": (lambda: plain(weighted=True), (PREDS, LABELS, WEIGHTS * NAN), ValueError, ["4 bad weights", "finite"]),
    "an infinite weight": (lambda: plain(weighted=True), (PREDS, LABELS, WEIGHTS / 0.0), ValueError, ["4 bad weights"]),
    "a score above 1": (uniform, (PREDS * 2, LABELS), ValueError, ["2 out of range scores", "[0, 1]", "invalid='drop'"]),
    "a score below 0": (uniform, (PREDS - 0.3, LABELS), ValueError, ["1 out of range scores", "[0, 1]"]),
    "an infinite score": (uniform, (PREDS / 0.0, LABELS), ValueError, ["4 out of range scores"]),
    "labels on another device": (plain, (PREDS, LABELS.to("meta")), ValueError, ["target", "cpu", "meta", "move"]),
    "scores on another device": (plain, (PREDS.to("meta"), LABELS), ValueError, ["target", "cpu", "meta", "move"]),
    "a batch without data": (plain, (PREDS.to("meta"), LABELS.to("meta")), ValueError, ["preds", "data", "meta", "move"]),
    "weights on another device": (
        lambda: plain(weighted=True),
        (PREDS, LABELS, WEIGHTS.to("meta")),
        ValueError,
        ["weight", "cpu", "meta", "move"],
    ),
    "several faults": (
        lambda: BinaryAUROC(64, weighted=True),
        (torch.tensor([NAN, 2.0, 0.5, 0.5]), torch.tensor([1, 1, 7, 1]), torch.tensor([1.0, 1.0, 1.0, -1.0])),
        ValueError,
        ["1 bad labels", "1 nan scores", "1 out of range scores", "1 bad weights"],
    ),
    "in a collection, a score that one of several cuts refuses": (
        several,
        (torch.tensor([0.1, 0.2, 1.5, 0.4]), LABELS),
        ValueError,
        ["1 out of range scores", "[0, 1]"],
    ),
    "in a collection, a weight that the weighted member refuses": (
        several,
        (PREDS, LABELS, WEIGHTS - 1),
        ValueError,
        ["2 bad weights"],
    ),
    "in a collection, shapes that differ": (several, (PREDS, LABELS[:2]), ValueError, ["(4,)", "(2,)"]),
    "in a collection, devices that differ": (several, (PREDS.to("meta"), LABELS), ValueError, ["meta", "cpu"]),
}


@both_backends
@pytest.mark.parametrize("how", ["update", "__call__"])
@pytest.mark.parametrize("name", BATCHES)
def test_a_bad_batch_says_what_is_wrong_and_leaves_every_count_as_it_was(name, how):
    build, batch, error, fragments = BATCHES[name]
    metric = build()
    metric.update(PREDS, LABELS)
    before = states(metric)
    with pytest.raises(error) as caught:
        getattr(metric, how)(*batch)
    assert [part for part in fragments if part not in str(caught.value)] == []
    assert same(states(metric), before)


@both_backends
@pytest.mark.parametrize("name", ["a label of two", "a NaN score", "fewer labels", "preds as a list", "complex scores"])
def test_counting_without_a_metric_refuses_bad_batches_alike(name):
    _, batch, error, fragments = BATCHES[name]
    store = store_of(Layout(FloatBits(16)))
    counts = store.empty()
    with pytest.raises(error) as caught:
        count([(store, counts)], *batch)
    assert all(part in str(caught.value) for part in fragments)
    assert not counts.any()


@pytest.mark.parametrize(
    ("counts", "got"),
    [
        (torch.zeros(3, dtype=torch.int64), "shape \\[10\\], got torch.int64 of shape \\[3\\]"),
        (torch.zeros(10), "torch.int64 and shape"),
        (torch.zeros(10, dtype=torch.int64, device="meta"), "must be on cpu, got meta"),
        ([0] * 9, "got list"),
    ],
)
def test_counting_into_a_tensor_that_is_not_of_the_store_is_refused(counts, got):
    with pytest.raises(ValueError, match=got):
        count([(store_of(Layout(Threshold())), counts)], PREDS, LABELS)


ARGUMENTS = {
    "unsorted thresholds": (lambda: BinaryAUROC([0.1, 0.9, 0.5]), ValueError, ["ascending", "0.9", "0.5", "sort"]),
    "an unsorted tensor": (lambda: Edges(torch.tensor([0.75, 0.25])), ValueError, ["ascending", "0.75", "0.25", "sort"]),
    "a NaN among thresholds": (lambda: BinaryAUROC([0.1, NAN]), ValueError, ["NaN"]),
    "no thresholds": (lambda: BinaryAUROC([]), ValueError, ["at least one", "(0,)"]),
    "thresholds in two dimensions": (lambda: BinaryAUROC(torch.rand(2, 2)), ValueError, ["(2, 2)"]),
    "a NaN threshold": (lambda: BinaryAccuracy(NAN), ValueError, ["threshold", "NaN", "0.5"]),
    "a threshold that is a string": (lambda: BinaryAccuracy("0.5"), TypeError, ["threshold", "float", "str"]),
    "a cut that is a tensor": (lambda: Threshold(torch.tensor(0.5)), TypeError, ["threshold", "Tensor"]),
    "a threshold that is a tensor of no number": (lambda: BinaryAccuracy(torch.tensor(True)), TypeError, ["threshold", "True"]),
    "a threshold outside the probabilities": (
        lambda: BinaryAccuracy(-1.5, from_logits=True),
        ValueError,
        ["probabilities", "0 to 1", "-1.5"],
    ),
    "a threshold of percent": (lambda: BinaryAccuracy(50), ValueError, ["0 to 1", "got 50", "100", "Threshold(50)"]),
    "a threshold of percent among others": (lambda: BinaryAccuracy([0.5, 1.5]), ValueError, ["0 to 1", "got 1.5"]),
    "an array of thresholds that are strings": (lambda: BinaryAUROC(np.array(["0.5"])), TypeError, ["thresholds", "floats"]),
    "max_fpr of 0": (lambda: BinaryAUROC(max_fpr=0), ValueError, ["max_fpr", "(0, 1]", "got 0"]),
    "max_fpr above 1": (lambda: BinaryAUROC(max_fpr=1.5), ValueError, ["max_fpr", "(0, 1]", "1.5"]),
    "max_fpr below 0": (lambda: BinaryAUROC(max_fpr=-0.1), ValueError, ["max_fpr", "(0, 1]", "-0.1"]),
    "max_fpr of NaN": (lambda: BinaryAUROC(max_fpr=NAN), ValueError, ["max_fpr", "(0, 1]", "nan"]),
    "max_fpr that is a string": (lambda: BinaryAUROC(max_fpr="0.1"), TypeError, ["max_fpr"]),
    "200 uniform bins": (lambda: Uniform(200), ValueError, ["power of two", "200", "Edges(torch.linspace(0, 1, 200))"]),
    "an int that is no power of two": (lambda: BinaryAUROC(100), ValueError, ["power of two", "100", "Edges"]),
    "one bin": (lambda: BinaryAUROC(1), ValueError, ["from 2", "got 1"]),
    "bins that are a float": (lambda: Uniform(64.0), TypeError, ["int", "float"]),
    "too few bits": (lambda: FloatBits(8), ValueError, ["9 to 20", "8"]),
    "too many bits": (lambda: FloatBits(21), ValueError, ["9 to 20", "21"]),
    "cuts that are a string": (lambda: BinaryAUROC("fine"), TypeError, ["cuts", "str", "FloatBits"]),
    "cuts of a metric that are a float": (lambda: Metric(recall, 0.5), TypeError, ["cuts", "float"]),
    "a zero_division of 2": (lambda: BinaryRecall(zero_division=2), ValueError, ["zero_division", "NaN, 0 or 1", "got 2"]),
    "scikit-learn's zero_division": (
        lambda: BinaryRecall(zero_division="warn"),
        (TypeError, ValueError),
        ["zero_division", "warn"],
    ),
    "a normalize of True": (lambda: BinaryConfusionMatrix(normalize=True), ValueError, ["normalize", "'true'", "True"]),
    "an unknown normalize": (lambda: BinaryConfusionMatrix(normalize="rows"), ValueError, ["normalize", "'pred'", "'rows'"]),
    "a beta below 0": (lambda: BinaryFBetaScore(-2.0), ValueError, ["beta", ">= 0", "-2.0"]),
    "a beta of NaN": (lambda: BinaryFBetaScore(NAN), ValueError, ["beta", ">= 0", "nan"]),
    "an infinite beta": (lambda: BinaryFBetaScore(INF), ValueError, ["beta", "inf"]),
    "a beta that is a string": (lambda: BinaryFBetaScore("2"), TypeError, ["beta"]),
    "an unknown invalid": (lambda: BinaryRecall(invalid="ignore"), ValueError, ["invalid", "'raise'", "'drop'", "'ignore'"]),
    "an ignore_index that is a float": (lambda: BinaryRecall(ignore_index=1.5), TypeError, ["ignore_index", "int", "1.5"]),
    "an ignore_index that is a bool": (lambda: BinaryRecall(ignore_index=True), TypeError, ["ignore_index", "int", "True"]),
    "a from_logits that is a string": (lambda: BinaryRecall(from_logits="no"), TypeError, ["from_logits", "'no'"]),
    "a weighted that is an int": (lambda: BinaryRecall(weighted=1), TypeError, ["weighted", "True or False", "1"]),
    "a threshold too great for a float": (lambda: BinaryRecall(10**400), ValueError, ["threshold must fit a float", "0.5"]),
    "a fraction too great": (lambda: BinaryRecall(Fraction(10**400, 3)), ValueError, ["must fit a float", "Fraction"]),
    "thresholds too great": (lambda: BinaryRecall([0, 10**400]), TypeError, ["thresholds must be floats", "[0.25, 0.5]"]),
    "thresholds that are strings": (lambda: BinaryAUROC(["0.5"]), TypeError, ["thresholds must be floats", "'0.5'"]),
    "complex thresholds": (lambda: BinaryAUROC(torch.tensor([0.5j])), TypeError, ["thresholds must be floats"]),
    "sparse thresholds": (lambda: BinaryAUROC(torch.tensor([0.5]).to_sparse()), TypeError, ["thresholds must be floats"]),
    "thresholds without data": (
        lambda: BinaryAUROC(torch.tensor([0.5], device="meta")),
        TypeError,
        ["thresholds must be floats"],
    ),
    "a Brier score of exact cuts": (lambda: BinaryBrierScore(Exact()), ValueError, ["Exact()", "leave it out"]),
    "a process group that is a name": (
        lambda: BinaryAUROC(process_group="world"),
        TypeError,
        ["process_group must be a group of torch.distributed or None, got 'world'", "new_group"],
    ),
    "a process group that is a rank": (lambda: BinaryAUROC(process_group=0), TypeError, ["process_group", "got 0 (int)"]),
    "a process group of an early stopping": (
        lambda: EarlyStopping(process_group=[0, 1]),
        TypeError,
        ["process_group", "[0, 1]"],
    ),
    "an unknown keyword": (lambda: BinaryAUROC(treshold=0.5), TypeError, ["treshold"]),
    "an unknown keyword at a threshold": (lambda: BinaryRecall(max_fpr=0.5), TypeError, ["max_fpr"]),
    "logit thresholds of what are no logits": (lambda: BinaryROC(logit_thresholds=True), ValueError, ["from_logits=True"]),
    "logit thresholds of no bool": (lambda: BinaryROC(logit_thresholds="no", from_logits=True), TypeError, ["True or False"]),
    "a beta of the function": (lambda: fbeta(BinaryRecall().confusion(), beta=-1), ValueError, ["beta", "-1"]),
    "a normalize of the function": (
        lambda: scores.confusion_matrix(BinaryRecall().confusion(), normalize="x"),
        ValueError,
        ["normalize", "'x'"],
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_bad_argument_is_refused_with_what_was_expected_and_what_came(name):
    build, error, fragments = ARGUMENTS[name]
    with pytest.raises(error) as caught:
        build()
    assert [part for part in fragments if part not in str(caught.value)] == []


def test_nothing_but_the_first_arguments_can_be_given_by_position():
    with pytest.raises(TypeError):
        BinaryAccuracy(0.5, True)
    with pytest.raises(TypeError):
        BinaryAUROC(64, 0.5)


def test_a_fraction_is_a_threshold_like_any_other_number():
    assert float(BinaryRecall(Fraction(1, 2))(PREDS, LABELS)) == 0.5
    assert BinaryRecall([Fraction(1, 4), 0.5])(PREDS, LABELS).tolist() == [1.0, 0.5]


def test_the_threshold_of_an_operating_point_is_taken_as_it_is():
    point = BinaryPrecisionAtFixedRecall(1.0)(PREDS, LABELS)
    assert float(BinaryPrecision(point.threshold)(PREDS, LABELS)) == float(point.value)
    assert BinaryPrecision(point.threshold).histogram.layout == BinaryPrecision(float(point.threshold)).histogram.layout


def test_thresholds_on_a_scale_of_their_own_are_those_of_a_metric_or_of_decision_values():
    scores, labels = torch.tensor([90.0, 20.0, 60.0, -40.0]), LABELS
    assert float(Metric(recall, Threshold(50))(scores, labels)) == 0.5
    assert float(BinaryRecall(-50)(scores, labels)) == 1.0
    assert float(BinaryRecall(INF)(scores, labels)) == 0.0


HELD = {
    "lists": list,
    "tuples": tuple,
    "arrays": np.array,
    "arrays turned round": lambda values: np.array(values[::-1])[::-1],
    "arrays for reading only": lambda values: np.frombuffer(np.array(values).tobytes(), np.array(values).dtype),
    "columns of a table": lambda values: pd.Series(values, index=range(7, 7 + len(values))),
    "tensors": torch.tensor,
}


@pytest.mark.parametrize("held", HELD)
def test_a_function_takes_what_people_hold(held):
    hold = HELD[held]
    preds, target, weight = hold([0.9, 0.2, 0.6, 0.4]), hold([1, 0, 0, 1]), hold([1.0, 2.0, 0.1, 1.0])
    assert float(functional.binary_auroc(preds, target)) == 0.75
    assert float(functional.binary_recall(preds, hold([True, False, False, True]), threshold=0.3)) == 1.0
    expected = roc_auc_score([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.4], sample_weight=[1.0, 2.0, 0.1, 1.0])
    assert float(functional.binary_auroc(preds, target, weight=weight)) == pytest.approx(expected, rel=1e-6)
    by_group = functional.binary_recall(preds, target, group=hold([0, 0, 1, 1]), rows=Groups(2))
    assert by_group.tolist() == [1.0, 0.0]


def test_a_function_keeps_what_lists_say_in_float64():
    assert float(functional.binary_brier_score([0.1], [1])) == pytest.approx(0.81, abs=1e-15)


@pytest.mark.parametrize("given", [["a"], None, {"p": 1}, [[0.1], [0.2, 0.3]], np.array(["a"])])
def test_a_function_refuses_what_holds_no_numbers(given):
    with pytest.raises(
        TypeError, match=r"preds must hold numbers - a tensor, a list or an array - got (list|NoneType|dict|nd)"
    ):
        functional.binary_auroc(given, [1])


@pytest.mark.parametrize(
    "thresholds",
    [np.array([0.25, 0.5]), np.array([0.25, 0.5], np.float32), pd.Series([0.25, 0.5], index=[5, 6])],
    ids=["float64", "float32", "a column"],
)
def test_thresholds_may_be_arrays(thresholds):
    assert Edges(thresholds) == Edges([0.25, 0.5])
    assert BinaryAUROC(thresholds).histogram.layout.cuts == Edges([0.25, 0.5])
    assert BinaryRecall(thresholds)(PREDS, LABELS).tolist() == [1.0, 0.5]


def logits_beside(threshold=0.5, **options):
    """A collection whose counts know that scores lie outside [0, 1]."""
    metrics = MetricCollection({"area": BinaryAUROC(**options), "recall": BinaryRecall(threshold, **options)})
    metrics.update(torch.tensor([2.0, -1.0, 0.5, 70.0]), LABELS)
    return metrics


def test_scores_outside_the_probabilities_are_told_once_where_the_counts_know():
    metrics = logits_beside()
    with pytest.warns(UserWarning, match=r"scores outside \[0, 1\].*from_logits=True.*percent") as told:
        metrics.compute()
    assert [Path(each.filename).name for each in told] == ["test_inputs.py"]
    assert [len(metrics.compute()), len(metrics.summed().compute())] == [2, 2]  # any further warning is an error
    with pytest.warns(UserWarning, match="scores outside"):
        logits_beside()["recall"].compute()


def test_a_read_only_copy_that_warns_has_warned_for_its_collection():
    metrics = logits_beside()
    with pytest.warns(UserWarning, match="scores outside"):
        metrics.summed().compute()
    metrics.summed().compute()


@pytest.mark.parametrize(
    "build",
    [
        lambda: logits_beside(0.0),
        lambda: logits_beside(from_logits=True),
        lambda: MetricCollection([BinaryAUROC, BinaryROC]),
    ],
)
def test_scores_are_not_doubted_where_nothing_speaks_against_them(build):
    assert len(build().compute()) == 2


@pytest.mark.parametrize("given", [WEIGHTS, 0.3, None])
def test_a_function_takes_weights_and_options_by_name_only(given):
    with pytest.raises(
        TypeError, match=r"binary_recall\(\) takes preds and target by position, got 1 more: name weight= and all"
    ):
        functional.binary_recall(PREDS, LABELS, given)
    assert float(functional.binary_recall(PREDS, LABELS, threshold=0.3)) == 1.0
    assert float(functional.binary_fbeta_score(PREDS, LABELS, beta=1.0)) == 0.5


TRANSFORMS = {
    "vmap": lambda step: torch.func.vmap(step)(torch.rand(3, 4)),
    "grad": lambda step: torch.func.grad(step)(PREDS),
    "jvp": lambda step: torch.func.jvp(step, (PREDS,), (PREDS,)),
    "functionalize": lambda step: torch.func.functionalize(step)(PREDS),
}


@both_backends
@pytest.mark.parametrize(
    ("build", "name"), [*itertools.product([BinaryRecall, several], TRANSFORMS), (lambda: BinaryAUROC(Exact()), "vmap")]
)
def test_an_update_in_a_transform_of_functions_is_refused_and_counts_nothing(name, build):
    metric = build()

    def step(preds):
        metric.update(preds, LABELS)
        return preds.sum()

    with pytest.raises(TypeError, match=r"transform of torch.func.*update outside of it"):
        TRANSFORMS[name](step)
    assert not any(state.any() for state in states(metric))


SAMPLES = [  # score, label, weight, and where the sample goes
    (0.9, 1, 1.0, None),
    (0.2, 0, 0.5, None),
    (NAN, 1, 1.0, "nan_scores"),
    (0.5, 2, 1.0, "bad_labels"),
    (1.5, 1, 1.0, "out_of_range_scores"),
    (-INF, 1, 1.0, "out_of_range_scores"),
    (0.5, 1, -1.0, "bad_weights"),
    (0.5, 1, NAN, "bad_weights"),
    (0.5, 1, INF, "bad_weights"),
    (NAN, 2, -1.0, "bad_labels"),
    (1.5, 3, 1.0, "bad_labels"),
    (NAN, 0, NAN, "nan_scores"),
    (1.5, 0, -1.0, "out_of_range_scores"),
    (NAN, -9, NAN, "ignored"),
    (0.3, -9, 1.0, "ignored"),
]


@both_backends
@given(st.lists(st.sampled_from(SAMPLES), max_size=40))
def test_each_dropped_sample_counts_once_under_the_first_kind_that_fits(samples):
    metric = BinaryAUROC(4, weighted=True, invalid="drop", ignore_index=-9)
    scores, labels, weights = (torch.tensor([sample[i] for sample in samples]) for i in range(3))
    metric.update(scores, labels, weights)
    kinds = [sample[3] for sample in samples]
    assert metric.dropped == Dropped(*map(kinds.count, Dropped._fields))
    assert metric.histogram.ignored == kinds.count("ignored")
    valid = [sample for sample in samples if sample[3] is None]
    assert float(metric.histogram.counts.sum()) == sum(weight for _, _, weight, _ in valid)


@both_backends
def test_dropped_samples_leave_the_value_of_the_others():
    good = BinaryStatScores()
    good.update(PREDS, LABELS)
    metric = BinaryStatScores(invalid="drop", ignore_index=-1)
    metric.update(torch.cat([PREDS, torch.tensor([NAN, 0.9, 0.9])]), torch.cat([LABELS, torch.tensor([1, 5, -1])]))
    assert torch.equal(metric.compute(), good.compute())
    assert metric.dropped == Dropped(bad_labels=1, nan_scores=1)
    assert metric.histogram.ignored == 1


def test_dropped_samples_add_up_over_batches_and_merges_and_go_with_a_reset():
    metric = BinaryRecall(invalid="drop")
    metric.update(torch.tensor([NAN, 0.9]), torch.tensor([1, 1]))
    metric.update(torch.tensor([NAN, 0.9]), torch.tensor([1, 4]))
    metric.merge_state(metric.clone())
    assert metric.dropped == Dropped(bad_labels=2, nan_scores=4)
    assert MetricCollection({"one": BinaryRecall(invalid="drop")})["one"].dropped == Dropped()
    metric.reset()
    assert metric.dropped == Dropped()


def test_invalid_samples_that_were_counted_apart_make_a_raising_metric_raise_in_compute():
    dropping = BinaryAUROC(64, invalid="drop")
    dropping.update(torch.tensor([NAN, 0.9, 2.0, 0.5]), torch.tensor([1, 1, 0, 3]))
    metric = BinaryAUROC(64)
    metric.load_state_dict(dropping.state_dict())  # an accelerator's update counts like this, without raising
    for read in (metric.compute, metric.bounds, metric.confusion, metric.summed().compute):
        with pytest.raises(ValueError, match="1 bad labels, 1 nan scores, 1 out of range scores"):
            read()
    metric.reset()
    assert metric.compute().isnan()


@both_backends
def test_unweighted_members_of_a_collection_do_not_look_at_weights():
    metrics = MetricCollection({"weighted": BinaryRecall(weighted=True, invalid="drop"), "plain": BinaryRecall()})
    metrics.update(PREDS, LABELS, torch.tensor([-1.0, 1.0, 1.0, 2.0]))
    assert {name: float(value) for name, value in metrics.compute().items()} == {"weighted": 0.0, "plain": 0.5}
    assert metrics["weighted"].dropped == Dropped(bad_weights=1)


@both_backends
def test_a_weighted_metric_without_weights_counts_one_each():
    metric, plain_metric = BinaryAUROC(weighted=True), BinaryAUROC()
    for each in (metric, plain_metric):
        each.update(PREDS, LABELS)
    assert torch.equal(metric.histogram.counts, plain_metric.histogram.counts.double())
    assert torch.equal(metric.compute(), plain_metric.compute())


@both_backends
@pytest.mark.parametrize("metric", [BinaryAUROC(), BinaryAUROC([0.5]), BinaryAccuracy(), BinaryAUROC(from_logits=True)])
def test_infinite_scores_are_valid_and_the_most_extreme(metric):
    metric = metric.clone()
    metric.update(torch.tensor([INF, -INF, 0.3, 0.9]), torch.tensor([1, 0, 0, 1]))
    assert float(metric.compute()) == 1.0
    assert metric.dropped == Dropped()


@both_backends
def test_uniform_bins_take_both_ends_of_the_unit_interval():
    metric = BinaryAUROC(4)
    metric.update(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0, 1.0]), torch.tensor([0, 1, 0, 1, 0, 1]))
    assert metric.histogram.counts.tolist() == [[1, 0, 1, 1], [0, 1, 0, 2]]


@both_backends
@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.int32, torch.float32])
def test_huge_numbers_are_scores_like_others(dtype):
    largest = torch.finfo(dtype).max if dtype.is_floating_point else torch.iinfo(dtype).max
    scores = torch.tensor([largest, -largest, 0, 1], dtype=dtype)
    labels = torch.tensor([1, 0, 0, 1])
    metrics = MetricCollection([BinaryAUROC(), BinaryStatScores()])
    metrics.update(scores, labels)
    with pytest.warns(UserWarning, match="scores outside"):
        values = metrics.compute()
    assert float(values["BinaryAUROC"]) == roc_auc_score(labels, scores.double().clamp(-1e30, 1e30)) == 1.0
    assert values["BinaryStatScores"].tolist() == [2, 0, 2, 0, 2]


@both_backends
@pytest.mark.parametrize(
    ("dtype", "label"),
    [(torch.int64, 2**40), (torch.int64, 2**32 + 1), (torch.int64, -(2**63)), (torch.uint8, 156), (torch.uint64, 2**64 - 100)],
)
def test_labels_are_compared_as_the_numbers_they_are(dtype, label):
    metric = BinaryAccuracy(ignore_index=-100)
    with pytest.raises(ValueError, match="1 bad labels"):
        metric.update(torch.tensor([0.9, 0.9]), torch.tensor([1, label], dtype=dtype))
    assert not metric.histogram.state.any()


@both_backends
def test_subnormal_scores_are_told_from_zero():
    smallest = 2.0**-149
    scores, labels = torch.tensor([0.0, smallest, -smallest, 2 * smallest]), torch.tensor([0, 1, 0, 1])
    at, edges, bits = BinaryStatScores(smallest), BinaryAUROC([smallest]), BinaryAUROC()
    for metric in (at, edges, bits):
        metric.update(scores, labels)
    tn, fp, fn, tp = confusion_matrix(labels, scores.double() >= smallest).ravel()
    assert at.compute().tolist() == [tp, fp, tn, fn, 2]
    assert float(edges.compute()) == 1.0
    low, high = bits.bounds()
    assert low <= roc_auc_score(labels, scores.double()) <= high


@both_backends
@pytest.mark.parametrize("scores", [torch.float8_e4m3fn, torch.float16, torch.bfloat16, torch.float64, torch.bool, torch.uint8])
@pytest.mark.parametrize("labels", [torch.bool, torch.uint8, torch.int32, torch.float16, torch.float64, torch.uint64])
def test_every_real_dtype_is_taken_for_scores_and_labels(scores, labels):
    preds = torch.tensor([1.0, 0.0, 1.0, 0.0]).to(scores)
    metric = BinaryStatScores()
    metric.update(preds, LABELS.to(labels))
    assert metric.compute().tolist() == [1, 1, 1, 1, 2]


@both_backends
@pytest.mark.parametrize("shape", [(), (4,), (2, 2), (1, 4, 1), (0,), (2, 0)])
def test_any_shape_is_counted_element_by_element(shape):
    generator = torch.Generator().manual_seed(0)
    preds, labels = torch.rand(shape, generator=generator), torch.randint(0, 2, shape, generator=generator)
    metric = BinaryStatScores()
    metric.update(preds, labels)
    called = preds >= 0.5
    right, wrong = called == labels.bool(), called != labels.bool()
    tp, fp, tn, fn = (int(part.sum()) for part in (right & called, wrong & called, right & ~called, wrong & ~called))
    assert metric.compute().tolist() == [tp, fp, tn, fn, tp + fn]


@both_backends
def test_counting_changes_none_of_its_arguments():
    batch = [torch.tensor([0.9, NAN, -1.0, 0.4]), torch.tensor([1, 0, 3, -1]), torch.tensor([1.0, -2.0, 0.5, 0.0])]
    kept = [tensor.clone() for tensor in batch]
    BinaryAUROC(64, weighted=True, invalid="drop", ignore_index=-1).update(*batch)
    assert all(torch.equal(one.nan_to_num(9), other.nan_to_num(9)) for one, other in zip(batch, kept, strict=True))


@both_backends
@pytest.mark.parametrize("how", ["update", "__call__"])
def test_scores_that_need_a_gradient_keep_no_graph_alive(how):
    weight = torch.nn.Parameter(torch.ones(4))
    preds = (PREDS * weight).sigmoid()
    kept = preds.square()
    graph = weakref.ref(preds)
    metric = BinaryAUROC(weighted=True)
    getattr(metric, how)(preds, LABELS, preds.square())
    del preds
    gc.collect()
    assert graph() is not None  # a graph in use is seen by the weak reference
    del kept
    gc.collect()
    assert graph() is None
    assert not metric.histogram.state.requires_grad
    assert metric.histogram.state.grad_fn is None
    assert not metric.compute().requires_grad


@both_backends
def test_counting_does_not_disturb_a_backward_pass():
    weight = torch.nn.Parameter(torch.ones(4))
    preds = (PREDS * weight).sigmoid()
    BinaryAUROC().update(preds, LABELS)
    preds.sum().backward()
    sigmoid = PREDS.sigmoid()
    assert torch.allclose(weight.grad, PREDS * sigmoid * (1 - sigmoid))


def merged():
    metric = BinaryAUROC([0.3, 0.5])
    metric.merge_state([BinaryAUROC([0.3, 0.5])])
    return metric


def called():
    metric = BinaryAUROC([0.3, 0.5])
    metric(PREDS[:0], LABELS[:0])
    return metric


def loaded():
    metric = BinaryAUROC([0.3, 0.5])
    metric.load_state_dict(metric.state_dict())
    return metric


WAYS = {
    "built": lambda: BinaryAUROC([0.3, 0.5]),
    "on a device": lambda: BinaryAUROC([0.3, 0.5]).to("cpu"),
    "cloned": lambda: BinaryAUROC([0.3, 0.5]).clone(),
    "copied": lambda: copy.deepcopy(BinaryAUROC([0.3, 0.5])),
    "merged": merged,
    "called": called,
    "loaded": loaded,
    "unpickled": lambda: pickle.loads(pickle.dumps(BinaryAUROC([0.3, 0.5]))),
    "in a collection": lambda: MetricCollection([BinaryAUROC([0.3, 0.5])]),
}


@both_backends
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("inside", [False, True])
def test_a_metric_from_inside_or_outside_inference_mode_counts_and_computes_in_both(way, inside):
    with torch.inference_mode(inside):
        metric = WAYS[way]()
    with torch.inference_mode():
        metric.update(PREDS, LABELS)
        first = metric.compute()
    metric.update(PREDS, LABELS)
    with torch.inference_mode():
        metric.update(PREDS, LABELS)
        third = metric.compute()
    second = metric.compute()
    expected = roc_auc_score(LABELS, torch.tensor([0.5, 0.0, 0.5, 0.3]))
    for value in (first, second, third):
        assert float(value["BinaryAUROC"] if isinstance(value, dict) else value) == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("inside", [False, True])
def test_a_metric_from_inside_or_outside_inference_mode_is_merged_and_reset_in_both(way, inside):
    with torch.inference_mode(inside):
        metric = WAYS[way]()
        metric.update(PREDS, LABELS)
        other = metric.clone()
    metric.merge_state(other)
    with torch.inference_mode():
        metric.merge_state(other)
    assert [int(state[:-1].sum()) for state in states(metric)] == [12]
    for mode in (True, False):
        metric.update(PREDS, LABELS)
        with torch.inference_mode(mode):
            metric.reset()
        assert not any(state.any() for state in states(metric))


@both_backends
def test_scores_made_in_inference_mode_are_counted_outside():
    with torch.inference_mode():
        preds = PREDS * 1.0
    metric = BinaryAUROC()
    metric.update(preds, LABELS)
    assert float(metric.compute()) == 0.75


@both_backends
@pytest.mark.parametrize(
    "mode",
    [nullcontext, torch.no_grad, torch.enable_grad, torch.inference_mode, lambda: torch.autocast("cpu", dtype=torch.bfloat16)],
)
def test_counts_and_values_are_the_same_in_every_mode(mode):
    generator = torch.Generator().manual_seed(5)
    preds, labels = torch.rand(1000, generator=generator), torch.randint(0, 2, (1000,), generator=generator)
    outside, within = several(), several()
    outside.update(preds, labels, preds)
    expected, expected_bounds = outside.compute(), outside["floats"].bounds()
    with mode():
        within.update(preds, labels, preds)
        values, bounds = within.compute(), within["floats"].bounds()
    assert same(states(within), states(outside))
    assert all(torch.equal(values[name], expected[name]) for name in expected)
    assert all(map(torch.equal, bounds, expected_bounds))


class Crossings(TorchDispatchMode):
    """The names of operations whose tensors lie on two devices: a copy between host and accelerator, which may wait."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [part for part in (*args, *torch.utils._pytree.tree_leaves(result)) if isinstance(part, torch.Tensor)]
        if len({tensor.device.type for tensor in tensors if tensor.ndim}) > 1:
            self.names.append(str(func))
        return result


def accelerated():
    """Metrics of every kind of cuts and options."""
    return MetricCollection(
        {
            "uniform": BinaryAUROC(256),
            "edges": BinaryAUROC([0.1, 0.3, 0.9]),
            "odd": BinaryAccuracy(0.3),
            "even": BinaryAccuracy(),
            "floats": BinaryAUROC(),
            "weighted": BinaryAveragePrecision(weighted=True),
            "ignoring": BinaryF1Score(ignore_index=-1),
            "logits": BinaryROC(from_logits=True),
            "uniform logits": BinaryAUROC(64, from_logits=True),
            "dropping": BinaryRecall(0.7, invalid="drop"),
            "error": BinaryBrierScore(),
            "loss": BinaryLogLoss(eps=1e-7, from_logits=True, weighted=True),
            "calibration": BinaryCalibrationError(),
            "hinge": BinaryHingeLoss(),
        }
    )


WAITING = {
    "item": lambda scores: scores.sum().item(),
    "if": lambda scores: bool((scores > 1).any()),
    "mask": lambda scores: scores[scores > 0.5],
    "nonzero": lambda scores: scores.nonzero(),
    "unique": lambda scores: scores.unique(),
    "bincount": lambda scores: torch.bincount(scores.long().view(-1)),
    "tolist": lambda scores: scores.tolist(),
}


@pytest.mark.parametrize("name", WAITING)
def test_a_fake_accelerator_refuses_what_would_make_the_host_wait(name):
    with FakeTensorMode(), pytest.raises((DataDependentOutputException, DynamicOutputShapeException)):
        WAITING[name](torch.rand(8, 4, device=ACCELERATOR))


def test_a_fake_accelerator_refuses_tensors_of_two_devices_and_sees_copies():
    with FakeTensorMode(), Crossings() as crossings:
        assert crossings.names == []
        torch.rand(4).to(ACCELERATOR)
        assert crossings.names == ["aten._to_copy.default"]
        torch.tensor([0.1, 0.2], device=ACCELERATOR)
        assert crossings.names == ["aten._to_copy.default", "aten._to_copy.default"]
        with pytest.raises(RuntimeError, match=r"two (different )?devices"):
            torch.rand(4) + torch.rand(4, device=ACCELERATOR)


@needs_pretended
@pytest.mark.parametrize("build", [lambda: BinaryAUROC(weighted=True), accelerated])
def test_updating_on_an_accelerator_never_makes_the_host_wait_and_the_counts_follow_the_data(build):
    metrics = build()
    for layout in [each.layout for each in getattr(metrics, "histograms", None) or [metrics.histogram]]:
        lookup.count([(layout, Dense(layout).empty())], torch.rand(3), torch.ones(3), None)  # makes tables of real numbers
    with FakeTensorMode(allow_non_fake_inputs=True):
        batch = (
            torch.rand(8, 4, device=ACCELERATOR),
            torch.randint(0, 2, (8, 4), device=ACCELERATOR),
            torch.rand(8, 4, device=ACCELERATOR),
        )
        metrics.update(*batch)  # counts and thresholds move here, once
        with Crossings() as crossings:
            metrics.update(*batch)
            metrics.update(batch[0].half().T, batch[1].bool().T, batch[2].double().T)
            metrics.reset()
            metrics.update(*batch)
        assert crossings.names == []
        assert {state.device.type for state in states(metrics)} == {"lazy"}


@pytest.mark.parametrize(
    ("columns", "said"),
    {
        1: "squeeze, reshape or expand",
        2: r"preds\[..., 1\] - preds\[..., 0\] if they are logits",
        5: r"rows=Classes\(5\)",
    }.items(),
)
def test_scores_with_a_column_for_each_class_are_told_what_to_pass(columns, said):
    with pytest.raises(ValueError, match=rf"target must have the shape of preds \(4, {columns}\), got \(4,\): .*{said}"):
        BinaryAUROC(from_logits=True).update(torch.randn(4, columns), torch.arange(4) % 2)
