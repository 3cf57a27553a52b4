"""What ranks do together: scenarios that every process of a group plays, and the play that spawned processes run."""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import torch.distributed as dist
from building import EVERY
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import torch_binmetrics as tb
from torch_binmetrics.integrations.checkpoint import Stateful

TIMEOUT = timedelta(seconds=60)
#: The collectives of a sum: 256 bytes from each rank to each, then all counts.
SUM = {"all_to_all_single": 1, "all_reduce": 1}
#: And of a gathering of exact counts.
GATHERING = {"all_to_all_single": 1, "all_gather": 1}
COLLECTIVE = re.compile("all_|alltoall|barrier|broadcast|gather|reduce|scatter|send|recv")


class Rank(NamedTuple):
    """What a scenario is told."""

    rank: int
    world: int
    path: Path  # a folder of all ranks, and of all world sizes
    luggage: tuple[Any, ...]  # objects that the parent made and passed through mp.spawn


def play(rank: int, path: Path, luggage: tuple[Any, ...], together: Any) -> None:
    """Play all scenarios, each in a new process group of the first ranks; a report of each is left, empty if all went well."""
    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "scores outside")  # the batches hold scores of all sizes
    for scenario, world in PLAYS:
        together.wait(3 * TIMEOUT.total_seconds())
        if rank < world:
            report = _report(scenario, Rank(rank, world, path, luggage))
            report_of(path, scenario.__name__, world, rank).write_text(report)


def _report(scenario: Callable[[Rank], None], at: Rank) -> str:
    """What went wrong."""
    try:
        join(at.path / f"group-of-{at.world}-{scenario.__name__}", at.rank, at.world)
        scenario(at)
    except BaseException:
        return traceback.format_exc()
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return ""


def report_of(path: Path, scenario: str, world: int, rank: int) -> Path:
    return path / f"report-{scenario}-{world}-{rank}.txt"


def join(file: Path, rank: int, world: int) -> None:
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=world, timeout=TIMEOUT)


class Batch(NamedTuple):
    preds: Tensor
    target: Tensor
    weight: Tensor

    def part(self, rank: int, world: int) -> Batch:
        """An uneven share of the samples: 1, 3, 5, 7 ... parts of world**2."""
        start, stop = (len(self.preds) * end**2 // world**2 for end in (rank, rank + 1))
        return Batch(*(column[start:stop] for column in self))


def skewed(n: int = 20_011, seed: int = 1) -> Batch:
    """Probabilities near 0, 3 % positives, weights that float64 cannot add without rounding."""
    g = torch.Generator().manual_seed(seed)
    preds = torch.rand(n, generator=g) ** 6
    return Batch(preds, (torch.rand(n, generator=g) < 0.2 * preds.sqrt()).long(), torch.rand(n, generator=g).double() + 0.1)


def wide(n: int = 200_003, seed: int = 2) -> Batch:
    """Scores of every magnitude that float32 has: they fill more than 32,768 of the default bins."""
    g = torch.Generator().manual_seed(seed)
    preds = 10 ** (76 * torch.rand(n, generator=g) - 38) * (torch.randint(0, 2, (n,), generator=g) * 2 - 1)
    target = torch.rand(n, generator=g) < 0.3 + 0.2 * (preds > 0) + 0.2 * (preds > 1e-9)
    return Batch(preds, target.long(), torch.rand(n, generator=g).double() + 0.1)


BATCHES = {"skewed": skewed, "wide": wide}


def named(**options: Any) -> dict[str, tb.Metric[Any]]:
    """One metric of every named class that the package exports."""
    return {name: build(**options) for name, build in EVERY.items()}


def mixed(**options: Any) -> tb.MetricCollection:
    """A collection of five histograms, of both dtypes."""
    return tb.MetricCollection(
        {
            "auroc": tb.BinaryAUROC(**options),
            "recall": tb.BinaryRecall(**options),
            "f1": tb.BinaryF1Score(0.3, **options),
            "uniform": tb.BinaryAveragePrecision(256, **options),
            "heavy": tb.BinaryAveragePrecision(weighted=True, **options),
            "heavy precision": tb.BinaryPrecision(0.1, weighted=True, **options),
        }
    )


def count(metrics: tb.MetricCollection | dict[str, tb.Metric[Any]], batch: Batch, *, weighted: bool = False) -> None:
    """Count a batch in pieces of odd size."""
    for preds, target, weight in zip(*(column.split(30_011) for column in batch), strict=True):
        for each in [metrics] if isinstance(metrics, tb.MetricCollection) else metrics.values():
            each.update(preds, target, weight if weighted else None)


def readings(metrics: tb.MetricCollection) -> dict[str, list[Tensor]]:
    """Values and bounds of local or summed counts, as lists of tensors."""
    values = {name: parts(value) for name, value in metrics.compute().items()}
    curves = (tb.metrics.AlongCuts, tb.BinaryReliabilityCurve)
    bounded = {name: metric for name, metric in metrics.items() if not isinstance(metric, curves)}
    return values | {f"{name} bounds": parts(metric.bounds()) for name, metric in bounded.items()}


def parts(value: Any) -> list[Tensor]:
    return list(value) if isinstance(value, tuple) else [value]


def same(found: Any, wanted: Any, *, tolerance: float = 0.0) -> None:
    """Equal dtype, shape and every bit, or within a tolerance; a NaN is like another."""
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)


