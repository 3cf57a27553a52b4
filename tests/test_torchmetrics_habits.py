"""What code that was written for torchmetrics does, and goes on doing with the drop-in classes."""

from __future__ import annotations

import math
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
import torchmetrics
from hypothesis import given, settings, strategies as st
from test_torchmetrics import CURVED, FIXED, NAMES, PREDS, TARGET, make, peer, same, samples, state_of
from torchmetrics import classification as peers

import torch_binmetrics as tb
from torch_binmetrics.integrations import torchmetrics as ours

OF_STAT_SCORES = [name for name in NAMES if issubclass(getattr(peers, name), peers.BinaryStatScores)]
NOTHING_RIGHT = torch.zeros(4), torch.zeros(4, dtype=torch.int64)


@pytest.mark.parametrize("name", NAMES)
def test_a_drop_in_metric_is_one_of_its_class_of_torchmetrics(name):
    metric = make(name)
    assert isinstance(metric, getattr(peers, name))
    assert not metric.eval().training
    assert metric.train().training


@pytest.mark.parametrize("zero_division", [0, 1])
@pytest.mark.parametrize("name", OF_STAT_SCORES)
def test_zero_division_is_that_of_torchmetrics(name, zero_division):
    for batch in (NOTHING_RIGHT, (PREDS, TARGET), (1 - NOTHING_RIGHT[0], 1 - NOTHING_RIGHT[1])):
        same(make(name, zero_division=zero_division)(*batch), peer(name, zero_division=zero_division)(*batch))
    for bad in (2, math.nan):
        with pytest.raises(ValueError, match="zero_division"):
            make(name, zero_division=bad)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("BinaryCalibrationError", {"norm": "l3"}),
        ("BinaryCalibrationError", {"n_bins": 0}),
        ("BinaryFBetaScore", {"beta": -1.0}),
        ("BinaryConfusionMatrix", {"normalize": "x"}),
        ("BinaryCohenKappa", {"weights": "x"}),
        ("BinaryRecallAtFixedPrecision", {"min_precision": 3}),
        ("BinaryPrecisionAtFixedRecall", {"min_recall": 3}),
        ("BinarySensitivityAtSpecificity", {"min_specificity": 3}),
        ("BinarySpecificityAtSensitivity", {"min_sensitivity": 3}),
        ("BinaryLogAUC", {"fpr_range": (0.5, 0.1), "validate_args": True}),
        ("BinaryAUROC", {"ignore_index": 0.5}),
        ("BinaryAccuracy", {"threshold": "0.5"}),
        ("BinaryHingeLoss", {"squared": 1}),
    ],
)
def test_arguments_are_checked_when_a_metric_is_built_or_changed(name, bad):
    for module in (peers, ours):
        with pytest.raises(ValueError):
            getattr(module, name)(**bad)
    metric = make(name, validate_args=True)
    argument, value = next(iter(bad.items()))
    before = getattr(metric, argument)
    with pytest.raises(ValueError):
        setattr(metric, argument, value)
    assert getattr(metric, argument) == before


def test_a_bad_max_fpr_is_refused_too_which_torchmetrics_takes():
    with pytest.raises(ValueError, match="max_fpr"):
        ours.BinaryAUROC(max_fpr=2.0)


