"""On a GPU, what is counted and said is what the CPU says, and no update waits: ``make cuda``, where there is one."""

from __future__ import annotations

import copy
import os
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.distributed as dist
from building import EVERY, eight
from hypothesis import Phase, given, settings, strategies as st
from test_compiled import batches, counted, layouts
from test_kernel import dropping
from torch import Tensor

import torch_binmetrics as tb
from torch_binmetrics.counting import Dense, SquaredWeight, cuda, reference

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() or os.environ.get("TRITON_INTERPRET") != "0", reason="needs a GPU, and TRITON_INTERPRET=0"
)
CARD = "cuda"
ROWS = {"labels": tb.Labels(3), "classes": tb.Classes(3), "groups": tb.Groups(3)}


def batch(kind: str = "pool", *, seed: int = 0, weighted: bool = False, samples: int = 3000) -> dict[str, Tensor]:
    """A batch on CPU: scores in [0, 1], some of them tied."""
    draw = torch.Generator().manual_seed(seed)
    shape = (samples // 3, 3) if kind in ("labels", "classes") else (samples,)
    preds = torch.rand(shape, generator=draw)
    preds = preds.where(torch.rand(shape, generator=draw) < 0.5, (preds * 16).round() / 16)
    target = (torch.rand(shape, generator=draw) < preds).long()
    if kind == "classes":
        target = torch.randint(0, 3, shape[:1], generator=draw)
    found = {"preds": preds, "target": target}
    if kind == "groups":
        found["group"] = torch.randint(0, 3, shape, generator=draw)
    return found | ({"weight": torch.rand(target.shape, generator=draw)} if weighted else {})


def moved(given: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: part.to(CARD) for name, part in given.items()}


@pytest.fixture
def _no_waiting():
    """Any wait for the device is an error."""
    torch.ones(1, device=CARD).sum().item()  # the first call of all sets the device up
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


@contextmanager
def waiting():
    """Waits are allowed again in this block, which reads results."""
    torch.cuda.set_sync_debug_mode("default")
    yield
    torch.cuda.set_sync_debug_mode("error")


def same(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """Values on the card are those on CPU."""
    for one, other in zip(flat(found), flat(expected), strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=tolerance, atol=tolerance, equal_nan=True)


def flat(value: Any) -> list[Tensor]:
    if isinstance(value, dict):
        value = list(value.values())
    return [value] if isinstance(value, Tensor) else [part for each in value for part in flat(each)]


def test_triton_counts():
    metric = tb.BinaryAUROC()
    metric.update(**moved(batch()))
    assert not cuda.failures
    assert tb.backend(CARD).name == "triton"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.usefixtures("_no_waiting")
def test_every_metric_says_what_it_says_on_cpu_and_no_update_waits(name, weighted):
    options = {"weighted": True} if weighted else {}
    here, there = EVERY[name](**options), EVERY[name](**options)
    given = [batch(seed=seed, weighted=weighted) for seed in (0, 1)]
    with waiting():
        ready = [moved(each) for each in given]
        there.update(**ready[0])  # compiles, and brings tables of cuts to the card
        there.reset()
    for each, on_card in zip(given, ready, strict=True):
        here.update(**each)
        there.update(**on_card)
    with waiting():
        assert there.histogram.state.is_cuda
        same(there.histogram.counts, here.histogram.counts)
        same(there.compute(), here.compute())
        if here.reading.has_bounds:
            same(there.bounds(), here.bounds())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("name", ["BinaryAUROC", "BinaryRecall", "BinaryBrierScore", "BinaryCalibrationError"])
def test_rows_say_what_they_say_on_cpu(name, kind, weighted):
    options = {"rows": ROWS[kind]} | ({"weighted": True} if weighted else {})
    here, there = EVERY[name](**options), EVERY[name](**options)
    given = batch(kind, weighted=weighted)
    here.update(**given)
    there.update(**moved(given))
    same(there.histogram.counts, here.histogram.counts)
    same(there.compute(), here.compute())


@settings(max_examples=25, phases=[Phase.generate])
@given(st.lists(layouts, min_size=1, max_size=3), batches(), st.booleans())
def test_any_batch_counts_as_by_the_definition_on_cpu(tallies, batch, weighted):
    tallies = list(map(dropping, tallies))
    if not weighted or not any(layout.weighted for layout in tallies):
        batch = [*batch[:2], None]
    starts = [torch.arange(layout.cells).to(layout.dtype) for layout in tallies]
    _, expected = counted(reference.count, tallies, batch, starts)
    on_card = [None if part is None else part.to(CARD) for part in batch]
    done, found = counted(cuda.count, tallies, on_card, [start.to(CARD) for start in starts])
    assert done
    for layout, one, other in zip(tallies, found, expected, strict=True):
        exact = layout.counted if not layout.weighted else 0
        assert torch.equal(one[:exact].cpu(), other[:exact])
        torch.testing.assert_close(one[exact:].cpu(), other[exact:], rtol=2e-12, atol=0)


@pytest.mark.parametrize("scores", ["one bin", "a fresh network", "spread"])
def test_a_large_batch_counts_every_sample_once(scores):
    size = 5_000_001
    preds = torch.full((size,), 0.5, device=CARD) if scores == "one bin" else torch.rand(size, device=CARD)
    preds = 0.5 + 0.01 * (preds - 0.5) if scores == "a fresh network" else preds
    target = (torch.arange(size, device=CARD) % 3 == 0).long()
    metrics, cut = eight(), tb.BinaryRecall(0.25)
    metrics.update(preds, target)
    cut.update(preds, target)
    found = metrics["BinaryAUROC"].histogram.counts
    bins = tb.FloatBits().index(preds.cpu())
    assert torch.equal(found[1].cpu(), bins[target.cpu() == 1].bincount(minlength=found.shape[1]))
    assert torch.equal(found[0].cpu(), bins[target.cpu() == 0].bincount(minlength=found.shape[1]))
    assert cut.histogram.counts.sum() == size


def test_a_collection_of_eight_is_one_launch():
    metrics, given = eight(), moved(batch())
    metrics.update(**given)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        metrics.update(**given)
        torch.cuda.synchronize()
    assert sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profile.events()) == 1


def test_a_graph_replays_updates_of_new_data():
    metrics, expected, first, second = eight(), eight(), moved(batch(seed=0)), moved(batch(seed=1))
    held = {name: part.clone() for name, part in first.items()}
    metrics.update(**held)
    metrics.reset()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        metrics.update(**held)
    graph.replay()
    for name, part in held.items():
        part.copy_(second[name])
    graph.replay()
    expected.update(**first)
    expected.update(**second)
    same(metrics.compute(), {name: value.cpu() for name, value in expected.compute().items()}, 0)


@pytest.mark.parametrize("dynamic", [None, True])
def test_a_compiled_step_counts_the_same(dynamic):
    model = torch.nn.Linear(4, 1).to(CARD)
    metrics, eager = (tb.MetricCollection([tb.BinaryAUROC, tb.BinaryRecall], from_logits=True) for _ in range(2))

    def step(x, y, into):
        logits = model(x).squeeze(1)
        into.update(logits, y)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, y)

    torch._dynamo.reset()
    compiled = torch.compile(lambda x, y: step(x, y, metrics), fullgraph=True, dynamic=dynamic)
    for size in (64, 96):
        x, y = torch.randn(size, 4, device=CARD), (torch.arange(size, device=CARD) % 2).float()
        compiled(x, y).backward()
        step(x, y, eager)
    assert [int(each["BinaryRecall"].histogram.counts.sum()) for each in (metrics, eager)] == [160, 160]
    same(
        metrics.compute(), {name: value.cpu() for name, value in eager.compute().items()}, 1e-3
    )  # logits differ in last places


