"""Confidence intervals: closed forms against statsmodels and raw samples, the bootstrap against SciPy's, and their laws."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from oracles import NAMED, VARIANTS, once, random_samples
from scipy import stats
from sklearn.metrics import average_precision_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import torch_binmetrics as tb
from torch_binmetrics.counting.summands import LogLoss
from torch_binmetrics.measures.declared import Share, about
from torch_binmetrics.uncertainty import bootstrap
from torch_binmetrics.uncertainty.closed_forms import closed_form
from torch_binmetrics.uncertainty.proportions import kolmogorov_deviations, student_deviations

SEEDS = st.integers(0, 2**32 - 1)
LEVELS = st.floats(0.01, 0.999)
CURVES = [
    name
    for name, named in NAMED.items()
    if issubclass(named, tb.metrics.AlongCuts) and not issubclass(named, tb.metrics.AtBest)
]
CURVES.append("BinaryReliabilityCurve")
CURVES.append("BinaryBestThreshold")
INTERVALS = [variant for variant in VARIANTS if variant[0] not in CURVES]
names = pytest.mark.parametrize("variant", INTERVALS, ids=str)
#: What varies smoothly with the samples: no point of a curve, which jumps from bin to bin, and nothing that is always 1.
SMOOTH = [
    each for each in INTERVALS if not issubclass(NAMED[each[0]], tb.metrics.AtBest) and each != ("BinaryCapture", {"top": 1.0})
]
#: Measures that are a share of trials, and what is said of them.
SHARES = {
    measure: about(measure).form
    for measure in vars(tb.measures).values()
    if callable(measure) and (known := about(measure)) and isinstance(known.form, Share) and known.form.grown is None
}
smooth_ones = pytest.mark.parametrize("variant", SMOOTH, ids=str)


class Youden(tb.metrics.AtBest):
    """The threshold with the greatest tpr - fpr."""

    @staticmethod
    def measure(c, thresholds):
        found = tb.measures.recall(c) - tb.measures.false_positive_rate(c)
        best = found.nan_to_num(-1).argmax()
        return tb.OperatingPoint(found[best], thresholds[best])


def half_precision(seed, size=200, share=0.3):
    """bfloat16 scores, many of them tied, of two overlapping normal distributions; labels with both classes."""
    generator = torch.Generator().manual_seed(seed)
    target = (torch.rand(size, generator=generator) < share).long()
    target[:4] = torch.tensor([0, 0, 1, 1])
    logits = 3 * (torch.randn(size, generator=generator) + target) - 1.5
    return logits.sigmoid().clamp(max=0.99).bfloat16(), target  # a negative of score 1 has no finite log loss


def root(metric):
    """The function that a metric's measure is, options aside."""
    return getattr(metric.measure, "func", metric.measure)


def parts(value):
    """The tensors of a value."""
    return list(value) if isinstance(value, tuple) else [value]


def flat(value):
    """All numbers of a value, float64."""
    return torch.cat([part.double().reshape(-1) for part in parts(value)])


def ends(metric, *args, **options):
    """Both ends as flat tensors."""
    low, high = metric.confidence_interval(*args, **options)
    return flat(low), flat(high)


def same(one, other):
    """Whether two pairs of ends are equal, bit for bit, a NaN like another."""
    pairs = list(zip(one, other, strict=True))
    return all(torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(9), b.nan_to_num(9)) for a, b in pairs)


# Closed forms


@given(successes=st.integers(0, 10**9), failures=st.integers(0, 10**9), level=LEVELS)
def test_wilsons_interval_is_that_of_statsmodels(successes, failures, level):
    trials = successes + failures
    low, high = tb.uncertainty.wilson_interval(torch.tensor(successes), torch.tensor(trials), level)
    if trials == 0:
        assert low.isnan()
        assert high.isnan()
    else:
        wanted = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
        assert (low.item(), high.item()) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
        assert 0 <= low <= successes / trials <= high <= 1
        assert low < high


def modified_wilson(successes, failures, level):
    """Wilson's interval with the ends of Poisson's chi-squared for few (Brown, Cai and DasGupta 2001, section 4.1.1)."""
    trials = successes + failures
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    few = range(1, 4 if trials > 50 else 3)
    if successes in few:
        low = min(low, stats.chi2.ppf(1 - level, 2 * successes) / 2 / trials)
    if failures in few:
        high = max(high, 1 - stats.chi2.ppf(1 - level, 2 * failures) / 2 / trials)
    return [low, high]


@pytest.mark.parametrize("measure", SHARES, ids=lambda measure: measure.__name__)
@settings(max_examples=20)
@given(cells=st.lists(st.integers(0, 4) | st.integers(0, 10**6), min_size=4, max_size=4))
def test_a_measure_that_is_said_to_be_a_share_is_that_share(measure, cells):
    c, form = tb.Confusion(*torch.tensor(cells)), SHARES[measure]
    successes, failures = (sum(getattr(c, cell) for cell in group.split()) for group in (form.successes, form.failures))
    torch.testing.assert_close(successes / (successes + failures).double(), measure(c), rtol=0, atol=1e-15, equal_nan=True)
    low, high = closed_form(form, c, 0.95)
    if successes + failures == 0:
        assert low.isnan()
        assert high.isnan()
    else:
        assert [low.item(), high.item()] == pytest.approx(
            modified_wilson(int(successes), int(failures), 0.95), rel=1e-9, abs=1e-12
        )


