"""Plots: what is drawn is what the functions compute, every odd case is drawn honestly, and no window or state is left."""

import io
import math

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from oracles import f1_along
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    det_curve,
    precision_recall_curve,
    roc_curve,
)
from statsmodels.stats.proportion import proportion_confint

import torch_binmetrics as tb
from torch_binmetrics import plots
from torch_binmetrics.counting.summands import SquaredWeight
from torch_binmetrics.uncertainty.bands import tpr_interval
from torch_binmetrics.uncertainty.confidence import Plan

INF = math.inf


@pytest.fixture(autouse=True)
def _without_windows():
    with mpl.rc_context({"backend": "agg"}):
        yield


def counted(preds, labels, weight=None, *, cuts=None, sums=(), **options):
    """A histogram of a batch."""
    histogram = tb.ScoreHistogram(tb.Layout(cuts or tb.FloatBits(16), sums=sums, **options))
    histogram.update(torch.as_tensor(preds), torch.as_tensor(labels), weight)
    return histogram


def spread(samples=500, seed=0):
    """bfloat16 scores in [0, 1] as float64, and labels: areas are exact on these."""
    generator = torch.Generator().manual_seed(seed)
    preds = torch.rand(samples, generator=generator).bfloat16().double()
    return preds.numpy(), (torch.rand(samples, generator=generator) < preds).numpy()


def rare(samples=20_000):
    rng = np.random.default_rng(0)
    labels = rng.random(samples) < 0.005
    return np.where(labels, rng.beta(2, 2000, samples), rng.beta(1, 2000, samples)), labels


def points(ax, label):
    """The points of the one line whose label begins so, float64, [2, points]."""
    [line] = [line for line in ax.lines if str(line.get_label()).startswith(label)]
    return np.asarray(line.get_xydata(), dtype=np.float64).T


def texts(ax):
    """All that is written in Axes: texts, and labels of the legend."""
    legend = ax.get_legend()
    return [text.get_text() for text in [*ax.texts, *(legend.get_texts() if legend else [])]]


def band(ax, label):
    """Vertices of the one band whose label begins so, [vertices, 2]."""
    [found] = [c for c in ax.collections if isinstance(c, PolyCollection) and str(c.get_label()).startswith(label)]
    return np.concatenate([path.vertices for path in found.get_paths()])


SPREAD = spread()
ODD = {
    "nothing seen": ((np.zeros(0), np.zeros(0)), {}),
    "one positive": (([0.3], [1]), {}),
    "one negative": (([0.3], [0]), {}),
    "positives only": ((SPREAD[0], SPREAD[1] | True), {}),
    "negatives only": ((SPREAD[0], SPREAD[1] & False), {}),
    "three samples": (([0.2, 0.6, 0.7], [0, 1, 0]), {}),
    "a perfect order": (([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]), {}),
    "a reversed order": (([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0]), {}),
    "all tied": ((np.full(10, 0.3), np.arange(10) % 2), {}),
    "all 0": ((np.zeros(10), np.arange(10) % 2), {}),
    "all 1": ((np.ones(10), np.arange(10) % 2), {}),
    "rare and near 0": (rare(), {}),
    "saturated": ((1 - rare()[0], ~rare()[1]), {}),
    "infinite logits": (([-INF, INF, 0.0, 3.0], [0, 1, 0, 1]), {"from_logits": True}),
    "infinite logits only": (([-INF, INF], [0, 1]), {"from_logits": True}),
    "huge logits": (([-3e38, 3e38, 1e-45], [0, 1, 0]), {"from_logits": True}),
    "weighted": ((*SPREAD, torch.rand(500, generator=torch.Generator().manual_seed(1))), {"weighted": True}),
    "weights of nothing": ((*SPREAD, torch.zeros(500)), {"weighted": True}),
    "dropped": (([math.nan, 0.3, 0.4], [1, 0, 1]), {"invalid": "drop"}),
    "two bins": (SPREAD, {"cuts": tb.Threshold(0.5)}),
    "few bins": (SPREAD, {"cuts": tb.Edges([0.1, 0.5, 0.9])}),
}
UNBOUNDED = {
    "scores beyond 0 and 1": (([-7.0, 2.0, 0.3, 1e30], [0, 1, 0, 1]), {}),
    "one huge score": (([-1e30, -1e30], [0, 1]), {}),
    "the largest scores": (([3e38, -3e38, 1e-45], [1, 0, 1]), {}),
}
PLOTS = [
    getattr(plots, name) for name in plots.__all__ if name not in ("plot_heat_map", "plot_overview", "plot_rows")
]  # one row, one Axes


