"""compute(async_op=True): the values of its moment, whatever is counted or reset before they are asked for."""

import time

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import torch_binmetrics as tb

PREDS, TARGET = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])


def collection():
    return tb.MetricCollection([tb.BinaryAUROC, tb.BinaryRecall(0.3), tb.BinaryBrierScore], area=tb.BinaryAUROC(tb.Exact()))


@pytest.mark.parametrize("sync", [True, False])
def test_values_are_those_of_the_moment_of_compute(sync):
    metrics, metric = collection(), tb.BinaryAUROC()
    for each in (metrics, metric):
        each.update(PREDS, TARGET)
    expected, pending = metrics.compute(), [metrics.compute(sync=sync, async_op=True), metric.compute(sync=sync, async_op=True)]
    for each in (metrics, metric):
        each.update(PREDS, 1 - TARGET)
        each.reset()
    assert pending[0].wait() == expected
    assert pending[0].wait() is pending[0].wait()
    assert pending[1].wait() == expected["BinaryAUROC"]


def play(rank, path):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{path}/group", rank=rank, world_size=2)
    metrics = collection()
    metrics.update(PREDS[2 * rank : 2 * rank + 2], TARGET[2 * rank : 2 * rank + 2])
    pending = metrics.compute(async_op=True)
    metrics.reset()
    step = torch.ones(1000)
    dist.all_reduce(step)  # of a training step, begun before the values are asked for
    metrics.update(PREDS, 1 - TARGET)
    torch.save((pending.wait(), metrics.compute(), step[0]), path / f"{rank}.pt")
    dist.destroy_process_group()


def play_late(rank, path):
    """Rank 1 enters the all_reduce only once rank 0 has gone on, which nothing but a file tells it."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{path}/group", rank=rank, world_size=2)
    went_on, all_reduce, events = path / "rank 0 went on", dist.all_reduce, []

    def late(*args, **kwargs):
        for _ in range(20_000):
            if went_on.exists():
                events.append("all_reduce of rank 1")
                return all_reduce(*args, **kwargs)
            time.sleep(1e-3)
        raise TimeoutError("rank 0 waits for the all_reduce")

    if rank == 1:
        dist.all_reduce = late
    metrics = tb.MetricCollection([tb.BinaryAUROC, tb.BinaryRecall(0.3)])
    metrics.update(PREDS[2 * rank : 2 * rank + 2], TARGET[2 * rank : 2 * rank + 2])
    pending = metrics.compute(async_op=True)
    metrics.update(PREDS, 1 - TARGET)  # a step
    metrics.reset()
    metrics.update(PREDS[:1], TARGET[:1])  # and one of the next epoch
    if rank == 0:
        went_on.touch()
    torch.save((pending.wait(), events, metrics.compute(sync=False)), path / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.processes
def test_the_next_steps_are_done_before_another_rank_has_entered_the_all_reduce(tmp_path):
    mp.spawn(play_late, (tmp_path,), nprocs=2)
    metrics, later = (tb.MetricCollection([tb.BinaryAUROC, tb.BinaryRecall(0.3)]) for _ in range(2))
    metrics.update(PREDS, TARGET)
    later.update(PREDS[:1], TARGET[:1])
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    assert [events for _, events, _ in found] == [[], ["all_reduce of rank 1"]]
    for values, _, own in found:
        assert values == metrics.compute()
        assert str(own) == str(later.compute())


@pytest.mark.processes
def test_steps_with_collectives_of_their_own_go_on_before_the_values_are_there(tmp_path):
    mp.spawn(play, (tmp_path,), nprocs=2)
    metrics, later = collection(), collection()
    metrics.update(PREDS, TARGET)
    for _ in range(2):
        later.update(PREDS, 1 - TARGET)
    for rank in range(2):
        values, next_values, step = torch.load(tmp_path / f"{rank}.pt")
        assert values == metrics.compute()
        assert next_values == later.compute()
        assert step == 2
