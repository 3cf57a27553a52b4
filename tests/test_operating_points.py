"""Points of curves: each meets its rule, none is better, ties and ends are as documented, thresholds say what they mean."""

import math
import re
from functools import partial

import pytest
import torch
from hypothesis import given, settings, strategies as st
from oracles import CRITERIA, NAMED, VARIANTS, agree, once, random_samples
from scipy.special import expit
from torchmetrics.functional import classification as peers

import torch_binmetrics as tb
from torch_binmetrics import functional

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(0, 80)
RATES = st.floats(0, 1)
FEW = settings(max_examples=25)
BEST = "BinaryBestThreshold"
#: Class name -> what its value is, the score that its argument limits, and whether from below.
RULES = {
    "BinaryRecallAtFixedPrecision": (tb.measures.recall, tb.measures.precision, "min_precision"),
    "BinaryPrecisionAtFixedRecall": (tb.measures.precision, tb.measures.recall, "min_recall"),
    "BinarySensitivityAtSpecificity": (tb.measures.recall, tb.measures.specificity, "min_specificity"),
    "BinarySpecificityAtSensitivity": (tb.measures.specificity, tb.measures.recall, "min_sensitivity"),
    "BinaryRecallAtFixedFPR": (tb.measures.recall, tb.measures.false_positive_rate, "max_fpr"),
    "BinaryThresholdAtFixedRecall": (tb.measures.recall, tb.measures.recall, "min_recall"),
}
EACH_RULE = pytest.mark.parametrize("name", RULES)
POINT_VARIANTS = [variant for variant in VARIANTS if variant[0] in RULES or variant[0] == BEST]
CUTS = st.sampled_from([tb.FloatBits(16), tb.FloatBits(9, centre=None), tb.Uniform(16), tb.Edges([0.1, 0.3, 0.5, 0.9])])
SCORES = {
    "f1": tb.measures.fbeta,
    "fbeta": tb.measures.fbeta,
    "mcc": tb.measures.matthews_corrcoef,
    "youden": tb.measures.informedness,
}
SCORES |= {
    "accuracy": tb.measures.accuracy,
    "balanced_accuracy": tb.measures.balanced_accuracy,
    "cost": tb.measures.expected_cost,
}


def at(preds, target, threshold):
    """The confusion of these samples at a threshold, counted by comparing."""
    called, positive = preds >= threshold, target == 1
    parts = called & positive, called & ~positive, ~called & ~positive, ~called & positive
    return tb.Confusion(*(part.sum() for part in parts))


def meets(name, c, limit):
    """Whether a confusion meets the limit of a rule; where nothing is called, nothing is called wrongly."""
    _, limited, argument = RULES[name]
    rate = limited(c).nan_to_num(1.0)
    return bool(rate <= limit if argument == "max_fpr" else rate >= limit)


def point(name, limit, samples, **options):
    """The point of a rule."""
    return once((name, {RULES[name][2]: limit}), samples, **options).compute()


@EACH_RULE
@given(seed=SEEDS, size=SIZES, limit=RATES, cuts=CUTS)
def test_the_value_is_that_of_the_samples_at_the_threshold_and_meets_the_limit(name, seed, limit, **cut):
    samples = random_samples(seed, cut.pop("size"))
    found = point(name, limit, samples, **cut)
    c = at(*samples, found.threshold)
    agree(found.value, RULES[name][0](c).numpy())
    assert meets(name, c, limit)


@EACH_RULE
@given(seed=SEEDS, size=SIZES, limit=RATES)
def test_no_other_threshold_of_the_samples_is_better(name, seed, size, limit):
    preds, target = random_samples(seed, size)
    preds = preds.bfloat16().float()
    found = point(name, limit, (preds, target))
    others = [*preds.unique().tolist(), math.inf]
    able = [threshold for threshold in others if meets(name, at(preds, target, threshold), limit)]
    if name == "BinaryThresholdAtFixedRecall":
        assert found.threshold == max(able)
    else:
        assert not any(RULES[name][0](at(preds, target, threshold)) > found.value for threshold in able)


@pytest.mark.parametrize("options", CRITERIA, ids=str)
@given(seed=SEEDS, size=SIZES, cuts=CUTS)
def test_the_best_value_is_that_of_the_samples_at_the_best_threshold(options, seed, size, cuts):
    samples = random_samples(seed, size)
    found = once((BEST, options), samples, cuts=cuts).compute()
    given_to_score = {name: value for name, value in options.items() if name != "criterion"}
    agree(found.value, SCORES[options["criterion"]](at(*samples, found.threshold), **given_to_score).numpy())


