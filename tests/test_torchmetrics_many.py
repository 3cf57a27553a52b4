"""The drop-in classes of many labels, classes and groups against torchmetrics itself."""

from __future__ import annotations

import inspect
import itertools
import math
import pickle
import warnings

import pytest
import torch
import torchmetrics
from torchmetrics import classification as peers
from torchmetrics_examples import examples_of

import torch_binmetrics as tb
from torch_binmetrics.integrations import torchmetrics as ours

N = 4
NAMES = [name for name in ours.__all__ if name.startswith("Multi")]
GROUPED = ["BinaryFairness", "BinaryGroupStatRates"]
#: What is not made of counts of each label or class; the state of each is of fixed size in torchmetrics.
LEFT_OUT = {f"Multiclass{name}" for name in ("ConfusionMatrix", "CohenKappa", "MatthewsCorrCoef", "HingeLoss", "ExactMatch")}
LEFT_OUT |= {f"Multilabel{name}" for name in ("ExactMatch", "CoverageError", "RankingAveragePrecision", "RankingLoss")}
NEEDED = {
    "FBetaScore": {"beta": 2.0},
    "RecallAtFixedPrecision": {"min_precision": 0.6},
    "PrecisionAtFixedRecall": {"min_recall": 0.6},
    "SensitivityAtSpecificity": {"min_specificity": 0.6},
    "SpecificityAtSensitivity": {"min_sensitivity": 0.6},
}
NUMBER = {"Multilabel": {"num_labels": N}, "Multiclass": {"num_classes": N}}
#: A second parameter of what an argument may be, besides its default; each class is tried with all that it takes.
CHOICES = {
    "average": ["micro", "macro", "weighted", "none"],
    "multidim_average": ["global", "samplewise"],
    "top_k": [1, 2],
    "thresholds": [None, 5],
    "normalize": [None, "true", "all"],
}


def parameters(name):
    return inspect.signature(getattr(peers, name).__init__).parameters


def options(name):
    """All combinations of arguments of a class."""
    taken = [each for each in CHOICES if each in parameters(name)]
    for values in itertools.product(*(CHOICES[each] for each in taken)):
        given = dict(zip(taken, values, strict=True))
        if given.get("average", "none") == "none" or repr(given["average"]) in str(parameters(name)["average"].annotation):
            yield given | {"average": None} if given.get("average") == "none" else given


def make(module, name, **given):
    return getattr(module, name)(**NUMBER.get(name[:10], {}), **NEEDED.get(name[10:], {}), **given)


def batch(name, *, logits=False, seed=0, ignored=None, shape=(3,)):
    """30 samples of N labels or classes each, of every class, some of them to be ignored."""
    draw = torch.Generator().manual_seed(seed)
    preds = 3 * torch.randn(30, N, *shape, generator=draw)
    of_labels = name.startswith("Multilabel")
    if not logits:
        preds = (preds.sigmoid() if of_labels else preds.softmax(1)).clamp(max=0.99)
    target = torch.randint(0, 2, (30, N, *shape), generator=draw) if of_labels else torch.arange(30 * 3).view(30, 3) % N
    target = target if of_labels or shape else target[:, 0]
    if ignored is not None:
        target = target.where(torch.rand(target.shape, generator=draw) > 0.2, ignored)
    return preds, target


def same(mine, theirs, tolerance=3e-6):
    if isinstance(theirs, list | tuple):
        assert type(mine) is type(theirs)
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            same(a, b, tolerance)
        return
    assert mine.is_floating_point() == theirs.is_floating_point()
    torch.testing.assert_close(mine.double(), theirs.double(), rtol=tolerance, atol=tolerance, equal_nan=True)


def known_to_differ(name, given):
    """What torchmetrics gets wrong: curves of all classes in one at given thresholds, log AUC, one weight for all samples."""
    pooled = given.get("average") == "micro" and name.removeprefix("Multiclass") in ("ROC", "EER", "PrecisionRecallCurve")
    weighted = given.get("average") == "weighted" and given.get("multidim_average") == "samplewise"
    return (given.get("thresholds") is not None and pooled) or "LogAUC" in name or (weighted and "StatScores" in name)


