"""``python -m benchmarks.gpu``: is the kernel right on this card, and how fast; without a card Triton's interpreter runs it.

It writes a page: correctness against the reference, GB/s beside a copy on the device, launches, replay of a CUDA graph, a
compiled step, peers.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

CARD = torch.cuda.is_available()
if not CARD:
    os.environ.setdefault("TRITON_INTERPRET", "1")

from torch_binmetrics import BinaryAUROC, Edges, FloatBits, Layout, Threshold, Uniform  # noqa: E402
from torch_binmetrics.counting import Dense, LogLoss, cuda, reference  # noqa: E402

DEVICE = torch.device("cuda" if CARD else "cpu")
LAYOUTS = {
    "areas": [Layout(FloatBits(), invalid="drop")],
    "areas, a threshold and bins": [Layout(cuts, invalid="drop") for cuts in (FloatBits(), Threshold(0.3), Uniform(1024))],
    "200 thresholds": [Layout(Edges(torch.linspace(0, 1, 200)), invalid="drop")],
    "weighted": [Layout(FloatBits(), weighted=True, invalid="drop")],
    "log loss": [Layout(FloatBits(), sums=(LogLoss(1e-7),), invalid="drop")],
}
SCORES: dict[str, Callable[[int], torch.Tensor]] = {
    "spread": lambda n: torch.sigmoid(torch.randn(n, device=DEVICE)),
    "all in one bin": lambda n: torch.full((n,), 0.5, device=DEVICE),
    "of a fresh network, bfloat16": lambda n: (0.5 + 0.005 * torch.randn(n, device=DEVICE)).bfloat16(),
    "near 0, float16": lambda n: (torch.rand(n, device=DEVICE) ** 8).half(),
}
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]


def batch_of(scores: torch.Tensor, layouts: list[Layout]) -> Batch:
    """Scores with one positive in three, and weights where they are summed."""
    labels = (torch.arange(len(scores), device=DEVICE) % 3 == 0).long()
    return scores, labels, torch.rand(len(scores), device=DEVICE) if any(layout.weighted for layout in layouts) else None


def empty(layouts: list[Layout]) -> list[tuple[Layout, torch.Tensor]]:
    """Empty states."""
    return [(layout, Dense(layout).empty(DEVICE)) for layout in layouts]


def is_right(layouts: list[Layout], batch: Batch) -> bool:
    """Whether the kernel counts what the reference counts: the same integers, sums up to their order."""
    found, expected = empty(layouts), empty(layouts)
    if not cuda.count(found, *batch):
        raise RuntimeError(f"the kernel did not count: {cuda.reason()}")
    reference.count(expected, *batch)
    for (layout, one), (_, other) in zip(found, expected, strict=True):
        exact = 0 if layout.weighted else layout.counted
        if not torch.equal(one[:exact], other[:exact]) or not torch.allclose(one, other, rtol=1e-9, atol=0, equal_nan=True):
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
    """Rows of GB/s: bytes of scores, labels and weights over the time of an update, beside a copy of 256 MB."""
    block = torch.empty(1 << 28, dtype=torch.uint8, device=DEVICE)
    copied = 2 * block.numel() / milliseconds(block.clone) / 1e6
    for name, layouts in LAYOUTS.items():
        for kind, scores in SCORES.items():
            batch, states = batch_of(scores(samples), layouts), empty(layouts)
            size = sum(part.nbytes for part in batch if part is not None)
            took = milliseconds(lambda batch=batch, states=states: cuda.count(states, *batch))
            yield f"| {name} | {kind} | {took:.3f} | {size / took / 1e6:.0f} | {size / took / 1e6 / copied:.2f} |"


def launches(update: Callable[[], object]) -> int:
    """Kernels that a call launches, by the profiler."""
    update()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        update()
        torch.cuda.synchronize()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profile.events())


def graphs_and_compilation(samples: int) -> Iterator[str]:
    """Whether an update replays in a CUDA graph, and counts the same in a compiled step."""
    preds, target, _ = batch_of(SCORES["spread"](samples), [])
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
    yield f"| launches of an update | {launches(lambda: once.update(preds, target))} |"


def peers(samples: int) -> Iterator[str]:
    """Milliseconds of an update of ours and of those peers that are installed, at 200 thresholds."""
    preds, target, _ = batch_of(SCORES["spread"](samples), [])
    ours = BinaryAUROC(torch.linspace(0, 1, 200))
    yield f"| torch_binmetrics | {milliseconds(lambda: ours.update(preds, target)):.3f} |"
    try:
        from torchmetrics.classification import BinaryAUROC as Theirs  # noqa: PLC0415

        theirs = Theirs(thresholds=200, validate_args=False).to(DEVICE)
        yield f"| torchmetrics | {milliseconds(lambda: theirs.update(preds, target)):.3f} |"
    except ImportError:
        yield "| torchmetrics | not installed |"
    try:
        from torcheval.metrics import BinaryBinnedPrecisionRecallCurve  # noqa: PLC0415

        curve = BinaryBinnedPrecisionRecallCurve(threshold=200, device=DEVICE)
        yield f"| torcheval | {milliseconds(lambda: curve.update(preds, target)):.3f} |"
    except ImportError:
        yield "| torcheval | not installed |"


def page(samples: int) -> Iterator[str]:
    """The lines of the page."""
    yield f"# {torch.cuda.get_device_name() if CARD else 'No card: the kernel as the interpreter runs it'}\n"
    yield f"{samples:,} samples, torch {torch.__version__}.\n\n| counted | scores | equals the reference |\n| --- | --- | --- |"
    for name, layouts in LAYOUTS.items():
        for kind, scores in SCORES.items():
            yield f"| {name} | {kind} | {is_right(layouts, batch_of(scores(samples), layouts))} |"
    if not CARD:
        yield "\nSpeed, launches, graphs and peers: not yet measured on a GPU."
        return
    yield "\n| counted | scores | ms | GB/s | of a copy's |\n| --- | --- | ---: | ---: | ---: |"
    yield from speeds(samples)
    yield "\n| | |\n| --- | --- |"
    yield from graphs_and_compilation(samples)
    yield "\n| 200 thresholds | ms |\n| --- | ---: |"
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
