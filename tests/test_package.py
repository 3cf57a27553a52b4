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

ROOT = Path(torch_binmetrics.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = torch_binmetrics.__all__
BINARY = [name for name in NAMES if name.startswith("Binary")]
# What is only ever handed out, or only a base: no one builds these, so a doctest of their own would show nothing.
HANDED_OUT = {
    "AlongCuts",
    "AtBest",
    "AtThreshold",
    "CurveOptions",
    "CumulativeGains",
    "Cuts",
    "DET",
    "Dropped",
    "InBins",
    "Lift",
    "OfSums",
    "OperatingPoint",
    "Options",
    "OverCuts",
    "PrecisionRecall",
    "PrecisionRecallBand",
    "ROC",
    "ROCBand",
    "Reliability",
    "Report",
    "ReportRow",
    "Summand",
}

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
import torch_binmetrics
try:
    import {module}
except ImportError as error:
    print(error)
"""


def run(code):
    """What a fresh interpreter prints; a failure or a warning of our own is one of the test."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT.parent)
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


@pytest.mark.parametrize(
    ("blocked", "module", "extra"),
    [
        ("matplotlib", "torch_binmetrics.plots", "plots"),
        ("matplotlib", "torch_binmetrics.integrations.tensorboard", "plots"),
        ("tensorboard", "torch_binmetrics.integrations.tensorboard", "tensorboard"),
        ("transformers", "torch_binmetrics.integrations.huggingface", "huggingface"),
        ("ignite", "torch_binmetrics.integrations.ignite", "ignite"),
        ("torchmetrics", "torch_binmetrics.integrations.torchmetrics", "torchmetrics"),
    ],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(blocked, module, extra):
    message = run(BLOCKED.format(blocked=blocked, module=module))
    assert f"pip install 'torch-binmetrics[{extra}]'" in message
    assert blocked in message.lower()


def test_the_public_names_are_sorted_each_once_and_all_there():
    assert sorted(set(NAMES)) == NAMES
    for name in NAMES:
        assert hasattr(torch_binmetrics, name)


def test_the_public_names_are_all_that_is_imported_and_nothing_else():
    tree = ast.parse((ROOT / "__init__.py").read_text())
    imported = [alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(imported) == NAMES
    assert {type(node) for node in tree.body} == {ast.Expr, ast.ImportFrom, ast.Assign}


def test_every_public_class_and_function_of_the_layers_is_exported():
    layers = ["areas", "bands", "bounds", "best_threshold", "curves", "diagnostics", "scores", "points", "partial_areas"]
    layers = [f"measures.{layer}" for layer in (*layers, "calibration", "separation")]
    layers += [
        "metrics.binary",
        "metrics.collection",
        "metrics.families",
        "metrics.metric",
        "counting.cuts",
        "counting.summands",
    ]
    private_by_layer = {"best_point", "candidates", "points_as_two", "score_of"}
    private_by_layer |= {"check_beta", "check_costs", "check_norm", "check_normalize", "check_max_fpr", "as_cuts"}
    private_by_layer |= {"ROCSteps", "roc_steps", "serial_sum", "staircase", "standardised", "outward", "outward_share"}
    private_by_layer |= {"GainSteps", "gain_steps", "gain_loss", "precision_from"}
    private_by_layer |= {"at_point", "from_infinity", "ends_of", "check_top"}
    for layer in layers:
        module = importlib.import_module(f"torch_binmetrics.{layer}")
        public = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and (inspect.isclass(value) or inspect.isfunction(value))
            and f"{value.__module__}.".startswith(f"{module.__name__}.")
        }
        assert public - private_by_layer <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_docstring_of_its_own_that_begins_with_a_sentence(name):
    value = getattr(torch_binmetrics, name)
    doc = value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__
    assert doc
    assert not doc.startswith(f"{name}(")
    assert doc.strip().splitlines()[0].rstrip().endswith((".", ":"))


@pytest.mark.parametrize("layer", ["scores", "diagnostics", "points", "best_threshold"])
def test_every_score_says_in_its_first_line_what_it_is_and_when_it_is_undefined(layer):
    module = importlib.import_module(f"torch_binmetrics.measures.{layer}")
    functions = [value for name, value in vars(module).items() if name in NAMES and inspect.isfunction(value)]
    scores = [function for function in functions if function.__module__ == module.__name__]
    assert scores
    for score in scores:
        meaning, when = score.__doc__.splitlines()[0].split("; ")
        assert "," in meaning
        assert when.startswith("undefined if ") or when == "never undefined."


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(BINARY) - HANDED_OUT))
def test_every_public_name_that_users_build_or_call_stands_in_a_doctest(name):
    own = examples(name)
    elsewhere = [line for other in NAMES for line in examples(other) if f"{name}(" in line]
    assert own or elsewhere
    assert own or inspect.isclass(getattr(torch_binmetrics, name))


def examples(name):
    """The lines of the doctest of a public name."""
    doc = getattr(torch_binmetrics, name).__doc__
    return [line for line in doc.splitlines() if line.strip().startswith((">>> ", "... "))]


@pytest.mark.parametrize("name", BINARY)
def test_every_named_metric_names_the_score_that_it_runs(name):
    doc = getattr(torch_binmetrics, name).__doc__
    assert doc.startswith("Running :func:`~torch_binmetrics.")
    path = doc.split("`~", 1)[1].split("`", 1)[0]
    module, function = path.rsplit(".", 1)
    score = getattr(importlib.import_module(module), function)
    assert getattr(torch_binmetrics, function) is score
    built = EVERY[name]()
    assert getattr(built.score, "func", built.score) is score


def test_every_named_metric_has_its_function():
    functions = {name for name, value in vars(functional).items() if name.startswith("binary_")}
    assert {name.replace("_", "") for name in functions} == {name.lower() for name in BINARY}
    for name in functions:
        value = getattr(functional, name)
        assert (value.__name__, value.__module__) == (name, "torch_binmetrics.functional")
        [cls] = [each for each in BINARY if each.lower() == name.replace("_", "")]
        assert f"torch_binmetrics.{cls}`" in value.__doc__


def test_the_package_is_typed():
    assert (ROOT / "py.typed").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_long_and_each_says_its_idea_first(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 260 or path == ROOT / "__init__.py"  # which is a list of names
    assert max(map(len, lines)) <= 128
    assert lines[0].startswith('"""')
    assert lines[0].rstrip('"')[-1] in ".:"


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
    allowed = {("plots", "matplotlib"), ("torchmetrics", "torchmetrics"), ("cuda", "triton"), ("huggingface", "transformers")}
    allowed |= {("ignite", "ignite")}
    assert found <= allowed
    assert ("plots", "matplotlib") in found
