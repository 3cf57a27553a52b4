"""A torchmetrics.MetricCollection that groups by what is counted, never by data, and syncs with one collective."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, ClassVar

import torch
from torchmetrics import Metric, MetricCollection as _MetricCollection

from torch_binmetrics.integrations.torchmetrics.metric import CountingMetric
from torch_binmetrics.integrations.torchmetrics.states import Counts
from torch_binmetrics.integrations.torchmetrics.together import count_alike, counting_for_all, link, sharing_inside


class MetricCollection(_MetricCollection):
    """``torchmetrics.MetricCollection`` for the drop-in classes: one update and one sync for all that count alike.

    Members of the same state, told by its name before any data is seen, form a group: ``update`` counts once for each. In a
    process group the first member to compute sums the states of all with one all_reduce, also where members are computed
    one by one, as Lightning does; exact metrics (``thresholds=None``) add an all_gather for each state.
    Other metrics of torchmetrics may be members too, grouped by torchmetrics' own rule. Groups follow members that are set,
    added, deleted or given other arguments; a member that has counted alone stays alone until ``reset``. Update members
    through the collection.

    >>> import torch
    >>> from torch_binmetrics.integrations.torchmetrics import BinaryAUROC, BinaryF1Score, BinaryRecall, MetricCollection
    >>> metrics = MetricCollection([BinaryAUROC(), BinaryF1Score(), BinaryRecall()])
    >>> metrics.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    >>> metrics.compute()
    {'BinaryAUROC': tensor(0.7500), 'BinaryF1Score': tensor(0.5000), 'BinaryRecall': tensor(0.5000)}
    >>> metrics.compute_groups
    {0: ['BinaryAUROC'], 1: ['BinaryF1Score', 'BinaryRecall']}
    """

    __jit_unused_properties__: ClassVar[list[str]] = [*_MetricCollection.__jit_unused_properties__, "scalars", "compute_groups"]
    #: What the groups were formed of; whether members are being added.
    _formed_of = tuple[tuple[str, int, str], ...]()
    _adding = False

    def add_metrics(self, *args: Any, **kwargs: Any) -> None:
        """Add members, as torchmetrics does; all of them, or none where one is refused."""
        before = dict(self._modules), self._groups, self._groups_checked
        self._adding = True
        try:
            super().add_metrics(*args, **kwargs)
        except Exception:
            self._modules.clear()
            self._modules.update(before[0])
            _, self._groups, self._groups_checked = before
            raise
        finally:
            self._adding = False

    def __setitem__(self, key: str, module: Metric) -> None:  # type: ignore[override]
        if self._adding:
            super().__setitem__(key, module)
        else:
            self.add_metrics({key: module})

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Count a batch, once for each group."""
        self._follow_members()
        unmerged = bool(self._enable_compute_groups) and not self._groups_checked
        self._groups_checked |= unmerged
        try:
            with counting_for_all(self._counting_groups(), self):
                super().update(*args, **kwargs)
        except BaseException:
            self._groups_checked &= not unmerged
            raise
        if unmerged:
            self._merge_compute_groups()
            self._compute_groups_create_state_ref()
        link(self._modules, self._groups)

    @torch.jit.unused
    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Count a batch, and return its own values."""
        values: dict[str, Any] = super().forward(*args, **kwargs)
        link(self._modules, self._groups)
        return values

    def reset(self) -> None:
        """Forget all counts."""
        super().reset()
        kinds = {metric.counts.name for metric in self._modules.values() if isinstance(metric, CountingMetric)}
        if len(kinds) < sum(isinstance(self._modules[names[0]], CountingMetric) for names in self._groups.values()):
            self._formed_of = ()  # members that had counted alone may join now
        self._follow_members()
        link(self._modules, self._groups)

    @property
    def compute_groups(self) -> dict[int, list[str]]:
        """The names of the members of each group."""
        self._follow_members()
        return self._groups

    @property
    def scalars(self) -> dict[str, Metric]:
        """The members whose value is one number, by full name: for Lightning's ``log_dict``, which takes no others."""
        members = self.items(keep_base=False, copy_state=False)
        return {name: metric for name, metric in members if getattr(metric, "is_scalar", True)}

    def _follow_members(self) -> None:
        """Form the groups anew if members came, went or count something else than before."""
        if self._enable_compute_groups and self._formed_of != self._members():
            if isinstance(self._enable_compute_groups, list):
                kept = [[name for name in names if name in self] for names in self._enable_compute_groups]
                self._enable_compute_groups = [names for names in kept if names] or False
            self._groups_checked = False
            self._init_compute_groups()

    def _members(self) -> tuple[tuple[str, int, str], ...]:
        """All that groups depend on."""
        kinds = ((name, each, getattr(each, "counts", None)) for name, each in self._modules.items())
        return tuple((name, id(each), counts.name if isinstance(counts, Counts) else "") for name, each, counts in kinds)

    def _init_compute_groups(self) -> None:
        """Form the groups of drop-in metrics by what they count, at once; those of others are merged after an update."""
        self._part()
        super()._init_compute_groups()
        if self._enable_compute_groups is True:
            groups: list[list[str]] = []
            for name, metric in self._modules.items():
                mates = next((names for names in groups if count_alike(self._modules[names[0]], metric)), None)
                groups.append([name]) if mates is None else mates.append(name)
            self._groups = dict(enumerate(groups))
            self._groups_checked = all(map(_counts, self._modules.values()))
        for names in self._groups.values():
            self._check_group(names)
        self._formed_of = self._members()
        link(self._modules, self._groups)

    def _part(self) -> None:
        """Give other metrics that shared states copies of their own: some count in place, and twice if two groups did."""
        shared = [self._modules[name] for names in self._groups.values() if len(names) > 1 for name in names if name in self]
        for metric in shared:
            for state in () if _counts(metric) else metric._defaults:
                setattr(metric, state, deepcopy(getattr(metric, state)))

    @staticmethod
    def _equal_metric_states(metric1: Metric, metric2: Metric) -> bool:
        """Whether torchmetrics' rule makes two metrics one group; drop-in metrics are in groups already."""
        either = _counts(metric1) or _counts(metric2)
        return not either and _MetricCollection._equal_metric_states(metric1, metric2)

    def _counting_groups(self) -> list[list[CountingMetric]]:
        """The groups of more than one drop-in metric."""
        groups = ([self._modules[name] for name in names] for names in self._groups.values() if len(names) > 1)
        return [members for members in groups if _counts(members[0])]  # type: ignore[misc]

    def _compute_groups_create_state_ref(self, copy: bool = False) -> None:
        self._follow_members()
        with sharing_inside(self._counting_groups(), self):
            super()._compute_groups_create_state_ref(copy)

    def _check_group(self, names: Sequence[str]) -> None:
        """Raise ValueError unless the members of a group can share one state."""
        first, *others = (self._modules[name] for name in names)
        for name, other in zip(names[1:], others, strict=True):
            if first._defaults.keys() != other._defaults.keys():
                raise ValueError(f"{name!r} does not count what {names[0]!r} counts: leave compute_groups=True")
            if _counts(other) and not count_alike(first, other):
                raise ValueError(f"{name!r} would share the counts of {names[0]!r}, but one has counted already: reset() them")

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._formed_of = self._members()
        link(self._modules, self._groups)


def _counts(metric: Any) -> bool:
    """Whether a metric is one of ours."""
    return isinstance(metric, CountingMetric)
