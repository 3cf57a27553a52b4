"""Scores -> counts: what is counted, by which bins, in which store; one door, ``count``, to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.counting import cpu, cuda
from torch_binmetrics.counting.dense import Dense as Dense, count_together
from torch_binmetrics.counting.float_bits import Exact
from torch_binmetrics.counting.layout import Dropped as Dropped, Layout as Layout
from torch_binmetrics.counting.recent import Decay as Decay, Window as Window
from torch_binmetrics.counting.rows import Classes as Classes, Groups as Groups, Labels as Labels, Rows as Rows
from torch_binmetrics.counting.store import Store as Store
from torch_binmetrics.counting.summands import (
    Hinge as Hinge,
    LogLoss as LogLoss,
    Probability as Probability,
    SquaredError as SquaredError,
    SquaredWeight as SquaredWeight,
    Summand as Summand,
)
from torch_binmetrics.counting.table import Table as Table

#: A store with the state that is kept in it.
Tally = tuple[Store, Tensor]


def count(
    tallies: Sequence[Tally], preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None
) -> list[Tensor]:
    """Add a batch to running counts, in one pass; either all of them change or none does.

    Args:
        tallies: pairs of a :class:`Store` and its state, ``store.empty()`` at first, on the device of the batch.
        preds: scores, any float, int or bool dtype, any shape and strides; compared in float32.
        target: labels 0 and 1 (or ``ignore_index``), bool, int or float, shape of ``preds``; for :class:`Classes` their
            numbers, int, [...] if ``preds`` are [..., n].
        weight: weights >= 0 of the shape of ``preds``, or of ``target``, for the weighted layouts only; 1 each if left out.
        group: ids of the shape of ``preds``, of any int dtype, for :class:`Groups`.

    Returns:
        The states with the batch: of a :class:`Dense` store the same tensor, counted into in place.

    Raises:
        TypeError: an argument that is no dense tensor, or of complex dtype.
        ValueError: shapes or devices that differ, weights where no layout is weighted, and, on CPU, invalid samples where
            the layout says ``invalid="raise"``. On other devices those are counted apart, for :meth:`Layout.check_valid`.

    >>> import torch
    >>> from torch_binmetrics import Threshold
    >>> store = store_of(Layout(Threshold(0.5)))
    >>> [state] = count([(store, store.empty())], torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1, 0, 0]))
    >>> store.counts(state)
    tensor([[1, 1],
            [0, 1]])
    """
    check_batch([store.layout for store, _ in tallies], preds, target, weight, group=group)
    for store, state in tallies:
        store.check(state)
        if state.device != preds.device:
            raise ValueError(f"counts of {store.layout.meaning} must be on {preds.device}, got {state.device}: move them")
    return count_checked(tallies, preds, target, weight, group=group)


def count_checked(
    tallies: Sequence[Tally], preds: Tensor, target: Tensor, weight: Tensor | None = None, *, group: Tensor | None = None
) -> list[Tensor]:
    """:func:`count` for a batch and states that were checked already; TypeError in a transform of ``torch.func``."""
    try:
        return _counted(tallies, preds, target, weight, group=group)
    except (RuntimeError, ValueError) as error:
        if any(map(_is_transformed, (preds, target, weight, group))):
            raise TypeError(
                "expected tensors that hold data, got those of a transform of torch.func (vmap, grad, ...), which takes "
                "functions without side effects: update outside of it, with what it returns"
            ) from error
        if "bad labels" in str(error) and _look_swapped(preds, target):  # so the batch could be read
            raise ValueError(
                f"{error}; preds hold only 0 and 1, and target other numbers - swapped? preds come first"
            ) from None
        raise


def _is_transformed(tensor: Any) -> bool:
    """Whether a tensor stands for another one in a transform of ``torch.func``, for which there is no public question."""
    functorch: Any = torch._C._functorch
    return tensor is not None and bool(functorch.is_functorch_wrapped_tensor(tensor) or torch._is_functional_tensor(tensor))


def _look_swapped(preds: Tensor, target: Tensor) -> bool:
    """Whether labels that came for scores explain why a batch on CPU was refused."""
    labels, scores = preds.detach(), target.detach()
    return (
        scores.is_floating_point()
        and scores.device.type == "cpu"
        and bool(((labels == 0) | (labels == 1)).all())
        and bool(((scores != 0) & (scores != 1)).any())
    )


def _counted(
    tallies: Sequence[Tally], preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None
) -> list[Tensor]:
    """The states with a checked batch."""
    dense = [(store.layout, state) for store, state in tallies if isinstance(store, Dense)]
    if len(dense) < len(tallies):
        apart = [(store, state) for store, state in tallies if not isinstance(store, Dense)]
        others = iter([store.add(state, preds, target, weight, group=group) for store, state in apart])
    if dense:
        count_together(dense, preds, target, weight, group=group)
    return [state if isinstance(store, Dense) else next(others) for store, state in tallies]


def store_of(layout: Layout) -> Store:
    """The store of a layout unless another is chosen: a table for :class:`~torch_binmetrics.Exact` cuts, else a dense one.

    >>> store_of(Layout(Exact())).reduction
    'cat'
    """
    return Table(layout) if isinstance(layout.cuts, Exact) else Dense(layout)


class Backend(NamedTuple):
    """What counts, and why: ``name`` is "compiled", "triton" or "reference", ``reason`` a sentence."""

    name: Literal["compiled", "triton", "reference"]
    reason: str


def backend(device: torch.device | str = "cpu") -> Backend:
    """What counts tensors on a device, and why: the compiled loop, the Triton kernel, or the reference in plain torch ops.

    The kernel is for CUDA and ROCm, where Triton comes with torch, 3.4 or newer from torch 2.8 on. The compiled loop is
    for the CPU: it is missing where the package was installed without a C compiler, and the environment variable
    ``TORCH_BINMETRICS_NATIVE=0`` switches it off. All count the same bits.

    >>> backend("meta")
    Backend(name='reference', reason='the compiled loop is for the CPU, the Triton kernel for CUDA and ROCm')
    """
    kind = torch.device(device).type
    if kind == "cuda":
        return Backend("triton" if cuda.kernel() is not None and not cuda.failures else "reference", cuda.reason())
    if kind != "cpu":
        return Backend("reference", "the compiled loop is for the CPU, the Triton kernel for CUDA and ROCm")
    return Backend("reference" if cpu.native is None else "compiled", cpu.reason)


def check_batch(
    layouts: Sequence[Layout], preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
) -> None:
    """Raise unless the tensors of a batch have the types, shapes and devices that :func:`count` takes."""
    for name, tensor in (("preds", preds), ("target", target), ("weight", weight), ("group", group)):
        if tensor is None and name in ("weight", "group"):
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, got {type(tensor).__name__}: pass torch.as_tensor({name})")
        if tensor.layout is not torch.strided or tensor.is_nested:
            raise TypeError(f"{name} must be a dense tensor, got {tensor.layout}: pass {name}.to_dense(), or its values")
        if tensor.is_complex():
            raise TypeError(f"{name} must be of a real dtype, got {tensor.dtype}: pass {name}.real, say")
        if tensor.device != preds.device:
            raise ValueError(f"{name} must be on the device of preds, {preds.device}, got {tensor.device}: move one of them")
    if preds.is_meta:
        raise ValueError("preds must hold data, got a tensor on the meta device: move it to cpu or an accelerator")
    if weight is not None and not any(layout.weighted for layout in layouts):
        raise ValueError("weight given, but these counts are unweighted: pass weighted=True when you build the metric")
    rows = [layout.rows for layout in layouts if layout.rows is not None]
    for each in rows:
        each.check(preds, target, group)
    if group is not None and not rows:
        raise ValueError("group given, but these counts have no groups: pass rows=Groups(n) when you build the metric")
    shape = rows[0].target_shape(preds) if len(rows) == len(layouts) and rows else preds.shape
    _check_shape("target", target, shape)
    if weight is not None and weight.shape != preds.shape:
        _check_shape("weight", weight, shape)


def _check_shape(name: str, tensor: Tensor, shape: torch.Size) -> None:
    """Raise ValueError unless a tensor has the shape that goes with that of the scores."""
    if tensor.shape != shape:
        what = "squeeze, reshape or expand one of them, nothing is broadcast"
        columns = shape[-1] if name == "target" and shape[:-1] == tensor.shape and tensor.ndim else 0
        if columns == 2:
            what = "of two columns pass preds[..., 1] - preds[..., 0] if they are logits, preds[..., 1] if probabilities"
        elif columns > 2:
            what = f"of a column for each class count each with rows=Classes({columns})"
        raise ValueError(f"{name} must have the shape of preds {tuple(shape)}, got {tuple(tensor.shape)}: {what}")
