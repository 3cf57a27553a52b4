"""Real processes (gloo) sum their counts: one spawn of four plays all that is in ``distributed_workers``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from distributed_workers import (
    BATCHES,
    PLAYS,
    Batch,
    alone,
    count,
    mixed,
    named,
    play,
    readings,
    report_of,
    same,
    skewed,
    wide,
)

import torch_binmetrics as tb

pytestmark = pytest.mark.filterwarnings("ignore:scores outside")  # the batches hold scores of all sizes
NAMES = [(scenario.__name__, world) for scenario, world in PLAYS]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def luggage():
    """Objects of the parent that all children get: three metrics that counted, and a plain tensor for comparison."""
    metric, histogram = tb.BinaryRecall(), tb.ScoreHistogram(tb.Layout(tb.Uniform(8)))
    for counting in (metric, histogram):
        counting.update(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([1, 1, 1]))
    metrics = tb.MetricCollection({"auroc": tb.BinaryAUROC(), "heavy": tb.BinaryRecall(weighted=True)})
    return metric, metrics, histogram, torch.zeros(1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, luggage) -> tuple[Path, str]:
    """The folder in which the ranks left their reports, and what went wrong beyond these."""
    path = tmp_path_factory.mktemp("ranks")
    expected = {kind: _readings(make(), invalid="drop") for kind, make in BATCHES.items()}
    torch.save(expected | {"weighted": _readings(skewed(), weighted=True)}, path / "expected.pt")
    ranks = max(world for _, world in PLAYS)
    try:
        mp.spawn(play, (path, luggage, mp.get_context("spawn").Barrier(ranks)), nprocs=ranks)
    except Exception as error:
        return path, str(error)
    return path, ""


def _readings(batch: Batch, *, weighted: bool = False, **options) -> dict[str, list[torch.Tensor]]:
    """All that one process, outside of any process group, reads off a batch."""
    metrics = tb.MetricCollection(named(weighted=weighted, **options))
    count(metrics, batch, weighted=weighted)
    return readings(metrics)


@pytest.mark.parametrize(("scenario", "world"), NAMES, ids=[f"{scenario}-{world}" for scenario, world in NAMES])
def test_on_all_ranks(scenario, world, stage):
    path, crash = stage
    for rank in range(world):
        report = report_of(path, scenario, world, rank)
        assert report.exists(), f"rank {rank} of {world} did not finish: {crash}"
        assert not report.read_text(), f"rank {rank} of {world}:\n{report.read_text()}"


def test_every_process_ends_well(stage):
    assert not stage[1]


def test_the_parent_keeps_its_own_counts(stage, luggage):
    metric, metrics, histogram, shared = luggage
    assert shared.item() > 0, "plain tensors are expected to be shared, or this shows nothing"
    assert int(metric.tp) == 3
    assert int(histogram.counts.sum()) == 3
    assert not any(part.state.any() for part in metrics.histograms)


def test_a_summed_state_resumes_without_any_process_group(stage):
    metrics = mixed()
    metrics.load_state_dict(torch.load(stage[0] / "summed.pt", weights_only=True)["collection"])
    metrics.update(*skewed(seed=30))
    same(metrics.compute(), alone(mixed, skewed(seed=20), skewed(seed=21), skewed(seed=30)), tolerance=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_one_and_two_threads_give_the_same_bits_over_more_than_32768_occupied_bins(weighted):
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(_readings(wide(), invalid="drop", weighted=weighted))
    torch.set_num_threads(1)
    same(*found)
    assert len(found[0]["BinaryROC"][0]) > 32_768
