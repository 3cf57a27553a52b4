"""Nodes as network namespaces: they count what one process counts, also if one of them is killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import torch_binmetrics as tb

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
import training  # noqa: E402

from benchmarks import network  # noqa: E402

pytestmark = [pytest.mark.processes, pytest.mark.skipif(bool(why := network.missing()), reason=f"no namespaces: {why}")]


def start(nodes: network.Nodes, node: int, path: Path) -> subprocess.Popen[bytes]:
    """torchrun of two ranks on a node, with addresses in place of names of hosts."""
    launch = [sys.executable, "-m", "torch.distributed.run", f"--nnodes={len(nodes.names)}", "--nproc-per-node=2"]
    launch += ["--max-restarts=3", "--rdzv-backend=c10d", f"--rdzv-endpoint={nodes.addresses[0]}:29500", "--rdzv-id=run"]
    launch += [f"--rdzv-conf=is_host={node == 0}", f"--local-addr={nodes.addresses[node]}", "--monitor-interval=0.1"]
    environment = {"GLOO_SOCKET_IFNAME": "eth0", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or a node that is started again waits for an address in vain
    return nodes.start(node, [*launch, training.__file__, str(path)], environment, path / f"log-{node}")


def finished(path: Path, running: list[subprocess.Popen[bytes]]) -> None:
    """Wait for the run, and compare what it found with one process that counts the scores of all."""
    ranks = 2 * len(running)
    for node, process in enumerate(running):
        assert process.wait(300) == 0, (path / f"log-{node}").read_text()[-3_000:]
    whole, samples = training.metrics(), 0
    for epoch in range(training.EPOCHS):
        for rank in range(ranks):
            scores, target = torch.load(path / f"scores-{epoch}-{rank}.pt", weights_only=True)
            samples += len(target)
            whole.update(scores, target)
    assert samples == training.EPOCHS * training.BATCHES * sum(training.SAMPLES + rank for rank in range(ranks))
    wanted = tb.floats(whole.compute())
    loss = pytest.approx(wanted.pop("BinaryBrierScore"), rel=1e-12)
    for rank in range(ranks):
        found = json.loads((path / f"found-{rank}.json").read_text())
        assert found["samples"] == samples
        assert found["values"] == wanted | {"BinaryBrierScore": loss}


@pytest.mark.parametrize("count", [2, 3])
def test_nodes_count_what_one_process_counts(count, tmp_path):
    """Two or three nodes, two ranks each | The values are those of one process."""
    with network.Nodes(count) as nodes:
        finished(tmp_path, [start(nodes, node, tmp_path) for node in range(count)])


def test_a_node_killed_in_the_second_epoch_costs_and_doubles_no_sample(tmp_path):
    """A node is killed in the second epoch and started again | The run resumes from the last synced state, exact to the
    sample.
    """
    (tmp_path / "to be killed").touch()
    with network.Nodes(2) as nodes:
        running = [start(nodes, node, tmp_path) for node in range(2)]
        end = time.monotonic() + 300
        while not (tmp_path / "here").exists():
            assert time.monotonic() < end, (tmp_path / "log-1").read_text()[-3_000:]
            time.sleep(0.1)
        nodes.kill(1)
        running[1].wait()
        finished(tmp_path, [running[0], start(nodes, 1, tmp_path)])
    assert json.loads((tmp_path / "found-0.json").read_text())["first"] == 1