@pytest.mark.parametrize("name", [*NAMES, *GROUPED])
@pytest.mark.filterwarnings("ignore:No positive samples", "ignore:The value of one or more classes")
def test_the_documented_examples_of_torchmetrics_give_the_documented_output(name):
    examples_of(name)


def test_every_class_of_torchmetrics_is_there_or_left_out_on_purpose():
    theirs = {name for name in dir(peers) if name.startswith(("Multilabel", "Multiclass"))}
    assert theirs == set(NAMES) | LEFT_OUT
    for name in LEFT_OUT:
        assert name in ours.__doc__
    for name in NAMES:
        cls = getattr(ours, name)
        assert issubclass(cls, getattr(peers, name))
        assert cls.__name__ in cls.__doc__
        assert pickle.loads(pickle.dumps(make(ours, name))).counts == make(ours, name).counts


@pytest.mark.parametrize("name", [*NAMES, *GROUPED])
def test_the_arguments_are_those_of_torchmetrics(name):
    mine, theirs = (inspect.signature(getattr(module, name)).parameters for module in (ours, peers))
    hidden = {"zero_division"} - theirs.keys()
    assert [each for each in mine if each in theirs or each not in {"from_logits", "weighted"} | hidden] == list(theirs)
    for each, parameter in theirs.items():
        assert mine[each].default == (tb.FloatBits(16) if each == "thresholds" else parameter.default)


@pytest.mark.parametrize("ignored", [None, -1])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:Average precision score for one", "ignore:.*NaN values found in confusion")
def test_values_equal_those_of_torchmetrics_on_the_whole_epoch(name, ignored):
    for given, logits in itertools.product(options(name), (False, True)):
        if known_to_differ(name, given):
            continue
        preds, target = batch(name, logits=logits, ignored=ignored)
        mine, theirs = (make(module, name, **given, ignore_index=ignored) for module in (ours, peers))
        mine.update(preds[:12], target[:12])
        mine.update(preds[12:], target[12:])
        theirs.update(preds, target)
        same(mine.compute(), theirs.compute())


@pytest.mark.parametrize("name", ["MultilabelLogAUC", "MulticlassLogAUC"])
def test_the_log_auc_of_a_row_is_that_of_its_samples_alone(name):
    preds, target = batch(name)
    rows = [ours.BinaryLogAUC()(preds[:, k], target[:, k] if name == "MultilabelLogAUC" else target == k) for k in range(N)]
    same(make(ours, name)(preds, target), torch.stack(rows), tolerance=0)
    same(make(ours, name, average="macro")(preds, target), torch.stack(rows).mean())


@pytest.mark.parametrize("name", [name for name in NAMES if "thresholds" in parameters(name) and "LogAUC" not in name])
def test_the_default_cuts_are_exact_for_bfloat16_scores(name):
    for given in options(name):
        if given.pop("thresholds") is not None:
            continue
        preds, target = batch(name, shape=())
        preds = preds.bfloat16().float()
        mine, theirs = (make(module, name, **given)(preds, target) for module in (ours, peers))
        same(mine, theirs)
        assert isinstance(make(ours, name).thresholds, tb.FloatBits)


@pytest.mark.parametrize("ignored", range(N))
@pytest.mark.parametrize(
    "name", ["MulticlassAccuracy", "MulticlassF1Score", "MulticlassJaccardIndex", "MulticlassCalibrationError"]
)
def test_a_class_may_be_the_one_to_ignore(name, ignored):
    for given in options(name):
        preds, target = batch(name)
        mine, theirs = (make(module, name, **given, ignore_index=ignored) for module in (ours, peers))
        others = [make(ours, name, **given, ignore_index=each).counts.name for each in (None, -1)]
        assert mine.counts.name not in others
        same(mine(preds, target), theirs(preds, target))


