"""Benchmarks run: each suite, on small batches, with the peers that are installed; what they measure is not looked at."""

import csv
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from benchmarks.contenders import ours  # noqa: E402
from benchmarks.suites import NAMES  # noqa: E402
from torch_binmetrics import backend  # noqa: E402


def test_the_loop_that_counts_here_comes_first_among_the_contenders():
    assert ours.AUROC[0].name == f"ours ({backend().name})"


@pytest.mark.slow
@pytest.mark.benchmarks
@pytest.mark.filterwarnings("ignore")  # of the peers, which are loaded once for all suites that a process tries
@pytest.mark.parametrize("suite", NAMES)
def test_a_suite_checks_all_answers_measures_draws_and_tabulates(suite, tmp_path, monkeypatch, capsys):
    from benchmarks.__main__ import main

    monkeypatch.chdir(ROOT)  # where the suites start processes of their own
    monkeypatch.setattr(sys, "argv", ["benchmarks", suite, "--quick", "--out", str(tmp_path)])
    main()
    assert "left out" not in capsys.readouterr().out
    with (tmp_path / f"{suite}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert any(row["contender"].startswith("ours") or row["case"].startswith("ours") for row in rows)
    assert all(float(row["median"]) >= 0 for row in rows)
    assert list(tmp_path.glob(f"{suite}*.png"))
    _, tables = (tmp_path / "README.md").read_text().split(f"## {suite}\n")
    assert any("ours" in line for line in tables.splitlines() if line.startswith("|"))
