"""Docstrings of the named classes, derived from those of their measures, and words without the marks that only a site shows."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import torch

from torch_binmetrics import measures

ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
MEASURE = re.compile(r"Running :func:`~torch_binmetrics\.measures\.(\w+)`([^.]*)\.")
BOUNDS_OF = re.compile(r"(Its bounds|The bounds of its value) are those of ")
AS_FOR = re.compile(r"^    (\w+): as for :class:`~?(?:[\w.]*\.)?(\w+)`\.$", re.MULTILINE)
SOURCE_OF = re.compile(r"Source: as of ``(\w+)``[^.]*\.")
OPTIONS = "those of :class:`~torch_binmetrics.Metric`."


class Described:
    """The docstring of a class: as it stands, but for a named class put together with its measure's when someone asks for it.

    Args:
        declared: what stands in the class; in a named one its measure, and the arguments that it has beyond those of its base.
    """

    def __init__(self, declared: str) -> None:
        self.declared = inspect.cleandoc(declared)

    def __get__(self, metric: object, owner: type[Any]) -> str:
        return plain(self.text(owner))

    @property
    def measure(self) -> Callable[..., Any] | None:
        """The function that a named class runs."""
        found = MEASURE.match(self.declared)
        return getattr(measures, found[1]) if found else None

    def text(self, cls: type[Any]) -> str:
        """Formula, what else there is to know, arguments, errors and an example, with references."""
        if self.measure is None:
            return self.declared
        first, *others = (inspect.getdoc(self.measure) or "").split("\n\n")
        own = self.declared.split("\n\n")
        said = [part for part in own[1:] if not _is_section(part) and not BOUNDS_OF.match(part)]
        parts = [first, *_narrowed(own[0]), *(_with_source(part) for part in others if not _is_section(part)), *said]
        metric = cls(*_required(cls))
        parts += [] if any("exact" in part for part in said) else [_certainty(metric)]
        parts += [_section("Args:", cls, own), _section("Raises:", cls, own), _example(metric)]
        return "\n\n".join(part for part in parts if part)


def describe(cls: type[Any]) -> None:
    """Give a class of ours a docstring that stands on its own, and its methods words without marks."""
    doc = cls.__dict__.get("__doc__")
    if not doc or not cls.__module__.startswith("torch_binmetrics."):
        return
    cls.__doc__ = Described(doc)  # type: ignore[assignment]
    for member in vars(cls).values():
        if isinstance(member, property) or inspect.isfunction(member):
            member.__doc__ = member.__doc__ and plain(member.__doc__)


def plain(text: str) -> str:
    """A docstring as people read it in a terminal, names without the marks of references."""
    return ROLE.sub(r"\1", text)


def _is_section(part: str) -> bool:
    """Whether a paragraph is no prose."""
    return part.startswith(("Args:", "Returns:", "Raises:", ">>>"))


def _narrowed(first: str) -> list[str]:
    """What the class says of its measure besides naming it, as a sentence."""
    found = MEASURE.match(first)
    words = found[2].strip(" ,") if found else ""
    return [f"{words[0].upper()}{words[1:]}."] if words else []


def _with_source(part: str) -> str:
    """A paragraph that names its source itself, and not another function that does."""
    found = SOURCE_OF.search(part)
    if found is None:
        return part
    doc = " ".join((inspect.getdoc(getattr(measures, found[1])) or "").split())
    named = re.search(r"Source: .*?\(\d{4}\)", doc)
    return part.replace(found[0], f"{named[0]}.") if named else part


def _required(cls: type[Any]) -> list[float]:
    """Arguments for a class that cannot do without."""
    first = next(iter(inspect.signature(cls).parameters.values()))
    return [0.5] if first.default is first.empty else []


def _certainty(metric: Any) -> str:
    """How sure the value is of what the bins hide."""
    if metric.reading.exact:
        return "The value is exact, whatever the bins."
    if metric.reading.has_bounds:
        return "``bounds()`` gives the lowest and the highest value that the counts allow, for certain."
    return "It has no ``bounds()``: points are exact, and what lies between them is not known."


def _section(head: str, cls: type[Any], own: list[str]) -> str:
    """The arguments or the errors: of the class itself, or of the nearest base that names some."""
    docs = [own, *(_declared(base).split("\n\n") for base in cls.__mro__[1:])]
    found = next((part for doc in docs for part in doc if part.startswith(head)), "")
    found = AS_FOR.sub(lambda line: _argument(line[1], line[2], cls) or line[0], found)
    return found.replace(OPTIONS, f"{OPTIONS[:-1]}: from_logits, ignore_index, weighted, ...")


def _argument(name: str, owner: str, cls: type[Any]) -> str:
    """What another class says of an argument of that name, with its further lines."""
    other = next((base for base in cls.__mro__ if base.__name__ == owner), getattr(sys.modules[cls.__module__], owner, None))
    found = re.search(rf"^    {name}: .*(?:\n {{8,}}.*)*", _declared(other) if other else "", re.MULTILINE)
    return found[0] if found else ""


def _declared(cls: type[Any]) -> str:
    """What stands in a class of ours."""
    doc = vars(cls).get("__doc__")
    return doc.declared if isinstance(doc, Described) else ""


def _example(metric: Any) -> str:
    """Four samples, and what comes of them."""
    name, given = type(metric).__name__, ", ".join(map(str, _required(type(metric))))
    with torch.device("cpu"):
        metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    return "\n".join(
        [
            ">>> import torch",
            f">>> from torch_binmetrics import {name}",
            f">>> metric = {name}({given})",
            ">>> metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))",
            ">>> metric.compute()",
            repr(metric.compute(sync=False)),
        ]
    )
