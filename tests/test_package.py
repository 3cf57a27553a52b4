"""The package as a whole: what importing it loads, its public names, their docstrings, its files."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from building import EVERY

import torch_binmetrics
from torch_binmetrics import functional
from torch_binmetrics.measures import about

ROOT = Path(torch_binmetrics.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = torch_binmetrics.__all__
BINARY = [name for name in NAMES if name.startswith("Binary")]
ROOMS = ("counting", "measures", "state", "uncertainty", "report", "metrics")
# What is only ever handed out, or only a base: no one builds these, so a doctest of their own would show nothing.
HANDED_OUT = {
    "About",
    "AlongCuts",
    "AtBest",
    "AtThreshold",
    "CurveOptions",
    "CumulativeGains",
    "Cuts",
    "DET",
    "Dropped",
    "InBins",
}
HANDED_OUT |= {"Lift", "OfSums", "OperatingPoint", "Options", "OverCuts", "PrecisionRecall", "PrecisionRecallBand", "ROC"}
HANDED_OUT |= {"ROCBand", "Ranks", "Reliability", "Report", "ReportRow", "Share", "Store", "Summand", "functional"}
HANDED_OUT |= {"about", "measure"}  # which say what every measure's own doctest shows
HANDED_OUT |= {"check_batch", "count_checked"}  # the two halves of count, for the histogram


def handed_on(module):
    """The names that the ``__init__`` of a room imports, or defines, for its users."""
    tree = ast.parse(Path(module.__file__).read_text()).body
    imported = [alias for node in tree if isinstance(node, ast.ImportFrom) for alias in node.names]
    defined = [node.name for node in tree if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return [alias.asname for alias in imported if alias.asname and not alias.asname.startswith("_")] + defined


#: Every public name by its shortest path.
PUBLIC = {
    f"{room}.{name}": getattr(importlib.import_module(f"torch_binmetrics.{room}"), name)
    for room in ROOMS
    for name in handed_on(importlib.import_module(f"torch_binmetrics.{room}"))
    if name not in NAMES
} | {name: getattr(torch_binmetrics, name) for name in NAMES}

#: What lies on an optional package: that package, and the extra that installs it.
EXTRAS = [
    ("matplotlib", "torch_binmetrics.plots", "plots"),
    ("matplotlib", "torch_binmetrics.integrations.tensorboard", "plots"),
    ("tensorboard", "torch_binmetrics.integrations.tensorboard", "tensorboard"),
    ("transformers", "torch_binmetrics.integrations.huggingface", "huggingface"),
    ("ignite", "torch_binmetrics.integrations.ignite", "ignite"),
    ("torchmetrics", "torch_binmetrics.integrations.torchmetrics", "torchmetrics"),
]
#: Imports each without its package, in a fork of an interpreter that has loaded nothing but torch.
WITHOUT = """
import importlib, json, os, sys, torch

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for blocked, module, _ in json.loads(sys.argv[1]):
    if os.fork():
        assert os.wait()[1] == 0, module
        continue
    sys.meta_path.insert(0, Blocker())
    import torch_binmetrics
    try:
        importlib.import_module(module)
    except ImportError as error:
        print(json.dumps([blocked, module, str(error)]), flush=True)
    os._exit(0)
"""


def run(code, *arguments):
    """What a fresh interpreter prints; a failure or a warning of our own is one of the test."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT.parent
    )
    assert done.returncode == 0, done.stderr
    assert "torch_binmetrics" not in done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_but_torch():
    new, loaded = json.loads(
        run(
            "import sys, json, torch; before = set(sys.modules); import torch_binmetrics;"
            "print(json.dumps([sorted(set(sys.modules) - before), sorted({name.split('.')[0] for name in sys.modules})]))"
        )
    )
    heavy = {"torchmetrics", "torcheval", "matplotlib", "tensorboard", "sklearn", "scipy", "pandas", "PIL"}
    heavy |= {"lightning", "pytorch_lightning", "transformers", "ignite", "keras", "tensorflow", "triton"}
    assert heavy.isdisjoint(loaded)
    others = {name.split(".")[0] for name in new} - {"torch_binmetrics", "torch"} - sys.stdlib_module_names
    assert others == set()
    assert "torch_binmetrics.counting.cuts" in new
    assert {"torch_binmetrics.plots", "torch_binmetrics.integrations.tensorboard"}.isdisjoint(new)
    assert not [name for name in new if name.startswith(("torch._dynamo", "torch._inductor", "torch.utils.tensorboard"))]


