"""Update time of one metric at a fixed threshold, F1, against batch size.

All contenders must give scikit-learn's F1 to 1e-5 first. The yardstick is ours.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import data, plots, truth
from benchmarks.contenders import check, contenders, ours, update_task
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import FULL, QUICK, race, threads

ACROSS = "n"
SIZES = (32, 256, 1024, 10**4, 10**5, 10**6, 10**7)
QUICK_SIZES = (32, 1024, 10**4)
CASE = "F1"


def measure(*, quick: bool) -> list[Row]:
    """Rows for each batch size."""
    rows = []
    for n in QUICK_SIZES if quick else SIZES:
        batch = data.usual(n)
        rivals = contenders("F1")
        check(rivals, batch, truth.f1(*batch))
        with threads(2):
            rows += timed(CASE, n, 2, race([update_task(rival, batch) for rival in rivals], QUICK if quick else FULL))
    return beside(rows, *ours.NAMES)


def draw(rows: list[Row], folder: Path) -> None:
    """Time against batch size."""
    figure, [axis] = plots.panels(1, "Update time of F1 against batch size, 2 threads", width=8)
    plots.lines(axis, rows)
    plots.time_axis(axis.yaxis)
    axis.set(xlabel="samples in the batch", ylabel="time of one update")
    plots.legend(axis)
    plots.save(figure, folder, "counts")
