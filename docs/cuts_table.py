"""What a choice of cuts costs and gives, in a table made from the results of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report, rows

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
#: Cuts by their names in the results, and as users write them.
CUTS = {
    "FloatBits(bits=19)": "`FloatBits(19)`",
    "FloatBits(bits=16)": "`FloatBits(16)`, the default",
    "FloatBits(bits=14)": "`FloatBits(14)`",
    "FloatBits(bits=12)": "`FloatBits(12)`",
    "Uniform(n=65536)": "`Uniform(65536)`",
    "Uniform(n=1024)": "`Uniform(1024)`, or `1024`",
    "Edges(linspace)": "200 thresholds, `torch.linspace(0, 1, 200)`",
}
SCORES = ("spread over [0, 1]", "rare positives, scores near 0", "saturated near 1", "the same as logits")
BYTES_PER_BIN = 16


def cuts_table() -> list[str]:
    """Lines of Markdown: bins, memory, errors of the area under the ROC curve, and the largest that bounds leave possible."""
    found = rows.read(RESULTS / "accuracy.csv")
    head = ["cuts", "bins", "memory", *SCORES, "by its bounds at most"]
    return ["", *report.table(head, (_row(cuts, shown, found) for cuts, shown in CUTS.items())), ""]


def _row(cuts: str, shown: str, found: list[rows.Row]) -> list[str]:
    """One choice: errors on float32 scores of each kind, and the largest possible one over all of them."""
    areas = [row for row in found if row.contender == f"ours, {cuts}" and row.case.endswith(", float32, auroc")]
    errors = {row.case.removesuffix(", float32, auroc"): row for row in areas if row.unit == "error"}
    widest = max(row.median for row in areas if row.unit != "error")
    bins = areas[0].n
    figures = [f"{errors[kind].median:.1g}" for kind in SCORES]
    return [shown, f"{bins:,}", report.size(bins * BYTES_PER_BIN), *figures, f"{widest:.1g}"]
