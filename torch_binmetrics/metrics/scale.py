"""Scores that can be no probabilities, under a threshold that is one: said once, as far as the counts know."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot


@dataclass
class Scale:
    """Whether it was said of a metric or a collection; its read-only copies share this."""

    said: bool = False

    def check(self, read: Iterable[tuple[Reading[Any], Snapshot]], *, depth: int) -> None:
        """Warn, the first time, of scores outside [0, 1] where a threshold within is read; ``depth`` frames from the caller.

        The two bins of a threshold counted alone know nothing of it.
        """
        if self.said or not any(_has_probability(reading) and at.improbable > 0 for reading, at in read):
            return
        self.said = True
        warnings.warn(
            "scores outside [0, 1] were counted, and are compared with a threshold that is a probability (said once): if they "
            "are logits, pass from_logits=True when you build the metric; if percent, divide them by 100",
            UserWarning,
            stacklevel=depth + 2,
        )


def _has_probability(reading: Reading[Any]) -> bool:
    """Whether a threshold lies between 0 and 1; 0 is one of decision values, too."""
    at = reading.thresholds
    return at is not None and any(0 < each < 1 for each in (at if isinstance(at, tuple) else (at,)))