EXACT = {
    "exact": (spread(), {"cuts": tb.Exact()}),
    "exact, nothing seen": ((np.zeros(0), np.zeros(0)), {"cuts": tb.Exact()}),
    "exact, tied": ((np.full(10, 0.3), np.arange(10) % 2), {"cuts": tb.Exact()}),
}


@pytest.mark.parametrize("name", ODD | UNBOUNDED | EXACT)
@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_every_odd_case_is_drawn_with_labelled_axes_and_no_warning(plot, name):
    batch, options = (ODD | UNBOUNDED | EXACT)[name]
    if plot is plots.plot_reliability:
        if name not in ODD:
            pytest.skip("exact counts and scores that are no probabilities have no sum of probabilities")
        options = options | {"sums": (tb.counting.Probability(),)}
    ax = plot(counted(*batch, **options))
    ax.get_figure().draw_without_rendering()
    labels = [other.get_xlabel() for other in (ax, *ax.child_axes)]
    assert ax.get_ylabel() or plot is plots.plot_thresholds
    assert any(labels)
    drawn = [*ax.lines, *ax.patches, *ax.images]
    assert drawn or [text for text in texts(ax) if text.startswith("undefined: no")]


NEEDS_BOTH = [plots.plot_roc, plots.plot_det]
NEEDS_POSITIVES = [plots.plot_precision_recall, plots.plot_thresholds]
NEEDS_SAMPLES = [plots.plot_scores, plots.plot_reliability]


@pytest.mark.parametrize(
    ("plot", "name", "reason"),
    [(plot, "nothing seen", "nothing seen") for plot in NEEDS_BOTH + NEEDS_POSITIVES + NEEDS_SAMPLES]
    + [(plot, "negatives only", "no positive") for plot in NEEDS_BOTH + NEEDS_POSITIVES]
    + [(plot, "positives only", "no negative") for plot in NEEDS_BOTH]
    + [(plot, "weights of nothing", "nothing seen") for plot in NEEDS_BOTH],
)
def test_what_is_undefined_says_so_and_shows_nothing_else(plot, name, reason):
    batch, options = ODD[name]
    ax = plot(counted(*batch, sums=(tb.counting.Probability(),), **options))
    assert texts(ax) == [f"undefined: {reason}"]
    assert not [*ax.lines, *ax.patches, *ax.collections]


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_plot_draws_where_it_is_told_and_leaves_no_pyplot_state(plot):
    import matplotlib.pyplot as plt

    histogram = counted(*SPREAD, sums=(tb.counting.Probability(),))
    ax = Figure().add_subplot()
    assert plot(histogram, ax) is ax
    assert isinstance(plot(histogram), Axes)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_snapshot_is_drawn_as_its_histogram_is(plot):
    histogram = counted(*SPREAD, sums=(tb.counting.Probability(),))
    one, other = plot(histogram), plot(tb.Snapshot(histogram))
    assert texts(one) == texts(other)
    for drawn, again in zip(one.lines, other.lines, strict=True):
        assert np.array_equal(drawn.get_xydata(), again.get_xydata())