@pytest.mark.usefixtures("_no_waiting")
def test_invalid_samples_are_told_when_results_are_read():
    metric, dropping_ = tb.BinaryAUROC(), tb.BinaryAUROC(invalid="drop")
    with waiting():
        metric.to(CARD)
        dropping_.to(CARD)
        target = torch.tensor([0, 1, 7], device=CARD)
        preds = torch.tensor([0.1, 0.9, 0.5], device=CARD)
    metric.update(preds, target)
    dropping_.update(preds, target)
    with waiting():
        with pytest.raises(ValueError, match="1 bad labels"):
            metric.compute()
        assert dropping_.dropped.bad_labels == 1


@pytest.mark.parametrize(
    "options", [{"recent": tb.Window(2)}, {"recent": tb.Decay(3), "weighted": True}], ids=["window", "decay"]
)
def test_recent_counts_are_those_of_cpu(options):
    here, there = tb.BinaryAUROC(**options), tb.BinaryAUROC(**options)
    for seed in range(4):
        given = batch(seed=seed, weighted="weighted" in options)
        here.update(**given)
        there.update(**moved(given))
    same(there.compute(), here.compute())


def test_exact_cuts_are_those_of_cpu():
    here, there = tb.BinaryAUROC(tb.Exact()), tb.BinaryAUROC(tb.Exact())
    for seed in range(2):
        here.update(**batch(seed=seed))
        there.update(**moved(batch(seed=seed)))
    same(there.compute(), here.compute())


def test_states_go_to_cpu_and_back():
    there, here = eight(), eight()
    there.update(**moved(batch()))
    here.load_state_dict({name: part.cpu() if isinstance(part, Tensor) else part for name, part in there.state_dict().items()})
    same(there.compute(), here.compute())
    twin, back = copy.deepcopy(there), eight()
    back.load_state_dict(here.state_dict())
    twin.update(**moved(batch(seed=1)))
    back.update(**moved(batch(seed=1)))
    here.update(**batch(seed=1))
    same(twin.compute(), here.compute())
    same(back.compute(), here.compute())
    there.to("cpu")
    there.update(**batch(seed=1))
    same(there.compute(), here.compute())


