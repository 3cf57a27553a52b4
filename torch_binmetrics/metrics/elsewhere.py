"""What is called otherwise elsewhere: errors that name ours to those who type what they know."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Never

#: A keyword, attribute or method of torchmetrics, Keras or scikit-learn -> what to write here.
HERE = {
    "add": "a collection is built once, of all its metrics: MetricCollection([BinaryAUROC, BinaryF1Score])",
    "add_metrics": "a collection is built once, of all its metrics: MetricCollection([BinaryAUROC, BinaryF1Score])",
    "class_id": "write rows=Classes(n), which gives each class, or update with the scores of that one",
    "compute_groups": "leave it out: equal cuts and options share counts, whatever the data",
    "cpu": "write to('cpu')",
    "cuda": "write to('cuda'), or nothing: counts follow the data",
    "curve": "each curve has a class of its own, BinaryAUROC and BinaryAveragePrecision",
    "dist_sync_on_step": "leave it out: calling a metric gives the value of the batch, of this rank",
    "dtype": "leave it out: counts are int64 and values float64",
    "eval": "leave it out: a metric is no module, and counts when it is updated",
    "false_negatives": "write fn",
    "false_positives": "write fp",
    "forward": "call the metric, metric(preds, target)",
    "multi_label": "write rows=Labels(n)",
    "multidim_average": "write rows=Labels(n), or compute each sample alone",
    "name": "names stand in the collection: MetricCollection({'auc': BinaryAUROC()})",
    "num_classes": "write rows=Classes(n)",
    "num_groups": "write rows=Groups(n)",
    "num_labels": "write rows=Labels(n)",
    "num_tasks": "write rows=Labels(n)",
    "num_thresholds": "write cuts=1024 for so many equal bins; the default is finer where scores crowd",
    "plot": "pass it to a function of torch_binmetrics.plots, plot_roc say",
    "pos_label": "labels are 0 and 1: write target == label",
    "postfix": "a collection has a prefix; a dict gives metrics any names",
    "reset_state": "write reset()",
    "reset_states": "write reset()",
    "result": "write compute()",
    "sample_weight": "a function takes weight=, and a class weighted=True and then update(preds, target, weight)",
    "summation_method": "bounds() gives the lower and the upper area",
    "sync_on_compute": "write compute(sync=False) where you compute",
    "task": "leave it out: for labels and classes write rows=Labels(n) or rows=Classes(n)",
    "thresholds": "write cuts=[0.1, 0.5] for areas and curves, threshold=[0.1, 0.5] for values at a threshold",
    "top_k": "count (preds.topk(k).indices == target[:, None]).any(-1) by BinaryAccuracy",
    "train": "leave it out: a metric is no module, and counts when it is updated",
    "true_negatives": "write tn",
    "true_positives": "write tp",
    "update_state": "write update(preds, target, weight): scores first, then labels, then weights if weighted=True",
    "validate_args": "inputs are always checked; invalid='drop' leaves invalid samples out instead of raising",
}


#: A class of torchmetrics, torcheval or Keras -> the class here, where that is not its name after "Binary".
CLASSES = {
    "AP": "BinaryAveragePrecision",
    "AUC": "BinaryAUROC, or BinaryAveragePrecision for precision and recall",
    "AUPRC": "BinaryAveragePrecision",
    "BinaryAUPRC": "BinaryAveragePrecision",
    "BinaryBinnedAUROC": "BinaryAUROC(cuts=...)",
    "BinaryCrossentropy": "BinaryLogLoss",
    "BinaryF1": "BinaryF1Score",
    "BinaryFairness": "BinaryPredictedPositiveRate(rows=Groups(n), average='ratio') and the like",
    "BinaryGroupStatRates": "BinaryStatScores(rows=Groups(n))",
    "F1": "BinaryF1Score",
    "FalseNegatives": "BinaryStatScores",
    "FalsePositives": "BinaryStatScores",
    "MCC": "BinaryMatthewsCorrCoef",
    "PrecisionAtRecall": "BinaryPrecisionAtFixedRecall",
    "RecallAtPrecision": "BinaryRecallAtFixedPrecision",
    "TrueNegatives": "BinaryStatScores",
    "TruePositives": "BinaryStatScores",
}
#: How names begin that stand in a module of their own -> where.
ROOMS = {
    "Multiclass": "from torch_binmetrics.multi, or write rows=Classes(n)",
    "Multilabel": "from torch_binmetrics.multi, or write rows=Labels(n)",
    "binary_": "from torch_binmetrics.functional",
    "log_epoch": "from torch_binmetrics.integrations.tensorboard",
    "plot_": "from torch_binmetrics.plots",
}


def absent(name: str) -> Never:
    """AttributeError for a name that the front door does not have, with where it is or what it is called here."""
    front_door: Any = sys.modules["torch_binmetrics"]
    room = next((told for start, told in ROOMS.items() if name.startswith(start)), None)
    found = CLASSES.get(name) or (f"Binary{name}" if f"Binary{name}" in front_door.__all__ else None)
    said = (room and f": import it {room}") or (found and f": write {found}") or ""
    raise AttributeError(f"module 'torch_binmetrics' has no attribute {name!r}{said}", name=name, obj=front_door)


def refuse(call: str, unknown: Iterable[str]) -> None:
    """Raise TypeError for keywords that a method does not take, with what was meant, if there are any."""
    if unknown:
        said = "; ".join(f"{name!r}: {HERE[name]}" if name in HERE else repr(name) for name in unknown)
        raise TypeError(f"{call}() takes preds, target, weight and group=, and no argument {said}")


def missing(owner: object, name: str) -> Any:
    """What Python makes of an attribute that it did not find, unless we know what was meant: AttributeError, as a rule."""
    if name in HERE:
        raise AttributeError(f"{type(owner).__name__} has no {name!r}: {HERE[name]}", name=name, obj=owner)
    return object.__getattribute__(owner, name)
