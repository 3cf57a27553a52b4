"""Every named metric against scikit-learn, what is undefined, and figures known beforehand."""

import math
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from oracles import AREAS, AT_THRESHOLD, CURVES, NAMED, ORACLES, POINTS, SUMS, VARIANTS, agree, ask, once, random_samples
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

import torch_binmetrics as tb
from torch_binmetrics import functional

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(0, 80)
FEW = settings(max_examples=15)  # for each of many variants


def twin(name):
    """The functional form of a class, found by its name but for underscores."""
    [function] = [value for key, value in vars(functional).items() if key.replace("_", "") == name.lower()]
    return function


def test_every_named_metric_has_an_oracle_and_a_functional_twin():
    assert ORACLES.keys() == NAMED.keys()
    assert NAMED.keys() == AT_THRESHOLD.keys() | AREAS.keys() | CURVES.keys() | POINTS.keys() | SUMS.keys()
    twins = [key for key in vars(functional) if key.startswith("binary_")]
    assert sorted(key.replace("_", "") for key in twins) == sorted(name.lower() for name in NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_a_functional_twin_knows_its_own_name(name):
    assert vars(functional)[twin(name).__name__] is twin(name)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@FEW
@given(seed=SEEDS, size=SIZES, logits=st.booleans(), weighted=st.booleans())
@pytest.mark.slow
def test_a_metric_equals_its_oracle_on_bfloat16_scores(variant, seed, size, **kind):
    preds, target, *weight = random_samples(seed, size, **kind)
    data = (preds.bfloat16(), target, *weight)
    expected = ask(variant, data, from_logits=kind["logits"])
    agree(once(variant, data, from_logits=kind["logits"]).compute(), expected)
    given_weight = {"weight": weight[0]} if weight else {}
    agree(twin(variant[0])(*data[:2], **given_weight, **variant[1], from_logits=kind["logits"]), expected)


@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant[0] in AT_THRESHOLD], ids=str)
@FEW
@given(seed=SEEDS, size=SIZES, logits=st.booleans(), weighted=st.booleans())
def test_a_score_at_a_threshold_equals_its_oracle_on_float32_scores(variant, seed, size, **kind):
    data = random_samples(seed, size, **kind)
    agree(once(variant, data, from_logits=kind["logits"]).compute(), ask(variant, data, from_logits=kind["logits"]))


@pytest.mark.parametrize("name", AT_THRESHOLD)
@FEW
@given(seed=SEEDS, size=SIZES, logits=st.booleans(), weighted=st.booleans())
def test_several_thresholds_give_the_scores_of_each(name, seed, size, *, logits, weighted):
    data = random_samples(seed, size, logits=logits, weighted=weighted)
    options = dict(ORACLES[name][0][-1])
    options.pop("threshold", None)
    thresholds = [0.0, 0.3, 0.5, 0.5, 0.9]
    several = once((name, {**options, "threshold": thresholds}), data, from_logits=logits)
    each = [once((name, {**options, "threshold": at}), data, from_logits=logits).compute() for at in thresholds]
    agree(several.compute(), torch.stack(each).numpy())


@pytest.mark.parametrize(
    "cuts", [tb.FloatBits(16), tb.FloatBits(9, centre=None), tb.Uniform(16), tb.Edges([0.1, 0.3, 0.5, 0.9])], ids=repr
)
@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant[0] in AREAS], ids=str)
@FEW
@given(seed=SEEDS, size=SIZES, weighted=st.booleans())
def test_the_area_of_float32_scores_is_within_the_bounds(variant, cuts, seed, **kind):
    data = random_samples(seed, **kind)
    metric = once(variant, data, cuts=cuts)
    low, high = metric.bounds()
    rounding = 1e-15 if low == high else 0  # where no bin hides anything, the value itself, as it was rounded
    assert low - rounding <= min(1, ask(variant, data)) <= high + rounding  # scikit-learn's weighted areas round to more than 1
    assert low <= metric.compute() <= high