def test_half_precision_under_autocast_counts():
    model = torch.nn.Linear(4, 1).to(CARD)
    x = torch.randn(500, 4, device=CARD)
    target = torch.arange(500, device=CARD) % 2
    for dtype in (torch.float16, torch.bfloat16):
        here, there = tb.BinaryAUROC(from_logits=True), tb.BinaryAUROC(from_logits=True)
        with torch.autocast(CARD, dtype=dtype):
            logits = model(x).squeeze(1)
            there.update(logits, target)
        assert logits.dtype == dtype
        here.update(logits.detach().cpu(), target.cpu())
        same(there.compute(), here.compute())


def test_another_stream_counts_in_its_order():
    metric, given, stream = tb.BinaryAUROC(), moved(batch(samples=300_000)), torch.cuda.Stream()
    metric.update(**given)
    metric.reset()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(10):
            metric.update(**given)
        value = metric.compute()
    stream.synchronize()
    assert metric.histogram.counts.sum() == 3_000_000
    here = tb.BinaryAUROC()
    here.update(**batch(samples=300_000))
    same(value, here.compute())


def test_sums_are_the_same_bits_where_torch_is_deterministic():
    layout = tb.Layout(tb.FloatBits(), weighted=True, sums=(SquaredWeight(),), invalid="drop")
    given = moved(batch(weighted=True, samples=300_000))
    found = []
    torch.use_deterministic_algorithms(True)
    try:
        for _ in range(3):
            [state] = tb.count([(Dense(layout), Dense(layout).empty(CARD))], given["preds"], given["target"], given["weight"])
            found.append(state)
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize("name", EVERY)
def test_a_default_device_changes_nothing(name):
    here, given = EVERY[name](), batch()
    here.update(**given)
    expected = here.compute()
    torch.set_default_device(CARD)
    try:
        there = EVERY[name]()
        there.update(**moved(given))
        same(there.compute(), expected)
        if here.reading.has_bounds:
            same(there.bounds(), here.bounds())
    finally:
        torch.set_default_device(None)


def test_reports_intervals_curves_and_plots_are_those_of_cpu():
    here, there = eight(), eight()
    here.update(**batch())
    there.update(**moved(batch()))
    assert str(there.report()) == str(here.report())
    for name in ("BinaryAUROC", "BinaryF1Score"):
        same(there[name].confidence_interval(), here[name].confidence_interval())
    for curve in (tb.BinaryROC, tb.BinaryPrecisionRecallCurve):
        one, other = curve(), curve()
        one.update(**batch())
        other.update(**moved(batch()))
        same(other.compute(), one.compute())
    there.plot()


def test_functions_and_drop_in_classes_take_tensors_of_the_card():
    theirs = pytest.importorskip("torchmetrics.classification")
    from torch_binmetrics.integrations import torchmetrics as dropin

    given = batch()
    on_card = moved(given)
    same(tb.functional.binary_auroc(*on_card.values()), tb.functional.binary_auroc(*given.values()))
    for name in ("BinaryAUROC", "BinaryF1Score", "BinaryAccuracy"):
        one, other = getattr(dropin, name)().to(CARD), getattr(theirs, name)().to(CARD)
        one.update(*on_card.values())
        other.update(*on_card.values())
        torch.testing.assert_close(one.compute().cpu().float(), other.compute().cpu().float(), rtol=1e-5, atol=1e-5)


def test_epochs_of_the_card_are_logged(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    from torch_binmetrics.integrations.tensorboard import log_epoch

    metrics = eight()
    metrics.update(**moved(batch()))
    with tensorboard.SummaryWriter(tmp_path) as writer:
        log_epoch(writer, metrics, 0)
    assert any(tmp_path.iterdir())


def test_the_one_rank_of_a_group_of_nccl_computes(tmp_path):
    if not dist.is_nccl_available():
        pytest.skip("torch was built without NCCL")
    dist.init_process_group("nccl", init_method=f"file://{tmp_path}/store", world_size=1, rank=0)
    try:
        here, there = eight(), eight()
        there.update(**moved(batch()))
        here.update(**batch())
        found = there.compute(sync=True)
        handle = there.compute(sync=True, async_op=True)
        same(found, here.compute(sync=False))
        same(handle.wait(), here.compute(sync=False))
    finally:
        dist.destroy_process_group()


def two_ranks(rank: int, folder: str) -> None:
    """Each rank counts its half on the one card; gloo sums tensors of the card, too."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", world_size=2, rank=rank)
    metrics = eight()
    metrics.update(**{name: part[rank::2].contiguous() for name, part in moved(batch()).items()})
    found = metrics.compute()
    here = eight()
    here.update(**batch())
    same(found, here.compute(sync=False))
    dist.destroy_process_group()


def test_two_ranks_of_gloo_on_one_card_sum(tmp_path):
    torch.multiprocessing.spawn(two_ranks, (str(tmp_path),), nprocs=2)
