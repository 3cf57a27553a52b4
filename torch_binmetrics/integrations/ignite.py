"""ignite: a collection that an Engine resets, updates and computes, attached in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from torch_binmetrics.metrics.collection import MetricCollection
from torch_binmetrics.metrics.scalars import floats

try:
    from ignite.engine import Engine, Events
except ImportError as error:
    raise ImportError("attaching metrics to an Engine needs ignite: pip install 'torch-binmetrics[ignite]'") from error


def attach(
    engine: Engine,
    collection: MetricCollection,
    *,
    output_transform: Callable[[Any], tuple[Tensor, ...] | dict[str, Tensor]] | None = None,
) -> None:
    """Count every iteration of an engine, anew each epoch; the values are in ``engine.state.metrics`` at its end.

    Scalars are floats there, by the names of the collection, those of rows by the names of :func:`~torch_binmetrics.floats`;
    curves and matrices stay tensors. In a process group they are those of all ranks, by one all_reduce an epoch. Attach
    before the handlers that read them.

    Args:
        engine: whose process function gives preds and target.
        collection: what to count and compute.
        output_transform: makes (preds, target) or (preds, target, weight) of an engine's output, or a dict with "preds",
            "target" and whatever else ``update`` takes, "group" say; None if it is that already.

    Raises:
        TypeError: while the engine runs, at an output that is no tuple or list of two or three and no such dict.

    >>> import torch
    >>> from torch_binmetrics import BinaryRecall
    >>> evaluator = Engine(lambda engine, batch: batch)
    >>> attach(evaluator, MetricCollection(recall=BinaryRecall()))
    >>> batches = [(torch.tensor([0.9, 0.4]), torch.tensor([1, 0])), (torch.tensor([0.2]), torch.tensor([1]))]
    >>> evaluator.run(batches).metrics
    {'recall': 0.5}
    """

    def count() -> None:
        output = engine.state.output
        batch = output if output_transform is None else output_transform(output)
        if isinstance(batch, dict) and {"preds", "target"} <= batch.keys():
            return collection.update(**batch)
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            raise TypeError(
                f"expected (preds, target) or (preds, target, weight), got {_shape(batch)}: pass an output_transform"
            )
        return collection.update(*batch)

    def publish() -> None:
        values = collection.compute()
        engine.state.metrics.update(values | floats(values, collection))

    engine.add_event_handler(Events.EPOCH_STARTED, collection.reset)
    engine.add_event_handler(Events.ITERATION_COMPLETED, count)
    engine.add_event_handler(Events.EPOCH_COMPLETED, publish)


def _shape(output: object) -> str:
    """What came instead of a batch, for an error message."""
    return f"{type(output).__name__} of {len(output)}" if isinstance(output, tuple | list | dict) else type(output).__name__
