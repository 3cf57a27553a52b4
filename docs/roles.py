"""What griffe is told of our docstrings: their references become links, their doctests code, and what is exported is public."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from griffe import Alias, Class, Extension, Module, Object

import torch_binmetrics

ROLE = re.compile(r":\w+:`(?P<short>~?)(?P<path>[\w.]+)`")
LITERAL = re.compile(r"``([^`]+)``")
DOCTEST = re.compile(r"^>>> .*?(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)


class Roles(Extension):
    """Rewrites every docstring of the package as Markdown, and hides what no room hands on by its ``__init__``."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Called once, when all files are read."""
        rooms = [pkg, *(member for member in pkg.members.values() if isinstance(member, Module))]
        names = [member for room in rooms for member in room.members.values() if isinstance(member, Alias)]
        handed_on = {name.target_path for name in names}
        for name in names:
            if name.target_path.startswith(f"{pkg.name}."):
                name.resolve_target()  # which lets pages link to the name in the room
        for obj in _within(pkg):
            if obj.docstring:
                text = ROLE.sub(partial(_link, obj), LITERAL.sub(r"`\1`", _derived(obj) or obj.docstring.value))
                obj.docstring.value = DOCTEST.sub(lambda found: f"```pycon\n{found[0]}\n```", text)
            top = isinstance(obj.parent, Module) and not isinstance(obj, Module)
            if top and "integrations" not in obj.path:
                obj.public = obj.path in handed_on or obj.parent in rooms


def _derived(obj: Object) -> str | None:
    """What a named class makes of its docstring and of that of its measure."""
    if not isinstance(obj, Class) or not obj.name.startswith("Binary") or "integrations" in obj.path:
        return None
    cls = getattr(torch_binmetrics, obj.name)
    described = vars(cls)["__doc__"]
    return f"{described.text(cls)}\n\nSee also :func:`~torch_binmetrics.measures.{described.measure.__name__}`."


def _within(obj: Object) -> Iterator[Object]:
    """An object and all that are defined in it."""
    yield obj
    for member in obj.members.values():
        if isinstance(member, Object):
            yield from _within(member)


def _link(obj: Object, role: re.Match[str]) -> str:
    """A cross-reference, shown without its modules; a bare name is that of another member of the same class or module."""
    path, shown = role["path"], role["path"].rsplit(".", 1)[-1] if role["short"] else role["path"]
    home = obj if isinstance(obj, Class | Module) else obj.parent
    if home and "." not in path and path in home.all_members:
        path = home.all_members[path].canonical_path
    return f"[`{shown}`][{path}]"
