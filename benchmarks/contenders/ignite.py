"""ignite: F1 from its precision and recall, which want scores cut at 0.5 beforehand."""

from __future__ import annotations

import logging

from ignite.metrics import Precision, Recall
from torch import Tensor

from benchmarks.contenders import Accumulator, Contender

logging.getLogger("ignite").setLevel(logging.ERROR)


def f1() -> Accumulator:
    """F1 at 0.5."""
    precision, recall = Precision(), Recall()

    def update(preds: Tensor, target: Tensor) -> None:
        called = (preds >= 0.5).long(), target
        precision.update(called)
        recall.update(called)

    def reset() -> None:
        precision.reset()
        recall.reset()

    def compute() -> float:
        p, r = float(precision.compute()), float(recall.compute())
        return 2 * p * r / (p + r)

    return Accumulator(update, compute, lambda value: {"f1": value}, reset)


F1 = (Contender("ignite, Precision and Recall", f1),)
