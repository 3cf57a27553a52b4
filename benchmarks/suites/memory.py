"""Peak extra memory of one update, each in a fresh process, and the size of the state after many.

The peak is that of the process's resident memory, after a small update first, so that imports and lazy set-up do not count;
the batch itself is not counted either. The answers of all contenders are checked as in the suite update. State is the bytes
of the tensors kept, after updates of 10,000 samples each; n is the number of samples.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import data, plots, truth
from benchmarks.contenders import Contender, check, contenders
from benchmarks.report import size
from benchmarks.rows import Row, beside, figure

ACROSS = "n"
EXTRA = "extra memory of one update"
STATE = "state"
SIZES = (10**5, 10**6, 10**7)
UPDATES = (1, 10, 100)
LIBRARIES = ("ours", "torchmetrics", "torcheval")
#: Each allocation of its own comes from the system and goes back there: what is freed is then seen to be free.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def measure(*, quick: bool) -> list[Row]:
    """Rows of the peaks and of the states."""
    rivals = [rival for rival in contenders("AUROC", LIBRARIES) if "unchecked" not in rival.name]
    batch = data.usual(10_000)
    check(rivals, batch, {"auroc": truth.auroc(*batch)})
    sizes = SIZES[:1] if quick else SIZES
    rows = [figure(EXTRA, rival.name, n, peak(rival, n), unit="B", threads=2) for rival in rivals for n in sizes]
    for rival in rivals:
        accumulator = rival.make()
        for k in range(1, max(UPDATES) + 1):
            # Fresh tensors each time, as in a loop: a peer that keeps what it is given keeps those.
            accumulator.update(*(tensor.clone() for tensor in batch))
            if k in UPDATES:
                bytes_ = sum(tensor.nbytes for tensor in accumulator.state())
                rows.append(figure(STATE, rival.name, k * len(batch[0]), bytes_, unit="B"))
    return beside(rows)


def peak(rival: Contender, n: int) -> int:
    """Bytes by which one update of n samples raises the peak of a fresh process."""
    return int(probe("benchmarks.probe", "AUROC", rival.library, rival.name, str(n)))


def probe(module: str, *arguments: str) -> str:
    """The last line that a module prints in a fresh process."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=os.environ | ALLOCATOR, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout.splitlines()[-1]


def draw(rows: list[Row], folder: Path) -> None:
    """Both against the number of samples."""
    chart, axes = plots.panels(2, "Memory of AUROC, by contender", width=6.2)
    for axis, case in zip(axes, (EXTRA, STATE), strict=True):
        # A logarithmic axis has no place for 0.
        shown = [figure(row.case, row.contender, row.n, max(row.median, 1000), unit="B") for row in rows if row.case == case]
        plots.lines(axis, shown)
        axis.yaxis.set_major_formatter(lambda value, _: size(value))
        axis.set_yticks([10**k for k in range(3, 10)])
        axis.minorticks_off()
        axis.set(xlabel="samples in the batch" if case == EXTRA else "samples so far", ylabel=f"{case} (bottom: 1 kB or less)")
    plots.legend(axes[1])
    plots.save(chart, folder, "memory")
