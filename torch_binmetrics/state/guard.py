"""Who may touch counts: one thread at a time, and whoever forks gets whole batches."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

_alive: set[weakref.ref[Guard]] = set()
_taken: list[Guard] = []


class Guard:
    """A lock that is held while counts change or are read; a copy or a pickle has one of its own.

    It may be taken again by the thread that holds it, a signal handler that saves a checkpoint say. To hold several, take them
    by :func:`held`, never one inside another.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        _alive.add(weakref.ref(self, _alive.discard))

    def __reduce__(self) -> tuple[type[Guard], tuple[()]]:
        return Guard, ()


@contextmanager
def held(guards: Iterable[Guard]) -> Iterator[None]:
    """Hold several guards, taken in one order by all threads, so that no two of these wait for each other."""
    with ExitStack() as stack:
        for guard in _in_order(guards):
            stack.enter_context(guard.lock)
        yield


def _in_order(guards: Iterable[Guard]) -> list[Guard]:
    """Each guard once, in the order in which all threads take them."""
    return sorted(set(guards), key=id)


def _take_all() -> None:
    """Wait until no thread counts: a child would inherit half a batch, and a lock that nobody is there to release."""
    guards = _in_order(guard for reference in list(_alive) if (guard := reference()) is not None)
    for guard in guards:
        guard.lock.acquire()
    _taken.extend(guards)


def _release_all() -> None:
    """Let the threads of the parent, or those that the child will have, count on."""
    while _taken:
        _taken.pop().lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_take_all, after_in_parent=_release_all, after_in_child=_release_all)