@pytest.fixture(scope="module")
def told():
    """What importing says by the package that is missing and what needs it."""
    lines = map(json.loads, run(WITHOUT, json.dumps(EXTRAS)).splitlines())
    return {(blocked, module): message for blocked, module, message in lines}


@pytest.mark.parametrize(("blocked", "module", "extra"), EXTRAS)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(blocked, module, extra, told):
    assert f"pip install 'torch-binmetrics[{extra}]'" in told[blocked, module]
    assert blocked in told[blocked, module].lower()


def test_the_front_door_is_small_and_lists_each_name_once():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    assert sorted(handed_on(torch_binmetrics)) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES) <= 90
    assert (ROOT / "__init__.py").read_text().count("BinaryAUROC as BinaryAUROC") == 1
    assert {type(node) for node in tree.body} == {ast.Expr, ast.ImportFrom, ast.Assign}
    assert torch_binmetrics.functional.binary_auroc is functional.binary_auroc


def test_the_root_holds_few_modules_and_a_room_says_in_its_first_line_what_it_is():
    modules = [path for path in ROOT.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= 6
    rooms = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("__")]
    assert {path.name for path in rooms} == {*ROOMS, "plots", "integrations"}
    for room in rooms:
        assert (room / "__init__.py").read_text().splitlines()[0].endswith('."""')


def test_importing_all_of_the_package_gives_the_public_names():
    assert run("from torch_binmetrics import *; print(BinaryAUROC.__name__, 'functional' in dir(), 'counting' in dir())") == (
        "BinaryAUROC True False"
    )


#: What the files of a room hand to each other.
HELPERS = {"best_point", "candidates", "criterion_of", "gaps", "norm_of", "one_by_one", "pairs", "real_dtype", "takes_ties"}
#: What measures are functions of that have an interval of their own form; those of a user's own have no use for it.
HELPERS |= {"CalibrationGaps", "LargestGap", "Losses", "Precisions"}


@pytest.mark.parametrize("path", sorted((ROOT / "measures").glob("*.py")), ids=lambda path: path.stem)
def test_every_measure_is_handed_on_by_its_room(path):
    if path.stem in ("__init__", "staircase"):
        return
    module = importlib.import_module(f"torch_binmetrics.measures.{path.stem}")
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    public = {name for name in own if not name.startswith(("_", "check_")) and callable(vars(module)[name])}
    assert public - HELPERS - {"F", "K", "T"} <= {name.rpartition(".")[2] for name in PUBLIC}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_docstring_of_its_own_that_begins_with_a_sentence(name):
    value = PUBLIC[name]
    doc = value.__doc__
    assert doc
    assert not inspect.isclass(value) or "__doc__" in vars(value)
    assert not doc.startswith(f"{name}(")
    assert doc.strip().splitlines()[0].rstrip().endswith((".", ":"))


@pytest.mark.parametrize("file", ["rates", "scores", "diagnostics", "points", "best_threshold"])
def test_every_measure_says_in_its_first_line_what_it_is_and_when_it_is_undefined(file):
    module = importlib.import_module(f"torch_binmetrics.measures.{file}")
    functions = [value for value in vars(module).values() if inspect.isfunction(value) and about(value)]
    measures = [function for function in functions if function.__module__ == module.__name__]
    assert measures
    for each in measures:
        meaning, when = each.__doc__.splitlines()[0].split("; ")
        assert "," in meaning
        assert when.startswith("undefined if ") or when == "never undefined."


