"""Sums over the ranks of a process group: one all_reduce for each dtype, and copies come back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

FINGERPRINT_WORDS = 2


def world_size(group: Any = None) -> int:
    """Number of ranks that share their counts: 1 outside of an initialised process group.

    Raises:
        RuntimeError: this rank is no member of ``group``.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return 1
    if dist.get_rank(group) < 0:
        ranks = "a group that was made without it" if isinstance(group, int) else dist.get_process_group_ranks(group)
        raise RuntimeError(
            f"rank {dist.get_rank()} is not in the process_group of this metric ({ranks}): "
            "compute on its members only, or pass sync=False for this rank's own counts"
        )
    return dist.get_world_size(group)


def group_or_none(name: str, group: Any) -> Any:
    """``group``; TypeError unless it is a process group, what a rank outside of one gets in its place, or None."""
    if group is None or (dist.is_available() and isinstance(group, dist.ProcessGroup)):
        return group
    if dist.is_available() and isinstance(group, int) and group == dist.GroupMember.NON_GROUP_MEMBER:
        return group
    raise TypeError(
        f"{name} must be a group of torch.distributed or None, got {group!r} ({type(group).__name__}): "
        "pass dist.new_group([0, 1]) or mesh.get_group(), say"
    )


def sum_over_ranks(tensors: Sequence[Tensor], label: str, group: Any = None) -> list[Tensor]:
    """Copies of ``tensors`` summed over the ranks; the inputs stay as they are.

    Every rank of the group calls this with tensors of the same shapes, which ``label`` describes. That the labels agree
    is made sure before anything is sent, since backends abort the process or hang where sizes differ; and the
    reduction carries a fingerprint of the label, since they add other layouts of equal size without a word.

    Args:
        tensors: contiguous tensors of any dtypes and shapes.
        label: what the tensors are, the same on every rank.
        group: process group, the default one if None.

    Raises:
        RuntimeError: the labels differ (on every rank), or this rank is no member of ``group``.
    """
    ranks = world_size(group)
    if ranks == 1:
        return [tensor.clone() for tensor in tensors]
    _agree(label, ranks, group)
    sums: list[Tensor] = list(tensors)
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        chosen = [i for i, tensor in enumerate(tensors) if tensor.dtype == dtype]
        parts = _reduce([tensors[i] for i in chosen], label, ranks, group)
        for i, part in zip(chosen, parts, strict=True):
            sums[i] = part
    return sums


def gather_over_ranks(tensor: Tensor, label: str, group: Any = None) -> list[Tensor]:
    """Copies of the tensors of all ranks, by rank: one all_reduce of their lengths, one all_gather.

    Args:
        tensor: of the same dtype and trailing shape on every rank; the first dimension may differ.
        label: what the tensor is, the same on every rank.
        group: process group, the default one if None.

    Raises:
        RuntimeError: the labels differ (on every rank), or this rank is no member of ``group``.
    """
    ranks = world_size(group)
    if ranks == 1:
        return [tensor.clone()]
    own = torch.zeros(ranks, dtype=torch.int64, device="cpu")
    own[dist.get_rank(group)] = len(tensor)
    [lengths] = sum_over_ranks([own], label, group)
    padded = tensor.new_zeros(int(lengths.max()), *tensor.shape[1:], device=_meeting_place(group))
    padded[: len(tensor)] = tensor.detach()
    gathered = [torch.empty_like(padded) for _ in range(ranks)]
    dist.all_gather(gathered, padded, group=group)
    return [part[:length].to(tensor.device) for part, length in zip(gathered, lengths.tolist(), strict=True)]


def first_ranks_value(value: float, group: Any = None) -> float:
    """The value that the first rank of the group has, on all ranks: one broadcast."""
    if world_size(group) == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=_meeting_place(group))
    dist.broadcast(shared, group=group, group_src=0)
    return float(shared)


def _reduce(tensors: list[Tensor], label: str, ranks: int, group: Any) -> list[Tensor]:
    """Sums of tensors of one dtype by one all_reduce, on the devices that the tensors came from."""
    place = _meeting_place(group)
    words = torch.tensor(_fingerprint(label), dtype=tensors[0].dtype, device="cpu")
    buffer = torch.cat([part.detach().reshape(-1).to(place) for part in (words, *tensors)])
    dist.all_reduce(buffer, group=group)
    if buffer[:FINGERPRINT_WORDS].tolist() != [ranks * word for word in _fingerprint(label)]:
        raise _disagreement(label)
    sums = torch.split(buffer[FINGERPRINT_WORDS:], [tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape).to(tensor.device) for part, tensor in zip(sums, tensors, strict=True)]


def _agree(label: str, ranks: int, group: Any) -> None:
    """Raise on every rank unless all have the same label, by way of the group's key-value store.

    Each rank adds one arrival and its fingerprint to a key of the round; the last to come publishes the sum, and clears
    the round before, which everybody has left. Rounds follow from the arrivals, so nothing is kept in the process.
    """
    if dist.get_backend(group) == dist.Backend.MPI:
        return  # the one backend without a store: there the fingerprint alone tells
    store = dist.distributed_c10d._get_default_store()
    name = f"torch_binmetrics/{_name(group)}/{ranks}"
    turn = (store.add(f"{name}/arrivals", 1) - 1) // ranks
    mark = _fingerprint(label)[0] >> 8
    total = store.add(f"{name}/{turn}", (1 << 40) + mark)
    if total >> 40 == ranks:
        store.set(f"{name}/{turn}/sum", str(total & (1 << 40) - 1))
        store.delete_key(f"{name}/{turn - 1}")
        store.delete_key(f"{name}/{turn - 1}/sum")
    try:
        store.wait([f"{name}/{turn}/sum"])
    except RuntimeError as error:
        if not store.check([f"{name}/{turn}/sum"]):  # take the arrival back, so that a later round starts afresh
            store.add(f"{name}/{turn}", -(1 << 40) - mark)
            store.add(f"{name}/arrivals", -1)
            raise RuntimeError("not every rank of the group came to sum its counts: let all of them compute") from error
    if int(store.get(f"{name}/{turn}/sum")) != ranks * mark:
        raise _disagreement(label)


def _name(group: Any) -> str:
    """The name that a process group has on all its ranks."""
    named: Any = dist.group.WORLD if group is None else group
    return str(named.group_name)


def _disagreement(label: str) -> RuntimeError:
    """What every rank raises where the ranks count different things."""
    return RuntimeError(
        f"the ranks of the process group do not sum the same counts; this one brings: {label}. "
        "Build the same metrics, in the same order and with the same options, on every rank, and compute them in the same order"
    )


def _fingerprint(label: str) -> tuple[int, ...]:
    """Two numbers of 31 bits: their sums over ranks are exact in int64 and in float64."""
    digest = hashlib.sha256(label.encode()).digest()
    return tuple(int.from_bytes(digest[4 * i : 4 * i + 4], "big") >> 1 for i in range(FINGERPRINT_WORDS))


def _meeting_place(group: Any) -> torch.device:
    """The device on which all ranks reduce, wherever their own counts lie: told by the backends alone, so alike on all."""
    backends = dict(part.split(":") for part in str(dist.get_backend_config(group)).split(","))
    cpu = backends.pop("cpu", None)
    for device, backend in backends.items():
        if backend != cpu and torch.get_device_module(device).is_available():
            return torch.device(device, torch.get_device_module(device).current_device())
    return torch.device("cpu")
