"""Error of AUROC and AP against scikit-learn, and the largest error that our bounds leave possible, on scores that crowd.

1e6 samples of each distribution, as float32 and as bfloat16 (exact is what scikit-learn says of the scores as rounded). Here
the contenders' own errors are the result, so none is turned away; but every exact value must lie within our bounds. Peers
get sigmoid(logits) in float32 where scores are logits, ours the logits, and those that fail on bfloat16 get float32. Keras
interpolates its curve of precision and recall, which is not quite AP. n is the number of bins or thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

import torch_binmetrics as bm
from benchmarks import accuracy_plots, data, truth
from benchmarks.contenders import Contender, contenders, ours
from benchmarks.rows import Row, beside, figure

ACROSS = "contender"
ERROR, LIMIT = "error", "by its bounds at most"
DTYPES = (torch.float32, torch.bfloat16)
PEERS = ("torchmetrics", "torcheval", "keras")


def measure(*, quick: bool) -> list[Row]:
    """Rows of errors, and of the largest errors that our bounds leave possible."""
    rows: list[Row] = []
    for distribution in data.DISTRIBUTIONS:
        for dtype in DTYPES:
            preds, target = distribution.sample(10**4 if quick else 10**6, dtype)
            exact = truth.areas(preds, target)
            title = f"{distribution.name}, {str(dtype).removeprefix('torch.')}"
            for cuts in our_cuts(quick=quick):
                rows += our_rows(title, ours.areas(cuts, from_logits=distribution.from_logits), (preds, target), exact)
            peers_preds = preds.float().sigmoid() if distribution.from_logits else preds
            for rival in contenders("AREAS", PEERS):
                rows += peer_rows(title, rival, (peers_preds, target), exact)
    return beside(sorted(rows, key=lambda row: row.unit != ERROR))


def our_cuts(*, quick: bool) -> Iterator[bm.Cuts]:
    """From a hundred bins to a million."""
    yield from (bm.FloatBits(bits) for bits in ((16, 12) if quick else (16, *range(9, 16), 17, 18, 19)))
    yield from (bm.Uniform(1 << k) for k in ((10, 6) if quick else (10, 6, 8, 12, 14, 16, 18, 20)))
    yield bm.Edges(torch.linspace(0, 1, 200))


def named(cuts: bm.Cuts) -> str:
    """What plots, tables and the documentation call ours at such cuts, the default by its number of bits."""
    if isinstance(cuts, bm.FloatBits):
        return f"ours, FloatBits(bits={cuts.bits})"
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
    """What the tables show of the rows: the peers, and ours at the default cuts and two others, with the default's limit."""
    peers = [row for row in rows if not row.contender.startswith("ours") and row.unit == ERROR]
    found = []
    for name in ("ours, FloatBits(bits=16)", "ours, Uniform(n=1024)", "ours, Edges(linspace)"):
        found += [row for row in rows if row.contender == name and row.unit == ERROR]
    limits = [row for row in rows if row.contender == "ours, FloatBits(bits=16)" and row.unit == LIMIT]
    return [*found[: len(limits)], *(replace(row, contender=LIMIT) for row in limits), *found[len(limits) :], *peers]


def draw(rows: list[Row], folder: Path) -> None:
    """The picture that explains the project, and error against bins."""
    accuracy_plots.draw_overview(rows, folder)
    accuracy_plots.draw_bins(rows, folder)
