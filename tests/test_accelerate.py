"""A real Accelerator keeps the counts of all ranks in its checkpoints, and a run goes on from them as if it had not stopped."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import accelerate_worker as worker
import pytest
import torch
from accelerate.state import AcceleratorState
from sklearn.metrics import recall_score, roc_auc_score
from torch.utils.data import DataLoader, TensorDataset

import torch_binmetrics as tb
from torch_binmetrics.integrations.accelerate import Checkpointable


@pytest.fixture(autouse=True)
def _no_accelerator_is_left():
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def wanted(preds, target):
    return {"auroc": roc_auc_score(target, preds), "recall": recall_score(target, preds >= 0.5), "seen": len(target)}


def test_one_process_saves_and_loads_its_counts(tmp_path):
    preds, target = worker.samples()
    metrics, stopper = worker.collection(), tb.EarlyStopping()
    accelerator, (loader, same) = worker.prepared(DataLoader(TensorDataset(preds, target), worker.SIZE), metrics)
    assert same is metrics
    accelerator.register_for_checkpointing(Checkpointable(metrics), stopper)
    stopper.step(0.5, torch.nn.Linear(1, 1))
    for i, batch in enumerate(loader):
        if i == 4:
            accelerator.save_state(tmp_path)
        metrics.update(*batch)
    assert tb.floats(metrics.compute()) == pytest.approx(wanted(preds, target), abs=1e-12)
    stopper.step(0.9)
    accelerator.load_state(tmp_path)
    assert tb.floats(metrics.compute()) == pytest.approx(wanted(preds[:32], target[:32]), abs=1e-12)
    assert (stopper.best, stopper.epoch) == (0.5, 0)


@pytest.mark.processes
def test_two_processes_save_the_counts_of_both_and_one_goes_on_with_them(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(Path(tb.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [*command, worker.__file__, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    preds, target = worker.samples()
    early = 2 * worker.SIZE * worker.SAVED_AFTER
    for rank in range(2):
        found = json.loads((tmp_path / f"rank-{rank}.json").read_text())
        assert found["saved"] == pytest.approx(wanted(preds[:early], target[:early]), abs=1e-12)
        assert found["all"] == pytest.approx(wanted(preds, target), abs=1e-12)
    metrics = worker.collection()
    accelerator, _ = worker.prepared()
    accelerator.register_for_checkpointing(Checkpointable(metrics), tb.EarlyStopping(), Checkpointable(tb.BinaryRecall()))
    accelerator.load_state(tmp_path / "state")
    metrics.update(preds[early:], target[early:])
    assert tb.floats(metrics.compute()) == pytest.approx(wanted(preds, target), abs=1e-12)


def test_the_example_goes_on_after_an_interruption_as_if_there_was_none(tmp_path, monkeypatch, capsys):
    path = Path(tb.__file__).parents[1] / "examples" / "accelerate_loop.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    example = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    printed = []
    for folder, *options in (["whole"], ["parts", "--stop-at-step", "25"], ["parts", "--resume"]):
        monkeypatch.setattr(sys, "argv", ["example", "--epochs", "3", "--out", str(tmp_path / folder), *options])
        example.main()
        AcceleratorState._reset_state(reset_partial_state=True)
        printed.append(capsys.readouterr().out)
    assert printed[0].count("val/auroc") == 3
    assert printed == [printed[0], "", printed[0]]


def test_a_state_of_other_metrics_is_refused():
    state = Checkpointable(worker.collection()).state_dict()
    with pytest.raises(ValueError, match="expected the state_dict"):
        Checkpointable(tb.MetricCollection(low=tb.BinaryRecall(0.3), high=tb.BinaryRecall(0.7))).load_state_dict(state)


def test_what_is_no_metric_is_refused():
    with pytest.raises(TypeError, match=r"Metric or a MetricCollection, got .*Linear"):
        Checkpointable(torch.nn.Linear(1, 1))
