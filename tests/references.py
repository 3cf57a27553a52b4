"""What scikit-learn has no function for, written out from the definition in exact fractions of the samples' path."""

from __future__ import annotations

import itertools
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
