"""Collectives, bytes and time of one synced compute of the eight metrics, on 2 and 4 ranks (gloo, loopback, 1 thread each).

All ranks get the answer, which must be scikit-learn's over the samples of all ranks. torcheval has no specificity and no MCC:
it syncs accuracy, precision, recall, F1, a confusion matrix and a binned curve, from which the eight come. Collectives are
counted by wrapping torch.distributed; bytes are those that one rank hands over. Ours are two: 256 bytes to every rank, by
which all make sure that they count the same, and one all_reduce. n is the number of ranks; the yardstick is ours. With more
ranks than cores the times tell more of the scheduler than of anything else.
"""

from __future__ import annotations

import json
import socket
import tempfile
from pathlib import Path
from typing import Any, cast

from torch.multiprocessing.spawn import spawn

from benchmarks import plots, ranks
from benchmarks.rows import Row, beside, figure, timed
from benchmarks.timing import Spread

ACROSS = "n"
CASE = "synced compute of eight metrics"
WORLDS = (2, 4)
FIGURES = {"collectives": "collectives", "B": "bytes"}


def measure(*, quick: bool) -> list[Row]:
    """Rows of times, collectives and bytes."""
    rows = []
    for world in WORLDS[:1] if quick else WORLDS:
        for name, found in run(world, 3 if quick else 15).items():
            rows += timed(CASE, world, 1, {name: Spread(*found["seconds"])})
            rows += [figure(CASE, name, world, found[key], unit=unit) for unit, key in FIGURES.items()]
    return beside(sorted(rows, key=lambda row: ["s", *FIGURES].index(row.unit)), "ours")


def run(world: int, rounds: int) -> dict[str, dict[str, Any]]:
    """What rank 0 of so many processes found."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        session = ranks.Session(world, free.getsockname()[1], rounds, Path(folder) / "found.json")
        free.close()
        cast(Any, spawn)(ranks.work, (session,), nprocs=world)
        found: dict[str, dict[str, Any]] = json.loads(session.out.read_text())
        return found


def draw(rows: list[Row], folder: Path) -> None:
    """Collectives and time."""
    chart, axes = plots.panels(2, "One synced compute of eight metrics, gloo on loopback", width=5.6, height=3.2)
    for axis, unit, label in zip(axes, ("collectives", "s"), ("collectives", "time"), strict=True):
        shown = [row for row in rows if row.unit == unit]
        plots.bars(axis, shown, [f"{row.contender}, {row.n} ranks" for row in shown], times=unit == "s")
        axis.set(xlabel=label)
    plots.save(chart, folder, "sync")