@pytest.mark.parametrize("top_k", [1, 3])
@pytest.mark.parametrize("name", [name for name in NAMES if "top_k" in parameters(name)])
@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_classes_that_no_label_names_count_in_means_as_in_torchmetrics(name, top_k, average):
    preds, target = batch(name)
    target = target.where(target > 0, 1)
    mine, theirs = (make(module, name, top_k=top_k, average=average) for module in (ours, peers))
    same(mine(preds, target), theirs(preds, target))


@pytest.mark.parametrize("name", ["MulticlassAUROC", "MultilabelAUROC", "MulticlassCalibrationError"])
def test_scores_that_are_ignored_do_not_make_logits_of_the_others(name):
    preds, target = batch(name, shape=(), ignored=-1)
    ignored = target == -1
    wild = preds.where(~ignored if name == "MultilabelAUROC" else ~ignored[:, None], 5.0)
    same(make(ours, name, ignore_index=-1)(wild, target), make(ours, name, ignore_index=-1)(preds, target), tolerance=0)


def test_a_batch_of_logits_of_classes_goes_through_a_softmax_unless_it_is_declared():
    preds, target = batch("MulticlassAUROC", logits=True, shape=())
    probabilities = preds.softmax(1)
    for from_logits, scores in ((None, probabilities), (True, probabilities), (False, preds)):
        mine = make(ours, "MulticlassAUROC", average=None, from_logits=from_logits)(preds, target)
        rows = [ours.BinaryAUROC(from_logits=False)(scores[:, k], target == k) for k in range(N)]
        same(mine, torch.stack(rows), tolerance=0)
    small = torch.rand(30, N)
    declared, guessed = (make(ours, "MulticlassROC", from_logits=each)(small, target) for each in (True, None))
    same(declared[0], make(ours, "MulticlassROC")(small.softmax(1), target)[0], tolerance=0)
    assert not torch.equal(declared[2][0], guessed[2][0])


def test_labels_may_be_given_in_the_place_of_scores():
    preds, target = batch("MulticlassAccuracy")
    for name in ("MulticlassAccuracy", "MulticlassJaccardIndex"):
        same(make(ours, name)(preds.argmax(1), target), make(ours, name)(preds, target))
    preds, target = batch("MultilabelAccuracy")
    same(make(ours, "MultilabelAccuracy")((preds > 0.5).long(), target), make(ours, "MultilabelAccuracy")(preds, target))


@pytest.mark.parametrize("name", GROUPED)
@pytest.mark.parametrize("ignored", [None, -1])
def test_groups_are_counted_by_their_ids_as_in_torchmetrics(name, ignored):
    draw = torch.Generator().manual_seed(0)
    for logits in (False, True):
        preds, groups = torch.randn(60, generator=draw), torch.arange(60) % 3
        preds = preds if logits else preds.sigmoid()
        target = torch.randint(0, 2, (60,), generator=draw)
        mine, theirs = (getattr(module, name)(3, ignore_index=ignored) for module in (ours, peers))
        for half in (slice(0, 25), slice(25, 60)):
            mine.update(preds[half], target[half], groups[half])
        theirs.update(preds, target, groups)
        values, wanted = mine.compute(), theirs.compute()
        assert values.keys() == wanted.keys()
        for each, value in wanted.items():
            same(values[each], value)
    with pytest.raises(ValueError, match="groups 0 to 2"):
        mine.update(preds, target, groups + 1)
    with pytest.raises(TypeError, match="int dtype"):
        mine.update(preds, target, groups.float())
    assert mine.compute().keys() == wanted.keys()


@pytest.mark.parametrize("task", ["demographic_parity", "equal_opportunity"])
@pytest.mark.filterwarnings("ignore:The task demographic_parity does not")
def test_fairness_gives_what_its_task_asks_for(task):
    preds, groups = torch.tensor([0.9, 0.2, 0.8, 0.7, 0.1, 0.3]), torch.tensor([0, 0, 0, 1, 1, 1])
    target = torch.tensor([1, 0, 1, 1, 1, 0])
    mine, theirs = (module.BinaryFairness(2, task=task) for module in (ours, peers))
    assert mine(preds, target, groups) == theirs(preds, target, groups)
    if task == "demographic_parity":
        assert ours.BinaryFairness(2, task=task)(preds, None, groups) == theirs.compute()
        assert mine.counts.name != ours.BinaryFairness(2).counts.name