#: The two lines of each curve from tp and fp along its thresholds, and from all positives and negatives.
LINES = {
    "BinaryROC": lambda tp, fp, p, n: (fp / n, tp / p),
    "BinaryDETCurve": lambda tp, fp, p, n: (fp / n, (p - tp) / p),
    "BinaryCumulativeGains": lambda tp, fp, p, n: ((tp + fp) / (p + n), tp / p),
    "BinaryLiftCurve": lambda tp, fp, p, n: ((tp + fp) / (p + n), (tp / (tp + fp)) / (p / (p + n))),
    "BinaryPrecisionRecallCurve": lambda tp, fp, p, n: (np.append(tp / (tp + fp), 1.0), np.append(tp / p, 0.0)),
}
#: The lines and thresholds of each curve for scores 0.25, 0.5, 0.5, 0.75 with labels 0, 0, 1, 1.
KNOWN = {
    "BinaryROC": ([0, 0, 0.5, 1], [0, 0.5, 1, 1], [math.inf, 0.75, 0.5, 0.25]),
    "BinaryDETCurve": ([1, 0.5, 0, 0], [0, 0, 0.5, 1], [0.25, 0.5, 0.75, math.inf]),
    "BinaryCumulativeGains": ([0, 0.25, 0.75, 1], [0, 0.5, 1, 1], [math.inf, 0.75, 0.5, 0.25]),
    "BinaryLiftCurve": ([0.25, 0.75, 1], [2, 4 / 3, 1], [0.75, 0.5, 0.25]),
    "BinaryPrecisionRecallCurve": ([0.5, 2 / 3, 1, 1], [1, 1, 0.5, 0], [0.25, 0.5, 0.75]),
}
#: Which lines of a curve need which class: its label.
NEEDED = {
    "BinaryROC": (0, 1),
    "BinaryDETCurve": (0, 1),
    "BinaryCumulativeGains": (None, 1),
    "BinaryLiftCurve": (None, 1),
    "BinaryPrecisionRecallCurve": (None, 1),
}


def test_every_curve_has_a_row_in_the_tables_of_curves():
    assert CURVES.keys() == LINES.keys() == KNOWN.keys() == NEEDED.keys()


@pytest.mark.parametrize("name", CURVES)
@given(seed=SEEDS, size=SIZES, logits=st.booleans())
def test_a_curve_of_float32_scores_has_exact_points_at_its_thresholds(name, seed, size, logits):
    preds, target = random_samples(seed, size, logits=logits)
    *lines, thresholds = once((name, {"logit_thresholds": logits}), (preds, target), from_logits=logits).compute()
    called = preds >= thresholds[:, None]
    found, false = ((called & (target == label)).sum(1).double() for label in (1, 0))
    positives, negatives = ((target == label).sum().double() for label in (1, 0))
    for ours, theirs in zip(lines, LINES[name](found, false, positives, negatives), strict=True):
        agree(ours, theirs)
    assert len({*thresholds.diff().sign().tolist()}) == 1


@pytest.mark.parametrize("name", CURVES)
def test_curves_run_in_the_order_of_scikit_learn(name):
    data = torch.tensor([0.25, 0.5, 0.5, 0.75]), torch.tensor([0, 0, 1, 1])
    assert tuple(line.tolist() for line in once((name, {}), data).compute()) == KNOWN[name]


@FEW
@given(seed=SEEDS, size=SIZES, logits=st.booleans(), weighted=st.booleans())
def test_the_det_curve_has_the_points_of_scikit_learn_in_its_order(seed, size, **kind):
    preds, target, *weight = random_samples(seed, size, **kind)
    theirs = sk.det_curve(
        target.numpy(), preds.bfloat16().double().numpy(), sample_weight=weight[0].numpy() if weight else None
    )
    options = {"logit_thresholds": kind["logits"]}
    metric = once(("BinaryDETCurve", options), (preds.bfloat16(), target, *weight), from_logits=kind["logits"])
    ours = np.stack([line.double().numpy() for line in metric.compute()])
    kept = np.isin(ours[2], theirs[2])
    assert kept.sum() == len(theirs[2])
    np.testing.assert_allclose(ours[:, kept], theirs, rtol=1e-12, atol=1e-12)
    assert (np.minimum(ours[0], ours[1])[~kept] < 1e-12).all()


