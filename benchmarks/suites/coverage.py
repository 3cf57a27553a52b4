"""How often a 95 % confidence interval holds the population's score, and what 1,000 bootstrap draws cost.

Samples are drawn again and again from populations of which every share is known: logits of two normal distributions, far
apart, near each other, equal, or of unequal spread; probabilities that are calibrated; and five levels, tied. n is the number
of positives to expect. Intervals are those of the package by default. 2,000 samples for those in closed form: a coverage of
95 % is then known to 0.5 points; 200 samples of 100 scores for those that are drawn, with 200 draws: to 1.5 points. A sample
for which there is no interval counts as one that is not covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

import torch_binmetrics as bm
from benchmarks import coverage_plots
from benchmarks.coverage_forms import CLOSED, LEVEL, drawing, filled, truths
from benchmarks.populations import POPULATIONS, drawn
from benchmarks.rows import Row, timed
from benchmarks.timing import FULL, QUICK, Plan, Task, race, threads
from torch_binmetrics.uncertainty import confidence

ACROSS = "n"
COVERED = "% covered"
SPEED = "1,000 bootstrap draws, by occupied bins"
POSITIVES = (10, 20, 50, 100, 200)
PREVALENCES = (0.5, 0.1, 0.01)
#: Distinct scores of a population where intervals are in closed form, and where they are drawn.
FINE, COARSE = 300, 100


def measure(*, quick: bool) -> list[Row]:
    """Rows of the coverage, and of the time of a bootstrap."""
    with threads(1):
        rows = speed(QUICK if quick else FULL)
        for prevalence in PREVALENCES:
            for n in (20,) if quick else POSITIVES:
                for name in POPULATIONS:
                    rows += closed(name, n, prevalence, 100 if quick else 2000)
                    rows += by_draws(name, n, prevalence, 5 if quick else 200)
    return sorted(rows, key=lambda row: (row.unit != COVERED, row.case))


def closed(name: str, n: int, prevalence: float, samples: int) -> Iterator[Row]:
    """Rows of the intervals in closed form."""
    population = POPULATIONS[name](prevalence, FINE)
    counts = drawn(population, round(n / prevalence), samples, np.random.default_rng(n))
    for score, (value, ends) in CLOSED.items():
        truth = value(population, population.shares)
        low, high = ends(population, counts)
        yield row(score, name, (n, prevalence), (int(((low <= truth) & (truth <= high)).sum()), samples))


def by_draws(name: str, n: int, prevalence: float, samples: int) -> Iterator[Row]:
    """Rows of the intervals that are drawn."""
    population = POPULATIONS[name](prevalence, COARSE)
    truth, metrics = truths(name, prevalence, COARSE), drawing()
    hits = dict.fromkeys(truth, 0)
    for seed, counts in enumerate(drawn(population, round(n / prevalence), samples, np.random.default_rng(n))):
        found = filled(metrics, population, counts).confidence_intervals(LEVEL, draws=200, seed=seed)
        for score, ends in found.items():
            low, high = (float(getattr(end, "value", end)) for end in ends)
            hits[score] += low - 1e-6 <= truth[score] <= high + 1e-6
    for score, hit in hits.items():
        yield row(score, name, (n, prevalence), (hit, samples))


def row(score: str, name: str, size: tuple[int, float], tries: tuple[int, int]) -> Row:
    """Share of hits among samples, and the ends of its own 95 % interval."""
    hits, samples = tries
    ends = bm.uncertainty.wilson_interval(torch.tensor(hits), torch.tensor(samples), LEVEL)
    low, high = (100 * float(end) for end in ends)
    return Row(f"{score}, {100 * size[1]:g} % positives", name, size[0], 1, 100 * hits / samples, low, high, COVERED)


def speed(plan: Plan) -> list[Row]:
    """Time of 1,000 draws at 500 and at 2,000 occupied bins, for three scores at once and for each alone."""
    rows, bootstrap = [], confidence.Plan(LEVEL, 1000, 0, "bootstrap")
    for bins in (500, 2000):
        metrics = filled_bins(bins)
        readings = [metric.reading for metric in metrics.values()]
        tasks = [Task("ours, all three", partial(all_three, readings, metrics.histograms[0], bootstrap))]
        tasks += [
            Task(f"ours, {name}", partial(metric.confidence_interval, method="bootstrap")) for name, metric in metrics.items()
        ]
        rows += timed(SPEED, bins, 1, race(tasks, plan))
    return rows


def all_three(readings: list[bm.state.Reading], histogram: bm.ScoreHistogram, plan: confidence.Plan) -> None:
    """The intervals of all metrics from one bootstrap."""
    confidence.intervals(readings, bm.Snapshot(histogram), plan)


def filled_bins(bins: int) -> bm.MetricCollection:
    """The three metrics after four samples of each of so many bfloat16 numbers, the last ones below 1."""
    three = (bm.BinaryAUROC(), bm.BinaryAveragePrecision(), bm.BinaryF1Score())
    metrics = bm.MetricCollection(dict(zip(("AUROC", "AP", "F1"), three, strict=True)))
    preds = torch.arange(0x3F80 - bins, 0x3F80, dtype=torch.int16).view(torch.bfloat16).repeat(4)
    generator = torch.Generator().manual_seed(0)
    metrics.update(preds, (torch.rand(4 * bins, generator=generator) < 0.2 + 0.5 * preds.float()).long())
    if len(metrics["AP"].tp) != bins:
        raise AssertionError(f"expected {bins} occupied bins, got {len(metrics['AP'].tp)}")
    return metrics


def draw(rows: list[Row], folder: Path) -> None:
    """Coverage against the number of positives, a panel for each score and prevalence."""
    coverage_plots.draw([row for row in rows if row.unit == COVERED], folder)
