"""What scikit-learn has no function for, written out from the definition in exact fractions of the samples' path."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

Point = tuple[Fraction, Fraction]
Path = list[Point]


def accumulated(steps: Any) -> Path:
    """False and true positives from (0, 0) on, after each step of negatives and positives."""
    whole = [(Fraction(0), Fraction(0)), *((Fraction(negatives), Fraction(positives)) for negatives, positives in steps)]
    return list(itertools.accumulate(whole, lambda a, b: (a[0] + b[0], a[1] + b[1])))


def path(y: Any, scores: Any, weights: Any = None) -> Path:
    """False and true positives after each group of equal scores, from the highest down."""
    groups: dict[float, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for label, score, weight in zip(y, scores, np.ones(len(y)) if weights is None else weights, strict=True):
        groups[float(score)][int(label)] += Fraction(float(weight))
    return accumulated(groups[score] for score in sorted(groups, reverse=True) if any(groups[score]))


def of_samples(area: Callable[..., Any]) -> Callable[..., float]:
    """An area as an oracle of labels, scores and perhaps weights; logits rank as they are."""
    return lambda y, scores, weights=None, *, from_logits=False, **options: float(area(path(y, scores, weights), **options))


def between(a: Point, b: Point, share: Fraction) -> Point:
    """The point at this share of the way from one to another."""
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def trapezoids(points: Path) -> Fraction:
    """Area under a line through points."""
    return sum(((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points)), Fraction(0))


def roc(points: Path) -> Path:
    """False and true positive rates."""
    negatives, positives = points[-1]
    return [(fp / negatives, tp / positives) for fp, tp in points]


def gini(points: Path) -> Fraction:
    """Twice the area between the ROC curve and the diagonal."""
    return 2 * (trapezoids(roc(points)) - Fraction(1, 2))


def precision_recall_auc(points: Path) -> Fraction:
    """Trapezoids through the points (recall, precision), from (0, 1)."""
    positives = points[-1][1]
    return trapezoids([(tp / positives, tp / (tp + fp) if tp + fp else Fraction(1)) for fp, tp in points])


def precision_recall_gain_auc(points: Path) -> Fraction:
    """Trapezoids through the points (recall gain, precision gain), with the crossing of recall gain 0 put in."""
    negatives, positives = points[-1]
    least = positives**2 / (positives + negatives)
    later = next(i for i, (_, tp) in enumerate(points) if tp > least)
    a, b = points[later - 1 : later + 1]
    kept = [between(a, b, (least - a[1]) / (b[1] - a[1])), *points[later:]]
    c = positives / negatives
    return trapezoids([(1 - c * (positives - tp) / tp, 1 - c * fp / tp) for fp, tp in kept])


def height(line: Path, x: Fraction, *, last: bool = False) -> Fraction:
    """Height of a line of ascending points at x, where it is vertical the lowest or the last."""
    there = [y for at, y in line if at == x]
    if there:
        return there[-1] if last else there[0]
    a, b = next((a, b) for a, b in itertools.pairwise(line) if a[0] < x < b[0])
    return between(a, b, (x - a[0]) / (b[0] - a[0]))[1]


def inside(line: Path, first: Fraction, second: Fraction) -> Path:
    """The part of a line of ascending points from one x to another."""
    ends = (first, height(line, first, last=True)), (second, height(line, second))
    return [ends[0], *((x, y) for x, y in line if first < x < second), ends[1]]


def partial_auroc(points: Path, fpr_range: Any = (0, 1), tpr_range: Any = (0, 1)) -> Fraction:
    """Area of the ROC curve in a box: every crossing of its floor and ceiling is put in, then trapezoids."""
    (a, b), (s, t) = ((Fraction(low), Fraction(high)) for low, high in (fpr_range, tpr_range))
    line = inside(roc(points), a, b)
    crossed = line[:1]
    for start, end in itertools.pairwise(line):
        levels = [level for level in (s, t) if start[1] < level < end[1]]
        crossed += [between(start, end, (level - start[1]) / (end[1] - start[1])) for level in levels]
        crossed.append(end)
    return trapezoids([(x, min(max(y, s), t) - s) for x, y in crossed]) / ((b - a) * (t - s))


def log_auc(points: Path, fpr_range: Any = (0.001, 0.1)) -> float:
    """Trapezoids through (log fpr, tpr)."""
    line = inside(roc(points), *map(Fraction, fpr_range))
    widths = [math.log1p((b[0] - a[0]) / a[0]) * float(a[1] + b[1]) / 2 for a, b in itertools.pairwise(line)]
    return min(1.0, math.fsum(widths) / math.log(fpr_range[1] / fpr_range[0]))  # 1 but for rounding


def capture(points: Path, top: float = 0.1) -> Fraction:
    """Recall where the cumulative number of samples is the top share of all."""
    everything, positives = sum(points[-1]), points[-1][1]
    return height([(fp + tp, tp) for fp, tp in points], Fraction(top) * everything) / positives


def equal_error_rate(points: Path) -> tuple[Fraction, int]:
    """Where the ROC curve crosses tpr = 1 - fpr, and the number of the first point at or after the crossing."""
    line = roc(points)
    number = next(i for i, (fpr, tpr) in enumerate(line) if fpr >= 1 - tpr)
    a, b = line[number - 1 : number + 1]
    return between(a, b, (1 - sum(a)) / (sum(b) - sum(a)))[0], number


def ks_statistic(points: Path) -> tuple[Fraction, int]:
    """Largest difference of the rates, and the number of the first point that has it."""
    gaps = [abs(tpr - fpr) for fpr, tpr in roc(points)]
    return max(gaps), gaps.index(max(gaps))
