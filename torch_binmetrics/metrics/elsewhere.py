"""What is called otherwise elsewhere: errors that name ours to those who type what they know."""

from __future__ import annotations

from typing import Any

#: A keyword, attribute or method of torchmetrics, Keras or scikit-learn -> what to write here.
HERE = {
    "add_metrics": "a collection is built once, of all its metrics: MetricCollection([BinaryAUROC, BinaryF1Score])",
    "compute_groups": "leave it out: equal cuts and options share counts, whatever the data",
    "cpu": "write to('cpu')",
    "cuda": "write to('cuda'), or nothing: counts follow the data",
    "curve": "each curve has a class of its own, BinaryAUROC and BinaryAveragePrecision",
    "dist_sync_on_step": "leave it out: calling a metric gives the value of the batch, of this rank",
    "forward": "call the metric, metric(preds, target)",
    "num_classes": "write rows=Classes(n)",
    "num_labels": "write rows=Labels(n)",
    "num_thresholds": "write cuts=1024 for so many equal bins; the default is finer where scores crowd",
    "plot": "pass it to a function of torch_binmetrics.plots, plot_roc say",
    "postfix": "a collection has a prefix; a dict gives metrics any names",
    "reset_state": "write reset()",
    "reset_states": "write reset()",
    "result": "write compute()",
    "sample_weight": "a function takes weight=, and a class weighted=True and then update(preds, target, weight)",
    "summation_method": "bounds() gives the lower and the upper area",
    "sync_on_compute": "write compute(sync=False) where you compute",
    "task": "leave it out: for labels and classes write rows=Labels(n) or rows=Classes(n)",
    "thresholds": "write cuts=[0.1, 0.5] for areas and curves, threshold=[0.1, 0.5] for values at a threshold",
    "update_state": "write update(preds, target, weight): scores first, then labels, then weights if weighted=True",
    "validate_args": "inputs are always checked; invalid='drop' leaves invalid samples out instead of raising",
}


def missing(owner: object, name: str) -> Any:
    """What Python makes of an attribute that it did not find, unless we know what was meant: AttributeError, as a rule."""
    if name in HERE:
        raise AttributeError(f"{type(owner).__name__} has no {name!r}: {HERE[name]}", name=name, obj=owner)
    return object.__getattribute__(owner, name)
