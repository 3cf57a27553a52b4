"""Accelerate: counts of all ranks in the checkpoints of ``save_state``, which keeps the main process's objects only."""

from __future__ import annotations

from typing import Any

from torch_binmetrics.metrics.collection import MetricCollection
from torch_binmetrics.metrics.metric import Metric


class Checkpointable:
    """What to register of a metric or a collection, so that ``save_state`` and ``load_state`` keep the counts of all ranks.

    Of a registered object Accelerate saves the main process's state, and loads it on every process. This one's is the sum
    over all ranks, by one all_reduce; where it is loaded, the first rank keeps it and the others start from zero. So a run
    resumes at any number of processes, without losing or doubling a count.

    Args:
        metrics: a metric or a collection; it is counted on as before.

    >>> import torch
    >>> from torch_binmetrics import BinaryRecall
    >>> recall = BinaryRecall()
    >>> recall.update(torch.tensor([0.9, 0.2]), torch.tensor([1, 1]))
    >>> state = Checkpointable(recall).state_dict()  # accelerator.register_for_checkpointing(Checkpointable(recall))
    >>> recall.reset()
    >>> Checkpointable(recall).load_state_dict(state)
    >>> recall.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    def __init__(self, metrics: Metric[Any] | MetricCollection) -> None:
        if not isinstance(metrics, Metric | MetricCollection):
            raise TypeError(f"metrics must be a Metric or a MetricCollection, got {metrics!r} ({type(metrics).__name__})")
        self.metrics = metrics

    def state_dict(self) -> dict[str, Any]:
        """The counts of all ranks: a collective."""
        return self.metrics.state_dict(sync=True)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the counts of a :meth:`state_dict`.

        Raises:
            ValueError: the state is of other cuts, or none of ours; the counts stay as they were then.
        """
        self.metrics.load_state_dict(state)
