"""Values whose counts are still being summed over the ranks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

T = TypeVar("T")


class Pending(Generic[T]):
    """What ``compute(async_op=True)`` gives: the counts of that moment are on their way, and :meth:`wait` gives the values.

    >>> from torch_binmetrics import BinaryRecall
    >>> metric = BinaryRecall()
    >>> pending = metric.compute(async_op=True)
    >>> metric.reset()
    >>> pending.wait()
    tensor(nan, dtype=torch.float64)
    """

    def __init__(self, value: Callable[[], T]) -> None:
        self._read = value

    def wait(self) -> T:
        """The values of the moment of ``compute``; waits for the other ranks, the first time.

        Raises:
            ValueError: invalid samples were counted on an accelerator.
            RuntimeError: a rank of the group died.
        """
        return self._value

    @cached_property
    def _value(self) -> T:
        return self._read()
