"""What happens when a rank dies, differs or comes back, as the first lines of the tests that play it say."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
#: Tests with real processes; those that tell what happens do so in two parts, divided by a bar.
FILES = ("test_lost_ranks.py", "multinode/test_nodes.py", "test_lone_rank.py", "distributed_workers.py")


def what_happens_table() -> list[str]:
    """Lines of Markdown: what happens, what then, and the test that plays it."""
    rows = ["| when | then | played by |", "| --- | --- | --- |"]
    for name in FILES:
        for node in ast.parse((TESTS / name).read_text()).body:
            said = " ".join((ast.get_docstring(node) or "").split()) if isinstance(node, ast.FunctionDef) else ""
            if isinstance(node, ast.FunctionDef) and " | " in said:
                when, then = said.split(" | ")
                rows.append(f"| {when} | {then} | `{node.name}` |")
    return ["", *rows, ""]
