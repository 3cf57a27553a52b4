"""Sums besides counts: losses and probabilities by label and bin, exact in float64, and what is read off them."""

import math
import sys

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st
from oracles import SUMS, agree, once, random_samples
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

import torch_binmetrics as tb

SEEDS = st.integers(0, 2**32 - 1)
SUMMANDS = [
    tb.counting.Probability(),
    tb.counting.SquaredError(),
    tb.counting.LogLoss(),
    tb.counting.LogLoss(0.01),
    tb.counting.Hinge(),
    tb.counting.Hinge(squared=True),
]
EACH_SUMMAND = pytest.mark.parametrize("summand", SUMMANDS, ids=repr)


def by_hand(summand, score, label, *, from_logits):
    """What a sample adds, from the textbook, for scores that need no care."""
    p = float(expit(score)) if from_logits else score
    if isinstance(summand, tb.counting.LogLoss):
        p = min(max(p, summand.eps), 1 - summand.eps)
        return -math.log(p if label else 1 - p)
    if isinstance(summand, tb.counting.Hinge):
        return max(0.0, 1 - (2 * label - 1) * score) ** (2 if summand.squared else 1)
    return p if isinstance(summand, tb.counting.Probability) else (p - label) ** 2


@EACH_SUMMAND
@given(seed=SEEDS, size=st.integers(0, 60), logits=st.booleans(), weighted=st.booleans())
def test_every_cell_holds_the_sum_of_its_own_samples(summand, seed, size, *, logits, weighted):
    preds, target, *weight = random_samples(seed, size, logits=logits, weighted=weighted)
    preds = preds if logits else preds.clamp(0.01, 0.99)
    layout = tb.Layout(tb.FloatBits(9, centre=None), from_logits=logits, weighted=weighted, sums=(summand,))
    histogram = tb.ScoreHistogram(layout)
    histogram.update(preds, target, *weight)
    expected = torch.zeros(2, layout.scored.bins, dtype=torch.float64)
    weights = weight[0].tolist() if weight else [1.0] * len(preds)
    for score, label, w, cell in zip(preds.tolist(), target.tolist(), weights, layout.scored.index(preds), strict=True):
        expected[label, cell] += w * by_hand(summand, score, label, from_logits=logits)
    torch.testing.assert_close(histogram.sums(summand), expected, rtol=1e-12, atol=1e-15)


@given(seed=SEEDS, size=st.integers(1, 80))
def test_the_clipped_log_loss_is_that_of_scikit_learn(seed, size):
    preds, target = random_samples(seed, size)
    eps = np.finfo(np.float64).eps
    theirs = log_loss(target.numpy(), preds.double().numpy(), labels=[0, 1])
    agree(once(("BinaryLogLoss", {"eps": float(eps)}), (preds, target)).compute(), theirs)


@pytest.mark.parametrize("score", [5e-324, 1e-310, 2**-1022, 1e-300, 0.7])
def test_the_log_loss_of_a_score_below_all_normal_numbers_is_its_logarithm(score):
    loss = tb.BinaryLogLoss()
    loss.update(torch.tensor([score], dtype=torch.float64), torch.tensor([1]))
    assert loss.compute().item() == pytest.approx(-math.log(score), rel=1e-15)


def test_a_sure_and_wrong_probability_costs_infinitely_much_unless_it_is_clipped_or_weighs_nothing():
    preds, target = torch.tensor([0.0, 1.0, 0.5]), torch.tensor([1, 1, 0])
    assert once(("BinaryLogLoss", {}), (preds, target)).compute() == math.inf
    assert once(("BinaryLogLoss", {"eps": 0.001}), (preds, target)).compute().isfinite()
    weights = torch.tensor([0.0, 1.0, 1.0])
    agree(once(("BinaryLogLoss", {}), (preds, target, weights)).compute(), math.log(2) / 2)