batches = st.lists(st.tuples(st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=2, max_size=30).map(
    lambda rows: ([score for score, _ in rows], [label for _, label in rows])
)


@settings(max_examples=30, deadline=None)
@given(batches)
def test_the_roc_line_is_scikit_learns_and_its_number_is_the_area_beneath(batch):
    scores, labels = batch
    labels[:2] = [True, False]
    ax = plots.plot_roc(counted(scores, labels))
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    x, y = points(ax, "AUROC")
    assert np.allclose([x, y], [fpr, tpr], rtol=1e-12)
    assert f"AUROC {auc(x, y):.4f}" in texts(ax)


@settings(max_examples=30, deadline=None)
@given(batches)
def test_the_precision_recall_line_goes_in_the_steps_whose_area_is_its_number(batch):
    scores, labels = batch
    labels[0] = True
    ax = plots.plot_precision_recall(counted(scores, labels))
    recall, steps = points(ax, "average precision")
    precision, expected, _ = precision_recall_curve(labels, scores)
    assert np.allclose([steps[:-1], recall[:-1]], [precision[:-1], expected[:-1]], rtol=1e-12)
    area = float(np.sum(-np.diff(recall) * steps[:-1]))
    assert area == pytest.approx(average_precision_score(labels, scores))
    assert (recall[-1], steps[-1]) == (0, steps[-2])
    assert f"average precision {area:.4f}" in texts(ax)


@pytest.mark.parametrize("from_logits", [False, True])
def test_the_det_line_is_scikit_learns_in_normal_deviates(from_logits):
    scores, labels = SPREAD
    scores = torch.from_numpy(8 * scores - 4).bfloat16().double().numpy() if from_logits else scores
    ax = plots.plot_det(counted(scores, labels, from_logits=from_logits))
    fpr, fnr, _ = det_curve(labels, scores, drop_intermediate=False)
    inside = (fpr > 0) & (fnr > 0) & (fpr < 1) & (fnr < 1)
    expected = {(round(x, 9), round(y, 9)) for x, y in zip(norm.ppf(fpr[inside]), norm.ppf(fnr[inside]), strict=True)}
    assert expected <= {(round(x, 9), round(y, 9)) for x, y in points(ax, "DET").T}
    [x], [y] = points(ax, "equal error rate")
    assert x == y
    rate = norm.cdf(x)
    assert f"equal error rate {rate:.4f}" in "".join(texts(ax))
    assert np.interp(0, (fpr - fnr)[::-1], fpr[::-1]) == pytest.approx(rate)
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks[:2] == ["0.1 %", "1 %"]
    assert norm.cdf(ax.get_xticks()[:2]) == pytest.approx([0.001, 0.01])


def test_the_axes_of_a_det_curve_reach_down_to_the_lowest_rate():
    scores, labels = rare()
    ax = plots.plot_det(counted(scores, labels))
    assert norm.cdf(ax.get_xlim()[0]) <= 1 / (~labels).sum()


@pytest.mark.parametrize(("plot", "area"), [(plots.plot_roc, tb.measures.auroc_bounds), (plots.plot_precision_recall, None)])
def test_the_band_of_bounds_is_named_and_holds_the_curve_of_the_raw_scores(plot, area):
    rng = np.random.default_rng(3)
    scores, labels = rng.random(300), rng.random(300) < 0.4
    histogram = counted(scores, labels, cuts=tb.Uniform(16))
    ax = plot(histogram)
    low, high = (area or tb.measures.average_precision_bounds)(tb.Snapshot(histogram).confusion)
    assert f"bounds (binning): {float(low):.4f} to {float(high):.4f}" in texts(ax)
    vertices = band(ax, "bounds (binning)")
    if plot is plots.plot_roc:
        x, y, _ = roc_curve(labels, scores, drop_intermediate=False)
    else:
        y, x, _ = (line[:-1] for line in (*precision_recall_curve(labels, scores)[:2], [0]))
    for at, height in zip(x[2:-2:7], y[2:-2:7], strict=True):
        near = vertices[np.abs(vertices[:, 0] - at) <= 1 / 8]
        assert near[:, 1].min() - 1e-9 <= height <= near[:, 1].max() + 1e-9


@pytest.mark.parametrize("plot", [plots.plot_roc, plots.plot_precision_recall])
def test_exact_counts_have_no_band_of_bounds(plot):
    ax = plot(counted(*EXACT["exact, tied"][0], cuts=tb.Exact()))
    assert not ax.collections
    assert not [text for text in texts(ax) if text.startswith("bounds")]


def quantiles(curve, samples, xs, level):
    """Ends of a height at each x over bootstrap samples: the raw scores, drawn with replacement."""
    scores, labels = samples
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(400):
        chosen = rng.integers(0, len(scores), len(scores))
        drawn.append(curve(labels[chosen], scores[chosen], xs))
    return np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)


