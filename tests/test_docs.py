"""The documentation: its snippets run, and what it takes from the code and from measurements is up to date."""

import contextlib
import doctest
import io
import re
import sys
from pathlib import Path

import pytest

import torch_binmetrics
from torch_binmetrics.metrics.options import CurveOptions

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from docs import generate, metrics_table  # noqa: E402

PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAMED = [name for name in torch_binmetrics.__all__ if name.startswith("Binary")]
#: Code, and after it what it prints where the page shows that.
SNIPPET = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


def run(page):
    """Run all snippets of a page in one namespace, doctests and plain code alike."""
    names = {"__name__": f"docs.{page.stem}"}
    text = page.read_text()
    for snippet in SNIPPET.finditer(text):
        line = text[: snippet.start(1)].count("\n")
        if not snippet[1].startswith(">>>"):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile("\n" * line + snippet[1], str(page), "exec"), names)
            assert snippet[2] is None or printed.getvalue().rstrip() == snippet[2].rstrip(), snippet[1]
            continue
        test = doctest.DocTestParser().get_doctest(snippet[1], names, page.name, str(page), line)
        test.globs = names
        report = []
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)


@pytest.mark.filterwarnings("ignore:.*does not have many workers:")
@pytest.mark.filterwarnings("ignore:.*isinstance\\(treespec, LeafSpec\\).*:")
@pytest.mark.filterwarnings("ignore:.*The number of training batches:")
@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_snippet_of_a_page_runs_and_shows_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the slim package has no other store
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    run(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_snippet_fits_the_width_of_the_page(page):
    lines = [line for snippet in SNIPPET.finditer(page.read_text()) for line in snippet[1].splitlines()]
    assert max(map(len, lines), default=0) <= 88


def test_a_snippet_that_shows_another_result_or_raises_is_found(tmp_path):
    page = tmp_path / "page.md"
    shown = "x = 1\n```\n\n```python\n>>> x\n2\n"
    printed = "print(0.51)\n```\n\n```text\n0.52\n"
    for wrong in (shown, printed, "1 / 0\n"):
        page.write_text(f"# A page\n\n```python\n{wrong}```\n")
        with pytest.raises((AssertionError, ZeroDivisionError)):
            run(page)


@pytest.mark.parametrize(("file", "part"), generate.PARTS)
def test_what_is_made_from_the_code_and_from_results_is_up_to_date(file, part):
    assert generate.renewed(file, part) == (ROOT / file).read_text(), "run: python -m docs.generate"


def test_every_named_metric_stands_in_the_tables_once():
    rows = re.findall(r"^\| \[`(Binary\w+)", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(NAMED)


def test_every_option_stands_in_the_table_of_options_once():
    rows = re.findall(r"^\| `(\w+)=", (ROOT / "docs/options.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(CurveOptions.__annotations__)


def test_the_readme_is_short_names_ten_metrics_and_links_to_files_that_are_there():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    assert len(set(re.findall(r"`(Binary\w+)`", text)) & set(NAMED)) == 10
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", NAMED)
def test_every_score_says_its_formula_and_when_it_is_undefined(name):
    said = metrics_table.first_sentence(name)
    assert len(said["value"]) > len("f(x)")


def test_every_public_name_is_on_a_page_of_the_reference():
    text = "".join((ROOT / "docs" / "api" / f"{page}.md").read_text() for page in ("core", "functions", "metrics", "people"))
    shown = re.findall(r"^::: torch_binmetrics\.(.+)$", text, re.MULTILINE)
    public = {name: getattr(torch_binmetrics, name) for name in torch_binmetrics.__all__ if name != "functional"}
    measures = {name: value for name, value in vars(torch_binmetrics.measures).items() if getattr(value, "_about", None)}
    for name, value in (public | measures).items():
        path = f"{value.__module__}.{name}".removeprefix("torch_binmetrics.")
        assert [each for each in shown if f"{path}.".startswith(f"{each}.")], name


def test_every_integration_is_on_a_page_of_the_reference():
    folder = ROOT / "torch_binmetrics" / "integrations"
    modules = {path.stem for path in folder.iterdir() if not path.name.startswith("__")}
    shown = re.findall(
        r"^::: torch_binmetrics\.integrations\.(\w+)$", (ROOT / "docs/api/integrations.md").read_text(), re.MULTILINE
    )
    assert set(shown) == modules


def test_on_a_phone_the_cards_of_the_table_of_metrics_are_labelled_as_its_columns_are():
    page, style = ((ROOT / "docs" / name).read_text() for name in ("metrics.md", "style.css"))
    table = page[page.index('<div class="metrics" markdown>') : page.index("</div>")]
    [columns] = {line for line in table.splitlines() if line.startswith("| class")}
    labels = dict(re.findall(r'\.metrics td:nth-child\((\d)\)::before { content: "([\w ]+?):? "', style))
    names = [name.strip() for name in columns.strip("| ").split("|")]
    assert labels == {str(place): name for place, name in enumerate(names, 1) if place > 2}
