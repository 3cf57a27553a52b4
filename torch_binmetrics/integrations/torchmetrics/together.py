"""One sync for all members of a collection: the first to compute sums the states of all, each takes its sum once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.state.distributed import sum_over_ranks


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
