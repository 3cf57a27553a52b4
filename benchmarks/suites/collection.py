"""Update time of a collection: eight metrics on small batches, and from one to twenty metrics on shared cuts.

The eight are accuracy, precision, recall, specificity, F1, MCC, AUROC and AP, torchmetrics' areas at 200 thresholds, with its
compute groups on. All must agree with scikit-learn first (ours to 1e-3, theirs to 3e-3). "Hot" is one update after another;
"cold" has 32 MB of other memory traffic before each, as a training step has. The yardstick is ours; for the growing
collections it is the same library's single metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks import data, plots, truth
from benchmarks.contenders import check, contenders, load, ours, update_task
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads

ACROSS = "n"
SIZES = (32, 256, 1024)
HOT, COLD, GROWING = "eight metrics, hot", "eight metrics, cold", "k count metrics, batch of {:,}"
METRICS = (1, 2, 5, 10, 20)


def measure(*, quick: bool) -> list[Row]:
    """Rows of the eight, hot and cold, then of one to twenty."""
    plan = QUICK if quick else FULL
    # One call is a repetition there: the traffic must come between any two.
    single = replace(plan, repetition=0.0, rounds=plan.rounds * 7)
    rows: list[Row] = []
    with threads(2):
        for n in SIZES:
            rows += eight(data.usual(n), HOT, plan, None)
            rows += eight(data.usual(n), COLD, single, torch.zeros(8 << 20))
        rows = beside(sorted(rows, key=lambda row: row.case == COLD), *ours.NAMES)
        for n in (1024, 10**4) if quick else (1024, 10**6):
            rows += growing(n, plan)
    return rows


def eight(batch: data.Batch, case: str, plan: Plan, traffic: torch.Tensor | None) -> list[Row]:
    """The eight on one batch size, with traffic before each repetition if there is any."""
    rivals = contenders("EIGHT")
    large = data.usual(20_000)
    check(rivals, large, truth.eight(*large))
    tasks = [update_task(rival, batch) for rival in rivals]
    if traffic is not None:
        tasks = [replace(task, before=lambda: traffic.add_(1)) for task in tasks]
    return timed(case, len(batch[0]), 2, race(tasks, plan))


def growing(n: int, plan: Plan) -> list[Row]:
    """One to twenty metrics at 0.5; n of a row is the number of metrics."""
    batch, case = data.usual(n), GROWING.format(n)
    # All sizes in one race: their ratio is the point.
    tasks = [Task(f"{name}|{k}", partial(update, *batch)) for k in METRICS for name, update in updates(k).items()]
    rows = []
    for key, seconds in race(tasks, plan).items():
        name, _, k = key.partition("|")
        rows.append(Row(case, name, int(k), 2, *seconds))
    singles = {row.contender: row.median for row in rows if row.n == 1}
    return [replace(row, ratio=row.median / singles[row.contender], yardstick="the same with one metric") for row in rows]


def updates(k: int) -> dict[str, Callable[..., object]]:
    """What updates the first k metrics, by contender."""
    torchmetrics = load("torchmetrics")
    theirs = {"torchmetrics, unchecked": torchmetrics.first_counts(k).update} if torchmetrics else {}
    return ours.updates(ours.first_counts(k)) | theirs


def draw(rows: list[Row], folder: Path) -> None:
    """The eight at a batch of 1,024, and time against the number of metrics."""
    figure, (left, right) = plots.panels(2, "Update time of a collection, 2 threads", width=6.4)
    shown = [row for row in rows if row.case in (HOT, COLD) and row.n == 1024]
    plots.bars(left, shown, [f"{row.contender}, {row.case.rpartition(' ')[2]}" for row in shown])
    left.set(xlabel="time of one update", title="eight metrics, batch of 1,024")
    plots.lines(right, [row for row in rows if row.case == GROWING.format(1024)])
    plots.time_axis(right.yaxis)
    right.set_xticks(METRICS, METRICS)
    right.minorticks_off()
    right.set(xlabel="metrics at threshold 0.5", ylabel="time of one update", title="one to twenty, batch of 1,024")
    plots.legend(right)
    plots.save(figure, folder, "collection")
