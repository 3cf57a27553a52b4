"""Arguments that have to be numbers or bools, checked once in one way."""

from __future__ import annotations

from numbers import Real


def number(name: str, value: object) -> float:
    """``value`` as a Python float, -0.0 as 0.0; TypeError unless it is a real number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a float, got {value!r} ({type(value).__name__}): pass a number such as 0.5")
    return float(value) + 0.0


def integer(name: str, value: object) -> None:
    """TypeError unless ``value`` is an int."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")


def boolean(name: str, value: object) -> None:
    """TypeError unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r} ({type(value).__name__})")


def fraction(name: str, value: object) -> None:
    """TypeError unless ``value`` is a real number, ValueError unless it is from 0 to 1."""
    if not 0 <= number(name, value) <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}: pass 0.9, say")