@pytest.mark.parametrize("trials", [2, 50, 51, 10**6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_few_successes_or_failures_have_the_ends_of_rare_events(trials, level):
    for rare in range(min(trials, 6)):
        for cells in ((rare, trials - rare), (trials - rare, rare)):
            ends = closed_form(Share("tp", "fn"), tb.Confusion(*torch.tensor([cells[0], 0, 0, cells[1]])), level)
            assert [end.item() for end in ends] == pytest.approx(modified_wilson(*cells, level), rel=1e-9, abs=1e-12)


@given(cells=st.lists(st.integers(0, 10**6), min_size=4, max_size=4), level=LEVELS)
def test_the_interval_of_f1_is_that_of_the_jaccard_index_as_f1(cells, level):
    c = tb.Confusion(*torch.tensor(cells))
    low, high = closed_form(about(tb.measures.fbeta).form, c, level)
    if c.tp + c.fp + c.fn == 0:
        assert low.isnan()
        assert high.isnan()
    else:
        jaccard = np.array(modified_wilson(cells[0], cells[1] + cells[3], level))
        assert [low.item(), high.item()] == pytest.approx(list(2 * jaccard / (1 + jaccard)), rel=1e-9, abs=1e-12)
        assert low - 1e-15 <= tb.measures.fbeta(c) <= high + 1e-15


def raw_delong(scores, labels):
    """Area and its variance from every pair of samples, as DeLong, DeLong and Clarke-Pearson (1988) write it."""
    x, y = scores[labels == 1], scores[labels == 0]
    wins = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    by_positive, by_negative = wins.mean(1), wins.mean(0)
    return wins.mean(), by_positive.var(ddof=1) / len(x) + by_negative.var(ddof=1) / len(y)


@given(seed=SEEDS, size=st.integers(4, 300), share=st.sampled_from([0.02, 0.3, 0.9]))
def test_delongs_variance_is_that_of_the_raw_samples(seed, size, share):
    preds, target = half_precision(seed, size, share)
    metric = once(("BinaryAUROC", {}), (preds, target))
    _, variance = raw_delong(preds.double().numpy(), target.numpy())
    assert tb.uncertainty.auroc_variance(metric.confusion()).item() == pytest.approx(variance, rel=1e-12, abs=1e-12)


def augmented_wilson(scores, labels, level):
    """The interval of an area from every pair of samples, min(1, 5 / m) of a sample added to each class, half at each end."""
    x, y = scores[labels == 1], scores[labels == 0]
    area, added = raw_delong(scores, labels)[0], min(1, 5 / min(len(x), len(y))) / 2
    weights, ends = (np.append(np.ones(len(each)), [added, added]) for each in (x, y)), [-math.inf, math.inf]
    w, v = weights
    x, y = np.append(x, ends), np.append(y, ends)
    wins = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    by_positive, by_negative = wins @ v / v.sum(), w @ wins / w.sum()
    middle = w @ by_positive / w.sum()
    variance = sum(
        each @ (by - middle) ** 2 / (each.sum() * (each.sum() - 2 * added)) for each, by in ((w, by_positive), (v, by_negative))
    )
    trials = middle * (1 - middle) / variance
    return proportion_confint(area * trials, trials, alpha=1 - level, method="wilson")


@given(seed=SEEDS, size=st.integers(6, 300), share=st.sampled_from([0.02, 0.3, 0.9]), level=LEVELS)
def test_the_interval_of_the_auroc_is_wilsons_with_the_variance_of_the_augmented_sample(seed, size, share, level):
    preds, target = half_precision(seed, size, share)
    low, high = once(("BinaryAUROC", {}), (preds, target)).confidence_interval(level)
    wanted = augmented_wilson(preds.double().numpy(), target.numpy(), level)
    assert (low.item(), high.item()) == pytest.approx(wanted, abs=1e-9)


@given(seed=SEEDS, size=st.integers(4, 200), share=st.sampled_from([0.1, 0.3, 0.9]))
@settings(max_examples=20)
def test_the_variance_of_the_average_precision_is_the_sum_of_squared_changes_by_one_sample(seed, size, share):
    preds, target = half_precision(seed, size, share)
    metric = once(("BinaryAveragePrecision", {}), (preds, target))
    step, value, changes = 1e-6, metric.compute(), 0.0
    counts = tb.Snapshot(metric.histogram).counts.double()
    for cell in counts.nonzero():
        more = counts.clone()
        more[tuple(cell)] += step
        change = (tb.measures.average_precision(tb.measures.confusion_along(more)) - value) / step
        changes += counts[tuple(cell)] * change**2
    assert tb.uncertainty.average_precision_variance(metric.confusion()).item() == pytest.approx(
        float(changes), rel=1e-3, abs=1e-9
    )


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("freedom", [3, 9, 50, 1000])
def test_quantiles_of_students_t_are_scipys(level, freedom):
    found = student_deviations(level, torch.tensor(float(freedom)))
    assert found.item() == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=2e-2 if freedom == 3 else 1e-3)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_least_ks_statistic_that_is_no_chance_is_that_of_kolmogorovs_distribution(level):
    assert kolmogorov_deviations(level) == pytest.approx(stats.kstwobign.ppf((1 + level) / 2), rel=1e-3)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_upper_end_of_the_ks_statistic_is_the_highest_of_newcombes_at_any_threshold(level):
    preds, target = random_samples(seed=6, size=300)
    _, high = once(("BinaryKSStatistic", {"cuts": tb.Uniform(8)}), (preds, target)).confidence_interval(level)
    ends, sizes = [], [int((target == label).sum()) for label in (0, 1)]
    for threshold in torch.arange(8) / 8:
        called = [int((preds[target == label] >= threshold).sum()) for label in (0, 1)]
        (less, of_less), (more, of_more) = sorted(zip(called, sizes, strict=True), key=lambda share: share[0] / share[1])
        options = {"method": "newcomb", "compare": "diff", "alpha": 1 - level}
        ends.append(confint_proportions_2indep(more, of_more, less, of_less, **options)[1])
    assert high.value.item() == pytest.approx(max(ends), abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_lower_end_of_the_ks_statistic_of_few_is_as_far_as_chance_reaches_by_kolmogorov(level):
    samples = torch.cat([torch.full((20,), 0.9), torch.full((30,), 0.1)]), torch.arange(50) < 20
    low, _ = once(("BinaryKSStatistic", {}), samples).confidence_interval(level)
    wanted = 1 - stats.kstwobign.ppf((1 + level) / 2) * math.sqrt(1 / 20 + 1 / 30)
    assert low.value.item() == pytest.approx(wanted, abs=1e-3)


@given(seed=SEEDS, size=st.integers(2, 100), level=LEVELS)
def test_the_interval_of_a_mean_of_ones_and_zeros_is_wilsons(seed, size, level):
    rng = np.random.default_rng(seed)
    ones = torch.tensor(rng.random(size) < 0.4)
    low, high = tb.uncertainty.mean_interval(ones.double(), torch.ones(size, dtype=torch.int64), level)
    wanted = proportion_confint(int(ones.sum()), size, alpha=1 - level, method="wilson")
    assert (low.item(), high.item()) == pytest.approx(wanted, abs=1e-12)


def test_an_area_of_1_has_an_interval_that_narrows_with_the_positives():
    ends = []
    for positives in (5, 10, 100):
        preds = torch.cat([torch.full((positives,), 0.9), torch.full((990,), 0.1)])
        samples = preds, torch.arange(len(preds)) < positives
        found = [once((name, {}), samples).confidence_interval() for name in ("BinaryAUROC", "BinaryAveragePrecision")]
        assert all(high == 1 for _, high in found)
        ends.append([low.item() for low, _ in found])
    for fewer, more in itertools.pairwise(ends):
        assert all(0 < low < other < 1 for low, other in zip(fewer, more, strict=True))
    assert 0.7 < ends[1][0] < 0.75


def test_delongs_variance_of_rare_positives_among_very_many_does_not_cancel():
    counts = torch.tensor([[2**40, 2**40, 3], [1, 2, 2]])
    small = torch.tensor([[2**20, 2**20, 3], [1, 2, 2]])
    variances = [tb.uncertainty.auroc_variance(tb.measures.confusion_along(each)).item() for each in (counts, small)]
    assert variances[0] == pytest.approx(variances[1], rel=1e-4)


# Laws, for every named metric


@names
def test_an_interval_has_the_form_of_the_value_and_a_width(variant):
    metric = once(variant, half_precision(1))
    value, (low, high) = metric.compute(), metric.confidence_interval(draws=200)
    for end in (low, high):
        assert type(end) is type(value)
        assert [part.shape for part in parts(end)] == [part.shape for part in parts(value)]
        assert all(part.dtype == torch.float64 for part in parts(end))
    assert ((flat(low) < flat(high)) | (flat(low).isnan() & (variant not in SMOOTH))).all()


@names
@settings(max_examples=12)  # for each of a hundred variants
@given(seed=SEEDS, size=st.integers(0, 60), level=st.sampled_from([0.5, 0.9, 0.95]))
def test_an_interval_encloses_the_value_within_what_the_score_can_be(variant, seed, size, level):
    metric = once(variant, random_samples(seed, size))
    low, high = ends(metric, level, draws=100)
    value = flat(metric.compute())
    known = ~low.isnan()
    assert torch.equal(low.isnan(), high.isnan())
    assert (low[known] < high[known]).all()
    if span := getattr(about(root(metric)), "span", None):
        assert (low[known] >= span[0]).all()
        assert (high[known] <= span[1]).all()
        assert (low[known] <= value[known] + 1e-15).all()
        assert (value[known] <= high[known] + 1e-15).all()


#: Scores of positives and negatives, and how many there are: as right and as wrong as can be, and all alike.
EXTREMES = [
    (torch.tensor([for_positives] * positives + [for_negatives] * negatives), torch.tensor([1] * positives + [0] * negatives))
    for for_positives, for_negatives in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0))
    for positives, negatives in ((1, 1), (1, 50_000), (50_000, 1))
]