def tpr_at(labels, scores, xs):
    fpr, tpr, _ = roc_curve(labels, scores)
    return np.interp(xs, fpr, tpr)


def precision_at(labels, scores, xs):
    precision, recall, _ = precision_recall_curve(labels, scores)
    return [precision[:-1][recall[:-1] >= x][-1] for x in xs]


@pytest.mark.parametrize("bins", [None, 8, 2])
@pytest.mark.parametrize(("plot", "curve"), [(plots.plot_roc, tpr_at), (plots.plot_precision_recall, precision_at)])
def test_the_band_of_sampling_is_that_of_a_bootstrap_of_the_raw_scores(plot, curve, bins):
    scores, labels = SPREAD
    ax = plot(counted(*SPREAD, cuts=bins and tb.Uniform(bins)), level=0.9, draws=400)
    assert "interval (sampling): 90 % at each point" in texts(ax)
    vertices = band(ax, "interval (sampling)")
    xs = np.array([0.05, 0.2, 0.5, 0.8])
    ends = np.array([[f(vertices[np.abs(vertices[:, 0] - x) < 1e-9][:, 1]) for x in xs] for f in (np.min, np.max)])
    # Each end has a Monte Carlo error of about 0.1 of the half width, in either bootstrap.
    expected = quantiles(curve, (scores if bins is None else np.floor(scores * bins), labels), xs, 0.9)
    assert np.abs(ends - expected).max() < 0.25 * (expected[1] - expected[0]).max()


def test_the_band_of_an_roc_curve_begins_and_ends_with_its_vertical_parts():
    scores, labels = [0.9] * 70 + [0.3] * 100 + [0.1] * 30, [1] * 70 + [0] * 100 + [1] * 30
    rates, low, high = tpr_interval(tb.Snapshot(counted(scores, labels, cuts=tb.Uniform(4))), Plan(0.9, 400, 0))
    expected = proportion_confint(70, 100, 0.1, method="wilson")
    assert (float(low[0]), float(high[0])) == pytest.approx(expected, abs=0.03)
    assert (float(rates[-1]), math.isnan(low[-1]), math.isnan(high[-1])) == (1, True, True), "1 in every draw, as all are found"


def test_the_two_bands_differ_in_name_and_colour():
    ax = plots.plot_roc(counted(*SPREAD, cuts=tb.Edges([0.25, 0.5, 0.75])), level=0.95, draws=100)
    bands = [found for found in ax.collections if isinstance(found, PolyCollection)]
    assert len(bands) == len({str(found.get_label()).split(":")[0] for found in bands}) == 2
    assert len({tuple(found.get_facecolor()[0][:3]) for found in bands}) == 2


@pytest.mark.parametrize("plot", [plots.plot_roc, plots.plot_precision_recall])
def test_an_interval_of_too_few_samples_is_not_known(plot):
    ax = plot(counted([0.2, 0.6, 0.7], [0, 1, 0]), level=0.95, draws=100)
    assert "interval (sampling): not known, nothing varies" in texts(ax)


@pytest.mark.parametrize("plot", [plots.plot_roc, plots.plot_precision_recall])
def test_sums_of_weights_have_an_interval_with_their_squares_alone(plot):
    squared = counted(*SPREAD, torch.ones(500), weighted=True, sums=(SquaredWeight(),))
    found, expected = (band(plot(each, level=0.9, draws=100), "interval (sampling)") for each in (squared, counted(*SPREAD)))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    histogram = counted(*SPREAD, torch.rand(500), weighted=True)
    with pytest.raises(TypeError, match="weights"):
        plot(histogram, level=0.95)


def bars(ax):
    """Heights and edges of each class, negatives first."""
    found = [patch for patch in ax.patches if isinstance(patch, StepPatch) and patch.get_fill() is False]
    return [patch.get_data()[:2] for patch in found]


