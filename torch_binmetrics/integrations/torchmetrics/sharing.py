"""Members of a group hold one state, which is counted into in place as long as nobody outside of the group holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric

Group = Sequence[CountingMetric]


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