@pytest.mark.parametrize("name", [name for name, options in INTERVALS if not options])
def test_the_ends_of_a_span_are_reached_and_never_passed(name):
    values = torch.cat([flat(once((name, {}), samples).compute()) for samples in EXTREMES])
    span = about(root(NAMED[name]())).span
    if span is not None:
        known = values[~values.isnan()]
        assert (known.min().item(), known.max().item()) == pytest.approx(span, abs=1e-4)


def widths(*args, **options):
    """How far apart the ends are."""
    low, high = ends(*args, **options)
    return high - low


@smooth_ones
def test_an_interval_widens_with_the_level(variant):
    metric = once(variant, half_precision(2))
    found = [widths(metric, level, draws=500) for level in (0.5, 0.8, 0.95, 0.99)]
    for narrow, wide in itertools.pairwise(found):
        assert (narrow < wide).all()


@pytest.mark.parametrize(
    "variant", [each for each in SMOOTH if each[0] not in ("BinaryStatScores", "BinaryConfusionMatrix")], ids=str
)
def test_an_interval_narrows_with_more_samples_of_the_same_kind(variant):
    preds, target = half_precision(3, size=400)
    few, many = once(variant, (preds, target)), once(variant, (preds.repeat(16), target.repeat(16)))
    # A quarter for 16 times the samples; the bootstrap's ends vary by some percent, and skew adds to those of the few,
    # most of all to a partial area near 0.
    ratio = widths(many, draws=500) / widths(few, draws=500)
    assert (ratio > 0.1).all()
    assert (ratio < 0.35).all()


