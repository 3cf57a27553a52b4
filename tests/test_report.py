"""The report: its numbers are those of the metrics, its warnings come where a number misleads and nowhere else."""

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings, strategies as st
from oracles import f1_along
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
    roc_auc_score,
)
from statsmodels.stats.proportion import proportion_confint

import torch_binmetrics as tb
from torch_binmetrics import binary_report

INF, NAN = math.inf, math.nan
EXACT = tb.FloatBits(16)


def counted(preds, labels, weight=None, *, cuts=EXACT, **options):
    """A histogram of a batch."""
    histogram = tb.ScoreHistogram(tb.Layout(cuts, **options))
    histogram.update(torch.as_tensor(preds), torch.as_tensor(labels), weight)
    return histogram


def spread(samples=400, seed=0):
    """bfloat16 scores in [0, 1], on which areas are exact, and labels of half the samples."""
    generator = torch.Generator().manual_seed(seed)
    preds = torch.rand(samples, generator=generator).bfloat16()
    return preds, torch.rand(samples, generator=generator) < preds


def hidden(samples=400):
    """The same off the edges of bins, so that bounds have a width."""
    preds, labels = spread(samples)
    return preds.float() + 2**-20, labels


def quick(histogram, *arguments, **options):
    return binary_report(histogram, *arguments, draws=100, **options)


ORACLES = {
    "accuracy": accuracy_score,
    "balanced accuracy": balanced_accuracy_score,
    "precision": precision_score,
    "recall": recall_score,
    "specificity": lambda y, called: recall_score(~y, ~called),
    "npv": lambda y, called: precision_score(~y, ~called),
    "f1": f1_score,
    "mcc": matthews_corrcoef,
}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.25, 0.5, 0.75]))
def test_the_scores_and_the_matrix_are_scikit_learns(seed, threshold):
    preds, labels = spread(60, seed)
    labels[:2] = torch.tensor([False, True])
    report = quick(counted(preds, labels), threshold)
    y, called, scores = labels.numpy(), (preds.double() >= threshold).numpy(), preds.double().numpy()
    assert report.confusion == tuple(map(tuple, confusion_matrix(y, called).tolist()))
    assert set(report.measures) == set(ORACLES)
    for name, oracle in ORACLES.items():
        assert report[name].value == pytest.approx(oracle(y, called), abs=1e-12)
    assert report["auroc"].value == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    assert report["average precision"].value == pytest.approx(average_precision_score(y, scores), abs=1e-12)
    best = max(f1_along(y, scores))
    assert report["best f1"].value == pytest.approx(best)
    assert f1_score(y, scores >= report["best f1"].threshold) == pytest.approx(best)
    assert (report.samples, report.positives, report.negatives) == (60, y.sum(), 60 - y.sum())
    assert report.prevalence == y.mean()


@pytest.mark.parametrize("threshold", [-0.1, 0.0, 0.3, 0.5, 1.5])
@pytest.mark.parametrize("from_logits", [False, True])
def test_exact_counts_are_reported_at_any_threshold_and_have_no_bounds(threshold, from_logits):
    preds = torch.rand(300, generator=torch.Generator().manual_seed(2))
    labels = torch.rand(300, generator=torch.Generator().manual_seed(3)) < preds
    scores, threshold = (torch.logit(preds.double()), min(max(threshold, 0.1), 0.9)) if from_logits else (preds, threshold)
    report = quick(counted(scores, labels, cuts=tb.Exact(), from_logits=from_logits), threshold)
    called = preds >= threshold
    assert report.confusion == tuple(map(tuple, confusion_matrix(labels, called).tolist()))
    assert report["recall"].value == recall_score(labels, called)
    assert report["auroc"].value == pytest.approx(roc_auc_score(labels, preds), abs=1e-12)
    assert report["auroc"].bounds is None
    assert report.warnings == () or threshold != 0.3