def spread(kind, generator):
    """Probabilities in float64, of which no two are one float32 number."""
    u = torch.rand(3000, generator=generator, dtype=torch.float64)
    near_root = 0.5**0.5 + (u - 0.5) / 500
    kinds = {
        "float32": u.float().double(),
        "float64": u,
        "near 0": torch.exp(-80 * u),
        "near 1": 1 - torch.exp(-16 * u),
        "on either side of the square root of a half": torch.cat([near_root, 1 - near_root]),
        "powers of 2": torch.exp2(-torch.arange(1, 149).double()),
    }
    single = torch.from_numpy(np.unique(kinds[kind].float().numpy(), return_index=True)[1])
    return kinds[kind][single]


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "near 0", "near 1", "on either side of the square root of a half", "powers of 2"]
)
@pytest.mark.parametrize("label", [0, 1])
def test_each_log_loss_is_the_exact_one_to_two_units_in_the_last_place(kind, label):
    preds = spread(kind, torch.Generator().manual_seed(5))
    histogram = tb.ScoreHistogram(tb.Layout(tb.Edges(preds.float()), sums=(tb.counting.LogLoss(),)))
    histogram.update(preds, torch.full(preds.shape, label))
    losses = histogram.sums(tb.counting.LogLoss())[label, 1:]
    with mpmath.workprec(200):
        for p, loss in zip(preds.tolist(), losses.tolist(), strict=True):
            exact = -mpmath.log(p) if label else -mpmath.log1p(-mpmath.mpf(p))
            assert abs(loss - exact) <= 2 * math.ulp(float(exact))


@pytest.mark.parametrize("p", [5e-324, 1e-310, sys.float_info.min])
def test_the_log_loss_of_the_smallest_numbers_is_no_more_than_its_size(p):
    agree(once(("BinaryLogLoss", {}), (torch.tensor([p], dtype=torch.float64), torch.ones(1))).compute(), -math.log(p))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_loss_of_large_logits_is_their_size(dtype):
    preds, target = torch.tensor([-800.0, 800.0, 40.0, 40.0], dtype=dtype), torch.tensor([1, 0, 0, 1])
    loss = once(("BinaryLogLoss", {}), (preds, target), from_logits=True).compute()
    agree(loss, (800 + 800 + 40 + 2 * math.log1p(math.exp(-40))) / 4)
    squares = once(("BinaryBrierScore", {}), (preds[2:], target[2:]), from_logits=True).compute()
    agree(squares, (expit(40) ** 2 + expit(-40) ** 2) / 2)


def test_float64_probabilities_are_summed_as_they_are_given():
    preds = torch.tensor([1 - 1e-12, 1e-12], dtype=torch.float64)
    loss = once(("BinaryLogLoss", {}), (preds, torch.tensor([0, 1]))).compute()
    assert loss.item() == pytest.approx(12 * math.log(10), rel=1e-5)


@pytest.mark.parametrize("name", sorted(SUMS.keys() - {"BinaryHingeLoss"}))
def test_scores_that_are_no_probabilities_are_refused_or_dropped_and_reported(name):
    data = torch.tensor([0.2, 1.5, 0.7, -0.1]), torch.tensor([0, 1, 1, 0])
    with pytest.raises(ValueError, match=r"2 out of range scores.*\[0, 1\]"):
        once((name, {}), data)
    dropping = once((name, {}), data, invalid="drop")
    kept = once((name, {}), tuple(column[[0, 2]] for column in data))
    agree(dropping.compute(), kept.compute())
    assert dropping.dropped.out_of_range_scores == 2
    assert once((name, {}), data, from_logits=True).dropped == tb.counting.Dropped()


def test_decision_values_may_be_any_numbers():
    data = torch.tensor([3.0, -1.5, 0.25]), torch.tensor([1, 0, 0])
    agree(once(("BinaryHingeLoss", {}), data).compute(), 1.25 / 3)