@smooth_ones
def test_a_seed_gives_the_same_bits_however_the_samples_were_split(variant):
    preds, target = half_precision(4)
    split = NAMED[variant[0]](**variant[1])
    for part in torch.arange(len(preds)).flip(0).split(37):
        split.update(preds[part], target[part])
    found = [ends(once(variant, (preds, target)), draws=100, seed=seed) for seed in (0, 0, 1)]
    assert same(found[0], found[1])
    assert same(found[0], ends(split, draws=100))
    if about(split.measure).form is None:
        assert not same(found[0], found[2])


@names
def test_nothing_seen_and_a_lone_sample_of_a_class_have_no_bootstrap_interval(variant):
    empty = NAMED[variant[0]](**variant[1])
    assert all(end.isnan().all() for end in ends(empty))
    for target in ([1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]):
        metric = once(variant, (torch.tensor([0.8, 0.3, 0.6, 0.4]), torch.tensor(target)))
        assert all(end.isnan().all() for end in ends(metric, method="bootstrap"))


@names
def test_perfect_scores_give_no_interval_of_no_width(variant):
    metric = once(variant, (torch.tensor([0.95] * 20 + [0.05] * 20), torch.tensor([1] * 20 + [0] * 20)))
    low, high = ends(metric)
    assert (low.isnan() | (low < high)).all()
    if variant[0] == "BinaryMatthewsCorrCoef":
        assert low.isnan().all()


@pytest.mark.parametrize("tied", [[0.5] * 6, [0.1, 0.2, 0.3, 0.8, 0.9, 1.0], [0.8, 0.9, 1.0, 0.1, 0.2, 0.3]])
def test_an_auroc_whose_variance_is_0_has_no_bootstrap_interval_but_a_wide_one(tied):
    metric = once(("BinaryAUROC", {}), (torch.tensor(tied), torch.tensor([0, 0, 0, 1, 1, 1])))
    low, high = metric.confidence_interval()
    assert high - low > 0.4
    assert all(end.isnan() for end in metric.confidence_interval(method="bootstrap"))


# What is too high in every small sample


def holding(build, truth, samples, size=400):
    """Share of samples of useless, calibrated scores whose interval holds the truth."""
    hits = 0
    for seed in range(samples):
        generator = torch.Generator().manual_seed(seed)
        preds = torch.rand(size, generator=generator)
        metric = build()
        calibrated = isinstance(metric, tb.BinaryCalibrationError)
        metric.update(preds, torch.rand(size, generator=generator) < (preds if calibrated else 0.3))
        low, high = (getattr(end, "value", end) for end in metric.confidence_interval(draws=100, seed=seed))
        hits += bool(low <= truth <= high)
        assert low < getattr(metric.compute(), "value", metric.compute()) < high
    return hits / samples


