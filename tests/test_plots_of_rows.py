"""Plots of rows: the worst side by side, a heat map of all, what TensorBoard is given of them, and the digits that show it."""

import importlib.util
import io
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from named_rows import LABELS, NAMES, counted
from sklearn.metrics import f1_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

import torch_binmetrics as tb
from torch_binmetrics import plots
from torch_binmetrics.integrations.tensorboard import log_epoch
from torch_binmetrics.measures import average_precision


@pytest.fixture(autouse=True)
def _without_windows():
    with mpl.rc_context({"backend": "agg"}):
        yield


@pytest.mark.parametrize("name", ["roc", "precision_recall", "det", "reliability", "scores", "confusion_matrix", "thresholds"])
def test_a_plot_of_one_row_is_not_drawn_of_many(name):
    metric = counted(tb.BinaryBrierScore(rows=tb.Labels(3, NAMES)))
    with pytest.raises(ValueError, match=r"Labels\(3\).*row\('ant'\)"):
        getattr(plots, f"plot_{name}")(metric.histogram)


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


def test_small_multiples_are_the_plots_of_the_worst_rows():
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


def test_small_multiples_take_any_plot_and_any_measure_and_all_rows_that_fit():
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
def test_more_rows_than_can_be_read_are_not_drawn_side_by_side(at_most):
    with pytest.raises(ValueError, match="at_most must be from 1 to 12"):
        plots.plot_rows(of_groups(3).histogram, at_most=at_most)


def test_plots_of_rows_ask_for_rows():
    for plot in (plots.plot_rows, plots.plot_heat_map):
        with pytest.raises(ValueError, match=r"these have none: build the metric with rows=Labels\(n\)"):
            plot(tb.BinaryAUROC().histogram)


@pytest.mark.parametrize("n", [3, 90])
def test_a_heat_map_shows_the_measure_of_every_row_at_every_threshold(n):
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


def test_a_heat_map_of_nothing_says_so():
    ax = plots.plot_heat_map(tb.BinaryAUROC(rows=tb.Labels(2)).histogram)
    assert [text.get_text() for text in ax.texts] == ["undefined: nothing seen"]


def written(folder, metrics):
    """Scalars and tags that TensorBoard reads of an epoch."""
    with SummaryWriter(folder) as writer:
        values = log_epoch(writer, metrics, 0)
    events = EventAccumulator(str(folder), dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0))
    events.Reload()
    return values, {tag: events.Scalars(tag)[0].value for tag in events.Tags()["scalars"]}, events.Tags()


def test_an_epoch_of_few_rows_is_logged_row_by_row(tmp_path):
    metrics = counted(tb.MetricCollection(auroc=tb.BinaryAUROC(rows=LABELS), best=tb.BinaryBestThreshold(rows=LABELS)))
    values, scalars, tags = written(tmp_path, metrics)
    assert values == tb.floats(metrics.compute(), metrics)
    assert scalars == {f"metrics/{name}": np.float32(value) for name, value in values.items()}
    assert tags["tensors"] == [f"pr_curve/{name}" for name in NAMES]
    assert tags["images"] == [f"plots/{name}" for name in ("roc", "precision_recall", "heat_map")]
    assert sorted(tags["histograms"]) == [f"scores/{name}/{kind}" for name in NAMES for kind in ("negatives", "positives")]


def test_an_epoch_of_many_rows_is_logged_as_quantiles(tmp_path):
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


def test_the_example_reads_digits_and_says_of_each_what_scikit_learn_says(tmp_path, monkeypatch, capsys):
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
