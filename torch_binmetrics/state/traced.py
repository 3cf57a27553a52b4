"""Counting in a step that torch.compile traces: one opaque operator, so that the graph stays whole and the same code counts.

The operator takes tensors and numbers, so histograms are known by a number. It is declared by its schema and not by
``torch.library.custom_op``, whose wrappers cost eight times as much at each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count as integers
from typing import Any, Protocol
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from torch_binmetrics.counting import Dense, Layout, Store
from torch_binmetrics.counting.dense import count_together
from torch_binmetrics.state.guard import Guard


class Counter(Protocol):
    """What the operator has to know of a histogram."""

    layout: Layout
    store: Store
    state: Tensor
    guard: Guard
    number: int | None


_numbers = integers()
_numbered: WeakValueDictionary[int, Counter] = WeakValueDictionary()
_library: Any = torch.library.Library("torch_binmetrics", "FRAGMENT")  # type: ignore[no-untyped-call]
_library.define(
    "count(Tensor(a!)[] states, Tensor preds, Tensor target, Tensor? weight, Tensor? group, SymInt[] numbers) -> ()"
)


def number(histogram: Counter) -> int | None:
    """A number by which the operator finds a histogram as long as it lives; None if its state is not of one size."""
    if not isinstance(histogram.store, Dense) or histogram.layout.recent is not None:
        return None
    found = next(_numbers)
    _numbered[found] = histogram
    return found


def count_traced(
    histograms: Sequence[Counter], preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None
) -> bool:
    """Put the counting of a checked batch into the graph that is traced; False if that cannot be, and nothing is done."""
    numbers, states = [], []
    for histogram in histograms:
        if histogram.number is None:
            return False
        if histogram.state.device != preds.device:
            histogram.state = histogram.state.to(preds.device)
        numbers.append(histogram.number)
        states.append(histogram.state)
    weight = None if weight is None else weight.detach()
    torch.ops.torch_binmetrics.count.default(states, preds.detach(), target.detach(), weight, group, numbers)
    return True


def _count(states: list[Tensor], *batch_and_numbers: Any) -> None:
    """The operator as it runs."""
    *batch, group, numbers = batch_and_numbers
    histograms = [_numbered[number] for number in numbers]
    with histograms[0].guard.lock:
        count_together([(each.layout, state) for each, state in zip(histograms, states, strict=True)], *batch, group=group)


def _count_nothing(*_: object) -> None:
    """The operator as it is traced: nothing comes of it but new counts."""


_library.impl("count", _count, "CompositeExplicitAutograd")
torch.library.register_fake("torch_binmetrics::count", _count_nothing, lib=_library)
