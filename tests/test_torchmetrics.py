"""The drop-in classes against torchmetrics itself, and in its collections and wrappers."""

from __future__ import annotations

import inspect
import math
import pickle
import subprocess
import sys
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
import torchmetrics
from hypothesis import assume, given, settings, strategies as st
from torchmetrics import classification as peers
from torchmetrics_examples import examples_of
from torchmetrics_workers import PLAYS, RANKS, batch, check, expected, members, play

import torch_binmetrics as tb
from torch_binmetrics.integrations import torchmetrics as ours

#: What counts by groups that come with the data is tested with classes of many rows.
GROUPED = {"BinaryFairness", "BinaryGroupStatRates"}
NAMES = [name for name in ours.__all__ if name.startswith("Binary") and name not in GROUPED]
NEEDED = {
    "BinaryFBetaScore": {"beta": 2.0},
    "BinaryRecallAtFixedPrecision": {"min_precision": 0.6},
    "BinaryPrecisionAtFixedRecall": {"min_recall": 0.6},
    "BinarySensitivityAtSpecificity": {"min_specificity": 0.6},
    "BinarySpecificityAtSensitivity": {"min_sensitivity": 0.6},
}
FIXED = [name for name in NAMES if "threshold" in inspect.signature(getattr(ours, name)).parameters]
CURVED = [name for name in NAMES if "thresholds" in inspect.signature(getattr(ours, name)).parameters]
SUMMED = ["BinaryCalibrationError", "BinaryHingeLoss"]
PREDS = torch.tensor([0.9, 0.2, 0.6, 0.4, 0.7, 0.1])
TARGET = torch.tensor([1, 0, 0, 1, 1, 0])


def make(name, **options):
    return getattr(ours, name)(**NEEDED.get(name, {}), **options)


def peer(name, **options):
    return getattr(peers, name)(**NEEDED.get(name, {}), **options)


#: Few cuts, where it matters what is counted and not how finely.
COARSE = tb.FloatBits(9, centre=None)

few = settings(max_examples=20)


def tensors(value):
    return list(value) if isinstance(value, tuple) else [value]


def same(mine, theirs, tolerance=2e-6):
    assert type(mine) is type(theirs)
    for a, b in zip(tensors(mine), tensors(theirs), strict=True):
        assert a.shape == b.shape
        assert a.is_floating_point() == b.is_floating_point()
        torch.testing.assert_close(a.double(), b.double(), rtol=0, atol=tolerance, equal_nan=True)


def all_same(values, wanted):
    for name, value in values.items():
        same(value, wanted[name], tolerance=0)


def samples(metric):
    """How many samples a metric holds."""
    state = metric.state
    cells = metric.counts.store.layout.off_edge
    return int(state[:cells].sum()) if isinstance(state, torch.Tensor) else sum(int(table[:, 1:].sum()) for table in state)


def state_of(metric):
    [name] = metric._defaults
    return name, getattr(metric, name)


@st.composite
def batches(draw, scores=("probabilities", "logits", "few"), classes=(0, 1), smallest=1):
    """One to four batches of scores of one kind and labels, in which both classes may be asked for."""
    sizes = draw(st.lists(st.integers(smallest, 40), min_size=1, max_size=4))
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    kind = draw(st.sampled_from(scores))
    made = []
    for size in sizes:
        preds = {
            "probabilities": torch.rand(size, generator=g),
            "logits": 3 * torch.randn(size, generator=g) + torch.tensor([2.0] + [0.0] * (size - 1)),
            "few": torch.randint(0, 5, (size,), generator=g) / 4,
        }[kind]
        target = torch.randint(0, 2, (size,), generator=g)
        made.append((preds, target if len(classes) == 2 else torch.full_like(target, classes[0])))
    return made


def whole(parts):
    return tuple(map(torch.cat, zip(*parts, strict=True)))


def log_auc(preds, target, thresholds=None):
    """The log AUC of torchmetrics' curve by NumPy; torchmetrics sorts the curve by a sort that shuffles vertical steps."""
    fpr, tpr, _ = peers.BinaryROC(thresholds=thresholds)(preds, target)
    fpr, tpr = fpr.double().numpy(), tpr.double().numpy()
    inside = (fpr > 0.001) & (fpr < 0.1 + 1e-7)
    ends = np.interp([0.001, 0.1], fpr, tpr)
    x, y = np.concatenate([[0.001], fpr[inside], [0.1]]), np.concatenate([ends[:1], tpr[inside], ends[1:]])
    return torch.tensor(np.trapezoid(y, np.log10(x)) / 2, dtype=torch.float32)


def mixed_classes(target):
    return bool((target == 1).any() and (target == 0).any())


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_examples_of_torchmetrics_give_the_documented_output(name):
    names = examples_of(name)
    assert issubclass(names[name], ours.BinaryAccuracy.__mro__[2])


