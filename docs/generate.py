"""``python -m docs.generate``: writes anew what the pages take from the code and from measurements."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from docs.coverage_table import coverage_table
from docs.cuts_table import errors_table, memory_table
from docs.metrics_table import metrics_table
from docs.what_happens_table import what_happens_table

ROOT = Path(__file__).parent.parent
#: The file and the name of the part -> its lines.
PARTS: dict[tuple[str, str], Callable[[], list[str]]] = {
    ("docs/metrics.md", "metrics"): metrics_table,
    ("docs/cuts.md", "memory"): memory_table,
    ("docs/cuts.md", "errors"): errors_table,
    ("docs/uncertainty.md", "coverage"): coverage_table,
    ("docs/distributed.md", "what happens when"): what_happens_table,
}


def renewed(file: str, part: str) -> str:
    """The text of a file, what stands between the marks of a part made anew; ValueError if there are no such marks."""
    begin, end = f"<!-- {part}: written by python -m docs.generate -->", f"<!-- end of {part} -->"
    old = (ROOT / file).read_text()
    if not (old.count(begin) == old.count(end) == 1):
        raise ValueError(f"expected {begin} and {end} once each in {file}")
    new = "\n".join([begin, *PARTS[file, part](), end])
    return re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _: new, old, flags=re.DOTALL)


def main() -> None:
    """Write all parts anew."""
    for file, part in PARTS:
        (ROOT / file).write_text(renewed(file, part))


if __name__ == "__main__":
    main()
