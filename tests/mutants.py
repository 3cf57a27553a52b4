"""Would a test notice? Changes drawn at random from the rooms that count and measure, each tried on the tests that run it.

``python tests/mutants.py [--draw 300] [--seed 0] [--minutes M] [--again]`` goes on where it stopped, in ``build/mutants``, and
lists there the changes that no test noticed. Not mutmut, which passes over decorated functions, as all measures are, and over
what a module or a property does; not cosmic-ray, which starts a process, and imports torch anew, for every change.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from mutation_runs import (
    BUDGET_S,
    COLLECTING_S,
    FAILED_TO_RUN,
    LIMIT_S,
    NOTICED,
    Collected,
    altered,
    by_function,
    failures,
    forked,
    give,
    living,
    load,
    traced,
)
from mutation_sites import Change, c_changes, decorated, python_changes, statement

ROOT = Path(__file__).parent.parent
HOME = ROOT / "build" / "mutants"
#: A copy of the package and its tests, in which they are changed.
TREE = HOME / "tree"
PACKAGE = TREE / "torch_binmetrics"
ROOMS = ("counting", "measures", "state", "uncertainty")
#: What takes long to import, once for all changes; nothing of it may start threads.
WARM = ("torch", "numpy", "scipy.stats", "sklearn.metrics", "hypothesis", "pytest", "statsmodels.stats.proportion")
#: Tests of other things: frameworks, compilers, and what is written about the package.
OTHERS = "accelerate bench docs huggingface ignite install lightning mlflow package tensorboard traced types"
LEFT_OUT = [f"--ignore-glob=tests/{name}*" for name in ("mut", *(f"test_{other}" for other in OTHERS.split()))]
#: Tests whose processes run lines of the state that are seen nowhere else.
ON_RANKS = tuple(f"tests/test_{name}.py" for name in ("distributed", "local_bounds", "lone_rank", "lost_ranks", "pending"))
#: Tests of the compiled loop, which call it past the lines that do elsewhere, too.
OF_THE_LOOP = "tests/test_compiled.py"
#: Few examples notice most changes; processes are for those that survived that.
QUICK = ("--hypothesis-profile=unshrunk", "-m", "not processes and not benchmarks")
WHOLE = ("--hypothesis-profile=unshrunk", "-m", "not benchmarks")
#: What the kernel becomes is compiled of its file, so that tests have to import it changed.
COMPILED = ("counting/triton_kernel.py",)
#: What is said while tests run goes past the logs.
SCREEN = os.fdopen(os.dup(1), "w")
CLOCK = count(int(time.time()), 2)
Item = Any
Seen = dict[str, tuple[float, dict[str, list[int]]]]


def drawn(count: int, seed: int) -> list[tuple[str, Change]]:
    """Changes and their files, drawn line by line: a longer draw goes on where a shorter one ends, other lines may change."""
    sites = []
    for file in (file for room in ROOMS for file in sorted((PACKAGE / room).rglob("*.[cp]*")) if file.suffix in (".py", ".c")):
        text, name = file.read_text(), str(file.relative_to(PACKAGE))
        changes = python_changes if file.suffix == ".py" else c_changes
        sites += [(random.Random(f"{seed} {name} {each.line(text)}").random(), name, each) for each in changes(text)]
    return [(name, change) for _, name, change in sorted(sites)[:count]]


def write(path: Path, text: str) -> None:
    """Write a file that is newer, by more than a second, than all that was compiled of it before."""
    path.write_text(text)
    now = next(CLOCK)
    os.utime(path, (now, now))


def session(options: Iterable[str], work: Callable[[list[Item]], None], *files: str) -> int:
    """Collect tests in the tree, and do something with them, in a process to which torch is no news."""
    pytest = sys.modules["pytest"]
    os.chdir(TREE)
    os.environ["PYTHONPATH"] = sys.path[0] = str(TREE)
    warm = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    quiet = ("-q", "-s", "-p", "no:cacheprovider", f"--basetemp={HOME / 'tmp'}", *warm)
    return int(pytest.main([*quiet, *LEFT_OUT, *options, *files], plugins=[Collected(work)]))


def lines_of_tests() -> Seen:
    """Of each test its seconds and the lines that it runs, kept for as long as the rooms are the same."""
    files = sorted(file for room in ROOMS for file in (PACKAGE / room).rglob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    kept = HOME / f"seen-{digest}.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}

    def trace(items: list[Item]) -> None:
        new = [item for item in items if item.nodeid not in known]
        try:
            known.update((name, each) for name, *each in traced(new, tuple(f"{PACKAGE / room}/" for room in ROOMS)))
        finally:
            kept.write_text(json.dumps(known))

    forked(partial(session, QUICK, trace), HOME / "traced.log", float("inf"))
    return json.loads(kept.read_text())


class Trial:
    """One change and the tests that see it."""

    def __init__(self, file: str, change: Change) -> None:
        self.file, self.change, self.path = file, change, PACKAGE / file
        self.text = self.path.read_text()
        self.new = change.applied(self.text)
        self.codes = altered(self.text, self.new) if file.endswith(".py") and file not in COMPILED else None
        self.shown = f"{file}:{change.shown(self.text)}"
        #: What its fate is kept under; another text of the file is another change.
        self.key = f"{file} {hashlib.sha256(self.text.encode()).hexdigest()[:12]} {change.start} {change.new}"

    def tests(self, seen: Seen, first: set[str]) -> list[str]:
        """The tests that run a changed line; of the loop in C, those that call it; of what runs at import, all of its file."""
        path, in_c = str(self.path), self.file.endswith(".c")
        if in_c:
            path = str(self.path.with_name("cpu.py"))
            lines = {i for i, line in enumerate(Path(path).read_text().splitlines(), 1) if " native." in line}
        else:
            lines = (statement if self.codes else decorated)(self.text, self.change.start)
        files = {name: files.get(path) for name, (_, files) in seen.items()}
        names = [name for name, ran in files.items() if ran and not (lines and lines.isdisjoint(ran))]
        order = by_function(names, {name: (name not in first, seen[name][0]) for name in names})
        of_the_loop = sorted((name for name in seen if in_c and name.startswith(OF_THE_LOOP)), key=lambda name: seen[name][0])
        return list(dict.fromkeys(of_the_loop + order))

    def tried_here(self, items: dict[str, Item], names: list[str], living: dict[str, list], *, whole: bool) -> int:
        """Try it in a fork of this process, which has collected the tests."""
        library = HOME / "changed.so"
        if self.file.endswith(".c") and not built(library, self.new):
            (HOME / "last.log").write_text("FAILED to compile\n")
            return NOTICED

        def task() -> int:
            if self.codes:
                give(living[str(self.path)], self.codes)
            else:
                load(library)
            return failures([items[name] for name in names if name in items], BUDGET_S[whole])

        return self._tried(task, BUDGET_S[whole])

    def tried_anew(self, names: list[str], *, whole: bool) -> int:
        """Try it in a process that imports the package, collects the tests with it, and starts others if it is of the state."""
        on_ranks = ON_RANKS if whole and self.file.startswith("state/") else ()

        def work(items: list[Item]) -> None:
            known = {item.nodeid: item for item in items}
            first = [name for name in known if name.startswith(on_ranks)] if on_ranks else []
            failures([known[name] for name in dict.fromkeys(first + names) if name in known], BUDGET_S[whole])

        files = dict.fromkeys([*on_ranks, *(name.partition("::")[0] for name in names)])
        return self._tried(lambda: session(WHOLE if whole else QUICK, work, *files), BUDGET_S[whole] + COLLECTING_S)

    def _tried(self, task: Callable[[], int], seconds: float) -> int:
        """Run tests while the file is changed."""
        write(self.path, self.new)
        try:
            return forked(task, HOME / "last.log", seconds + LIMIT_S)
        finally:
            write(self.path, self.text)


def fate(code: int, trial: Trial, *, whole: bool) -> str:
    """In words what a process ended with, and the test that failed in it."""
    lines = (HOME / "last.log").read_text(errors="replace").splitlines()
    assert code != FAILED_TO_RUN, f"pytest did not run: see {HOME / 'last.log'}"
    if code == 0:
        missed = not whole or not trial.file.endswith(".c") or sanitized(trial)
        return ("survived" if whole else "unnoticed") if missed else "noticed fuzz"
    if code == -signal.SIGXCPU:
        return "timed out"
    return " ".join(["noticed", *[line.partition(" ")[2] for line in lines if line.startswith(("FAILED ", "ERROR "))][:1]])


def built(library: Path, text: str, *flags: str) -> bool:
    """Whether a text of the loop compiles; it is in a library then."""
    source = HOME / "built.c"
    source.write_text(text)
    include = sysconfig.get_paths()["include"]
    command = ["cc", "-std=c11", "-O1", *flags, "-fPIC", "-shared", f"-I{include}", source, "-lm", "-o", library]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def sanitized(trial: Trial) -> bool:
    """Whether a changed loop counts random batches alike under the sanitizers."""
    loop = PACKAGE / "counting" / "_cpu.abi3.so"
    built(loop, trial.new, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
    environment = os.environ | {"PYTHONPATH": str(TREE), "ASAN_OPTIONS": "detect_leaks=0", "LD_PRELOAD": library}
    try:
        command = [sys.executable, "tests/fuzz.py", "500"]
        return subprocess.run(command, cwd=TREE, env=environment, capture_output=True, check=False).returncode == 0
    finally:
        built(loop, trial.text)


def prepare() -> None:
    """Make the tree, and import what the tests import."""
    shutil.rmtree(TREE, ignore_errors=True)
    for folder in ("torch_binmetrics", "tests"):
        shutil.copytree(ROOT / folder, TREE / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for each in ("pyproject.toml", "docs", "examples", "README.md", "CHANGELOG.md"):
        (TREE / each).symlink_to(ROOT / each)
    for name in WARM:
        importlib.import_module(name)
    loop = PACKAGE / "counting" / "_cpu.c"
    assert built(loop.with_name("_cpu.abi3.so"), loop.read_text()), "the loop does not compile"


class Record:
    """The fates that are known, kept in a file."""

    def __init__(self, trials: list[Trial], end: float) -> None:
        self.trials, self.end, self.file = trials, end, HOME / "fates.json"

    def fates(self) -> dict[str, str]:
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def noticing(self) -> set[str]:
        return {found.partition(" ")[2] for found in self.fates().values()}

    def pending(self, wanted: str | None) -> Iterator[tuple[int, Trial]]:
        """The changes of one fate, until time is over."""
        for number, trial in enumerate(self.trials):
            if self.fates().get(trial.key) == wanted and time.monotonic() < self.end:
                yield number, trial

    def add(self, number: int, trial: Trial, found: str) -> None:
        self.file.write_text(json.dumps(self.fates() | {trial.key: found}, indent=0))
        print(f"{number:4} {trial.shown}  {found}", file=SCREEN, flush=True)


def try_all(record: Record, seen: Seen, *, whole: bool) -> None:
    """Try the changes that are not tried yet, or that the quick tests did not notice.

    Most are tried first in one process, which built some objects before it was changed; what that misses is tried anew.
    """
    wanted, options = ("unnoticed", WHOLE) if whole else (None, QUICK)

    def here(items: list[Item]) -> None:
        known, functions = {item.nodeid: item for item in items}, living(PACKAGE)
        gc.freeze()  # lest every fork copies what it collects
        for number, trial in record.pending(wanted):
            if trial.file.endswith(".c") or (trial.codes and not whole):
                code = trial.tried_here(known, trial.tests(seen, record.noticing()), functions, whole=whole)
                record.add(number, trial, fate(code, trial, whole=whole))

    forked(partial(session, options, here), HOME / "here.log", float("inf"))
    for number, trial in record.pending(wanted):
        code = trial.tried_anew(trial.tests(seen, record.noticing()), whole=whole)
        record.add(number, trial, fate(code, trial, whole=whole))


def main() -> None:
    """Try the changes whose fate is not known, and list those that survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--again", action="store_true", help="try those that survived anew")
    given = parser.parse_args()
    end = time.monotonic() + 60 * given.minutes
    HOME.mkdir(parents=True, exist_ok=True)
    prepare()
    record = Record([Trial(*each) for each in drawn(given.draw, given.seed)], end)
    if given.again:
        survived = {key: "unnoticed" if found == "survived" else found for key, found in record.fates().items()}
        record.file.write_text(json.dumps(survived, indent=0))
    seen = lines_of_tests()
    for whole in (False, True):
        try_all(record, seen, whole=whole)
    tell(record)


def tell(record: Record) -> None:
    """How many of each fate, whether what noticed them passes without any change, and a list of the survivors."""
    by_fate: dict[str, list[str]] = {"noticed": [], "timed out": [], "unnoticed": [], "survived": []}
    fates = record.fates()
    for trial in record.trials:
        if found := fates.get(trial.key):
            by_fate[found if found in by_fate else "noticed"].append(trial.shown + "\n")
    (HOME / "survivors.txt").write_text("".join(sorted(by_fate["unnoticed"] + by_fate["survived"])))
    print({name: len(those) for name, those in by_fate.items()}, "of", len(record.trials), "-", HOME / "survivors.txt")
    noticing = record.noticing()

    def unchanged(items: list[Item]) -> None:
        failures([item for item in items if item.nodeid in noticing], float("inf"))

    if forked(partial(session, QUICK, unchanged), HOME / "last.log", float("inf")):
        print("a test that noticed changes fails without any: see", HOME / "last.log")


if __name__ == "__main__":
    main()
