"""ScoreHistogram: the one accumulator. What every metric shows is read from its counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import torch
import torch.distributed as dist
from torch import Tensor

from torch_binmetrics.checks import one_or_many, summary
from torch_binmetrics.counting import Dropped, Layout, check_batch, count_checked
from torch_binmetrics.counting.summands import Summand
from torch_binmetrics.state.distributed import sum_over_ranks, world_size

STATE_VERSION = 1


class ScoreHistogram:
    """Running counts of scores by label and bin, of fixed size however many samples come.

    A plain object and no ``nn.Module``: DDP would broadcast rank 0's buffers over the counts of the other ranks. The
    counts follow the data: they move to the device of a batch.

    Args:
        layout: what is counted.
        device: where the empty counts lie until a batch comes.

    >>> from torch_binmetrics import Uniform
    >>> histogram = ScoreHistogram(Layout(Uniform(4)))
    >>> histogram.update(torch.tensor([0.1, 0.3, 0.8, 0.9]), torch.tensor([0, 1, 1, 1]))
    >>> histogram.counts
    tensor([[1, 0, 0, 0],
            [0, 1, 0, 2]])
    """

    def __init__(self, layout: Layout, *, device: torch.device | str | None = None) -> None:
        self.layout = layout
        self.state = layout.empty(device)
        #: True for the read-only sum over ranks that :meth:`summed` gives; it is never summed again.
        self.is_total = False

    @property
    def counts(self) -> Tensor:
        """Counts by label and bin: int64, or float64 sums of weights, [2, bins]; a view."""
        return self.state[: self.layout.ignored].view(2, -1)

    def sums(self, summand: Summand) -> Tensor:
        """What the layout sums of a summand, by label and bin: float64, [2, bins]; a view.

        Raises:
            ValueError: the layout does not sum that.
        """
        if summand not in self.layout.sums:
            raise ValueError(f"expected one of {list(self.layout.sums)}, got {summand}: these counts do not sum that")
        begin = self.layout.counted + self.layout.sums.index(summand) * self.layout.ignored
        return self.state[begin : begin + self.layout.ignored].view(2, -1)

    @property
    def dropped(self) -> Dropped:
        """Numbers of invalid samples, by kind."""
        return self.layout.dropped(self.state)

    @property
    def ignored(self) -> int:
        """Number of samples whose label was ``ignore_index``."""
        return int(self.state[self.layout.ignored])

    def positions(self, thresholds: Sequence[float]) -> tuple[int, ...] | None:
        """The bins that start at thresholds of the scores as they are counted, or None if one of those lies on no edge."""
        return self.layout.scored.positions(thresholds)

    def thresholds(self, bins: Tensor) -> Tensor:
        """Lower edges of bins of :attr:`counts`: float32 scores of the shape of ``bins``, or logits if those were counted."""
        return self.layout.scored.thresholds(bins)

    def check_valid(self) -> None:
        """Raise ValueError if the counts hold invalid samples that the layout does not drop."""
        self.layout.check_valid(self.state)

    def update(self, preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
        """Count a batch; arguments and errors are those of :func:`~torch_binmetrics.count`."""
        update_together([self], preds, target, weight)

    def reset(self) -> None:
        """Forget all counts."""
        self._refuse_total()
        self._forget()

    def to(self, device: torch.device | str) -> None:
        """Move the counts to a device."""
        with torch.inference_mode(False):
            self.state = self.state.to(device)

    def clone(self) -> Self:
        """A histogram of the same counts in memory of its own."""
        return self._with(_own(self.state))

    def summed(self, group: Any = None) -> ScoreHistogram:
        """A read-only copy of the counts summed over the ranks of a process group: a collective, one all_reduce."""
        return sum_together([self], group)[0]

    def merge_state(self, others: ScoreHistogram | Iterable[ScoreHistogram]) -> None:
        """Add the counts of one histogram or many.

        Raises:
            ValueError: one of them counts by other cuts; nothing is added then.
            RuntimeError: one of them is a sum over several ranks, which every rank would add again.
        """
        self._refuse_total()
        others = one_or_many(others, ScoreHistogram)
        for other in others:
            self._refuse(other.layout.meaning, "the other counts")
            if other.is_total and world_size() > 1:
                raise RuntimeError(
                    "merged on every rank, a sum over ranks would count each sample many times: merge local counts"
                )
        for state in [other.state.to(self.state.device, copy=True) for other in others]:
            self._add(state)

    def state_dict(self, *, sync: bool = False, group: Any = None) -> dict[str, Any]:
        """A copy of the counts, of plain types and tensors.

        Args:
            sync: the sum over all ranks instead, a collective. Where that is loaded, rank 0 keeps it and the others start
                from zero, so that a run resumes at any number of ranks without losing or doubling a count.
            group: process group to sum over, the default one if None.
        """
        if sync:
            return self.summed(group).state_dict()
        meaning, summed = self.layout.meaning, self.is_total
        return {"version": STATE_VERSION, "meaning": meaning, "summed": summed, "counts": self.clone().state}

    def load_state_dict(self, state: dict[str, Any], *, group: Any = None) -> None:
        """Take over copies of the counts of a :meth:`state_dict`; a summed one after the process group is initialised.

        Raises:
            ValueError: the state is of other cuts, or no state of ours; the counts stay as they were then.
        """
        self._refuse_total()
        self.check_state(state)
        self.state = _own(state["counts"], self.state.device)
        if state["summed"] and world_size(group) > 1 and dist.get_rank(group) != 0:
            self._forget()

    def check_state(self, state: dict[str, Any]) -> None:
        """Raise ValueError unless ``state`` is a :meth:`state_dict` that this histogram can load."""
        if not isinstance(state, dict) or not {"version", "meaning", "summed", "counts"} <= state.keys():
            raise ValueError(f"expected a state_dict() with version, meaning, summed and counts, got {summary(state)}")
        if not isinstance(state["version"], int) or state["version"] > STATE_VERSION:
            raise ValueError(f"the state is of version {state['version']}, this release reads {STATE_VERSION}: upgrade it")
        self._refuse(state["meaning"], "the state")
        counts = state["counts"]
        if not isinstance(counts, Tensor) or not self._fits(counts) or counts.dtype != self.state.dtype:
            got = f"{counts.dtype} of shape {list(counts.shape)}" if isinstance(counts, Tensor) else type(counts).__name__
            raise ValueError(f"expected counts of {self.state.dtype} and shape {list(self.state.shape)}, the state holds {got}")

    def _forget(self) -> None:
        """Put the counts back to nothing."""
        self.state.zero_()

    def _add(self, state: Tensor) -> None:
        """Add other counts of the same meaning, on the device of these."""
        self.state += state

    def _fits(self, state: Tensor) -> bool:
        """Whether counts could be these by their shape."""
        return state.shape == self.state.shape

    def _apart(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor | None:
        """The counts of a checked batch, if these are not counted in place."""
        return None

    def _gathered(self, group: Any) -> Tensor | None:
        """The counts of all ranks, if they are no plain sum."""
        return None

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
        other.__dict__.update(self.__dict__)
        other.state = state
        return other

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)
        self.state = _own(self.state)  # torch.multiprocessing hands over memory that all processes share

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.layout})"


def _own(counts: Tensor, device: torch.device | str | None = None) -> Tensor:
    """A copy in memory of its own, on a device, that can be counted into: an inference tensor could not later on."""
    with torch.inference_mode(False):
        return counts.to(counts.device if device is None else device, copy=True)


def update_together(histograms: Sequence[ScoreHistogram], preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
    """Count a batch into several histograms in one pass; all of them or, on an error, none."""
    for histogram in histograms:
        histogram._refuse_total()
    check_batch(preds, target, weight, weighted=any(histogram.layout.weighted for histogram in histograms))
    for histogram in histograms:
        if histogram.state.device != preds.device:
            histogram.to(preds.device)
    apart = [(each, each._apart(preds, target, weight)) for each in histograms if each.layout.exact]
    fixed = [(each.layout, each.state) for each in histograms if not each.layout.exact]
    if fixed:
        count_checked(fixed, preds, target, weight)
    for histogram, state in apart:
        if state is not None:
            histogram._add(state)


def count_apart(
    histograms: Sequence[ScoreHistogram], preds: Tensor, target: Tensor, weight: Tensor | None = None
) -> list[ScoreHistogram]:
    """Count a batch once, apart, and add that to the histograms; the batch's own counts are returned."""
    batches = [type(histogram)(histogram.layout, device=histogram.state.device) for histogram in histograms]
    update_together(batches, preds, target, weight)
    for histogram, batch in zip(histograms, batches, strict=True):
        histogram.to(batch.state.device)
        histogram.merge_state(batch)
    return batches


def sum_together(histograms: Sequence[ScoreHistogram], group: Any = None) -> list[ScoreHistogram]:
    """Read-only copies summed over ranks, all with one all_reduce for each dtype; totals come back as they are.

    Exact ones, whose sizes differ, take an all_reduce of their lengths and an all_gather each.
    """
    if all(histogram.is_total for histogram in histograms):
        return list(histograms)
    fixed = [histogram for histogram in histograms if not histogram.layout.exact]
    label = "; ".join(str(histogram.layout) for histogram in histograms)
    sums = iter(sum_over_ranks([histogram.state for histogram in fixed], label, group) if fixed else [])
    totals = []
    for histogram in histograms:
        gathered = histogram._gathered(group)
        totals.append(histogram._with(next(sums) if gathered is None else gathered))
        totals[-1].is_total = True
    return totals