@pytest.mark.parametrize("name", CURVES)
def test_large_logits_keep_their_thresholds_where_probabilities_coincide(name):
    data = torch.tensor([-800.0, 40.0, 60.0, 80.0]), torch.tensor([0, 0, 1, 1])
    logits = once((name, {"logit_thresholds": True}), data, from_logits=True).compute().thresholds
    assert {*logits.tolist()} - {math.inf} == {*data[0].tolist()}
    probabilities = once((name, {}), data, from_logits=True).compute().thresholds
    assert {*probabilities.tolist()} - {math.inf} == {0.0, 1.0}


def test_infinite_logits_rank_beyond_all_others():
    preds, target = torch.tensor([-math.inf, -3.0, 0.0, 2.0, math.inf, math.inf]), torch.tensor([0, 1, 0, 1, 0, 1])
    for variant in [variant for variant in VARIANTS if variant[0] in AREAS]:
        agree(once(variant, (preds, target), from_logits=True).compute(), ask(variant, (preds.clamp(-64, 64), target)))


#: A sample of each outcome at 0.5: score and label.
OUTCOMES = {"tn": (0.1, 0), "fp": (0.9, 0), "fn": (0.2, 1), "tp": (0.8, 1)}
SITUATIONS = ["", "tn", "fp", "fn", "tp", "tn fn", "fp tp", "tn fp", "fn tp", "tn tp", "fp fn"]
SITUATIONS += ["tn fp fn", "tn fp tp", "tn fn tp", "fp fn tp", "tn fp fn tp"]
#: Which outcomes alone leave a score undefined; nothing seen leaves all of them so.
UNDEFINED = {
    "BinaryAccuracy": [],
    "BinaryBalancedAccuracy": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryPrecision": ["tn", "fn", "tn fn"],
    "BinaryRecall": ["tn", "fp", "tn fp"],
    "BinarySpecificity": ["fn", "tp", "fn tp"],
    "BinaryNegativePredictiveValue": ["fp", "tp", "fp tp"],
    "BinaryFalsePositiveRate": ["fn", "tp", "fn tp"],
    "BinaryFalseNegativeRate": ["tn", "fp", "tn fp"],
    "BinaryF1Score": ["tn"],
    "BinaryFBetaScore": ["tn"],
    "BinaryMatthewsCorrCoef": ["tn", "fp", "fn", "tp", "tn fn", "fp tp", "tn fp", "fn tp"],
    "BinaryCohenKappa": ["tn", "tp"],
    "BinaryJaccardIndex": ["tn"],
    "BinaryHammingDistance": [],
    "BinaryFalseDiscoveryRate": ["tn", "fn", "tn fn"],
    "BinaryFalseOmissionRate": ["fp", "tp", "fp tp"],
    "BinaryPrevalence": [],
    "BinaryPredictedPositiveRate": [],
    "BinaryInformedness": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryMarkedness": ["tn", "fp", "fn", "tp", "tn fn", "fp tp"],
    "BinaryFowlkesMallows": ["tn", "fp", "fn", "tn fp", "tn fn"],
    "BinaryPositiveLikelihoodRatio": ["tn", "fp", "fn", "tp", "tn fn", "tn fp", "fn tp", "tn tp", "tn fn tp"],
    "BinaryNegativeLikelihoodRatio": ["tn", "fp", "fn", "tp", "fp tp", "tn fp", "fn tp", "fp fn", "fp fn tp"],
    "BinaryDiagnosticOddsRatio": sorted({*SITUATIONS[1:]} - {"fp fn", "tn fp fn", "fp fn tp", "tn fp fn tp"}),
    "BinaryPrevalenceThreshold": ["tn", "fp", "fn", "tp", "tn fp", "fn tp", "tn fn"],
    "BinaryGeometricMean": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryExpectedCost": [],
    "BinaryAUROC": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryAveragePrecision": ["tn", "fp", "tn fp"],
    "BinaryPartialAUROC": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryLogAUC": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryCapture": ["tn", "fp", "tn fp"],
    "BinaryGini": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryPrecisionRecallAUC": ["tn", "fp", "tn fp"],
    "BinaryPrecisionRecallGainAUC": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryBrierScore": [],
    "BinaryLogLoss": [],
    "BinaryNormalizedEntropy": ["tn", "fp", "fn", "tp", "tn fp", "fn tp"],
    "BinaryCalibrationRatio": ["tn", "fp", "tn fp"],
    "BinaryMeanPrediction": [],
    "BinaryHingeLoss": [],
    "BinaryCalibrationError": [],
}
ONE_CLASS = ["tn", "fp", "fn", "tp", "tn fp", "fn tp"]
UNDEFINED |= dict.fromkeys(POINTS, ONE_CLASS)
SCALARS = [variant for variant in VARIANTS if variant[0] in UNDEFINED and "threshold" not in variant[1]]