def test_every_binary_class_of_torchmetrics_is_there():
    assert {name for name in dir(peers) if name.startswith("Binary")} == {*NAMES, *GROUPED}


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_are_those_of_torchmetrics_and_the_default_cuts_are_in_sight(name):
    mine, theirs = (inspect.signature(getattr(module, name)).parameters for module in (ours, peers))
    hidden = {"zero_division"} if issubclass(getattr(peers, name), peers.BinaryStatScores) else set()  # among their kwargs
    assert [each for each in mine if each in theirs or each not in {"from_logits", "weighted"} | hidden] == list(theirs)
    for each, parameter in theirs.items():
        assert mine[each].default == (tb.FloatBits(16) if each == "thresholds" else parameter.default)
    with pytest.raises(ValueError, match="Unexpected keyword arguments"):
        make(name, surprise=1)


@pytest.mark.parametrize("name", NAMES)
def test_the_only_state_is_one_named_tensor_of_integers_that_is_summed(name):
    metric = make(name)
    assert isinstance(metric, torchmetrics.Metric)
    state, counts = state_of(metric)
    assert state.startswith("counts_")
    assert counts.dtype == (torch.float64 if name in SUMMED else torch.int64)
    assert metric._reductions[state] is torchmetrics.utilities.data.dim_zero_sum
    assert state_of(make(name, weighted=True))[1].dtype == torch.float64


def test_the_name_of_a_state_tells_the_cuts_and_the_options():
    states = [
        ours.BinaryAccuracy(),
        ours.BinaryAccuracy(0.25),
        ours.BinaryAccuracy(ignore_index=-100),
        ours.BinaryAccuracy(validate_args=False),
        ours.BinaryAccuracy(from_logits=True),
        ours.BinaryAccuracy(from_logits=False),
        ours.BinaryAccuracy(weighted=True),
        ours.BinaryAccuracy(multidim_average="samplewise"),
        ours.BinaryAUROC(),
        ours.BinaryAUROC(thresholds=tb.FloatBits(19)),
        ours.BinaryAUROC(thresholds=5),
        ours.BinaryAUROC(thresholds=6),
        ours.BinaryAUROC(thresholds=None),
        ours.BinaryCalibrationError(),
        ours.BinaryHingeLoss(),
        ours.BinaryHingeLoss(squared=True),
    ]
    names = [state_of(metric)[0] for metric in states]
    assert len(set(names)) == len(names)
    assert names[0] == "counts_t_0p5"
    assert state_of(ours.BinaryF1Score())[0] == "counts_t_0p5"
    [name] = {state_of(ours.BinaryROC(thresholds=each))[0] for each in (3, [0.0, 0.5, 1.0], torch.tensor([0.0, 0.5, 1.0]))}
    assert name.startswith("counts_3_thresholds_")


@few
@given(parts=batches(), threshold=st.sampled_from([0.5, 0.25, 0.0, 1.0, 0.3]))
@pytest.mark.parametrize("name", FIXED)
def test_scores_at_a_threshold_equal_those_of_torchmetrics_on_the_whole_epoch(name, parts, threshold):
    preds, target = whole(parts)
    mine, theirs = make(name, threshold=threshold), peer(name, threshold=threshold)
    for part in parts:
        mine.update(*part)
    theirs.update(preds, target)
    if name == "BinaryMatthewsCorrCoef":
        matrix = peers.BinaryConfusionMatrix(threshold)(preds, target)
        degenerate = (matrix.sum(0) == 0).any() or (matrix.sum(1) == 0).any()
        assume(not degenerate)
        assert abs(mine.compute() - theirs.compute()) < 2e-6
    else:
        same(mine.compute(), theirs.compute())


@few
@given(parts=batches(), n_bins=st.sampled_from([1, 2, 15]), norm=st.sampled_from(["l1", "l2", "max"]), squared=st.booleans())
def test_means_of_sums_equal_torchmetrics_on_the_whole_epoch(parts, n_bins, norm, squared):
    preds, target = whole(parts)
    preds = preds.clamp(max=0.99) if preds.max() <= 1 else preds  # at 1 torchmetrics has a bin more
    assume(preds.max() < 15)
    for name, options in (
        ("BinaryCalibrationError", {"n_bins": n_bins, "norm": norm}),
        ("BinaryHingeLoss", {"squared": squared}),
    ):
        mine, theirs = make(name, **options), peer(name, **options)
        for part in parts:
            mine.update(part[0].clamp(max=float(preds.max())), part[1])
        theirs.update(preds, target)
        same(mine.compute(), theirs.compute())


def test_a_probability_of_one_is_in_the_last_bin_and_declared_scores_are_decision_values():
    assert ours.BinaryCalibrationError(n_bins=2)(torch.tensor([1.0, 0.75]), torch.tensor([0, 1])) == 0.375
    assert ours.BinaryHingeLoss(from_logits=False)(torch.tensor([-2.0, 0.5]), torch.tensor([0, 1])) == 0.25
    with pytest.raises(ValueError, match="n_bins"):
        ours.BinaryCalibrationError(n_bins=0)
    with pytest.raises(ValueError, match="norm"):
        ours.BinaryCalibrationError(norm="l3")(PREDS, TARGET)


@given(parts=batches(classes=(1,)))
def test_mcc_with_one_class_is_one_if_all_are_right_minus_one_if_all_are_wrong_else_zero(parts):
    preds, target = whole(parts)
    value, accuracy = (getattr(ours, f"Binary{name}")()(preds, target) for name in ("MatthewsCorrCoef", "Accuracy"))
    assert value == {1.0: 1.0, 0.0: -1.0}.get(float(accuracy), 0.0)


