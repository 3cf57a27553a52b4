"""torch.distributed.checkpoint: the counts of all ranks in a sharded checkpoint, which resume at any number of ranks."""

from __future__ import annotations

import io
from typing import Any

import torch

from torch_binmetrics.metrics.collection import MetricCollection
from torch_binmetrics.metrics.metric import Metric


class Stateful:
    """A metric or a collection as ``torch.distributed.checkpoint`` takes it, so that it keeps the counts of all ranks.

    Of what is no sharded tensor, such a checkpoint keeps what one rank has. This one's state is the sum over all ranks, by one
    all_reduce; where it is loaded, the first rank keeps it and the others start from zero. It is one value of bytes, since
    tensors are loaded into tensors of the same shape, and exact counts have that of what was seen.

    Args:
        metrics: a metric or a collection; it is counted on as before.

    >>> import torch
    >>> from torch_binmetrics import BinaryRecall
    >>> recall = BinaryRecall()
    >>> recall.update(torch.tensor([0.9, 0.2]), torch.tensor([1, 1]))
    >>> state = Stateful(recall).state_dict()  # torch.distributed.checkpoint.save({"recall": Stateful(recall)}, ...)
    >>> recall.reset()
    >>> Stateful(recall).load_state_dict(state)
    >>> recall.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    def __init__(self, metrics: Metric[Any] | MetricCollection[Any]) -> None:
        if not isinstance(metrics, Metric | MetricCollection):
            raise TypeError(f"metrics must be a Metric or a MetricCollection, got {metrics!r} ({type(metrics).__name__})")
        self.metrics = metrics

    def state_dict(self) -> dict[str, Any]:
        """The counts of all ranks: a collective."""
        saved = io.BytesIO()
        torch.save(self.metrics.state_dict(sync=True), saved)
        return {"counts": saved.getvalue()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the counts of a :meth:`state_dict`, on every rank.

        Raises:
            ValueError: the state is of other cuts, or none of ours; the counts stay as they were then.
        """
        saved = state.get("counts") if isinstance(state, dict) else None
        if not isinstance(saved, bytes):
            raise ValueError(f"expected the state_dict() of a Stateful, a dict with bytes under 'counts', got {state!r}")
        self.metrics.load_state_dict(torch.load(io.BytesIO(saved), weights_only=True))
