"""Arguments that have to be of a kind, checked once in one way."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable
from numbers import Real
from typing import TypeVar

T = TypeVar("T")


def number(name: str, value: object) -> float:
    """``value`` as a Python float, -0.0 as 0.0; TypeError unless it is a real number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a float, got {value!r} ({type(value).__name__}): pass a number such as 0.5")
    try:
        return float(value) + 0.0
    except OverflowError:
        raise ValueError(f"{name} must fit a float, got {reprlib.repr(value)}: pass a number such as 0.5") from None


def integer(name: str, value: object) -> None:
    """TypeError unless ``value`` is an int."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")


def string(name: str, value: object) -> str:
    """``value``; TypeError unless it is a string."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r} ({type(value).__name__})")
    return value


def boolean(name: str, value: object) -> None:
    """TypeError unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r} ({type(value).__name__})")


def fraction(name: str, value: object) -> None:
    """TypeError unless ``value`` is a real number, ValueError unless it is from 0 to 1."""
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}: pass 0.9, say")


def nan_or_bit(name: str, value: object) -> float:
    """``value`` as a float; TypeError unless it is a real number, ValueError unless it is NaN, 0 or 1."""
    found = number(name, value)
    if not (math.isnan(found) or found in (0, 1)):
        raise ValueError(f"{name} must be NaN, 0 or 1, got {value}")
    return found


def one_or_many(given: T | Iterable[T], kind: type[T]) -> list[T]:
    """What was given as one or as many, as a list; TypeError unless all are of that kind."""
    many = list(given) if isinstance(given, Iterable) and not isinstance(given, kind | str) else [given]
    for one in many:
        if not isinstance(one, kind):
            raise TypeError(f"expected one {kind.__name__} or many, got {one!r} ({type(one).__name__})")
    return many


def summary(state: object) -> str:
    """What something is that was to be a state dict, for an error message."""
    return f"a dict with {sorted(map(str, state))}" if isinstance(state, dict) else type(state).__name__