@few
@pytest.mark.filterwarnings("ignore:No (positive|negative) samples")
@given(parts=batches(), ignored=st.sampled_from([-100, -1, 1, 7]))
@pytest.mark.parametrize("name", ["BinaryAccuracy", "BinaryConfusionMatrix", "BinaryAUROC", "BinaryPrecisionRecallCurve"])
def test_ignored_labels_are_left_out_and_their_scores_decide_nothing(name, parts, ignored):
    preds, target = whole(parts)
    everything = torch.cat([preds, torch.tensor([-100.0, 100.0])]), torch.cat([target, torch.tensor([ignored] * 2)])
    kept = target != ignored
    metric = make(name, ignore_index=ignored)
    metric.update(*everything)
    alone = make(name)
    alone.update(preds[kept], target[kept])
    same(metric.compute(), alone.compute(), tolerance=0)


@few
@given(parts=batches())
@pytest.mark.parametrize("name", CURVED)
def test_exact_mode_equals_torchmetrics_on_the_whole_epoch(name, parts):
    preds, target = whole(parts)
    assume(mixed_classes(target))
    mine, theirs = make(name, thresholds=None), peer(name, thresholds=None)
    for part in parts:
        mine.update(*part)
    theirs.update(preds, target)
    same(mine.compute(), theirs.compute() if name != "BinaryLogAUC" else log_auc(preds, target))


@few
@given(parts=batches(), thresholds=st.sampled_from([5, [0.0, 0.2, 0.5, 1.0], torch.linspace(0, 1, 11)]))
@pytest.mark.parametrize("name", CURVED)
def test_given_thresholds_equal_torchmetrics_on_the_whole_epoch(name, parts, thresholds):
    preds, target = whole(parts)
    assume(mixed_classes(target))
    if name in ("BinaryAUROC", "BinaryLogAUC"):  # torchmetrics' curve has no (0, 0)
        preds = preds.clamp(max=0.99) if preds.max() <= 1 else preds
        assume(preds.max() < 15)
    mine, theirs = make(name, thresholds=thresholds), peer(name, thresholds=thresholds)
    mine.update(preds, target)
    theirs.update(preds, target)
    same(mine.compute(), theirs.compute() if name != "BinaryLogAUC" else log_auc(preds, target, thresholds))


@few
@given(parts=batches(scores=("probabilities", "logits"), smallest=20))
@pytest.mark.parametrize("name", CURVED)
def test_the_default_cuts_are_exact_for_bfloat16_scores(name, parts):
    preds, target = whole(parts)
    preds = preds.bfloat16().float()
    assume(mixed_classes(target))
    # Ranks stand for the scores: the sigmoid of torchmetrics may give two values for equal logits of one tensor.
    ranks = torch.unique(preds, return_inverse=True)[1] / len(preds)
    mine = make(name)(preds, target)
    theirs = peer(name, thresholds=None)(ranks, target) if name != "BinaryLogAUC" else log_auc(ranks, target)
    for one, other in zip(
        *(tensors(value)[: 2 if "Curve" in name or name == "BinaryROC" else 1] for value in (mine, theirs)), strict=True
    ):
        same(one, other)


@given(parts=batches(), max_fpr=st.sampled_from([0.1, 0.5, 1.0]))
def test_partial_areas_equal_torchmetrics(parts, max_fpr):
    preds, target = whole(parts)
    assume(mixed_classes(target))
    mine, theirs = (module.BinaryAUROC(max_fpr=max_fpr, thresholds=None) for module in (ours, peers))
    same(mine(preds, target), theirs(preds, target))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_gives_what_torchmetrics_gives(name, label):
    target = torch.full((4,), label)
    options = {"thresholds": None} if name in CURVED else {}
    with warnings.catch_warnings(record=True) as mine_said:
        warnings.simplefilter("always")
        mine = make(name, **options)(PREDS[:4], target)
    with warnings.catch_warnings(record=True) as theirs_said:
        warnings.simplefilter("always")
        theirs = peer(name, **options)(PREDS[:4], target)
    assert [str(each.message)[:30] for each in mine_said] == [str(each.message)[:30] for each in theirs_said]
    assert all(each.category is UserWarning for each in mine_said)
    if name in ("BinaryMatthewsCorrCoef", "BinaryLogAUC"):  # of no meaning there; 0 here
        assert mine == 0
    else:
        same(mine, theirs)


def test_all_scores_at_the_top_are_chance_and_the_curve_is_whole():
    for thresholds in (5, [0.3, 0.6], None, tb.FloatBits(16)):
        assert ours.BinaryAUROC(thresholds=thresholds)(torch.ones(4), torch.tensor([0, 1, 0, 1])) == 0.5
    assert ours.BinaryAUROC(thresholds=[0.3, 0.6])(torch.tensor([0.1, 0.4, 0.5, 0.9]), torch.tensor([0, 1, 0, 1])) == 0.875


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples in targets")
@given(parts=batches(scores=("logits",)), name=st.sampled_from(["BinaryAccuracy", "BinaryAUROC", "BinaryROC"]))
def test_one_epoch_is_read_in_one_way_however_it_is_split(name, parts):
    preds, target = whole(parts)
    assume(preds.min() < 0 or preds.max() > 1)
    split, one = make(name), make(name)
    for score, label in zip(preds, target, strict=True):  # alone, a score in [0, 1] looks like a probability
        split.update(score[None], label[None])
    one.update(preds, target)
    same(split.compute(), one.compute(), tolerance=0)
    declared = make(name, from_logits=True)
    declared.update(preds, target)
    same(declared.compute(), one.compute(), tolerance=0)


