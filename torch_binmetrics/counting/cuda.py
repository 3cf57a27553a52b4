"""The door to the Triton kernel: which tensors it counts, and what it has to know of each layout."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.counting.cpu import CUTS, ROWS, SUMMANDS, TYPES, _summand
from torch_binmetrics.counting.cuts import Edges, Threshold, Uniform
from torch_binmetrics.counting.float_bits import FloatBits
from torch_binmetrics.counting.layout import Layout

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
    plans, rows = [_plan(layout) for layout, _ in tallies], tallies[0][0].rows
    if rows is not None and weight is not None and weight.shape != preds.shape:
        weight = weight[..., None].expand(preds.shape)
    given = preds, target, weight, group
    dtypes = {tensor.dtype for tensor in given if tensor is not None}
    ordered = torch.are_deterministic_algorithms_enabled() and any(counts.is_floating_point() for _, counts in tallies)
    module = None if failures or ordered or None in plans or not dtypes <= TYPES.keys() else kernel()
    if module is None or not all(counts.is_contiguous() and layout.rows == rows for layout, counts in tallies):
        return False
    batch = tuple(None if each is None else each.detach().resolve_neg().contiguous() for each in given)
    by_row = (0, 1) if rows is None else (ROWS[type(rows)], rows.n)
    edges = [layout.scored._table(preds.device) if isinstance(layout.scored, Edges) else counts for layout, counts in tallies]
    try:
        module.launch(module.plans_of(tuple(plans), by_row), tuple(counts for _, counts in tallies), tuple(edges), batch)
    except Exception as error:  # of a compiler or a driver, which have kinds of their own; it comes before anything is counted
        failures.append(error)
        warnings.warn(f"the Triton kernel cannot be launched, so counting takes plain torch operations: {error}", stacklevel=2)
        return False
    return True


def _plan(layout: Layout) -> Any:
    """The plan of a layout, made once and kept with it; None where it cuts or sums in a way unknown to the kernel."""
    kept = vars(layout)
    if "_kernel_plan" not in kept:
        known = type(layout.scored) in CUTS and SUMMANDS.keys() >= set(map(type, layout.sums))
        module = kernel() if known else None
        kept["_kernel_plan"] = None if module is None else _planned(layout, module)
    return kept["_kernel_plan"]


def _planned(layout: Layout, module: ModuleType) -> Any:
    """A layout as the kernel is compiled for it."""
    cuts = layout.scored
    plan = module.Plan(
        kind=[Threshold, Uniform, FloatBits, Edges].index(type(cuts)),
        bins=cuts.bins,
        cells=layout.cells,
        weighted=layout.weighted,
        real=layout.dtype.is_floating_point,
        bounded=layout.valid_range == (0, 1),
        logits=layout.from_logits,
        ignores=layout.ignore_index is not None,
        ignore=layout.ignore_index or 0,
        sums=tuple(map(_summand, layout.sums)),
    )
    if isinstance(cuts, Threshold):
        return replace(plan, at=_bits(cuts.at))
    if isinstance(cuts, FloatBits):
        low, high, around, *others = cuts.runs
        return replace(plan, runs=(_bits(low), _bits(high), _bits(around), *others))
    if isinstance(cuts, Edges):
        return replace(plan, edges=len(cuts.at), step=1 << len(cuts.at).bit_length() - 1)
    return plan


def _bits(value: float) -> int:
    """The bits of a float32."""
    return int(torch.tensor(value, dtype=torch.float32).view(torch.int32))
