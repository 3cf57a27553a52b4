"""What objects show of themselves: a line that says how one was built and what it counted, a table, and errors that name it."""

import inspect
import math
import pydoc
import re

import pytest
import torch
from building import EVERY

import torch_binmetrics as tb
from torch_binmetrics.measures import recall, specificity

PREDS, LABELS = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 1.0])


def gmean(c):
    return (recall(c) * specificity(c)).sqrt()


SHOWN = {
    "BinaryAUROC()": tb.BinaryAUROC,
    "BinaryAUROC(max_fpr=0.1)": lambda: tb.BinaryAUROC(max_fpr=0.1),
    "BinaryAUROC(cuts=Uniform(n=64))": lambda: tb.BinaryAUROC(64),
    "BinaryAUROC(rows=Labels(3), average='macro')": lambda: tb.BinaryAUROC(rows=tb.Labels(3), average="macro"),
    "BinaryAUROC(cuts=Uniform(n=64), rows=Labels(5000))": lambda: tb.BinaryAUROC(64, rows=tb.Labels(5000)),
    "BinaryRecall(threshold=0.3)": lambda: tb.BinaryRecall(0.3),
    "BinaryRecall(threshold=[0.1, 0.2])": lambda: tb.BinaryRecall([0.1, 0.2]),
    "BinaryRecall(threshold=[0.4, 0.1], rows=Labels(2))": lambda: tb.BinaryRecall([0.4, 0.1], rows=tb.Labels(2)),
    "BinaryRecall(threshold=<9 from 0.1 to 0.9>)": lambda: tb.BinaryRecall([i / 10 for i in range(1, 10)]),
    "BinaryRecall(from_logits=True, ignore_index=-1)": lambda: tb.BinaryRecall(from_logits=True, ignore_index=-1),
    "BinaryRecall(zero_division=0.0)": lambda: tb.BinaryRecall(zero_division=0),
    "BinaryF1Score(device)": lambda: tb.BinaryF1Score(device="cpu"),
    "BinaryPrecisionAtFixedRecall(min_recall=0.9)": lambda: tb.BinaryPrecisionAtFixedRecall(0.9),
    "BinaryFBetaScore(beta=2.0)": lambda: tb.BinaryFBetaScore(2.0),
    "BinaryBestThreshold(criterion='cost', cost_fp=1, cost_fn=5)": lambda: tb.BinaryBestThreshold("cost", cost_fp=1, cost_fn=5),
    "BinaryCalibrationError(n_bins=10, norm='l2')": lambda: tb.BinaryCalibrationError(10, norm="l2"),
    "BinaryLogLoss(eps=0.01)": lambda: tb.BinaryLogLoss(eps=0.01),
    "BinaryROC(logit_thresholds=True, from_logits=True)": lambda: tb.BinaryROC(logit_thresholds=True, from_logits=True),
    "Metric(measure=gmean, cuts=Threshold(at=0.3))": lambda: tb.Metric(gmean, tb.Threshold(0.3)),
}


@pytest.mark.parametrize("words", SHOWN)
def test_a_metric_shows_its_own_arguments_that_are_not_the_defaults(words):
    assert repr(SHOWN[words]()) == f"{words}, no samples".replace("(device)", "()")


@pytest.mark.parametrize("name", EVERY)
def test_a_metric_is_built_anew_from_what_it_shows(name):
    shown = repr(EVERY[name]())
    assert repr(eval(shown.removesuffix(", no samples"), vars(tb))) == shown


def test_a_member_shows_its_own_threshold_and_not_the_cuts_of_its_host():
    metrics = tb.MetricCollection({"auroc": tb.BinaryAUROC(), "high": tb.BinaryRecall(0.75)}, prefix="val/")
    metrics.update(PREDS, LABELS)
    assert repr(metrics["val/high"]) == "BinaryRecall(threshold=0.75), 4 samples"
    assert repr(metrics).splitlines() == [
        "MetricCollection of 2 metrics, 4 samples:",
        "  val/auroc: BinaryAUROC()",
        "  val/high: BinaryRecall(threshold=0.75)",
    ]


def counting(metric, *batch, **more):
    metric.update(*batch, **more)
    return metric


