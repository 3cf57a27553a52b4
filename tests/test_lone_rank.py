"""A rank that computes while another does not is told so within the time of its group, and keeps its counts."""

import time
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import torch_binmetrics as tb


def join(file, rank):
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2, timeout=timedelta(seconds=3))


def compute_alone_then_together(rank, path, barrier):
    torch.set_num_threads(1)
    join(path / "group", rank)
    metric = tb.BinaryRecall()
    metric.update(torch.tensor([0.9, 0.1]), torch.tensor([1, rank]))
    told, start = "", time.monotonic()
    if rank == 0:
        try:
            metric.compute()
        except RuntimeError as error:
            told = str(error)
        assert 2 < time.monotonic() - start < 60
    barrier.wait()
    values = [float(metric.compute(sync=False))]
    dist.destroy_process_group()
    join(path / "another group", rank)
    values += [float(metric.compute()) for _ in range(2)]
    torch.save((told, values), path / f"{rank}.pt")
    barrier.wait()
    dist.destroy_process_group()


@pytest.mark.processes
def test_a_rank_that_computes_alone_is_told_in_time_and_all_can_compute_in_a_new_group(tmp_path):
    """A rank computes alone, and the others never come | It raises after the timeout of its process group, and keeps its
    counts.
    """
    mp.spawn(compute_alone_then_together, (tmp_path, mp.get_context("spawn").Barrier(2)), nprocs=2)
    (told, first), (_, second) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert "did not come to sum its counts" in told
    assert "compute(sync=False) and state_dict() work" in told
    assert (first, second) == ([1, 2 / 3, 2 / 3], [1 / 2, 2 / 3, 2 / 3])