#: Arguments that decide what is counted, and those that only decide how it is read.
OF_COUNTS = [
    ("BinaryAccuracy", "threshold", 0.15),
    ("BinaryF1Score", "ignore_index", 0),
    ("BinaryConfusionMatrix", "threshold", 0.15),
    ("BinaryROC", "thresholds", [0.1, 0.5]),
    ("BinaryAUROC", "ignore_index", 0),
    ("BinaryStatScores", "validate_args", False),
    ("BinaryCalibrationError", "n_bins", 2),
    ("BinaryHingeLoss", "squared", True),
]
OF_READING = [
    ("BinaryFBetaScore", "beta", 0.5),
    ("BinaryAUROC", "max_fpr", 0.5),
    ("BinaryPrecision", "zero_division", 1),
    ("BinaryCalibrationError", "norm", "max"),
    ("BinaryConfusionMatrix", "normalize", "true"),
    ("BinaryRecallAtFixedPrecision", "min_precision", 0.9),
    ("BinaryLogAUC", "fpr_range", (0.01, 0.9)),
]


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples")
@pytest.mark.parametrize(("name", "argument", "value"), OF_COUNTS + OF_READING)
def test_an_argument_that_is_set_before_the_first_update_counts(name, argument, value):
    metric = make(name)
    metric.persistent(True)
    setattr(metric, argument, value)
    built = getattr(ours, name)(**{**make(name).given, argument: value})
    assert state_of(metric)[0] == state_of(built)[0]
    same(metric(PREDS, TARGET), built(PREDS, TARGET), tolerance=0)
    same(metric.compute(), built.compute(), tolerance=0)
    assert list(metric.state_dict()) == [state_of(built)[0]]
    metric.reset()
    assert not samples(metric)
    same(metric(PREDS, TARGET), built.compute(), tolerance=0)


@pytest.mark.parametrize(("name", "argument", "value"), OF_COUNTS)
def test_an_argument_of_the_counts_is_refused_after_the_first_update(name, argument, value):
    metric = make(name)
    metric.update(PREDS, TARGET)
    before = metric.compute()
    with pytest.raises(RuntimeError, match=rf"{argument} decides what is counted.* reset\(\)"):
        setattr(metric, argument, value)
    setattr(metric, argument, metric.given[argument])
    metric._computed = None
    same(metric.compute(), before, tolerance=0)
    metric.reset()
    setattr(metric, argument, value)
    assert metric.given[argument] == value


@pytest.mark.parametrize(("name", "argument", "value"), OF_READING)
def test_an_argument_of_the_reading_is_honoured_at_any_time(name, argument, value):
    metric, theirs = make(name, **({"thresholds": None} if name in CURVED else {})), peer(name)
    metric.update(PREDS, TARGET)
    metric.compute()
    setattr(metric, argument, value)
    setattr(theirs, argument, value)
    theirs.update(PREDS, TARGET)
    same(metric.compute(), theirs.compute())


def test_a_member_that_is_set_another_threshold_leaves_its_group():
    metrics = ours.MetricCollection([ours.BinaryF1Score(), ours.BinaryRecall(), ours.BinaryAUROC()])
    metrics["BinaryF1Score"].threshold = 0.15
    metrics.update(PREDS, TARGET)
    metrics.update(PREDS, TARGET)
    assert metrics.compute_groups == {0: ["BinaryF1Score"], 1: ["BinaryRecall"], 2: ["BinaryAUROC"]}
    assert metrics.compute()["BinaryF1Score"] == peers.BinaryF1Score(0.15)(PREDS, TARGET)
    assert metrics.compute()["BinaryRecall"] == peers.BinaryRecall()(PREDS, TARGET)


FORMS = [{}, {"thresholds": 5}, {"thresholds": None}]


@pytest.mark.parametrize(("name", "options"), [(n, o) for n in NAMES for o in (FORMS if n in CURVED else [{}])])
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning", "ignore:This property will be:DeprecationWarning")
def test_every_class_can_be_scripted_and_built_without_data(name, options):
    assert isinstance(torch.jit.script(make(name, **options)), torch.jit.ScriptModule)
    model = torch.nn.Linear(2, 1)
    model.metric = make(name, **options)
    assert torch.jit.script(model)(torch.ones(3, 2)).shape == (3, 1)
    with torch.device("meta"):
        metric = make(name, **options)
        model = torch.nn.Sequential(torch.nn.Linear(2, 1), metric)
    assert metric.device.type == "meta"
    model.to_empty(device="cpu")
    same(metric(PREDS, TARGET), make(name, **options)(PREDS, TARGET), tolerance=0)
    metric.reset()
    same(metric(PREDS, TARGET), make(name, **options)(PREDS, TARGET), tolerance=0)