def test_declared_scores_are_not_detected():
    preds, target = torch.tensor([0.2, 0.4, 0.8]), torch.tensor([0, 1, 1])
    assert ours.BinaryAccuracy(from_logits=True)(preds, target) == peers.BinaryAccuracy()(preds.sigmoid(), target)
    assert ours.BinaryAccuracy(from_logits=False)(2 * preds, target) == 1.0
    assert ours.BinaryROC(from_logits=False)(10 * preds, target)[2][1] == tb.FloatBits(16).thresholds(
        tb.FloatBits(16).index(torch.tensor([8.0]))
    )
    assert ours.BinaryROC(thresholds=None, normalization=None)(10 * preds, target)[2][1] == 8.0


def test_forward_decides_for_its_batch():
    metric = ours.BinaryAccuracy()
    probabilities, logits = torch.tensor([0.4, 0.6]), torch.tensor([-2.0, 0.4])
    assert metric(probabilities, torch.tensor([0, 1])) == 1.0
    assert metric(logits, torch.tensor([0, 1])) == 1.0
    assert metric.compute() == 0.75  # as logits, 0.4 is called positive


def test_large_logits_stay_apart_where_they_are_declared():
    preds, target = torch.tensor([20.0, 30.0, 40.0]), torch.tensor([0, 1, 1])
    assert ours.BinaryAUROC(thresholds=None, from_logits=True)(preds, target) == 1.0
    assert ours.BinaryAUROC(thresholds=None)(preds, target) == peers.BinaryAUROC()(preds, target) == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_invalid_samples_raise_and_are_left_out_without_validation(name):
    metric = make(name, validate_args=True)
    for preds, target in (([math.nan, 0.5], [0, 1]), ([0.1, 0.5], [0, 2])):
        with pytest.raises(ValueError, match="invalid samples"):
            metric.update(torch.tensor(preds), torch.tensor(target))
    dropping, clean = make(name, validate_args=False), make(name, validate_args=True)
    dropping.update(torch.cat([PREDS, torch.tensor([math.nan, 0.5])]), torch.cat([TARGET, torch.tensor([1, 2])]))
    clean.update(PREDS, TARGET)
    same(dropping.compute(), clean.compute(), tolerance=0)


def test_predicted_labels_count_and_other_integers_are_invalid():
    labels = torch.tensor([1, 0, 1, 1])
    for preds in (labels, labels.bool(), labels.to(torch.uint8)):
        assert ours.BinaryAccuracy()(preds, torch.tensor([1, 0, 0, 1])) == 0.75
    with pytest.raises(ValueError, match="invalid samples"):
        ours.BinaryAccuracy().update(torch.tensor([1, 2]), torch.tensor([1, 0]))


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples")
@few
@given(parts=batches())
def test_weights_count_as_often_as_they_say(parts):
    preds, target = whole(parts)
    weight = torch.arange(len(preds)) % 3
    for name in ("BinaryAccuracy", "BinaryAUROC", "BinaryStatScores", "BinaryCalibrationError"):
        for options in ({}, {"thresholds": None}) if name in CURVED else ({},):
            heavy, often = make(name, weighted=True, **options), make(name, from_logits=None, **options)
            heavy.update(preds, target, weight)
            often.update(preds.repeat_interleave(weight), target.repeat_interleave(weight))
            outside = (preds < 0) | (preds > 1)
            if outside.any() == (outside & (weight > 0)).any():
                torch.testing.assert_close(heavy.compute().double(), often.compute().double(), equal_nan=True)
    with pytest.raises(ValueError, match="weighted=True"):
        ours.BinaryAUROC(thresholds=None).update(preds, target, weight)


def test_bad_arguments_are_refused_when_a_metric_is_built():
    for build in (
        lambda: ours.BinaryAccuracy(multidim_average="each"),
        lambda: ours.BinaryAUROC(thresholds=1),
        lambda: ours.BinaryAUROC(thresholds="many"),
        lambda: ours.BinaryAUROC(thresholds=torch.ones(2, 2)),
    ):
        with pytest.raises(ValueError, match=r"multidim_average|thresholds"):
            build()


@pytest.mark.parametrize("bad", [1.5, -0.1, "0.5"])
def test_a_bad_threshold_is_refused(bad):
    for build in (lambda: ours.BinaryAccuracy(bad), lambda: ours.BinaryROC([bad])):
        with pytest.raises((ValueError, TypeError)):
            build()


def test_exact_memory_is_bounded_by_the_number_of_distinct_scores():
    metric = ours.BinaryAUROC(thresholds=None)
    for seed in range(50):
        g = torch.Generator().manual_seed(seed)
        metric.update(torch.randint(0, 64, (1000,), generator=g) / 64, torch.randint(0, 2, (1000,), generator=g))
        assert sum(map(len, state_of(metric)[1])) <= 2 * 64
    assert tb.counting is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours.BinaryAUROC(thresholds=None).compute() == 0


