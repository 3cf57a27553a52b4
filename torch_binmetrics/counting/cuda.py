"""The door to the Triton kernel: which tensors it counts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from torch_binmetrics.counting.cpu import TYPES
from torch_binmetrics.counting.cuts import Edges
from torch_binmetrics.counting.layout import Layout
from torch_binmetrics.counting.plans import by_row, plan_of
from torch_binmetrics.counting.rows import of_each_score

#: Why the kernel cannot be launched here, once that was tried.
failures: list[Exception] = []


@cache
def kernel() -> ModuleType | None:
    """The file of the kernel, loaded when the first batch comes; None where Triton is missing."""
    try:
        return import_module("torch_binmetrics.counting.triton_kernel")
    except ImportError:
        return None


def reason() -> str:
    """Why the kernel counts, or does not."""
    if kernel() is None:
        return "Triton is not installed"
    return f"the Triton kernel cannot be launched: {failures[0]}" if failures else "Triton is installed"


def count(
    tallies: Sequence[tuple[Layout, Tensor]],
    preds: Tensor,
    target: Tensor,
    weight: Tensor | None,
    *,
    group: Tensor | None = None,
) -> bool:
    """Add checked CUDA or ROCm tensors to running counts in place, or leave all counts as they are and return False.

    That is for the reference to deal with: layouts of different rows, other dtypes, other cuts, a missing Triton or a launch
    that failed, which is said once, and sums of floats where torch is to use deterministic algorithms: their atomics come in
    any order.
    """
    plans, rows = [plan_of(layout) for layout, _ in tallies], tallies[0][0].rows
    given = preds, target, of_each_score(weight, preds), group
    dtypes = {tensor.dtype for tensor in given if tensor is not None}
    ordered = torch.are_deterministic_algorithms_enabled() and any(counts.is_floating_point() for _, counts in tallies)
    module = None if failures or ordered or None in plans or not dtypes <= TYPES.keys() else kernel()
    if module is None or not all(counts.is_contiguous() and layout.rows == rows for layout, counts in tallies):
        return False
    batch = tuple(None if each is None else each.detach().resolve_neg().contiguous() for each in given)
    edges = [layout.scored._table(preds.device) if isinstance(layout.scored, Edges) else counts for layout, counts in tallies]
    try:
        module.launch(module.plans_of(tuple(plans), by_row(rows)), tuple(counts for _, counts in tallies), tuple(edges), batch)
    except Exception as error:  # of a compiler or a driver, which have kinds of their own; it comes before anything is counted
        failures.append(error)
        warnings.warn(f"the Triton kernel cannot be launched, so counting takes plain torch operations: {error}", stacklevel=2)
        return False
    return True
