"""What people hold besides tensors - lists, arrays, columns of a table - as tensors, without an import of theirs."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class SupportsArray(Protocol):
    """What can become an array: one of NumPy, a column of pandas or polars."""

    def __array__(self) -> Any:
        """The array."""


def tensor_of(name: str, given: Any, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """What was given as a tensor; of an array without a copy where torch can share its memory.

    Args:
        name: of the argument, for errors.
        given: a tensor, which stays as it is, an array or whatever can become one, or nested lists of numbers.
        device: of the tensor, unless one was given.
        dtype: of numbers that came without one, in lists.

    Raises:
        TypeError: these are no numbers, or of a type that torch does not know.

    >>> tensor_of("preds", [0.5, 1], dtype=torch.float64)
    tensor([0.5000, 1.0000], dtype=torch.float64)
    """
    if isinstance(given, Tensor):
        return given
    try:
        if not hasattr(given, "__array__"):
            return torch.as_tensor(given, dtype=dtype, device=device)
        array = given.__array__()
        shared = array.flags.writeable and min(array.strides, default=0) >= 0
        return torch.as_tensor(array if shared else array.copy(), device=device)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise TypeError(
            f"{name} must hold numbers - a tensor, a list or an array - got {type(given).__name__}: {error}"
        ) from None