def test_the_bars_of_scores_are_numpys_in_shares_of_each_class():
    scores, labels = SPREAD
    ax = plots.plot_scores(counted(scores, labels))
    for (heights, edges), chosen in zip(bars(ax), (scores[~labels], scores[labels]), strict=True):
        expected, _ = np.histogram(chosen, bins=edges)
        assert np.allclose(heights, expected / len(chosen))
        assert (edges[0], edges[-1]) == (0, 1)
    assert f"positives: {labels.sum()}" in texts(ax)


@pytest.mark.parametrize("name", [*ODD, *UNBOUNDED])
def test_no_score_vanishes_from_the_bars(name):
    batch, options = (ODD | UNBOUNDED)[name]
    for heights, edges in bars(plots.plot_scores(counted(*batch, **options))):
        assert sum(heights) == pytest.approx(1)
        assert (np.diff(edges) > 0).all()


def test_logits_are_shown_as_logits_and_the_far_ones_at_the_ends():
    ax = plots.plot_scores(counted([*np.linspace(-4, 4, 81), 1e30, -INF], [*np.arange(81) % 2, 1, 0], from_logits=True))
    assert ax.get_xlabel() == "logit; end bars: all beyond"
    heights, edges = zip(*bars(ax), strict=True)
    assert -6 < edges[0][0] < edges[0][-1] < 1e31
    assert heights[0][0] == pytest.approx(1 / 42)


@pytest.mark.parametrize("mirrored", [False, True])
def test_scores_that_crowd_at_an_end_are_spread_over_many_bars(mirrored):
    scores, labels = rare()
    ax = plots.plot_scores(counted(1 - scores if mirrored else scores, labels))
    assert ax.get_xscale() == "logit"
    for heights, _ in bars(ax):
        assert max(heights) < 0.3
        assert (np.array(heights) > 0).sum() >= 10


@pytest.mark.parametrize("name", ["spread", "rare and near 0", "saturated"])
def test_the_threshold_sweep_is_scikit_learns_and_marks_the_best_f1(name):
    scores, labels = SPREAD if name == "spread" else rare()
    scores = torch.as_tensor(scores).bfloat16().double().numpy()
    scores, labels = ((1 - scores).astype(np.float32).astype(float), ~labels) if name == "saturated" else (scores, labels)
    ax = plots.plot_thresholds(counted(scores, labels))
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    low, high = ax.get_xlim()
    shown = np.flatnonzero((thresholds > low) & (thresholds < high))[1:-1]
    assert len(shown) >= 20
    for label, expected in (("precision", precision), ("recall", recall)):
        x, y = points(ax, label)
        at = np.searchsorted(x, thresholds[shown] * (1 - 1e-9))
        assert np.allclose(x[at], thresholds[shown], rtol=1e-9)
        assert np.allclose(y[at], expected[:-1][shown])
    [threshold], [best] = points(ax, "best F1")
    of_all = f1_along(labels, scores)
    assert best == pytest.approx(max(of_all))
    best_one = thresholds[np.flatnonzero(np.isclose(of_all, max(of_all), rtol=1e-12))[-1]]
    assert threshold == pytest.approx(np.clip(best_one, low, high), rel=1e-9)  # the lowest may lie beyond the axis


@pytest.mark.parametrize("name", ["rare and near 0", "saturated"])
def test_crowded_thresholds_are_spread_and_low_scores_stand_out(name):
    ax = plots.plot_thresholds(counted(*ODD[name][0]))
    assert ax.get_xscale() == "logit"
    assert ax.get_yscale() == ("log" if name == "rare and near 0" else "linear")


def test_low_precisions_are_drawn_on_a_logarithmic_scale():
    assert plots.plot_precision_recall(counted(*rare())).get_yscale() == "log"
    assert plots.plot_precision_recall(counted(*SPREAD)).get_yscale() == "linear"


@pytest.mark.parametrize("threshold", [0.5, 0.25])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_matrix_shows_scikit_learns_counts_and_the_shares_of_its_rows(threshold, from_logits):
    scores, labels = SPREAD
    cuts = tb.Edges([threshold])
    given_scores = torch.logit(torch.from_numpy(scores)) if from_logits else scores
    ax = plots.plot_confusion_matrix(counted(given_scores, labels, cuts=cuts, from_logits=from_logits), threshold=threshold)
    expected = confusion_matrix(labels, scores >= threshold)
    shares = expected / expected.sum(1, keepdims=True)
    shown = [text.get_text() for text in ax.texts]
    assert shown == [f"{n}\n{100 * share:.2f} %" for n, share in zip(expected.ravel(), shares.ravel(), strict=True)]
    assert np.allclose(ax.images[0].get_array(), shares)


