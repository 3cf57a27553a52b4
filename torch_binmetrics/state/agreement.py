"""What ranks make sure of before they sum: each tells every other 256 bytes, and where those differ all of them raise."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
import torch.distributed as dist
from torch import Tensor

NUMBERS = 5
#: Parts of the counts of which a rank tells whether it has any there.
PIECES = 256 - 8 * NUMBERS

_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Terms:
    """What a rank is about to sum; equal on all ranks, or the sum would be of different things.

    Args:
        label: what the counts are, in words.
        round: how often they were summed since they were empty.
        whole: whether they may be those of all ranks already, loaded outside of a process group; at most one rank's are.
        updates: how many there were, where counts are of recent ones: only then they are of the same time.
    """

    label: str
    _: KW_ONLY
    round: int = 0
    whole: bool = False
    updates: int = 0


class Told(NamedTuple):
    """What the ranks told each other: a size of each, and where any has counts, bool, [PIECES]."""

    sizes: list[int]
    occupied: Tensor


class Rounds:
    """How often counts were summed over each process group since they were empty; copies and pickles start anew."""

    def __init__(self) -> None:
        self._by_group: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def of(self, group: Any) -> int:
        """The number of sums over a group."""
        return self._by_group.get(_named(group), 0)

    def advance(self, group: Any) -> None:
        """Count one more sum over a group."""
        self._by_group[_named(group)] = self.of(group) + 1

    def restart(self, group: Any) -> None:
        """Forget the sums over a group."""
        self._by_group.pop(_named(group), None)

    def __reduce__(self) -> tuple[type[Rounds], tuple[()]]:
        return Rounds, ()


class OutOfStepError(RuntimeError):
    """The ranks sum the same counts, but not for the same time."""


def agreement(terms: Terms, size: int, occupied: Tensor, group: Any) -> Told:
    """What all ranks of a group told, once it is sure that they are about to sum the same.

    Raises:
        RuntimeError: they are not, on every rank; or one of them died, or did not come in the time that the group allows.
    """
    mark = int.from_bytes(hashlib.sha256(terms.label.encode()).digest()[:8], "big", signed=True)
    numbers = torch.tensor([mark, terms.round, terms.whole, terms.updates, size], device="cpu").view(torch.uint8)
    rows = _messages(torch.cat([numbers, occupied.cpu().byte()]), group)
    marks, rounds, wholes, updates, sizes = rows[:, : 8 * NUMBERS].contiguous().view(torch.int64).T.tolist()
    _refuse(terms, marks, rounds, wholes)
    _refuse_other_times(updates)
    return Told(sizes, rows[:, 8 * NUMBERS :].bool().any(0))


@contextmanager
def one_at_a_time(group: Any) -> Iterator[None]:
    """Lets no other thread of this process use the group between an agreement and the sum that it is about."""
    with _turns[str(_named(group).group_name)]:
        yield


@contextmanager
def told_of_lost_ranks() -> Iterator[None]:
    """Says what to do where a collective fails."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            f"a rank of the process group died, or did not come to sum its counts ({str(error).strip()}). Let all ranks "
            "compute equally often. This rank's counts are as they were: compute(sync=False) and state_dict() work, but the "
            "group does not any more; start the job again from its last state_dict(sync=True), as torchrun --max-restarts does"
        ) from error


def meeting_place(group: Any) -> torch.device:
    """The device on which all ranks reduce, wherever their own counts lie: told by the backends alone, so alike on all."""
    backends = _backends(group)
    cpu = backends.pop("cpu", None)
    for device, backend in backends.items():
        if backend != cpu and torch.get_device_module(device).is_available():
            return torch.device(device, torch.get_device_module(device).current_device())
    return torch.device("cpu")


def _named(group: Any) -> Any:
    """The group itself, the default one if None."""
    return dist.group.WORLD if group is None else group


def _messages(own: Tensor, group: Any) -> Tensor:
    """The messages of all ranks, uint8, [ranks, bytes]: a collective."""
    place, ranks = meeting_place(group), dist.get_world_size(group)
    found = torch.empty(ranks, len(own), dtype=torch.uint8, device=place)
    with told_of_lost_ranks():
        if place.type == "cpu" and _backends(group).get("cpu") == "gloo":
            # Each rank hears each other, so that all notice at once if one is dead; in a ring, its neighbours alone would.
            dist.all_to_all_single(found, own.repeat(ranks, 1), group=group)
        else:
            dist.all_gather(list(found.unbind(0)), own.to(place), group=group)
    return found.cpu()


def _backends(group: Any) -> dict[str, str]:
    """The backend of each kind of device."""
    return dict(part.split(":") for part in str(dist.get_backend_config(group)).split(","))


def _refuse(terms: Terms, marks: list[int], rounds: list[int], wholes: list[int]) -> None:
    """Raise unless what the ranks brought is alike; on every rank, since all see the same."""
    if len(set(marks)) > 1:
        others = [rank for rank, other in enumerate(marks) if other != marks[0]]
        raise RuntimeError(
            f"the ranks of the process group do not sum the same counts: rank(s) {others} bring others than rank 0. This one "
            f"brings: {terms.label}. Build the same metrics, in the same order and with the same names and options, on every "
            "rank, and compute them in the same order"
        )
    if len(set(rounds)) > 1:
        said = ", ".join(f"rank {rounds.index(number)} summed {number} times" for number in dict.fromkeys(rounds))
        raise OutOfStepError(
            f"the ranks of the process group are out of step: since these counts were last empty, {said}. Call compute(), "
            "summed(), report() and the like equally often on every rank, or with sync=False, and reset() or load all ranks "
            "together. The next sum starts to number anew"
        )
    if sum(wholes) > 1:
        raise RuntimeError(
            f"{sum(wholes)} ranks loaded counts before there was a process group, so each holds those of all ranks: "
            "load them after init_process_group, then one rank keeps them"
        )


def _refuse_other_times(updates: list[int]) -> None:
    """Raise unless the recent updates of all ranks are the same ones."""
    if len(set(updates)) > 1:
        said = ", ".join(f"rank {rank} made {number}" for rank, number in enumerate(updates))
        raise RuntimeError(
            f"the ranks of the process group made different numbers of updates, so their recent ones are not the same: {said}. "
            "Update equally often on every rank, with an empty batch where one has no samples, or compute(sync=False)"
        )