COUNTED = {
    "one": (lambda: counting(tb.BinaryAUROC(), PREDS[:1], LABELS[:1]), "1 sample"),
    "weights": (lambda: counting(tb.BinaryAUROC(weighted=True), PREDS, LABELS, WEIGHTS), "weights of 4.5"),
    "thousands": (lambda: counting(tb.BinaryAUROC(), torch.rand(1234), torch.ones(1234)), "1,234 samples"),
    "without what was ignored": (lambda: counting(tb.BinaryRecall(ignore_index=0), PREDS, LABELS), "2 samples"),
    "classes once each": (
        lambda: counting(tb.BinaryAUROC(rows=tb.Classes(3)), torch.rand(5, 3), torch.arange(5) % 3),
        "5 samples",
    ),
    "labels each": (lambda: counting(tb.BinaryAUROC(rows=tb.Labels(2)), torch.rand(5, 2), torch.ones(5, 2)), "10 samples"),
    "exact": (lambda: counting(tb.BinaryAUROC(tb.Exact()), PREDS, LABELS), "4 samples"),
    "no data": (lambda: tb.BinaryAUROC(device="meta"), "no data"),
}


@pytest.mark.parametrize("name", COUNTED)
def test_a_metric_shows_how_much_it_counted(name):
    build, words = COUNTED[name]
    assert repr(build()).endswith(f"), {words}")


