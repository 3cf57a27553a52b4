"""What each rank of the suite sync does: count the collectives of a synced compute, then time it, all contenders in turns."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from benchmarks import data, truth
from benchmarks.contenders import Accumulator, Contender, contenders, near
from benchmarks.timing import nothing, spread

SAMPLES = 20_000
#: Collectives, and where in their arguments stands the tensor that a rank sends.
SENT = {
    "all_reduce": 0,
    "reduce": 0,
    "broadcast": 0,
    "gather": 0,
    "all_gather": 1,
    "all_gather_into_tensor": 1,
    "all_to_all_single": 1,
    "barrier": None,
}


class Session(NamedTuple):
    """How many ranks meet at which port, how often they measure, and where the first writes what it found."""

    world: int
    port: int
    rounds: int
    out: Path
    address: str = "127.0.0.1"


def work(rank: int, session: Session) -> None:
    """Measure on one rank."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    join(rank, session)
    running, found = answered(rank, session)
    for name, seconds in timed(running, session.rounds).items():
        found[name]["seconds"] = seconds
    if rank == 0:
        session.out.write_text(json.dumps(found))
    dist.destroy_process_group()


def join(rank: int, session: Session) -> None:
    """Meet the other ranks."""
    torch.set_num_threads(1)
    address, timeout = f"tcp://{session.address}:{session.port}", timedelta(minutes=5)
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=session.world, timeout=timeout)


def answered(rank: int, session: Session) -> tuple[dict[str, Accumulator], dict[str, dict[str, Any]]]:
    """Accumulators of this rank's share of the samples by contender, and what their right answers took."""
    preds, target = data.usual(SAMPLES)
    exact = truth.eight(preds, target)
    rivals = contenders("SYNCED")
    running = {rival.name: rival.make() for rival in rivals}
    for accumulator in running.values():
        accumulator.update(preds[rank :: session.world].contiguous(), target[rank :: session.world].contiguous())
    return running, {rival.name: counted(rival, running[rival.name], exact) for rival in rivals}


def counted(rival: Contender, accumulator: Accumulator, exact: dict[str, float]) -> dict[str, Any]:
    """Collectives and bytes of one synced compute, whose answer must be right."""
    accumulator.compute()  # what is set up once does not count
    with recorded() as calls:
        value = accumulator.compute()
    answer = accumulator.read(value)
    if not all(near(answer, name, value, rival.tolerance) for name, value in exact.items()):
        raise AssertionError(f"{rival.name}: {answer} instead of {exact}")
    return {"collectives": len(calls), "bytes": sum(size for _, size in calls)}


def timed(running: dict[str, Accumulator], rounds: int) -> dict[str, list[float]]:
    """Median and quartiles of a synced compute's seconds, from a common start to this rank's end, or until it is under way."""
    seconds: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(rounds):
        for name, accumulator in running.items():
            dist.barrier()
            start = time.perf_counter()
            value = accumulator.compute()
            seconds[name].append(time.perf_counter() - start)
            getattr(value, "wait", nothing)()
    return {name: list(spread(values)) for name, values in seconds.items()}


@contextmanager
def recorded() -> Iterator[list[tuple[str, int]]]:
    """A list of what is called meanwhile; gather_object and its like are seen as the collectives that they consist of."""
    calls: list[tuple[str, int]] = []
    c10d = dist.distributed_c10d
    places: list[tuple[Any, str]] = [(module, name) for name in SENT for module in (dist, c10d)]
    plain = [getattr(place, name) for place, name in places]
    for (place, name), function in zip(places, plain, strict=True):
        setattr(place, name, recording(function, name, calls))
    yield calls
    for (place, name), function in zip(places, plain, strict=True):
        setattr(place, name, function)


def recording(function: Callable[..., Any], name: str, calls: list[tuple[str, int]]) -> Callable[..., Any]:
    """The function, with its name and the bytes of the tensor that this rank sends written down."""
    position = SENT.get(name)

    def wrapper(*args: Any, **options: Any) -> Any:
        tensor = args[position] if position is not None and len(args) > position else options.get("tensor")
        calls.append((name, tensor.nbytes if isinstance(tensor, Tensor) else 0))
        return function(*args, **options)

    return wrapper
