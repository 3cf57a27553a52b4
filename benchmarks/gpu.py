"""``python -m benchmarks.gpu``: is the kernel right on this card, and how fast; without a card Triton's interpreter runs it.

It writes a page: correctness against the reference, GB/s beside a copy on the device, launches, replay of a CUDA graph, a
compiled step, what an update costs the host, peers.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

CARD = torch.cuda.is_available()
if not CARD:
    os.environ.setdefault("TRITON_INTERPRET", "1")

from torch_binmetrics import (  # noqa: E402
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryF1Score,
    BinaryMatthewsCorrCoef,
    BinaryPrecision,
    BinaryRecall,
    BinarySpecificity,
    Classes,
    Edges,
    FloatBits,
    Groups,
    Labels,
    Layout,
    MetricCollection,
    Threshold,
    Uniform,
)
from torch_binmetrics.counting import Dense, LogLoss, cuda, lookup, reference  # noqa: E402
from torch_binmetrics.counting.layout import fitting  # noqa: E402
from torch_binmetrics.counting.rows import Rows  # noqa: E402

DEVICE = torch.device("cuda" if CARD else "cpu")


def by_row(rows: Rows) -> list[Layout]:
    """The default layout of rows."""
    return [Layout(fitting(rows, 0), rows=rows, invalid="drop")]


LAYOUTS = {
    "areas": [Layout(FloatBits(), invalid="drop")],
    "areas, a threshold and bins": [Layout(cuts, invalid="drop") for cuts in (FloatBits(), Threshold(0.3), Uniform(1024))],
    "200 thresholds": [Layout(Edges(torch.linspace(0, 1, 200)), invalid="drop")],
    "weighted": [Layout(FloatBits(), weighted=True, invalid="drop")],
    "log loss": [Layout(FloatBits(), sums=(LogLoss(1e-7),), invalid="drop")],
    "100 labels": by_row(Labels(100)),
    "100 classes": by_row(Classes(100)),
    "1,000 groups": by_row(Groups(1000)),
}
SCORES: dict[str, Callable[[int], torch.Tensor]] = {
    "spread": lambda n: torch.sigmoid(torch.randn(n, device=DEVICE)),
    "all in one bin": lambda n: torch.full((n,), 0.5, device=DEVICE),
    "of a fresh network, bfloat16": lambda n: (0.5 + 0.005 * torch.randn(n, device=DEVICE)).bfloat16(),
    "near 0, float16": lambda n: (torch.rand(n, device=DEVICE) ** 8).half(),
}


class Batch(NamedTuple):
    """What an update takes."""

    preds: Tensor
    target: Tensor
    weight: Tensor | None = None
    group: Tensor | None = None

    def counted(self, count: Callable[..., Any], states: list[tuple[Layout, Tensor]]) -> Any:
        """What a way of counting returns for it."""
        return count(states, self.preds, self.target, self.weight, group=self.group)


def batch_of(scores: Tensor, layouts: list[Layout]) -> Batch:
    """Scores with one positive in three, and what else the layouts ask for."""
    rows, order = layouts[0].rows, torch.arange(len(scores), device=DEVICE)
    if isinstance(rows, Classes):
        return Batch(scores.view(-1, rows.n), order[: len(scores) // rows.n] % rows.n)
    labels = (order % 3 == 0).long()
    if isinstance(rows, Labels):
        return Batch(scores.view(-1, rows.n), labels.view(-1, rows.n))
    weight = torch.rand(len(scores), device=DEVICE) if any(layout.weighted for layout in layouts) else None
    return Batch(scores, labels, weight, order * 7919 % rows.n if isinstance(rows, Groups) else None)


def empty(layouts: list[Layout]) -> list[tuple[Layout, Tensor]]:
    """Empty states."""
    return [(layout, Dense(layout).empty(DEVICE)) for layout in layouts]


def is_right(layouts: list[Layout], batch: Batch) -> bool:
    """Whether the kernel counts what the reference counts: the same integers, sums up to their order."""
    found, expected = empty(layouts), empty(layouts)
    if not batch.counted(cuda.count, found):
        raise RuntimeError(f"the kernel did not count: {cuda.reason()}")
    batch.counted(reference.count, expected)
    for (layout, one), (_, other) in zip(found, expected, strict=True):
        exact = 0 if layout.weighted else layout.counted
        if not torch.equal(one[..., :exact], other[..., :exact]) or not torch.allclose(
            one, other, rtol=1e-9, atol=0, equal_nan=True
        ):
            return False
    return True


def milliseconds(run: Callable[[], object], turns: int = 20) -> float:
    """Median time of a call on the card, by its own clock."""
    for _ in range(3):
        run()
    times = []
    for _ in range(turns):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def speeds(samples: int) -> Iterator[str]:
    """Rows of GB/s: bytes of scores, labels, weights and ids over the time of an update, beside a copy of 256 MB."""
    block = torch.empty(1 << 28, dtype=torch.uint8, device=DEVICE)
    copied = 2 * block.numel() / milliseconds(block.clone) / 1e6
    yield f"A copy on the device reads and writes {copied:.0f} GB/s.\n"
    yield "| counted | scores | ms | ns a sample | GB/s | of a copy's |\n| --- | --- | ---: | ---: | ---: | ---: |"
    for name, layouts in LAYOUTS.items():
        for kind, scores in SCORES.items():
            batch, states = batch_of(scores(samples), layouts), empty(layouts)
            size = sum(part.nbytes for part in batch if part is not None)
            took = milliseconds(lambda batch=batch, states=states: batch.counted(cuda.count, states))
            rate = size / took / 1e6
            yield f"| {name} | {kind} | {took:.3f} | {took / samples * 1e6:.4f} | {rate:.0f} | {rate / copied:.2f} |"


def launches(update: Callable[[], object]) -> int:
    """Kernels that a call launches, by the profiler."""
    update()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        update()
        torch.cuda.synchronize()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profile.events())


def graphs_and_compilation(samples: int) -> Iterator[str]:
    """Whether an update replays in a CUDA graph, and counts the same in a compiled step."""
    preds, target, *_ = batch_of(SCORES["spread"](samples), LAYOUTS["areas"])
    metric, once = BinaryAUROC(), BinaryAUROC()
    once.update(preds, target)
    metric.update(preds, target)
    metric.reset()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        metric.update(preds, target)
    graph.replay()
    graph.replay()
    yield f"| replayed twice, a CUDA graph counts twice | {torch.equal(metric.histogram.state, 2 * once.histogram.state)} |"
    metric.reset()
    torch.compile(metric.update, fullgraph=True)(preds, target)
    yield f"| a compiled step counts the same | {torch.equal(metric.histogram.state, once.histogram.state)} |"


def by_the_host(update: Callable[[], object], turns: int = 200) -> float:
    """Microseconds until a call returns, while the card works."""
    update()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(turns):
        update()
    took = time.perf_counter() - begin
    torch.cuda.synchronize()
    return took / turns * 1e6


def updates() -> dict[str, Callable[[Tensor, Tensor], object] | None]:
    """Updates of ours and of those peers that are installed: one metric at 200 thresholds, then a collection of 8."""
    found: dict[str, Callable[[Tensor, Tensor], object] | None] = dict.fromkeys(
        ("AUROC at 200 thresholds: torch_binmetrics", "torchmetrics", "torcheval, its binned curve")
    )
    one = BinaryAUROC(torch.linspace(0, 1, 200))
    found["AUROC at 200 thresholds: torch_binmetrics"] = one.update
    rates = [BinaryAccuracy, BinaryPrecision, BinaryRecall, BinaryF1Score, BinarySpecificity, BinaryMatthewsCorrCoef]
    eight = MetricCollection([BinaryAUROC, BinaryAveragePrecision, *rates])
    try:
        import torchmetrics  # noqa: PLC0415
        from torchmetrics import classification as theirs  # noqa: PLC0415

        quick = {"validate_args": False}
        found["torchmetrics"] = theirs.BinaryAUROC(thresholds=200, **quick).to(DEVICE).update
        areas = [theirs.BinaryAUROC(thresholds=200, **quick), theirs.BinaryAveragePrecision(thresholds=200, **quick)]
        others = [getattr(theirs, rate.__name__)(**quick) for rate in rates]
        their_eight = torchmetrics.MetricCollection([*areas, *others]).to(DEVICE)
        their_eight.update(torch.rand(10, device=DEVICE), torch.ones(10, device=DEVICE).long())  # which forms its groups
        found["collection of 8: torchmetrics, 200 thresholds"] = their_eight.update
    except ImportError:
        pass
    try:
        from torcheval.metrics import BinaryBinnedPrecisionRecallCurve  # noqa: PLC0415

        found["torcheval, its binned curve"] = BinaryBinnedPrecisionRecallCurve(threshold=200, device=DEVICE).update
    except ImportError:
        pass
    found["collection of 8: torch_binmetrics, default cuts"] = eight.update
    states = empty([histogram.layout for histogram in eight.histograms])
    found["collection of 8: its counting without Triton"] = lambda preds, target: lookup.count(states, preds, target, None)
    return found


def peers(samples: int) -> Iterator[str]:
    """What an update costs: launches, milliseconds on the card, and microseconds of the host for a batch of 1,024."""
    preds, target, *_ = batch_of(SCORES["spread"](samples), LAYOUTS["areas"])
    small = preds[:1024].clone(), target[:1024].clone()
    for name, update in updates().items():
        if update is None:
            yield f"| {name} | not installed | | |"
            continue
        on_card = milliseconds(lambda update=update: update(preds, target))
        on_host = by_the_host(lambda update=update: update(*small))
        yield f"| {name} | {launches(lambda update=update: update(*small))} | {on_card:.3f} | {on_host:.1f} |"


def page(samples: int) -> Iterator[str]:
    """The lines of the page."""
    yield f"# {torch.cuda.get_device_name() if CARD else 'No card: the kernel as the interpreter runs it'}\n"
    yield f"{samples:,} samples, torch {torch.__version__}.\n\n| counted | scores | equals the reference |\n| --- | --- | --- |"
    for name, layouts in LAYOUTS.items():
        for kind, scores in SCORES.items():
            yield f"| {name} | {kind} | {is_right(layouts, batch_of(scores(samples), layouts))} |"
    if not CARD:
        yield "\nSpeed, launches, graphs and peers need a GPU."
        return
    yield ""
    yield from speeds(samples)
    yield "\n| | |\n| --- | --- |"
    yield from graphs_and_compilation(samples)
    yield f"\n| update | launches | ms, {samples:,} samples | host, µs, 1,024 samples |\n| --- | ---: | ---: | ---: |"
    yield from peers(samples)


def main() -> None:
    """Write the page, and show it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000_000 if CARD else 3_000)
    parser.add_argument("--page", type=Path, help="where to write the page as well")
    options = parser.parse_args()
    lines = list(page(options.samples))
    print("\n".join(lines))
    if options.page:
        options.page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
