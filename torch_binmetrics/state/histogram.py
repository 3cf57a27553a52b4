"""ScoreHistogram: the one accumulator. What every metric shows is read from its counts."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor

from torch_binmetrics.checks import one_or_many
from torch_binmetrics.counting import Dropped, Layout, Store, store_of
from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.state.agreement import Rounds
from torch_binmetrics.state.distributed import place_in, world_size
from torch_binmetrics.state.earlier import upgraded
from torch_binmetrics.state.guard import Guard, held
from torch_binmetrics.state.past import Past
from torch_binmetrics.state.saved import STATE_VERSION, check_header, check_place, own
from torch_binmetrics.state.together import sum_together, update_together
from torch_binmetrics.state.traced import number


class ScoreHistogram:
    """Running counts of scores by label and bin; of fixed size however many samples come, unless the cuts are exact.

    A plain object and no ``nn.Module``: DDP would broadcast rank 0's buffers over the counts of the other ranks. The
    counts follow the data: they move to the device of a batch. Threads may update, read and reset it at the same time: each
    batch is counted whole, and what is read is of one moment.

    Args:
        layout: what is counted.
        store: how the counts are kept; a table for exact cuts and one tensor for all others if None.
        device: where the empty counts lie until a batch comes.

    >>> from torch_binmetrics import Uniform
    >>> histogram = ScoreHistogram(Layout(Uniform(4)))
    >>> histogram.update(torch.tensor([0.1, 0.3, 0.8, 0.9]), torch.tensor([0, 1, 1, 1]))
    >>> histogram.counts
    tensor([[1, 0, 0, 0],
            [0, 1, 0, 2]])
    """

    #: Which clone this is, of which clone: what tells counts of one layout apart on all ranks alike.
    lineage: tuple[int, ...] = ()
    _clones = 0
    #: Whether counts that may be those of all ranks were loaded outside of a process group.
    _loaded_alone = False

    def __init__(self, layout: Layout, *, store: Store | None = None, device: torch.device | str | None = None) -> None:
        self.layout = layout
        self.store = store_of(layout) if store is None else store
        self.state = self.store.empty(device)
        #: What will have to be forgotten, where only recent samples are counted.
        self.past = None if layout.recent is None else Past(layout)
        #: True for the read-only sum over ranks that :meth:`summed` gives; it is never summed again.
        self.is_total = False
        #: Held while the counts change or are read; the histograms of a collection have one for all.
        self.guard = Guard()
        #: By which a compiled step knows it.
        self.number = number(self)
        self.rounds = Rounds()

    @property
    def counts(self) -> Tensor:
        """Counts by label and bin: int64, or float64 sums of weights, [2, bins]; exact ones by distinct score. A copy."""
        with self.guard.lock:
            return self.store.counts(self.state).clone()

    def sums(self, summand: Summand) -> Tensor:
        """What the layout sums of a summand, by label and bin: float64, [2, bins]; a copy.

        Raises:
            ValueError: the layout does not sum that.
        """
        with self.guard.lock:
            return self.store.sums(self.state, summand).clone()

    @property
    def dropped(self) -> Dropped:
        """Numbers of invalid samples, by kind."""
        with self.guard.lock:
            return self.store.excluded(self.state)[1]

    @property
    def ignored(self) -> int:
        """Number of samples whose label was ``ignore_index``."""
        with self.guard.lock:
            return self.store.excluded(self.state)[0]

    def update(self, preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None) -> None:
        """Count a batch; arguments and errors are those of :func:`~torch_binmetrics.count`."""
        update_together([self], preds, target, weight, group=group)

    def reset(self) -> None:
        """Forget all counts."""
        self._refuse_total()
        with self.guard.lock:
            self.state = self.store.clear(self.state)
            self.past = None if self.past is None else Past(self.layout)
            self.rounds, self._loaded_alone = Rounds(), False

    def to(self, device: torch.device | str) -> None:
        """Move the counts to a device."""
        with self.guard.lock, torch.inference_mode(False):
            # On the meta device there is nothing to take along: a model was built there, to be filled elsewhere.
            self.state = self.store.empty(device) if self.state.is_meta else self.state.to(device)

    def clone(self) -> Self:
        """A histogram of the same counts in memory of its own; ranks that clone alike cannot mistake it for this one."""
        other = copy.deepcopy(self)
        self.distinguish(other)
        return other

    def distinguish(self, clone: ScoreHistogram) -> None:
        """Tell a copy of this apart, by how many clones there were before."""
        with self.guard.lock:
            self._clones += 1
            clone.lineage, clone._clones = (*self.lineage, self._clones), 0

    def summed(self, group: Any = None, *, label: str = "") -> ScoreHistogram:
        """A read-only copy of the counts summed over the ranks of a process group: a collective, one all_reduce.

        Args:
            group: process group to sum over, the default one if None.
            label: what is read off the counts; ranks that bring another one all raise.
        """
        return sum_together([self], group, label)[0]

    def merge_state(self, others: ScoreHistogram | Iterable[ScoreHistogram]) -> None:
        """Add the counts of one histogram or many.

        Raises:
            ValueError: one of them counts by other cuts; nothing is added then.
            RuntimeError: one of them is a sum over several ranks, which every rank would add again.
        """
        self._refuse_total()
        if self.past is not None:
            raise ValueError(
                f"counts of {self.past.recent} follow one sequence of updates, and take no others: merge lifetime counts"
            )
        others = one_or_many(others, ScoreHistogram)
        for other in others:
            self._refuse(other.layout.meaning, "the other counts")
            if other.is_total and world_size() > 1:
                raise RuntimeError(
                    "merged on every rank, a sum over ranks would count each sample many times: merge local counts"
                )
        with held(each.guard for each in (self, *others)):
            theirs = [other.state.to(self.state.device, copy=other is self) for other in others]
            self.state = self.store.merge(self.state, theirs)
            self._loaded_alone |= any(other._loaded_alone for other in others)

    def state_dict(self, *, sync: bool = False, group: Any = None) -> dict[str, Any]:
        """A copy of the counts, of plain types and tensors; it knows the rank whose counts they are.

        Args:
            sync: the sum over all ranks instead, a collective. Where that is loaded, rank 0 keeps it and the others start
                from zero, so that a run resumes at any number of ranks without losing or doubling a count.
            group: process group to sum over, the default one if None.
        """
        if sync:
            return self.summed(group).state_dict(group=group)
        rank, ranks = place_in(group)
        return {
            "version": STATE_VERSION,
            "meaning": self.layout.meaning,
            "summed": self.is_total,
            "rank": rank,
            "world_size": ranks,
            **({} if self.past is None else {"past": self.past.state_dict()}),
            "counts": copy.deepcopy(self).state,
        }

    def load_state_dict(self, state: dict[str, Any], *, group: Any = None) -> None:
        """Take over copies of the counts of a :meth:`state_dict`; after the process group is initialised, if there will be one.

        Raises:
            ValueError: the state is of other cuts or of another rank, or no state of ours; the counts stay as they were then.
        """
        self._refuse_total()
        self.check_state(state, group=group)
        counts, (rank, ranks) = self._of_today(state)["counts"], place_in(group)
        with self.guard.lock:
            device = self.state.device
            others = state["summed"] and rank != 0
            # A table is put in order, one row a score, whatever came.
            self.state = self.store.empty(device) if others else self.store.merge(own(counts, device), [])
            if self.past is not None:
                self.past.load(state["past"])
            self.rounds = Rounds()
            self._loaded_alone = ranks == 1 and (state["summed"] or state.get("world_size") == 1)

    def check_state(self, state: dict[str, Any], *, group: Any = None) -> None:
        """Raise ValueError unless ``state`` is a :meth:`state_dict` that this histogram can load on this rank of a group."""
        check_header(state)
        state = self._of_today(state)
        self._refuse(state["meaning"], "the state")
        self.store.check(state["counts"])
        self.store.check_values(state["counts"])
        if self.past is not None:
            self.past.check(None if state["summed"] else state.get("past"))
        check_place(state, group)

    def _of_today(self, state: dict[str, Any]) -> dict[str, Any]:
        """A state of any version as one of this."""
        return upgraded(state, self.layout) if state["version"] == 1 else state

    def target(self) -> Tensor:
        """Where a batch is counted: with all before it, or apart if they will have to be forgotten."""
        return self.state if self.past is None else self.store.empty(self.state.device)

    def take(self, counted: Tensor) -> None:
        """Take over what :meth:`target` has become."""
        if self.past is None:
            self.state = counted
        else:
            self.past.take(self.state, counted)

    def _refuse(self, meaning: str, whose: str) -> None:
        """Raise ValueError unless counts of that meaning can be added to these."""
        if meaning != self.layout.meaning:
            raise ValueError(f"expected counts of {self.layout.meaning}, {whose} hold {meaning}: build both with the same cuts")

    def _refuse_total(self) -> None:
        """Raise RuntimeError on a copy that is a sum over ranks: to go on counting there would double everything."""
        if self.is_total:
            raise RuntimeError("these counts are a sum over ranks, for reading only: update the metric that they came from")

    def _with(self, state: Tensor) -> Self:
        """A histogram like this one with other counts."""
        other = object.__new__(type(self))
        past = None if self.past is None else Past(self.layout)
        other.__dict__.update(self.__dict__, state=state, past=past, guard=Guard(), rounds=Rounds())
        other.number = number(other)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        with self.guard.lock:  # layout and store are frozen, and keep what was prepared for counting
            other = self._with(own(self.state))
            other.past = copy.deepcopy(self.past)
            return other

    def __getstate__(self) -> dict[str, Any]:
        # Bytes, since torch.multiprocessing passes tensors as memory that all processes share, of which a copy would be gone.
        saved = io.BytesIO()
        with self.guard.lock:
            torch.save(self.state, saved)
            return {**self.__dict__, "state": saved.getvalue()}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)
        self.number = number(self)
        self.state = own(torch.load(io.BytesIO(attributes["state"]), weights_only=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.layout})"