@settings(max_examples=30)
@given(seed=SEEDS, size=st.integers(1, 200), n_bins=st.integers(1, 20))
def test_bins_of_equal_numbers_are_those_of_scikit_learn(seed, size, n_bins):
    preds, target = random_samples(seed, size)
    assume(all((len(preds) - 1) * k % n_bins for k in range(1, n_bins)))  # else a rounded quantile decides there
    preds = preds.bfloat16()
    curve = once(("BinaryReliabilityCurve", {"n_bins": n_bins, "strategy": "quantile"}), (preds, target)).compute()
    scores = preds.double().numpy()
    found, predicted = calibration_curve(target.numpy(), scores, n_bins=n_bins, strategy="quantile")
    filled = curve.counts > 0
    agree(curve.mean_predicted[filled], predicted)
    agree(curve.fraction_of_positives[filled], found)


@given(seed=SEEDS, n_bins=st.integers(1, 20))
def test_bins_of_equal_width_are_those_of_scikit_learn_but_for_scores_on_an_edge(seed, n_bins):
    rng = np.random.default_rng(seed)
    preds, target = torch.from_numpy(rng.random(200).astype(np.float32)), torch.from_numpy(rng.integers(0, 2, 200))
    curve = once(("BinaryReliabilityCurve", {"n_bins": n_bins}), (preds, target)).compute()
    found, predicted = calibration_curve(target.numpy(), preds.double().numpy(), n_bins=n_bins)
    agree(curve.mean_predicted[curve.counts > 0], predicted)
    agree(curve.fraction_of_positives[curve.counts > 0], found)


def test_a_score_on_an_edge_belongs_to_the_bin_above_and_one_to_the_last():
    preds = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    curve = once(("BinaryReliabilityCurve", {"n_bins": 4}), (preds, torch.ones(5))).compute()
    assert curve.counts.tolist() == [1, 1, 1, 2]
    assert curve.mean_predicted.tolist() == [0, 0.25, 0.5, 0.875]


def test_a_calibrated_constant_has_no_error_and_confidence_one_gets_no_bin_of_its_own():
    target = torch.tensor([1] * 19 + [0])
    agree(once(("BinaryCalibrationError", {}), (torch.full((20,), 0.95, dtype=torch.float64), target)).compute(), 0.0)
    preds = torch.tensor([1.0] * 10 + [0.95] * 10, dtype=torch.float64)
    agree(once(("BinaryCalibrationError", {"n_bins": 10}), (preds, target)).compute(), 0.025)


def test_metrics_of_one_collection_sum_in_one_histogram_and_equal_each_alone():
    makes = {
        "brier": tb.BinaryBrierScore,
        "loss": tb.BinaryLogLoss,
        "clipped": lambda: tb.BinaryLogLoss(eps=0.01),
        "entropy": tb.BinaryNormalizedEntropy,
        "ratio": tb.BinaryCalibrationRatio,
        "quantile": lambda: tb.BinaryCalibrationError(strategy="quantile"),
    }
    metrics = tb.MetricCollection({name: make() for name, make in makes.items()})
    assert [histogram.layout.sums for histogram in metrics.histograms] == [
        (tb.counting.SquaredError(), tb.counting.LogLoss(), tb.counting.LogLoss(0.01), tb.counting.Probability())
    ]
    preds, target = random_samples(3, 500)
    metrics.update(preds.clamp(0.001, 0.999), target)
    for name, make in makes.items():
        single = make()
        single.update(preds.clamp(0.001, 0.999), target)
        assert metrics.compute()[name] == single.compute()


def test_sums_of_other_options_cells_or_ranges_are_kept_apart():
    metrics = [tb.BinaryBrierScore(), tb.BinaryBrierScore(FINE), tb.BinaryBrierScore(from_logits=True), tb.BinaryHingeLoss()]
    collection = tb.MetricCollection({str(i): metric for i, metric in enumerate(metrics)})
    assert len(collection.histograms) == 4


FINE = tb.FloatBits(12)


