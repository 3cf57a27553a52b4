"""torcheval: the binned curve that keeps counts, and the exact areas that keep every sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torcheval import metrics as te
from torcheval.metrics import toolkit

import torch_binmetrics as bm
from benchmarks.contenders import Accumulator, Contender


def accumulator(metric: Any, read: Callable[[Any], dict[str, float]]) -> Accumulator:
    """A metric."""
    return Accumulator(metric.update, metric.compute, read, metric.reset, lambda: tensors(metric))


def tensors(metric: Any) -> Iterable[Tensor]:
    """What it keeps."""
    states = [getattr(metric, name) for name in metric._state_name_to_default]
    return [part for state in states for part in (state if isinstance(state, list) else [state])]


def one(name: str, kind: Any, label: str, **limits: Any) -> Contender:
    """A contender that is one metric."""
    return Contender(label, lambda: accumulator(kind(), lambda value: {name: float(value)}), **limits)


def binned() -> Accumulator:
    """The binned curve; its areas are read off its counts, since its binned area classes keep every sample."""
    metric = te.BinaryBinnedPrecisionRecallCurve(threshold=200)
    return accumulator(metric, lambda curve: areas(metric))


def areas(metric: Any) -> dict[str, float]:
    """Both areas of a binned curve's counts."""
    positives, negatives = metric.num_tp[0] + metric.num_fn[0], metric.num_fp[0]
    confusion = bm.Confusion(metric.num_tp, metric.num_fp, negatives - metric.num_fp, positives - metric.num_tp)
    return {"auroc": float(bm.measures.auroc(confusion)), "ap": float(bm.measures.average_precision(confusion))}


def several() -> dict[str, Any]:
    """The eight scores by the metrics that it has: specificity and MCC come of the matrix, the areas of the curve."""
    return {
        "accuracy": te.BinaryAccuracy(),
        "precision": te.BinaryPrecision(),
        "recall": te.BinaryRecall(),
        "f1": te.BinaryF1Score(),
        "matrix": te.BinaryConfusionMatrix(),
        "curve": te.BinaryBinnedPrecisionRecallCurve(threshold=200),
    }


def synced() -> Accumulator:
    """The eight scores of all ranks, on every rank."""
    metrics = several()

    def update(preds: Tensor, target: Tensor) -> None:
        for metric in metrics.values():
            metric.update(preds, target)

    def compute() -> dict[str, Any]:
        return toolkit.sync_and_compute_collection(metrics)

    def reset() -> None:
        toolkit.reset_metrics(metrics.values())

    return Accumulator(update, compute, read_several, reset)


def read_several(values: dict[str, Any]) -> dict[str, float]:
    """The eight scores from what :func:`several` computes."""
    (tn, fp), (fn, tp) = values["matrix"].double()
    confusion = bm.Confusion(tp, fp, tn, fn)
    precision, recall, _ = values["curve"]
    positives = float(tp + fn)
    # Of the ROC curve it gives one axis; the other follows from precision: fp = tp / precision - tp.
    hits = recall[:-1].double() * positives
    alarms = (hits / precision[:-1].double() - hits).where(hits > 0, 0.0)
    along = bm.Confusion(hits, alarms, alarms[0] - alarms, positives - hits)
    return {
        **{name: float(values[name]) for name in ("accuracy", "precision", "recall", "f1")},
        "specificity": float(bm.measures.specificity(confusion)),
        "mcc": float(bm.measures.matthews_corrcoef(confusion)),
        "auroc": float(bm.measures.auroc(along)),
        "ap": float(bm.measures.average_precision(along)),
    }


BINNED = Contender("torcheval, binned curve, 200", binned, tolerance=3e-3)
AUROC = (BINNED, one("auroc", te.BinaryAUROC, "torcheval, exact", largest=10**6, grows=True))
AP = (one("ap", te.BinaryAUPRC, "torcheval, exact", largest=10**6, grows=True),)
F1 = (one("f1", te.BinaryF1Score, "torcheval"),)
AREAS = (BINNED,)
SYNCED = (Contender("torcheval", synced, tolerance=3e-3),)
