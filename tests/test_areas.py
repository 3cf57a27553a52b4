"""Areas, operating points and bands of the curves: other people's figures, and laws between them."""

import itertools
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import references
import torch
from hypothesis import given, strategies as st
from oracles import once, random_samples
from placements import counts_of, order_inside, tied_samples
from scipy.stats import ks_2samp
from sklearn import metrics as sk
from torchmetrics.functional.classification import binary_logauc

import torch_binmetrics as tb
from torch_binmetrics import Edges, FloatBits, Uniform
from torch_binmetrics.measures import confusion_along

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(0, 80)


def samples(seed, size):
    """Bfloat16 scores, whose curves are exact, with labels, and both for NumPy."""
    preds, target = random_samples(seed, size)
    preds = preds.bfloat16()
    return (preds, target), (target.numpy(), preds.double().numpy())


@given(seed=SEEDS, size=SIZES)
def test_the_smirnov_statistic_is_that_of_scipy(seed, size):
    data, (y, scores) = samples(seed, size)
    assert once(("BinaryKSStatistic", {}), data).compute().value.item() == pytest.approx(
        ks_2samp(scores[y == 1], scores[y == 0], method="asymp").statistic, abs=1e-12
    )


@given(seed=SEEDS, size=SIZES)
def test_at_its_threshold_the_smirnov_statistic_is_the_difference_of_the_rates(seed, size):
    (preds, target), _ = samples(seed, size)
    value, threshold = once(("BinaryKSStatistic", {}), (preds, target)).compute()
    called = preds.float() >= threshold
    gap = called[target == 1].double().mean() - called[target == 0].double().mean()
    assert abs(gap.item()) == pytest.approx(value.item(), abs=1e-12)


@given(seed=SEEDS, size=SIZES)
def test_the_equal_error_rate_is_where_the_det_curve_of_scikit_learn_crosses_the_diagonal(seed, size):
    data, (y, scores) = samples(seed, size)
    value, threshold = once(("BinaryEER", {}), data).compute()
    fpr, fnr, thresholds = (line[::-1] for line in sk.det_curve(y, scores))
    assert value.item() == pytest.approx(np.interp(0, fpr - fnr, fpr), abs=1e-12)
    reached = fpr - fnr > -1e-12
    assert thresholds[reached][0] == threshold.item() or (fnr[reached][0] == 0 and threshold > thresholds[reached][0])


