"""Rows for people: what logs, stops and draws a metric knows the rows by their names, or says what to pass instead."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

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
def test_a_plot_of_one_row_is_not_drawn_of_many(name):
    plots = pytest.importorskip("torch_binmetrics.plots")
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
    from sklearn.metrics import roc_auc_score

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