@pytest.mark.parametrize("name", NAMES)
def test_set_dtype_changes_the_dtype_of_values_and_nothing_else_does(name):
    metric = make(name)
    for dtype in (torch.float64, torch.float16, torch.float32):
        assert metric.set_dtype(dtype) is metric
        value = metric.half().double().to(torch.bfloat16)(PREDS, TARGET)
        assert {each.dtype for each in (value if isinstance(value, tuple) else [value])} <= {dtype, torch.int64}
        metric.reset()
    metrics = ours.MetricCollection([make(name)]).set_dtype(torch.float64)
    assert metrics.clone()[name].set_dtype("torch.DoubleTensor").dtype == torch.float64


@pytest.mark.parametrize("name", OF_STAT_SCORES)
def test_tp_fp_tn_fn_are_read_as_those_of_torchmetrics(name):
    for average in ("global", "samplewise"):
        mine, theirs = (build(name, multidim_average=average) for build in (make, peer))
        for metric in (mine, theirs):
            metric.update(PREDS.view(2, 3), TARGET.view(2, 3))
        for each in ("tp", "fp", "tn", "fn"):
            same(*(tuple(v) if average == "samplewise" else v for v in (getattr(mine, each), getattr(theirs, each))))
        with pytest.raises(AttributeError, match="no attribute 'confmat'"):
            _ = mine.confmat
        with pytest.raises(AttributeError, match="cannot be set"):
            mine.tp = torch.ones(1)


def test_confusion_matrices_and_thresholds_are_read_as_those_of_torchmetrics():
    for name in sorted(set(FIXED) - set(OF_STAT_SCORES)):
        mine, theirs = make(name), peer(name)
        for metric in (mine, theirs):
            metric.update(PREDS, TARGET)
        same(mine.confmat, theirs.confmat)
    for name in CURVED:
        for thresholds in (5, [0.1, 0.4, 0.5], torch.tensor([0.25, 0.5])):
            mine, theirs = (build(name, thresholds=thresholds) for build in (make, peer))
            for metric in (mine, theirs):
                metric.update(PREDS, TARGET)
            same(mine.confmat, theirs.confmat)
            same(mine.thresholds, theirs.thresholds)
        assert make(name).thresholds == tb.FloatBits(16)
        assert make(name, thresholds=None).thresholds is None


@pytest.mark.parametrize("options", FORMS)
@pytest.mark.parametrize("name", ["preds", "target"])
def test_samples_that_are_not_kept_are_named_in_the_error(name, options):
    metric = ours.BinaryAUROC(**options)
    assert not hasattr(metric, name)
    with pytest.raises(AttributeError, match="counts, not samples"):
        getattr(metric, name)


def persisted(name, *batch, **options):
    """The state dict of a metric of torchmetrics that has counted."""
    metric = peer(name, **options)
    metric.persistent(True)
    metric.update(*batch)
    return metric, metric.state_dict()


AT = [{"threshold": at} for at in (0.5, 0.3, 0.9, 0.0, 1.0)]
ALONG = [{"thresholds": at} for at in (5, [0.1, 0.4, 0.6], [0.6, 0.1, 0.4], torch.tensor([0.0, 0.5, 1.0]))]
SCORES = torch.tensor([0.0, 0.2, 0.6, 0.4, 0.7, 1.0])


@pytest.mark.parametrize("from_logits", [None, True, False])
@pytest.mark.parametrize(("name", "options"), [(n, o) for n in FIXED for o in AT] + [(n, o) for n in CURVED for o in ALONG])
def test_counts_of_a_checkpoint_of_torchmetrics_go_on(name, options, from_logits):
    if from_logits and (options.get("threshold") in (0.0, 1.0) or "thresholds" in options):
        return  # at the ends, which scores a threshold cuts off depends on how logits are rounded
    _, saved = persisted(name, SCORES, TARGET, **options)
    metric = make(name, **options, from_logits=from_logits)
    metric.update(PREDS[:2], TARGET[:2])
    metric.load_state_dict(saved)
    alone = make(name, **options)
    alone.update(SCORES, TARGET)
    same(metric.compute(), alone.compute())
    more = SCORES.flip(0).logit() if from_logits else SCORES.flip(0)
    metric.update(more, TARGET)
    alone.update(SCORES.flip(0), TARGET)
    same(metric.compute(), alone.compute())