def test_a_row_without_samples_has_no_shares():
    ax = plots.plot_confusion_matrix(counted([0.2, 0.7], [0, 0]))
    assert [text.get_text() for text in ax.texts] == ["1\n50.00 %"] * 2 + ["0\nno such label"] * 2


def test_the_numbers_of_the_matrix_stand_out_from_any_colour():
    for found in range(21):
        ax = plots.plot_confusion_matrix(counted([0.7] * found + [0.2] * (20 - found), [1] * 20))
        colours = ax.images[0].get_cmap()(ax.images[0].get_array())
        for text, colour in zip(ax.texts, colours.reshape(-1, 4), strict=True):
            light, dark = sorted((luminance(to_rgb(text.get_color())), luminance(colour[:3])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(rgb):
    """Relative luminance as WCAG defines it."""
    linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in rgb]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_a_threshold_between_the_edges_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match=r"0\.3 lies on no edge of FloatBits\(\).*Threshold\(0\.3\)"):
        plots.plot_confusion_matrix(counted(*SPREAD), threshold=0.3)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_reliability_diagram_is_scikit_learns(strategy, from_logits):
    scores, labels = (row[SPREAD[0] != 0.5] for row in SPREAD)  # there scikit-learn's bins are closed on the right
    metric = tb.BinaryReliabilityCurve(10, strategy=strategy, from_logits=from_logits)
    given_scores = torch.logit(torch.from_numpy(scores)) if from_logits else torch.from_numpy(scores)
    metric.update(given_scores, torch.from_numpy(labels))
    ax = plots.plot_reliability(metric.histogram, n_bins=10, strategy=strategy)
    share, mean = calibration_curve(labels, scores, n_bins=10, strategy=strategy)
    x, y = points(ax, "expected calibration error")
    assert np.allclose([x, y], [mean, share], rtol=1e-6)
    [sticks] = [found for found in ax.child_axes[0].collections if isinstance(found, LineCollection)]
    heights = [segment[1][1] for segment in sticks.get_segments()]
    assert sum(heights) == len(scores)
    gap = np.average(np.abs(x - y), weights=heights)
    assert f"expected calibration error {gap:.4f}" in "".join(texts(ax))


@pytest.mark.parametrize("strategy", ["uniform", "quantile", None])
def test_a_reliability_diagram_of_one_bin_is_one_point(strategy):
    scores, labels = SPREAD
    ax = plots.plot_reliability(counted(*SPREAD, sums=(tb.counting.Probability(),)), n_bins=1, strategy=strategy)
    x, y = points(ax, f"expected calibration error {abs(scores.mean() - labels.mean()):.4f}")
    assert x == pytest.approx([scores.mean()])
    assert y == pytest.approx([labels.mean()])


def test_crowded_probabilities_are_binned_by_mass_unless_told_otherwise():
    histogram = counted(*rare(), sums=(tb.counting.Probability(),))
    assert "15 bins of equal mass" in "".join(texts(plots.plot_reliability(histogram)))
    assert "15 bins of equal width" in "".join(texts(plots.plot_reliability(histogram, strategy="uniform")))
    ax = plots.plot_reliability(histogram)
    assert ax.get_xlim()[1] < 0.1


def test_reliability_needs_sums_of_probabilities():
    with pytest.raises(ValueError, match="Probability"):
        plots.plot_reliability(counted(*SPREAD))


def drawn(ax):
    """What a plot says and shows, whatever it was given."""
    return texts(ax), [np.asarray(line.get_xydata()).tolist() for line in ax.lines]