#: Ours -> theirs, and where theirs calls nothing positive.
PEERS = {
    "BinaryRecallAtFixedPrecision": (peers.binary_recall_at_fixed_precision, math.nan),
    "BinaryPrecisionAtFixedRecall": (peers.binary_precision_at_fixed_recall, None),
    "BinarySensitivityAtSpecificity": (peers.binary_sensitivity_at_specificity, 1.0),
    "BinarySpecificityAtSensitivity": (peers.binary_specificity_at_sensitivity, 1.0),
}


@pytest.mark.parametrize("name", PEERS)
@given(seed=SEEDS, size=SIZES, limit=st.integers(1, 998))
def test_torchmetrics_picks_the_same_point(name, seed, size, limit):
    limit = limit / 1000 + 0.000123  # a ratio of few samples is not so, and theirs, in float32, would round it
    preds, target = random_samples(seed, size)
    preds = preds.bfloat16().float()
    theirs, none_called = PEERS[name]
    value, threshold = theirs(preds, target, limit)
    found = point(name, limit, (preds, target))
    assert found.value.item() == pytest.approx(value.item(), abs=1e-6)
    expected = none_called if found.threshold == math.inf else found.threshold.item()
    assert threshold.item() == pytest.approx(expected, nan_ok=True)


@given(hits=st.integers(1, 500), misses=st.integers(0, 500))
def test_a_ratio_that_is_the_limit_meets_it(hits, misses):
    limit = hits / (hits + misses)
    c = tb.Confusion(*(torch.tensor([n]) for n in (hits, misses, 0, 0)))
    at_all = torch.tensor([0.5])
    if misses:
        agree(tb.measures.recall_at_fixed_precision(c, at_all, limit), (1.0, 0.5))
    turned = tb.Confusion(*(torch.tensor(n) for n in ([hits + misses, hits], [9, 0], [0, 9], [0, misses])))
    agree(tb.measures.threshold_at_fixed_recall(turned, torch.tensor([0.25, 0.75]), limit), (limit, 0.75))
    swapped = tb.Confusion(*(torch.tensor(n) for n in ([9, 9], [hits + misses, misses], [0, hits], [0, 0])))
    agree(tb.measures.sensitivity_at_specificity(swapped, torch.tensor([0.25, 0.75]), limit), (1.0, 0.75))
    agree(tb.measures.recall_at_fixed_fpr(swapped, torch.tensor([0.25, 0.75]), misses / (hits + misses)), (1.0, 0.75))


NEGATIVE_ON_TOP = torch.tensor([0.25, 0.5, 0.75, 0.875]), torch.tensor([0, 1, 1, 0])


def test_where_no_threshold_meets_the_limit_nothing_is_called_positive():
    assert point("BinaryRecallAtFixedPrecision", 0.9, NEGATIVE_ON_TOP) == (0, math.inf)
    assert point("BinarySensitivityAtSpecificity", 0.9, NEGATIVE_ON_TOP) == (0, math.inf)
    assert point("BinaryRecallAtFixedFPR", 0.1, NEGATIVE_ON_TOP) == (0, math.inf)


def test_limits_that_everything_meets_give_the_best_point_of_all():
    assert point("BinaryRecallAtFixedPrecision", 0, NEGATIVE_ON_TOP) == (1, 0.5)
    assert point("BinaryPrecisionAtFixedRecall", 0, NEGATIVE_ON_TOP) == (pytest.approx(2 / 3), 0.5)
    assert point("BinarySpecificityAtSensitivity", 0, NEGATIVE_ON_TOP) == (1, math.inf)
    assert point("BinaryThresholdAtFixedRecall", 0, NEGATIVE_ON_TOP) == (0, math.inf)


def test_of_equal_precisions_the_one_of_highest_recall_is_taken():
    samples = torch.tensor([0.25, 0.5, 0.75, 0.875]), torch.tensor([0, 1, 1, 1])
    assert point("BinaryPrecisionAtFixedRecall", 0.3, samples) == (1, 0.5)


@pytest.mark.parametrize("target", [[], [0, 0, 0], [1, 1, 1]], ids=["nothing", "negatives", "positives"])
@pytest.mark.parametrize("variant", POINT_VARIANTS, ids=str)
def test_a_point_is_undefined_unless_both_classes_were_seen(variant, target):
    samples = torch.tensor([0.2, 0.4, 0.9])[: len(target)], torch.tensor(target, dtype=torch.int64)
    for zero_division in (math.nan, 0, 1):
        found = once(variant, samples, zero_division=zero_division).compute()
        assert found.value.isnan()
        assert found.threshold.isnan()
    unweighed = once(variant, (*NEGATIVE_ON_TOP, torch.tensor([1.0, 0.0, 0.0, 1.0]))).compute()
    assert unweighed.value.isnan()