def test_samplewise_counts_of_a_checkpoint_of_torchmetrics_go_on():
    batch = SCORES.view(2, 3), TARGET.view(2, 3)
    theirs, saved = persisted("BinaryF1Score", *batch, multidim_average="samplewise")
    metric = ours.BinaryF1Score(multidim_average="samplewise")
    metric.load_state_dict(saved)
    for each in (metric, theirs):
        each.update(*batch)
    same(metric.compute(), theirs.compute())


def test_a_checkpoint_of_torchmetrics_that_holds_other_things_is_refused_with_the_reason():
    def refused(metric, saved, reason):
        metric.update(PREDS, TARGET)
        before = metric.compute()
        with pytest.raises(RuntimeError, match=f"of a checkpoint of torchmetrics: .*{reason}"):
            metric.load_state_dict(saved)
        metric._computed = None
        same(metric.compute(), before, tolerance=0)

    refused(ours.BinaryAUROC(thresholds=7), persisted("BinaryAUROC", PREDS, TARGET, thresholds=5)[1], "5 thresholds.* has 7")
    refused(ours.BinaryAUROC(), persisted("BinaryAUROC", PREDS, TARGET, thresholds=5)[1], "along other thresholds")
    refused(ours.BinaryAUROC(), persisted("BinaryAUROC", PREDS, TARGET)[1], "samples, not counts: update")
    refused(ours.BinaryHingeLoss(), persisted("BinaryHingeLoss", PREDS, TARGET)[1], "other sums")
    refused(ours.BinaryCalibrationError(), persisted("BinaryCalibrationError", PREDS, TARGET)[1], "other sums")
    rows = persisted("BinaryF1Score", PREDS.view(2, 3), TARGET.view(2, 3), multidim_average="samplewise")[1]
    refused(ours.BinaryF1Score(), rows, "multidim_average")
    impossible = {"confmat": torch.tensor([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])}
    refused(ours.BinaryROC(thresholds=[0.2, 0.6]), impossible, "no scores are counted so")


def test_logits_on_top_of_loaded_probabilities_are_refused_where_they_would_be_misread():
    logits = torch.tensor([-3.0, 2.0])
    metric = ours.BinaryAccuracy(0.8)
    metric.load_state_dict(persisted("BinaryAccuracy", PREDS, TARGET, threshold=0.8)[1])
    metric.update(logits, torch.tensor([0, 1]))
    with pytest.raises(RuntimeError, match="from_logits=True"):
        metric.compute()
    metric = ours.BinaryAccuracy()
    theirs, saved = persisted("BinaryAccuracy", PREDS, TARGET)
    metric.load_state_dict(saved)
    for each in (metric, theirs):
        each.update(logits, torch.tensor([0, 1]))
    assert metric.compute() == theirs.compute()