def test_exact_memory_is_bounded_where_states_are_joined():
    stepped, merged, one = (ours.BinaryAUROC(thresholds=None) for _ in range(3))
    for seed in range(50):
        g = torch.Generator().manual_seed(seed)
        drawn = torch.randint(0, 8, (100,), generator=g) / 8, torch.randint(0, 2, (100,), generator=g)
        stepped(*drawn)
        other = ours.BinaryAUROC(thresholds=None)
        other.update(*drawn)
        merged.merge_state(other)
        one.update(*drawn)
        for metric in (stepped, merged):
            assert sum(map(len, metric.state)) <= 2 * 8
    same(stepped.compute(), one.compute(), tolerance=0)
    same(merged.compute(), one.compute(), tolerance=0)
    merged.reset()
    merged.merge_state(ours.BinaryAUROC(thresholds=None))
    assert merged.state == []


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples in targets")
@given(parts=batches(), order=st.permutations(range(4)))
def test_merging_equals_one_pass_and_drops_the_old_value(parts, order):
    assume(len(parts) > 1)
    for name, options in (
        ("BinaryF1Score", {}),
        ("BinaryAUROC", {"thresholds": COARSE}),
        ("BinaryAUROC", {"thresholds": None}),
    ):
        one, many = make(name, **options), [make(name, **options) for _ in parts]
        one.update(*whole(parts))
        for metric, part in zip(many, parts, strict=True):
            metric.update(*part)
            metric.compute()
        first, *others = [many[i] for i in order if i < len(many)]
        for other in others:
            first.merge_state(other)
        same(first.compute(), one.compute(), tolerance=0)
    with pytest.raises(ValueError, match="counts_t_0p5"):
        ours.BinaryF1Score().merge_state(ours.BinaryF1Score(0.7))


def of_each_state(on_step):
    """Two metrics each of a state of two bins, of many and of one that grows."""
    options = {"dist_sync_on_step": on_step}
    return {
        "f1": ours.BinaryF1Score(**options),
        "recall": ours.BinaryRecall(**options),
        "auroc": ours.BinaryAUROC(thresholds=COARSE, **options),
        "ap": ours.BinaryAveragePrecision(thresholds=COARSE, **options),
        "exact": ours.BinaryAUROC(thresholds=None, **options),
        "curve": ours.BinaryROC(thresholds=None, **options),
    }


ROUND = [0.9, 0.2, 0.6], [0.4, 0.7], [0.1, 0.55, 0.5, 0.3]


STEPS = st.sampled_from(["update", "forward", "each", "reset", "compute", "look", "clone", "share"])


@given(steps=st.lists(STEPS, max_size=9), on_step=st.booleans())
@pytest.mark.parametrize("collection", [torchmetrics.MetricCollection, ours.MetricCollection])
def test_members_of_a_collection_count_as_if_each_were_alone(collection, on_step, steps):
    together, alone = collection(of_each_state(on_step)), of_each_state(on_step)
    for i, step in enumerate(["update", *steps, "update"]):
        preds = torch.tensor(ROUND[i % 3])
        target = (torch.arange(len(preds)) + i) % 2
        if step in ("update", "forward"):
            values = getattr(together, step)(preds, target)
            all_same(values or {}, {name: getattr(metric, step)(preds, target) for name, metric in alone.items()})
        elif step == "each":  # members that were held before they joined
            for metric in (*together._modules.values(), *alone.values()):
                (metric.update if i % 2 else metric)(preds, target)
        elif step == "reset":
            for metric in (together, *alone.values()):
                metric.reset()
        elif step == "clone":
            together = together.clone()
        elif step == "share":
            list(together.items(copy_state=False))
        elif alone["f1"].update_called:
            look = together.compute() if step == "compute" else {"recall": together["recall"].compute()}
            all_same(look, {name: metric.compute() for name, metric in alone.items()})
        held = {name: samples(metric) for name, metric in together._modules.items()}
        assert held == {name: samples(metric) for name, metric in alone.items()}
    wanted = {name: metric.compute() for name, metric in alone.items()}
    all_same(together.compute(), wanted)
    all_same({name: metric.compute() for name, metric in together.items()}, wanted)


def test_groups_are_formed_by_cuts_before_any_data():
    kinds = {"a": ours.BinaryAccuracy(0.5), "b": ours.BinaryAccuracy(0.9), "c": ours.BinaryF1Score(0.5)}
    for collection in (ours.MetricCollection, torchmetrics.MetricCollection):
        metrics = collection({name: metric.clone() for name, metric in kinds.items()})
        metrics.update(torch.tensor([0.1, 0.95]), torch.tensor([0, 1]))  # the same values for all
        metrics.update(torch.tensor([0.6, 0.7]), torch.tensor([1, 1]))
        assert {name: float(value) for name, value in metrics.compute().items()} == {"a": 1.0, "b": 0.5, "c": 1.0}
    assert ours.MetricCollection(kinds).compute_groups == {0: ["a", "c"], 1: ["b"]}
    with pytest.raises(ValueError, match="does not count what"):
        ours.MetricCollection(kinds, compute_groups=[["a", "b"]])
    alone = ours.MetricCollection({name: metric.clone() for name, metric in kinds.items()}, compute_groups=False)
    alone.update(PREDS, TARGET)
    assert alone.compute()["c"] == ours.BinaryF1Score()(PREDS, TARGET)


