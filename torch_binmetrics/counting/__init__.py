"""preds, target, cuts -> counts: the checks made at every call, and the choice of a backend. No state."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from torch_binmetrics.counting import cpu, reference
from torch_binmetrics.counting.layout import Dropped, Layout, Tallies, Tally

__all__ = ["Dropped", "Layout", "Tallies", "Tally", "backend", "check_batch", "count", "count_checked"]


def count(tallies: Tallies, preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
    """Add a batch to running counts, in place and in one pass; either all of them change or none does.

    Args:
        tallies: pairs of a :class:`Layout` and its running counts, ``layout.empty()`` at first, on the device of the batch.
        preds: scores, any float, int or bool dtype, any shape and strides; compared in float32.
        target: labels 0 and 1 (or ``ignore_index``), bool, int or float, shape of ``preds``.
        weight: weights >= 0 of the shape of ``preds``, for the weighted layouts only; 1 each if left out.

    Raises:
        TypeError: an argument that is no dense tensor, or of complex dtype.
        ValueError: shapes or devices that differ, weights where no layout is weighted, and, on CPU, invalid samples where
            the layout says ``invalid="raise"``. On other devices those are counted apart, for :meth:`Layout.check_valid`.

    >>> import torch
    >>> from torch_binmetrics import Threshold
    >>> layout = Layout(Threshold(0.5))
    >>> counts = layout.empty()
    >>> count([(layout, counts)], torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1, 0, 0]))
    >>> counts[:4].view(2, 2)
    tensor([[1, 1],
            [0, 1]])
    """
    check_batch(preds, target, weight, weighted=any(layout.weighted for layout, _ in tallies))
    for layout, counts in tallies:
        _check_counts(layout, counts, preds.device)
    count_checked(tallies, preds, target, weight)


def count_checked(tallies: Tallies, preds: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
    """:func:`count` for a batch and counts that were checked already."""
    if preds.device.type != "cpu" or not cpu.count(tallies, preds, target, weight):
        reference.count(tallies, preds, target, weight)


def backend(device: torch.device | str = "cpu") -> Literal["compiled", "reference"]:
    """What counts tensors on a device: the compiled loop, or the reference in plain torch ops.

    The compiled loop is for the CPU. It is missing where the package was installed without a C compiler, and the
    environment variable ``TORCH_BINMETRICS_NATIVE=0`` switches it off; both count the same bits.

    >>> backend("meta")
    'reference'
    """
    return "compiled" if torch.device(device).type == "cpu" and cpu.native is not None else "reference"


def check_batch(preds: Tensor, target: Tensor, weight: Tensor | None, *, weighted: bool) -> None:
    """Raise unless the tensors of a batch have the types, shapes and devices that :func:`count` takes."""
    for name, tensor in (("preds", preds), ("target", target), ("weight", weight)):
        if tensor is None and name == "weight":
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, got {type(tensor).__name__}: pass torch.as_tensor({name})")
        if tensor.layout is not torch.strided or tensor.is_nested:
            raise TypeError(f"{name} must be a dense tensor, got {tensor.layout}: pass {name}.to_dense(), or its values")
        if tensor.is_complex():
            raise TypeError(f"{name} must be of a real dtype, got {tensor.dtype}: pass {name}.real, say")
        if tensor.shape != preds.shape:
            raise ValueError(
                f"{name} must have the shape of preds {tuple(preds.shape)}, got {tuple(tensor.shape)}: "
                "squeeze, reshape or expand one of them, nothing is broadcast"
            )
        if tensor.device != preds.device:
            raise ValueError(f"{name} must be on the device of preds, {preds.device}, got {tensor.device}: move one of them")
    if preds.is_meta:
        raise ValueError("preds must hold data, got a tensor on the meta device: move it to cpu or an accelerator")
    if weight is not None and not weighted:
        raise ValueError("weight given, but these counts are unweighted: pass weighted=True when you build the metric")


def _check_counts(layout: Layout, counts: Tensor, device: torch.device) -> None:
    """Raise unless running counts are those of the layout, on the device of the batch."""
    if counts.shape != (layout.cells,) or counts.dtype != layout.dtype or counts.device != device:
        raise ValueError(
            f"counts of {layout.meaning} must be {layout.dtype}, [{layout.cells}] on {device}, got {counts.dtype}, "
            f"{list(counts.shape)} on {counts.device}: start from layout.empty(preds.device)"
        )
