"""Metrics in a training loop, and the seconds that the loop spends in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor

T = TypeVar("T")


class Clocked:
    """Metrics by the three names that the example calls, and the seconds spent in them."""

    def __init__(self, metrics: Any, floats: Callable[[Any], dict[str, float]]) -> None:
        self.metrics, self.floats, self.seconds = metrics, floats, 0.0

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch."""
        self._clock(lambda: self.metrics.update(preds, target))

    def reset(self) -> None:
        """Start an epoch."""
        self._clock(self.metrics.reset)

    def compute(self) -> dict[str, float]:
        """The scores as floats, for the log."""
        return self._clock(lambda: self.floats(self.metrics.compute()))

    def _clock(self, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        value = work()
        self.seconds += time.perf_counter() - start
        return value


class Several:
    """Any number of metrics as one; of none, nothing is asked."""

    def __init__(self, *metrics: Clocked) -> None:
        self.metrics = metrics

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch in all."""
        for metrics in self.metrics:
            metrics.update(preds.detach(), target)

    def reset(self) -> None:
        """Reset all."""
        for metrics in self.metrics:
            metrics.reset()
