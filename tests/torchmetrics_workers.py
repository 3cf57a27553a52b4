"""What ranks do with the drop-in classes: scenarios that two processes of a group play."""

from __future__ import annotations

import traceback
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torchmetrics
from distributed_workers import GATHERING, SUM, join, watched
from torch import Tensor

from torch_binmetrics.integrations import torchmetrics as ours

RANKS = 2


def members() -> dict[str, torchmetrics.Metric]:
    """Ten metrics of four states."""
    return {
        "accuracy": ours.BinaryAccuracy(),
        "f1": ours.BinaryF1Score(),
        "precision": ours.BinaryPrecision(),
        "recall": ours.BinaryRecall(),
        "strict recall": ours.BinaryRecall(0.9),
        "mcc": ours.BinaryMatthewsCorrCoef(),
        "auroc": ours.BinaryAUROC(),
        "ap": ours.BinaryAveragePrecision(),
        "partial": ours.BinaryAUROC(max_fpr=0.2),
        "binned": ours.BinaryAUROC(thresholds=20),
    }


def batch(seed: int, n: int = 500) -> tuple[Tensor, Tensor]:
    """Logits and labels; those of an even seed all lie in [0, 1]."""
    g = torch.Generator().manual_seed(seed)
    preds = 2 * torch.randn(n, generator=g) if seed % 2 else torch.rand(n, generator=g)
    return preds, (torch.rand(n, generator=g) < preds.sigmoid()).long()


def expected(metrics: dict[str, torchmetrics.Metric], *seeds: int) -> dict[str, Tensor]:
    """The values of all batches in one process."""
    for metric in metrics.values():
        metric.update(*map(torch.cat, zip(*map(batch, seeds), strict=True)))
        metric.sync_on_compute = metric._to_sync = False
    return {name: metric.compute() for name, metric in metrics.items()}


