"""Ranks that are killed, stopped or restarted by torchrun: the others are told at once, and no sample is lost or doubled."""

from __future__ import annotations

import json
import multiprocessing as mp
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import lost_ranks
import pytest
import restarted

pytestmark = pytest.mark.processes
SERVER = mp.get_context("forkserver")  # it imports torch once
SERVER.set_forkserver_preload(["lost_ranks"])


def processes(path: Path, world: int, moment: str) -> list[mp.process.BaseProcess]:
    found = [SERVER.Process(target=lost_ranks.main, args=(path, rank, world, moment)) for rank in range(world)]
    for process in found:
        process.start()
    return found


def until(files: list[Path], running: list[mp.process.BaseProcess], seconds: float = 120) -> None:
    """Wait for files of the processes."""
    end = time.monotonic() + seconds
    while not all(file.exists() for file in files):
        assert time.monotonic() < end, f"no {[file.name for file in files if not file.exists()]}: {running}"
        time.sleep(0.02)


@pytest.mark.parametrize(("moment", "world"), [("before", 4), ("waiting", 4), ("inside", 3), ("after", 4)])
def test_all_others_raise_at_once_where_a_rank_is_killed(moment, world, tmp_path):
    """A rank is killed before, while waiting, inside or after `compute()` | All others raise within 2 s, at that sum or the
    next, and say what to do; counts are intact, `compute(sync=False)` and saving work.
    """
    running = processes(tmp_path, world, moment)
    others = [rank for rank in range(world) if rank != lost_ranks.VICTIM]
    try:
        until([tmp_path / f"{rank}.json" for rank in others], running)
    finally:
        (tmp_path / "over").touch()
        for process in running:
            process.join()
    assert [process.exitcode for process in running] == [0 if rank in others else -signal.SIGKILL for rank in range(world)]
    for rank in others:
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        assert "a rank of the process group died, or did not come to sum its counts" in found["told"]
        assert "start the job again from its last state_dict(sync=True)" in found["told"]
        assert found["seconds"] < 2
        assert found["intact"]
        assert found["alone"] == found["resumed"] == lost_ranks.whole(rank)


def test_a_rank_that_is_stopped_for_five_seconds_is_waited_for(tmp_path):
    """A rank is stopped for 5 s | The others wait, within the timeout of the group; the values are exact."""
    running = processes(tmp_path, 3, "stopped")
    until([tmp_path / "stopped"], running)
    time.sleep(5)
    os.kill(int((tmp_path / "stopped").read_text()), signal.SIGCONT)
    for process in running:
        process.join()
    for rank in range(3):
        assert json.loads((tmp_path / f"{rank}.json").read_text())["values"] == pytest.approx(
            lost_ranks.whole(0, 1, 2), rel=1e-12
        )


def test_inside_of_join_a_rank_that_computes_is_told_after_the_time_of_its_group(tmp_path):
    """`compute()` inside DDP's `join()`, after other ranks ran out of batches | It raises after the timeout of the process
    group, since those answer DDP alone; counts are intact.
    """
    running = processes(tmp_path, 2, "joined")
    for process in running:
        process.join()
    for rank in range(2):
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        assert found["told"]
        assert found["alone"] == lost_ranks.whole(rank)
    told = json.loads((tmp_path / f"{lost_ranks.VICTIM}.json").read_text())["told"]
    assert "did not come to sum its counts" in told


def test_torchrun_restarts_a_run_at_any_moment_and_no_sample_is_lost_or_doubled(tmp_path):
    """`torchrun --max-restarts` restarts a run whose rank was killed at any of these moments | It resumes from the last
    synced state, exact to the sample.
    """
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--monitor-interval=0.1"]
    command = [*launch, f"--max-restarts={len(restarted.MOMENTS)}", restarted.__file__, str(tmp_path)]
    # Without the third, gloo itself reads the addresses of the attempt before, in the store that torchrun keeps.
    settings = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    environment = os.environ | settings
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["attempt"] == len(restarted.MOMENTS)
    seeds = [10 * epoch + rank for epoch in range(restarted.EPOCHS) for rank in range(2)]
    assert found["samples"] == 1_000 * len(seeds)
    wanted = lost_ranks.whole(*seeds)
    losses = {"BinaryBrierScore": pytest.approx(wanted.pop("BinaryBrierScore"), rel=1e-12)}
    assert found["values"] == wanted | losses
