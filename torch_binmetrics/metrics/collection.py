"""MetricCollection: equal cuts are counted once, and all counts are summed over the ranks at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, Unpack, overload

import torch
from torch import Tensor

from torch_binmetrics.checks import one_or_many, string, summary
from torch_binmetrics.counting import Store
from torch_binmetrics.metrics.described import describe
from torch_binmetrics.metrics.elsewhere import missing, refuse
from torch_binmetrics.metrics.members import Member, Members, built, by_name, check_free
from torch_binmetrics.metrics.metric import Metric, T
from torch_binmetrics.metrics.options import Options
from torch_binmetrics.metrics.page import page
from torch_binmetrics.metrics.scale import Scale
from torch_binmetrics.metrics.sharing import label, means_of, share
from torch_binmetrics.metrics.shown import title
from torch_binmetrics.report.build import report_of
from torch_binmetrics.report.content import Report
from torch_binmetrics.state.distributed import world_size
from torch_binmetrics.state.guard import held
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.pending import Pending
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.state.together import begin_together, copies, count_apart, guard_together, sum_together, update_together
from torch_binmetrics.uncertainty.confidence import Plan, intervals


class MetricCollection(Mapping[str, Metric[T]], Generic[T]):
    """Named metrics over the same scores: one pass over each batch, and one all_reduce for all of them.

    Metrics of equal cuts and options share counts, and a fixed threshold that lies on an edge of another metric's cuts is
    read off those. Members keep their own ``compute``, but are updated, reset and loaded through the collection only.
    A metric that has counted may join if all of the collection is read off its counts, which come along.

    Args:
        metrics: a list (each named by its class) or a dict of metrics, or of classes that are built with the ``options``.
        prefix: put before every name, "val/" say: in results, and where members are looked up.
        members: more metrics or classes, by name; and the options of :class:`~torch_binmetrics.Metric` for all classes, such as
            ``from_logits=True``. Metrics that are built already keep their own.

    Raises:
        TypeError: something that is no metric, a metric that counts in a way of its own, a prefix that is no string, or
            options and no class to take them.
        ValueError: two metrics of one name, none at all, process groups that differ, a metric that is in a collection, or one
            that has counted samples which not all the others are read off.

    >>> from torch_binmetrics import BinaryAUROC, BinaryRecall
    >>> metrics = MetricCollection([BinaryAUROC, BinaryRecall], prefix="val/", ignore_index=-100)
    >>> metrics.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    >>> metrics.compute()
    {'val/BinaryAUROC': tensor(0.7500, dtype=torch.float64), 'val/BinaryRecall': tensor(0.5000, dtype=torch.float64)}
    >>> len(metrics.histograms)
    1
    """

    # Type checkers know a collection of numbers, whose values are tensors, from one with curves or points among its metrics.
    @overload
    def __init__(
        self: MetricCollection[Tensor], metrics: Members[Tensor], *, prefix: str = "", **options: Unpack[Options]
    ) -> None: ...
    @overload
    def __init__(self: MetricCollection[Tensor], *, prefix: str = "", **members: Member[Tensor]) -> None: ...
    @overload
    def __init__(self: MetricCollection[Any], metrics: Members[Any] = (), *, prefix: str = "", **members: Any) -> None: ...
    def __init__(self, metrics: Any = (), *, prefix: str = "", **members: Any) -> None:
        self.prefix = string("prefix", prefix)
        options = {name: members.pop(name) for name in list(members) if name in Options.__annotations__}
        self._metrics = built(by_name(metrics, members), options)
        self.process_group = next(iter(self._metrics.values())).process_group
        for name, metric in self._metrics.items():
            check_free(name, metric, self.process_group)
        self.histograms = share(self._metrics)
        self._scale = Scale()

    def __getitem__(self, name: str) -> Metric[T]:
        if not isinstance(name, str) or not name.startswith(self.prefix) or name[len(self.prefix) :] not in self._metrics:
            raise KeyError(f"no metric is named {name!r}: expected one of {list(self)}")
        return self._metrics[name[len(self.prefix) :]]

    def __iter__(self) -> Iterator[str]:
        return (self.prefix + name for name in self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def update(
        self, preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None, **unknown: Any
    ) -> None:
        """Count a batch for all metrics, in one pass; arguments and errors are those of :meth:`Metric.update`.

        Weights go to the weighted metrics; the others count samples.
        """
        refuse("update", unknown)
        update_together(self.histograms, preds, target, weight, group=group)

    @overload
    def compute(self, *, sync: bool = True, async_op: Literal[False] = False) -> dict[str, T]: ...
    @overload
    def compute(self, *, sync: bool = True, async_op: Literal[True]) -> Pending[dict[str, T]]: ...
    def compute(self, *, sync: bool = True, async_op: bool = False) -> dict[str, T] | Pending[dict[str, T]]:
        """All values by prefixed name, of all ranks; a collective in a process group unless ``sync=False``: one all_reduce.

        Arguments as of :meth:`Metric.compute`.

        Raises:
            ValueError, RuntimeError: as :meth:`Metric.compute`.

        Warns:
            UserWarning: as :meth:`Metric.compute`.
        """
        if not async_op:
            return self._values(self._summed(sync, copied=False))
        totals = begin_together(self.histograms, self.process_group, self._label(), sync=sync)
        return Pending(lambda: self._values(totals()))

    def confidence_intervals(
        self, level: float = 0.95, *, draws: int = 1000, seed: int = 0, sync: bool = True
    ) -> dict[str, tuple[T, T]]:
        """Low and high end by prefixed name, of all metrics that have an interval; synced as :meth:`compute`.

        Curves, the best threshold and averages over labels or classes have none. Methods and errors are those of
        :meth:`Metric.confidence_interval`; metrics of the same counts share draws.
        """
        plan = Plan(level, draws, seed)
        found: dict[str, tuple[T, T] | None] = {}
        for store, snapshot in self._snapshots(self._summed(sync, copied=False)).items():
            members = {name: metric.reading for name, metric in self._metrics.items() if metric.histogram.store == store}
            found.update(zip(members, intervals(list(members.values()), snapshot, plan), strict=True))
        return {self.prefix + name: ends for name in self._metrics if (ends := found[name]) is not None}

    def report(
        self,
        threshold: float = 0.5,
        level: float = 0.95,
        *,
        by: str = "auroc",
        draws: int = 1000,
        seed: int = 0,
        sync: bool = True,
    ) -> Report:
        """The usual measures off the finest counts, how sure they are, and where they mislead; one all_reduce if synced.

        With the metrics of probabilities, calibration and losses that the collection has, by their names, but for averages
        over rows. Of labels, classes and groups there is a line each, the worst first, and their mean. Arguments and errors
        are those of :func:`~torch_binmetrics.binary_report`; a threshold of any member will do as well.
        """
        snapshots = self._snapshots(self._summed(sync, copied=False))
        means = {name: (reading, snapshots[store]) for name, (reading, store) in means_of(self._metrics).items()}
        return report_of(list(snapshots.values()), means, threshold, Plan(level, draws, seed), by=by)

    def plot(self, *, level: float | None = None, sync: bool = True) -> Any:
        """A matplotlib Figure of ROC and precision-recall curve, scores and thresholds; one all_reduce if synced.

        Arguments and errors are those of :func:`~torch_binmetrics.plots.plot_overview`, which this needs matplotlib for.
        """
        from torch_binmetrics.plots import plot_overview  # noqa: PLC0415 - matplotlib is for those who have it

        return plot_overview(max(self._summed(sync), key=lambda histogram: histogram.layout.scored.bins), level=level)

    def __call__(
        self, preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None
    ) -> dict[str, T]:
        """Count a batch once, and return the values of that batch alone, of this rank."""
        return self._values(count_apart(self.histograms, preds, target, weight, group=group))

    def reset(self) -> None:
        """Forget all counts."""
        with self._held():
            for histogram in self.histograms:
                histogram.reset()

    def to(self, device: torch.device | str) -> Self:
        """Move the counts to a device, and return the collection; batches move them as well."""
        with self._held():
            for histogram in self.histograms:
                histogram.to(device)
        return self

    def merge_state(self, others: MetricCollection[Any] | Iterable[MetricCollection[Any]]) -> None:
        """Add the counts of one collection or many.

        Raises:
            TypeError: one of them is no collection.
            ValueError: one of them does not count by the same cuts in the same order; nothing is added then.
        """
        others = one_or_many(others, MetricCollection)
        mine = [histogram.layout.meaning for histogram in self.histograms]
        for other in others:
            theirs = [histogram.layout.meaning for histogram in other.histograms]
            if theirs != mine:
                raise ValueError(f"expected counts of {mine}, the other collection holds {theirs}: build both alike")
        with self._held(*others):
            for i, histogram in enumerate(self.histograms):
                histogram.merge_state([other.histograms[i] for other in others])

    def state_dict(self, *, sync: bool = False) -> dict[str, Any]:
        """Copies of the counts, each shared one once; ``sync`` as in :meth:`Metric.state_dict`, with one all_reduce."""
        histograms = self._summed(sync)
        with held(histogram.guard for histogram in histograms):
            return {"histograms": [histogram.state_dict(group=self.process_group) for histogram in histograms]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over copies of the counts of a :meth:`state_dict`.

        Raises:
            ValueError: the state is of other cuts, or none of a collection; the counts stay as they were then.
        """
        parts = state.get("histograms") if isinstance(state, dict) else None
        if not isinstance(parts, list) or len(parts) != len(self.histograms):
            raise ValueError(
                f"expected the state_dict() of a collection with {len(self.histograms)} histogram(s), got {summary(state)}"
            )
        for histogram, part in zip(self.histograms, parts, strict=True):
            histogram.check_state(part, group=self.process_group)
        with self._held():
            for histogram, part in zip(self.histograms, parts, strict=True):
                histogram.load_state_dict(part, group=self.process_group)

    @overload
    def summed(self, *, async_op: Literal[False] = False) -> Self: ...
    @overload
    def summed(self, *, async_op: Literal[True]) -> Pending[Self]: ...
    def summed(self, *, async_op: bool = False) -> Self | Pending[Self]:
        """A read-only copy that holds the counts of all ranks: one all_reduce for all that is then read off it.

        With ``async_op=True`` what ``wait()`` gives it of, as in :meth:`Metric.compute`.
        """
        if not async_op:
            return self._copy(self._summed(True))
        totals = begin_together(self.histograms, self.process_group, self._label())
        return Pending(lambda: self._copy(totals()))

    def clone(self, *, prefix: str | None = None) -> Self:
        """A collection of its own with copies of the counts and of all attributes, with another prefix if one is given."""
        other = copy.deepcopy(self)
        other.prefix = self.prefix if prefix is None else string("prefix", prefix)
        for histogram, copied in zip(self.histograms, other.histograms, strict=True):
            histogram.distinguish(copied)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        memo[id(self)] = other = object.__new__(type(self))
        memo[id(self.process_group)] = self.process_group
        for histogram, copied in zip(self.histograms, copies(self.histograms), strict=True):
            memo.setdefault(id(histogram), copied)
        other.__dict__.update(copy.deepcopy(self.__dict__, memo))
        guard_together(other.histograms)
        for metric in other._metrics.values():
            metric._in_collection = True
        return other

    def __repr__(self) -> str:
        return "\n".join([f"{title(self, self.histograms)}:", *(f"  {name}: {each._call()}" for name, each in self.items())])

    def _repr_html_(self) -> str:
        return page(title(self, self.histograms), self)

    if not TYPE_CHECKING:  # which would then know any name

        def __getattr__(self, name: str) -> Any:
            return missing(self, name)

    def _held(self, *others: MetricCollection) -> AbstractContextManager[None]:
        """Let no other thread touch the counts of these collections meanwhile."""
        return held(histogram.guard for each in (self, *others) for histogram in each.histograms)

    def _summed(self, sync: bool, *, copied: bool = True) -> Sequence[ScoreHistogram]:
        """The counts to read: of all ranks, or of this one; for snapshots alone not copied where there is no other rank."""
        summed = sync and (copied or world_size(self.process_group) > 1)
        return sum_together(self.histograms, self.process_group, self._label()) if summed else self.histograms

    def _label(self) -> str:
        """What all ranks have to read off the counts, and by which names."""
        return label(self, self.histograms)

    def _snapshots(self, histograms: Sequence[ScoreHistogram]) -> dict[Store, Snapshot]:
        """One snapshot of each histogram, by its store, all of one moment."""
        with held(histogram.guard for histogram in histograms):
            return {histogram.store: Snapshot(histogram) for histogram in histograms}

    def _values(self, histograms: Sequence[ScoreHistogram]) -> dict[str, T]:
        """All values, read off counts of the stores of ``self.histograms``."""
        own = {name: metric for name, metric in self._metrics.items() if type(metric).compute is not Metric.compute}
        histograms = copies(histograms) if own else histograms
        found, by_store = self._snapshots(histograms), {histogram.store: histogram for histogram in histograms}
        self._scale.check([(metric.reading, found[metric.histogram.store]) for metric in self._metrics.values()], depth=2)
        return {
            self.prefix + name: metric._computed(by_store[metric.histogram.store])
            if name in own
            else metric.reading.value(found[metric.histogram.store])
            for name, metric in self._metrics.items()
        }

    def _copy(self, histograms: Sequence[ScoreHistogram]) -> Self:
        """A collection of the same metrics on other counts of the same stores."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, histograms=list(histograms))
        guard_together(other.histograms)
        by_store = {histogram.store: histogram for histogram in histograms}
        other._metrics = {
            name: metric._copy(by_store[metric.histogram.store], in_collection=True) for name, metric in self._metrics.items()
        }
        return other


describe(MetricCollection)
