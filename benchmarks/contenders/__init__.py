"""One shape for all contenders, something that takes batches and gives scores; each library is brought into it in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Any

from torch import Tensor

from benchmarks.timing import Task, nothing

LIBRARIES = ("ours", "torchmetrics", "torcheval", "keras", "ignite", "boost_histogram", "numpy", "plain_torch")


@dataclass(frozen=True)
class Accumulator:
    """An empty running score.

    Args:
        update: takes a batch, ``preds`` and ``target``.
        compute: the score as the library gives it.
        read: that as floats by name.
        reset: forget the batches.
        state: the tensors kept between batches.
    """

    update: Callable[..., object]
    compute: Callable[[], Any]
    read: Callable[[Any], dict[str, float]]
    reset: Callable[[], object]
    state: Callable[[], Iterable[Tensor]] = tuple

    def answer(self) -> dict[str, float]:
        """The scores of all batches so far."""
        return self.read(self.compute())


@dataclass(frozen=True)
class Contender:
    """A library's answer to one question.

    Args:
        name: what tables and plots call it.
        make: gives a fresh accumulator.
        tolerance: how far from the exact answer its binning allows it to be on the usual data.
        largest: biggest batch worth waiting for.
        grows: whether it keeps every sample, so that it must be reset between repetitions.
        threads: how many of its own it starts; left out where fewer are allowed.
        library: its file; filled in by :func:`contenders`.
    """

    name: str
    make: Callable[[], Accumulator]
    tolerance: float = 1e-5
    largest: int = 10**7
    grows: bool = False
    threads: int = 1
    library: str = ""


def contenders(question: str, libraries: Iterable[str] = LIBRARIES) -> list[Contender]:
    """All contenders with an answer: what the libraries that are installed list under that name."""
    found = []
    for library in libraries:
        module = load(library)
        answers: Iterable[Contender] = getattr(module, question, ())
        found += [replace(contender, library=library) for contender in answers]
    return found


def missing() -> list[str]:
    """Libraries that are not installed."""
    return [library for library in LIBRARIES if load(library) is None]


def load(library: str) -> ModuleType | None:
    """The file of a library, None if that is not installed."""
    try:
        return import_module(f"benchmarks.contenders.{library}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(("benchmarks", "torch_binmetrics")):
            raise
        return None


def check(rivals: Iterable[Contender], batch: tuple[Tensor, Tensor], truth: Mapping[str, float]) -> None:
    """Raise AssertionError unless every contender, fresh, gives the true scores of the batch, to its tolerance.

    In a small batch a few ties weigh more: below 10,000 samples the tolerance is four times as wide.
    """
    for rival in rivals:
        accumulator = rival.make()
        accumulator.update(*batch)
        answer = accumulator.answer()
        allowed = rival.tolerance * (4 if len(batch[0]) < 10_000 else 1)
        wrong = {name: (answer.get(name), value) for name, value in truth.items() if not near(answer, name, value, allowed)}
        if wrong:
            raise AssertionError(f"{rival.name} is more than {allowed:.2g} off (found, exact): {wrong}")


def near(answer: Mapping[str, float], name: str, value: float, allowed: float) -> bool:
    """Whether an answer is there and right."""
    return name in answer and abs(answer[name] - value) <= allowed


def update_task(rival: Contender, batch: tuple[Tensor, Tensor]) -> Task:
    """The update of a fresh accumulator with a batch, again and again."""
    accumulator = rival.make()
    update, reset = accumulator.update, accumulator.reset
    return Task(rival.name, lambda: update(*batch), reset if rival.grows else nothing)
