"""Rows for people: what logs, stops and draws a metric knows the rows by their names, or says what to pass instead."""

from __future__ import annotations

import importlib.util
import io
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.metrics import f1_score, recall_score, roc_auc_score

import torch_binmetrics as tb

NAMES = ["ant", "bee", "cat"]
LABELS = tb.Labels(3, NAMES)


def counted(metrics, samples=60, seed=0):
    """The same metrics after a batch of labels that the scores tell better from row to row."""
    draw = torch.Generator().manual_seed(seed)
    preds = torch.rand(samples, 3, generator=draw)
    target = torch.rand(samples, 3, generator=draw) < preds ** torch.tensor([0.2, 1.0, 3.0])
    metrics.update(preds, target.long())
    return metrics


@pytest.fixture
def plots():
    """The plots, none of which opens a window."""
    mpl = pytest.importorskip("matplotlib")
    with mpl.rc_context({"backend": "agg"}):
        yield importlib.import_module("torch_binmetrics.plots")


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


def test_a_row_of_a_snapshot_is_what_it_is_alone():
    metric = counted(tb.BinaryAUROC(rows=LABELS))
    snapshot = tb.Snapshot(metric.histogram)
    for k, name in enumerate(NAMES):
        assert torch.equal(snapshot.row(name).counts, snapshot.counts[k])
        assert snapshot.row(k).layout.rows is None
    assert snapshot.pooled.layout.rows is None
    with pytest.raises(KeyError, match=r"no row 'dog': expected one of \['ant'"):
        snapshot.row("dog")
    with pytest.raises(IndexError, match="these counts have no rows"):
        snapshot.row("ant").row("ant")


def test_early_stopping_asks_for_one_number():
    with pytest.raises(ValueError, match=r'shape \[3\].*average="macro"'):
        tb.EarlyStopping().step(counted(tb.BinaryAUROC(rows=LABELS)).compute())


@pytest.mark.parametrize("name", ["roc", "precision_recall", "det", "reliability", "scores", "confusion_matrix", "thresholds"])
def test_a_plot_of_one_row_is_not_drawn_of_many(plots, name):
    metric = counted(tb.BinaryBrierScore(rows=tb.Labels(3, NAMES)))
    with pytest.raises(ValueError, match=r"Labels\(3\).*row\('ant'\)"):
        getattr(plots, f"plot_{name}")(metric.histogram)


