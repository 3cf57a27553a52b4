"""A report as an object: every number accessible, text for a terminal, HTML for a notebook."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch_binmetrics.report.by_row import ByRow
from torch_binmetrics.report.numbers import ReportRow, number_table
from torch_binmetrics.report.tables import Table, as_html, as_text
from torch_binmetrics.wording import amount, short, value

Matrix = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Report:
    """What counts say of a classifier; ``str()`` and notebooks show it, and ``report["recall"]`` gives a row by name.

    Args:
        confusion: [[tn, fp], [fn, tp]] at the threshold, as scikit-learn orders it; sums of weights if those were counted.
        threshold: scores from here on are called positive.
        level: share of samples whose interval holds the population's value.
        measures: measures at the threshold.
        areas: areas over all thresholds.
        best: highest F1, Youden's J and Matthews correlation of all thresholds. As they were chosen on these samples, others
            do worse there.
        probabilities: measures of the probabilities, by the names that they have in the collection.
        warnings: where a number misleads.
        by_row: a line for each label, class or group, if these are counted apart; all else is then of all of them together,
            and of labels and classes without intervals, since those of one sample go together.
    """

    confusion: Matrix
    threshold: float
    level: float
    measures: Mapping[str, ReportRow]
    areas: Mapping[str, ReportRow]
    best: Mapping[str, ReportRow]
    probabilities: Mapping[str, ReportRow]
    warnings: tuple[str, ...]
    by_row: ByRow | None = None

    @property
    def samples(self) -> float:
        """Number of samples, or sum of weights."""
        return self.positives + self.negatives

    @property
    def positives(self) -> float:
        """Number of positives, or sum of their weights."""
        return sum(self.confusion[1])

    @property
    def negatives(self) -> float:
        """Number of negatives, or sum of their weights."""
        return sum(self.confusion[0])

    @property
    def prevalence(self) -> float:
        """Share of positives; NaN if nothing was seen."""
        return self.positives / self.samples if self.samples else math.nan

    def __getitem__(self, name: str) -> ReportRow:
        sections = (self.measures, self.areas, self.probabilities, {f"best {name}": row for name, row in self.best.items()})
        for section in sections:
            if name in section:
                return section[name]
        raise KeyError(f"{name!r}: the report has {[name for section in sections for name in section]}")

    def __str__(self) -> str:
        return as_text(self._title, self._tables(), self.warnings)

    def _repr_html_(self) -> str:
        return as_html(self._title, self._tables(), self.warnings)

    @property
    def _title(self) -> str:
        """Samples and prevalence in a line."""
        share = f": a prevalence of {100 * self.prevalence:.4g} %" if self.samples else ""
        rows = "" if self.by_row is None else f" in {len(self.by_row.lines):,} {self.by_row.kind}"
        return f"{amount(self.samples)} samples{rows}, {amount(self.positives)} positive{share}"

    def _tables(self) -> list[Table]:
        """What is shown, in order."""
        called = ["called negative", "called positive"]
        labels = ("label negative", "label positive")
        rows = [[label, *map(amount, row)] for label, row in zip(labels, self.confusion, strict=True)]
        shown = [] if self.by_row is None else [self.by_row.table(self.level)]
        shown.append(Table([f"threshold {self.threshold:g}", *called], rows))
        shown.append(number_table(f"at threshold {self.threshold:g}", self.measures, self.level))
        shown.append(number_table("over all thresholds", self.areas, self.level))
        if self.probabilities:
            shown.append(number_table("of the probabilities", self.probabilities, self.level))
        return [*shown, self._best_table()]

    def _best_table(self) -> Table:
        """Best thresholds, none where a value is undefined."""
        found = [(name, row.value, math.nan if row.threshold is None else row.threshold) for name, row in self.best.items()]
        rows = [[name, value(best), "" if math.isnan(at) else short(at)] for name, best, at in found]
        return Table(["best threshold by", "value", "threshold"], rows)