def test_a_collection_with_exact_counts_reports_these():
    preds, labels = spread()
    metrics = tb.MetricCollection([tb.BinaryRecall(), tb.BinaryAveragePrecision(), tb.BinaryAUROC(tb.Exact())])
    metrics.update(preds, labels)
    report = metrics.report(draws=100)
    assert report["auroc"].bounds is None
    assert report["recall"].value == recall_score(labels, preds >= 0.5)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_collection_reports_its_areas_off_the_finest_of_its_cuts(order):
    preds, labels = spread()
    cuts = [tb.Uniform(4), tb.Edges([0.25, 0.5]), EXACT]
    metrics = tb.MetricCollection({str(i): tb.BinaryAUROC(cuts[i]) for i in order})
    metrics.update(preds, labels)
    report = metrics.report(draws=100)
    assert report["auroc"].value == pytest.approx(roc_auc_score(labels, preds.double()), abs=1e-12)
    assert report["average precision"].value == pytest.approx(average_precision_score(labels, preds.double()), abs=1e-12)
    assert abs(metrics["0"].compute() - report["auroc"].value) > 1e-2, "or any of them would do"


def test_exact_logits_that_were_not_declared_are_warned_of():
    report = quick(counted(torch.tensor([-3.0, -1e-45, 0.0, 0.25, 1.0, 1.5, INF] * 10), torch.arange(70) % 2, cuts=tb.Exact()))
    assert "40 of 70 scores lie outside [0, 1]" in "".join(report.warnings)


def test_intervals_and_bounds_are_those_of_the_metrics():
    preds, labels = hidden()
    metrics = tb.MetricCollection({"auroc": tb.BinaryAUROC(), "ap": tb.BinaryAveragePrecision(), "recall": tb.BinaryRecall()})
    metrics.update(preds, labels)
    report = metrics.report(0.5, 0.9, draws=200, seed=7)
    expected = metrics.confidence_intervals(0.9, draws=200, seed=7)
    for name, row in (("auroc", report["auroc"]), ("ap", report["average precision"]), ("recall", report["recall"])):
        assert row.interval == tuple(map(float, expected[name]))
    for name, row in (("auroc", report["auroc"]), ("ap", report["average precision"])):
        assert row.bounds == tuple(map(float, metrics[name].bounds()))
    assert report["recall"].bounds is None
    hits = int((preds[labels] >= 0.5).sum())
    assert report["recall"].interval == pytest.approx(proportion_confint(hits, int(labels.sum()), 0.1, method="wilson"))


def test_bounds_and_intervals_stand_in_columns_of_their_own():
    text = str(quick(counted(*hidden())))
    [head] = [line for line in text.splitlines() if line.startswith("over all thresholds")]
    assert "bounds (binning)" in head
    assert "95 % interval (sampling)" in head


def the_98_percent_case():
    """10,000 samples, 200 of them positive: 24 found, 24 false alarms."""
    preds = torch.cat([torch.full((24,), 0.9), torch.full((176,), 0.1), torch.full((24,), 0.8), torch.full((9776,), 0.05)])
    return preds, torch.cat([torch.ones(200), torch.zeros(9800)])


def test_an_accuracy_of_98_percent_is_called_what_it_is_where_recall_is_12_percent():
    report = quick(counted(*the_98_percent_case()))
    assert report.confusion == ((9776, 24), (176, 24))
    assert (report["accuracy"].value, report["recall"].value) == (0.98, 0.12)
    assert report.warnings[0] == (
        "accuracy 0.9800 is no better than always answering 'negative', which has 0.9800. Look at recall: 0.1200."
    )
    assert report.warnings[0][:60] in str(report)


def test_the_documentation_shows_this_case_as_it_prints():
    metrics = tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryBrierScore()])
    metrics.update(*the_98_percent_case())
    page = Path(__file__).parent.parent / "docs" / "report.md"
    assert f"```\n{metrics.report()}\n```" in page.read_text()


def test_an_accuracy_above_that_of_the_majority_is_not_warned_of():
    preds, labels = the_98_percent_case()
    preds[24] = 0.9  # one more positive found
    assert "always answering" not in str(quick(counted(preds, labels)))


def test_the_majority_may_be_positive():
    preds, labels = the_98_percent_case()
    [warning] = [text for text in quick(counted(1 - preds, 1 - labels)).warnings if "always" in text]
    assert warning.startswith("accuracy 0.9800 is no better than always answering 'positive'")
    assert warning.endswith("Look at specificity: 0.1200.")


def few(positives, negatives=50, **options):
    preds = torch.cat([torch.linspace(0.6, 0.9, positives), torch.linspace(0.1, 0.4, negatives)]).bfloat16()
    return counted(preds, torch.arange(positives + negatives) < positives, **options)