def situation(outcomes):
    """Two samples of each outcome."""
    chosen = [OUTCOMES[outcome] for outcome in outcomes.split()] * 2
    return torch.tensor([score for score, _ in chosen]), torch.tensor([label for _, label in chosen])


def seen(variant, outcomes, **options):
    """A metric of these samples; few bins, which tell the scores apart, do where it takes cuts."""
    cuts = {"cuts": tb.FloatBits(9, centre=None)} if variant[0] in AREAS | POINTS else {}
    return once(variant, situation(outcomes), **cuts, **options)


def test_every_scalar_has_a_row_in_the_table_of_what_is_undefined():
    assert UNDEFINED.keys() == NAMED.keys() - CURVES.keys() - {
        "BinaryStatScores",
        "BinaryConfusionMatrix",
        "BinaryReliabilityCurve",
    }


@pytest.mark.parametrize("outcomes", SITUATIONS)
@pytest.mark.parametrize("variant", SCALARS, ids=str)
def test_what_is_undefined_is_nan_or_a_ratio_of_choice_and_never_minus_zero(outcomes, variant):
    for zero_division in (math.nan, 0.0, 1.0):
        value = seen(variant, outcomes, zero_division=zero_division).compute()
        if variant[0] in POINTS:
            value, threshold = value
            assert threshold.isnan() == value.isnan()
        if outcomes and outcomes not in UNDEFINED[variant[0]]:
            assert value.isfinite()
        elif variant[0] in AREAS | POINTS | SUMS or math.isnan(zero_division):
            assert value.isnan()
        else:
            assert value == zero_division
        assert value != 0 or not value.signbit()


@pytest.mark.parametrize("outcomes", SITUATIONS)
@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant[0] in AREAS], ids=str)
def test_bounds_are_undefined_where_the_area_is(outcomes, variant):
    for end in seen(variant, outcomes, zero_division=0).bounds():
        assert bool(end.isnan()) == (not outcomes or outcomes in UNDEFINED[variant[0]])


WITH_ZERO_DIVISION = {
    "BinaryPrecision": sk.precision_score,
    "BinaryRecall": sk.recall_score,
    "BinarySpecificity": partial(sk.recall_score, pos_label=0),
    "BinaryNegativePredictiveValue": partial(sk.precision_score, pos_label=0),
    "BinaryF1Score": sk.f1_score,
    "BinaryJaccardIndex": sk.jaccard_score,
}


@pytest.mark.parametrize("outcomes", SITUATIONS[1:])
@pytest.mark.parametrize("name", WITH_ZERO_DIVISION)
def test_zero_division_is_that_of_scikit_learn(outcomes, name):
    preds, target = situation(outcomes)
    for zero_division in (0, 1):
        theirs = WITH_ZERO_DIVISION[name](target.numpy(), (preds >= 0.5).numpy(), zero_division=zero_division)
        agree(once((name, {}), (preds, target), zero_division=zero_division).compute(), theirs)