def test_logits_of_classes_are_those_of_their_softmax_probabilities():
    from torch_binmetrics.integrations.huggingface import _against_the_rest

    z = torch.randn(50, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 30
    z[0], z[1, :2] = 7.0, 90.0
    expected = [[row[k] - logsumexp(np.delete(row, k)) for k in range(6)] for row in z.numpy()]
    np.testing.assert_allclose(_against_the_rest(z), expected, rtol=1e-13, atol=1e-13)
    two = torch.tensor([[3.0, 1.0]])
    assert _against_the_rest(two).tolist() == [[2.0, -2.0]]


def test_a_multi_class_head_counts_one_against_the_rest_of_its_softmax():
    from torch_binmetrics.integrations.huggingface import ComputeMetrics, EvalPrediction

    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(300, 3, generator=draw) * torch.tensor([1.0, 3.0, 0.3]) + torch.randn(300, 1, generator=draw) * 5
    target = logits.softmax(-1).multinomial(1, generator=draw)[:, 0]
    rows = tb.Classes(3, NAMES)
    metrics = ComputeMetrics(tb.MetricCollection(auroc=tb.BinaryAUROC(tb.Exact(), rows=rows, from_logits=True)))
    found = metrics(EvalPrediction(logits.numpy(), target.numpy()))
    for k, name in enumerate(NAMES):
        expected = roc_auc_score(target == k, logits.double().softmax(-1)[:, k])
        assert math.isclose(found[f"auroc/{name}"], expected, abs_tol=1e-4)
        assert abs(roc_auc_score(target == k, logits[:, k]) - expected) > 0.02


def test_a_trainer_has_no_ids_of_groups():
    from torch_binmetrics.integrations.huggingface import ComputeMetrics

    with pytest.raises(ValueError, match="counts groups, whose ids a Trainer does not pass"):
        ComputeMetrics(tb.MetricCollection([tb.BinaryAUROC(rows=tb.Groups(2), from_logits=True)]))


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


def in_groups(n, samples=4000):
    """A batch of groups that are told better from one to the next, the last one without a positive."""
    draw = torch.Generator().manual_seed(5)
    group = torch.arange(samples) % n
    target = (torch.rand(samples, generator=draw) < 0.4) & (group < n - 1)
    preds = torch.sigmoid(torch.randn(samples, generator=draw) + target * (0.3 + 3 * group / n)).bfloat16()
    return {"preds": preds, "target": target, "group": group}


def of_groups(n):
    """Counts of such a batch."""
    metric = tb.BinaryAUROC(rows=tb.Groups(n))
    metric.update(**in_groups(n))
    return metric


def test_small_multiples_are_the_plots_of_the_worst_rows(plots):
    metric = of_groups(15)
    snapshot, values = tb.Snapshot(metric.histogram), metric.compute()
    figure = plots.plot_rows(metric.histogram)
    worst = values.nan_to_num(9).argsort().tolist()[:12]
    assert [ax.get_title() for ax in figure.axes] == [f"{k}: {values[k]:.4f}" for k in worst]
    assert figure.get_suptitle() == "the 12 worst of 15 groups, by auroc"
    for ax, k in zip(figure.axes, worst, strict=True):
        alone = plots.plot_roc(snapshot.row(k))
        [curve] = [line for line in alone.lines if str(line.get_label()).startswith("AUROC")]
        [drawn] = [line for line in ax.lines if str(line.get_label()).startswith("AUROC")]
        assert np.array_equal(drawn.get_xydata(), curve.get_xydata())
        assert len(drawn.axes.lines) < len(alone.lines)  # the marked thresholds are gone
        assert ax.get_legend() is None
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["AUROC", "chance"]
    figure.savefig(io.BytesIO(), dpi=20)


def test_small_multiples_take_any_plot_and_any_measure_and_all_rows_that_fit(plots):
    from torch_binmetrics.measures import average_precision

    metric = of_groups(4)
    figure = plots.plot_rows(metric.histogram, plots.plot_scores, by=average_precision)
    values = tb.BinaryAveragePrecision(rows=tb.Groups(4))
    values.histogram = metric.histogram
    order = values.compute().nan_to_num(9).argsort().tolist()
    assert [ax.get_title().split(":")[0] for ax in figure.axes] == list(map(str, order))
    assert figure.axes[-1].get_title() == "3: undefined"
    assert figure.get_suptitle() == "all 4 groups, by average precision"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["negatives", "positives"]
    undefined = plots.plot_rows(metric.histogram, at_most=4, level=0.9, draws=100).axes[-1]
    assert [text.get_text() for text in undefined.texts] == ["undefined: no positive"]
    matrices = plots.plot_rows(metric.histogram, plots.plot_confusion_matrix, at_most=1)
    assert not matrices.legends
    assert matrices.get_suptitle() == "the 1 worst of 4 groups, by auroc"


@pytest.mark.parametrize("at_most", [0, 13])
def test_more_rows_than_can_be_read_are_not_drawn_side_by_side(plots, at_most):
    with pytest.raises(ValueError, match="at_most must be from 1 to 12"):
        plots.plot_rows(of_groups(3).histogram, at_most=at_most)


def test_plots_of_rows_ask_for_rows(plots):
    for plot in (plots.plot_rows, plots.plot_heat_map):
        with pytest.raises(ValueError, match=r"these have none: build the metric with rows=Labels\(n\)"):
            plot(tb.BinaryAUROC().histogram)


@pytest.mark.parametrize("n", [3, 90])
def test_a_heat_map_shows_the_measure_of_every_row_at_every_threshold(plots, n):
    preds, target, group = (tensor.double().numpy() for tensor in in_groups(n).values())
    ax = plots.plot_heat_map(of_groups(n).histogram)
    [mesh] = [found for found in ax.collections if hasattr(found, "get_coordinates")]
    values = mesh.get_array().reshape(n, 100)
    best = [float(row.max()) for row in values]
    assert best[: n - 1] == sorted(best[: n - 1])
    edges = mesh.get_coordinates()[0, :, 0]
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert len(names) == (3 if n == 3 else 30)
    for line in range(0, n, 30):
        mine = group == int(names[line * len(names) // n])
        for column in (10, 50, 90):
            threshold = (edges[column] + edges[column + 1]) / 2
            expected = f1_score(target[mine], preds[mine] >= threshold, zero_division=0)
            assert values[line, column] == pytest.approx(expected)
    [dots] = ax.lines
    assert len(dots.get_xdata()) == n
    for x, y in dots.get_xydata():
        column = int(np.searchsorted(edges, x)) - 1
        assert values[int(y), column] == pytest.approx(best[int(y)])
    ax.get_figure().savefig(io.BytesIO(), dpi=20)


def test_a_heat_map_of_nothing_says_so(plots):
    ax = plots.plot_heat_map(tb.BinaryAUROC(rows=tb.Labels(2)).histogram)
    assert [text.get_text() for text in ax.texts] == ["undefined: nothing seen"]


def written(folder, metrics):
    """Scalars and tags that TensorBoard reads of an epoch."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    from torch_binmetrics.integrations.tensorboard import log_epoch

    with SummaryWriter(folder) as writer:
        values = log_epoch(writer, metrics, 0)
    events = EventAccumulator(str(folder), dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0))
    events.Reload()
    return values, {tag: events.Scalars(tag)[0].value for tag in events.Tags()["scalars"]}, events.Tags()


def test_an_epoch_of_few_rows_is_logged_row_by_row(plots, tmp_path):
    metrics = counted(tb.MetricCollection(auroc=tb.BinaryAUROC(rows=LABELS), best=tb.BinaryBestThreshold(rows=LABELS)))
    values, scalars, tags = written(tmp_path, metrics)
    assert values == tb.floats(metrics.compute(), metrics)
    assert scalars == {f"metrics/{name}": np.float32(value) for name, value in values.items()}
    assert tags["tensors"] == [f"pr_curve/{name}" for name in NAMES]
    assert tags["images"] == [f"plots/{name}" for name in ("roc", "precision_recall", "heat_map")]
    assert sorted(tags["histograms"]) == [f"scores/{name}/{kind}" for name in NAMES for kind in ("negatives", "positives")]


def test_an_epoch_of_many_rows_is_logged_as_quantiles(plots, tmp_path):
    metrics = tb.MetricCollection(auroc=tb.BinaryAUROC(rows=tb.Groups(30)))
    metrics.histograms[0].merge_state(of_groups(30).histogram)
    values, scalars, tags = written(tmp_path, metrics)
    areas = metrics.compute()["auroc"].numpy()
    assert len(values) == 30
    expected = dict(zip(["lowest", "quantile_10", "median", "quantile_90", "highest"], [0, 0.1, 0.5, 0.9, 1], strict=True))
    assert set(scalars) == {f"metrics/auroc/{name}" for name in expected}
    for name, share in expected.items():
        assert scalars[f"metrics/auroc/{name}"] == pytest.approx(np.nanquantile(areas, share), rel=1e-6)
    assert tags["tensors"] == ["pr_curve"]


def test_the_example_reads_digits_and_says_of_each_what_scikit_learn_says(plots, tmp_path, monkeypatch, capsys):
    path = Path(__file__).parents[1] / "examples" / "digits.py"
    spec = importlib.util.spec_from_file_location("digits", path)
    example = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(example)
    monkeypatch.setattr(sys, "argv", ["digits", "--epochs", "3", "--out", str(tmp_path)])
    example.main()
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("digit ") for line in lines) == 10
    for name in ("auroc", "ap"):
        ours, exact = map(float, lines[-2 if name == "auroc" else -1].split()[1:])
        assert 0.5 < ours == pytest.approx(exact, abs=1e-3)
    assert sorted(picture.name for picture in tmp_path.iterdir()) == ["heat_map.png", "precision_recall.png"]
