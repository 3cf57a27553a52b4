"""The drop-in classes in real Lightning runs, in one process and on two ranks."""

from __future__ import annotations

import json
import runpy
import socket
from pathlib import Path

import pytest
import torch.multiprocessing as mp
from torchmetrics_workers import expected, members

pytest.importorskip("lightning")
from lightning.pytorch.callbacks import EarlyStopping
from lightning_workers import PLAYS, RANKS, Keep, Scores, lifetime, loader, play, trainer

from torch_binmetrics.integrations import torchmetrics as ours

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers:"),
    pytest.mark.filterwarnings("ignore:.*num_workers.*:"),
    pytest.mark.filterwarnings("ignore:.*The number of training batches:"),
    pytest.mark.filterwarnings("ignore:.*You defined a `validation_step`:"),
    pytest.mark.filterwarnings("ignore:.*Checkpoint directory:"),
    pytest.mark.filterwarnings("ignore:.*isinstance\\(treespec, LeafSpec\\).*:"),
]


def floats(values, prefix="val/"):
    return {f"{prefix}{name}": float(value) for name, value in values.items()}


def test_a_metric_is_logged_and_the_sanity_check_leaves_nothing_behind():
    keep = Keep()
    runner = trainer(epochs=2, callbacks=[keep], num_sanity_val_steps=2)
    runner.fit(Scores(metrics=ours.BinaryAUROC()), loader(0), loader(0, 1))
    wanted = float(expected({"": ours.BinaryAUROC()}, 0, 1)[""])
    assert keep.epochs == [{"val/auroc": wanted}] * 2


def test_a_collection_is_logged_and_early_stopping_reads_its_values():
    keep, stop = Keep(), EarlyStopping("val/ap", mode="max", patience=1)
    metrics = ours.MetricCollection({**members(), "curve": ours.BinaryROC()}, prefix="val/")
    trainer(epochs=5, callbacks=[keep, stop]).fit(Scores(metrics=metrics), loader(0), loader(0, 1))
    assert keep.epochs == [floats(expected(members(), 0, 1))] * 2
    assert stop.stopped_epoch == 1


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The folder in which two ranks left their reports."""
    path = tmp_path_factory.mktemp("lightning")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(play, (path, port), nprocs=RANKS)
    return path


def reports(stage: Path, scenario: str):
    assert scenario in {each.__name__ for each in PLAYS}
    found = [json.loads((stage / f"{scenario}-{rank}.json").read_text()) for rank in range(RANKS)]
    for report in found:
        assert "error" not in report, report["error"]
    return found


def test_ten_logged_metrics_take_one_collective_an_epoch(stage):
    for report in reports(stage, "collectives_of_validation"):
        more = {name: n - report["none"].get(name, 0) for name, n in report["ten"].items()}
        assert {name: n for name, n in more.items() if n} == {"alltoall_base": 1, "allreduce": 1}
        assert report["values"] == floats(expected(members(), 0, 1))


def test_ranks_log_the_values_of_all_and_stop_together(stage):
    for report in reports(stage, "fits"):
        assert report["epochs"] == [floats(expected(members(), 0, 1))] * 2
        assert report["stopped"] == 1


def test_a_run_resumes_on_two_ranks_and_on_one_as_if_it_had_not_stopped(stage):
    model = Scores()
    trainer(epochs=2).fit(model, loader(0, 1), ckpt_path=stage / "first.ckpt", weights_only=True)
    for report in reports(stage, "resumes"):
        assert report["resumed"] == report["whole"]
        assert lifetime(model) == report["whole"]
        assert sum(report["whole"]["counts"][:-1]) == 2 * 2 * 500  # the last one is of samples off an edge


def test_the_example_trains_and_stops(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(Path(__file__).parents[1] / "examples" / "lightning_module.py"), run_name="__main__")
    assert "'val/BinaryAveragePrecision': " in capsys.readouterr().out