@pytest.mark.parametrize(
    "build",
    [tb.BinaryKSStatistic, tb.BinaryCalibrationError, lambda: tb.BinaryCalibrationError(norm="l2")],
    ids=["ks", "l1", "l2"],
)
def test_intervals_of_gaps_reach_back_to_0_where_there_is_none(build):
    assert holding(build, 0, samples=60) > 0.88


def test_the_best_threshold_says_why_its_value_has_no_interval():
    metric = once(("BinaryBestThreshold", {}), half_precision(0))
    with pytest.raises(TypeError, match="too high in every sample"):
        metric.confidence_interval()
    metrics = tb.MetricCollection([tb.BinaryBestThreshold(), tb.BinaryAUROC()])
    metrics.update(*half_precision(0))
    assert list(metrics.confidence_intervals()) == ["BinaryAUROC"]


# The bootstrap


def scipys(statistic, preds, target):
    """The ends of SciPy's 90 % percentile bootstrap of samples, which come as pairs, and the standard error."""

    def resampled(index, _, axis=-1):
        return np.apply_along_axis(lambda drawn: statistic(target[drawn], preds[drawn]), axis, index)

    index = np.arange(len(preds))
    options = {"paired": True, "n_resamples": 2000, "confidence_level": 0.9, "method": "percentile", "rng": 0}
    found = stats.bootstrap((index, index), resampled, vectorized=True, **options)
    return found.confidence_interval, found.standard_error


@pytest.mark.parametrize(
    ("score", "cuts", "statistic"),
    [
        (lambda c: 1 - tb.measures.average_precision(c), tb.FloatBits(16), lambda y, p: 1 - average_precision_score(y, p)),
        (lambda c: -tb.measures.matthews_corrcoef(c), tb.Threshold(0.5), lambda y, p: -np.corrcoef(y, p >= 0.5)[0, 1]),
        (lambda c: tb.measures.recall(c) - tb.measures.precision(c), tb.Threshold(0.25), lambda y, p: gap(y, p >= 0.25)),
    ],
    ids=["average precision", "mcc", "a score of the user's own"],
)
def test_percentiles_of_a_score_of_ones_own_are_those_of_scipys_bootstrap(score, cuts, statistic):
    preds, target = half_precision(5, size=300)
    metric = tb.Metric(score, cuts)
    metric.update(preds, target)
    low, high = metric.confidence_interval(0.9, draws=2000)
    expected, error = scipys(statistic, preds.double().numpy(), target.numpy())
    # A 5 % quantile of 2,000 normal draws has a standard error of sqrt(0.05 * 0.95 / 2000) / phi(1.645) = 0.047 deviations;
    # both are drawn, so they differ by 0.067; four times that.
    assert [low.item(), high.item()] == pytest.approx(list(expected), abs=4 * 0.067 * error)


def gap(y, called):
    """Recall minus precision."""
    return (y & called).sum() / y.sum() - (y & called).sum() / called.sum()


@pytest.mark.parametrize("name", [name for name, options in INTERVALS if not options and about(NAMED[name]().measure).form])
def test_the_bootstrap_agrees_with_the_closed_forms_where_samples_abound(name):
    metric = once((name, {}), half_precision(6, size=4000))
    closed, drawn = (torch.stack(ends(metric, method=method, draws=4000)) for method in (None, "bootstrap"))
    # The standard error of 4,000 draws is known to 1.1 %; the rest is what the forms differ by at 1,200 positives.
    assert ((drawn - closed).abs() <= 0.05 * (closed[1] - closed[0])).all()


@pytest.mark.parametrize("mean", [0, 3, bootstrap.MANY - 1, bootstrap.MANY, 1000])
def test_cells_are_drawn_as_poisson_numbers_be_they_few_or_many(mean):
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    drawn = bootstrap._poisson(torch.full((1000,), float(mean), dtype=torch.float64), 100, *generators)
    at = torch.arange(mean + 200, dtype=torch.float64)
    found = torch.searchsorted(drawn.reshape(-1).sort().values, at, right=True) / 100_000
    # Of 100,000 draws 99.9 % stay within 1.95 / sqrt(100,000) of the distribution function (Kolmogorov).
    assert (found - torch.from_numpy(stats.poisson.cdf(at.numpy(), mean))).abs().max() < 0.0062


def test_draws_are_the_same_however_many_are_drawn_at_once(monkeypatch):
    metric = once(("BinaryAveragePrecision", {}), half_precision(7))
    expected = metric.confidence_interval(draws=100)
    for chunk in (1, 1000, 10**7):
        monkeypatch.setattr(bootstrap, "CHUNK", chunk)
        assert same(metric.confidence_interval(draws=100), expected)


