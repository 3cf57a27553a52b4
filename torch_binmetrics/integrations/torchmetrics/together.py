"""What the members of a collection do together: one sync for all, and one state for those that count alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.state.distributed import sum_over_ranks

Group = Sequence[CountingMetric]


class Together:
    """The members of a collection in groups of one state each, and the sums over ranks that they have not taken yet.

    Lightning computes the members of a collection one by one. All ranks compute the same ones in the same order, so that
    what is summed, and when, is alike on all of them.

    Args:
        groups: metrics of one state; the first of each counts for all.
    """

    def __init__(self, groups: Sequence[Sequence[CountingMetric]]) -> None:
        self.groups = groups
        self._ready: dict[int, Any] = {}
        for group in groups:
            for member in group:
                member._together = self

    def summed(self, member: CountingMetric, process_group: Any) -> Any:
        """The state of a member summed over the ranks: a collective, unless it was summed along with another's."""
        if id(member) not in self._ready:
            self._ready = self._sums(process_group)
        return self._ready.pop(id(member))

    def drop(self) -> None:
        """Forget the sums, since something was counted, or forgotten."""
        self._ready = {}

    def _sums(self, process_group: Any) -> dict[int, Any]:
        """The sums for all members: one all_reduce for all tensors, and what each list of tables needs."""
        states = [group[0].state for group in self.groups]
        tensors = [state for state in states if isinstance(state, Tensor)]
        label = "; ".join(group[0].counts.name for group in self.groups)
        sums = iter(sum_over_ranks(tensors, label, process_group) if tensors else [])
        totals = [
            next(sums) if isinstance(state, Tensor) else group[0].counts.summed(state, process_group)
            for group, state in zip(self.groups, states, strict=True)
        ]
        return {id(member): total for group, total in zip(self.groups, totals, strict=True) for member in group}


def link(members: Mapping[str, Any], groups: Mapping[int, Sequence[str]]) -> None:
    """Let members of one process group sync together; those that do not sync, or in a way of their own, stay alone."""
    together: dict[int, list[Group]] = {}
    for names in groups.values() or [[name] for name in members]:
        alike: dict[int, list[CountingMetric]] = {}
        for member in (members[name] for name in names):
            if isinstance(member, CountingMetric) and member.dist_sync_fn is None and member.sync_on_compute:
                alike.setdefault(id(member.process_group), []).append(member)
        for process_group, group in alike.items():
            together.setdefault(process_group, []).append(group)
    for linked in together.values():
        Together(linked)


def count_alike(one: object, other: object) -> bool:
    """Whether two metrics count the same things, and have counted the same samples so far."""
    if not (isinstance(one, CountingMetric) and isinstance(other, CountingMetric)):
        return False
    if one.counts.name != other.counts.name or one.device != other.device or one.update_count != other.update_count:
        return False
    mine, others = ([each.state] if isinstance(each.state, Tensor) else each.state for each in (one, other))
    return len(mine) == len(others) and all(a is b or torch.equal(a, b) for a, b in zip(mine, others, strict=True))


@contextmanager
def counting_for_all(groups: Sequence[Group], owner: object) -> Iterator[None]:
    """Let the first of each group count into the state that all share, instead of a copy, where only ``owner`` shares it."""
    firsts = [group[0] for group in groups if not _is_held_outside(group, owner)]
    for first in firsts:
        first.__dict__["_counts_for_all"] = True
    try:
        yield
    finally:
        for first in firsts:
            first.__dict__["_counts_for_all"] = False


@contextmanager
def sharing_inside(groups: Sequence[Group], owner: object) -> Iterator[None]:
    """Remember of states that are handed on among the members of a group that nobody else got them by that."""
    held = [_is_held_outside(group, owner) for group in groups]
    yield
    for group, outside in zip(groups, held, strict=True):
        for member in group:
            if member.state is group[0].state:
                member.__dict__.update(_lent=outside, _shared_by=owner)


def _is_held_outside(group: Group, owner: object) -> bool:
    """Whether somebody else may hold the state of the first, or a collection that shares its members with this one."""
    same = [member.__dict__ for member in group if member.state is group[0].state]
    return any(member["_lent"] or member["_shared_by"] not in (None, owner) for member in same)
