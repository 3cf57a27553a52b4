"""Contenders take turns, so that whatever slows the machine down slows them all; what is reported is the median."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch


class Spread(NamedTuple):
    """Median and quartiles of one call's seconds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Plan:
    """How often to measure.

    Args:
        rounds: most repetitions of a contender.
        seconds: a slow contender stops repeating when it would use up more than this.
        least: but not before it had this many turns.
        repetition: fast calls are repeated until one repetition takes so many seconds; 0 for one call, always.
    """

    rounds: int = 15
    seconds: float = 1.5
    least: int = 3
    repetition: float = 2e-3


#: Threads that have done their work keep a core busy for some milliseconds, waiting for more: not at the next one's cost.
PAUSE = 5e-3
FULL = Plan()
QUICK = Plan(rounds=2, seconds=0.01, least=2, repetition=0)


def nothing() -> None:
    """What most contenders need done before a repetition."""


@dataclass(frozen=True)
class Task:
    """The work of one contender: ``run`` is timed, ``before`` precedes every repetition and is not."""

    contender: str
    run: Callable[[], object]
    before: Callable[[], object] = nothing


def race(tasks: Sequence[Task], plan: Plan) -> dict[str, Spread]:
    """Spread of the seconds of one call for each contender, in the order given: warmed up, then in turns."""
    sizes = [_size(task, plan) for task in tasks]
    gc.collect()
    seconds: dict[str, list[float]] = {task.contender: [] for task in tasks}
    for round_ in range(plan.rounds):
        for task, (calls, repeats) in zip(tasks, sizes, strict=True):
            # The turns of a slow contender are spread over the whole race.
            if (round_ + 1) * repeats // plan.rounds > round_ * repeats // plan.rounds:
                seconds[task.contender].append(_measured(task, calls))
    return {contender: spread(values) for contender, values in seconds.items()}


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of two values or more."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Let torch use n threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    yield
    torch.set_num_threads(before)


def _size(task: Task, plan: Plan) -> tuple[int, int]:
    """Calls in a repetition, and repetitions; the first call warms up, the next ones tell how long one takes."""
    _measured(task, 1)
    once = _measured(task, 1)
    if once < 0.1:
        once = min(once, _measured(task, 1), _measured(task, 1))
    calls = min(1000, max(1, math.ceil(plan.repetition / once)))
    return calls, min(plan.rounds, max(plan.least, int(plan.seconds / (once * calls))))


def _measured(task: Task, calls: int) -> float:
    """Seconds of one call, the mean of so many in a row."""
    task.before()
    time.sleep(PAUSE)
    run = task.run
    if calls > 1:
        run()  # back in the caches, which the contender before has emptied
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls
