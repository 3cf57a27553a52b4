"""Keras on torch: AUC at 200 uniform thresholds, its default, or at 10,000."""

from __future__ import annotations

import os

from torch import Tensor

os.environ.setdefault("KERAS_BACKEND", "torch")  # read when keras is imported
import keras

from benchmarks.contenders import Accumulator, Contender


def auc(thresholds: int) -> Accumulator:
    """Area under the ROC curve."""
    metric = keras.metrics.AUC(num_thresholds=thresholds)
    return Accumulator(
        lambda preds, target: metric.update_state(target, preds),
        metric.result,
        lambda value: {"auroc": float(value)},
        metric.reset_state,
        lambda: [variable.value for variable in metric.variables],
    )


def areas(thresholds: int) -> Accumulator:
    """Areas under both curves; the one under precision and recall it interpolates."""
    curves = {
        name: keras.metrics.AUC(num_thresholds=thresholds, curve=curve) for name, curve in (("auroc", "ROC"), ("ap", "PR"))
    }

    def update(preds: Tensor, target: Tensor) -> None:
        for curve in curves.values():
            curve.update_state(target, preds)

    return Accumulator(
        update,
        lambda: {name: curve.result() for name, curve in curves.items()},
        lambda values: {name: float(value) for name, value in values.items()},
        lambda: [curve.reset_state() for curve in curves.values()],
    )


AUROC = (Contender("Keras, 200", lambda: auc(200), tolerance=3e-3, largest=10**6),)
AREAS = (
    Contender("Keras, 200", lambda: areas(200), tolerance=3e-3),
    Contender("Keras, 10,000", lambda: areas(10_000), tolerance=3e-3),
)
