"""Sums over the ranks of a process group: an agreement and one all_reduce, and copies come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from torch_binmetrics.state.agreement import (
    PIECES,
    Terms,
    agreement,
    meeting_place,
    one_at_a_time,
    told_of_lost_ranks,
)


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


def place_in(group: Any = None) -> tuple[int, int]:
    """This rank and the number of ranks: (0, 1) outside of an initialised process group, (-1, -1) on no member of ``group``."""
    if not (dist.is_available() and dist.is_initialized()):
        return 0, 1
    return dist.get_rank(group), dist.get_world_size(group)


def sum_over_ranks(tensors: Sequence[Tensor], label: str | Terms, group: Any = None) -> list[Tensor]:
    """Copies of ``tensors`` summed over the ranks, by one all_reduce; the inputs stay as they are.

    Every rank of the group calls this with tensors of the same shapes, which ``label`` describes. That the labels agree is
    made sure before anything is sent, since backends add other layouts of equal size without a word, and abort the process or
    hang where sizes differ. Only parts where some rank has counts are sent, in int32 where their sums fit; and counts and
    float64 sums together, in float64.

    Args:
        tensors: of any dtypes and shapes.
        label: what the tensors are, the same on every rank.
        group: process group, the default one if None.

    Raises:
        RuntimeError: the labels differ (on every rank), a rank died, or this rank is no member of ``group``.
    """
    return begin_sum(tensors, label, group)()


def begin_sum(tensors: Sequence[Tensor], label: str | Terms, group: Any = None) -> Callable[[], list[Tensor]]:
    """:func:`sum_over_ranks` in two steps: the ranks agree and the all_reduce begins; what is returned waits for the sums."""
    ranks = world_size(group)
    if ranks == 1:
        copied = [tensor.clone() for tensor in tensors]
        return lambda: copied
    pieces = _in_pieces(tensors, meeting_place(group))
    low, high = pieces.aminmax(dim=1)
    # Where float64 sums are among the counts, these alone have to stay below what it can hold.
    ends = [low, high] if not pieces.is_floating_point() else _ends_of_counts(tensors)
    largest = max((abs(int(end)) for each in ends for end in each.aminmax()), default=0)
    with one_at_a_time(group):
        told = agreement(_terms(label), largest, (low != 0) | (high != 0), group)
        told.occupied[0] = True  # something is sent in any case
        sparse = not told.occupied.all()
        rows: Any = told.occupied.nonzero().squeeze(1).to(pieces.device) if sparse else slice(None)  # which makes no copy
        sent = _packed(pieces[rows], ranks * max(told.sizes))
        with told_of_lost_ranks():
            work = dist.all_reduce(sent, group=group, async_op=True)

    def sums() -> list[Tensor]:
        with told_of_lost_ranks():
            work.wait()
        pieces[rows] = sent.to(pieces.dtype)
        sizes = [tensor.numel() for tensor in tensors]
        parts = torch.split(pieces.view(-1)[: sum(sizes)], sizes)
        return [part.view(tensor.shape).to(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    return sums


def gather_over_ranks(tensor: Tensor, label: str | Terms, group: Any = None) -> list[Tensor]:
    """Copies of the tensors of all ranks, by rank: their lengths are told with the label, one all_gather.

    Args:
        tensor: of the same dtype and trailing shape on every rank; the first dimension may differ.
        label: what the tensor is, the same on every rank.
        group: process group, the default one if None.

    Raises:
        RuntimeError: the labels differ (on every rank), a rank died, or this rank is no member of ``group``.
    """
    ranks = world_size(group)
    if ranks == 1:
        return [tensor.clone()]
    with one_at_a_time(group):
        lengths = agreement(_terms(label), len(tensor), torch.zeros(PIECES, dtype=torch.bool, device="cpu"), group).sizes
        padded = tensor.new_zeros(max(lengths), *tensor.shape[1:], device=meeting_place(group))
        padded[: len(tensor)] = tensor.detach()
        gathered = [torch.empty_like(padded) for _ in range(ranks)]
        with told_of_lost_ranks():
            dist.all_gather(gathered, padded, group=group)
    return [part[:length].to(tensor.device) for part, length in zip(gathered, lengths, strict=True)]


def first_ranks_value(value: float, group: Any = None) -> float:
    """The value that the first rank of the group has, on all ranks: one broadcast."""
    if world_size(group) == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=meeting_place(group))
    with told_of_lost_ranks():
        dist.broadcast(shared, group=group, group_src=0)
    return float(shared)


def _terms(label: str | Terms) -> Terms:
    """Terms of a label alone."""
    return label if isinstance(label, Terms) else Terms(label)


def _in_pieces(tensors: Sequence[Tensor], place: torch.device) -> Tensor:
    """The numbers of all tensors one after the other, then zeros: int64, or float64 if any is, [PIECES, numbers]."""
    numbers = sum(tensor.numel() for tensor in tensors)
    dtype = torch.float64 if any(tensor.is_floating_point() for tensor in tensors) else torch.int64
    pieces = torch.empty(PIECES, -(-numbers // PIECES), dtype=dtype, device=place)
    flat = pieces.view(-1)
    flat[numbers:] = 0
    for part, tensor in zip(torch.split(flat[:numbers], [tensor.numel() for tensor in tensors]), tensors, strict=True):
        part.view(tensor.shape).copy_(tensor.detach())
    return pieces


def _ends_of_counts(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The least and the greatest count of each tensor that counts."""
    return [end for each in tensors if each.numel() and not each.is_floating_point() for end in each.aminmax()]


def _packed(numbers: Tensor, most: int) -> Tensor:
    """Numbers as they are sent, given the most that a sum of counts may be."""
    if not numbers.is_floating_point():
        return numbers.int() if most < 2**31 else numbers
    if most > 2**53:
        raise RuntimeError(
            f"up to {most} samples may be in one bin, more than 2**53, which float64 cannot add to sums of weights or losses "
            "without rounding: compute the metrics that count and those that sum in collections of their own"
        )
    return numbers
