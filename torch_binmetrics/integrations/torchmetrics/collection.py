"""A torchmetrics.MetricCollection that groups by what is counted, never by data, and syncs with one collective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torchmetrics import Metric, MetricCollection as _MetricCollection

from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.integrations.torchmetrics.together import Together, counting_for_all, sharing_inside


class MetricCollection(_MetricCollection):
    """``torchmetrics.MetricCollection`` for the drop-in classes: one update and one sync for all that count alike.

    Members of the same state, told by its name before any data is seen, form a group: ``update`` counts once for each. In a
    process group the first member to compute sums the states of all with one all_reduce, also where members are computed
    one by one, as Lightning does; exact metrics (``thresholds=None``) add an all_reduce and an all_gather for each state.
    Other metrics of torchmetrics may be members too, each on its own. Update members through the collection.

    >>> import torch
    >>> from torch_binmetrics.integrations.torchmetrics import BinaryAUROC, BinaryF1Score, BinaryRecall, MetricCollection
    >>> metrics = MetricCollection([BinaryAUROC(), BinaryF1Score(), BinaryRecall()])
    >>> metrics.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    >>> metrics.compute()
    {'BinaryAUROC': tensor(0.7500), 'BinaryF1Score': tensor(0.5000), 'BinaryRecall': tensor(0.5000)}
    >>> metrics.compute_groups
    {0: ['BinaryAUROC'], 1: ['BinaryF1Score', 'BinaryRecall']}
    """

    __jit_unused_properties__: ClassVar[list[str]] = [*_MetricCollection.__jit_unused_properties__, "scalars"]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Count a batch, once for each group."""
        with counting_for_all(self._counting_groups(), self):
            super().update(*args, **kwargs)
        self._link()

    @torch.jit.unused
    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Count a batch, and return its own values."""
        values: dict[str, Any] = super().forward(*args, **kwargs)
        self._link()
        return values

    def reset(self) -> None:
        """Forget all counts."""
        super().reset()
        self._link()

    @property
    def scalars(self) -> dict[str, Metric]:
        """The members whose value is one number, by full name: for Lightning's ``log_dict``, which takes no others."""
        members = self.items(keep_base=False, copy_state=False)
        return {name: metric for name, metric in members if getattr(metric, "is_scalar", True)}

    def _init_compute_groups(self) -> None:
        """Form the groups by the names of the states, at once."""
        super()._init_compute_groups()
        if self._enable_compute_groups is True:
            by_state: dict[str, list[str]] = {}
            for name, metric in self._modules.items():
                kind = metric.counts.name if isinstance(metric, CountingMetric) else f"{name} alone"
                by_state.setdefault(kind, []).append(name)
            self._groups = dict(enumerate(by_state.values()))
            self._groups_checked = True
        for names in self._groups.values():
            self._check_group(names)
        self._link()

    def _counting_groups(self) -> list[list[CountingMetric]]:
        """The groups of more than one drop-in metric."""
        groups = ([self._modules[name] for name in names] for names in self._groups.values() if len(names) > 1)
        return [members for members in groups if isinstance(members[0], CountingMetric)]  # type: ignore[misc]

    def _compute_groups_create_state_ref(self, copy: bool = False) -> None:
        with sharing_inside(self._counting_groups(), self):
            super()._compute_groups_create_state_ref(copy)

    def _check_group(self, names: Sequence[str]) -> None:
        """Raise ValueError unless the members of a group can share one state."""
        first, *others = (self._modules[name] for name in names)
        for name, other in zip(names[1:], others, strict=True):
            if first._defaults.keys() != other._defaults.keys():
                raise ValueError(f"{name!r} does not count what {names[0]!r} counts: leave compute_groups=True")
            counted = first.update_called or other.update_called
            if counted and isinstance(other, CountingMetric) and other.state is not getattr(first, other.counts.name):
                raise ValueError(f"{name!r} would share the counts of {names[0]!r}, but one has counted already: reset() them")

    def _link(self) -> None:
        """Let members of one process group sync together; those that do not sync, or in a way of their own, stay alone."""
        groups = self._groups.values() if self._groups else [[name] for name in self._modules]
        together: dict[int, list[list[CountingMetric]]] = {}
        for names in groups:
            members = [self._modules[name] for name in names]
            for process_group in {id(member.process_group): member.process_group for member in members}:
                alike = [m for m in members if id(m.process_group) == process_group and _syncs_with_others(m)]
                if alike:
                    together.setdefault(process_group, []).append(alike)  # type: ignore[arg-type]
        for linked in together.values():
            Together(linked)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._link()


def _syncs_with_others(metric: Metric) -> bool:
    """Whether a metric is summed over the ranks in the usual way."""
    return isinstance(metric, CountingMetric) and metric.dist_sync_fn is None and metric.sync_on_compute