def test_a_collection_takes_other_metrics_of_torchmetrics_too():
    metrics = ours.MetricCollection([ours.BinaryF1Score(), ours.BinaryRecall(), peers.BinaryAccuracy()], prefix="val/")
    metrics.update(PREDS, TARGET)
    metrics.update(PREDS, TARGET)
    assert metrics.compute()["val/BinaryAccuracy"] == peers.BinaryAccuracy()(PREDS, TARGET)
    assert list(metrics.scalars) == ["val/BinaryF1Score", "val/BinaryRecall", "val/BinaryAccuracy"]


def test_scalars_are_the_members_whose_value_is_one_number():
    metrics = ours.MetricCollection([make(name) for name in NAMES], postfix="_val")
    values = metrics(PREDS, TARGET)
    assert set(metrics.scalars) == {
        name for name, value in values.items() if isinstance(value, torch.Tensor) and value.ndim == 0
    }
    assert not ours.MetricCollection([ours.BinaryRecall(multidim_average="samplewise")]).scalars


@pytest.mark.parametrize("options", [{}, {"thresholds": None}], ids=["fixed", "exact"])
def test_a_loaded_checkpoint_is_copied_and_drops_the_old_value(options):
    source, metric = ours.BinaryAUROC(**options), ours.BinaryAUROC(**options)
    assert not source.state_dict()
    source.persistent(True)
    source.update(PREDS, TARGET)
    saved = source.state_dict()
    kept = deepcopy(saved)
    metric.update(PREDS[:2], TARGET[:2])
    metric.compute()
    metric.load_state_dict(saved)
    assert metric.compute() == source.compute()
    metric.update(PREDS, 1 - TARGET)
    assert metric.compute() == 0.5
    for name, value in saved.items():
        for mine, before in zip(
            *([each] if isinstance(each, torch.Tensor) else each for each in (value, kept[name])), strict=True
        ):
            assert torch.equal(mine, before)
    assert source.compute() == ours.BinaryAUROC(**options)(PREDS, TARGET)


def test_a_checkpoint_of_other_cuts_or_another_shape_is_refused():
    source = ours.BinaryF1Score(0.25)
    source.persistent(True)
    source.update(PREDS, TARGET)
    metric = ours.BinaryF1Score()
    with pytest.raises(RuntimeError, match="counts_t_0p25"):
        metric.load_state_dict(source.state_dict())
    for bad in (torch.zeros(3, dtype=torch.int64), torch.zeros(15), [torch.zeros(15)]):
        with pytest.raises(ValueError, match="counts_t_0p5: expected"):
            metric.load_state_dict({"counts_t_0p5": bad})
    with pytest.raises(ValueError, match="counts_exact: expected"):
        ours.BinaryAUROC(thresholds=None).load_state_dict({"counts_exact": [torch.zeros(2, 3)]})
    metric.update(PREDS, TARGET)
    assert metric.compute() == ours.BinaryF1Score()(PREDS, TARGET)


@pytest.mark.parametrize("bad", [torch.tensor(2), torch.ones(15), torch.ones(2, 15, dtype=torch.int64)])
def test_a_merged_state_of_another_shape_or_dtype_is_refused(bad):
    metric = ours.BinaryF1Score()
    metric.update(PREDS, TARGET)
    with pytest.raises(ValueError, match="counts_t_0p5: expected"):
        metric.merge_state({"counts_t_0p5": bad})
    assert metric.compute() == ours.BinaryF1Score()(PREDS, TARGET)
    metric.merge_state({"counts_t_0p5": metric.state.clone()})
    assert samples(metric) == 2 * len(PREDS)


@pytest.mark.parametrize("options", [{}, {"thresholds": None}])
def test_a_loaded_checkpoint_lies_where_the_metric_lies(options):
    source = ours.BinaryAUROC(**options)
    source.persistent(True)
    source.update(PREDS, TARGET)
    metric = ours.BinaryAUROC(**options).to("meta")
    metric.load_state_dict(source.state_dict())
    state = metric.state if isinstance(metric.state, list) else [metric.state]
    assert [part.device.type for part in state] == ["meta"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["BinaryRecall", "BinaryAUROC"])
def test_moving_changes_no_dtype(name, weighted):
    metric = make(name, weighted=weighted)
    metric.update(PREDS, TARGET)
    before = state_of(metric)[1].clone()
    for move in (
        lambda m: m.to(torch.bfloat16),
        lambda m: m.half(),
        lambda m: m.set_dtype(torch.float16),
        lambda m: m.to("cpu"),
    ):
        move(metric)
        assert torch.equal(state_of(metric)[1], before)
        assert state_of(metric)[1].dtype == before.dtype
    metric.reset()
    assert state_of(metric)[1].dtype == before.dtype
    metric.to("meta")
    assert state_of(metric)[1].is_meta
    with pytest.raises(RuntimeError, match="call metric"):
        metric.update(PREDS, TARGET)


