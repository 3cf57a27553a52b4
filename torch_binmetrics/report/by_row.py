"""A report by row as an object: a line for each label, class or group, the worst first, and their mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch_binmetrics.report.numbers import ReportRow, number_table, sampling
from torch_binmetrics.report.tables import Table, as_html, as_text
from torch_binmetrics.wording import amount, ends, value

#: Lines that text and notebooks show; all are in the report.
SHOWN = 20
#: What they show beside the measure by which they are sorted.
BESIDE = ("precision", "recall", "f1")


@dataclass(frozen=True)
class ReportLine:
    """What counts say of one row; ``line["recall"]`` gives a number by name, and ``str()`` and notebooks show all.

    Args:
        samples: number of samples, or sum of weights.
        positives: number of positives, likewise.
        numbers: measures at the threshold, areas and means of losses by the names that a report has for them. Those whose
            interval takes a bootstrap have none here.
    """

    samples: float
    positives: float
    numbers: Mapping[str, ReportRow]

    def __getitem__(self, name: str) -> ReportRow:
        if name not in self.numbers:
            raise KeyError(f"{name!r}: a line has {list(self.numbers)}")
        return self.numbers[name]

    def __str__(self) -> str:
        return as_text(self._title, [number_table("", self.numbers)], ())

    def _repr_html_(self) -> str:
        return as_html(self._title, [number_table("", self.numbers)], ())

    @property
    def _title(self) -> str:
        """How much was counted, in a line."""
        return f"{amount(self.samples)} samples, {amount(self.positives)} positive"


@dataclass(frozen=True)
class ByRow:
    """What counts say of each row; ``by_row["ant"]`` gives a line by name, and ``str()`` and notebooks show the worst.

    Every interval is that of its own row: the worst of many rows was chosen, so it looks worse here than it is.

    Args:
        kind: "labels", "classes" or "groups".
        by: the measure by which lines are sorted.
        lines: by the name of the row, the lowest value first and undefined ones last.
        means: of every number, over the rows where it is defined; NaN if there is none.
    """

    kind: str
    by: str
    lines: Mapping[str, ReportLine]
    means: Mapping[str, float]

    def __getitem__(self, row: str) -> ReportLine:
        if row not in self.lines:
            raise KeyError(f"{row!r}: the report has the rows {list(self.lines)}")
        return self.lines[row]

    def __str__(self) -> str:
        return as_text(self._title, [self.table()], ())

    def _repr_html_(self) -> str:
        return as_html(self._title, [self.table()], ())

    @property
    def _title(self) -> str:
        """How many lines there are."""
        return f"{len(self.lines):,} {self.kind} by {self.by}"

    def table(self, level: float | None = None) -> Table:
        """The worst lines, how many there are besides, and the mean; the level of the intervals is told if it is known."""
        beside = [name for name in BESIDE if name != self.by]
        head = [f"worst {self.kind} first", "samples", "positives", self.by, "bounds (binning)"]
        rows = [self._words(name, line, beside) for name, line in list(self.lines.items())[:SHOWN]]
        if len(self.lines) > SHOWN:
            rows.append([f"{len(self.lines) - SHOWN:,} more", *[""] * (len(head) + len(beside))])
        means = [value(self.means.get(name, math.nan)) for name in (self.by, *beside)]
        rows.append([f"mean of {self.kind}", "", "", means[0], "", "", *means[1:]])
        return Table([*head, sampling(level), *beside], rows)

    def _words(self, name: str, line: ReportLine, beside: list[str]) -> list[str]:
        """One line in words."""
        by = line[self.by]
        sizes = [amount(line.samples), amount(line.positives)]
        return [
            name,
            *sizes,
            value(by.value),
            ends(by.bounds),
            ends(by.interval),
            *(value(line[each].value) for each in beside),
        ]
