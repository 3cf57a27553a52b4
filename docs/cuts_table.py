"""What a choice of cuts costs and gives, in two tables made from the results of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report, rows

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
#: Cuts by their names in the results, and as users write them.
CUTS = {
    "FloatBits(bits=19, centre=22)": "`FloatBits(19, centre=22)`",
    "FloatBits()": "`FloatBits()`, the default",
    "FloatBits(bits=14, centre=18)": "`FloatBits(14, centre=18)`",
    "FloatBits(bits=12, centre=16)": "`FloatBits(12, centre=16)`",
    "Uniform(n=65536)": "`Uniform(65536)`",
    "Uniform(n=1024)": "`Uniform(1024)`, or `1024`",
    "Edges(linspace)": "200 thresholds, `torch.linspace(0, 1, 200)`",
}
#: Those whose errors stand side by side for each kind of scores.
ERRORS = {
    "FloatBits()": "`FloatBits()`",
    "FloatBits(around=...)": "`FloatBits(around=...)`",
    "FloatBits(bits=12, centre=16)": "`FloatBits(12, centre=16)`",
    "Uniform(n=1024)": "`Uniform(1024)`",
    "Edges(linspace)": "200 thresholds",
}
BYTES_PER_BIN = 16


def memory_table() -> list[str]:
    """Lines of Markdown: bins, memory, the worst errors of both areas on probabilities and logits, and what bounds allow."""
    found = [row for row in rows.read(RESULTS / "accuracy.csv") if ", float32, " in row.case]
    cases = {row.case for row in found if row.contender == "ours, Edges(linspace)"}
    found = [row for row in found if row.case in cases]
    head = ["cuts", "bins", "memory", "AUROC off by at most", "AP", "by its bounds AUROC", "AP"]
    return ["", *report.table(head, (_memory(cuts, shown, found) for cuts, shown in CUTS.items())), ""]


def _memory(cuts: str, shown: str, found: list[rows.Row]) -> list[str]:
    """One choice: its size, and the largest errors over the cases."""
    here = [row for row in found if row.contender == f"ours, {cuts}"]
    bins = here[0].n
    worst = [
        max(row.median for row in here if (row.unit == "error") == by_value and row.case.endswith(area))
        for by_value in (True, False)
        for area in (", auroc", ", ap")
    ]
    return [shown, f"{bins:,}", report.size(bins * BYTES_PER_BIN), *(f"{figure:.1g}" for figure in worst)]


def errors_table() -> list[str]:
    """Lines of Markdown: the errors of both areas on each kind of float32 scores, AUROC before AP."""
    found = rows.read(RESULTS / "accuracy.csv")
    kinds = list(dict.fromkeys(row.case.rpartition(", float32, ")[0] for row in found if ", float32, " in row.case))
    body = ([kind, *(_errors(found, kind, cuts) for cuts in ERRORS)] for kind in kinds)
    return ["", *report.table(["AUROC, AP off by", *ERRORS.values()], body), ""]


def _errors(found: list[rows.Row], kind: str, cuts: str) -> str:
    """Errors of AUROC and of AP, or a dash where such cuts do not take or were not tried on such scores."""
    cases = [f"{kind}, float32, {area}" for area in ("auroc", "ap")]
    errors = {row.case: row.median for row in found if row.contender == f"ours, {cuts}" and row.unit == "error"}
    return ", ".join(f"{errors[case]:.1e}" if case in errors else "-" for case in cases) if cases[0] in errors else "-"
