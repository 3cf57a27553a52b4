"""Peak extra memory of a Hugging Face Trainer's evaluate(), each in a fresh process.

A token head of two logits over rows of 128 words, 256 rows a batch, the data made as it is asked for. Ours counts each batch,
with batch_eval_metrics=True; else the Trainer keeps all logits and labels and hands them over at the end, to scikit-learn say.
The peak is that of the process's resident memory, after a small evaluation. AUROC must be scikit-learn's to 1e-3; n is the
number of labels; the yardstick is ours.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path

from benchmarks import plots
from benchmarks.report import size
from benchmarks.rows import Row, beside, figure
from benchmarks.suites.memory import probe

ACROSS = "n"
CASE = "extra memory of an evaluation"
ROWS = (1_000, 5_000, 20_000)


def measure(*, quick: bool) -> list[Row]:
    """Rows of the peaks."""
    streams = import_module("benchmarks.trainer_probe")  # only here, so that a missing transformers leaves out this suite alone
    found = []
    for rows in ROWS[:1] if quick else ROWS:
        answers = {}
        for name in streams.STREAMS:
            answer, bytes_ = probe("benchmarks.trainer_probe", name, str(rows)).split()
            answers[name] = float(answer)
            found.append(figure(CASE, name, rows * streams.TOKENS, int(bytes_), unit="B", threads=2))
        if not math.isclose(answers["ours"], answers["scikit-learn"], abs_tol=1e-3):
            raise AssertionError(f"the answers differ: {answers}")
    return beside(found, "ours")


def draw(rows: list[Row], folder: Path) -> None:
    """Against the number of labels."""
    chart, [axis] = plots.panels(1, "Memory of a Trainer's evaluate()", width=7.4)
    plots.lines(axis, rows)
    axis.yaxis.set_major_formatter(lambda value, _: size(value))
    sizes = sorted({row.n for row in rows})
    axis.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axis.minorticks_off()
    axis.set(xlabel="labels", ylabel=CASE)
    plots.legend(axis)
    plots.save(chart, folder, "trainer")