def agree(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Equal values of two ``mixed`` collections: bit for bit, but where sums of weights depend on their order."""
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        same(value, wanted[name], tolerance=1e-12 if name.startswith("heavy") else 0.0)


def alone(make: Callable[[], tb.MetricCollection], *batches: Batch) -> dict[str, Any]:
    """The values that one process gives for all the batches."""
    metrics = make()
    for batch in batches:
        metrics.update(*batch)
    return metrics.compute(sync=False)


def states(metrics: tb.MetricCollection) -> list[Tensor]:
    return [histogram.state.clone() for histogram in metrics.histograms]


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """Counts the collectives that are called in torch.distributed, and that each of them is one c10d operation."""
    calls: Counter[str] = Counter()
    names = [name for name in dist.distributed_c10d.__all__ if COLLECTIVE.search(name) and name.islower()]
    originals = {name: getattr(dist, name) for name in names}
    assert {"all_reduce", "all_gather_object", "broadcast", "barrier", "monitored_barrier", "reduce", "send"} <= set(names)

    def watch(name: str) -> Callable[..., Any]:
        def watching(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return originals[name](*args, **kwargs)

        return watching

    def install(functions: dict[str, Callable[..., Any]]) -> None:
        for module in (dist, dist.distributed_c10d):
            for name, function in functions.items():
                setattr(module, name, function)

    install({name: watch(name) for name in names})
    try:
        with profile(activities=[ProfilerActivity.CPU]) as trace:
            yield calls
    finally:
        install(originals)
    below = Counter(event.name[6:].replace("_", "") for event in trace.events() if event.name.startswith("c10d::"))
    above = Counter({name.replace("_", "").replace("allsingle", "allbase"): n for name, n in calls.items()})
    assert below == above, f"{dict(below)} of c10d for {dict(above)}"


def every_named_metric_gives_the_bits_of_one_process(at: Rank) -> None:
    expected = torch.load(at.path / "expected.pt", weights_only=True)
    for kind, make in BATCHES.items():
        metrics = tb.MetricCollection(named(invalid="drop"))
        count(metrics, make().part(at.rank, at.world))
        total = metrics.summed()
        sums = {name for name, metric in total.items() if metric.sums}  # float64, so their order counts
        for name, found in readings(total).items():
            same(found, expected[kind][name], tolerance=1e-12 if name.removesuffix(" bounds") in sums else 0.0)
    single = named()
    count(single, skewed().part(at.rank, at.world))
    for name, metric in single.items():
        same(parts(metric.compute()), expected["skewed"][name], tolerance=1e-12 if metric.sums else 0.0)


def weighted_metrics_equal_one_process_to_1e_12(at: Rank) -> None:
    metrics = tb.MetricCollection(named(weighted=True))
    count(metrics, skewed().part(at.rank, at.world), weighted=True)
    same(readings(metrics.summed()), torch.load(at.path / "expected.pt", weights_only=True)["weighted"], tolerance=1e-12)


def a_rank_that_saw_nothing_takes_part(at: Rank) -> None:
    """A rank saw no data | It takes part like any other."""
    for idle in (0, at.world - 1):
        metrics = mixed()
        if at.rank != idle:
            metrics.update(*skewed(seed=at.rank))
        agree(metrics.compute(), alone(mixed, *(skewed(seed=rank) for rank in range(at.world) if rank != idle)))


def ranks_that_saw_nothing_at_all_give_nan(at: Rank) -> None:
    for weighted in (False, True):
        for name, value in tb.MetricCollection(named(weighted=weighted)).compute().items():
            if name in ("BinaryStatScores", "BinaryConfusionMatrix"):
                assert not value.any(), name
            else:
                assert all(part[0 if part.ndim else ...].isnan() for part in parts(value)[:2]), (name, value)


def a_group_sums_the_counts_of_its_members_only(at: Rank) -> None:
    """Several groups, with ranks in common | Each sums the counts of its members."""
    batches = [skewed(seed=rank) for rank in range(at.world)]
    members = [[0, 1], [1, 2], [0, 1, 2]]
    groups = [dist.new_group(ranks) for ranks in members]
    collections = [mixed(process_group=group) for group in groups]
    for metrics in collections:
        metrics.update(*batches[at.rank])
    for _ in range(3):
        for metrics, ranks in zip(collections, members, strict=True):
            if at.rank in ranks:
                agree(metrics.compute(), alone(mixed, *(batches[rank] for rank in ranks)))


def outside_of_the_group_compute_raises_and_names_it(at: Rank) -> None:
    """`compute()` on a rank outside of `process_group` | It raises there, and names the group."""
    pair = dist.new_group([0, 1])
    metrics, metric = mixed(process_group=pair), tb.BinaryAUROC(process_group=pair)
    batch = skewed(seed=at.rank)
    metrics.update(*batch)
    metric.update(batch.preds, batch.target)
    synced = [metrics.compute, metrics.summed, partial(metrics.state_dict, sync=True)]
    synced += [metric.compute, metric.summed, metric.bounds, partial(metric.confusion, sync=True)]
    assert (pair == dist.GroupMember.NON_GROUP_MEMBER) == (at.rank == 2)
    for call in synced:
        if at.rank == 2:
            with pytest.raises(RuntimeError, match="rank 2 is not in the process_group of this metric"):
                call()
        else:
            call()
    agree(metrics.compute(sync=False), alone(mixed, batch))
    same(metric.compute(sync=False), metrics.compute(sync=False)["auroc"])


def computing_leaves_the_local_counts_alone(at: Rank) -> None:
    early, late = ([skewed(seed=10 * half + rank) for rank in range(at.world)] for half in (0, 1))
    metrics = mixed()
    metrics.update(*early[at.rank])
    before = states(metrics)
    agree(metrics.compute(), alone(mixed, *early))
    agree(metrics.compute(), alone(mixed, *early))
    total = metrics.summed()
    metrics.state_dict(sync=True)
    same(states(metrics), before)
    metrics.update(*late[at.rank])
    agree(metrics.compute(), alone(mixed, *early, *late))
    agree(total.compute(), alone(mixed, *early))
    for change in (total.reset, partial(total.update, *late[0])):
        with pytest.raises(RuntimeError, match="sum over ranks"):
            change()


def _thresholds(*thresholds: float) -> tb.MetricCollection:
    return tb.MetricCollection({f"at {t}": tb.BinaryRecall(t) for t in thresholds})


DISAGREEMENTS: dict[str, tuple[Callable[[], tb.MetricCollection], Callable[[], tb.MetricCollection]]] = {
    "another threshold, so equal sizes": (partial(_thresholds, 0.3), partial(_thresholds, 0.7)),
    "an extra metric, so other sizes": (partial(_thresholds, 0.3), partial(_thresholds, 0.3, 0.7)),
    "other order of equal sizes": (partial(_thresholds, 0.3, 0.7), partial(_thresholds, 0.7, 0.3)),
    "other order of other sizes": (
        lambda: tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryRecall(0.3)]),
        lambda: tb.MetricCollection([tb.BinaryRecall(0.3), tb.BinaryAUROC()]),
    ),
    "other cuts": (
        lambda: tb.MetricCollection([tb.BinaryAUROC()]),
        lambda: tb.MetricCollection([tb.BinaryAUROC(1024)]),
    ),
    "weights on one side": (
        lambda: tb.MetricCollection([tb.BinaryRecall()]),
        lambda: tb.MetricCollection([tb.BinaryRecall(weighted=True)]),
    ),
    "weights in other places": (
        lambda: tb.MetricCollection({"a": tb.BinaryRecall(), "b": tb.BinaryRecall(weighted=True)}),
        lambda: tb.MetricCollection({"a": tb.BinaryRecall(weighted=True), "b": tb.BinaryRecall()}),
    ),
    "another ignore_index": (
        lambda: tb.MetricCollection([tb.BinaryRecall(ignore_index=-1)]),
        lambda: tb.MetricCollection([tb.BinaryRecall(ignore_index=-100)]),
    ),
    "logits on one side": (
        lambda: tb.MetricCollection([tb.BinaryAUROC()]),
        lambda: tb.MetricCollection([tb.BinaryAUROC(from_logits=True)]),
    ),
    "other names": (
        lambda: tb.MetricCollection({"recall": tb.BinaryRecall()}),
        lambda: tb.MetricCollection({"sensitivity": tb.BinaryRecall()}),
    ),
    "another prefix": (
        lambda: tb.MetricCollection([tb.BinaryRecall()], prefix="train/"),
        lambda: tb.MetricCollection([tb.BinaryRecall()], prefix="val/"),
    ),
    "another measure of the same counts": (
        lambda: tb.MetricCollection({"metric": tb.BinaryRecall()}),
        lambda: tb.MetricCollection({"metric": tb.BinaryPrecision()}),
    ),
    "another option of a measure": (
        lambda: tb.MetricCollection([tb.BinaryFBetaScore(1.0)]),
        lambda: tb.MetricCollection([tb.BinaryFBetaScore(2.0)]),
    ),
    "another value for what is undefined": (
        lambda: tb.MetricCollection([tb.BinaryRecall()]),
        lambda: tb.MetricCollection([tb.BinaryRecall(zero_division=0)]),
    ),
    "more bins of calibration": (
        lambda: tb.MetricCollection([tb.BinaryCalibrationError(10)]),
        lambda: tb.MetricCollection([tb.BinaryCalibrationError(20)]),
    ),
}


def ranks_that_count_different_things_all_raise_and_go_on(at: Rank) -> None:
    """Collections that differ: cuts, options, order, names, prefix, measures | All ranks raise, and say which ranks differ;
    the counts stay, and the next sum works.
    """
    batches = [skewed(1000, seed=rank) for rank in range(at.world)]
    for turn, (usual, other) in enumerate(DISAGREEMENTS.values()):
        odd = turn % 2 * (at.world - 1)
        metrics, good = (other if at.rank == odd else usual)(), mixed()
        metrics.update(*batches[at.rank][:2])
        good.update(*batches[at.rank])
        before = states(metrics)
        with pytest.raises(RuntimeError, match=r"do not sum the same counts: rank\(s\) \[.*This one brings: Layout"):
            metrics.compute()
        same(states(metrics), before)
        agree(good.compute(), alone(mixed, *batches))


def single_metrics_that_differ_all_raise(at: Rank) -> None:
    metrics = [tb.BinaryFBetaScore(beta) for beta in (1.0, 2.0)]
    for metric in metrics:
        metric.update(*skewed(1000, seed=at.rank)[:2])
    with pytest.raises(RuntimeError, match="do not sum the same counts"):
        metrics[at.rank == at.world - 1].compute()
    for metric in metrics:
        metric.compute()


def clones_computed_in_another_order_raise_on_all_ranks(at: Rank) -> None:
    """Two clones are computed in another order on some rank | All ranks raise, for each of the two."""
    for original in (mixed(), tb.BinaryRecall(), tb.ScoreHistogram(tb.Layout(tb.Uniform(8)))):
        train, val = original.clone(), original.clone()
        read = (lambda each: each.summed()) if isinstance(original, tb.ScoreHistogram) else (lambda each: each.compute())
        for each, n in ((train, 10), (val, 20)):
            each.update(torch.full((n,), 0.9), torch.ones(n), *[torch.ones(n)] * isinstance(each, tb.MetricCollection))
        for each in (train, val) if at.rank else (val, train):
            with pytest.raises(RuntimeError, match=r"do not sum the same counts: rank\(s\) \[1"):
                read(each)
        for each in (train, val):
            read(each)


def a_rank_out_of_step_raises_on_all_ranks_and_they_go_on(at: Rank) -> None:
    """A rank computes once more than the others, or is reset or loaded alone | All ranks raise at the next sum, and say how
    often each summed; then they go on.
    """
    late = at.rank == at.world - 1
    for change in ("reset", "load", "one more"):
        metric, saved = tb.BinaryRecall(), tb.BinaryRecall().state_dict(sync=True)
        metric.update(torch.tensor([0.9]), torch.tensor([1]))
        for _ in range(3):
            metric.compute()
        if change == "one more" and late:  # while the others are in the next epoch
            with pytest.raises(RuntimeError, match=rf"rank 0 summed 0 times, rank {at.rank} summed 3 times"):
                metric.compute()
        elif change == "reset" and late:
            metric.reset()
        elif change == "load" and late:
            metric.load_state_dict(saved)
        if change == "one more":
            metric.reset()
            metric.update(torch.tensor([0.9]), torch.tensor([1]))
        if not (change == "one more" and late):
            with pytest.raises(RuntimeError, match=r"out of step: since these .* empty, rank 0 summed [03] times"):
                metric.compute()
        held = at.world - 1 if change != "one more" else at.world
        assert int(metric.summed().tp) == held
        assert metric.state_dict(sync=True)["counts"][:4].sum() == held
        same(metric.compute(), torch.tensor(1.0, dtype=torch.float64))


def all_that_sums_is_a_round_and_what_does_not_is_none(at: Rank) -> None:
    """`report()`, intervals, `summed()` and `state_dict(sync=True)` on all ranks, and `sync=False` on one alone | Each sums
    once; what one rank reads alone is its own business.
    """
    metrics = tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryRecall(0.3)])
    metrics.update(*skewed(1000, seed=at.rank)[:2])
    synced = [metrics.compute, metrics.summed, partial(metrics.state_dict, sync=True)]
    synced += [partial(metrics.report, draws=100), partial(metrics.confidence_intervals, draws=100)]
    for call in synced:
        metrics.compute(sync=False)
        if at.rank:  # what one rank reads alone is its own business
            metrics.state_dict()
            metrics.confidence_intervals(draws=100, sync=False)
            metrics.report(draws=100, sync=False)
        call()
    rounds = [histogram.rounds.of(None) for histogram in metrics.histograms]
    assert rounds == [len(synced)] * len(rounds)


def two_threads_sum_over_two_groups_at_the_same_time(at: Rank) -> None:
    """Two threads sum over two groups at the same time | Both get exact values."""
    groups = [dist.new_group(list(range(at.world))) for _ in range(2)]
    metrics = [mixed(process_group=group) for group in groups]
    for each in metrics:
        each.update(*skewed(seed=at.rank))
    wanted, found = alone(mixed, *(skewed(seed=rank) for rank in range(at.world))), [[], []]

    def compute(which: int) -> None:
        for _ in range(20):
            found[which].append(metrics[which].compute())

    order = (0, 1) if at.rank else (1, 0)
    threads = [threading.Thread(target=compute, args=(which,)) for which in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for values in found:
        assert len(values) == 20
        for value in values:
            agree(value, wanted)


def counts_beyond_int32_and_float64_are_exact_or_refused(at: Rank) -> None:
    """Sums of counts beyond 2^31 | They are exact; beyond 2^53, together with sums of weights or losses, all ranks raise."""
    for count in (2**31 // at.world - 1, 2**31 // at.world, 2**31 + 1, 2**62 // at.world):
        metrics = mixed()
        metrics.histograms[1].state[0] = count
        if at.world * count > 2**53:
            with pytest.raises(RuntimeError, match=r"more than 2\*\*53"):
                metrics.compute()
        else:
            assert int(metrics.summed().histograms[1].state[0]) == at.world * count
        metric = tb.BinaryRecall()
        metric.histogram.state[1] = count
        assert int(metric.summed().fp) == at.world * count
        same(metric.summed().histogram.state.sum(), torch.tensor(at.world * count))


def a_local_state_is_refused_on_another_rank_and_in_another_world(at: Rank) -> None:
    """A state of one rank alone is loaded on another rank, or among more or fewer | It is refused, and
    `state_dict(sync=True)` is named.
    """
    own = at.path / f"own-{at.world}-{at.rank}.pt"
    for make in (mixed, tb.BinaryAUROC, lambda: tb.BinaryAUROC(cuts=tb.Exact())):
        metric = make()
        metric.update(*skewed(1000, seed=at.rank)[: 3 if make is mixed else 2])
        torch.save(metric.state_dict(), own)
        dist.barrier()
        other = torch.load(at.path / f"own-{at.world}-{(at.rank + 1) % at.world}.pt", weights_only=True)
        kept = metric.compute(sync=False)
        with pytest.raises(ValueError, match=rf"rank {at.rank} of {at.world}, .* rank .* alone: save state_dict\(sync=True\)"):
            metric.load_state_dict(other)
        same(metric.compute(sync=False), kept)
        again = make()
        again.load_state_dict(torch.load(own, weights_only=True))
        same(again.compute(sync=False), kept)
        dist.barrier()
    pair = dist.new_group([0, 1])
    inside = tb.BinaryRecall(process_group=pair)
    inside.load_state_dict(inside.state_dict())
    if at.rank < 2:
        with pytest.raises(ValueError, match=f"rank {at.rank} of {at.world}, the state holds those of rank {at.rank} of 2"):
            tb.BinaryRecall().load_state_dict(inside.state_dict())
    dist.barrier()  # a rank that leaves before the others have joined the pair would spoil that


def counts_of_all_that_were_loaded_without_a_group_are_not_summed_again(at: Rank) -> None:
    """A summed state is loaded on every rank before `init_process_group` | All ranks raise at the first sum."""
    metric = tb.BinaryRecall()
    metric.update(torch.tensor([0.9]), torch.tensor([1]))
    total = metric.state_dict(sync=True)
    dist.destroy_process_group()
    lone = tb.BinaryRecall()
    lone.merge_state(metric)
    for state in (total, lone.state_dict()):
        everywhere, first = tb.BinaryRecall(), tb.BinaryRecall()
        everywhere.load_state_dict(state)
        if at.rank == 0:
            first.load_state_dict(state)
        merged = everywhere.clone()
        merged.merge_state(metric)
        join(at.path / f"later-{at.world}-{state['summed']}", at.rank, at.world)
        for each in (everywhere, merged):
            with pytest.raises(RuntimeError, match=f"{at.world} ranks loaded counts before .*: load them after init_process"):
                each.compute()
            assert float(each.compute(sync=False)) == 1
        assert int(first.summed().tp) == (at.world if state["summed"] else 1)
        everywhere.reset()
        assert int(everywhere.summed().tp) == 0
        dist.destroy_process_group()


def a_collection_is_one_all_reduce(at: Rank) -> None:
    batch = skewed(seed=at.rank)
    counts = {name: metric for name, metric in named().items() if not metric.sums}
    plain = tb.MetricCollection(counts | {"at 0.3": tb.BinaryRecall(0.3), "coarse": tb.BinaryAUROC(64)})
    every = tb.MetricCollection(named())
    assert len(plain) > 10
    assert len(plain.histograms) == 3
    assert len(every.histograms) == 4
    for metrics, columns in ((plain, 2), (every, 2), (mixed(), 3)):
        with watched() as calls:
            metrics.update(*batch[:columns])
            metrics(*batch[:columns])
            metrics.compute(sync=False)
            metrics.state_dict()
        assert not calls
        for synced in (metrics.compute, metrics.summed, partial(metrics.state_dict, sync=True)):
            with watched() as calls:
                synced()
            assert calls == SUM


def intervals_are_the_same_on_all_ranks_for_one_all_reduce(at: Rank) -> None:
    batches = [skewed(2_003, seed=rank) for rank in range(at.world)]
    kinds = [
        "AUROC",
        "AveragePrecision",
        "FBetaScore",
        "EER",
        "BestThreshold",
        "BrierScore",
    ]  # of each way to an interval one or two
    every = {name: metric for name, metric in named().items() if name.removeprefix("Binary") in kinds}
    for names in ([name for name in every if not every[name].sums], list(every)):
        metrics, whole = (tb.MetricCollection({name: named()[name] for name in names}) for _ in range(2))
        metrics.update(*batches[at.rank][:2])
        for batch in batches:
            whole.update(*batch[:2])
        with watched() as calls:
            found = metrics.confidence_intervals(draws=100)
        assert calls == SUM
        wanted = whole.confidence_intervals(draws=100, sync=False)
        for name in names:  # float64 sums depend on their order
            if name in wanted:
                same(found[name], wanted[name], tolerance=1e-9 if every[name].sums else 0.0)
    with watched() as calls:
        same(metrics["BinaryFBetaScore"].confidence_interval(draws=100), found["BinaryFBetaScore"])
    assert calls == SUM


def a_metric_is_one_all_reduce_for_each_question(at: Rank) -> None:
    metric = tb.BinaryAUROC()
    metric.update(*skewed(seed=at.rank)[:2])
    for synced in (metric.compute, metric.bounds, metric.summed, partial(metric.confusion, sync=True)):
        with watched() as calls:
            synced()
        assert calls == SUM
    with watched() as calls:
        metric.confusion()
        metric.compute(sync=False)
        metric.bounds(sync=False)
        assert metric.tp.numel()
    assert not calls


def exact_counts_of_all_ranks_are_one_all_gather(at: Rank) -> None:
    options = {"cuts": tb.Exact(), "invalid": "drop"}
    parts = [skewed(seed=rank)[:2] for rank in range(at.world)]
    parts[-1] = tuple(column[:0] for column in parts[-1])
    metrics, whole = (tb.MetricCollection([tb.BinaryAUROC(**options), tb.BinaryAveragePrecision(**options)]) for _ in range(2))
    metrics.update(*parts[at.rank])
    for part in parts:
        whole.update(*part)
    with watched() as calls:
        values = metrics.compute()
    assert calls == GATHERING
    same(values, whole.compute(sync=False))
    resumed = metrics.clone()
    resumed.load_state_dict(metrics.state_dict(sync=True))
    assert (len(resumed.histograms[0].state) > 0) == (at.rank == 0)
    same(resumed.compute(), values)


def what_is_read_off_a_summed_copy_is_no_collective(at: Rank) -> None:
    metrics = mixed()
    metrics.update(*skewed(seed=at.rank))
    total, values = metrics.summed(), metrics.compute()
    single, bounds = metrics["auroc"].summed(), metrics["auroc"].bounds()
    with watched() as calls:
        same(total.compute(), values)
        for reader in (total["auroc"], single):
            same(reader.compute(), values["auroc"])
            same(reader.bounds(), bounds)
            reader.confusion(sync=True)
            reader.summed()
    assert not calls


def the_watch_notices_other_collectives(at: Rank) -> None:
    with watched() as calls:
        dist.barrier()
        dist.broadcast(torch.zeros(1), 0)
    assert calls == {"barrier": 1, "broadcast": 1}
    hidden = dist.group.WORLD
    with pytest.raises(AssertionError, match="'allreduce': 1"), watched():
        hidden.allreduce([torch.zeros(1)]).wait()


def what_came_through_spawn_counts_in_memory_of_its_own(at: Rank) -> None:
    metric, metrics, histogram, shared = at.luggage
    for _ in range(at.rank + 1):
        metric.update(torch.tensor([0.9]), torch.tensor([1]))
        metrics.update(torch.tensor([0.9]), torch.tensor([1]), torch.tensor([0.5]))
        histogram.update(torch.tensor([0.9]), torch.tensor([1]))
        shared += 1
    dist.barrier()
    assert shared.item() >= sum(range(at.world + 1)), "plain tensors are expected to be shared, or this shows nothing"
    assert int(metric.tp) == 3 + at.rank + 1
    assert int(histogram.counts.sum()) == 3 + at.rank + 1
    assert [float(part.counts.sum()) for part in metrics.histograms] == [at.rank + 1, (at.rank + 1) / 2]
    dist.barrier()
    assert int(metric.summed().tp) == 3 * at.world + sum(range(at.world + 1))


def states_are_saved(at: Rank) -> None:
    """The first half of a run at two ranks; the second half is played by the worlds that resume it."""
    batch = skewed(seed=20 + at.rank)
    metrics, metric = mixed(), tb.BinaryAUROC()
    metrics.update(*batch)
    metric.update(*batch[:2])
    local = {"collection": metrics.state_dict(), "metric": metric.state_dict()}
    summed = {"collection": metrics.state_dict(sync=True), "metric": metric.state_dict(sync=True)}
    torch.save(local, at.path / f"local-{at.rank}.pt")
    if at.rank == 0:
        torch.save(summed, at.path / "summed.pt")


def a_summed_state_resumes_at_any_number_of_ranks(at: Rank) -> None:
    state = torch.load(at.path / "summed.pt", weights_only=True)
    metrics, metric = mixed(), tb.BinaryAUROC()
    metrics.load_state_dict(state["collection"])
    metric.load_state_dict(state["metric"])
    held = [bool(part.any()) for part in (*states(metrics), metric.histogram.state)]
    assert held == [at.rank == 0] * len(held)
    _resume(at, metrics, metric)


def a_summed_state_is_kept_by_the_first_rank_of_a_group(at: Rank) -> None:
    group = dist.new_group([1, 2])
    if at.rank:
        metric = tb.BinaryRecall(process_group=group)
        metric.update(torch.full((at.rank,), 0.9), torch.ones(at.rank))
        resumed = tb.BinaryRecall(process_group=group)
        resumed.load_state_dict(metric.state_dict(sync=True))
        assert int(resumed.tp) == (3 if at.rank == 1 else 0)
        assert int(resumed.summed().tp) == 3


def a_local_state_resumes_at_the_same_number_of_ranks(at: Rank) -> None:
    state = torch.load(at.path / f"local-{at.rank}.pt", weights_only=True)
    metrics, metric = mixed(), tb.BinaryAUROC()
    metrics.load_state_dict(state["collection"])
    metric.load_state_dict(state["metric"])
    agree(metrics.compute(sync=False), alone(mixed, skewed(seed=20 + at.rank)))
    _resume(at, metrics, metric)


def _resume(at: Rank, metrics: tb.MetricCollection, metric: tb.Metric[Any]) -> None:
    """Count on, and compare with the whole run in one process."""
    later = [skewed(seed=30 + rank) for rank in range(at.world)]
    metrics.update(*later[at.rank])
    metric.update(*later[at.rank][:2])
    whole = alone(mixed, skewed(seed=20), skewed(seed=21), *later)
    agree(metrics.compute(), whole)
    same(metric.compute(), whole["auroc"])


def _every(**options: Any) -> dict[str, tb.MetricCollection]:
    """All metrics: by counts, by weights and sums of losses, and by every distinct score."""
    exact = (tb.BinaryAUROC, tb.BinaryAveragePrecision, tb.BinaryROC, tb.BinaryPrecisionRecallCurve, tb.BinaryEER)
    return {
        "plain": tb.MetricCollection(named()),
        "weighted": tb.MetricCollection(named(weighted=True)),
        "exact": tb.MetricCollection([kind(cuts=tb.Exact()) for kind in exact]),
        "exact weighted": tb.MetricCollection([kind(cuts=tb.Exact(), weighted=True) for kind in exact]),
    }


def _count_every(every: dict[str, tb.MetricCollection], seed: int) -> None:
    batch = skewed(2_003, seed=seed)
    for kind, metrics in every.items():
        metrics.update(*batch[: 3 if "weighted" in kind else 2])


def _same_every(found: dict[str, tb.MetricCollection], seeds: list[int]) -> None:
    """Every value is that of one process which counted all the batches."""
    whole = _every()
    for seed in seeds:
        _count_every(whole, seed)
    for kind, metrics in found.items():
        wanted = whole[kind].compute(sync=False)
        for name, value in metrics.compute().items():
            rounded = "weighted" in kind or bool(metrics[name].sums)
            same(value, wanted[name], tolerance=1e-9 if rounded else 0.0)


def all_metrics_are_saved(at: Rank) -> None:
    every = _every()
    _count_every(every, 40 + at.rank)
    state = {kind: metrics.state_dict(sync=True) for kind, metrics in every.items()}
    _checkpoint("save", {kind: Stateful(metrics) for kind, metrics in every.items()}, at.path / f"sharded-{at.world}")
    if at.rank == 0:
        torch.save(state, at.path / f"every-{at.world}.pt")


def all_metrics_resume_at_another_number_of_ranks(at: Rank) -> None:
    """A run resumes at another number of ranks, 2 to 3, 3 to 1 or 1 to 4, from `state_dict(sync=True)` or
    `torch.distributed.checkpoint` | Every metric, weighted and exact ones too, is that of one process.
    """
    before = {3: 2, 1: 3, 4: 1}[at.world]
    state = torch.load(at.path / f"every-{before}.pt", weights_only=True)
    plain, sharded = _every(), _every()
    for kind, metrics in plain.items():
        metrics.load_state_dict(state[kind])
    _count_every(sharded, 7)  # what is loaded takes the place of this
    _checkpoint("load", {kind: Stateful(metrics) for kind, metrics in sharded.items()}, at.path / f"sharded-{before}")
    for resumed in (plain, sharded):
        _count_every(resumed, 50 + at.rank)
        _same_every(resumed, [40 + rank for rank in range(before)] + [50 + rank for rank in range(at.world)])


def _checkpoint(verb: str, states: dict[str, Any], folder: Path) -> None:
    """Save or load by torch.distributed.checkpoint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch.distributed.checkpoint as dcp

        getattr(dcp, verb)(states, checkpoint_id=folder)


def a_checkpoint_of_what_one_rank_has_is_refused_by_the_others(at: Rank) -> None:
    """`torch.distributed.checkpoint` is given `state_dict()` without `sync=True` | All ranks but the one that saved refuse
    it.
    """
    metrics, resumed = mixed(), mixed()
    metrics.update(*skewed(1000, seed=at.rank))
    _checkpoint("save", {"metrics": metrics.state_dict()}, at.path / f"local-{at.world}")
    state = {"metrics": resumed.state_dict()}
    _checkpoint("load", state, at.path / f"local-{at.world}")
    saver = state["metrics"]["histograms"][0]["rank"]
    if at.rank != saver:
        with pytest.raises(ValueError, match=rf"those of rank {saver} of {at.world} alone: save state_dict\(sync=True\)"):
            resumed.load_state_dict(state["metrics"])
        assert not any(part.any() for part in states(resumed))


def early_stopping_follows_the_first_rank(at: Rank) -> None:
    falling, rising = [0.5, 0.7, 0.6, 0.69], [0.5, 0.6, 0.7, 0.8]
    for first, others, stops in ((falling, rising, True), (rising, falling, False)):
        stopper, model = tb.EarlyStopping(patience=2), nn.Linear(2, 2)
        decisions = []
        for epoch, value in enumerate(others if at.rank else first):
            nn.init.constant_(model.weight, 10 * at.rank + epoch)
            decisions.append(stopper.step(value, model))
        assert decisions == [False, False, False, stops]
        assert (stopper.best, stopper.best_epoch) == ((0.7, 1) if stops else (0.8, 3))
        same(model.weight.detach(), torch.full((2, 2), 10.0 * at.rank + (1 if stops else 3)))


def early_stopping_resumes_alike_on_all_ranks(at: Rank) -> None:
    stopper, resumed = tb.EarlyStopping(patience=2), tb.EarlyStopping(patience=2)
    for value in (0.5, 0.7, 0.6):
        assert not stopper.step(value + at.rank, nn.Linear(1, 1))
    if at.rank == 0:
        torch.save(stopper.state_dict(), at.path / "stopper.pt")
    dist.barrier()
    resumed.load_state_dict(torch.load(at.path / "stopper.pt", weights_only=True))
    assert (resumed.best, resumed.best_epoch, resumed.epoch) == (0.7, 1, 2)
    assert resumed.step(0.6 + at.rank)


def early_stopping_of_a_group_follows_the_first_of_that_group(at: Rank) -> None:
    group = dist.new_group([1, 2])
    stopper = tb.EarlyStopping(patience=1, process_group=group)
    if at.rank == 0:
        with pytest.raises(RuntimeError, match="rank 0 is not in the process_group"):
            stopper.step(0.5)
    else:
        with watched() as calls:
            assert [stopper.step(value) for value in ((0.5, 0.4) if at.rank == 1 else (0.5, 0.6))] == [False, True]
        assert calls == {"broadcast": 2}


def only_rank_0_writes_to_tensorboard_and_all_get_the_values(at: Rank) -> None:
    """`log_epoch` on all ranks | Rank 0 writes, all get the values, for one sum."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensorboard and matplotlib, while they are imported
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from torch.utils.tensorboard import SummaryWriter

        from torch_binmetrics.integrations.tensorboard import log_epoch

    batches = [skewed(seed=rank) for rank in range(at.world)]
    counts = [name for name, metric in named().items() if not metric.sums]
    metrics, whole = (tb.MetricCollection({name: named()[name] for name in counts}, prefix="val/") for _ in range(2))
    metrics.update(*batches[at.rank][:2])
    for batch in batches:
        whole.update(*batch[:2])
    one, each = at.path / f"logs-of-{at.world}", at.path / f"logs-of-{at.world}-{at.rank}"
    for folder in (one, each):
        writer = SummaryWriter(folder) if folder == each or at.rank == 0 else None
        with watched() as calls:
            if folder == one:
                values = log_epoch(writer, metrics, 7)
            else:
                pending = log_epoch(writer, metrics, 7, async_op=True)
                metrics.reset()
                values = pending.wait()
        assert calls == SUM
        assert values == tb.floats(whole.compute(sync=False))
        if writer is not None:
            writer.close()
    dist.barrier()
    files = {folder: list(folder.rglob("events.*")) for folder in (one, each)}
    runs = [sorted(path.parent for path in found) for found in files.values()]
    assert runs == [[one, one / "val"], [each, each / "val"] if at.rank == 0 else [each]]
    tags = [value.tag for file in files[each] for event in EventFileLoader(str(file)).Load() for value in event.summary.value]
    if at.rank == 0:
        assert {"metrics/BinaryAUROC", "plots/roc", "pr_curve"} <= set(tags)
    else:
        assert not tags


class Net(nn.Module):
    """A model that counts its own predictions, and has a buffer for DDP to overwrite."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("rank", torch.tensor(rank))
        self.metrics = tb.MetricCollection([tb.BinaryAUROC(from_logits=True), tb.BinaryRecall(from_logits=True)])
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        logits = self.linear(x).squeeze(1)
        self.metrics.update(logits, target)
        self.seen.append(torch.stack([logits.detach(), target]))
        return nn.functional.binary_cross_entropy_with_logits(logits, target)


def an_ignite_engine_has_the_values_of_all_ranks(at: Rank) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch.distributed.optim, which ignite imports
        from ignite.engine import Engine

        from torch_binmetrics.integrations.ignite import attach

    def make() -> tb.MetricCollection:
        return tb.MetricCollection({"auroc": tb.BinaryAUROC(), "f1": tb.BinaryF1Score()})

    shares = [[part.split(3_000)[: 7 - rank] for part in skewed(seed=rank)[:2]] for rank in range(at.world)]
    engine = Engine(lambda _, batch: batch)
    attach(engine, make())
    with watched() as calls:
        found = engine.run(list(zip(*shares[at.rank], strict=True)), max_epochs=2).metrics
    assert calls == {"all_to_all_single": 2, "all_reduce": 2}
    wanted = alone(make, *(tuple(map(torch.cat, share)) for share in shares))
    assert found == tb.floats(wanted)


def fsdp_leaves_the_counts_of_a_module_alone(at: Rank) -> None:
    """A module that FSDP2's `fully_shard` shards holds a collection | Its counts stay those of each rank."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        model = fully_shard(Net(at.rank), mesh=init_device_mesh("cpu", (at.world,)))
        _train(model, at)
    _same_as_seen(model, at)


def ddp_leaves_the_counts_of_a_module_alone(at: Rank) -> None:
    """A module that DDP wraps holds a collection | Its counts stay those of each rank."""
    model = nn.parallel.DistributedDataParallel(Net(at.rank))
    _train(model, at)
    assert model.module.rank.item() == 0, "DDP is expected to overwrite buffers, or this shows nothing"
    assert set(model.state_dict()) == {"module.linear.weight", "module.linear.bias", "module.rank"}
    _same_as_seen(model.module, at)


def ranks_that_join_early_are_summed_after_the_block(at: Rank) -> None:
    """Ranks run out of batches inside DDP's `join()`, and compute after the block | The values are those of all samples."""
    model = nn.parallel.DistributedDataParallel(Net(at.rank))
    g = torch.Generator().manual_seed(at.rank)
    with model.join():
        for _ in range(4 + 3 * at.rank):
            x = torch.randn(20, 3, generator=g)
            model(x, (x[:, 0] > 0).float()).backward()
    total = model.module.metrics.summed()
    assert int(total["BinaryRecall"].histogram.counts.sum()) == sum(20 * (4 + 3 * rank) for rank in range(at.world))
    assert model.module.metrics.compute() == total.compute()


def _train(model: nn.Module, at: Rank) -> None:
    """Four uneven steps."""
    g = torch.Generator().manual_seed(at.rank)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        x = torch.randn(50 + at.rank, 3, generator=g)
        model(x, (x[:, 0] > 0).float()).backward()
        optimizer.step()
        optimizer.zero_grad()


def _same_as_seen(net: nn.Module, at: Rank) -> None:
    """The module's counts are those of all that it has seen."""
    seen = [torch.empty(2, 4 * (50 + rank)) for rank in range(at.world)]
    for rank, tensor in enumerate(seen):
        if rank == at.rank:
            tensor.copy_(torch.cat(net.seen, 1))
        dist.broadcast(tensor, rank)
    local, whole = Net(0).metrics, Net(0).metrics
    local.update(*torch.cat(net.seen, 1))
    whole.update(*torch.cat(seen, 1))
    same(states(net.metrics), states(local))
    same(net.metrics.compute(), whole.compute(sync=False))


def _windowed(**options: Any) -> tb.MetricCollection:
    """Two windows and the lifetime value beside them."""
    return tb.MetricCollection(
        {
            "life": tb.BinaryAUROC(**options),
            "last": tb.BinaryAUROC(recent=tb.Window(3), **options),
            "recall": tb.BinaryRecall(0.3, recent=tb.Window(2), **options),
        }
    )


def windows_of_all_ranks_are_a_fresh_metric_on_their_batches(at: Rank) -> None:
    """Ranks count their last k updates, and resume from what each saved of its own | At every step the sum is that of a fresh
    metric on those k batches of all ranks, bit for bit.
    """
    given = [[skewed(101 * (k % 3) + rank, seed=7 * k + rank)[:2] for rank in range(at.world)] for k in range(9)]
    metrics, own = _windowed(), at.path / f"window-{at.world}-{at.rank}.pt"
    for k in range(len(given)):
        if k == 5:
            torch.save(metrics.state_dict(), own)
            metrics = _windowed()
            metrics.load_state_dict(torch.load(own, weights_only=True))
        metrics.update(*given[k][at.rank])
        total = metrics.summed()
        for name, length in (("life", len(given)), ("last", 3), ("recall", 2)):
            fresh = type(metrics[name])(*([0.3] if name == "recall" else []))
            for batch in (each for step in given[max(0, k + 1 - length) : k + 1] for each in step):
                fresh.update(*batch)
            same(total[name].histogram.state, fresh.histogram.state)
            same(total[name].compute(), fresh.compute(sync=False))


def windows_of_other_numbers_of_updates_raise_on_all_ranks(at: Rank) -> None:
    """Ranks that count recent samples only made different numbers of updates | All ranks raise, and say how many each made;
    the counts stay, and once they made equally many the next sum works.
    """
    for make in (_windowed, lambda: tb.BinaryAUROC(recent=tb.Decay(3))):
        metrics, batches = make(), [skewed(100, seed=rank)[:2] for rank in range(at.world)]
        for _ in range(4 + (at.rank == 1)):
            metrics.update(*batches[at.rank])
        kept = metrics.compute(sync=False)
        for refused in (metrics.compute, metrics.summed, partial(metrics.state_dict, sync=True)):
            with pytest.raises(RuntimeError, match=r"different numbers of updates.*: rank 0 made 4, rank 1 made 5.*empty"):
                refused()
        same(metrics.compute(sync=False), kept)
        if at.rank != 1:
            metrics.update(*(column[:0] for column in batches[at.rank]))
        metrics.compute()
    lifetime = tb.BinaryAUROC()  # of which there may be any number
    for _ in range(4 + (at.rank == 1)):
        lifetime.update(*batches[at.rank])
    lifetime.compute()


def dropped_samples_are_summed(at: Rank) -> None:
    k = at.rank + 1
    make = partial(tb.BinaryAUROC, 64, invalid="drop", ignore_index=-1, weighted=True)
    metric, metrics = make(), tb.MetricCollection({"auroc": make(), "recall": tb.BinaryRecall(invalid="drop")})
    good = skewed(1000, seed=at.rank)
    for preds, target, weight, times in (
        (0.5, 2, 1.0, k),
        (torch.nan, 1, 1.0, 2 * k),
        (1.5, 0, 1.0, 3 * k),
        (0.5, 0, -1.0, 4 * k),
        (0.5, -1, 1.0, 5 * k),
    ):
        bad = (torch.full((times,), preds), torch.full((times,), target), torch.full((times,), weight))
        metric.update(*bad)
        metrics.update(*bad)
    metric.update(*good)
    metrics.update(*good)
    local, total = tb.counting.Dropped(k, 2 * k, 3 * k, 4 * k), sum(range(at.world + 1))
    assert (metric.dropped, metric.histogram.ignored) == (local, 5 * k)
    for summed in (metric.summed(), metrics.summed()["auroc"]):
        assert summed.dropped == tb.counting.Dropped(total, 2 * total, 3 * total, 4 * total)
        assert summed.histogram.ignored == 5 * total
    assert metrics.summed()["recall"].dropped == tb.counting.Dropped(6 * total, 2 * total, 0, 0)
    assert metric.dropped == local
    clean = tb.BinaryAUROC(64, weighted=True)
    for rank in range(at.world):
        clean.update(*skewed(1000, seed=rank))
    same(metric.compute(), clean.compute(sync=False), tolerance=1e-12)


def metrics_outlive_their_process_group(at: Rank) -> None:
    """The process group is destroyed, and another one made, of more or fewer ranks | The counts live on, and are summed
    over the new one.
    """
    batches = [skewed(seed=rank) for rank in range(at.world)]
    metrics = mixed()
    metrics.update(*batches[at.rank])
    for turn, world in enumerate((at.world, at.world - 1, at.world - 1, at.world)):
        if dist.is_initialized():
            dist.destroy_process_group()
        if at.rank < world:
            join(at.path / f"regroup-{at.world}-{turn}", at.rank, world)
            agree(metrics.compute(), alone(mixed, *batches[:world]))
        else:
            agree(metrics.compute(), alone(mixed, batches[at.rank]))


def computing_often_leaves_nothing_behind_in_the_store(at: Rank) -> None:
    metric, pair = tb.BinaryRecall(), tb.BinaryRecall(process_group=dist.new_group([0, 1]))
    keys = []
    for _ in range(4):
        for _ in range(10):
            metric.compute()
            if at.rank < 2:
                pair.compute()
        dist.barrier()
        keys.append(dist.distributed_c10d._get_default_store().num_keys())
        dist.barrier()
    assert len(set(keys)) == 1, keys


#: Every scenario, and the numbers of ranks that play it, in this order.
SCENARIOS: dict[Callable[[Rank], None], tuple[int, ...]] = {
    every_named_metric_gives_the_bits_of_one_process: (1, 2, 3, 4),
    weighted_metrics_equal_one_process_to_1e_12: (2, 3, 4),
    a_rank_that_saw_nothing_takes_part: (2, 3),
    ranks_that_saw_nothing_at_all_give_nan: (2, 3),
    a_group_sums_the_counts_of_its_members_only: (3,),
    outside_of_the_group_compute_raises_and_names_it: (3,),
    computing_leaves_the_local_counts_alone: (2,),
    ranks_that_count_different_things_all_raise_and_go_on: (2, 3),
    single_metrics_that_differ_all_raise: (2,),
    clones_computed_in_another_order_raise_on_all_ranks: (2, 3),
    a_rank_out_of_step_raises_on_all_ranks_and_they_go_on: (2, 3),
    all_that_sums_is_a_round_and_what_does_not_is_none: (2, 3),
    two_threads_sum_over_two_groups_at_the_same_time: (2, 3),
    counts_beyond_int32_and_float64_are_exact_or_refused: (2,),
    a_local_state_is_refused_on_another_rank_and_in_another_world: (3,),
    counts_of_all_that_were_loaded_without_a_group_are_not_summed_again: (2,),
    a_collection_is_one_all_reduce: (2,),
    intervals_are_the_same_on_all_ranks_for_one_all_reduce: (2, 3),
    a_metric_is_one_all_reduce_for_each_question: (2,),
    exact_counts_of_all_ranks_are_one_all_gather: (2,),
    what_is_read_off_a_summed_copy_is_no_collective: (2,),
    the_watch_notices_other_collectives: (2,),
    what_came_through_spawn_counts_in_memory_of_its_own: (4,),
    states_are_saved: (2,),
    a_local_state_resumes_at_the_same_number_of_ranks: (2,),
    a_summed_state_resumes_at_any_number_of_ranks: (1, 2, 3, 4),
    a_summed_state_is_kept_by_the_first_rank_of_a_group: (3,),
    all_metrics_are_saved: (1, 2, 3),
    all_metrics_resume_at_another_number_of_ranks: (1, 3, 4),
    a_checkpoint_of_what_one_rank_has_is_refused_by_the_others: (2, 3),
    early_stopping_follows_the_first_rank: (2, 3),
    early_stopping_resumes_alike_on_all_ranks: (2,),
    early_stopping_of_a_group_follows_the_first_of_that_group: (3,),
    only_rank_0_writes_to_tensorboard_and_all_get_the_values: (2, 3),
    an_ignite_engine_has_the_values_of_all_ranks: (2,),
    ddp_leaves_the_counts_of_a_module_alone: (2,),
    fsdp_leaves_the_counts_of_a_module_alone: (2,),
    ranks_that_join_early_are_summed_after_the_block: (2, 3),
    windows_of_all_ranks_are_a_fresh_metric_on_their_batches: (2,),
    windows_of_other_numbers_of_updates_raise_on_all_ranks: (2, 3),
    dropped_samples_are_summed: (2, 3),
    metrics_outlive_their_process_group: (3,),
    computing_often_leaves_nothing_behind_in_the_store: (3,),
}
PLAYS = [(scenario, world) for scenario, worlds in SCENARIOS.items() for world in worlds]