def check(values: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert values.keys() == wanted.keys()
    for name, value in wanted.items():
        assert torch.equal(values[name], value), name


def a_collection_syncs_once(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metrics = ours.MetricCollection(members(), prefix="val/")
    metrics.update(*batch(rank))
    with watched() as calls:
        values = metrics.compute()
    assert calls == SUM
    check(values, {f"val/{name}": value for name, value in expected(members(), 0, 1).items()})
    with watched() as calls:
        metrics.compute()
    assert not calls, "nothing was counted since"


def rows_of_all_kinds_sync_once(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    def build() -> ours.MetricCollection:
        kinds = [ours.MulticlassAccuracy(3), ours.MulticlassF1Score(3, top_k=2), ours.MulticlassAUROC(3, average=None)]
        return ours.MetricCollection([*kinds, ours.MulticlassAveragePrecision(3)])

    def of_classes(seed: int) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(seed)
        return torch.rand(60, 3, generator=draw), torch.arange(60) % 3

    metrics, alone = build(), build()
    metrics.update(*of_classes(rank))
    with watched() as calls:
        values = metrics.compute()
    assert calls == SUM
    for seed in range(RANKS):
        alone.update(*of_classes(seed))
    for metric in alone.values():
        metric.sync_on_compute = metric._to_sync = False
    check(values, alone.compute())
    preds, target = batch(0)
    groups = torch.arange(len(preds)) % 2
    fairness = ours.MetricCollection([ours.BinaryFairness(2), ours.BinaryGroupStatRates(2)])
    fairness.update(preds, target * (rank == groups), groups)
    with watched() as calls:
        found = fairness.compute()
    assert calls == SUM
    assert any(name.startswith("DP_") for name in found)


def members_computed_one_by_one_sync_once(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metrics = ours.MetricCollection(members()).clone()
    for epoch in (0, 2):
        metrics(*batch(epoch + rank))
        logged = dict(metrics.items(keep_base=False, copy_state=False))
        with watched() as calls:
            values = {name: metric.compute() for name, metric in logged.items()}
        assert calls == SUM
        check(values, expected(members(), epoch, epoch + 1))
        for metric in logged.values():
            metric.reset()


def what_was_counted_in_between_is_summed_anew(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metrics = ours.MetricCollection(members())
    metrics.update(*batch(rank))
    metrics["auroc"].compute()
    metrics.update(*batch(2 + rank))
    check(metrics.compute(), expected(members(), 0, 1, 2, 3))
    metrics["auroc"].sync()
    metrics["auroc"].unsync()
    metrics.update(*batch(4 + rank))
    check(metrics.compute(), expected(members(), 0, 1, 2, 3, 4, 5))
    saved = ours.summed_states(metrics)
    for change in ("merge", "load", "forward", "own update", "reset"):
        metrics["ap"].sync()
        metrics["ap"].unsync()
        f1 = metrics._modules["f1"]
        if change == "merge":
            f1.merge_state(expected_metric(6 + rank))
        elif change == "load":
            metrics.load_state_dict(saved)
        elif change == "reset":
            metrics.reset()
            metrics.update(*batch(6 + rank))
        else:
            f1(*batch(6 + rank)) if change == "forward" else f1.update(*batch(6 + rank))
        wanted = {"load": (0, 1, 2, 3, 4, 5), "reset": (6, 7)}.get(change, (0, 1, 2, 3, 4, 5, 6, 7))
        assert f1.compute() == expected({"f1": ours.BinaryF1Score()}, *wanted)["f1"], change
        metrics.load_state_dict(saved)


def expected_metric(seed: int) -> torchmetrics.Metric:
    metric = ours.BinaryF1Score()
    metric.update(*batch(seed))
    return metric


def each_metric_alone_and_in_the_stock_collection_gives_the_same(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    wanted = expected(members(), 0, 1)
    stock = torchmetrics.MetricCollection(members())
    stock.update(*batch(rank))
    check(stock.compute(), wanted)
    for name, metric in members().items():
        metric.update(*batch(rank))
        with watched() as calls:
            assert metric.compute() == wanted[name]
        assert calls == SUM
        metric.update(*batch(rank))
        local = int(metric.state[: metric.counts.store.layout.block].sum())
        assert local == 1000, "local counts stay local"


def exact_metrics_gather_once_also_if_a_rank_saw_nothing(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metric = ours.BinaryAUROC(thresholds=None)
    metrics = ours.MetricCollection([ours.BinaryAUROC(thresholds=None), ours.BinaryROC(thresholds=None)])
    rows = ours.BinaryAccuracy(multidim_average="samplewise")
    if rank:
        preds, target = batch(1)
        for each in (metric, metrics):
            each.update(preds, target)
        rows.update(preds.view(50, 10), target.view(50, 10))
        kept = metric.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on rank 0 nothing was updated
        with watched() as calls:
            value = metric.compute()
        assert calls == GATHERING
        with watched() as calls:
            values = metrics.compute()
        assert calls == GATHERING
        assert rows.compute().shape == (50,)
    assert value == values["BinaryAUROC"] == expected({"": ours.BinaryAUROC(thresholds=None)}, 1)[""]
    if rank:
        assert len(metric.state[0]) == len(kept.state[0])


def other_cuts_on_another_rank_raise(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metric = ours.BinaryAccuracy(0.5 if rank else 0.25)
    metric.update(*batch(rank))
    with pytest.raises(RuntimeError, match="counts_t_0p"):
        metric.compute()


def memory_from_the_parent_is_not_shared(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    for given in luggage[:2]:
        given.update(*batch(rank))
        given.update(*batch(rank))
    dist.barrier()
    assert int(luggage[0].state[:-5].sum()) == 1006
    assert int(luggage[1]["BinaryF1Score"].state[:-5].sum()) == 1000


def summed_states_resume_without_losing_or_doubling(rank: int, path: Path, luggage: tuple[Any, ...]) -> None:
    metrics = torch.nn.ModuleDict({"val": ours.MetricCollection(members()), "exact": ours.BinaryAUROC(thresholds=None)})
    for each in metrics.values():
        each.update(*batch(rank))
    with watched() as calls:
        saved = ours.summed_states(metrics)
    assert calls == {"all_to_all_single": 2, "all_reduce": 1, "all_gather": 1}
    if not rank:
        torch.save(saved, path / "summed.pt")
    resumed = torch.nn.ModuleDict({"val": ours.MetricCollection(members()), "exact": ours.BinaryAUROC(thresholds=None)})
    resumed.load_state_dict(saved)
    for each in resumed.values():
        each.update(*batch(2 + rank))
    check(resumed["val"].compute(), expected(members(), 0, 1, 2, 3))
    assert resumed["exact"].compute() == expected({"": ours.BinaryAUROC(thresholds=None)}, 0, 1, 2, 3)[""]


PLAYS = [
    a_collection_syncs_once,
    rows_of_all_kinds_sync_once,
    members_computed_one_by_one_sync_once,
    what_was_counted_in_between_is_summed_anew,
    each_metric_alone_and_in_the_stock_collection_gives_the_same,
    exact_metrics_gather_once_also_if_a_rank_saw_nothing,
    other_cuts_on_another_rank_raise,
    memory_from_the_parent_is_not_shared,
    summed_states_resume_without_losing_or_doubling,
]


def play(rank: int, path: Path, luggage: tuple[Any, ...], together: Any) -> None:
    """Play all scenarios, each in a new process group; a report of each is left, empty if all went well."""
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    for scenario in PLAYS:
        together.wait(120)
        try:
            join(path / f"group-{scenario.__name__}", rank, RANKS)
            scenario(rank, path, luggage)
            said = ""
        except BaseException:
            said = traceback.format_exc()
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()
        (path / f"{scenario.__name__}-{rank}.txt").write_text(said)
