"""The wheel: with the compiled loop where it can be built, for any platform and with a loud word where it cannot."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def built(folder, **environment):
    """A wheel of this package, and what was said while it was built."""
    source = folder / "source"
    shutil.copytree(
        ROOT / "torch_binmetrics", source / "torch_binmetrics", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    for part in PARTS:
        shutil.copy(ROOT / part, source)
    command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-build-isolation", "--no-deps", "-w", folder / "out", source]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = (folder / "out").glob("*.whl")
    return wheel, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_wheel_holds_the_loop_and_not_its_source(tmp_path):
    wheel, said = built(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    assert "cp311-abi3" in wheel.name
    assert [name for name in names if "_cpu" in name and not name.endswith(".pyi")] == [
        "torch_binmetrics/counting/_cpu.abi3.so"
    ]
    assert "torch_binmetrics/py.typed" in names
    assert "could not be built" not in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="CC is for Unix compilers")
def test_an_install_without_a_compiler_says_so_and_counts_all_the_same(tmp_path):
    wheel, said = built(tmp_path, CC="/bin/false")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "compiled counting loop could not be built" in said
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".c", ".so"))]
    program = (
        "import torch, torch_binmetrics as tb; print(tb.__file__); print(tb.backend().name, tb.backend().reason);"
        "print(float(tb.functional.binary_auroc(torch.tensor([0.1, 0.8, 0.7]), torch.tensor([0, 1, 0]))))"
    )
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    command, environment = [sys.executable, "-c", program], os.environ | {"PYTHONPATH": str(unpacked)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    place, loop, value = run.stdout.splitlines()
    assert place.startswith(str(unpacked))
    assert loop.startswith("reference the compiled loop cannot be loaded")
    assert float(value) == 1


@pytest.mark.slow
def test_the_source_distribution_holds_tests_with_their_helpers_and_all_that_the_documentation_is_made_of(tmp_path):
    folders = ("torch_binmetrics", "tests", "docs", "examples", "benchmarks")
    unwanted = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", ".*")
    for folder in folders:
        shutil.copytree(ROOT / folder, tmp_path / "source" / folder, ignore=unwanted)
    for file in [path for path in ROOT.iterdir() if path.is_file()]:
        shutil.copy(file, tmp_path / "source")
    wanted = {str(path.relative_to(tmp_path / "source")) for path in (tmp_path / "source").rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, tmp_path / "source"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as found:
        held = {name.partition("/")[2] for name in found.getnames()}
    assert wanted - held <= {".gitignore", ".git"}  # a worktree's .git is a file
    assert {"CHANGELOG.md", "CITATION.cff", "tests/conftest.py", "tests/oracles.py", "constraints.txt"} <= held


def test_metrics_count_and_compute_where_numpy_is_not_installed():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "import torch, torch_binmetrics as tb\n"
        "metrics = tb.MetricCollection([tb.BinaryAUROC, tb.BinaryF1Score, tb.BinaryBrierScore, tb.BinaryROC])\n"
        "metrics.update(torch.tensor([0.1, 0.8, 0.7]), torch.tensor([0, 1, 0]))\n"
        "metrics.confidence_intervals(draws=100), str(metrics.report(draws=100))\n"
        "print(tb.floats(metrics.compute())['BinaryAUROC'], tb.backend().name)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "1.0"


def test_the_citation_names_the_version_that_is_installed():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