def test_a_rank_outside_the_group_is_told_an_option_of_these_classes(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        metric = ours.BinaryAUROC(process_group=torch.distributed.GroupMember.NON_GROUP_MEMBER)
        metric.update(PREDS, TARGET)
        with pytest.raises(RuntimeError, match="sync_on_compute=False"):
            metric.compute()
    finally:
        torch.distributed.destroy_process_group()


def test_a_value_that_is_undefined_is_warned_of_once():
    metric = ours.BinaryAUROC()
    with pytest.warns(UserWarning, match="No positive samples in targets") as said:
        metric(PREDS, torch.zeros(6, dtype=torch.int64))
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours.BinaryAUROC(thresholds=5)(PREDS, torch.zeros(6, dtype=torch.int64))  # nor does torchmetrics warn here


@pytest.mark.parametrize("normalize", ["true", "pred"])
def test_an_empty_row_of_a_normalised_matrix_is_warned_of(normalize):
    for metric in (ours.BinaryConfusionMatrix(normalize=normalize), peers.BinaryConfusionMatrix(normalize=normalize)):
        with pytest.warns(UserWarning, match="^2 NaN values found in confusion matrix"):
            metric(torch.zeros(3), torch.zeros(3, dtype=torch.int64))


@pytest.mark.filterwarnings("ignore:No (positive|negative) samples", "ignore:.*before the ``update``")
def test_where_nothing_was_counted_there_is_a_value_or_what_torchmetrics_gives_along_thresholds():
    nothing = PREDS, torch.full((6,), -1)
    for name in NAMES:
        metric = make(name, ignore_index=-1)
        metric(*nothing)
        same(metric.compute(), make(name).compute(), tolerance=0)
        if name not in CURVED:
            same(metric.compute(), peer(name, ignore_index=-1)(*nothing))
        elif name not in ("BinaryAveragePrecision", "BinaryEER", "BinaryLogAUC"):
            same(*(build(name, ignore_index=-1, thresholds=3)(*nothing) for build in (make, peer)))
    assert ours.BinaryStatScores(multidim_average="samplewise").compute().shape == (0, 5)


def test_errors_name_options_of_these_classes():
    with pytest.raises(ValueError, match="pass validate_args=False"):
        ours.BinaryAccuracy().update(PREDS, TARGET + 5)
    with pytest.raises(ValueError, match="weighted=True"):
        ours.BinaryAccuracy().update(PREDS, TARGET, PREDS)
    assert "weighted" in ours.BinaryAccuracy.signature.parameters
    for name in ("BinaryAccuracy", "BinaryAUROC", "BinaryHingeLoss"):
        with pytest.raises(TypeError, match=r"torch\.Tensor, got ndarray"):
            make(name).update(np.ones(3), TARGET[:3])
        with pytest.raises(TypeError, match=r"torch\.Tensor, got ndarray"):
            make(name)(PREDS, TARGET.numpy())


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("scores", [PREDS, 3 * PREDS - 1])
def test_the_hinge_loss_of_a_batch_has_the_gradient_of_torchmetrics(scores, squared):
    found = []
    for module in (peers, ours):
        preds = scores.clone().requires_grad_()
        metric = module.BinaryHingeLoss(squared=squared, ignore_index=-1)
        target = TARGET.clone()
        target[0] = -1
        value = metric(preds, target)
        value.backward()
        found.append((value.detach(), preds.grad))
        assert not metric.compute().requires_grad
    torch.testing.assert_close(found[1], found[0])
    preds = scores.clone().requires_grad_()
    weighted = ours.BinaryHingeLoss(squared=squared, weighted=True)(preds, TARGET, torch.tensor([2.0, 0, 0, 0, 0, 0]))
    assert torch.autograd.grad(weighted, preds)[0][1:].eq(0).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), case=st.tuples(st.sampled_from(["", "nan", "label", "ignored", "logits"]), st.booleans()))
@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.float32])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 1}, {"ignore_index": -1}, {"weighted": True}])
def test_rows_count_as_if_each_were_alone(options, dtype, seed, case):
    g = torch.Generator().manual_seed(seed)
    (strange, from_logits), preds = case, torch.randint(0, 9, (5, 7), generator=g) / 8
    labels = torch.randint(0, 2, (5, 7), generator=g)
    if strange == "nan":
        preds[0, 3] = math.nan
    if strange == "logits":
        preds = 4 * preds - 2
    if strange in ("label", "ignored") and dtype != torch.bool:
        labels[2, 2] = 7 if strange == "label" else 255 if dtype == torch.uint8 else -1
    target = labels.to(dtype)
    weight = [torch.randint(0, 4, (5, 7), generator=g).double()] if "weighted" in options else []
    for at in (0.5, 0.0, 1.0, 0.375):
        options = {**options, "threshold": at, "from_logits": from_logits, "validate_args": False}
        together = ours.BinaryStatScores(multidim_average="samplewise", **options)
        together.update(preds, target, *weight)
        for row in range(5):
            alone = ours.BinaryStatScores(**options)
            alone.update(preds[row], target[row], *(each[row] for each in weight))
            assert torch.equal(together.state[0][row], alone.state)