def cells(html):
    """The words in the cells of the tables of a page, line by line."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", html)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines]


def test_a_collection_shows_values_bounds_and_thresholds_in_a_table():
    metrics = tb.MetricCollection(
        {
            "auroc": tb.BinaryAUROC(),
            "f1": tb.BinaryF1Score(),
            "several": tb.BinaryRecall([0.25, 0.5]),
            "best": tb.BinaryBestThreshold(),
            "roc": tb.BinaryROC(),
            "matrix": tb.BinaryConfusionMatrix(),
        },
        prefix="val/",
    )
    metrics.update(PREDS, LABELS)
    head, *lines = cells(metrics._repr_html_())
    assert head == ["", "value", "bounds (binning)", "threshold"]
    assert lines == [
        ["val/auroc", "0.7500", "0.7500 to 0.7500", ""],
        ["val/f1", "0.5000", "exact", ""],
        ["val/several at 0.25", "1.0000", "exact", ""],
        ["val/several at 0.5", "0.5000", "exact", ""],
        ["val/best", "0.8000", "", "0.4"],
        ["val/roc", "5 points", "", ""],
        ["val/matrix", "[[1, 1], [1, 1]]", "", ""],
    ]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("batch", [(PREDS, LABELS), (PREDS[:0], LABELS[:0])], ids=["some", "none"])
def test_every_metric_shows_itself_in_a_notebook(name, batch):
    html = counting(EVERY[name](), *batch)._repr_html_()
    assert name in html
    assert len(cells(html)) > 1
    assert "border-left" not in html  # no note


def test_a_curve_shows_some_of_its_points_with_both_ends():
    roc = counting(tb.BinaryROC(), torch.arange(100) / 128, torch.arange(100) % 2)
    head, *lines = cells(roc._repr_html_())
    assert head == ["fpr", "tpr", "thresholds"]
    assert (len(lines), lines[0], lines[-1]) == (12, ["0.0000", "0.0000", "inf"], ["1.0000", "1.0000", "0.0000"])


def test_rows_are_shown_by_name_and_many_of_them_by_their_number():
    few = counting(tb.BinaryAUROC(rows=tb.Labels(2, ["ant", "bee"])), torch.rand(8, 2), torch.arange(16).view(8, 2) % 3 % 2)
    assert [line[0] for line in cells(few._repr_html_())[1:]] == ["BinaryAUROC, ant", "BinaryAUROC, bee"]
    many = counting(tb.BinaryRecall(rows=tb.Labels(40)), torch.rand(8, 40), torch.ones(8, 40))
    assert [line[0] for line in cells(many._repr_html_())[-2:]] == ["BinaryRecall, 11", "28 more"]


def test_what_cannot_be_computed_is_a_note_and_no_error():
    metric = tb.BinaryAUROC(invalid="drop")
    metric.update(PREDS * math.nan, LABELS)
    refusing = tb.BinaryAUROC()
    refusing.histogram.state = metric.histogram.state.clone()
    assert "invalid samples: 4 nan scores" in refusing._repr_html_()


def test_a_table_for_a_notebook_is_no_collective(monkeypatch):
    metrics = counting(tb.MetricCollection([tb.BinaryAUROC, tb.BinaryROC, tb.BinaryBestThreshold]), PREDS, LABELS)
    asked = []
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: asked.append("whether there is a group") or False)
    metrics._repr_html_(), metrics["BinaryAUROC"]._repr_html_()
    assert asked == []
    metrics.compute()
    assert asked


def test_an_early_stopping_shows_what_it_waits_for_and_what_it_saw():
    stopper = tb.EarlyStopping(patience=5, mode="min")
    assert repr(stopper) == "EarlyStopping(patience=5, mode='min'), no epoch yet"
    stopper.step(0.5)
    stopper.step(0.6)
    assert repr(stopper) == "EarlyStopping(patience=5, mode='min'), best 0.5 of epoch 0, now at epoch 1"


WRONG = {
    "BinaryAUROC() takes no argument 'from_logit': did you mean 'from_logits'?": lambda: tb.BinaryAUROC(from_logit=True),
    "BinaryGini() takes no argument 'cut': did you mean 'cuts'?": lambda: tb.BinaryGini(cut=64),
    "BinaryRecall() takes no argument 'treshold': did you mean 'threshold'?": lambda: tb.BinaryRecall(treshold=0.3),
    "BinaryAUROC() takes no argument 'threshold': it takes cuts, max_fpr, from_logits, ": lambda: tb.BinaryAUROC(threshold=0.3),
    "BinaryAUROC() takes no argument 'num_thresholds': write cuts=1024": lambda: tb.BinaryAUROC(num_thresholds=5),
    "BinaryCalibrationError() takes no argument 'nbins': did you mean 'n_bins'?": lambda: tb.BinaryCalibrationError(nbins=5),
    "Metric() takes no argument 'igore_index'": lambda: tb.Metric(gmean, tb.Threshold(), igore_index=1),
    "binary_f1_score() takes no argument 'treshold'": lambda: tb.functional.binary_f1_score(PREDS, LABELS, treshold=0.1),
    "did you mean the option 'from_logits'?": lambda: tb.MetricCollection([tb.BinaryAUROC], from_logit=True),
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_keyword_blames_what_was_called_and_suggests(words):
    with pytest.raises(TypeError) as raised:
        WRONG[words]()
    assert words in str(raised.value)


def test_a_name_that_a_collection_has_not_is_told_those_that_it_has():
    with pytest.raises(KeyError, match=r"'auroc': expected one of \['val/auroc', 'val/f1'\]"):
        tb.MetricCollection({"auroc": tb.BinaryAUROC, "f1": tb.BinaryF1Score}, prefix="val/")["auroc"]


@pytest.mark.parametrize("name", EVERY)
def test_the_docstring_of_a_named_class_stands_on_its_own(name):
    cls = getattr(tb, name)
    measure = EVERY[name]().measure
    doc = inspect.getdoc(cls)
    assert doc.splitlines()[0] == inspect.getdoc(getattr(measure, "func", measure)).splitlines()[0]
    assert all(f"\n    {argument}: " in doc for argument in inspect.signature(cls).parameters)
    assert f">>> metric = {name}(" in doc
    assert ("The value is exact" in doc) + ("bounds()``" in doc) + ("is exact; the bounds" in doc) == 1
    assert not re.search(r"as for |as of |:\w+:`|Running", doc)


@pytest.mark.parametrize("name", [*EVERY, "Metric", "MetricCollection"])
def test_help_shows_no_marks_of_references(name):
    assert not re.search(r":\w+:`", pydoc.plain(pydoc.render_doc(getattr(tb, name))))


def test_a_class_of_a_user_keeps_its_docstring():
    class Mine(tb.BinaryRecall):
        """Running :func:`~torch_binmetrics.measures.recall`."""

    class Silent(tb.BinaryRecall):
        pass

    assert Mine.__doc__ == "Running :func:`~torch_binmetrics.measures.recall`."
    assert Silent.__doc__ is None
