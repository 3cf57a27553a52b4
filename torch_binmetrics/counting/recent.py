"""Recent samples: what of the past a layout counts, if not all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch_binmetrics.checks import integer, number


@dataclass(frozen=True)
class Window:
    """The samples of the last so many updates, exactly: integer counts are taken off again.

    Each update is kept as the cells that it hit, 8 bytes each, or as its histogram where that is smaller; on accelerators,
    where to find these cells would make the host wait, always as its histogram.

    Args:
        updates: number of updates, 1 or more.

    Raises:
        TypeError, ValueError: another type or value.

    >>> import torch
    >>> from torch_binmetrics import BinaryAccuracy
    >>> accuracy = BinaryAccuracy(recent=Window(2))
    >>> for label in (0, 1, 1):
    ...     accuracy.update(torch.tensor([0.9]), torch.tensor([label]))
    >>> accuracy.compute()
    tensor(1., dtype=torch.float64)
    """

    updates: int

    def __post_init__(self) -> None:
        integer("updates", self.updates)
        if self.updates < 1:
            raise ValueError(f"updates must be at least 1, got {self.updates}: pass 100, say")


@dataclass(frozen=True)
class Decay:
    """All samples, each weighing half as much for every so many updates that came after its own; sums are float64.

    Args:
        half_life: number of updates, above 0.

    Raises:
        TypeError, ValueError: another type or value.

    >>> Decay(1).factor
    0.5
    """

    half_life: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "half_life", number("half_life", self.half_life))
        if not 0 < self.half_life < math.inf:
            raise ValueError(f"half_life must be a number of updates above 0, got {self.half_life}: pass 1000, say")

    @property
    def factor(self) -> float:
        """What an update leaves of the weight of those before it."""
        return math.exp2(-1 / self.half_life)


Recent = Window | Decay