def test_members_are_set_added_and_deleted_at_any_time():
    metrics = ours.MetricCollection([ours.BinaryF1Score()], prefix="val/")
    metrics["BinaryRecall"] = ours.BinaryRecall()
    assert metrics.compute_groups == {0: ["BinaryF1Score", "BinaryRecall"]}
    metrics.update(PREDS, TARGET)
    metrics.add_metrics({"late": ours.BinaryPrecision(), "areas": ours.MetricCollection([ours.BinaryAUROC()])})
    assert metrics.compute_groups == {0: ["BinaryF1Score", "BinaryRecall"], 1: ["areas_BinaryAUROC"], 2: ["late"]}
    metrics.update(PREDS[:3], TARGET[:3])
    twice = torch.cat([PREDS, PREDS[:3]]), torch.cat([TARGET, TARGET[:3]])
    assert metrics.compute() == {
        "val/BinaryF1Score": peers.BinaryF1Score()(*twice),
        "val/BinaryRecall": peers.BinaryRecall()(*twice),
        "val/late": peers.BinaryPrecision()(PREDS[:3], TARGET[:3]),
        "val/areas_BinaryAUROC": peers.BinaryAUROC()(PREDS[:3], TARGET[:3]),
    }
    metrics.reset()
    assert metrics.compute_groups == {0: ["BinaryF1Score", "BinaryRecall", "late"], 1: ["areas_BinaryAUROC"]}
    metrics.update(PREDS, TARGET)
    del metrics["BinaryF1Score"]
    assert metrics.compute_groups == {0: ["BinaryRecall", "late"], 1: ["areas_BinaryAUROC"]}
    metrics.update(PREDS, TARGET)
    assert metrics.compute()["val/BinaryRecall"] == peers.BinaryRecall()(PREDS, TARGET)
    assert samples(metrics["late"]) == 2 * len(PREDS)


def test_members_that_have_counted_keep_their_counts():
    counted, fresh = ours.BinaryRecall(), ours.BinaryF1Score()
    counted.update(PREDS, 1 - TARGET)
    metrics = ours.MetricCollection([counted, fresh])
    assert metrics.compute_groups == {0: ["BinaryRecall"], 1: ["BinaryF1Score"]}
    metrics.update(PREDS, TARGET)
    assert metrics.compute() == {"BinaryRecall": torch.tensor(0.5), "BinaryF1Score": peers.BinaryF1Score()(PREDS, TARGET)}
    alike = [ours.BinaryRecall(), ours.BinaryF1Score()]
    for metric in alike:
        metric.update(PREDS, TARGET)
    assert ours.MetricCollection(alike).compute_groups == {0: ["BinaryRecall", "BinaryF1Score"]}
    empty = ours.BinaryRecall()
    empty.update(PREDS[:0], TARGET[:0])
    metrics = ours.MetricCollection([empty, ours.BinaryF1Score()])
    assert [metric.update_count for metric in metrics.values()] == [1, 0]
    stranger = ours.BinaryRecall()
    stranger.update(PREDS, TARGET)
    with pytest.raises(ValueError, match="has counted already"):
        ours.MetricCollection([stranger, ours.BinaryF1Score()], compute_groups=[["BinaryRecall", "BinaryF1Score"]])


