"""Numbers that strain float64: weights of any size, classes of any rarity, thresholds between two floats."""

import math

import pytest
import torch
from hypothesis import given, settings, strategies as st
from oracles import VARIANTS, once, random_samples
from sklearn.metrics import fbeta_score

import torch_binmetrics as tb

SEEDS = st.integers(0, 2**32 - 1)
#: Means of losses are divided once; and what shows the counts themselves grows with them.
COUNTS = [("BinaryStatScores", {}), ("BinaryConfusionMatrix", {}), ("BinaryConfusionMatrix", {"normalize": None})]
RATIOS = [each for each in VARIANTS if each not in COUNTS and "threshold" not in each[1]]


def flat(values):
    """All numbers of tensors and tuples of tensors, float64."""
    if isinstance(values, torch.Tensor):
        return values.double().reshape(-1)
    return torch.cat([flat(value) for value in values])


@pytest.mark.parametrize("power", [256, 531, 900, -270, -996], ids=lambda power: f"2^{power}")
@pytest.mark.parametrize("variant", [each for each in RATIOS if each[0] != "BinaryReliabilityCurve"], ids=str)
def test_weights_of_any_size_give_what_weights_near_1_give(variant, power):
    preds, target, weight = random_samples(3, 40, weighted=True)
    near, far = (once(variant, (preds, target, weight * factor)) for factor in (1.0, 2.0**power))
    torch.testing.assert_close(flat(far.compute()), flat(near.compute()), rtol=0, atol=0, equal_nan=True)
    if near.reading.has_bounds:
        torch.testing.assert_close(flat(far.bounds()), flat(near.bounds()), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("cuts", [tb.FloatBits(), tb.Exact()], ids=str)
@pytest.mark.parametrize("top", [0.5, 1.0])
def test_exact_sums_of_weights_over_many_orders_have_bounds_that_allow_for_rounding(cuts, top):
    metric = tb.BinaryCapture(cuts, top=top, weighted=True)
    metric.update(torch.tensor([0.25, 0.5, 0.75]), torch.tensor([1, 0, 0]), torch.tensor([1e-20, 3.0, 1.0]))
    low, high = metric.bounds()
    assert low <= metric.compute() <= high
    assert low <= float(top == 1) <= high
    counts = tb.BinaryCapture(cuts, top=top)
    counts.update(torch.tensor([0.25, 0.5, 0.75]), torch.tensor([1, 0, 0]))
    assert counts.bounds() == (counts.compute(), counts.compute())


@given(power=st.integers(-1070, 1020), cells=st.lists(st.integers(1, 7), min_size=4, max_size=4))
def test_products_of_four_weights_neither_overflow_nor_vanish(power, cells):
    small = tb.Confusion(*torch.tensor(cells).double())
    far = tb.Confusion(
        *(torch.ldexp(count, torch.tensor(power // 2)).ldexp(torch.tensor(power - power // 2)) for count in small)
    )
    for measure in (tb.measures.matthews_corrcoef, tb.measures.cohen_kappa, tb.measures.diagnostic_odds_ratio):
        assert measure(far) == measure(small)


@pytest.mark.parametrize("positives", [1, 3, 1000])
@pytest.mark.parametrize("negatives", [10**6, 10**9, 10**15])
def test_the_entropy_of_a_rare_class_keeps_its_digits(positives, negatives):
    samples = positives + negatives
    counts, loss = torch.tensor([[negatives], [positives]]), torch.tensor([[1.0], [2.0]]).double()
    rare, common = positives / samples, -math.log1p(-positives / samples)
    expected = 3.0 / samples / (rare * -math.log(rare) + (1 - rare) * common)
    assert tb.measures.normalized_entropy(counts, loss).item() == pytest.approx(expected, rel=1e-14)
    assert tb.measures.normalized_entropy(counts.flip(0), loss).item() == pytest.approx(expected, rel=1e-14)


def test_normalized_entropy_is_undefined_with_one_class():
    for counts in ([[3], [0]], [[0], [3]], [[0], [0]]):
        assert tb.measures.normalized_entropy(torch.tensor(counts), torch.tensor([[1.0], [1.0]]).double()).isnan()


@given(seed=SEEDS)
def test_fbeta_at_0_is_precision_as_scikit_learns(seed):
    preds, target = random_samples(seed, 30)
    metric = once(("BinaryFBetaScore", {"beta": 0}), (preds, target))
    assert metric.compute().item() == pytest.approx(fbeta_score(target, preds >= 0.5, beta=0), rel=1e-12)
    assert metric.compute() == once(("BinaryPrecision", {}), (preds, target)).compute()
    nothing = once(("BinaryFBetaScore", {"beta": 0}), (torch.tensor([0.2, 0.3]), torch.tensor([1, 0])))
    assert nothing.compute().isnan()


# Operating points in use


@given(seed=SEEDS)
@settings(max_examples=20)
def test_an_operating_point_calls_the_scores_that_gave_its_value(seed):
    preds, target = random_samples(seed, 60)
    exact = preds.double() * (1 + 1e-9)  # what float64 scores are before they are counted
    point = once(("BinaryBestThreshold", {"criterion": "accuracy"}), (exact, target)).compute()
    calls = point.applies_to(exact)
    assert calls.dtype == torch.bool
    assert point.value.item() == pytest.approx((calls == target).double().mean().item(), rel=1e-12)


def test_a_float64_score_that_rounds_up_to_the_threshold_is_called_as_it_was_counted():
    point = tb.OperatingPoint(torch.tensor(1.0), torch.tensor(0.3))
    below = torch.tensor(0.3).double() - 1e-12
    assert point.applies_to(below)
    assert not below >= point.threshold.double()
    undefined = tb.OperatingPoint(torch.tensor(math.nan), torch.tensor(math.nan))
    assert not undefined.applies_to(torch.tensor([0.0, 1.0])).any()


def test_logits_are_compared_with_logits():
    logits = torch.tensor([-2.0, 38.0, 40.0, 42.0])  # whose probabilities are 1 in float64 from 37 on
    target = torch.tensor([0, 0, 1, 1])
    told = tb.BinaryBestThreshold("accuracy", from_logits=True, logit_thresholds=True)
    told.update(logits, target)
    assert told.compute().applies_to(logits).tolist() == [False, False, True, True]
    probabilities = tb.BinaryBestThreshold("accuracy", from_logits=True)
    probabilities.update(logits, target)
    with pytest.raises(ValueError, match="logit_thresholds=True"):
        probabilities.compute().applies_to(logits)


# Groups of equally many samples


@given(seed=SEEDS, size=st.integers(1, 60), n_bins=st.integers(1, 6), norm=st.sampled_from(["l1", "l2", "max"]))
@settings(max_examples=200)
def test_bounds_of_the_quantile_calibration_error_enclose_that_of_the_exact_groups(seed, size, n_bins, norm):
    generator = torch.Generator().manual_seed(seed)
    spread = 10.0 ** -torch.randint(0, 7, (1,), generator=generator)
    preds = (0.3 + spread * (torch.rand(size, generator=generator) - 0.4) * 0.7).clamp(0, 1)
    target = (torch.rand(size, generator=generator) < 0.5).long()
    metric = once(("BinaryCalibrationError", {"n_bins": n_bins, "strategy": "quantile", "norm": norm}), (preds, target))
    low, high = metric.bounds()
    scores, of = preds.unique(return_inverse=True)
    counts = torch.zeros(2, len(scores), dtype=torch.int64).index_put_((target, of), torch.tensor(1), accumulate=True)
    groups = tb.measures.equal_mass_groups(counts, n_bins)
    exact = tb.measures.calibration_error(counts, counts * scores.double(), groups, n_bins, norm=norm)
    assert low <= exact <= high
    assert low <= metric.compute() <= high


def test_four_samples_in_one_bin_do_not_claim_an_exact_quantile_calibration_error():
    preds = 0.5 + torch.tensor([1e-5, 2e-5, 3e-5, 4e-5])
    metric = tb.BinaryCalibrationError(2, strategy="quantile")
    metric.update(preds, torch.tensor([0, 0, 1, 1]))
    low, high = metric.bounds()
    assert low <= 0.49999 <= high
    assert low < 1e-3
    apart = tb.BinaryCalibrationError(2, strategy="quantile")
    apart.update(torch.tensor([0.1, 0.2, 0.8, 0.9]), torch.tensor([0, 0, 1, 1]))
    low, high = apart.bounds()
    assert high - low < 1e-12
