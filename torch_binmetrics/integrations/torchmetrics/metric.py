"""A torchmetrics.Metric whose only state is one tensor of counts, or a list of tables, named after what it counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors

from torch_binmetrics.integrations.torchmetrics.given import Batch, scores_of
from torch_binmetrics.integrations.torchmetrics.states import Counts
from torch_binmetrics.state.distributed import world_size

#: Ends the key of a state that is a sum over ranks: the first rank keeps it where it is loaded, the others start from zero.
SUMMED = "_summed"


def summed_states(module: nn.Module) -> dict[str, Any]:
    """The states of all drop-in metrics in a module, summed over the ranks: a collective, to be put into a checkpoint.

    Loaded with the rest of the module's state dict, they resume at any number of ranks without losing or doubling a count;
    the ``state_dict`` of rank 0 would hold the counts of rank 0 only.

    >>> from torch_binmetrics.integrations.torchmetrics import BinaryRecall
    >>> model = nn.ModuleDict({"recall": BinaryRecall()})
    >>> list(summed_states(model))
    ['recall.counts_t_0p5_summed']
    """
    metrics = [(name, metric) for name, metric in module.named_modules() if isinstance(metric, CountingMetric)]
    return {f"{name}.{metric.counts.name}{SUMMED}".removeprefix("."): metric.summed() for name, metric in metrics}


class CountingMetric(Metric):
    """Counts each batch into one registered state.

    The state is counted into in place as long as nobody else holds it. Once it was handed out, by ``getattr``, or came from
    somebody, by ``setattr`` - torchmetrics shares tensors among the members of a group, loads them from checkpoints without
    copying and passes them to other processes in shared memory - the next update copies it first. Only where all that hold
    it are members of one collection of ours, its update counts into it for all.
    """

    full_state_update = False
    __jit_unused_properties__: ClassVar[list[str]] = [*Metric.__jit_unused_properties__, "state"]
    counts: Counts
    #: Syncs all members of a collection at once; set by our MetricCollection.
    _together: Any = None

    def __init__(self, counts: Counts, **options: Any) -> None:
        self.__dict__.update(_shared_by=None, _counts_for_all=False)
        Metric.__init__(self, **options)  # not that of the class of torchmetrics that comes next, which adds its own states
        self._count_from_now_on(counts)

    def update(self, preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
        """Count a batch.

        Args:
            preds: probabilities or logits of any shape, compared in float32; or predicted labels 0 and 1, of an integer dtype.
            target: labels 0 and 1 (or ``ignore_index``) of the shape of ``preds``.
            weight: weights >= 0 of that shape, if the metric is ``weighted``.

        Raises:
            TypeError, ValueError: as :func:`~torch_binmetrics.count`.
            RuntimeError: the metric is on another device than the batch.
        """
        self._count(self._placed(preds, target, weight))

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        """Scores, labels and weights of a batch as they are counted."""
        return scores_of(preds), target, weight

    def _count(self, batch: Batch, group: Tensor | None = None) -> None:
        """Count a batch that was placed."""
        preds, _, _ = batch
        if isinstance(preds, Tensor) and preds.device != self.device:
            raise RuntimeError(f"the metric is on {self.device}, the batch on {preds.device}: call metric.to(preds.device)")
        own = self._own_state()
        self.__dict__["_state"] = self.counts.add(own, batch, group)
        self._leave()

    @torch.jit.unused
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Count a batch, and return its own value; a batch that is refused leaves all as it was."""
        before = dict(self.__dict__)  # torchmetrics sets the state aside meanwhile, and how to sync
        try:
            return super().forward(*args, **kwargs)
        except Exception:
            self.__dict__.update(before)
            raise

    @abstractmethod
    def compute(self) -> Any:
        """The value of all samples so far."""

    @property
    def state(self) -> Any:
        """The state, to be read only."""
        return self.__dict__["_state"]

    def reset(self) -> None:
        """Forget all counts."""
        setattr(self, self.counts.name, self.counts.empty(self.device))  # super() would clear a list that others share
        super().reset()
        if self._together is not None:
            self._together.drop()

    def merge_state(self, incoming_state: dict[str, Any] | Metric) -> None:
        """Add the counts of another metric, or of a dict that holds a state by its name.

        Raises:
            ValueError: the other counts something else.
        """
        if isinstance(incoming_state, dict) and self.counts.name in incoming_state:
            self.counts.check(incoming_state[self.counts.name])
        super().merge_state(incoming_state)
        self._changed_from_outside(incoming_state._update_count if isinstance(incoming_state, Metric) else 1)

    def _reduce_states(self, incoming_state: dict[str, Any]) -> None:
        super()._reduce_states(incoming_state)
        setattr(self, self.counts.name, self.counts.compact(self.state))

    def _count_from_now_on(self, counts: Counts, *, persistent: bool = False) -> None:
        """Count something, perhaps in the place of something else, from zero."""
        if "counts" in self.__dict__:
            for registered in (self._defaults, self._persistent, self._reductions):
                del registered[self.counts.name]
            self._leave()
        self.counts = counts
        self.add_state(counts.name, counts.empty(), dist_reduce_fx=counts.store.reduction, persistent=persistent)

    def _own_state(self) -> Any:
        """The state, in memory of its own if it is a tensor: an inference tensor could not be counted into later."""
        own = self.__dict__
        held = own["_lent"] or own["_shared_by"] is not None
        if held and not own["_counts_for_all"]:
            if isinstance(own["_state"], Tensor):
                with torch.inference_mode(False):
                    own["_state"] = own["_state"].clone()
            own.update(_lent=False, _shared_by=None)
        return own["_state"]

    def _leave(self) -> None:
        """Sync alone from now on, until the collection counts again; sums that it holds ready are of the past."""
        if self._together is not None:
            self._together.drop()
            self._together = None

    def _changed_from_outside(self, updates: int) -> None:
        """Values that were computed before are of the past; a warning that nothing was counted would be wrong."""
        self._computed = None
        self._update_count += updates
        self._leave()

    def _sync_dist(self, dist_sync_fn: Callable[..., Any] = gather_all_tensors, process_group: Any = None) -> None:
        if dist_sync_fn is not gather_all_tensors:
            setattr(self, self.counts.name, self.counts.gathered(self.state))
            super()._sync_dist(dist_sync_fn, process_group)
            setattr(self, self.counts.name, self.counts.gathered(self.state))
            return
        setattr(self, self.counts.name, self.summed(process_group))

    def summed(self, process_group: Any = None) -> Any:
        """A copy of the state of all ranks: a collective, one for all members of our MetricCollection."""
        group = process_group or self.process_group
        try:
            return self.counts.summed(self.state, group) if self._together is None else self._together.summed(self, group)
        except RuntimeError as error:
            raise RuntimeError(str(error).replace("pass sync=False", "build it with sync_on_compute=False")) from None

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        name = prefix + self.counts.name
        if name + SUMMED in state_dict:
            total = state_dict.pop(name + SUMMED)
            is_first = world_size(self.process_group) == 1 or dist.get_rank(self.process_group) == 0
            state_dict[name] = total if is_first else self.counts.empty(self.device)
        if name in state_dict:
            state_dict[name] = self.counts.of_today(state_dict[name])
            self.counts.check(state_dict[name])
            state_dict[name] = _moved(state_dict[name], self.device)
            self._changed_from_outside(1)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _apply(  # type: ignore[override]
        self, fn: Callable[..., Any], exclude_state: Sequence[str] = (), recurse: bool = True
    ) -> Any:
        """Move the state to a device, and never change its dtype; one of the meta device holds nothing to be moved."""
        super()._apply(fn, exclude_state=[*exclude_state, self.counts.name])
        self._defaults[self.counts.name] = self.counts.empty(self.device)
        parts = [self.state] if isinstance(self.state, Tensor) else self.state
        held = not any(part.is_meta for part in parts) or self.device.type == "meta"
        setattr(self, self.counts.name, _moved(self.state, self.device) if held else self.counts.empty(self.device))
        return self

    def set_dtype(self, dst_type: str | torch.dtype) -> Metric:
        """Let values be of another dtype; counts stay what they are."""
        self.__dict__["_value_dtype"] = torch.empty(0).type(dst_type).dtype
        return super().set_dtype(dst_type)

    def _cast(self, value: Tensor) -> Tensor:
        """A value in the dtype that torchmetrics returns."""
        return value.to(self.__dict__.get("_value_dtype", torch.float32)) if value.is_floating_point() else value

    def __getattr__(self, name: str) -> Any:
        counts = self.__dict__.get("counts")
        if counts is None or name != counts.name:
            return super().__getattr__(name)
        self.__dict__["_lent"] = True
        return self.__dict__["_state"]

    def __setattr__(self, name: str, value: Any) -> None:
        counts = self.__dict__.get("counts")
        if counts is None or name != counts.name:
            super().__setattr__(name, value)
        else:
            self.__dict__.update(_state=value, _lent=True, _shared_by=None)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_together": None, "_lent": True, "_shared_by": None}


def _moved(state: Any, device: torch.device) -> Any:
    """A state on a device."""
    return state.to(device) if isinstance(state, Tensor) else [part.to(device) for part in state]
