"""``python -m benchmarks [suite ...] [--quick]``: measure, and write CSV files, plots and tables."""

from __future__ import annotations

import argparse
import json
import time
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import bars, machine, report, rows
from benchmarks.contenders import missing
from benchmarks.suites import NAMES

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the suites that the command line names, all if none."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, few repetitions: does it run?")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw and tabulate what was measured")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results (default: benchmarks/results)")
    args = parser.parse_args()
    if unknown := set(args.suites) - set(NAMES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    args.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", module="torcheval|torchmetrics|keras|ignite")
    conditions = machine.conditions(quick=args.quick)
    if not args.draw:
        print(report.warning(conditions))
    for name in args.suites or NAMES:
        run(name, args, conditions)
    summarise(args.out)


def run(name: str, args: argparse.Namespace, conditions: dict[str, Any]) -> None:
    """Measure and draw one suite."""
    suite, path, start = load(name), args.out / f"{name}.csv", time.perf_counter()
    if not args.draw:
        print(f"{name} ...", end=" ", flush=True)
        try:
            found = [replace(row, suite=name) for row in suite.measure(quick=args.quick)]
        except ModuleNotFoundError as error:
            print(f"left out: {error}")
            return
        rows.write(found, path)
        record(name, args.out / "machine.json", conditions)
        print(f"{len(found)} figures in {time.perf_counter() - start:.0f} s", flush=True)
    if path.exists():
        suite.draw(rows.read(path), args.out)


def record(name: str, path: Path, conditions: dict[str, Any]) -> None:
    """Write down what the suite was measured on, beside what is known of the others."""
    suites = json.loads(path.read_text()).get("suites", {}) if path.exists() else {}
    path.write_text(json.dumps(machine.machine() | {"suites": suites | {name: conditions}}, indent=2) + "\n")


def summarise(folder: Path) -> None:
    """Write the tables of all suites measured so far, and print how the bars were met."""
    about = json.loads((folder / "machine.json").read_text())
    found = {name: rows.read(folder / f"{name}.csv") for name in NAMES if (folder / f"{name}.csv").exists()}
    judged = report.table(bars.HEAD, bars.lines([row for suite in found.values() for row in suite]))
    lines = [*report.head_lines(about, missing()), "", "## The bars", "", *judged]
    for name, measured in found.items():
        suite = load(name)
        lines += ["", f"## {name}", "", (suite.__doc__ or "").strip(), *pictures(name, folder), ""]
        lines += report.conditions_lines(about.get("suites", {}).get(name))
        excerpt = getattr(suite, "excerpt", list)
        lines += report.suite_lines(excerpt(measured), suite.ACROSS)
    (folder / "README.md").write_text("\n".join(lines) + "\n")
    print("", *judged, "", f"Tables and plots are in {folder}.", sep="\n")


def pictures(name: str, folder: Path) -> list[str]:
    """The plots of a suite, as Markdown."""
    return [line for path in sorted(folder.glob(f"{name}*.png")) for line in ("", f"![{path.stem}]({path.name})")]


def load(name: str) -> Any:
    """The file of a suite."""
    return import_module(f"benchmarks.suites.{name}")


if __name__ == "__main__":
    main()
