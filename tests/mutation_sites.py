"""Small changes of a file of Python or C, each of which a test should notice: operators, numbers, conditions, refusals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple


class Change(NamedTuple):
    """Characters of a text from start to end, and what takes their place."""

    start: int
    end: int
    new: str

    def applied(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    def line(self, text: str) -> str:
        """The line before and after."""
        number = text.count("\n", 0, self.start)
        return f"{text.splitlines()[number].strip()}  ->  {self.applied(text).splitlines()[number].strip()}"

    def shown(self, text: str) -> str:
        """The same with its number."""
        return f"{text.count(chr(10), 0, self.start) + 1}: {self.line(text)}"


BINARY = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
COMPARED = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
UNARY = {ast.USub: "-", ast.Not: "not ", ast.Invert: "~"}
PAIRS = [("min", "max"), ("minimum", "maximum"), ("amin", "amax"), ("any", "all"), ("floor", "ceil"), ("argmin", "argmax")]
SWAPPED = dict(PAIRS) | {other: one for one, other in PAIRS}


def python_changes(text: str) -> Iterator[Change]:
    """Those of a Python file; none of its annotations, docstrings and messages."""
    at = Places(text)
    tree = ast.parse(text)
    passed_over = {id(inner) for node in ast.walk(tree) for part in _said(node) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) not in passed_over:
            yield from _changes_of(node, at)


def _said(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that are read by people or type checkers, or state what never fails."""
    for name in ("annotation", "returns"):
        if part := getattr(node, name, None):
            yield part
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        yield node


class Places:
    """Where the nodes of a tree stand in its text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0, *accumulate(map(len, self.lines))]

    def start(self, node: ast.AST) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.AST) -> int:
        return self.at(node.end_lineno, node.end_col_offset)

    def at(self, line: int, column: int) -> int:
        """The character at a column, which a tree counts in bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def whole(self, node: ast.AST, new: str) -> Change:
        return Change(self.start(node), self.end(node), new)

    def between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Change:
        """An operator between two operands."""
        start = self.text.index(old, self.end(left), self.start(right))
        return Change(start, start + len(old), new)


def _changes_of(node: ast.AST, at: Places) -> Iterator[Change]:
    match node:
        case ast.BinOp() if type(node.op) in BINARY:
            yield at.between(node.left, node.right, *BINARY[type(node.op)])
        case ast.AugAssign() if type(node.op) in BINARY:
            yield at.between(node.target, node.value, *(f"{op}=" for op in BINARY[type(node.op)]))
        case ast.Compare():
            for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                yield at.between(left, right, *COMPARED[type(op)])
        case ast.BoolOp():
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            yield from (at.between(*pair, *words) for pair in pairwise(node.values))
        case ast.UnaryOp() if type(node.op) in UNARY:
            yield Change(at.start(node), at.start(node) + len(UNARY[type(node.op)]), "")
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield at.whole(node, "pass")
        case ast.Constant(value=bool() | int() | float()):
            yield at.whole(node, _other(node.value))
        case ast.keyword(arg=name) | ast.Attribute(attr=name) if name in SWAPPED:
            start = at.start(node) if isinstance(node, ast.keyword) else at.end(node) - len(name)
            yield Change(start, start + len(name), SWAPPED[name])
        case _:
            yield from (at.whole(test, f"not ({at.text[at.start(test) : at.end(test)]})") for test in _conditions(node))


def _other(value: float) -> str:
    """A number, or truth, that is another."""
    if isinstance(value, bool):
        return str(not value)
    return repr(value + 1 if isinstance(value, int) else value * 2 or 1.0)


def _conditions(node: ast.AST) -> list[ast.AST]:
    """What decides at a node."""
    return node.ifs if isinstance(node, ast.comprehension) else [node.test] if isinstance(node, ast.If | ast.IfExp) else []


def decorated(text: str, place: int) -> set[int]:
    """The lines of the function that is decorated at a place, or none."""
    line = text.count("\n", 0, place) + 1
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {
        i
        for node in functions
        if node.decorator_list and node.decorator_list[0].lineno <= line < node.lineno
        for i in range(node.lineno, node.end_lineno + 1)
    }


def statement(text: str, place: int) -> set[int]:
    """The lines of the innermost statement at a place; of one that holds others, those before the first of these."""
    line, found = text.count("\n", 0, place) + 1, range(0)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            inner = [each.lineno for each in getattr(node, "body", [])]
            lines = range(node.lineno, min(inner, default=node.end_lineno + 1))
            found = lines if line in lines else found
    return set(found)


IN_C = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "%": "/",
    "&": "|",
    "|": "&",
    "&&": "||",
    "||": "&&",
    "<<": ">>",
    ">>": "<<",
    "+=": "-=",
    "-=": "+=",
    "|=": "&=",
}
#: Comments, strings and lines of the preprocessor; operators between spaces; whole numbers; what is negated.
C_TOKENS = re.compile(
    r"""(?P<passed>/\*.*?\*/ | "[^"\n]*" | ^\#(?!define).*?$)
    | (?<=\ )(?P<op>[<>=!+\-*/%&|]{1,2})(?=\ )
    | (?<![\w.])(?P<number>\d+)(?![\w.])
    | (?<=[( ])(?P<no>!)(?=\w|\()""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def c_changes(text: str) -> Iterator[Change]:
    """Those of a C file in the style of ours: spaces around operators, none after the star of a pointer."""
    for found in C_TOKENS.finditer(text):
        if found["op"] in IN_C:
            yield Change(*found.span(), IN_C[found["op"]])
        elif found["number"]:
            yield Change(*found.span(), str(int(found["number"]) + 1))
        elif found["no"]:
            yield Change(*found.span(), "")
