"""Saved counts: what a state dict says of itself, checked before any of it is taken over."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.checks import summary
from torch_binmetrics.counting.store import check_plain
from torch_binmetrics.state.distributed import place_in

STATE_VERSION = 2


def check_header(state: object) -> None:
    """Raise ValueError unless this is a state of a version that is read, of plain tensors."""
    if not isinstance(state, dict) or not {"version", "meaning", "summed", "counts"} <= state.keys():
        raise ValueError(f"expected a state_dict() with version, meaning, summed and counts, got {summary(state)}")
    version, summed = state["version"], state["summed"]
    if type(version) is not int or version < 1:
        raise ValueError(
            f"expected a state of version 1 to {STATE_VERSION}, got {version!r}: load a state_dict() as it was saved"
        )
    if version > STATE_VERSION:
        raise ValueError(f"the state is of version {version}, this release reads {STATE_VERSION}: upgrade it")
    if type(summed) is not bool:
        raise ValueError(f"expected summed to be True or False, got {summed!r}: load a state_dict() as it was saved")
    check_plain(state["counts"])


def check_place(state: dict[str, Any], group: Any) -> None:
    """Raise ValueError if a state is that of another rank, or of another number of ranks, alone."""
    here, there = place_in(group), (state.get("rank"), state.get("world_size"))
    if not state["summed"] and there not in (here, (None, None)):  # releases before version 2 did not tell
        raise ValueError(
            f"expected counts of rank {here[0]} of {here[1]}, the state holds those of rank {there[0]} of {there[1]} "
            "alone: save state_dict(sync=True), a collective, and load it on every rank after init_process_group"
        )


def own(counts: Tensor, device: torch.device | str | None = None) -> Tensor:
    """A copy in memory of its own, on a device, that can be counted into: an inference tensor could not later on."""
    with torch.inference_mode(False):
        return counts.to(counts.device if device is None else device, copy=True)
