# pyright: strict
"""A script as a user types it, which type checkers read too: values have the types that the docs say."""

from typing import Any, assert_type

import torch
from torch import Tensor

import torch_binmetrics as bm
from torch_binmetrics.measures import ROC, recall

PREDS, TARGET = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])


def logged(metrics: bm.MetricCollection) -> dict[str, float]:
    return bm.floats(metrics.compute())


def test_values_of_a_collection_of_numbers_are_tensors() -> None:
    listed = bm.MetricCollection([bm.BinaryAUROC, bm.BinaryRecall], prefix="val/", from_logits=True)
    listed.update(PREDS, TARGET)
    assert_type(listed.compute()["val/BinaryAUROC"], Tensor)
    assert_type(listed["val/BinaryAUROC"].compute(), Tensor)
    assert listed.compute()["val/BinaryAUROC"].item() == listed["val/BinaryAUROC"].compute().item() == 0.75
    named = bm.MetricCollection({"auroc": bm.BinaryAUROC(), "f1": bm.BinaryF1Score(0.3)}, prefix="val/")
    assert_type(named(PREDS, TARGET), dict[str, Tensor])
    assert_type(named.confidence_intervals(), dict[str, tuple[Tensor, Tensor]])
    assert_type(named.clone(prefix="train/"), bm.MetricCollection[Tensor])
    assert list(logged(named)) == ["val/auroc", "val/f1"]
    keywords = bm.MetricCollection(auroc=bm.BinaryAUROC(), recall=bm.BinaryRecall)
    assert_type(keywords["auroc"].compute(), Tensor)


def test_curves_and_points_among_numbers_leave_the_types_open() -> None:
    mixed = bm.MetricCollection({"auroc": bm.BinaryAUROC(), "roc": bm.BinaryROC(), "best": bm.BinaryBestThreshold()})
    assert_type(mixed, bm.MetricCollection[Any])
    assert list(logged(mixed)) == ["auroc", "best", "best_threshold"]
    assert_type(bm.MetricCollection(auroc=bm.BinaryAUROC, roc=bm.BinaryROC, from_logits=True), bm.MetricCollection[Any])


def test_a_metric_has_the_type_of_its_value() -> None:
    assert_type(bm.BinaryROC().compute(), ROC)
    assert_type(bm.BinaryBestThreshold().compute(), bm.OperatingPoint)
    assert_type(bm.BinaryAUROC().bounds(), tuple[Tensor, Tensor])
    assert_type(bm.Metric(recall, bm.Threshold(0.5)).compute(), Tensor)
    some: list[bm.Metric] = [bm.BinaryAUROC(), bm.BinaryROC()]
    assert [type(metric).__name__ for metric in some] == ["BinaryAUROC", "BinaryROC"]