def test_a_few_undefined_draws_are_left_out_and_many_make_the_ends_nan():
    metric = tb.Metric(lambda c: tb.measures.precision(c) * 1, tb.Threshold(0.5))
    preds = torch.cat([torch.full((40,), 0.1), torch.full((5,), 0.9)])
    metric.update(preds, torch.tensor([0, 1] * 20 + [1, 0, 1, 0, 1]))  # exp(-5) = 0.7 % of the draws predict no positive
    low, high = metric.confidence_interval(0.95, draws=4000)
    assert 0 <= low < 0.6 < high <= 1
    few = metric.confidence_interval(0.99, draws=4000)
    assert all(end.isnan() for end in few), "more than the 0.5 % beyond an end"


def test_several_thresholds_have_an_interval_each():
    preds, target = half_precision(8)
    for name in ("BinaryPrecision", "BinaryMatthewsCorrCoef"):
        low, high = once((name, {"threshold": [0.25, 0.5]}), (preds, target)).confidence_interval(draws=100)
        assert low.shape == high.shape == (2,)
        for i, threshold in enumerate((0.25, 0.5)):
            alone = once((name, {"threshold": threshold}), (preds, target)).confidence_interval(draws=100)
            assert (low[i].item(), high[i].item()) == pytest.approx([end.item() for end in alone], abs=0.05)


def test_an_operating_point_has_ends_for_value_and_threshold():
    metric = Youden()
    metric.update(*half_precision(9, size=2000))
    low, high = metric.confidence_interval(draws=300)
    value = metric.compute()
    assert type(low) is type(high) is tb.OperatingPoint
    assert low.value < value.value <= high.value
    assert low.threshold < value.threshold < high.threshold


def test_a_partial_area_is_bootstrapped_since_delongs_variance_is_of_the_whole():
    samples = half_precision(10)
    partial_area = once(("BinaryAUROC", {"max_fpr": 0.2}), samples)
    assert same(partial_area.confidence_interval(), partial_area.confidence_interval(method="bootstrap"))
    whole = once(("BinaryAUROC", {}), samples)
    assert same(whole.confidence_interval(), whole.confidence_interval(method="delong"))
    assert same(whole.confidence_interval(), whole.confidence_interval(method="delong", seed=5))


def test_zero_division_does_not_make_up_an_interval():
    metric = tb.BinaryPrecision(zero_division=0)
    metric.update(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0, 1, 0, 1]))
    assert metric.compute() == 0
    for method in (None, "bootstrap"):
        assert all(end.isnan() for end in metric.confidence_interval(method=method))


# Weights


#: What weights scale, or what they group otherwise than ranks do, is not the same with weights of 1.
ALIKE = [
    each for each in INTERVALS if each[0] not in ("BinaryStatScores", "BinaryConfusionMatrix") and "strategy" not in each[1]
]


