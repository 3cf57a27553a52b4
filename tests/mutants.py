"""Would a test notice? Changes drawn at random from the rooms that count and measure, each tried on the tests that see it.

``python tests/mutants.py [--draw 300] [--seed 0] [--minutes M] [--again]`` goes on where it stopped, in ``build/mutants``, and
lists there the changes that no test noticed. Not mutmut, which passes over decorated functions, as all measures are, and over
what a module or a property does; not cosmic-ray, which starts a process, and imports torch anew, for every change.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import traceback
from itertools import count
from pathlib import Path

from mutation_sites import Change, c_changes, python_changes

ROOT = Path(__file__).parent.parent
HOME = ROOT / "build" / "mutants"
#: A copy of the package and its tests, in which they are changed.
TREE = HOME / "tree"
PACKAGE = TREE / "torch_binmetrics"
ROOMS = ("counting", "measures", "state", "uncertainty")
#: What takes long to import, once for all changes; nothing of it may start threads.
WARM = ("torch", "numpy", "scipy.stats", "sklearn.metrics", "hypothesis", "pytest", "statsmodels.stats.proportion")
#: Tests that see a room, the quickest first. Those of a file named as a key are run in place of its room's.
SEEN_BY = {
    "counting": "cuts compiled exact inputs state sums earlier_versions faults exactness oracle",
    "measures": "bounds areas sums operating_points report area_bounds intervals oracle",
    "state": "state collection inputs earlier_versions exact report faults intervals laws lone_rank distributed",
    "uncertainty": "report intervals plots",
    "counting/_cpu.c": "compiled cuts exactness",
}
#: Few examples notice most changes; more of them, and processes, are for those that survived that.
QUICK = ("--hypothesis-profile=unshrunk", "-m", "not processes")
#: Of one core, and of the clock on the wall, for what waits for ever.
LIMIT_S, PATIENCE_S = 300, 3000
#: What pytest exits with.
BROKEN, NONE_FOUND = 3, 5
CLOCK = count(int(time.time()), 2)


def drawn(count: int, seed: int) -> list[tuple[str, Change]]:
    """Changes and their files, drawn line by line: a longer draw goes on where a shorter one ends, other lines may change."""
    sites = []
    for file in (file for room in ROOMS for file in sorted((PACKAGE / room).rglob("*.[cp]*")) if file.suffix in (".py", ".c")):
        text, name = file.read_text(), str(file.relative_to(PACKAGE))
        changes = python_changes if file.suffix == ".py" else c_changes
        sites += [(random.Random(f"{seed} {name} {each.line(text)}").random(), name, each) for each in changes(text)]
    return [(name, change) for _, name, change in sorted(sites)[:count]]


def fate(file: str, change: Change, *, whole: bool) -> str:
    """What becomes of a change: "noticed", "timed out", "unnoticed" by the quick tests or "survived"; then it is taken back."""
    path = PACKAGE / file
    text = path.read_text()
    write(path, change.applied(text))
    in_c = file.endswith(".c")
    try:
        if in_c and not built():
            return "noticed"
        found = tested(file, whole=whole)
        return "noticed" if in_c and whole and found == "survived" and not sanitized() else found
    finally:
        write(path, text)
        if in_c:
            built()


def write(path: Path, text: str) -> None:
    """Write a file that is newer, by more than a second, than all that was compiled of it before."""
    path.write_text(text)
    now = next(CLOCK)
    os.utime(path, (now, now))


def tested(file: str, *, whole: bool) -> str:
    """What the tests that see a file say of it, and its own doctests."""
    names = SEEN_BY.get(file) or SEEN_BY[Path(file).parts[0]]
    first, *others = [f"tests/test_{name}.py" for name in names.split()]
    doctests = [f"torch_binmetrics/{file}"] if file.endswith(".py") else []
    child = os.fork()
    if child == 0:
        _run([first, *doctests, *others], () if whole else QUICK)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) != BROKEN, f"pytest did not run: see {HOME / 'last.log'}"
            passed = "survived" if whole else "unnoticed"
            return "timed out" if status == signal.SIGXCPU else "noticed" if status else passed
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _run(tests: list[str], options: tuple[str, ...]) -> None:
    """Become a process that runs tests in the tree, one file after the other until one fails; torch need not be imported."""
    code = BROKEN
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S + 5))
        os.chdir(TREE)
        os.environ["PYTHONPATH"] = sys.path[0] = str(TREE)
        log = os.open(HOME / "last.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        warm = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        codes = (sys.modules["pytest"].main(["-q", "-x", "-p", "no:cacheprovider", *warm, *options, test]) for test in tests)
        code = next((int(code) for code in codes if code not in (0, NONE_FOUND)), 0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def last_failure() -> str:
    """The first test that failed when tests were last run, for who wonders whether it is the change that it noticed."""
    lines = (HOME / "last.log").read_text(errors="replace").splitlines() if (HOME / "last.log").exists() else []
    return next((line.split(" - ")[0] for line in lines if line.startswith(("FAILED", "ERROR"))), "")


def built(*flags: str) -> bool:
    """Whether the changed loop compiles; it is in the tree then."""
    include = sysconfig.get_paths()["include"]
    command = ["cc", "-std=c11", "-O1", *flags, "-fPIC", "-shared", f"-I{include}", "_cpu.c", "-lm", "-o", "_cpu.abi3.so"]
    return subprocess.run(command, cwd=PACKAGE / "counting", capture_output=True, check=False).returncode == 0


def sanitized() -> bool:
    """Whether the changed loop counts random batches alike under the sanitizers."""
    built("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
    environment = os.environ | {"PYTHONPATH": str(TREE), "ASAN_OPTIONS": "detect_leaks=0", "LD_PRELOAD": library}
    command = [sys.executable, "tests/fuzz.py", "500"]
    return subprocess.run(command, cwd=TREE, env=environment, capture_output=True, check=False).returncode == 0


def prepare() -> None:
    """Make the tree, and import what the tests import."""
    shutil.rmtree(TREE, ignore_errors=True)
    for folder in ("torch_binmetrics", "tests"):
        shutil.copytree(ROOT / folder, TREE / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for each in ("pyproject.toml", "docs", "examples", "README.md", "CHANGELOG.md"):
        (TREE / each).symlink_to(ROOT / each)
    for name in WARM:
        importlib.import_module(name)
    assert built(), "the loop does not compile"


def key(file: str, change: Change) -> str:
    """What a fate is kept under; another text of the file is another change."""
    digest = hashlib.sha256((PACKAGE / file).read_bytes()).hexdigest()[:12]
    return f"{file} {digest} {change.start} {change.new}"


def main() -> None:
    """Try the changes whose fate is not known, and list those that survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--again", action="store_true", help="try those that survived anew")
    given = parser.parse_args()
    prepare()
    record, changes, end = HOME / "fates.json", drawn(given.draw, given.seed), time.monotonic() + 60 * given.minutes
    fates = json.loads(record.read_text()) if record.exists() else {}
    if given.again:
        fates = {name: "unnoticed" if found == "survived" else found for name, found in fates.items()}
    for whole, wanted in ((False, None), (True, "unnoticed")):
        for number, (file, change) in enumerate(changes):
            if time.monotonic() > end or fates.get(key(file, change)) != wanted:
                continue
            fates[key(file, change)] = found = fate(file, change, whole=whole)
            record.write_text(json.dumps(fates, indent=0))
            print(f"{number:4} {found:9} {file}:{change.shown((PACKAGE / file).read_text())}  {last_failure()}", flush=True)
    tell(changes, fates)


def tell(changes: list[tuple[str, Change]], fates: dict[str, str]) -> None:
    """How many of each fate, and a list of the survivors, which prove besides that the tests of a room pass as they are."""
    by_fate: dict[str, list[str]] = {"noticed": [], "timed out": [], "unnoticed": [], "survived": []}
    for file, change in changes:
        if found := fates.get(key(file, change)):
            by_fate[found].append(f"{file}:{change.shown((PACKAGE / file).read_text())}\n")
    survivors = sorted(by_fate["unnoticed"] + by_fate["survived"])
    (HOME / "survivors.txt").write_text("".join(survivors))
    print({name: len(those) for name, those in by_fate.items()}, "of", len(changes), "-", HOME / "survivors.txt")
    if unproved := set(ROOMS) - {line.split("/")[0] for line in survivors}:
        print("nothing survived, so make sure that the tests pass without any change, in", *sorted(unproved))


if __name__ == "__main__":
    main()