@pytest.mark.parametrize("outcomes", SITUATIONS[1:])
def test_likelihood_ratios_are_undefined_where_those_of_scikit_learn_are(outcomes):
    preds, target = situation(outcomes)
    with warnings.catch_warnings(action="ignore", category=UndefinedMetricWarning), np.errstate(invalid="ignore"):
        theirs = sk.class_likelihood_ratios(target.numpy(), (preds >= 0.5).long().numpy(), labels=[0, 1])
    names = ("BinaryPositiveLikelihoodRatio", "BinaryNegativeLikelihoodRatio")
    agree(tuple(once((name, {}), (preds, target)).compute() for name in names), theirs)


@pytest.mark.parametrize("recall_is_fpr", ["fp tp", "tn fp fn tp"])
def test_without_skill_the_prevalence_threshold_is_a_half_and_informedness_zero(recall_is_fpr):
    assert once(("BinaryPrevalenceThreshold", {}), situation(recall_is_fpr)).compute() == 0.5
    assert once(("BinaryInformedness", {}), situation(recall_is_fpr)).compute() == 0


@pytest.mark.parametrize("costs", [{"cost_fp": -1.0}, {"cost_fn": math.inf}, {"cost_fn": math.nan}])
def test_costs_that_are_no_costs_are_refused(costs):
    with pytest.raises(ValueError, match="must be >= 0"):
        tb.BinaryExpectedCost(**costs)
    with pytest.raises(ValueError, match="must be >= 0"):
        tb.measures.expected_cost(tb.BinaryAccuracy().confusion(), **costs)


@pytest.mark.parametrize("zero_division", [math.nan, 0, 1])
def test_f1_is_zero_with_positives_and_nothing_predicted(zero_division):
    value = once(("BinaryF1Score", {}), situation("tn fn"), zero_division=zero_division).compute()
    assert value == 0
    assert not value.signbit()


def test_average_precision_is_one_without_negatives():
    metric = once(("BinaryAveragePrecision", {}), (torch.tensor([0.1, 0.1, 0.7]), torch.ones(3)))
    assert metric.compute() == 1
    assert [end.item() for end in metric.bounds()] == [pytest.approx(1, abs=1e-9), 1]


@pytest.mark.parametrize(("normalize", "nan"), [("true", [[1, 1], [0, 0]]), ("pred", [[0, 1], [0, 1]]), ("all", [[0, 0]] * 2)])
def test_an_empty_row_of_a_normalised_confusion_matrix_is_nan(normalize, nan):
    variant = ("BinaryConfusionMatrix", {"normalize": normalize})
    value = once(variant, situation("fn")).compute()
    assert value.isnan().int().tolist() == nan
    for zero_division in (0, 1):
        filled = once(variant, situation("fn"), zero_division=zero_division).compute()
        assert filled.tolist() == value.where(~value.isnan(), zero_division).tolist()
    assert once(variant, situation("")).compute().isnan().all()


def test_nothing_seen_gives_zero_counts():
    assert tb.BinaryStatScores().compute().tolist() == [0] * 5
    assert tb.BinaryConfusionMatrix().compute().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", CURVES)
def test_a_curve_is_nan_only_in_the_rate_of_the_class_that_is_missing(name, label):
    *lines, thresholds = once((name, {}), (torch.tensor([0.25, 0.5, 0.5]), torch.full((3,), label))).compute()
    found, false = (torch.tensor([2.0, 3.0]).double() * (label == wanted) for wanted in (1, 0))
    for line, expected, needed in zip(
        lines, LINES[name](found, false, 3.0 * label, 3.0 - 3 * label), NEEDED[name], strict=True
    ):
        at = [int((thresholds == threshold).nonzero()) for threshold in (0.5, 0.25)]
        if needed in (None, label):
            agree(line[at], np.asarray(expected)[:2])
        else:
            assert line[at].isnan().all()
    assert not thresholds.isnan().any()


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_of_nothing_has_one_undefined_point_and_perhaps_an_end(name):
    first, second, thresholds = NAMED[name]().compute()
    assert len(first) == len(second) == (1 if name == "BinaryLiftCurve" else 2)
    assert not thresholds.isnan().any()
    assert first.isnan().any()
    assert second.isnan().any()