def assert_close(found, expected, tolerance=1e-9):
    """Two pairs of ends are equal up to rounding."""
    for end, other in zip(found, expected, strict=True):
        torch.testing.assert_close(end, other, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("variant", ALIKE, ids=str)
@pytest.mark.parametrize("weight", [0.25, 2.0**300])
def test_equal_weights_of_any_size_have_the_interval_of_counts(variant, weight):
    preds, target = half_precision(13)
    weighted = once(variant, (preds, target, torch.full((200,), weight, dtype=torch.float64)))
    assert_close(ends(weighted, draws=100), ends(once(variant, (preds, target)), draws=100))


@pytest.mark.parametrize("variant", [each for each in ALIKE if each in SMOOTH], ids=str)
def test_unequal_weights_widen_an_interval(variant):
    preds, target = half_precision(14, size=2000)
    # A fifth of the samples has nine times the weight of the others: in all, as many samples as 0.4 of them.
    heavy = torch.rand(2000, generator=torch.Generator().manual_seed(0)) < 0.2
    few, many = once(variant, (preds, target, torch.where(heavy, 9.0, 1.0))), once(variant, (preds, target))
    ratio = widths(few, draws=500) / widths(many, draws=500)
    assert (ratio > 1.2).all()
    assert (ratio < 2.2).all()


@smooth_ones
def test_samples_of_next_to_no_weight_hardly_change_an_interval(variant):
    preds, target = half_precision(16)
    weight = torch.cat([torch.ones(200), torch.full((200,), 1e-200, dtype=torch.float64)])
    many, few = (preds.repeat(2), torch.cat([target, 1 - target]), weight), (preds, target, torch.ones(200))
    ratio = widths(once(variant, many), draws=500) / widths(once(variant, few), draws=500)
    assert (ratio > 0.8).all()  # the draws are others
    assert (ratio < 1.25).all()


@names
@pytest.mark.parametrize("weight", [1e200, 1e-200])
def test_weights_whose_squares_float64_does_not_hold_have_no_interval(variant, weight):
    metric = once(variant, (*half_precision(15), torch.full((200,), weight, dtype=torch.float64)))
    assert all(end.isnan().all() for end in ends(metric, draws=100))


def test_a_sample_of_next_to_no_weight_is_no_second_one():
    metric = tb.BinaryMatthewsCorrCoef(weighted=True)
    preds, target = torch.tensor([0.8, 0.3, 0.6, 0.4, 0.2]), torch.tensor([1, 1, 0, 0, 0])
    for weight, few in ((1e-200, True), (1.0, False)):
        metric.reset()
        metric.update(preds, target, torch.tensor([1.0, weight, 1.0, 1.0, 1.0], dtype=torch.float64))
        assert bootstrap.too_few(tb.Snapshot(metric.histogram)) == few


@pytest.mark.parametrize(
    "named",
    [tb.BinaryAUROC, tb.BinaryAveragePrecision, tb.BinaryRecall, tb.BinaryF1Score, tb.BinaryBrierScore, tb.BinaryKSStatistic],
)
def test_each_row_of_weighted_counts_has_the_interval_of_its_samples_alone(named):
    preds, target = (torch.stack([half_precision(seed)[k] for seed in (17, 18, 19)], -1) for k in (0, 1))
    weight = torch.rand(preds.shape, generator=torch.Generator().manual_seed(20)).double()
    rows, pooled = named(rows=tb.Labels(3), weighted=True), named(rows=tb.Groups(3), average="micro", weighted=True)
    rows.update(preds, target, weight)
    pooled.update(preds, target, weight, group=torch.arange(3).expand(preds.shape))
    for k in range(3):
        alone = ends(once((named.__name__, {}), (preds[:, k], target[:, k], weight[:, k])), draws=100)
        assert_close([end.view(-1, 3)[:, k] for end in ends(rows, draws=100)], alone)
    whole = once((named.__name__, {}), (preds.reshape(-1), target.reshape(-1), weight.reshape(-1)))
    assert_close(ends(pooled, draws=100), ends(whole, draws=100))


@pytest.mark.parametrize("average", ["macro", "by_size", "gap", "lowest"])
def test_an_average_over_groups_varies_as_independent_groups_do(average):
    draw = torch.Generator().manual_seed(5)
    group, target = torch.randint(0, 2, (4000,), generator=draw), torch.ones(4000)
    preds = (torch.rand(4000, generator=draw) < 0.6 + 0.2 * group).float()
    each, one = tb.BinaryRecall(rows=tb.Groups(2)), tb.BinaryRecall(rows=tb.Groups(2), average=average)
    for metric in (each, one):
        metric.update(preds, target, group=group)
        metric.update(torch.tensor([0.1] * 4), torch.zeros(4), group=torch.tensor([0, 0, 1, 1]))
    n, p = group.bincount(minlength=2), each.compute()
    weights = {"macro": [0.5, 0.5], "by_size": (n + 2) / (n.sum() + 4), "gap": [1.0, 1.0], "lowest": [1.0, 0.0]}[average]
    error = (torch.as_tensor(weights).double() ** 2 * p * (1 - p) / n).sum().sqrt()
    low, high = one.confidence_interval(draws=2000)
    assert low < one.compute() < high
    assert float((high - low) / (2 * 1.96 * error)) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "gap"])
@pytest.mark.parametrize("rows", [tb.Labels(3), tb.Classes(3)], ids=["labels", "classes"])
def test_averages_over_what_one_sample_has_several_of_have_no_interval_and_say_why(rows, average):
    preds = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    target = (preds > 0.4).long() if isinstance(rows, tb.Labels) else preds.argmax(-1)
    kinds = (tb.BinaryAUROC, tb.BinaryRecall, tb.BinaryKSStatistic, tb.BinaryBrierScore)
    averaged = {kind.__name__: kind(rows=rows, average=average) for kind in kinds}
    for metric in averaged.values():
        metric.update(preds, target)
        with pytest.raises(TypeError, match=r"not independent.*average=None"):
            metric.confidence_interval(draws=100)
    averaged = {name: type(metric)(rows=rows, average=average) for name, metric in averaged.items()}
    metrics = tb.MetricCollection(averaged | {"each": tb.BinaryAUROC(rows=rows)})
    metrics.update(preds, target)
    found = metrics.confidence_intervals(draws=100)
    assert list(found) == ["each"]
    torch.testing.assert_close(found["each"], metrics["each"].confidence_interval(draws=100))


# What is refused


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"level": 0}, ValueError, "level must be between 0 and 1, got 0"),
        ({"level": 1.0}, ValueError, "level must be between 0 and 1"),
        ({"level": 95}, ValueError, "pass 0.95 for an interval of 95 %"),
        ({"level": math.nan}, ValueError, "level must be between 0 and 1"),
        ({"level": "0.95"}, TypeError, "level must be a float"),
        ({"draws": 99}, ValueError, "draws must be at least 100, got 99"),
        ({"draws": 1e3}, TypeError, "draws must be an int"),
        ({"seed": None}, TypeError, "seed must be an int"),
        ({"seed": 2**63}, ValueError, "seed must fit int64"),
        ({"method": "delong"}, ValueError, "must be 'wilson' or 'bootstrap', got 'delong'"),
    ],
)
def test_other_arguments_are_refused(arguments, error, message):
    metric = once(("BinaryRecall", {}), half_precision(0))
    with pytest.raises(error, match=message):
        metric.confidence_interval(**arguments)


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_is_refused_for_a_measure_of_ones_own_as_well(level):
    metric = tb.Metric(lambda c: tb.measures.recall(c) * 1, tb.Threshold(0.5))
    metric.update(*half_precision(0))
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        metric.confidence_interval(level)