@pytest.mark.parametrize(
    ("positives", "negatives", "warning"),
    [
        (9, 50, "fewer than 10 positives (9)"),
        (1, 50, "fewer than 10 positives (1)"),
        (50, 9, "fewer than 10 negatives (9)"),
        (0, 50, "no positive was seen"),
        (50, 0, "no negative was seen"),
    ],
)
def test_a_class_of_fewer_than_ten_is_warned_of(positives, negatives, warning):
    assert warning in str(quick(few(positives, negatives)))


def test_ten_samples_of_a_class_are_enough():
    assert quick(few(10)).warnings == ()


def test_wide_bounds_are_warned_of_and_narrow_ones_are_not():
    preds, labels = spread()
    coarse = quick(counted(preds, labels, cuts=tb.Uniform(8)))
    low, high = coarse["auroc"].bounds
    assert high - low > 0.01
    [warning] = [text for text in coarse.warnings if text.startswith("bounds wider than 0.01")]
    assert f"auroc {high - low:.4f}" in warning
    fine = quick(counted(preds.float() + torch.rand(400) * 1e-3, labels, cuts=tb.FloatBits(19)))
    assert "bounds wider" not in str(fine)


def test_undeclared_logits_are_counted_in_a_warning_and_nothing_is_changed():
    logits = torch.tensor([-3.0, -1e-45, 0.0, 0.25, 1.0, 1.5, INF] * 10)
    labels = torch.arange(70) % 2
    report = quick(counted(logits, labels))
    assert "40 of 70 scores lie outside [0, 1]" in "".join(report.warnings)
    assert report["accuracy"].value == float(((logits >= 0.5) == labels).double().mean())
    assert "outside" not in str(quick(counted(logits, labels, from_logits=True)))


@pytest.mark.parametrize(
    "cuts", [EXACT, tb.FloatBits(9, centre=None), tb.Uniform(4), tb.Edges([0.5, 0.9]), tb.Edges([0.0, 0.5, 1.0])]
)
def test_probabilities_are_not_taken_for_logits(cuts):
    assert "outside" not in str(
        quick(counted(torch.tensor([0.0, 1e-45, 0.5, 1 - 2**-24, 1.0] * 10), torch.arange(50) % 2, cuts=cuts))
    )


def test_dropped_samples_are_told_by_kind():
    preds, labels = spread()
    preds[:3], labels = NAN, labels.long()
    labels[5] = 2
    report = quick(counted(preds, labels, invalid="drop"))
    assert "1 bad labels, 3 NaN scores" in "".join(report.warnings)
    assert report.samples == 396


def test_weights_have_the_intervals_of_the_metrics():
    preds, labels = spread()
    metrics = tb.MetricCollection(recall=tb.BinaryRecall, auroc=tb.BinaryAUROC, brier=tb.BinaryBrierScore, weighted=True)
    metrics.update(preds, labels, torch.rand(400))
    report, expected = metrics.report(draws=100), metrics.confidence_intervals(draws=100)
    for name, ends in expected.items():
        assert report[name].interval == tuple(map(float, ends))
    assert report.warnings == ()


def test_weights_behind_which_stand_few_samples_are_warned_of():
    metric = tb.BinaryAUROC(weighted=True)
    metric.update(torch.rand(60), torch.arange(60) < 30, torch.where(torch.arange(60) < 5, 10.0, 0.1))
    assert "fewer than 10 positives (5.50974)" in "".join(quick(metric.histogram).warnings)
    metric.reset()
    metric.update(torch.rand(20), torch.arange(20) < 10, torch.full((20,), 0.3))
    assert "fewer than" not in "".join(quick(metric.histogram).warnings)


def test_sums_of_weights_without_their_squares_have_no_intervals_and_the_report_says_so():
    preds, labels = spread()
    weight = torch.rand(400)
    report = quick(counted(preds, labels, weight, weighted=True))
    assert all(row.interval is None for row in [*report.measures.values(), *report.areas.values()])
    assert "interval (sampling)" not in str(report)
    assert "sums of weights" in "".join(report.warnings)
    expected = roc_auc_score(labels, preds.double(), sample_weight=weight.double())
    assert report["auroc"].value == pytest.approx(expected, abs=1e-12)


