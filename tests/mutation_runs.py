"""Tests are collected once; every change is then tried in a fork of that process, on the tests that run the changed lines."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

#: Of one core for the tests of a change, and for one that never ends; and of the clock on the wall, for what waits for ever.
BUDGET_S, LIMIT_S, PATIENCE_S, COLLECTING_S = {False: 10, True: 60}, 30, 600, 60
#: Bytes of memory that a change may take, lest it takes all.
MEMORY = 9 << 30
NOTICED, FAILED_TO_RUN = 1, 3
#: Of what a code object says of itself: it is run at a call, and not once where it stands.
IN_A_FUNCTION = 1


class Collected:
    """A plugin of pytest that does something with all tests in place of running them one after the other."""

    def __init__(self, work: Callable[[list[pytest.Item]], None]) -> None:
        self.work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            self.work(session.items)
        return True


def forked(task: Callable[[], int], log: Path, limit_s: float) -> int:
    """What a task returns in a process of its own, whose output goes to a log; the negative number of what ended it."""
    child = os.fork()
    if child == 0:
        _become(task, log, limit_s)
    end = time.monotonic() + PATIENCE_S + limit_s
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGXCPU


def _become(task: Callable[[], int], log: Path, limit_s: float) -> None:
    code = FAILED_TO_RUN
    try:
        os.setsid()
        if limit_s < float("inf"):
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = task()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def failures(items: list[pytest.Item], seconds: float) -> int:
    """Run tests until one fails, which is told, or time is over."""
    end = sum(os.times()[:4]) + seconds
    for item, following in zip(items, [*items[1:], None], strict=False):
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            print(f"\nFAILED {item.nodeid}")
            return NOTICED
        if sum(os.times()[:4]) > end:
            break
    return 0


def traced(items: list[pytest.Item], folders: tuple[str, ...]) -> Iterator[tuple[str, float, dict[str, list[int]]]]:
    """Of each test its name, its seconds, and the lines of files in some folders that it runs; of one that fails, none."""
    seen: dict[str, set[int]] = {}

    def of_line(frame, event, _):
        seen.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return of_line

    def of_call(frame, _, __):
        return of_line if frame.f_code.co_filename.startswith(folders) else None

    threading.settrace(of_call)
    for item, following in zip(items, [*items[1:], None], strict=False):
        seen.clear()
        failed, start = item.session.testsfailed, time.process_time()
        sys.settrace(of_call)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        sys.settrace(None)
        ran = {file: sorted(lines) for file, lines in seen.items()}
        yield item.nodeid, time.process_time() - start, ran if item.session.testsfailed == failed else {}


def by_function(names: list[str], seconds: dict[str, Any]) -> list[str]:
    """Tests in the order to run them: one case of every function, the quickest first, then another case of each."""
    cases: Counter[str] = Counter()
    turns = []
    for name in sorted(names, key=lambda name: seconds[name]):
        function = name.partition("[")[0]
        turns.append((cases[function], seconds[name], name))
        cases[function] += 1
    return [name for _, _, name in sorted(turns)]


def altered(old: str, new: str) -> dict[CodeType, CodeType] | None:
    """The code of the functions that differ in two texts of a file, or None where more than the code of functions differs."""
    before, after = _codes(old), _codes(new)
    if [(code.co_qualname, code.co_freevars) for code in before] != [(code.co_qualname, code.co_freevars) for code in after]:
        return None
    pairs = list(zip(before, after, strict=True))
    if any(_alone(one) != _alone(other) and not one.co_flags & IN_A_FUNCTION for one, other in pairs):
        return None
    return {one: other for one, other in pairs if one != other and one.co_flags & IN_A_FUNCTION}


def _codes(text: str) -> list[CodeType]:
    """All code of a text, in one order."""
    found = [compile(text, "", "exec", dont_inherit=True)]
    for code in found:
        found += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found


def _alone(code: CodeType) -> CodeType:
    """Code without that of the functions in it, and without the columns where these end."""
    return code.replace(co_linetable=b"", co_consts=tuple(each for each in code.co_consts if not isinstance(each, CodeType)))


def living(folder: Path) -> dict[str, list[FunctionType]]:
    """The functions that this process has imported from the files of a folder."""
    found: dict[str, list[FunctionType]] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename.startswith(f"{folder}/"):
            found.setdefault(each.__code__.co_filename, []).append(each)
    return found


def give(functions: list[FunctionType], codes: dict[CodeType, CodeType]) -> None:
    """Give functions other code."""
    for function in functions:
        if code := codes.get(function.__code__):
            function.__code__ = code.replace(co_filename=function.__code__.co_filename)


def load(library: Path) -> None:
    """Let the package count by another compiled loop."""
    name = "torch_binmetrics.counting._cpu"
    loader = ExtensionFileLoader(name, str(library))
    spec = spec_from_loader(name, loader)
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = sys.modules["torch_binmetrics.counting.cpu"].native = module