def test_methods_that_are_not_for_a_score_are_refused_with_those_that_are():
    for variant, methods in {
        ("BinaryAUROC", None): "'delong' or 'bootstrap'",
        ("BinaryAUROC", 0.1): "'bootstrap'",
        ("BinaryBalancedAccuracy", None): "'bootstrap'",
    }.items():
        metric = once((variant[0], {"max_fpr": variant[1]} if variant[1] else {}), half_precision(0))
        with pytest.raises(ValueError, match=f"must be {methods}, got 'wilson'"):
            metric.confidence_interval(method="wilson")


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_has_no_interval(name):
    with pytest.raises(TypeError, match="has no confidence interval"):
        once((name, {}), half_precision(0)).confidence_interval()


@pytest.mark.parametrize("name", ["BinaryAUROC", "BinaryAveragePrecision"])
def test_exact_sums_of_weights_have_no_interval(name):
    metric = once((name, {"cuts": tb.Exact()}), (*half_precision(0), torch.ones(200)))
    with pytest.raises(TypeError, match="sums of squared weights"):
        metric.confidence_interval()


def test_invalid_samples_on_an_accelerator_raise_as_in_compute():
    metric = tb.BinaryRecall()
    metric.histogram.state[-4:] = 1
    with pytest.raises(ValueError, match="NaN"):
        metric.confidence_interval()


# Collections


def test_a_collection_gives_each_members_own_interval_by_prefixed_name_but_none_for_curves():
    metrics = tb.MetricCollection(
        {
            "roc": tb.BinaryROC(),
            "mcc": tb.BinaryMatthewsCorrCoef(),
            "auroc": tb.BinaryAUROC(),
            "coarse": tb.BinaryAveragePrecision(64),
            "odd": tb.BinaryRecall(0.3),
            "best": Youden(),
        },
        prefix="val/",
    )
    metrics.update(*half_precision(11))
    found = metrics.confidence_intervals(0.9, draws=200, seed=3)
    assert list(found) == ["val/mcc", "val/auroc", "val/coarse", "val/odd", "val/best"]
    for name, (low, high) in found.items():
        assert same((flat(low), flat(high)), ends(metrics[name], 0.9, draws=200, seed=3)), name


def test_a_collection_draws_once_for_all_that_share_counts(monkeypatch):
    drawn = []
    original = torch.poisson
    monkeypatch.setattr(torch, "poisson", lambda *args, **kwargs: drawn.append(args[0].shape[0]) or original(*args, **kwargs))
    metrics = tb.MetricCollection([tb.BinaryAveragePrecision(), tb.BinaryMatthewsCorrCoef(), tb.BinaryAUROC()])
    metrics.update(*half_precision(12))
    metrics.confidence_intervals(draws=100)
    assert sum(drawn) == 100


def test_a_weighted_member_of_exact_counts_makes_a_collection_refuse():
    metrics = tb.MetricCollection([tb.BinaryRecall(), tb.BinaryAUROC(tb.Exact(), weighted=True)])
    with pytest.raises(TypeError, match="sums of squared weights"):
        metrics.confidence_intervals()


class OwnLogLoss(tb.metrics.OfSums):
    """The log loss again, of which nothing is declared."""

    sums = (LogLoss(),)

    @staticmethod
    def measure(counts, losses):
        return losses.sum((-2, -1)) / counts.sum((-2, -1))


@pytest.mark.parametrize("options", [{}, {"rows": tb.Labels(2)}], ids=["one", "rows"])
def test_a_mean_loss_of_ones_own_has_the_interval_of_one_that_is_declared(options):
    draw = torch.Generator().manual_seed(0)
    preds = torch.rand(400, 2, generator=draw)
    target = (torch.rand(400, 2, generator=draw) < preds).long()
    own, declared = OwnLogLoss(**options), tb.BinaryLogLoss(**options)
    for metric in (own, declared):
        metric.update(preds, target)
    torch.testing.assert_close(own.compute(), declared.compute())
    torch.testing.assert_close(own.confidence_interval(draws=200), declared.confidence_interval(draws=200))


def test_of_weights_of_one_class_a_share_of_all_samples_has_the_interval_of_a_share_of_that_class():
    samples = torch.tensor([0.9, 0.8, 0.2]), torch.ones(3), torch.tensor([1.0, 2.0, 1.0])
    of_all, of_positives = (once((name, {}), samples).confidence_interval() for name in ("BinaryAccuracy", "BinaryRecall"))
    assert of_all == of_positives
    assert of_all[0] < 0.75 < of_all[1]