@pytest.mark.parametrize("name", NAMES)
def test_clones_and_pickles_count_on_their_own(name):
    metric = make(name, validate_args=True)
    metric.update(PREDS, TARGET)
    value = metric.compute()
    for other in (metric.clone(), pickle.loads(pickle.dumps(metric)), deepcopy(metric)):
        same(other.compute(), value, tolerance=0)
        other.update(PREDS[:3], 1 - TARGET[:3])
        other.reset()
        other.update(PREDS, TARGET)
        same(other.compute(), value, tolerance=0)
    metric._computed = None
    same(metric.compute(), value, tolerance=0)


def test_state_that_was_handed_out_does_not_change():
    metric = ours.BinaryAUROC()
    metric.update(PREDS, TARGET)
    name, taken = state_of(metric)
    kept, of_dict = taken.clone(), metric.metric_state[name]
    metric.update(PREDS, TARGET)
    assert torch.equal(taken, kept)
    assert torch.equal(of_dict, kept)
    own = metric.state.data_ptr()
    metric.update(PREDS, TARGET)
    assert metric.state.data_ptr() == own, "alone, it counts in place"


def areas():
    return [ours.BinaryAUROC(), ours.BinaryAveragePrecision(), ours.BinaryEER()]


def test_a_group_counts_in_place_unless_somebody_else_holds_its_state():
    metrics = ours.MetricCollection(areas())
    members = list(metrics._modules.values())
    metrics.update(PREDS, TARGET)
    place = members[0].state.data_ptr()
    metrics.update(PREDS, TARGET)
    assert {member.state.data_ptr() for member in members} == {place}
    for member in members:
        _, taken = state_of(member)
        kept = taken.clone()
        for _ in range(2):
            metrics.update(PREDS, TARGET)
            assert torch.equal(taken, kept)
    assert [samples(member) for member in members] == [8 * len(PREDS)] * 3


@pytest.mark.parametrize("bad", [torch.full((6,), torch.nan), PREDS[:3]])
def test_members_stay_apart_after_a_batch_that_was_refused(bad):
    metrics = ours.MetricCollection(areas())
    members = list(metrics._modules.values())
    metrics.update(PREDS, TARGET)
    with pytest.raises(ValueError, match=r"invalid samples|shape"):
        metrics.update(bad, TARGET)
    for count, member in enumerate(members, start=1):
        member.update(PREDS, TARGET)
        assert [samples(each) for each in members] == [2 * len(PREDS)] * count + [len(PREDS)] * (3 - count)


@pytest.mark.parametrize("on_step", [False, True])
@pytest.mark.parametrize("thresholds", [tb.FloatBits(16), None])
def test_a_step_that_is_refused_leaves_all_as_it_was(thresholds, on_step):
    metric = ours.BinaryAUROC(thresholds=thresholds, dist_sync_on_step=on_step)
    metric.update(PREDS, TARGET)
    settings_before = metric._to_sync, metric._should_unsync, metric._update_count, metric.compute_on_cpu
    with pytest.raises(ValueError, match="invalid samples"):
        metric(PREDS, TARGET + 5)
    assert samples(metric) == len(PREDS)
    assert (metric._to_sync, metric._should_unsync, metric._update_count, metric.compute_on_cpu) == settings_before
    metric(PREDS, TARGET)
    assert samples(metric) == 2 * len(PREDS)


@pytest.mark.parametrize("first", [0, 1])
def test_collections_that_share_a_member_keep_their_own_counts(first):
    auroc, ap, eer = areas()
    pair = [ours.MetricCollection({"a": auroc, "b": ap}), ours.MetricCollection({"a": eer, "b": auroc})]
    one, other = pair if first else pair[::-1]
    one.update(PREDS, TARGET)
    other.update(PREDS, TARGET)
    alone = ap if first else eer  # in the one collection only
    held = samples(alone)
    other.update(PREDS, TARGET)
    other.update(PREDS, TARGET)
    assert samples(alone) == held
    one.update(PREDS, TARGET)
    one.update(PREDS, TARGET)
    assert {samples(each) for each in one._modules.values()} == {samples(alone)}


def test_counting_goes_on_after_inference_mode():
    for metric in (ours.BinaryAUROC(), ours.MetricCollection([ours.BinaryAUROC(), ours.BinaryAveragePrecision()])):
        with torch.inference_mode():
            metric.reset()
            metric.update(PREDS, TARGET)
            metric(PREDS, TARGET)
        metric.update(PREDS, TARGET)
        metric.compute()


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples in targets")
def test_wrappers_of_torchmetrics_work():
    tracker = torchmetrics.MetricTracker(ours.MetricCollection([ours.BinaryAUROC(), ours.BinaryF1Score()]), maximize=True)
    for labels in (TARGET, 1 - TARGET):
        tracker.increment()
        tracker.update(PREDS, labels)
    assert tracker.best_metric()["BinaryAUROC"] == ours.BinaryAUROC()(PREDS, TARGET)
    extremes = torchmetrics.MinMaxMetric(ours.BinaryAccuracy())
    for labels in (TARGET, 1 - TARGET):
        extremes(PREDS, labels)
    extremes.compute()
    boot = torchmetrics.BootStrapper(ours.BinaryAUROC(), num_bootstraps=5)
    boot.update(PREDS, TARGET)
    assert set(boot.compute()) == {"mean", "std"}
    wrapped = torchmetrics.ClasswiseWrapper(ours.BinaryStatScores(), labels=["tp", "fp", "tn", "fn", "support"])
    assert wrapped(PREDS, TARGET)["binarystatscores_tp"] == 2


