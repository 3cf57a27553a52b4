"""What an oracle of the tests rests on: the library functions that it calls, and the file where a definition is written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

LIBRARIES = ("sklearn", "scipy", "statsmodels", "torchmetrics")


def oracle_name(oracle: Callable[..., Any]) -> str:
    """Dotted names of the library functions that a function calls, itself or by helpers, and files of written-out references.

    Read off the compiled functions, so that it cannot differ from what the tests run.
    """
    found, seen, left = dict[str, None](), set[int](), [oracle]
    while left:
        function = left.pop(0)
        if id(function) in seen or not isinstance(function, FunctionType):
            continue
        seen.add(id(function))
        if function.__module__.split(".")[0] in LIBRARIES:
            found[_public(function)] = None
        elif (path := Path(function.__code__.co_filename)).parent.name == "tests":
            found |= {} if path.stem == "oracles" else {f"tests/{path.name}": None}
            left += _neighbours(function)
    return ", ".join(f"`{name}`" for name in found or ["tests/oracles.py"])


def _neighbours(function: FunctionType) -> Iterator[Any]:
    """What a function refers to: in its closure, by global names, and as attributes of global modules."""
    for cell in function.__closure__ or ():
        held = cell.cell_contents
        yield from held.values() if isinstance(held, dict) else [held]
    names = list(_names(function.__code__))
    for value in (function.__globals__[name] for name in names if name in function.__globals__):
        if isinstance(value, ModuleType):
            yield from (vars(value)[name] for name in names if name in vars(value))
        else:
            yield value


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function and those inside of it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _public(function: FunctionType) -> str:
    """The dotted name by which users know a function: without the private modules in between."""
    modules = [part for part in function.__module__.split(".") if not part.startswith("_")]
    return ".".join([*modules, function.__name__])