@pytest.mark.parametrize("name", sorted(name for name in PUBLIC if name.rpartition(".")[2] not in {*BINARY, *HANDED_OUT}))
def test_every_public_name_that_users_build_or_call_stands_in_a_doctest(name):
    short = name.rpartition(".")[2]
    own = examples(PUBLIC[name])
    assert own or any(f"{short}(" in line for other in PUBLIC.values() for line in examples(other))
    assert own or inspect.isclass(PUBLIC[name])


def examples(value):
    """The lines of the doctest of a public name."""
    return [line for line in value.__doc__.splitlines() if line.strip().startswith((">>> ", "... "))]


def declared(name):
    """What stands in the source of a class, where its docstring is put together from that and its measure's."""
    return vars(getattr(torch_binmetrics, name))["__doc__"].declared


@pytest.mark.parametrize("name", BINARY)
def test_every_named_metric_names_the_measure_that_it_runs_and_what_that_is_is_declared(name):
    doc = declared(name)
    assert doc.startswith("Running :func:`~torch_binmetrics.measures.")
    path = doc.split("`~", 1)[1].split("`", 1)[0]
    measure = PUBLIC[path.removeprefix("torch_binmetrics.")]
    built = EVERY[name]()
    assert getattr(built.measure, "func", built.measure) is measure
    assert built.reading.measure is built.measure
    assert about(measure) is not None


@pytest.mark.parametrize("name", BINARY)
def test_bounds_that_a_measure_declares_are_those_that_its_metric_names(name):
    built = EVERY[name]()
    bounds = about(built.measure).bounds
    named = f":func:`~torch_binmetrics.measures.{getattr(bounds, 'func', bounds).__name__}`" if bounds else "bounds"
    assert (named in declared(name)) == bool(bounds)


def test_every_named_metric_has_its_function():
    functions = {name for name, value in vars(functional).items() if name.startswith("binary_")}
    assert {name.replace("_", "") for name in functions} == {name.lower() for name in BINARY}
    assert {
        "binary_fbeta_score",
        "binary_matthews_corrcoef",
        "binary_ks_statistic",
        "binary_log_auc",
        "binary_roc",
    } <= functions
    for name in functions:
        value = getattr(functional, name)
        assert (value.__name__, value.__module__) == (name, "torch_binmetrics.functional")
        [cls] = [each for each in BINARY if each.lower() == name.replace("_", "")]
        assert value.__doc__.startswith(f"One-off {cls}: ")
    with pytest.raises(AttributeError, match="no function 'binary_auc'"):
        _ = functional.binary_auc


def test_the_package_is_typed():
    assert (ROOT / "py.typed").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_long_and_each_says_its_idea_first(path):
    lines = path.read_text().splitlines()
    assert _code_lines(path) <= 200  # docstrings and blank lines apart
    assert max(map(len, lines)) <= 128
    assert lines[0].startswith('"""')
    assert lines[0].rstrip('"')[-1] in ".:"


def _code_lines(path):
    """Number of lines of a file that are neither blank nor of a docstring."""
    documents = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            documents |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(bool(line.strip()) for number, line in enumerate(path.read_text().splitlines(), 1) if number not in documents)


def test_optional_packages_are_imported_in_the_file_that_is_named_after_them_or_in_plots():
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            others = (
                {name.split(".")[0] for name in modules} - sys.stdlib_module_names - {"torch", "torch_binmetrics", "__future__"}
            )
            home = path.parent.name if path.parent.parent.name == "integrations" or path.parent.name == "plots" else path.stem
            found |= {(home, name) for name in others}
    allowed = {("plots", "matplotlib"), ("torchmetrics", "torchmetrics"), ("huggingface", "transformers")}
    allowed |= {("ignite", "ignite"), ("triton_kernel", "triton"), ("metric", "typing_extensions")}
    assert found <= allowed
    assert ("plots", "matplotlib") in found