@pytest.mark.parametrize("fpr_range", [(0.001, 0.1), (0.05, 0.5), (0.3, 1.0)])
@given(seed=SEEDS, size=st.integers(0, 11))  # theirs sorts points unstably, which shuffles the vertical runs of longer curves
def test_the_log_auc_of_few_samples_is_that_of_torchmetrics_up_to_its_float32(fpr_range, seed, size):
    (preds, target), _ = samples(seed, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        theirs = binary_logauc(preds.float(), target, fpr_range=fpr_range).item()
    assert once(("BinaryLogAUC", {"fpr_range": fpr_range}), (preds, target)).compute().item() == pytest.approx(theirs, abs=1e-5)


@given(seed=SEEDS, size=SIZES, weighted=st.booleans(), end=st.floats(0.01, 1))
def test_a_part_from_zero_is_the_standardised_area_of_scikit_learn_without_its_scale(seed, size, weighted, end):
    data = random_samples(seed, size, weighted=weighted)
    mean = once(("BinaryPartialAUROC", {"fpr_range": (0, end)}), data).compute()
    standard = once(("BinaryAUROC", {"max_fpr": end}), data).compute()
    assert ((1 + (mean * end - end**2 / 2) / (end - end**2 / 2)) / 2).item() == pytest.approx(standard.item(), abs=1e-11)


@given(seed=SEEDS, size=SIZES, cut=st.floats(0.05, 0.95), level=st.floats(0.05, 0.95))
def test_four_boxes_make_up_the_whole_area(seed, size, cut, level):
    data = random_samples(seed, size)
    whole = 0.0
    for a, b in ((0.0, cut), (cut, 1.0)):
        for s, t in ((0.0, level), (level, 1.0)):
            part = once(("BinaryPartialAUROC", {"fpr_range": (a, b), "tpr_range": (s, t)}), data).compute()
            whole += part.item() * (b - a) * (t - s)
    assert whole == pytest.approx(once(("BinaryAUROC", {}), data).compute().item(), abs=1e-12)


def test_chance_is_what_the_docstrings_say():
    preds, target = torch.full((200_000,), 0.25), torch.arange(200_000) % 5 == 0
    for variant, chance in (
        (("BinaryPartialAUROC", {"fpr_range": (0.2, 0.6)}), 0.4),
        (("BinaryPartialAUROC", {"tpr_range": (0.5, 0.8)}), 0.35),
        (("BinaryLogAUC", {}), 0.0217),
        (("BinaryCapture", {"top": 0.3}), 0.3),
        (("BinaryGini", {}), 0),
        (("BinaryPrecisionRecallGainAUC", {}), 0),
    ):
        if variant[0] == "BinaryLogAUC":  # which is linear in log fpr between points, and one tie has none
            preds = torch.rand(200_000, generator=torch.Generator().manual_seed(0))
        assert once(variant, (preds, target)).compute().item() == pytest.approx(chance, abs=2e-3)
        preds = torch.full((200_000,), 0.25)
    assert once(("BinaryEER", {}), (preds, target)).compute().value == 0.5
    value, threshold = once(("BinaryKSStatistic", {}), (preds, target)).compute()
    assert (value.item(), threshold.item()) == (0, math.inf)


def test_an_order_that_is_reversed_gives_the_other_end_of_the_scale():
    preds, target = torch.tensor([0.9, 0.9, 0.9, 0.1]), torch.tensor([0, 0, 0, 1])
    assert once(("BinaryGini", {}), (preds, target)).compute() == -1
    assert once(("BinaryPrecisionRecallGainAUC", {}), (preds, target)).compute().item() == pytest.approx(-1.5, abs=1e-15)
    assert once(("BinaryEER", {}), (preds, target)).compute().value == 1
    assert once(("BinaryKSStatistic", {}), (preds, target)).compute().value == 1


@pytest.mark.parametrize("area", ["partial_auroc", "log_auc"])
@pytest.mark.parametrize("wrong", [(0.5, 0.5), (0.7, 0.2), (-0.1, 0.5), (0.5, 1.1), (0.1, math.nan), (0.1,), 0.1])
def test_a_range_that_is_none_is_refused_by_name(area, wrong):
    c = confusion_along(torch.tensor([[1, 2], [2, 1]]))
    for function in (getattr(tb.measures, area), getattr(tb.measures, f"{area}_bounds")):
        with pytest.raises(ValueError, match="fpr_range must be"):
            function(c, fpr_range=wrong)
    with pytest.raises(ValueError, match="fpr_range must be"):
        {"partial_auroc": tb.BinaryPartialAUROC, "log_auc": tb.BinaryLogAUC}[area](fpr_range=wrong)


def test_other_wrong_options_are_refused_by_name():
    with pytest.raises(ValueError, match=r"fpr_range must be two rates in \(0, 1\]"):
        tb.BinaryLogAUC(fpr_range=(0, 0.1))
    with pytest.raises(ValueError, match="tpr_range must be"):
        tb.BinaryPartialAUROC(tpr_range=(0.5, 0.2))
    with pytest.raises(TypeError, match="fpr_range must be a float"):
        tb.BinaryPartialAUROC(fpr_range=("0", 1))
    for wrong in (0, -0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="top must be"):
            tb.BinaryCapture(top=wrong)


CUTS = [Uniform(8), Uniform(2), Edges([0.1, 0.3, 0.5, 0.9]), FloatBits(9, centre=None), FloatBits(16)]


def within(band, points):
    """Whether some bin of a band, up to rounding, encloses each of the points."""
    x, y = np.array(points, dtype=float).T[..., None]
    first, last, low, low_end, high, high_end = (line[i::2].numpy() for line in band for i in (0, 1))
    share = np.divide(x - first, last - first, out=np.zeros(np.broadcast_shapes(x.shape, first.shape)), where=last > first)
    near = 1e-12
    inside = (first - near <= x) & (x <= last + near) & (y <= high + share * (high_end - high) + near)
    flat = last <= first  # where the least of both ends counts
    least = np.where(flat, np.minimum(low, low_end), low + share * (low_end - low))
    return (inside & (y >= least - near)).any(-1)


def along(points):
    """Points of a line and three between each two of them."""
    shares = [Fraction(k, 4) for k in range(5)]
    return [references.between(a, b, share) for a, b in itertools.pairwise(points) for share in shares]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cuts", CUTS, ids=repr)
@pytest.mark.slow
def test_the_exact_curves_of_hundreds_of_placements_stay_in_the_bands(cuts, weighted):
    rng = np.random.default_rng(CUTS.index(cuts))
    for _ in range(150):
        preds, target, weights = tied_samples(rng)
        weights[:2] = weights[:2].clamp(min=0.01)
        data = (preds, target, weights) if weighted else (preds, target)
        c = confusion_along(counts_of(cuts, *data))
        path = references.path(target.numpy(), preds.double().numpy(), weights.numpy() if weighted else None)
        band = tb.measures.roc_band(c)
        assert within(band, along(references.roc(path))).all()
        positives = path[-1][1]
        curve = [(tp / positives, tp / (tp + fp) if tp + fp else Fraction(1)) for fp, tp in path]
        steps = [((a[0] + b[0]) / 2, b[1]) for a, b in itertools.pairwise(curve)]
        band = tb.measures.precision_recall_band(c)
        assert within(band, along(curve) + steps).all()


@given(counts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=8, max_size=8))
def test_some_placement_reaches_the_ends_of_each_bin_of_the_bands(counts):
    counts = torch.tensor(counts).T
    counts[:, 3] += torch.tensor([1, 1])
    c = confusion_along(counts[:, counts.sum(0) > 0])
    for positives_first in (False, True):
        preds, target = order_inside(counts, positives_first=positives_first, tied=True)
        path = references.path(target.numpy(), preds.double().numpy())
        negatives, positives = path[-1]
        roc = {(float(fp / negatives), float(tp / positives)) for fp, tp in path}
        curve = {(float(tp / positives), float(tp / (tp + fp)) if tp + fp else 1.0) for fp, tp in path}
        for band, points, which in (
            (tb.measures.roc_band(c), roc, not positives_first),
            (tb.measures.precision_recall_band(c), curve, positives_first),
        ):
            ends = band.upper if positives_first else band.lower
            corners = {*zip(band[0][int(which) :: 2].tolist(), ends[int(which) :: 2].tolist(), strict=True)}
            assert corners <= points


def test_the_bands_of_one_class_or_nothing_are_undefined_in_its_rate():
    negatives, positives, none = (confusion_along(torch.tensor(counts)) for counts in ([[3], [0]], [[0], [3]], [[0], [0]]))
    assert tb.measures.roc_band(negatives).upper.isnan().all()
    assert tb.measures.roc_band(positives).fpr.isnan().all()
    assert tb.measures.precision_recall_band(negatives).recall.isnan().all()
    assert tb.measures.precision_recall_band(positives).lower.tolist() == [1, 1]
    assert tb.measures.roc_band(none).fpr.isnan().all()
