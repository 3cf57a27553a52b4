"""Rows for people: what logs, stops and reports a metric knows the rows by their names, or says what to pass instead."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from named_rows import LABELS, NAMES, counted
from sklearn.metrics import recall_score, roc_auc_score

import torch_binmetrics as tb


def test_floats_name_the_rows_and_leave_them_out_without_names():
    metrics = counted(
        tb.MetricCollection(
            auroc=tb.BinaryAUROC(rows=LABELS),
            mean=tb.BinaryAUROC(rows=LABELS, average="macro"),
            best=tb.BinaryBestThreshold(rows=LABELS),
            roc=tb.BinaryROC(rows=LABELS),
            matrix=tb.BinaryConfusionMatrix(rows=LABELS),
            prefix="val/",
        )
    )
    values = metrics.compute()
    found = tb.floats(values, metrics)
    parts = ["auroc", "best", "best_threshold"]
    assert set(found) == {f"val/{part}/{name}" for part in parts for name in NAMES} | {"val/mean"}
    assert [found[f"val/auroc/{name}"] for name in NAMES] == values["val/auroc"].tolist()
    assert [found[f"val/best_threshold/{name}"] for name in NAMES] == values["val/best"].threshold.tolist()
    assert set(tb.floats(values)) == {"val/mean"}


def test_floats_know_thresholds_from_rows():
    metrics = counted(
        tb.MetricCollection(many=tb.BinaryRecall([0.2, 0.5, 0.7]), each=tb.BinaryRecall([0.7, 0.2, 0.5], rows=LABELS))
    )
    assert list(tb.floats(metrics.compute(), metrics)) == [f"each/{name}" for name in NAMES]


def test_floats_do_not_take_several_numbers_of_all_together_for_rows():
    def errors(c):
        return torch.stack([c.fp, c.fn, c.fp + c.fn], -1)

    metrics = tb.MetricCollection(
        each=tb.BinaryRecall(rows=LABELS), all=tb.Metric(errors, tb.Threshold(0.5), rows=LABELS, average="micro")
    )
    values = counted(metrics).compute()
    assert values["all"].shape == (3,)
    assert list(tb.floats(values, metrics)) == [f"each/{name}" for name in NAMES]


def test_a_row_with_the_name_of_another_value_is_refused():
    metrics = counted(tb.MetricCollection({"auroc": tb.BinaryAUROC(rows=LABELS), "auroc/bee": tb.BinaryRecall()}))
    with pytest.raises(ValueError, match="'auroc/bee' is the name of a row"):
        tb.floats(metrics.compute(), metrics)


def test_a_row_of_a_snapshot_goes_by_its_name_or_number():
    metric = counted(tb.BinaryAUROC(rows=LABELS))
    snapshot = tb.Snapshot(metric.histogram)
    for k, name in enumerate(NAMES):
        assert torch.equal(snapshot.row(name).counts.sum(-1), snapshot.counts[k].sum(-1))
        assert snapshot.row(k).layout.rows is None
    assert snapshot.pooled.layout.rows is None
    with pytest.raises(KeyError, match=r"no row 'dog': expected one of \['ant'"):
        snapshot.row("dog")
    with pytest.raises(IndexError, match="these counts have no rows"):
        snapshot.row("ant").row("ant")


def test_early_stopping_asks_for_one_number():
    with pytest.raises(ValueError, match=r'shape \[3\].*average="macro"'):
        tb.EarlyStopping().step(counted(tb.BinaryAUROC(rows=LABELS)).compute())


KINDS = {"labels": tb.Labels(3, NAMES), "groups": tb.Groups(3, NAMES)}


def collected(kind, samples=240, **options):
    """A collection of rows after a batch, and the scores and labels of each row."""
    draw = torch.Generator().manual_seed(3)
    preds = torch.rand(samples, 3, generator=draw).bfloat16().float()
    target = (torch.rand(samples, 3, generator=draw) < preds ** torch.tensor([0.2, 1.0, 3.0])).long()
    options = {"rows": KINDS[kind], "invalid": "drop"} | options
    metrics = tb.MetricCollection(
        auroc=tb.BinaryAUROC(**options),
        brier=tb.BinaryBrierScore(**options),
        mean=tb.BinaryBrierScore(**options, average="macro"),
    )
    ids = torch.arange(3).expand(samples, 3)
    weight = torch.rand(samples, 3, generator=draw) if options.get("weighted") else None
    metrics.update(preds, target, weight, **({"group": ids} if kind == "groups" else {}))
    return metrics, preds, target


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_a_line_for_each_row_that_says_what_its_own_report_says(kind):
    metrics, preds, target = collected(kind)
    report = metrics.report(draws=100)
    values = [roc_auc_score(target[:, k], preds[:, k]) for k in range(3)]
    assert list(report.by_row.lines) == [NAMES[k] for k in np.argsort(values)]
    assert report.by_row.kind == kind
    for k, name in enumerate(NAMES):
        alone = tb.MetricCollection(auroc=tb.BinaryAUROC(), brier=tb.BinaryBrierScore())
        alone.update(preds[:, k], target[:, k])
        own, line = alone.report(draws=100), report.by_row[name]
        assert (line.samples, line.positives) == (240, int(target[:, k].sum()))
        assert line["auroc"].value == pytest.approx(values[k], abs=1e-12)
        assert line["recall"].value == recall_score(target[:, k], preds[:, k] >= 0.5)
        for number in [*own.measures, *own.areas, "brier"]:
            assert line[number].value == pytest.approx(own[number].value, abs=1e-12), number
            assert line[number].bounds == own[number].bounds
            if number not in ("balanced accuracy", "mcc"):
                assert line[number].interval == pytest.approx(own[number].interval, abs=1e-9), number
            else:
                assert line[number].interval is None
    for number, mean in report.by_row.means.items():
        assert mean == pytest.approx(np.mean([line[number].value for line in report.by_row.lines.values()]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_rest_of_a_report_of_rows_is_of_all_together_and_has_intervals_where_samples_are_independent(kind):
    metrics, preds, target = collected(kind)
    together = tb.MetricCollection(auroc=tb.BinaryAUROC(), brier=tb.BinaryBrierScore())
    together.update(preds.reshape(-1), target.reshape(-1))
    found, expected = metrics.report(draws=100), together.report(draws=100)
    assert found.confusion == expected.confusion
    assert "mean" not in found.probabilities
    for number in [*expected.measures, *expected.areas, "brier"]:
        assert found[number].value == pytest.approx(expected[number].value, abs=1e-12)
        assert (found[number].interval is None) == (kind == "labels")
        if kind == "groups":
            assert found[number].interval == pytest.approx(expected[number].interval, abs=1e-9)
    assert found.best == expected.best


def test_a_report_is_sorted_by_the_measure_one_asks_for_and_refuses_others():
    metrics, _, _ = collected("groups")
    lines = metrics.report(by="precision", draws=100).by_row.lines
    assert [line["precision"].value for line in lines.values()] == sorted(line["precision"].value for line in lines.values())
    assert list(lines) != list(metrics.report(draws=100).by_row.lines)
    with pytest.raises(ValueError, match=r"by must be one of accuracy, .*average precision, got 'ap'"):
        metrics.report(by="ap")
    with pytest.raises(KeyError, match="the report has the rows"):
        metrics.report(draws=100).by_row["dog"]
    with pytest.raises(KeyError, match="a line has"):
        metrics.report(draws=100).by_row["ant"]["ap"]


def test_lines_of_a_report_show_themselves_as_tables_in_a_terminal_and_in_a_notebook():
    metrics, _, target = collected("labels")
    by_row = metrics.report(draws=100).by_row
    title, table = str(by_row).split("\n\n")
    assert title == "3 labels by auroc"
    assert [line.split()[0] for line in table.splitlines()[1:4]] == list(by_row.lines)
    title, table = str(by_row["ant"]).split("\n\n")
    assert title == f"240 samples, {int(target[:, 0].sum())} positive"
    shown = {" ".join(line.split("  ")[:1]): line.split() for line in table.splitlines()[1:]}
    assert list(shown) == list(by_row["ant"].numbers)
    assert f"{by_row['ant']['recall'].value:.4f}" in shown["recall"]
    for each in (by_row, by_row["ant"]):
        assert each._repr_html_().count("<tr") == str(each).count("\n") - 1
        assert "interval (sampling)" in str(each)


def test_an_undefined_row_stands_last_is_left_out_of_the_mean_and_named():
    metric = tb.BinaryAUROC(rows=tb.Groups(3, NAMES))
    preds = torch.tensor([0.875, 0.25, 0.125, 0.25] * 10 + [0.5, 0.5, 0.25])
    target = torch.tensor([1, 0, 0, 0] * 10 + [0, 0, 1])
    metric.update(preds, target, group=torch.tensor([0, 0, 2, 2] * 10 + [1, 1, 2]))
    report = tb.binary_report(metric.histogram, draws=100)
    assert list(report.by_row.lines) == ["cat", "ant", "bee"]
    assert math.isnan(report.by_row["bee"]["auroc"].value)
    assert report.by_row.means["auroc"] == pytest.approx((1 + 0.75) / 2)
    assert report.warnings[-2:] == (
        "no positive or no negative in 1 of 3 groups: bee.",
        "fewer than 10 positives or negatives in 1 of 3 groups: cat.",
    )


def test_wide_bounds_and_many_rows_are_told_in_short():
    metric = tb.BinaryAUROC(4, rows=tb.Groups(30))
    draw = torch.Generator().manual_seed(0)
    preds, group = torch.rand(3000, generator=draw), torch.arange(3000) % 30
    metric.update(preds, (torch.rand(3000, generator=draw) < preds).long(), group=group)
    report = tb.binary_report(metric.histogram, draws=100)
    worst = [*report.by_row.lines]
    assert f"bounds of auroc wider than 0.01 in 30 of 30 groups: {', '.join(worst[:5])} and 25 more." in report.warnings
    lines = str(report).splitlines()
    assert lines[0].startswith("3,000 samples in 30 groups, ")
    start = next(k for k, line in enumerate(lines) if line.startswith("worst groups first"))
    assert [line.split()[0] for line in lines[start + 1 : start + 21]] == worst[:20]
    assert lines[start + 21] == "10 more"
    assert lines[start + 22].startswith("mean of groups")
    low, high = metric.confidence_interval()
    k = int(worst[0])
    assert report.by_row[worst[0]]["auroc"].interval == (float(low[k]), float(high[k]))


def test_weighted_rows_have_the_intervals_of_their_metrics_in_a_report():
    metrics, _, _ = collected("labels", weighted=True)
    line = metrics.report(draws=100).by_row["ant"]
    low, high = metrics["auroc"].confidence_interval()
    assert line["auroc"].interval == (float(low[0]), float(high[0]))
    assert 0 < line.positives < line.samples < 240


def test_a_report_reads_a_threshold_off_the_counts_of_rows_that_have_it():
    metrics = counted(tb.MetricCollection(auroc=tb.BinaryAUROC(rows=LABELS), recall=tb.BinaryRecall(0.3, rows=LABELS)))
    report = metrics.report(0.3, draws=100)
    assert [report.by_row[name]["recall"].value for name in NAMES] == metrics.compute()["recall"].tolist()
    with pytest.raises(ValueError, match="lies on no edge"):
        metrics.report(0.7)
