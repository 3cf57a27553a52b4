"""Bounds with ``sync=False`` are those of the rank's own counts, sums among them; without it they are those of all ranks."""

import os
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import torch_binmetrics as tb

RANKS = 2
KINDS = [tb.BinaryBrierScore, tb.BinaryCalibrationError, tb.BinaryAUROC, tb.BinaryRecall]


def part(rank):
    """The samples of a rank; that of all ranks together for None."""
    preds, target = torch.arange(40) % 16 / 16, torch.arange(40) % 7 % 2
    return (preds, target) if rank is None else (preds[rank::RANKS], target[rank::RANKS])


def bounds_of(rank, *, sync):
    """Of each kind, after the samples of a rank."""
    found = []
    for kind in KINDS:
        metric = kind()
        metric.update(*part(rank))
        found.append([float(end) for end in metric.bounds(sync=sync)])
    return found


def ask(rank, path):
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    store, timeout = f"file://{path}/group", timedelta(seconds=60)
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=RANKS, timeout=timeout)
    torch.save({sync: bounds_of(rank, sync=sync) for sync in (False, True)}, path / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.processes
def test_bounds_on_ranks_are_local_or_of_all_as_asked(tmp_path):
    mp.spawn(ask, (tmp_path,), nprocs=RANKS)
    of_all, own = bounds_of(None, sync=False), [bounds_of(rank, sync=False) for rank in range(RANKS)]
    assert all(own[0][i] != own[1][i] for i in range(len(KINDS))), "or local and summed bounds could not be told apart"
    for rank in range(RANKS):
        found = torch.load(tmp_path / f"{rank}.pt")
        assert found[False] == own[rank]
        assert found[True] == [pytest.approx(ends, abs=1e-12) for ends in of_all]