@pytest.mark.parametrize("variant", POINT_VARIANTS, ids=str)
def test_scores_that_are_all_equal_leave_all_or_nothing(variant):
    found = once(variant, (torch.full((4,), 0.5), torch.tensor([0, 1, 1, 0]))).compute()
    assert found.threshold in (0.5, math.inf) or (variant[1].get("criterion") == "mcc" and found.threshold.isnan())
    assert not found.value.signbit()


@pytest.mark.parametrize("criterion", ["youden", "balanced_accuracy"])
def test_of_equal_values_the_highest_threshold_is_best(criterion):
    preds = torch.tensor([0.125, 0.25, 0.375, 0.5, 0.625, 0.75])
    in_turns = torch.tensor([0, 1, 0, 1, 0, 1])
    variant = (BEST, {"criterion": criterion})
    assert once(variant, (preds, in_turns)).compute().threshold == 0.75  # informedness 1/3 - 0, 2/3 - 1/3 and 3/3 - 2/3
    assert once(variant, (preds, 1 - in_turns)).compute().threshold == math.inf


@pytest.mark.parametrize(
    ("options", "positives", "negatives"),
    [
        ({"criterion": "mcc"}, [0, 1, 2, 1], [2, 2, 2, 0]),
        ({"criterion": "balanced_accuracy"}, [0, 0, 1, 1], [0, 1, 3, 2]),
        ({"criterion": "cost", "cost_fp": 0.3, "cost_fn": 0.1}, [0, 3, 0, 1], [1, 1, 0, 0]),
    ],
    ids=str,
)
def test_equal_values_that_round_differently_are_equal(options, positives, negatives):
    scores = torch.tensor([0.125, 0.25, 0.5, 0.75])
    preds = torch.cat([scores.repeat_interleave(torch.tensor(times)) for times in (positives, negatives)])
    target = torch.cat([torch.ones(sum(positives)), torch.zeros(sum(negatives))])
    assert once((BEST, options), (preds, target)).compute().threshold == 0.75


def test_the_best_threshold_is_right_by_hand():
    samples = torch.tensor([0.125, 0.25, 0.5, 0.625, 0.75, 0.875]), torch.tensor([0, 1, 0, 0, 1, 1])
    best = partial(functional.binary_best_threshold, *samples)
    assert best() == (pytest.approx(0.8), 0.75)
    assert best(criterion="fbeta", beta=3) == (pytest.approx(30 / 32), 0.25)
    assert best(criterion="accuracy") == (pytest.approx(5 / 6), 0.75)
    assert best(criterion="youden") == (pytest.approx(2 / 3), 0.75)
    assert best(criterion="cost", cost_fp=1, cost_fn=10) == (pytest.approx(2 / 6), 0.25)
    assert best(criterion="cost", cost_fp=10, cost_fn=1) == (pytest.approx(1 / 6), 0.75)


def test_costs_of_one_kind_only_call_all_or_nothing():
    assert functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion="cost", cost_fp=1, cost_fn=0) == (0, math.inf)
    assert functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion="cost", cost_fp=0, cost_fn=1) == (0, 0.5)
    worst = NEGATIVE_ON_TOP[0], torch.tensor([1, 0, 0, 0])
    assert functional.binary_best_threshold(*worst, criterion="cost", cost_fp=1, cost_fn=9) == (0.75, 0.25)


def test_any_function_of_a_confusion_is_a_criterion():
    by_count = functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion=lambda c: c.tp - c.fp)
    assert by_count == (1, 0.5)
    assert by_count.value.dtype == torch.float64
    undefined = functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion=lambda c: c.real().tp * math.nan)
    assert undefined.value.isnan()
    assert undefined.threshold.isnan()
    infinite = functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion=lambda c: -(c.fp - 1).abs().log())
    assert infinite == (math.inf, 0.875)


def test_a_function_of_a_line_is_given_each_line_alone():
    def criterion(c):
        return -(c.tp - c.tp.max() / 2).abs()

    lines = [
        tb.Confusion(*torch.tensor(counts)) for counts in ([[4, 2], [3, 0], [0, 3], [0, 2]], [[8, 1], [2, 1], [1, 2], [0, 7]])
    ]
    thresholds = torch.tensor([0.2, 0.7])
    alone = [tb.measures.best_threshold(line, thresholds, criterion) for line in lines]
    together = tb.measures.best_threshold(tb.Confusion(*map(torch.stack, zip(*lines, strict=True))), thresholds, criterion)
    assert together.threshold.tolist() == [float(point.threshold) for point in alone]
    assert together.value.tolist() == [float(point.value) for point in alone]


