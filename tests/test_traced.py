"""A step that torch.compile traces keeps one graph, and counts in it as it would without."""

import copy
import gc
import pickle
import threading

import pytest
import torch
from building import EVERY
from torch._dynamo.testing import CompileCounter, CompileCounterWithBackend
from torch._dynamo.utils import counters

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryBrierScore,
    BinaryF1Score,
    BinaryRecall,
    Exact,
    Metric,
    MetricCollection,
    Threshold,
)
from torch_binmetrics.state import traced


@pytest.fixture(autouse=True)
def afresh():
    """No compiled step is left over from another test."""
    torch._dynamo.reset()
    counters.clear()


def eight():
    """A collection whose members count together, apart, with sums and with weights."""
    members = [BinaryAUROC, BinaryAveragePrecision, BinaryAccuracy, BinaryF1Score, BinaryRecall(0.3), BinaryBrierScore]
    return MetricCollection([*members[:4], *members[4:]], area=BinaryAUROC(weighted=True), own=BinaryAUROC(64, ignore_index=-1))


def batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores, labels = torch.rand(size, generator=generator), torch.randint(0, 2, (size,), generator=generator)
    return scores, labels, torch.rand(size, generator=generator)


def states(metrics):
    return [histogram.state.clone() for histogram in getattr(metrics, "histograms", None) or [metrics.histogram]]


def step_of(metrics, **options):
    """A compiled step that counts, in one graph."""

    @torch.compile(fullgraph=True, **options)
    def step(scores, target, weight=None):
        preds = scores * scores  # which rounds alike however it is compiled; a sigmoid does not
        metrics.update(preds, target, weight)
        return preds.sum()

    return step


@pytest.mark.parametrize("name", EVERY)
def test_every_metric_counts_in_one_graph_into_the_same_memory(name):
    metric, expected, frames = EVERY[name](), EVERY[name](), CompileCounter()
    step, place = step_of(metric, backend=frames), metric.histogram.state.data_ptr()
    for size in (5, 7, 9):
        preds, target, _ = batch(size)
        step(preds, target)
        expected.update(preds * preds, target)
    assert torch.equal(metric.histogram.state, expected.histogram.state)
    assert metric.histogram.state.data_ptr() == place
    assert frames.frame_count <= 2


class Looking(BinaryAUROC):
    """A metric whose update looks into the batch."""

    def update(self, preds, target, weight=None):
        if preds.sum().item() > 0:
            super().update(preds, target, weight)


def test_an_update_that_looks_into_the_batch_is_told_from_the_others():
    with pytest.raises((torch._dynamo.exc.Unsupported, torch._dynamo.exc.UserError)):
        step_of(Looking(), backend="eager")(*batch(5)[:2])


@pytest.mark.parametrize("dynamic", [None, True])
@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_a_compiled_step_counts_the_same_bits_with_gradients(backend, dynamic):
    metrics, expected, frames = eight(), eight(), CompileCounterWithBackend(backend)
    step = step_of(metrics, backend=frames, dynamic=dynamic)
    for size in (100, 200, 300):
        scores, target, weight = batch(size)
        scores.requires_grad_()
        step(scores, target, weight).backward()
        assert scores.grad is not None
        expected.update(scores * scores, target, weight)
    assert all(map(torch.equal, states(metrics), states(expected)))
    assert frames.frame_count <= (1 if dynamic else 2)


@pytest.mark.parametrize("backend", ["eager", "inductor"])
def test_an_invalid_batch_raises_inside_a_compiled_step_and_counts_nothing(backend):
    metrics = eight()
    step = step_of(metrics, backend=backend)
    scores, target, weight = batch(100)
    step(scores, target, weight)
    before = states(metrics)
    target[50] = 7
    with pytest.raises(ValueError, match="1 bad labels"):
        step(scores, target, weight)
    assert all(map(torch.equal, states(metrics), before))
    target[50] = 1
    step(scores, target, weight)
    assert not torch.equal(states(metrics)[0], before[0])


def test_shapes_and_dtypes_are_checked_while_a_step_is_traced():
    metric = BinaryAUROC()
    with pytest.raises(Exception, match="must have the shape of preds"):
        step_of(metric, backend="eager")(torch.rand(4), torch.ones(5))
    with pytest.raises(Exception, match="weight given"):
        step_of(metric, backend="eager")(torch.rand(4), torch.ones(4), torch.ones(4))
    assert not metric.histogram.state.any()


def test_a_compiled_step_counts_in_inference_mode_as_in_training():
    metric = BinaryAUROC()
    step = step_of(metric, backend="aot_eager")
    with torch.inference_mode():
        step(*batch(50)[:2])
    metric.update(*batch(50)[:2])
    assert int(metric.histogram.counts.sum()) == 100


def test_copies_and_pickles_of_a_metric_are_counted_apart_in_one_step():
    metric = BinaryAUROC()
    others = [metric.clone(), copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))]

    @torch.compile(backend="eager", fullgraph=True)
    def step(metric, preds, target):
        metric.update(preds, target)
        return preds * 2

    for i, each in enumerate([metric, *others]):
        for _ in range(i + 1):
            step(each, *batch(10)[:2])
    assert [int(each.histogram.counts.sum()) for each in (metric, *others)] == [10, 20, 30, 40]


def test_a_table_that_grows_breaks_the_graph_and_counts_all_the_same():
    metrics, expected = (MetricCollection([BinaryAUROC(Exact()), BinaryRecall(0.3)]) for _ in range(2))
    with pytest.raises(torch._dynamo.exc.Unsupported, match=r"torch\.compiler\.disable"):
        step_of(metrics, backend="eager")(*batch(10)[:2])

    @torch.compile(backend="eager")
    def step(preds, target):
        metrics.update(preds, target)
        return preds * 2

    for size in (10, 20):
        step(*batch(size)[:2])
        expected.update(*batch(size)[:2])
    assert all(map(torch.equal, states(metrics), states(expected)))


def test_a_measure_of_ones_own_counts_in_one_graph():
    metric = Metric(lambda c: c.tp - c.fp, Threshold(0.5))
    step_of(metric, backend="eager")(torch.tensor([0.5, 1.0, 2.0]), torch.tensor([0, 0, 1]))
    assert int(metric.compute()) == 0


def test_threads_count_into_one_metric_through_a_compiled_step():
    metric, (preds, target, _) = BinaryAUROC(), batch(20_000)
    step = step_of(metric, backend="eager")
    step(preds, target)
    tasks = [
        lambda: [step(preds, target) for _ in range(20)],
        lambda: [metric.update(preds * preds, target) for _ in range(20)],
    ]
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int(metric.histogram.counts.sum()) == 41 * 20_000


def test_the_operator_fits_its_schema():
    metric = BinaryAUROC()
    arguments = [metric.histogram.state], *batch(20)[:2], None, None, [metric.histogram.number]
    torch.library.opcheck(
        torch.ops.torch_binmetrics.count.default,
        arguments,
        test_utils=("test_schema", "test_faketensor", "test_aot_dispatch_dynamic"),
    )


def test_the_operator_keeps_no_histogram_alive():
    gc.collect()
    before = len(traced._numbered)
    metric = eight()
    assert len(traced._numbered) > before
    del metric
    gc.collect()
    assert len(traced._numbered) == before