@pytest.mark.parametrize("name", NAMES)
def test_the_only_state_is_one_tensor_of_at_most_64_mib(name):
    kind = {"Multilabel": "num_labels", "Multiclass": "num_classes"}[name[:10]]
    metric = getattr(ours, name)(**{kind: 300}, **NEEDED.get(name[10:], {}))
    [(state, empty)] = metric._defaults.items()
    assert isinstance(metric, torchmetrics.Metric)
    assert metric._reductions[state] is torchmetrics.utilities.data.dim_zero_sum
    assert empty.nbytes <= 64 << 20
    if name != "MulticlassCalibrationError":
        assert empty.shape[0] == 300


def test_what_counts_alike_shares_a_state_and_what_does_not_has_another_name():
    names = [f"Multilabel{each}" for each in ("AUROC", "AveragePrecision", "F1Score", "Accuracy")]
    metrics = ours.MetricCollection([make(ours, name) for name in names])
    preds, target = batch("MultilabelAUROC")
    metrics.update(preds, target)
    assert metrics.compute_groups == {0: names[:2], 1: names[2:]}
    for name, value in metrics.compute().items():
        same(value, make(ours, name)(preds, target), tolerance=0)
    states = [
        make(ours, "MultilabelAUROC"),
        make(ours, "MulticlassAUROC"),
        make(ours, "MulticlassAUROC", from_logits=True),
        make(ours, "MulticlassAUROC", from_logits=False),
        ours.MulticlassAUROC(3),
        make(ours, "MulticlassAccuracy"),
        make(ours, "MulticlassAccuracy", top_k=2),
        make(ours, "MultilabelAccuracy"),
        make(ours, "MulticlassCalibrationError"),
        make(ours, "MulticlassCalibrationError", from_logits=True),
        ours.BinaryFairness(N),
        ours.BinaryFairness(N, task="demographic_parity"),
        ours.BinaryAccuracy(),
    ]
    assert len({metric.counts.name for metric in states}) == len(states)
    assert make(ours, "MulticlassJaccardIndex").counts.name == make(ours, "MulticlassF1Score").counts.name


def test_an_argument_of_the_average_may_change_at_any_time_one_of_the_counts_may_not():
    preds, target = batch("MultilabelAUROC")
    metric = pickle.loads(pickle.dumps(make(ours, "MultilabelAUROC")))
    metric.update(preds, target)
    metric.average = None
    same(metric.compute(), make(ours, "MultilabelAUROC", average=None)(preds, target), tolerance=0)
    assert not metric.is_scalar
    with pytest.raises(RuntimeError, match="num_labels decides what is counted"):
        metric.num_labels = 3


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("MultilabelF1Score", {}),
        ("MultilabelConfusionMatrix", {}),
        ("MultilabelAUROC", {"thresholds": 7}),
        ("MulticlassAveragePrecision", {"thresholds": [0.1, 0.7, 0.3]}),
        ("MulticlassAccuracy", {"average": "macro"}),
        ("MultilabelRecall", {"multidim_average": "samplewise"}),
    ],
)
def test_a_checkpoint_of_torchmetrics_that_holds_counts_is_taken_over(name, given):
    preds, target = batch(name)
    mine, theirs = (make(module, name, **given) for module in (ours, peers))
    theirs.persistent(True)
    theirs.update(preds, target)
    mine.load_state_dict(theirs.state_dict())
    same(mine.compute(), make(ours, name, **given)(preds, target), tolerance=0)
    for state in ("tp", "confmat"):
        if state in theirs._defaults and not isinstance(given.get("thresholds"), list):  # which are kept in order here
            same(getattr(mine, state), getattr(theirs, state))


def test_a_checkpoint_of_counts_of_all_classes_in_one_is_refused():
    theirs = make(peers, "MulticlassAccuracy", average="micro")
    theirs.persistent(True)
    theirs.update(*batch("MulticlassAccuracy"))
    with pytest.raises(RuntimeError, match="all of them in one"):
        make(ours, "MulticlassAccuracy", average="micro").load_state_dict(theirs.state_dict())


def test_weights_are_those_of_labels_or_of_samples():
    for name in ("MultilabelAUROC", "MulticlassAUROC", "MulticlassAccuracy", "MultilabelF1Score", "MulticlassCalibrationError"):
        preds, target = batch(name)
        weight = torch.randint(0, 3, target.shape)
        metric = make(ours, name, weighted=True)
        metric.update(preds, target, weight.double())
        repeated = make(ours, name, ignore_index=-1)
        for times in (1, 2):
            for _ in range(times):
                repeated.update(preds, target.where(weight == times, -1))
        same(metric.compute(), repeated.compute(), tolerance=1e-6)


PREDS, TARGET = batch("MulticlassAUROC", shape=())
REFUSED = {
    "one column": ("MultilabelAUROC", (PREDS[:, 0], TARGET), ValueError, r"\[N, 4, \.\.\.\] for num_labels=4"),
    "three columns": ("MulticlassAUROC", (PREDS[:, :3], TARGET), ValueError, r"num_classes=4, got \[30, 3\]"),
    "one-hot classes": (
        "MulticlassAccuracy",
        (PREDS, TARGET[:, None].expand(30, N)),
        TypeError,
        r"scores are \[N, 4, \.\.\.\]",
    ),
    "a target of another length": ("MulticlassAccuracy", (PREDS, TARGET[:7]), ValueError, "target must be of shape"),
    "no class": ("MulticlassAccuracy", (PREDS, TARGET + 1), ValueError, "bad labels.*labels 0 to 3"),
    "no class, samplewise": ("MulticlassAccuracy", (PREDS[..., None], TARGET[:, None] + 1), ValueError, "bad labels"),
    "no label": ("MultilabelF1Score", (PREDS, torch.full((30, N), 2)), ValueError, "120 bad labels"),
    "a class that is none": ("MulticlassAccuracy", (TARGET + 1, TARGET), ValueError, "nan scores"),
    "NaN of labels": ("MultilabelAUROC", (PREDS * math.nan, torch.ones(30, N)), ValueError, "120 nan scores"),
    "NaN of classes": ("MulticlassAUROC", (PREDS * math.nan, TARGET), ValueError, "nan scores"),
    "NaN among scores": ("MulticlassAccuracy", (PREDS.where(PREDS > 0.01, math.nan), TARGET), ValueError, "nan scores"),
    "labels as scores": ("MulticlassAUROC", (PREDS.long(), TARGET), TypeError, "float dtype"),
    "labels that are floats": ("MulticlassAccuracy", (PREDS, TARGET.double()), TypeError, "int dtype, got torch.float64"),
    "weights": ("MulticlassAccuracy", (PREDS, TARGET, torch.ones(30)), ValueError, "weighted=True"),
    "lists": ("MulticlassAccuracy", (PREDS.tolist(), TARGET), TypeError, "tensors"),
    "a list": ("MultilabelAUROC", (PREDS.tolist(), TARGET), TypeError, "torch.Tensor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_batch_that_does_not_fit_is_refused_and_leaves_the_counts(case):
    name, given, error, match = REFUSED[case]
    samplewise = {"multidim_average": "samplewise"} if "samplewise" in case else {}
    metric = make(ours, name, **samplewise)
    state = metric.state if isinstance(metric.state, torch.Tensor) else None
    before = None if state is None else state.clone()
    with pytest.raises(error, match=match):
        metric.update(*given)
    assert metric.state == [] if before is None else torch.equal(metric.state, before)


def test_a_missing_number_of_classes_is_asked_for():
    with pytest.raises(ValueError, match="num_classes must be an int"):
        ours.MulticlassAccuracy(average="micro")


def test_one_class_or_none_gives_values_and_warnings_never_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in NAMES:
            preds, target = batch(name, shape=())
            for labels in (torch.zeros_like(target), target[:0]):
                mine = make(ours, name)
                mine.update(preds[: len(labels)], labels)
                mine.compute()