@pytest.mark.parametrize("name", SUMS)
def test_a_state_of_sums_resumes_and_merges(name):
    data = random_samples(5, 100)
    whole = once((name, {}), data)
    first, second = (once((name, {}), tuple(column[part] for column in data)) for part in (slice(0, 40), slice(40, None)))
    resumed = SUMS[name]()
    resumed.load_state_dict(first.state_dict())
    resumed.merge_state(second)
    agree(resumed.compute(), whole.compute())
    with pytest.raises(ValueError, match="sums="):
        tb.BinaryAUROC().load_state_dict(first.state_dict())


def test_a_histogram_says_which_sums_it_does_not_hold():
    with pytest.raises(ValueError, match=r"SquaredError.*LogLoss"):
        tb.BinaryBrierScore().histogram.sums(tb.counting.LogLoss())


@pytest.mark.parametrize("sums", [[tb.counting.SquaredError()], (0.5,), tb.counting.SquaredError()])
def test_what_is_no_tuple_of_summands_is_refused(sums):
    with pytest.raises(TypeError, match="sums must be a tuple of Summands"):
        tb.Layout(tb.Uniform(8), sums=sums)


def test_a_summand_of_ones_own_is_summed_by_the_reference():
    class Cube(tb.counting.Summand):
        def values(self, scores, positive, *, from_logits):
            return scores**3

    cube = Cube()
    histogram = tb.ScoreHistogram(tb.Layout(tb.Uniform(2), sums=(cube,)))
    histogram.update(torch.tensor([0.5, 1.0, 0.25]), torch.tensor([1, 1, 0]))
    assert histogram.sums(cube).tolist() == [[0.25**3, 0], [0, 1.125]]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tb.BinaryLogLoss(eps=0.5), r"eps must be in \[0, 0.5\)"),
        (lambda: tb.BinaryLogLoss(eps=-1e-9), r"eps must be in \[0, 0.5\)"),
        (lambda: tb.BinaryCalibrationError(0), "n_bins must be from 1"),
        (lambda: tb.BinaryCalibrationError(norm="L1"), "norm must be"),
        (lambda: tb.BinaryReliabilityCurve(strategy="mass"), "strategy must be"),
    ],
)
def test_bad_options_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("squared", [2, 1, "yes", None])
def test_whether_the_hinge_is_squared_is_a_bool(squared):
    with pytest.raises(TypeError, match="squared must be True or False"):
        tb.BinaryHingeLoss(squared=squared)


@pytest.mark.parametrize(("written", "meant"), [(0, 0.0), (-0.0, 0.0), (np.float64(0.25), 0.25)])
def test_a_state_says_the_same_eps_however_it_was_written(written, meant):
    metric = tb.BinaryLogLoss(eps=meant)
    metric.merge_state(tb.BinaryLogLoss(eps=written))
    metric.load_state_dict(tb.BinaryLogLoss(eps=written).state_dict())
    assert metric.compute().isnan()


def test_a_resampled_cell_keeps_the_mean_of_its_samples():
    metric = once(("BinaryBrierScore", {}), (torch.tensor([0.3, 0.3, 0.8]), torch.tensor([0, 0, 1])))
    snapshot = tb.Snapshot(metric.histogram)
    doubled = snapshot.resampled(snapshot.counts * torch.tensor([2, 1]))
    agree(metric.reading.value(doubled), (4 * float(torch.tensor(0.3)) ** 2 + (1 - float(torch.tensor(0.8))) ** 2) / 5)
    assert metric.reading.value(snapshot.resampled(torch.zeros_like(snapshot.counts))).isnan()


def test_a_score_on_a_quantile_belongs_to_the_bin_below():
    preds = torch.arange(11) / 16  # ranks 2, 4, 6 and 8 of 0 to 10 are the quantiles of five bins
    curve = once(("BinaryReliabilityCurve", {"n_bins": 5, "strategy": "quantile"}), (preds, preds > 0.3)).compute()
    _, predicted = calibration_curve(preds > 0.3, preds, n_bins=5, strategy="quantile")
    assert curve.counts.tolist() == [3, 2, 2, 2, 2]
    agree(curve.mean_predicted, predicted)
