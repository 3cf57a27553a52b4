"""The promises on speed and memory, judged by the figures in the CSV files: ``python -m benchmarks.bars``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.contenders.ours import NAMES as OURS
from benchmarks.rows import Row, read
from benchmarks.suites import bins, collection, compute, coverage, memory, rows as many, sync, update

HEAD = ("work", "bar", "measured", "")


@dataclass(frozen=True)
class Cell:
    """Where a figure stands; without a contender it is ours, the first kind that was measured."""

    suite: str
    case: str
    n: int
    contender: str = ""
    unit: str = "s"

    def figure(self, rows: Iterable[Row]) -> float | None:
        """The figure with 2 threads, or with the only number of threads there is; None if it was not measured."""
        here = [row for row in rows if (row.suite, row.case, row.n, row.unit) == (self.suite, self.case, self.n, self.unit)]
        here.sort(key=lambda row: -row.threads)
        for name in (self.contender,) if self.contender else OURS:
            found = [row.median for row in here if row.contender == name]
            if found:
                return found[0]
        return None


@dataclass(frozen=True)
class Bar:
    """``cell``, over ``other`` if there is one, may be at most ``limit``; or must be at least that."""

    work: str
    limit: float
    cell: Cell
    other: Cell | None = None
    at_least: bool = False

    def line(self, rows: Sequence[Row]) -> tuple[str, str, str, str]:
        """The bar as a line of a table."""
        bar = f"at {'least' if self.at_least else 'most'} {self.shown(self.limit)}"
        value, other = self.cell.figure(rows), self.other.figure(rows) if self.other else 1.0
        if value is None or other is None:
            return self.work, bar, "not measured", ""
        value /= other
        met = value >= self.limit if self.at_least else value <= self.limit
        return self.work, bar, self.shown(value), "met" if met else "**missed**"

    def shown(self, value: float) -> str:
        """A figure in its unit."""
        if self.other:
            return report.times(value)
        return report.shown(value, self.cell.unit)


def updated(n: int, contender: str = "", case: str = update.BATCH) -> Cell:
    """A figure of the suite update."""
    return Cell("update", case, n, contender)


def at_default(case: str) -> Cell:
    """A figure of the suite bins, at the default cuts."""
    return Cell("bins", case, bins.DEFAULT.bins)


def against(contender: str, limit: float) -> Bar:
    """How many times faster ours updates with 1e6 samples."""
    return Bar(f"update of 1e6: {contender} over ours", limit, updated(10**6, contender), updated(10**6), at_least=True)


HOT = Cell("collection", collection.HOT, 1024)
THEIRS = Cell("collection", collection.HOT, 1024, "torchmetrics")
LABELS = many.LABELS.format(many.MANY)
GROUPS = many.GROUPS.format(many.GROUPED)
BARS = (
    Bar("update of 1e7 over summing both tensors", 2.5, updated(10**7), updated(10**7, update.LIMIT)),
    Bar("the same, all scores equal", 3, updated(10**7, case=update.EQUAL), updated(10**7, update.LIMIT, update.EQUAL)),
    against("torchmetrics, 200", 200),
    against("torcheval, binned curve, 200", 20),
    against("Keras, 200", 25),
    against("boost-histogram, 1 thread", 3),
    against("boost-histogram, 2 threads", 3),
    Bar("collection of 8, batch of 1,024, hot", 15e-6, HOT),
    Bar("torchmetrics' collection of the same 8 over ours", 80, THEIRS, HOT, at_least=True),
    *(
        Bar(
            f"20 count metrics on shared cuts over 1, batch of {n:,}",
            1.2,
            Cell("collection", collection.GROWING.format(n), 20),
            Cell("collection", collection.GROWING.format(n), 1),
        )
        for n in (1024, 10**6)
    ),
    Bar("update of 1e6 with weights over without", 4, at_default(bins.WEIGHTS), at_default(bins.PLAIN)),
    Bar("log loss and Brier score, update of 1e6", 12e-3, at_default(bins.LOSSES)),
    Bar("AUROC and AP of 20,000 samples of 100 labels", 25e-3, Cell("rows", LABELS, 100, "ours")),
    Bar("their state", 64e6, Cell("rows", LABELS, 100, "ours", unit="B")),
    Bar(
        "1e6 samples in 1,000 groups over no groups",
        3,
        *(Cell("rows", GROUPS, 1_000, name) for name in ("ours", many.NO_GROUPS)),
    ),
    Bar("AUROC, AP and their bounds after 1e6 samples", 5e-3, Cell("compute", compute.BOUNDED, 10**6)),
    Bar("the same, every bin occupied", 15e-3, Cell("compute", compute.FULL_BINS, 10**6)),
    Bar("every named metric in one collection, compute after 1e6 samples", 50e-3, Cell("compute", compute.EVERY, 10**6)),
    Bar("1,000 bootstrap draws of AUROC, AP and F1, 2,000 bins", 1, Cell("coverage", coverage.SPEED, 2000, "ours, all three")),
    *(
        Bar(f"extra memory of an update of {n:,}", 4e6, Cell("memory", memory.EXTRA, n, unit="B"))
        for n in (10**5, 10**6, 10**7)
    ),
    Bar("collectives per collection, one to agree, 2 ranks", 2, Cell("sync", sync.CASE, 2, unit="collectives")),
    Bar("collectives per collection, one to agree, 4 ranks", 2, Cell("sync", sync.CASE, 4, unit="collectives")),
)


def lines(rows: Sequence[Row]) -> list[tuple[str, str, str, str]]:
    """All bars as lines of a table."""
    return [bar.line(rows) for bar in BARS]


def main() -> None:
    """Print the table for what was measured last."""
    folder = Path(__file__).parent / "results"
    rows = [row for path in sorted(folder.glob("*.csv")) for row in read(path)]
    print(*report.table(HEAD, lines(rows)), sep="\n")


if __name__ == "__main__":
    main()
