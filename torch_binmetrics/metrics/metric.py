"""Metric = histogram + reading: counts each batch, and reads a number off the counts when asked."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Never, Self, overload

import torch
from torch import Tensor
from typing_extensions import TypeVar

from torch_binmetrics.checks import nan_or_bit, one_or_many
from torch_binmetrics.counting import Dropped, Layout, Rows
from torch_binmetrics.counting.cuts import Cuts, Threshold
from torch_binmetrics.counting.float_bits import DEFAULT, Exact
from torch_binmetrics.counting.layout import fitting
from torch_binmetrics.counting.recent import Decay, Recent
from torch_binmetrics.counting.summands import SquaredWeight, Summand
from torch_binmetrics.measures.averages import Average, Undefined, check_average
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.measures.declared import about
from torch_binmetrics.metrics.described import describe
from torch_binmetrics.metrics.elsewhere import missing, refuse
from torch_binmetrics.metrics.page import page
from torch_binmetrics.metrics.scale import Scale
from torch_binmetrics.metrics.shown import call, counted, parameters, wrong_keywords
from torch_binmetrics.state.distributed import group_or_none, world_size
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.pending import Pending
from torch_binmetrics.state.reading import Reading
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.state.together import begin_together, count_apart
from torch_binmetrics.uncertainty.confidence import Method, Plan, intervals, why_none

#: What a metric computes; "Metric" alone means any.
T = TypeVar("T", default=Any)


class Metric(Generic[T]):
    """A running measure: any function of a :class:`Confusion`, on counts that never grow.

    Args:
        measure: takes 0-d counts if ``cuts`` is a ``Threshold``, else counts along the lower edges of all occupied bins.
        cuts: where scores are cut into bins.
        from_logits: scores are logits; thresholds stay probabilities, and the data gets no sigmoid.
        ignore_index: label of samples to leave out; None for no such label.
        weighted: take weights at every update, and sum them in float64; for intervals their squares too, but with exact cuts.
        invalid: "raise" on NaN scores, labels other than 0 and 1, bad weights and scores out of range - at once on CPU, in
            ``compute`` elsewhere - or "drop" them, and report how many in ``dropped``.
        zero_division: what an undefined ratio is: NaN, 0 or 1. Areas stay NaN where they are undefined.
        rows: count each of several labels, classes or groups apart, in one pass: ``Labels(n)``, ``Classes(n)``, ``Groups(n)``;
            values, bounds and intervals are then tensors with an entry for each, [n].
        average: one number of all rows instead, "macro", "micro", "weighted", "by_size", "lowest", "highest", "gap" or "ratio";
            see :class:`~torch_binmetrics.measures.averages.OverRows`.
        undefined: "skip" leaves rows whose value is undefined out of the average; "nan" makes it undefined then.
        recent: count the last updates only, ``Window(updates=100)``, or older ones less, ``Decay(half_life=1000)``.
        device: where the empty counts lie until a batch comes; they follow the data.
        process_group: ranks to sum over, the default group if None.

    >>> from torch_binmetrics import Threshold
    >>> from torch_binmetrics.measures import recall, specificity
    >>> gmean = Metric(lambda c: (recall(c) * specificity(c)).sqrt(), Threshold(0.5))
    >>> gmean.update(torch.tensor([0.9, 0.2, 0.6, 0.7]), torch.tensor([1, 0, 0, 1]))
    >>> gmean.compute()
    tensor(0.7071, dtype=torch.float64)
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        describe(cls)

    #: What the cells sum besides their samples.
    sums: tuple[Summand, ...] = ()

    def __init__(
        self,
        measure: Callable[..., T],
        cuts: Cuts,
        *,
        from_logits: bool = False,
        ignore_index: int | None = None,
        weighted: bool = False,
        invalid: Literal["raise", "drop"] = "raise",
        zero_division: float = math.nan,
        rows: Rows | None = None,
        average: Average | None = None,
        undefined: Undefined = "nan",
        recent: Recent | None = None,
        device: torch.device | str | None = None,
        process_group: Any = None,
        **unknown: Never,
    ) -> None:
        if unknown:
            raise wrong_keywords(type(self).__name__, parameters(type(self), Metric), unknown)
        self.measure: Callable[..., T] = measure
        check_average(average, undefined)
        if average is not None and rows is None:
            raise ValueError(
                f"average={average!r} is of rows, and there are none: pass rows=Labels(n), Classes(n) or Groups(n)"
            )
        weighted = weighted or isinstance(recent, Decay)
        sums = (*self.sums, SquaredWeight()) if weighted and not isinstance(cuts, Exact) else self.sums
        layout = Layout(
            fitting(rows, len(sums)) if cuts is DEFAULT and isinstance(rows, Rows) else cuts,
            from_logits=from_logits,
            ignore_index=ignore_index,
            weighted=weighted,
            sums=sums,
            rows=rows,
            recent=recent,
            invalid=invalid,
        )
        reading = self._reading(layout, nan_or_bit("zero_division", zero_division))
        self.reading = replace(reading, average=average, undefined_rows=undefined)
        self.process_group = group_or_none("process_group", process_group)
        self.histogram = ScoreHistogram(layout, device=device)
        self._own = replace(layout, cuts=cuts)
        self._in_collection = False
        self._scale = Scale()

    def update(
        self, preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None, **unknown: Any
    ) -> None:
        """Count a batch, in one pass and without waiting for an accelerator.

        Args:
            preds: scores of any shape; float, int or bool.
            target: labels 0 and 1 (or ``ignore_index``) of the shape of ``preds``; bool, int or float.
            weight: weights >= 0 of that shape, if the metric is ``weighted``.
            group: ids of that shape, of an int dtype, if it has ``rows=Groups(n)``.
            unknown: refused, with what other libraries' keywords are called here.

        Raises:
            TypeError, ValueError: arguments of another kind or shape, or invalid samples; nothing of the batch is counted.
        """
        refuse("update", unknown)
        self._refuse_member("update")
        self.histogram.update(preds, target, weight, group=group)

    @overload
    def compute(self, *, sync: bool = True, async_op: Literal[False] = False) -> T: ...
    @overload
    def compute(self, *, sync: bool = True, async_op: Literal[True]) -> Pending[T]: ...
    def compute(self, *, sync: bool = True, async_op: bool = False) -> T | Pending[T]:
        """The value of all samples so far, of all ranks; a collective in a process group unless ``sync=False``.

        Args:
            sync: of all ranks, not of this one alone.
            async_op: return at once what ``wait()`` gives the value of, so that the all_reduce runs beside the next steps; the
                metric may count on and be reset meanwhile.

        Raises:
            ValueError: invalid samples were counted on an accelerator; on every rank alike if synced.
            RuntimeError: the ranks count different things, or this rank is not in ``process_group``.

        Warns:
            UserWarning: a threshold that is a probability is read off counts of scores outside [0, 1], for the first time.
        """
        if not async_op:
            return self._read(self._snapshot(sync))
        total = begin_together([self.histogram], self.process_group, self.reading.meaning, sync=sync)
        return Pending(lambda: self._read(Snapshot(total()[0])))

    def bounds(self, *, sync: bool = True) -> tuple[Tensor, Tensor]:
        """Lowest and highest value that the counts allow, whatever the order of the scores inside the bins.

        They are certain, not statistical, and both equal the value where that is exact. Samples of a bin that holds a single
        float32 number are tied, and so are those of every bin while no sample lies off the lower edge of its bin: at the
        default cuts, the bounds of areas of bfloat16 scores coincide.

        Raises:
            TypeError: no bounds are known for this measure.
            ValueError, RuntimeError: as :meth:`compute`, which is a collective in the same way.
        """
        if not self.reading.has_bounds:
            raise TypeError(
                f"{self._call()} has no bounds: areas have, and what is read at a threshold or is a mean, which are exact"
            )
        return self.reading.bounds(self._snapshot(sync))

    def confidence_interval(
        self, level: float = 0.95, *, method: Method | None = None, draws: int = 1000, seed: int = 0, sync: bool = True
    ) -> tuple[T, T]:
        """Ends that enclose the population's value for a share ``level`` of all samples like this one: sampling error.

        Arguments and errors are those of :class:`~torch_binmetrics.uncertainty.confidence.Plan` and of :meth:`compute`.
        """
        plan = Plan(level, draws, seed, method)
        plan.form(self.reading)
        if reason := why_none(self.reading, self.histogram.layout.rows):
            raise TypeError(f"{self._call()} has no confidence interval: {reason}")
        [ends] = intervals([self.reading], self._snapshot(sync), plan)
        if ends is None:
            raise TypeError(f"{self._call()} has no confidence interval: tensors have, and single points of a curve")
        return ends

    def __call__(self, preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None) -> T:
        """Count a batch once, and return the value of that batch alone, of this rank; arguments as for :meth:`update`."""
        self._refuse_member("call")
        [batch] = count_apart([self.histogram], preds, target, weight, group=group)
        return self._computed(batch)

    def confusion(self, *, sync: bool = False) -> Confusion:
        """Running counts tp, fp, tn and fn, of this rank unless ``sync=True``.

        0-d at a fixed threshold, else 1-D along the ascending lower edges of the occupied bins.
        """
        return self.reading.confusion(self._snapshot(sync))

    @property
    def tp(self) -> Tensor:
        """True positives of this rank, as :meth:`confusion`."""
        return self.confusion().tp

    @property
    def fp(self) -> Tensor:
        """False positives of this rank, as :meth:`confusion`."""
        return self.confusion().fp

    @property
    def tn(self) -> Tensor:
        """True negatives of this rank, as :meth:`confusion`."""
        return self.confusion().tn

    @property
    def fn(self) -> Tensor:
        """False negatives of this rank, as :meth:`confusion`."""
        return self.confusion().fn

    @property
    def dropped(self) -> Dropped:
        """Numbers of invalid samples of this rank, by kind."""
        return self.histogram.dropped

    def reset(self) -> None:
        """Forget all counts."""
        self._refuse_member("reset")
        self.histogram.reset()

    def to(self, device: torch.device | str) -> Self:
        """Move the counts to a device, and return the metric; batches move them as well."""
        self.histogram.to(device)
        return self

    def merge_state(self, others: Metric[Any] | Iterable[Metric[Any]]) -> None:
        """Add the counts of one metric or many to these.

        Raises:
            TypeError: one of them is no metric.
            ValueError: one of them counts by other cuts; nothing is added then.
        """
        self._refuse_member("merge into")
        self.histogram.merge_state([other.histogram for other in one_or_many(others, Metric)])

    def state_dict(self, *, sync: bool = False) -> dict[str, Any]:
        """A copy of the counts, with ``sync=True`` of all ranks; see :meth:`ScoreHistogram.state_dict`."""
        return self._counts(sync).state_dict(group=self.process_group)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over copies of the counts of a :meth:`state_dict`; a summed one after the process group is initialised.

        Raises:
            ValueError: the state is of other cuts, or none of ours; the counts stay as they were then.
        """
        self._refuse_member("load into")
        self.histogram.load_state_dict(state, group=self.process_group)

    def summed(self) -> Self:
        """A read-only copy that holds the counts of all ranks: one all_reduce for all that is then read off it."""
        return self._copy(self._counts(True))

    def clone(self) -> Self:
        """A metric of its own with copies of the counts and of all attributes, in no collection."""
        other = copy.deepcopy(self)
        self.histogram.distinguish(other.histogram)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        memo[id(self)] = other = object.__new__(type(self))
        memo |= {id(self.process_group): self.process_group, id(self._own): self._own}
        other.__dict__.update(copy.deepcopy(self.__dict__, memo), _in_collection=False)
        return other

    def __getstate__(self) -> dict[str, Any]:
        if self.process_group is not None:
            raise TypeError("a metric with a process_group cannot be pickled: save its state_dict() instead")
        return self.__dict__

    def __repr__(self) -> str:
        return f"{self._call()}, {counted(self.histogram)}"

    def _repr_html_(self) -> str:
        return page(repr(self), {type(self).__name__: self})

    def _call(self) -> str:
        """How one builds a metric like this."""
        return call(self, parameters(type(self), Metric))

    if not TYPE_CHECKING:  # which would then know any name

        def __getattr__(self, name: str) -> Any:
            return missing(self, name)

    def _reading(self, layout: Layout, undefined: float) -> Reading[T]:
        """How the value is read off the counts: at a threshold, or along all cuts; undefined areas stay so."""
        at = layout.cuts.at if isinstance(layout.cuts, Threshold) else None
        known = about(self.measure)
        is_area = known is not None and known.bounds is not None
        return Reading(self.measure, at, exact=at is not None, undefined=math.nan if is_area else undefined)

    def _read(self, snapshot: Snapshot) -> T:
        """The value, after a word on the scale of the scores where that looks wrong."""
        self._scale.check([(self.reading, snapshot)], depth=2)
        return self.reading.value(snapshot)

    def _snapshot(self, sync: bool) -> Snapshot:
        """What the counts say, of all ranks or of this one."""
        return Snapshot(self._counts(sync and world_size(self.process_group) > 1))

    def _counts(self, sync: bool) -> ScoreHistogram:
        """The counts of all ranks, or of this one."""
        return self.histogram.summed(self.process_group, label=self.reading.meaning) if sync else self.histogram

    def _computed(self, counts: ScoreHistogram) -> T:
        """What :meth:`compute`, a subclass's own one too, gives on counts that nobody else has; no collective."""
        counts.is_total = True
        return self._copy(counts).compute()

    def _copy(self, histogram: ScoreHistogram, *, in_collection: bool = False) -> Self:
        """A metric like this one on other counts of the same layout."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, histogram=histogram, _in_collection=in_collection)
        return other

    def _refuse_member(self, verb: str) -> None:
        """Raise RuntimeError on a member of a collection, whose counts others share."""
        if self._in_collection:
            raise RuntimeError(
                f"{self._call()} shares its counts with others of a collection: {verb} the collection, or a clone()"
            )


describe(Metric)