@given(seed=SEEDS, size=SIZES, score=st.sampled_from([0.0, 0.5, 1.0, 0.3, 1e-30]))
def test_scores_that_are_all_equal_rank_by_chance(seed, size, score):
    _, target = random_samples(seed, size)
    data = torch.full(target.shape, score), target
    agree(once(("BinaryAUROC", {}), data).compute(), 0.5)
    agree(once(("BinaryAUROC", {"max_fpr": 0.1}), data).compute(), 0.5)
    agree(once(("BinaryAveragePrecision", {}), data).compute(), target.double().mean())
    agree(once(("BinaryROC", {}), data).compute()[:2], ([0, 1], [0, 1]))
    for name, chance in {
        "Gini": 0,
        "PrecisionRecallGainAUC": 0,
        "PrecisionRecallAUC": (1 + target.double().mean()) / 2,
    }.items():
        agree(once((f"Binary{name}", {}), data).compute(), chance)


def test_twenty_labels_give_the_known_figures():
    target = torch.tensor([int(label) for label in "01100010111101010100"])
    preds = torch.tensor([int(label) for label in "01001010100001011100"])
    assert tb.BinaryConfusionMatrix()(preds, target).tolist() == [[8, 2], [4, 6]]
    for name, known in {"Accuracy": 0.7, "Precision": 0.75, "Recall": 0.6, "F1Score": 2 / 3}.items():
        metric = once(("Binary" + name, {}), (preds, target))
        assert [int(count) for count in (metric.tp, metric.tn, metric.fp, metric.fn)] == [6, 8, 2, 4]
        assert metric.compute().item() == pytest.approx(known, abs=1e-15)
    assert round(tb.BinaryF1Score()(preds, target).item(), 7) == 0.6666667


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_hundred_labels_agree_with_scikit_learn(variant):
    preds = torch.tensor([1] * 40 + [1] * 10 + [0] * 5 + [0] * 45)
    target = torch.tensor([1] * 40 + [0] * 10 + [1] * 5 + [0] * 45)
    assert tb.BinaryConfusionMatrix()(preds, target).tolist() == [[45, 10], [5, 40]]
    agree(once(variant, (preds, target)).compute(), ask(variant, (preds, target)))


def test_rare_positives_that_are_missed_show_despite_high_accuracy():
    target = torch.tensor([1] * 200 + [0] * 9_800)
    preds = torch.tensor([1] * 24 + [0] * 176 + [1] * 24 + [0] * 9_776)
    known = {
        "Accuracy": 0.98,
        "Recall": 0.12,
        "BalancedAccuracy": (0.12 + 9_776 / 9_800) / 2,
        "MatthewsCorrCoef": (24 * 9_776 - 24 * 176) / math.sqrt(48 * 9_952 * 200 * 9_800),
        "AveragePrecision": 0.12 * 0.5 + 0.88 * 0.02,
    }
    for name, value in known.items():
        variant = ("Binary" + name, {})
        assert once(variant, (preds, target)).compute().item() == pytest.approx(value, abs=1e-15)
        agree(torch.tensor(value, dtype=torch.float64), ask(variant, (preds, target)))


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1 - 2**-20, 1.0])
def test_what_logits_call_positive_is_the_threshold_moved_in_float64(threshold):
    with np.errstate(divide="ignore"):
        edge = torch.tensor(np.float32(np.log(np.float64(threshold)) - np.log1p(-np.float64(threshold))))
    preds = torch.stack([torch.nextafter(edge, torch.tensor(-math.inf)), edge, torch.tensor(math.inf)])
    metric = once(("BinaryStatScores", {"threshold": threshold}), (preds, torch.ones(3)), from_logits=True)
    assert int(metric.tp) == int((preds >= edge).sum())
