"""How often a 95 % confidence interval holds the population's score, and what 1,000 bootstrap draws cost.

Samples are drawn again and again from one population: scores are sigmoid(N(-1.5, 1)) of negatives and sigmoid(N(0.5, 1)) of
positives, rounded to bfloat16, so that the population's AUROC, AP and F1 at 0.5 are known exactly from the share of every
bfloat16 number. n is the number of positives to expect. 2,000 samples for n = 100, 1,000 elsewhere: a coverage of 95 % is then
known to 0.5 and 0.7 points. Every bootstrap has 500 draws, the same ones for all its forms. "Ours" is the default; that the
package gives the same ends as the vectorised simulation is made sure once for each size. Samples for which a form has no
interval (an area of 1, say) are left out of its coverage, and counted apart for ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

import torch_binmetrics as bm
from benchmarks import coverage_plots
from benchmarks.coverage_forms import LEVEL, LOGIT, OURS, SCORES, Sample, forms, observed, population, read, three_metrics
from benchmarks.rows import Row, figure, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads
from torch_binmetrics.uncertainty import confidence

ACROSS = "n"
COVERED, WITHOUT = "% covered", "% of samples without an interval"
SPEED = "1,000 bootstrap draws, by occupied bins"
POSITIVES = (10, 20, 50, 100, 200)
PREVALENCES = (0.5, 0.1, 0.01)
#: The first seed of a bootstrap, larger than any of a sample: those two must have nothing to do with each other.
FIRST_DRAWS = 10**6


def measure(*, quick: bool) -> list[Row]:
    """Rows of the coverage, of the share without an interval, and of the time of a bootstrap."""
    with threads(1):
        rows = speed(QUICK if quick else FULL)
        for prevalence in PREVALENCES:
            for n in (20, 100) if quick else POSITIVES:
                sets = 100 if quick else 2000 if n == 100 else 1000
                rows += covered(n, prevalence, sets, draws=100 if quick else 500)
    return sorted(rows, key=lambda row: (row.unit != COVERED, row.unit != "s", row.case))


def covered(n: int, prevalence: float, sets: int, draws: int) -> Iterator[Row]:
    """Rows of one size and prevalence: coverage, and for ours the share of samples without an interval."""
    truth = population(prevalence)
    found: dict[tuple[str, str], list[bool]] = {}
    for seed in range(sets):
        metrics = observed(round(n / prevalence), prevalence, seed)
        sample = read(metrics, draws, FIRST_DRAWS + seed)
        if seed == 0:
            check(metrics, sample, draws)
        for form, ends in forms(sample).items():
            for score, true, low, high in zip(SCORES, truth, *(end.tolist() for end in ends), strict=True):
                found.setdefault((score, form), []).extend([low <= true <= high] if low < high else [])
    share = f"{100 * prevalence:g} % positives"
    for (score, form), hits in found.items():
        ours = "ours: " if OURS[score] == form else ""
        if hits:
            yield Row(f"{score}, {share}", ours + form, n, 1, *in_percent(hits), COVERED)
        if ours:
            yield figure(score, share, n, 100 * (1 - len(hits) / sets), unit=WITHOUT)


def in_percent(hits: list[bool]) -> tuple[float, float, float]:
    """Share of hits, and the ends of its own 95 % interval."""
    ends = bm.uncertainty.wilson_interval(torch.tensor(sum(hits)), torch.tensor(len(hits)), LEVEL)
    low, high = (100 * float(end) for end in ends)
    return 100 * sum(hits) / len(hits), low, high


def check(metrics: bm.MetricCollection, sample: Sample, draws: int) -> None:
    """Raise AssertionError unless the package gives the ends of the simulation: by default, and by the bootstrap."""
    found = forms(sample)
    for i, score in enumerate(SCORES):
        for form, method in ((OURS[score], None), (LOGIT, "bootstrap")):
            ends = torch.stack(metrics[score].confidence_interval(LEVEL, method=method, draws=draws, seed=FIRST_DRAWS))
            wanted = torch.stack(found[form])[:, i]
            torch.testing.assert_close(ends, wanted, rtol=1e-9, atol=1e-9, equal_nan=True)


def speed(plan: Plan) -> list[Row]:
    """Time of 1,000 draws at 500 and at 2,000 occupied bins, for three scores at once and for each alone."""
    rows, bootstrap = [], confidence.Plan(LEVEL, 1000, 0, "bootstrap")
    for bins in (500, 2000):
        filled = filled_bins(bins)
        readings = [metric.reading for metric in filled.values()]
        tasks = [Task("ours, all three", partial(all_three, readings, filled.histograms[0], bootstrap))]
        tasks += [
            Task(f"ours, {name}", partial(metric.confidence_interval, method="bootstrap")) for name, metric in filled.items()
        ]
        rows += timed(SPEED, bins, 1, race(tasks, plan))
    return rows


def all_three(readings: list[bm.state.Reading], histogram: bm.ScoreHistogram, plan: confidence.Plan) -> None:
    """The intervals of all metrics from one bootstrap."""
    confidence.intervals(readings, bm.Snapshot(histogram), plan)


def filled_bins(bins: int) -> bm.MetricCollection:
    """The three metrics after four samples of each of so many bfloat16 numbers, the last ones below 1."""
    metrics = three_metrics()
    preds = torch.arange(0x3F80 - bins, 0x3F80, dtype=torch.int16).view(torch.bfloat16).repeat(4)
    generator = torch.Generator().manual_seed(0)
    metrics.update(preds, (torch.rand(4 * bins, generator=generator) < 0.2 + 0.5 * preds.float()).long())
    if len(metrics["AP"].tp) != bins:
        raise AssertionError(f"expected {bins} occupied bins, got {len(metrics['AP'].tp)}")
    return metrics


def draw(rows: list[Row], folder: Path) -> None:
    """Coverage against the number of positives, a panel for each score and prevalence."""
    coverage_plots.draw([row for row in rows if row.unit == COVERED], folder)