@pytest.mark.parametrize("groups", [True, False, [["BinaryF1Score", "BinaryRecall"]]])
def test_a_refused_addition_leaves_nothing_behind(groups):
    metrics = ours.MetricCollection([ours.BinaryF1Score(), ours.BinaryRecall()], compute_groups=groups)
    metrics.update(PREDS, TARGET)
    before, formed = dict(metrics._modules), deepcopy(metrics.compute_groups)
    for refused in ({"a": ours.BinaryAUROC(), "b": 5}, [ours.BinaryAUROC(), ours.BinaryRecall()], "x"):
        with pytest.raises(ValueError):
            metrics.add_metrics(refused)
    for key, value, error in (
        ("y", 5, ValueError),
        ("update", ours.BinaryAUROC(), KeyError),
        ("y", torch.nn.ReLU(), ValueError),
    ):
        with pytest.raises(error):
            metrics[key] = value
    if isinstance(groups, list):
        with pytest.raises(ValueError, match="does not count what"):
            metrics["BinaryRecall"] = ours.BinaryRecall(0.9)
    assert dict(metrics._modules) == before
    assert metrics.compute_groups == formed
    metrics.update(PREDS, TARGET)
    assert samples(metrics["BinaryRecall"]) == 2 * len(PREDS)


def test_groups_that_are_given_as_a_list_follow_members_that_go():
    metrics = ours.MetricCollection(
        [ours.BinaryF1Score(), ours.BinaryRecall(), ours.BinaryPrecision()],
        compute_groups=[["BinaryF1Score", "BinaryRecall"]],
    )
    assert metrics.compute_groups == {0: ["BinaryF1Score", "BinaryRecall"], 1: ["BinaryPrecision"]}
    metrics.update(PREDS, TARGET)
    del metrics["BinaryF1Score"]
    metrics.update(PREDS, TARGET)
    assert metrics.compute_groups == {0: ["BinaryRecall"], 1: ["BinaryPrecision"]}
    assert [samples(metric) for metric in metrics.values()] == [12, 12]


def test_other_metrics_are_grouped_by_the_rule_of_torchmetrics():
    def others():
        kinds = peers.MulticlassPrecision, peers.MulticlassRecall, peers.MulticlassConfusionMatrix, peers.MulticlassCohenKappa
        return {f"{i}": kind(num_classes=3) for i, kind in enumerate(kinds)}

    g = torch.Generator().manual_seed(1)
    drawn = [(torch.rand(30, 3, generator=g), torch.randint(0, 3, (30,), generator=g)) for _ in range(4)]
    metrics = ours.MetricCollection(others())
    metrics.update(*drawn[0])
    assert metrics.compute_groups == {0: ["0", "1"], 1: ["2", "3"]}
    calls = []
    metrics["1"].update = lambda *_: calls.append(1)
    metrics.update(*drawn[1])
    assert not calls, "only the first of a group counts"
    metrics["4"] = peers.MulticlassAccuracy(num_classes=3)
    metrics["1"] = peers.MulticlassRecall(num_classes=3)
    for each in drawn[2:]:
        metrics.update(*each)
    for name, metric in others().items():
        for each in drawn if name != "1" else drawn[2:]:
            metric.update(*each)
        same(metrics.compute()[name], metric.compute(), tolerance=1e-6)


def test_a_batch_that_another_member_refuses_leaves_the_groups_to_be_found():
    metrics = ours.MetricCollection({str(i): peers.MulticlassRecall(num_classes=3) for i in range(2)})
    with pytest.raises(RuntimeError):
        metrics.update(torch.rand(4, 3), torch.full((4,), 7))
    metrics.update(torch.rand(4, 3), torch.tensor([0, 1, 2, 1]))
    assert metrics.compute_groups == {0: ["0", "1"]}


def test_prefixes_of_nested_collections_are_those_of_torchmetrics():
    for inner, outer in ((ours, ours), (torchmetrics, ours), (ours, torchmetrics)):
        parts = [
            inner.MetricCollection([ours.BinaryRecall(), ours.BinaryAUROC()], prefix="a_", postfix="_b"),
            inner.MetricCollection({"f1": ours.BinaryF1Score()}, prefix="c_"),
        ]
        nested = outer.MetricCollection(parts, prefix="val/", postfix="/x")
        wanted = ["val/a_BinaryRecall_b/x", "val/a_BinaryAUROC_b/x", "val/c_f1/x"]
        assert list(nested(PREDS, TARGET)) == list(nested.keys()) == wanted
