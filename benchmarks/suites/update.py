"""Update time against batch size, for everything that can give the area under the ROC curve.

All contenders are asked for the AUROC of the batch first: exact ones must agree with scikit-learn to 1e-5, ours to 1e-4, 200
bins to 3e-3 (four times that in batches under 10,000, where a tie weighs more). The yardstick is the limit for whoever looks at
every sample: the time torch takes to sum both tensors. boost-histogram, NumPy and scikit-learn keep to their own threads.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import data, plots, truth
from benchmarks.contenders import check, contenders, update_task
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads

ACROSS = "n"
LIMIT = "limit: sum of both tensors"
SIZES = (32, 256, 1024, 10**4, 10**5, 10**6, 10**7)
QUICK_SIZES = (32, 1024, 10**4)
BATCH = "one batch"
EQUAL = "all scores equal"


def measure(*, quick: bool) -> list[Row]:
    """Rows for each batch size, at 1e6 and 1e7 with 1 thread too."""
    plan = QUICK if quick else FULL
    rows = []
    for n in QUICK_SIZES if quick else SIZES:
        batch = data.usual(n)
        check(contenders("AUROC"), batch, {"auroc": truth.auroc(*batch)})
        for workers in (2, 1) if n >= 10**6 else (2,):
            rows += race_of(BATCH, batch, workers, plan)
    for n in QUICK_SIZES[-1:] if quick else SIZES[-2:]:
        rows += race_of(EQUAL, data.all_equal(n), 2, plan, "ours")
    return beside(sorted(rows, key=lambda row: (row.case == EQUAL, -row.threads)), LIMIT)


def race_of(case: str, batch: data.Batch, workers: int, plan: Plan, *libraries: str) -> list[Row]:
    """The contenders and the limit on one batch."""
    n = len(batch[0])
    rivals = contenders("AUROC", libraries) if libraries else contenders("AUROC")
    if libraries:
        check(rivals, batch, {"auroc": 0.5})
    tasks = [update_task(rival, batch) for rival in rivals if n <= rival.largest and rival.threads <= workers]
    if not libraries and n <= 10**6:
        tasks.append(Task("scikit-learn, roc_auc_score", lambda: truth.auroc(*batch)))
    tasks.append(Task(LIMIT, lambda: (batch[0].sum(), batch[1].sum())))
    with threads(workers):
        return timed(case, n, workers, race(tasks, plan))


def draw(rows: list[Row], folder: Path) -> None:
    """Time against batch size, and the same per sample."""
    figure, (whole, each) = plots.panels(2, "Update time against batch size, AUROC, 2 threads", width=6.4)
    shown = [row for row in rows if row.case == BATCH and row.threads == 2]
    plots.lines(whole, shown)
    plots.time_axis(whole.yaxis)
    whole.set(xlabel="samples in the batch", ylabel="time of one update")
    plots.lines(each, [scaled(row) for row in shown])
    plots.time_axis(each.yaxis)
    each.set(xlabel="samples in the batch", ylabel="time per sample")
    plots.legend(each)
    plots.save(figure, folder, "update")


def scaled(row: Row) -> Row:
    """The row per sample."""
    return Row(row.case, row.contender, row.n, row.threads, row.median / row.n, row.low / row.n, row.high / row.n)
