"""Operating points as one would choose them by hand: exact fractions at every distinct score, the rule applied to each."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

Oracle = Callable[..., Any]


class Point(NamedTuple):
    """A threshold and what it makes of all samples, in exact sums of weights."""

    threshold: float
    tp: Fraction
    fp: Fraction
    tn: Fraction
    fn: Fraction

    @property
    def recall(self):
        return ratio(self.tp, self.tp + self.fn)

    @property
    def precision(self):
        return ratio(self.tp, self.tp + self.fp)

    @property
    def specificity(self):
        return ratio(self.tn, self.tn + self.fp)

    @property
    def fpr(self):
        return ratio(self.fp, self.tn + self.fp)


def ratio(top, bottom):
    """A fraction, or None for 0 / 0."""
    return top / bottom if bottom else None


def points(y, scores, weights=None) -> list[Point]:
    """A point at every distinct score that has weight, ascending, and one above them all."""
    exact = [Fraction(1)] * len(y) if weights is None else [Fraction(float(weight)) for weight in weights]
    samples = [(float(score), int(label), weight) for score, label, weight in zip(scores, y, exact, strict=True) if weight]
    thresholds = [*sorted({score for score, _, _ in samples}), np.inf]
    totals = {label: sum((w for _, one, w in samples if one == label), Fraction(0)) for label in (0, 1)}
    at = {(t, label): Fraction(0) for t in thresholds for label in (0, 1)}
    for score, label, weight in samples:
        at[score, label] += weight
    found, tp, fp = [], Fraction(0), Fraction(0)
    for t in reversed(thresholds):
        tp, fp = tp + at[t, 1], fp + at[t, 0]
        found.append(Point(t, tp, fp, totals[0] - fp, totals[1] - tp))
    return found[::-1]


def chosen(value, allowed=lambda p, **_: True, merit=None) -> Oracle:
    """The oracle of a rule: of the allowed points with a value the one of highest merit, then of highest threshold."""

    def oracle(y, scores, weights=None, *, from_logits=False, logit_thresholds=False, **options):
        able = [p for p in points(y, scores, weights) if value(p, **options) is not None and allowed(p, **options)]
        best = max(able, key=lambda p: ((merit or value)(p, **options), p.threshold))
        as_given = logit_thresholds or not from_logits or best.threshold == np.inf
        return float(value(best, **options)), best.threshold if as_given else expit(best.threshold)

    return oracle


def fbeta(p, beta=1.0):
    """Harmonic mean of recall and precision, by weights beta^2 and 1; 0 where one of them is 0."""
    squared = Fraction(beta) ** 2
    if not p.tp:
        return Fraction(0) if p.fp + p.fn else None
    return (1 + squared) / (squared / p.recall + 1 / p.precision)


def youden(p):
    """Recall - fpr."""
    return p.recall - p.fpr


def mcc(p):
    """The geometric mean of informedness and markedness, by its sign and square, as a float; None if undefined."""
    if p.precision is None or not p.tn + p.fn:
        return None
    square = (p.recall - p.fpr) * (p.precision - p.fn / (p.tn + p.fn))
    return float(square) ** 0.5 * (1 if p.recall >= p.fpr else -1)


def squared_mcc(p):
    """The same in another, exact measure of the same order."""
    square = (p.recall - p.fpr) * (p.precision - p.fn / (p.tn + p.fn))
    return square if p.recall >= p.fpr else -square


def accuracy(p):
    """Share called right."""
    return (p.tp + p.tn) / (p.tp + p.fp + p.tn + p.fn)


def balanced_accuracy(p):
    """Mean of recall and specificity."""
    return (p.recall + p.specificity) / 2


def cost(p, cost_fp, cost_fn):
    """Mean cost."""
    return (Fraction(cost_fp) * p.fp + Fraction(cost_fn) * p.fn) / (p.tp + p.fp + p.tn + p.fn)


BY_CRITERION = {
    "f1": chosen(fbeta),
    "fbeta": chosen(fbeta),
    "mcc": chosen(mcc, merit=squared_mcc),
    "youden": chosen(youden),
    "accuracy": chosen(accuracy),
    "balanced_accuracy": chosen(balanced_accuracy),
    "cost": chosen(cost, merit=lambda p, **costs: -cost(p, **costs)),
}


def best_threshold(y, scores, weights=None, *, criterion="f1", **options):
    """The oracle of the best threshold by a criterion."""
    return BY_CRITERION[criterion](y, scores, weights, **options)


def recall(p, **_):
    return p.recall


recall_at_fixed_precision = chosen(recall, lambda p, min_precision: p.precision is None or float(p.precision) >= min_precision)
precision_at_fixed_recall = chosen(
    lambda p, **_: p.precision,
    lambda p, min_recall: float(p.recall) >= min_recall,
    merit=lambda p, **_: (p.precision, p.recall),
)
sensitivity_at_specificity = chosen(recall, lambda p, min_specificity: float(p.specificity) >= min_specificity)
specificity_at_sensitivity = chosen(lambda p, **_: p.specificity, lambda p, min_sensitivity: float(p.recall) >= min_sensitivity)
recall_at_fixed_fpr = chosen(recall, lambda p, max_fpr: float(p.fpr) <= max_fpr)
threshold_at_fixed_recall = chosen(
    recall, lambda p, min_recall: float(p.recall) >= min_recall, merit=lambda p, **_: p.threshold
)
