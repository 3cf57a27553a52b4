"""A synced compute of the eight metrics on two nodes, with a delay on the wire between them, one way, of n milliseconds (gloo).

The nodes are network namespaces of this machine; a process of its own carries each frame from one to the other, which takes
some time too, as the column of no delay shows. A bare all_reduce of as many bytes as ours sends is the yardstick: on two ranks
it crosses the wire twice, and ours once more, to agree. The collectives of the others cross it one after the other. After
`compute(async_op=True)` the next step begins once the ranks agreed, and the all_reduce runs beside it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import network, nodes, plots
from benchmarks.rows import Row, beside, timed
from benchmarks.timing import Spread

ACROSS = "n"
CASE = "synced compute of eight metrics on two nodes"
DELAYS = (0, 1, 5, 20)
PORT = 29_400


def measure(*, quick: bool) -> list[Row]:
    """Rows of times by delay, and of collectives and bytes."""
    if why := network.missing():
        raise ModuleNotFoundError(f"no network namespaces here: {why}")
    rows: list[Row] = []
    for delay in DELAYS[:2] if quick else DELAYS:
        found = run(delay / 1_000, 3 if quick else 11)
        rows += timed(CASE, delay, 1, {name: Spread(*each["seconds"]) for name, each in found.items()})
    return beside(rows, nodes.BARE)


def run(delay: float, rounds: int) -> dict[str, dict[str, Any]]:
    """What the first of two nodes found."""
    root = Path(__file__).parent.parent.parent
    with tempfile.TemporaryDirectory() as folder, network.Nodes(2, delay=delay) as pair:
        out = Path(folder) / "found.json"
        session = json.dumps([2, PORT, rounds, str(out), pair.addresses[0]])
        command = [sys.executable, "-m", "benchmarks.nodes"]
        environment = {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        logs = [Path(folder) / f"log-{rank}" for rank in range(2)]
        running = [pair.start(rank, [*command, str(rank), session], environment, logs[rank]) for rank in range(2)]
        if any(process.wait() for process in running):
            raise RuntimeError("\n".join(log.read_text() for log in logs))
        found: dict[str, dict[str, Any]] = json.loads(out.read_text())
        return found


def draw(rows: list[Row], folder: Path) -> None:
    """Time by delay."""
    chart, [axis] = plots.panels(1, "One synced compute of eight metrics, two nodes", width=7.5, height=4.2)
    plots.bars(axis, rows, [f"{row.contender}, {row.n} ms" for row in rows])
    axis.set(xlabel="time")
    plots.save(chart, folder, "nodes")