ODD = {
    "nothing seen": ([], [], {}),
    "nothing seen, exact": ([], [], {"cuts": tb.Exact()}),
    "one positive": ([0.3], [1], {}),
    "one negative": ([0.3], [0], {}),
    "all tied": ([0.3] * 20, [0, 1] * 10, {}),
    "infinite logits": ([-INF, INF], [0, 1], {"from_logits": True}),
    "two bins": (*spread(), {"cuts": tb.Threshold(0.5)}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_counts_have_a_report_in_which_the_undefined_is_said(name):
    preds, labels, options = ODD[name]
    report = quick(counted(torch.as_tensor(preds), torch.as_tensor(labels), **options))
    for row in [*report.measures.values(), *report.areas.values()]:
        assert math.isnan(row.value) == any(map(math.isnan, row.interval)) or not math.isnan(row.value)
    text = str(report)
    assert ("undefined" in text) == any(
        math.isnan(row.value) for row in [*report.measures.values(), *report.areas.values(), *report.best.values()]
    )
    assert "nan" not in text
    assert "nan" not in report._repr_html_()


def test_nothing_seen_is_said_once():
    report = quick(counted(torch.empty(0), torch.empty(0)))
    assert report.warnings == ("nothing was seen: every score is undefined.",)
    assert math.isnan(report.prevalence)


def test_logits_are_reported_at_thresholds_that_are_probabilities():
    preds, labels = spread()
    logits = torch.logit(preds.double().clamp(1e-3, 1 - 1e-3))
    report = quick(counted(logits, labels, from_logits=True))
    assert report["recall"].value == recall_score(labels, preds >= 0.5)
    assert 0 < report["best f1"].threshold < 1


def test_a_threshold_on_no_edge_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match=r"0\.3 lies on no edge of FloatBits.*take one that does, 0\.5 say, or"):
        quick(counted(*spread()), 0.3)
    with pytest.raises(ValueError, match=r"0\.5 lies on no edge of Threshold.*take one that does, or"):
        quick(counted(*spread(), cuts=tb.Threshold(0.3)))


@pytest.mark.parametrize(
    ("options", "error"), [({"level": 1.0}, ValueError), ({"draws": 5}, ValueError), ({"seed": 0.5}, TypeError)]
)
def test_arguments_are_checked(options, error):
    with pytest.raises(error):
        binary_report(counted(*spread()), **options)


def test_a_name_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(KeyError, match=r"'recall'.*'auroc'.*'best f1'"):
        quick(counted(*spread()))["auc"]


def usual():
    metrics = tb.MetricCollection(
        {
            "auroc": tb.BinaryAUROC(),
            "brier": tb.BinaryBrierScore(),
            "ece": tb.BinaryCalibrationError(),
            "curve": tb.BinaryReliabilityCurve(),
            "loss": tb.BinaryLogLoss(),
            "recall@0.3": tb.BinaryRecall(0.3),
        },
        prefix="val/",
    )
    metrics.update(*spread())
    return metrics


def test_a_collection_reports_its_scores_of_probabilities_by_their_names():
    metrics = usual()
    report = metrics.report(draws=100)
    assert list(report.probabilities) == ["brier", "ece", "loss"]
    preds, labels = (part.double().numpy() for part in spread())
    assert report["brier"].value == pytest.approx(brier_score_loss(labels, preds))
    assert report["ece"].value == float(metrics["val/ece"].compute())
    low, high = report["brier"].interval
    assert low < report["brier"].value < high


def test_a_histogram_that_sums_losses_reports_them():
    preds, labels = spread()
    sums = (tb.counting.SquaredError(), tb.counting.Probability(), tb.counting.LogLoss(eps=1e-6))
    report = quick(counted(preds.clamp(0.01, 0.99), labels, sums=sums))
    scores = preds.clamp(0.01, 0.99).double()
    assert report["brier score"].value == pytest.approx(brier_score_loss(labels, scores))
    assert report["log loss"].value == pytest.approx(log_loss(labels, scores))
    assert report["calibration ratio"].value == pytest.approx(float(scores.sum() / labels.sum()))


def test_a_collection_reports_at_a_threshold_that_one_of_its_members_has():
    preds, labels = spread()
    report = usual().report(0.3, draws=100)
    assert report["recall"].value == recall_score(labels, preds.float() >= 0.3)
    assert report["auroc"].value == usual().report(draws=100)["auroc"].value


def test_a_report_leaves_the_collection_as_it_is():
    metrics = usual()
    before = tb.floats(metrics.compute())
    members = [metric.histogram for metric in metrics.values()]
    metrics.report(draws=100)
    assert tb.floats(metrics.compute()) == before
    assert all(metric.histogram is own for metric, own in zip(metrics.values(), members, strict=True))


def test_the_same_seed_gives_the_same_report():
    histogram = counted(*spread())
    assert quick(histogram) == quick(histogram)
    assert quick(histogram, seed=1).measures != quick(histogram).measures


class Words(HTMLParser):
    """Tags that are open and never closed, and the words between them."""

    def __init__(self, page):
        super().__init__()
        self.open, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_html_says_what_the_text_says():
    report = usual().report(draws=100)
    page = Words(report._repr_html_())
    assert page.open == []
    said = "".join(page.words).replace(" ", "")
    for line in str(report).splitlines():
        for word in line.removeprefix("! ").split():
            assert word in said


def test_the_head_of_an_html_table_and_its_rows_are_cells_of_their_own_kinds_aligned_alike():
    page = quick(counted(*spread()))._repr_html_()
    for table in re.findall("<table.*?</table>", page):
        head, body = re.fullmatch(r".*<thead>(.*)</thead><tbody>(.*)</tbody>.*", table).groups()
        for row, tag in [(head, "th"), *((row, "td") for row in re.findall("<tr.*?</tr>", body))]:
            cells = re.findall(r"<(t[hd]) style=\"[^\"]*?(font-weight:600[^\"]*)?text-align:(\w+)\"", row)
            assert {(kind, bool(bold)) for kind, bold, _ in cells} == {(tag, tag == "th")}
            assert [side for *_, side in cells] == ["left"] + ["right"] * (len(cells) - 1)


def test_the_html_escapes_names():
    metrics = tb.MetricCollection({"<b>&": tb.BinaryBrierScore()})
    metrics.update(*spread())
    page = metrics.report(draws=100)._repr_html_()
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page


def test_the_html_sets_no_colour_of_text_or_ground():
    page = usual().report(draws=100)._repr_html_()
    assert set(re.findall(r"[ ;\"]color:([^;\"]*)", page)) == {"inherit"}
    assert set(re.findall(r"background[a-z-]*:([^;\"]*)", page)) == {"none"}


def test_the_text_fits_a_terminal():
    preds, labels = the_98_percent_case()
    assert max(map(len, str(quick(counted(preds, labels))).splitlines())) <= 100


@pytest.mark.parametrize(
    ("shift", "scale", "cuts", "hint"),
    [
        (0.3, 1e-3, tb.Uniform(64), "scores crowd around 0.3: FloatBits(around=0.3) narrows them"),
        (100, 1, tb.FloatBits(), "scores crowd around 100: FloatBits(around=100) narrows them"),
        (0, 1, tb.FloatBits(9, centre=None), "finer cuts, FloatBits(19, centre=22) say, narrow them"),
    ],
)
def test_wide_bounds_name_the_cuts_that_narrow_them(shift, scale, cuts, hint):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(4_000) % 2
    noise = torch.randn(4_000, generator=generator)
    preds = shift + scale * (noise + labels)
    warnings = " ".join(quick(counted(preds, labels, cuts=cuts), 0.5 if shift < 1 else 128.0).warnings)
    assert hint in warnings
    around = tb.FloatBits(19, centre=22) if not shift else tb.FloatBits(around=float(shift))
    for area in (tb.BinaryAUROC(around), tb.BinaryAveragePrecision(around)):
        area.update(preds, labels)
        low, high = area.bounds()
        assert high - low < 0.01


@pytest.mark.parametrize(("shift", "answer"), [(-4.0, "positive"), (6.0, "negative"), (0.0, None)])
def test_a_threshold_beyond_all_scores_is_told(shift, answer):
    target = torch.arange(1000) % 10 == 0
    preds = torch.sigmoid(torch.linspace(-2, 2, 1000)[torch.randperm(1000)] + target + shift)
    metric = tb.BinaryAUROC()
    metric.update(preds, target)
    said = [each for each in tb.binary_report(metric.histogram, draws=100).warnings if "is called" in each]
    expected = f"no sample is called {answer} at this threshold: choose another, such as a best threshold of this report."
    assert said == ([] if answer is None else [expected])