def test_a_model_that_holds_metrics_can_be_scripted():
    model = torch.nn.Linear(2, 1)
    model.auroc, model.metrics = ours.BinaryAUROC(), ours.MetricCollection([ours.BinaryF1Score(), ours.BinaryROC()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, that scripting is deprecated
        assert torch.jit.script(model)(torch.ones(3, 2)).shape == (3, 1)


def test_arithmetic_works():
    metric = ours.BinaryAccuracy()
    error = 1 - metric
    error.update(PREDS, TARGET)
    assert error.compute() == 1 - ours.BinaryAccuracy()(PREDS, TARGET)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # torchmetrics' matrix
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"BinaryStatScores"}))
def test_plots_are_those_of_torchmetrics(name):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    metric = make(name)
    metric.update(PREDS, TARGET)
    assert type(metric).plot is getattr(peers, name).plot
    if "At" in name:  # a value and a threshold, which torchmetrics cannot plot as they are
        pyplot.close(metric._plot(metric.compute()[0])[0])
    else:
        pyplot.close(metric.plot()[0])


def test_the_properties_that_wrappers_read_are_those_of_torchmetrics():
    for name in NAMES:
        for each in ("is_differentiable", "higher_is_better", "plot_lower_bound", "plot_upper_bound", "plot_legend_name"):
            assert getattr(make(name), each) == getattr(peers, name).__dict__.get(each, getattr(getattr(peers, name), each))
        assert make(name).full_state_update is False


def test_a_custom_sync_function_takes_the_path_of_torchmetrics():
    def gather(tensor, group=None):
        return [tensor, tensor]

    for options in ({}, {"thresholds": None}):
        metric = ours.BinaryAUROC(dist_sync_fn=gather, distributed_available_fn=lambda: True, **options)
        metric.update(PREDS, TARGET)
        assert metric.compute() == ours.BinaryAUROC(**options)(PREDS, TARGET)
        metric.sync(gather)
        counts = metric.state
        if isinstance(counts, torch.Tensor):
            total = int(counts[..., : metric.counts.store.layout.off_edge].sum())
        else:
            total = sum(int(part[:, 1:].sum()) for part in counts)
        assert total == 2 * len(PREDS)
        metric.unsync()
        metric.update(PREDS, TARGET)
        assert metric.compute() == ours.BinaryAUROC(**options)(PREDS, TARGET)


def test_importing_the_drop_in_loads_no_lightning():
    code = "import sys, torch_binmetrics.integrations.torchmetrics; print('lightning' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def luggage():
    """A metric and a collection of the parent that both ranks get."""
    metric = ours.BinaryRecall()
    metric.update(PREDS, TARGET)
    return metric, ours.MetricCollection([ours.BinaryF1Score(), ours.BinaryRecall()])


@pytest.fixture(scope="module")
def stage(tmp_path_factory, luggage):
    """The folder in which the ranks left their reports."""
    path = tmp_path_factory.mktemp("ranks")
    mp.spawn(play, (path, luggage, mp.get_context("spawn").Barrier(RANKS)), nprocs=RANKS)
    return path


@pytest.mark.parametrize("scenario", [scenario.__name__ for scenario in PLAYS])
def test_on_two_ranks(scenario, stage):
    for rank in range(RANKS):
        report = (stage / f"{scenario}-{rank}.txt").read_text()
        assert not report, f"rank {rank}:\n{report}"


def test_the_parent_keeps_its_own_counts(stage, luggage):
    assert luggage[0].compute() == ours.BinaryRecall()(PREDS, TARGET)
    assert not luggage[1]["BinaryF1Score"].state.any()


def test_a_summed_state_resumes_in_one_process(stage):
    metrics = torch.nn.ModuleDict({"val": ours.MetricCollection(members()), "exact": ours.BinaryAUROC(thresholds=None)})
    metrics.load_state_dict(torch.load(stage / "summed.pt", weights_only=True))
    for each in metrics.values():
        each.update(*batch(2))
    check(metrics["val"].compute(), expected(members(), 0, 1, 2))
    assert metrics["exact"].compute() == expected({"": ours.BinaryAUROC(thresholds=None)}, 0, 1, 2)[""]


@pytest.mark.parametrize("number", [-1, -(2**40)])
@pytest.mark.parametrize("how", ["load_state_dict", "merge_state"])
def test_numbers_that_no_counting_gives_are_refused_by_name(how, number):
    metric = ours.BinaryRecall()
    metric.persistent(True)
    metric.update(torch.tensor([0.9, 0.2]), torch.tensor([1, 1]))
    before = metric.state.clone()
    wrong = {metric.counts.name: torch.full_like(before, number)}
    with pytest.raises(ValueError, match=rf"{metric.counts.name}: expected counts that are whole numbers >= 0, got {number}"):
        getattr(metric, how)(wrong)
    assert torch.equal(metric.state, before)
