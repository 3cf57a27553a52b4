"""A fresh process that updates one contender once and prints how far its peak memory rose, in bytes."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import data
from benchmarks.contenders import contenders

STATUS = Path("/proc/self/status")
CHUNK = 1 << 16


def main() -> None:
    """``python -m benchmarks.probe QUESTION LIBRARY CONTENDER SAMPLES``."""
    question, library, name, samples = sys.argv[1:]
    torch.set_num_threads(2)
    [rival] = [rival for rival in contenders(question, [library]) if rival.name == name]
    accumulator = rival.make()
    accumulator.update(*data.usual(1000))
    accumulator.reset()
    preds, target = batch(int(samples))
    print(rise(lambda: accumulator.update(preds, target)))


def rise(work: Callable[[], object]) -> int:
    """Bytes by which work raises the peak of this process."""
    # What lies between the memory in use and the highest so far would hide as much of it.
    ballast = torch.ones(max(0, peak() - memory("VmRSS")), dtype=torch.uint8)
    before = peak()
    work()
    found = peak() - before
    del ballast
    return found


def batch(n: int) -> data.Batch:
    """The usual samples, made piece by piece, so that making them takes little more than they do."""
    preds, target = torch.zeros(n), torch.zeros(n, dtype=torch.int64)
    for start in range(0, n, CHUNK):
        end = min(n, start + CHUNK)
        preds[start:end], target[start:end] = data.usual(end - start, seed=start)
    return preds, target


def peak() -> int:
    """Highest resident memory so far; on Linux not by getrusage, which a process inherits from the one that started it."""
    if STATUS.exists():
        return memory("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory(name: str) -> int:
    """A line of the process's status in bytes; the peak where there is no such file, so that nothing is added."""
    if not STATUS.exists():
        return peak()
    return next(int(line.split()[1]) * 1024 for line in STATUS.read_text().splitlines() if line.startswith(name))


if __name__ == "__main__":
    main()