@pytest.mark.parametrize("criterion", [lambda c: 0.5, lambda c: c.tp.sum(), lambda c: c.tp[1:]])
def test_a_criterion_that_does_not_give_a_value_a_threshold_is_refused(criterion):
    with pytest.raises(ValueError, match="one value for each threshold"):
        functional.binary_best_threshold(*NEGATIVE_ON_TOP, criterion=criterion)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": "f2"}, "must be one of"),
        ({"criterion": ["f1"]}, "must be one of"),
        ({"criterion": "f1", "beta": 2.0}, "takes no options, got"),
        ({"criterion": "fbeta"}, r"takes \['beta'\], got none"),
        ({"criterion": "fbeta", "beta": -1.0}, "beta must be >= 0"),
        ({"criterion": "cost", "cost_fn": 2.0}, r"takes \['cost_fn', 'cost_fp'\]"),
        ({"criterion": "cost", "cost_fn": 2.0, "cost_fp": -1.0}, "cost_fp must be >= 0"),
        ({"criterion": tb.measures.accuracy, "cost_fn": 2.0}, "takes no options"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_options_that_a_criterion_does_not_take_are_refused_when_it_is_built(options, message):
    with pytest.raises(ValueError, match=message):
        tb.BinaryBestThreshold(**options)


@EACH_RULE
@pytest.mark.parametrize("limit", [-0.1, 1.1, math.nan])
def test_limits_that_are_no_rates_are_refused(name, limit):
    argument = RULES[name][2]
    with pytest.raises(ValueError, match=f"{argument} must be from 0 to 1"):
        NAMED[name](limit)
    pure = NAMED[name](0.5).measure.func
    with pytest.raises(ValueError, match=f"{argument} must be from 0 to 1"):
        pure(tb.BinaryAUROC().confusion(), torch.tensor([0.0]), limit)


@pytest.mark.parametrize("variant", POINT_VARIANTS, ids=str)
@FEW
@given(seed=SEEDS, size=SIZES)
@pytest.mark.slow
def test_the_point_of_logits_is_the_same_however_its_threshold_is_reported(variant, seed, size):
    preds, target = random_samples(seed, size, logits=True)
    logits = once(variant, (preds, target), from_logits=True, logit_thresholds=True).compute()
    probabilities = once(variant, (preds, target), from_logits=True).compute()
    plain = once(variant, (preds, target)).compute()
    assert logits == plain
    assert logits.value == probabilities.value
    assert probabilities.threshold.dtype == torch.float64
    expected = math.inf if logits.threshold == math.inf else expit(logits.threshold.double().item())
    assert probabilities.threshold.item() == pytest.approx(expected, rel=1e-12)


def test_large_logits_whose_probabilities_coincide_are_told_apart():
    samples = torch.tensor([-800.0, 40.0, 60.0, 80.0]), torch.tensor([0, 0, 1, 1])
    best = once((BEST, {"logit_thresholds": True}), samples, from_logits=True).compute()
    assert best == (1, 60)
    assert once((BEST, {}), samples, from_logits=True).compute() == (1, 1)


def test_floats_of_a_point_are_its_value_and_its_threshold():
    metrics = tb.MetricCollection(a=tb.BinaryBestThreshold(), b=tb.BinaryRecallAtFixedPrecision(0.9), c=tb.BinaryRecall())
    metrics.update(*NEGATIVE_ON_TOP)
    assert len(metrics.histograms) == 1
    read = tb.floats(metrics.compute())
    assert list(read.items()) == [
        ("a", pytest.approx(0.8)),
        ("a_threshold", 0.5),
        ("b", 0.0),
        ("b_threshold", math.inf),
        ("c", 1.0),
    ]
    with pytest.raises(ValueError, match="'a_threshold' is the name of a threshold and of another value"):
        tb.floats({**metrics.compute(), "a_threshold": torch.tensor(0.5)})


@given(seed=SEEDS, size=SIZES)
def test_the_best_youden_index_is_the_best_of_the_roc_curve(seed, size):
    samples = random_samples(seed, size)
    fpr, tpr, _ = once(("BinaryROC", {}), samples).compute()
    agree(once((BEST, {"criterion": "youden"}), samples).compute().value, (tpr - fpr).max().numpy())
