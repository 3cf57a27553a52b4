"""Several histograms at once: one pass over a batch, one moment, and one sum over ranks for all of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from torch_binmetrics.counting import check_batch, count_checked
from torch_binmetrics.state.agreement import OutOfStepError, Terms
from torch_binmetrics.state.distributed import begin_sum, gather_over_ranks, world_size
from torch_binmetrics.state.guard import Guard, held
from torch_binmetrics.state.traced import count_traced

if TYPE_CHECKING:
    from torch_binmetrics.state.histogram import ScoreHistogram


def update_together(
    histograms: Sequence[ScoreHistogram],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    group: Tensor | None = None,
) -> None:
    """Count a batch into several histograms of one guard in one pass; all of them or, on an error, none."""
    for histogram in histograms:
        histogram._refuse_total()
    check_batch([histogram.layout for histogram in histograms], preds, target, weight, group=group)
    if not torch.compiler.is_compiling():
        _count(histograms, preds, target, weight, group=group)
    elif not count_traced(histograms, preds, target, weight, group=group):
        counted_apart: Any = torch.compiler.disable(_count)  # type: ignore[no-untyped-call]
        counted_apart(histograms, preds, target, weight, group=group)


def _count(
    histograms: Sequence[ScoreHistogram],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None,
    *,
    group: Tensor | None,
) -> None:
    """Count a checked batch."""
    lock = histograms[0].guard.lock
    lock.acquire()  # by hand, since `with` takes twice as long
    try:
        for histogram in histograms:
            if histogram.state.device != preds.device:
                histogram.to(preds.device)
        tallies = [(histogram.store, histogram.target()) for histogram in histograms]
        states = count_checked(tallies, preds, target, weight, group=group)
        for histogram, state in zip(histograms, states, strict=True):
            histogram.take(state)
    finally:
        lock.release()


def count_apart(
    histograms: Sequence[ScoreHistogram],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    group: Tensor | None = None,
) -> list[ScoreHistogram]:
    """Count a batch once, apart, and add that to the histograms; the batch's own counts are returned."""
    batches = [histogram._with(histogram.store.empty(histogram.state.device)) for histogram in histograms]
    update_together(batches, preds, target, weight, group=group)
    with held(each.guard for each in (*histograms, *batches)):
        for histogram, batch in zip(histograms, batches, strict=True):
            histogram.to(batch.state.device)
            histogram.take(batch.state if histogram.past else histogram.store.merge(histogram.state, [batch.state]))
    return batches


def guard_together(histograms: Sequence[ScoreHistogram]) -> None:
    """Give histograms that count the same batches one guard, so that what is read of all of them is of one moment."""
    guard = Guard()
    for histogram in histograms:
        histogram.guard = guard


def copies(histograms: Sequence[ScoreHistogram]) -> list[ScoreHistogram]:
    """Copies of the counts of one moment, to be read or summed while others count on."""
    with held(histogram.guard for histogram in histograms):
        return [copy.deepcopy(histogram) for histogram in histograms]


def sum_together(histograms: Sequence[ScoreHistogram], group: Any = None, label: str = "") -> list[ScoreHistogram]:
    """Read-only copies summed over ranks, all with one all_reduce; totals come back as they are.

    Exact ones, whose sizes differ, take an all_gather each. ``label`` says what is read off the counts.
    """
    return begin_together(histograms, group, label)()


def begin_together(
    histograms: Sequence[ScoreHistogram], group: Any = None, label: str = "", *, sync: bool = True
) -> Callable[[], list[ScoreHistogram]]:
    """:func:`sum_together` in two steps: counts are copied and the all_reduce begins; what is returned waits for the sums.

    Without ``sync`` it returns the copies.
    """
    if not sync or all(histogram.is_total for histogram in histograms):
        kept = list(histograms) if sync else copies(histograms)
        return lambda: kept
    if world_size(group) == 1:
        return _begun(histograms, Terms(""), group)
    try:
        begun = _begun(histograms, _terms(histograms, label, group), group)
    except OutOfStepError:
        for histogram in histograms:
            histogram.rounds.restart(group)
        raise
    for histogram in histograms:
        histogram.rounds.advance(group)
    return begun


def _terms(histograms: Sequence[ScoreHistogram], label: str, group: Any) -> Terms:
    """What all ranks have to bring for a sum of these."""
    words = [str(histogram.layout) for histogram in histograms]
    words += [f"clone {list(histogram.lineage)}" for histogram in histograms[:1] if histogram.lineage]
    return Terms(
        "; ".join([*words, label]),
        round=sum(histogram.rounds.of(group) for histogram in histograms),
        whole=any(histogram._loaded_alone for histogram in histograms),
        updates=max((histogram.past.updates for histogram in histograms if histogram.past), default=0),
    )


def _begun(histograms: Sequence[ScoreHistogram], terms: Terms, group: Any) -> Callable[[], list[ScoreHistogram]]:
    """What waits for the sums: an all_reduce under way for those of fixed size, an all_gather done for each other."""
    histograms = copies(histograms)
    fixed = [histogram.state for histogram in histograms if histogram.store.reduction == "sum"]
    summed = begin_sum(fixed, terms, group) if fixed else list
    gathered = {
        i: gather_over_ranks(histogram.state, terms, group)
        for i, histogram in enumerate(histograms)
        if histogram.store.reduction == "cat"
    }

    def totals() -> list[ScoreHistogram]:
        sums, found = iter(summed()), []
        for i, histogram in enumerate(histograms):
            first, *others = gathered[i] if i in gathered else [next(sums)]
            found.append(histogram._with(histogram.store.merge(first, others)))
            found[-1].is_total = True
        return found

    return totals