@pytest.mark.parametrize("plot", [plot for plot in PLOTS if plot is not plots.plot_reliability], ids=lambda plot: plot.__name__)
def test_a_plot_takes_a_metric_or_a_collection_and_draws_their_finest_counts(plot):
    metrics = tb.MetricCollection({"low": tb.BinaryRecall(0.3), "auroc": tb.BinaryAUROC(), "brier": tb.BinaryBrierScore(64)})
    auroc = tb.BinaryAUROC()
    for each in (metrics, auroc):
        each.update(*map(torch.from_numpy, SPREAD))
    assert drawn(plot(metrics)) == drawn(plot(auroc)) == drawn(plot(auroc.histogram)) == drawn(plot(metrics["auroc"]))


def test_a_matrix_is_that_of_the_threshold_of_its_metric_and_of_whichever_counts_of_a_collection_have_it():
    metrics = tb.MetricCollection({"low": tb.BinaryRecall(0.3), "auroc": tb.BinaryAUROC()})
    metrics.update(*map(torch.from_numpy, SPREAD))
    assert plots.plot_confusion_matrix(metrics["low"]).get_title().startswith("threshold 0.3,")
    assert plots.plot_confusion_matrix(metrics).get_title().startswith("threshold 0.5,")
    tn = f"{int(metrics['low'].confusion().tn):,}\n"
    assert any(text.startswith(tn) for text in texts(plots.plot_confusion_matrix(metrics, threshold=0.3)))


def test_reliability_of_a_collection_is_drawn_from_the_counts_that_sum_probabilities():
    metrics = tb.MetricCollection([tb.BinaryAUROC, tb.BinaryCalibrationError])
    metrics.update(*map(torch.from_numpy, SPREAD))
    error = float(metrics["BinaryCalibrationError"].compute())
    assert any(f"error {error:.4f}" in text for text in texts(plots.plot_reliability(metrics)))


@pytest.mark.parametrize(
    "given", [torch.rand(4), None, [0.5], roc_curve, tb.Threshold(0.5)], ids=lambda given: type(given).__name__
)
@pytest.mark.parametrize("plot", [getattr(plots, name) for name in plots.__all__], ids=lambda plot: plot.__name__)
def test_what_holds_no_counts_is_refused_with_what_to_pass(plot, given):
    with pytest.raises(TypeError, match=r"expected a metric, a collection or a histogram .*pass the metric itself"):
        plot(given)


def test_the_usual_four_stand_in_one_figure_each_as_it_is_alone():
    metrics = tb.MetricCollection([tb.BinaryAUROC, tb.BinaryF1Score])
    metrics.update(*map(torch.from_numpy, SPREAD))
    figure = metrics.plot(level=0.9)
    alone = [plots.plot_roc, plots.plot_precision_recall]
    assert len(figure.axes) == 4
    assert [drawn(ax) for ax in figure.axes[:2]] == [drawn(plot(metrics, level=0.9)) for plot in alone]
    assert [drawn(ax) for ax in figure.axes[2:]] == [drawn(plots.plot_scores(metrics)), drawn(plots.plot_thresholds(metrics))]
    figure.savefig(io.BytesIO(), dpi=30)
    assert figure._repr_png_().startswith(b"\x89PNG")  # a notebook without pyplot shows nothing of a figure else
    assert plots.plot_roc(metrics).figure._repr_png_().startswith(b"\x89PNG")


def classifier(gain, share, seed):
    """Counts of a classifier that tells a class of that share apart more or less well."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.rand(20_000, generator=generator) < share
    scores = torch.randn(20_000, generator=generator) + gain * labels + math.log(share / (1 - share))
    return counted(torch.sigmoid(scores), labels)


@pytest.mark.parametrize("share", [0.003, 0.02, 0.3])
@pytest.mark.parametrize("plot", [plots.plot_precision_recall, plots.plot_thresholds], ids=lambda plot: plot.__name__)
def test_a_good_and_a_bad_classifier_of_the_same_samples_are_drawn_on_the_same_scales(plot, share):
    train, val = plot(classifier(6.0, share, 0)), plot(classifier(0.3, share, 1))
    assert train.get_yscale() == val.get_yscale() == ("log" if share < 0.05 else "linear")
    assert train.get_ylim() == val.get_ylim()
    assert train.get_xscale() == val.get_xscale() or share > 0.05  # unless scores crowd
