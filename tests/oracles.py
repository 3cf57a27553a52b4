"""For every named metric what scikit-learn says of the same samples, and random samples to ask about."""

from __future__ import annotations

from collections.abc import Callable
from operator import truediv
from typing import Any, NamedTuple

import numpy as np
import reference_points
import references
import torch
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import entropy
from sklearn import metrics as sk
from torch import Tensor

import torch_binmetrics as tb

Oracle = Callable[..., Any]
NAMED = {name: getattr(tb, name) for name in tb.__all__ if name.startswith("Binary")}
AT_THRESHOLD = {name: named for name, named in NAMED.items() if issubclass(named, tb.metrics.AtThreshold)}
AREAS = {name: named for name, named in NAMED.items() if issubclass(named, tb.metrics.OverCuts)}
POINTS = {name: named for name, named in NAMED.items() if issubclass(named, tb.metrics.AtBest)}
CURVES = {name: named for name, named in NAMED.items() if issubclass(named, tb.metrics.AlongCuts) and name not in POINTS}
SUMS = {name: named for name, named in NAMED.items() if issubclass(named, tb.metrics.OfSums)}


def at(score: Oracle, **fixed: Any) -> Oracle:
    """The oracle of a score at a threshold, which is a probability and compared in float32."""

    def oracle(y, scores, weights=None, *, threshold=0.5, from_logits=False, **options):
        cut = np.float32(logit(threshold) if from_logits else threshold)
        return score(y, scores >= cut, sample_weight=weights, **fixed, **options)

    return oracle


def over(area: Oracle) -> Oracle:
    """The oracle of an area, for which logits are scores as good as any."""
    return lambda y, scores, weights=None, *, from_logits=False, **options: area(y, scores, sample_weight=weights, **options)


def matrix(y, called, *, sample_weight, **options):
    """scikit-learn's confusion matrix, where a class may be missing."""
    return sk.confusion_matrix(y, called, labels=[0, 1], sample_weight=sample_weight, **options)


def stats(y, called, *, sample_weight):
    """tp, fp, tn, fn and support."""
    (tn, fp), (fn, tp) = matrix(y, called, sample_weight=sample_weight)
    return np.array([tp, fp, tn, fn, tp + fn])


def f1_along(y, scores):
    """F1 at each distinct score as a threshold, from scikit-learn's precision and recall there."""
    precision, recall, _ = sk.precision_recall_curve(y, scores)
    both = (precision + recall)[:-1]
    return 2 * (precision * recall)[:-1] / np.where(both > 0, both, 1)


def missed(y, called, *, sample_weight, pos_label):
    """Share of a class that is not found."""
    return 1 - sk.recall_score(y, called, sample_weight=sample_weight, pos_label=pos_label)


def others(y, called, *, sample_weight, pos_label):
    """Share of the samples that are called so and are of the other class."""
    return sk.precision_score(1 - y, called, sample_weight=sample_weight, pos_label=pos_label)


def labelled(y, called, *, sample_weight):
    """Mean label."""
    return np.average(y, weights=sample_weight)


def predicted(y, called, *, sample_weight):
    """Mean prediction."""
    return np.average(called, weights=sample_weight)


def swapped(score: Oracle, **fixed: Any) -> Oracle:
    """A score that takes the predictions for the labels, and the labels for the predictions."""
    return lambda y, called, *, sample_weight: score(called.astype(int), y, sample_weight=sample_weight, **fixed)


def fowlkes_mallows(y, called, *, sample_weight):
    """Cosine of the angle between labels and predictions."""
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    return (weights * y * called).sum() / (np.linalg.norm(weights**0.5 * y) * np.linalg.norm(weights**0.5 * called))


def likelihood_ratios(y, called, *, sample_weight, then):
    """What is made of scikit-learn's positive and negative likelihood ratio."""
    return then(*sk.class_likelihood_ratios(y, called, labels=[0, 1], sample_weight=sample_weight))


def prevalence_threshold(y, called, *, sample_weight):
    """The prevalence p at which precision, r p / (r p + f (1 - p)) by Bayes' rule, is 1 - p: r p^2 = f (1 - p)^2."""
    r = sk.recall_score(y, called, sample_weight=sample_weight)
    (tn, fp), _ = sk.confusion_matrix(y, called, sample_weight=sample_weight, labels=[0, 1])
    f = fp / (tn + fp)  # 1 - specificity would lose the digits of a small one
    return brentq(lambda p: r * p**2 - f * (1 - p) ** 2, 0, 1, xtol=1e-15, rtol=1e-14)


def geometric_mean(y, called, *, sample_weight):
    """Of the shares found of both classes."""
    return np.prod(sk.recall_score(y, called, sample_weight=sample_weight, labels=[0, 1], average=None)) ** 0.5


def cost(y, called, *, sample_weight, cost_fp=1.0, cost_fn=1.0):
    """Mean over the samples of what each one costs."""
    return np.average(np.where(y == 1, cost_fn, cost_fp) * (y != called), weights=sample_weight)


def roc(y, scores, weights=None, *, from_logits=False, logit_thresholds=False):
    """ROC with every point kept; the thresholds of logits are reported as probabilities, but for the infinite first one."""
    fpr, tpr, thresholds = sk.roc_curve(y, scores, sample_weight=weights, drop_intermediate=False)
    if from_logits and not logit_thresholds:
        thresholds[1:] = expit(thresholds[1:])
    return fpr, tpr, thresholds


def precision_recall(y, scores, weights=None, *, from_logits=False, logit_thresholds=False):
    """Precision-recall curve; the thresholds of logits are reported as probabilities."""
    precision, recall, thresholds = sk.precision_recall_curve(y, scores, sample_weight=weights)
    return precision, recall, expit(thresholds) if from_logits and not logit_thresholds else thresholds


def det(y, scores, weights=None, **options):
    """False positive and negative rates at ascending thresholds: the points of the ROC, from its other end."""
    fpr, tpr, thresholds = roc(y, scores, weights, **options)
    return fpr[::-1], 1 - tpr[::-1], thresholds[::-1]


def gains(y, scores, weights=None, **options):
    """Share called positive and recall at descending thresholds."""
    fpr, tpr, thresholds = roc(y, scores, weights, **options)
    prevalence = np.average(y, weights=weights)
    return fpr * (1 - prevalence) + tpr * prevalence, tpr, thresholds


def lift(y, scores, weights=None, **options):
    """Precision over prevalence, against the share called positive, at descending thresholds."""
    depth, _, thresholds = gains(y, scores, weights, **options)
    precision, _, _ = precision_recall(y, scores, weights)
    return depth[1:], precision[-2::-1] / np.average(y, weights=weights), thresholds[1:]


def point(best: Callable[..., Any]) -> Oracle:
    """The oracle of a value and its threshold, which is a probability where scores are logits."""

    def oracle(y, scores, weights=None, *, from_logits=False, logit_thresholds=False):
        value, number = best(references.path(y, scores, weights))
        threshold = roc(y, scores, weights, from_logits=from_logits, logit_thresholds=logit_thresholds)[2][number]
        return float(value), threshold

    return oracle


def trapezoids(y, scores, *, sample_weight):
    """Area under the PR curve through its points."""
    precision, recall, _ = sk.precision_recall_curve(y, scores, sample_weight=sample_weight)
    return sk.auc(recall, precision)


def of_probabilities(score: Oracle) -> Oracle:
    """The oracle of a score of probabilities, which those of logits are the logistic function of."""

    def oracle(y, scores, weights=None, *, from_logits=False, **options):
        weights = np.ones(len(y)) if weights is None else weights
        return score(y, expit(scores) if from_logits else scores, weights, **options)

    return oracle


def losses(y, scores, *, from_logits, eps=0.0):
    """Minus the log of the probability of each label, clipped."""
    z = np.where(y == 1, -scores, scores)
    with np.errstate(divide="ignore"):
        loss = np.logaddexp(0, z) if from_logits else -np.log(np.where(y == 1, scores, 1 - scores))
    return loss if eps == 0 else np.clip(loss, -np.log1p(-eps), -np.log(eps))


def mean_loss(y, scores, weights=None, *, from_logits=False, eps=0.0):
    """Mean log loss, infinite losses included unless they have no weight; scikit-learn's own always clips."""
    weights = np.ones(len(y)) if weights is None else weights
    return np.average(losses(y, scores, from_logits=from_logits, eps=eps)[weights > 0], weights=weights[weights > 0])


def entropy_ratio(y, scores, weights=None, **options):
    """Mean log loss over the entropy of the labels, in nats."""
    return mean_loss(y, scores, weights, **options) / entropy(
        [1 - np.average(y, weights=weights), np.average(y, weights=weights)]
    )


def hinge(y, scores, weights=None, *, squared=False, **_):
    """scikit-learn's hinge loss of decision values, or that of squared losses."""
    if not squared:
        return sk.hinge_loss(y, scores, sample_weight=weights)
    return np.average(np.square(np.maximum(1 - (2 * y - 1) * scores, 0)), weights=weights)


def reliability(y, scores, weights=None, *, from_logits=False, n_bins=15, strategy="uniform"):
    """Mean probability, share of positives and weight in every bin, sample by sample."""
    p = expit(scores) if from_logits else scores
    w = np.ones(len(y), dtype=int) if weights is None else weights
    if strategy == "uniform":
        edges = np.arange(1, n_bins) / n_bins
        group = (scores[:, None] >= np.float32(logit(edges) if from_logits else edges)).sum(1)
    else:
        below = np.array([w[scores < score].sum() for score in scores])
        total = len(y) - 1 if weights is None else w.sum()
        group = (np.arange(1, n_bins) * total < n_bins * below[:, None]).sum(1)
    inside = [group == k for k in range(n_bins)]
    sums = np.array([[(w * column)[chosen].sum() for chosen in inside] for column in (p, y)])
    counts = np.array([w[chosen].sum() for chosen in inside])
    with np.errstate(invalid="ignore"):
        return *(sums / counts), counts


def calibration(y, scores, weights=None, *, norm="l1", **options):
    """Expected, root-mean-square or maximum calibration error."""
    predicted, found, counts = (row[np.isfinite(row)] for row in reliability(y, scores, weights, **options))
    gap, share = np.abs(predicted - found), counts[counts > 0] / counts.sum()
    return {"max": gap.max(), "l1": (gap * share).sum(), "l2": np.sqrt((gap**2 * share).sum())}[norm]


THRESHOLDS = ({}, {"threshold": 0.3}, {"threshold": 0.9})
CRITERIA = tuple({"criterion": name} for name in ("f1", "mcc", "youden", "accuracy", "balanced_accuracy"))
CRITERIA += ({"criterion": "fbeta", "beta": 2.0}, {"criterion": "cost", "cost_fp": 1.0, "cost_fn": 7.5})


def limits(name: str) -> tuple[dict[str, Any], ...]:
    """What a metric at a fixed rate is built with: usual limits, and one that only a perfect rate meets."""
    return tuple({name: limit} for limit in (0.9, 0.5, 1.0))


#: Class name -> what to build it with, and the oracle on labels, float64 scores, weights and what it was built with.
ORACLES: dict[str, tuple[tuple[dict[str, Any], ...], Oracle]] = {
    "BinaryAccuracy": (THRESHOLDS, at(sk.accuracy_score)),
    "BinaryBalancedAccuracy": (THRESHOLDS, at(sk.balanced_accuracy_score)),
    "BinaryPrecision": (THRESHOLDS, at(sk.precision_score)),
    "BinaryRecall": (THRESHOLDS, at(sk.recall_score)),
    "BinarySpecificity": (THRESHOLDS, at(sk.recall_score, pos_label=0)),
    "BinaryNegativePredictiveValue": (THRESHOLDS, at(sk.precision_score, pos_label=0)),
    "BinaryFalsePositiveRate": (THRESHOLDS, at(missed, pos_label=0)),
    "BinaryFalseNegativeRate": (THRESHOLDS, at(missed, pos_label=1)),
    "BinaryF1Score": (THRESHOLDS, at(sk.f1_score)),
    "BinaryFBetaScore": (({"beta": 0.5}, {"beta": 2}, {"beta": 2.0, "threshold": 0.3}), at(sk.fbeta_score)),
    "BinaryMatthewsCorrCoef": (THRESHOLDS, at(sk.matthews_corrcoef)),
    "BinaryCohenKappa": (THRESHOLDS, at(sk.cohen_kappa_score)),
    "BinaryJaccardIndex": (THRESHOLDS, at(sk.jaccard_score)),
    "BinaryHammingDistance": (THRESHOLDS, at(sk.hamming_loss)),
    "BinaryStatScores": (THRESHOLDS, at(stats)),
    "BinaryConfusionMatrix": ((*THRESHOLDS, *({"normalize": by} for by in (None, "true", "pred", "all"))), at(matrix)),
    "BinaryFalseDiscoveryRate": (THRESHOLDS, at(others, pos_label=1)),
    "BinaryFalseOmissionRate": (THRESHOLDS, at(others, pos_label=0)),
    "BinaryPrevalence": (THRESHOLDS, at(labelled)),
    "BinaryPredictedPositiveRate": (THRESHOLDS, at(predicted)),
    "BinaryInformedness": (THRESHOLDS, at(sk.balanced_accuracy_score, adjusted=True)),
    "BinaryMarkedness": (THRESHOLDS, at(swapped(sk.balanced_accuracy_score, adjusted=True))),
    "BinaryFowlkesMallows": (THRESHOLDS, at(fowlkes_mallows)),
    "BinaryPositiveLikelihoodRatio": (THRESHOLDS, at(likelihood_ratios, then=lambda positive, _: positive)),
    "BinaryNegativeLikelihoodRatio": (THRESHOLDS, at(likelihood_ratios, then=lambda _, negative: negative)),
    "BinaryDiagnosticOddsRatio": (THRESHOLDS, at(likelihood_ratios, then=truediv)),
    "BinaryPrevalenceThreshold": (THRESHOLDS, at(prevalence_threshold)),
    "BinaryGeometricMean": (THRESHOLDS, at(geometric_mean)),
    "BinaryExpectedCost": ((*THRESHOLDS, {"cost_fp": 0.5, "cost_fn": 7, "threshold": 0.3}), at(cost)),
    "BinaryROC": (({},), roc),
    "BinaryPrecisionRecallCurve": (({},), precision_recall),
    "BinaryAUROC": (({}, {"max_fpr": 0.1}, {"max_fpr": 0.5}, {"max_fpr": 1}), over(sk.roc_auc_score)),
    "BinaryAveragePrecision": (({},), over(sk.average_precision_score)),
    "BinaryDETCurve": (({},), det),
    "BinaryCumulativeGains": (({},), gains),
    "BinaryLiftCurve": (({},), lift),
    "BinaryGini": (({},), lambda *data, **options: 2 * over(sk.roc_auc_score)(*data, **options) - 1),
    "BinaryPrecisionRecallAUC": (({},), over(trapezoids)),
    "BinaryPartialAUROC": (
        (
            {},
            {"fpr_range": (0.0, 0.1)},
            {"fpr_range": (0.2, 0.5)},
            {"tpr_range": (0.8, 1.0)},
            {"fpr_range": (0.0, 0.3), "tpr_range": (0.6, 1.0)},
        ),
        references.of_samples(references.partial_auroc),
    ),
    "BinaryLogAUC": (
        ({}, {"fpr_range": (0.01, 0.5)}, {"fpr_range": (0.3, 1.0)}),
        references.of_samples(references.log_auc),
    ),
    "BinaryCapture": (({}, {"top": 0.5}, {"top": 1.0}, {"top": 1e-3}), references.of_samples(references.capture)),
    "BinaryEER": (({},), point(references.equal_error_rate)),
    "BinaryKSStatistic": (({},), point(references.ks_statistic)),
    "BinaryPrecisionRecallGainAUC": (({},), references.of_samples(references.precision_recall_gain_auc)),
    "BinaryBrierScore": (({},), of_probabilities(lambda y, p, w: sk.brier_score_loss(y, p, sample_weight=w))),
    "BinaryLogLoss": (({}, {"eps": 1e-7}), mean_loss),
    "BinaryNormalizedEntropy": (({"eps": 1e-7},), entropy_ratio),
    "BinaryCalibrationRatio": (({},), of_probabilities(lambda y, p, w: (w * p).sum() / (w * y).sum())),
    "BinaryMeanPrediction": (({},), of_probabilities(lambda y, p, w: np.average(p, weights=w))),
    "BinaryHingeLoss": (({}, {"squared": True}), hinge),
    "BinaryReliabilityCurve": (({}, {"n_bins": 4}, {"n_bins": 5, "strategy": "quantile"}), reliability),
    "BinaryCalibrationError": (
        ({}, {"norm": "l2"}, {"norm": "max"}, {"n_bins": 10}, {"n_bins": 5, "strategy": "quantile"}),
        calibration,
    ),
    "BinaryRecallAtFixedPrecision": (limits("min_precision"), reference_points.recall_at_fixed_precision),
    "BinaryPrecisionAtFixedRecall": (limits("min_recall"), reference_points.precision_at_fixed_recall),
    "BinarySensitivityAtSpecificity": (limits("min_specificity"), reference_points.sensitivity_at_specificity),
    "BinarySpecificityAtSensitivity": (limits("min_sensitivity"), reference_points.specificity_at_sensitivity),
    "BinaryRecallAtFixedFPR": (limits("max_fpr"), reference_points.recall_at_fixed_fpr),
    "BinaryThresholdAtFixedRecall": (limits("min_recall"), reference_points.threshold_at_fixed_recall),
    "BinaryBestThreshold": (CRITERIA, reference_points.best_threshold),
}
VARIANTS = [(name, options) for name, (variants, _) in ORACLES.items() for options in variants]
Variant = tuple[str, dict[str, Any]]
Samples = tuple[Tensor, ...]


def once(variant: Variant, samples: Samples, **more: Any) -> tb.Metric[Any]:
    """A named metric with these options that has seen these samples: preds, target and perhaps weights."""
    name, options = variant
    metric = NAMED[name](weighted=len(samples) == 3, **options, **more)
    metric.update(*samples)
    return metric


def ask(variant: Variant, samples: Samples, **more: Any) -> Any:
    """What the oracle says of the same; its scores are the float64 numbers that the float32 ones are."""
    name, options = variant
    preds, target, *weights = samples
    given = [weight.double().numpy() for weight in weights]
    return ORACLES[name][1](target.long().numpy(), preds.float().double().numpy(), *given, **options, **more)


def agree(ours: Any, theirs: Any) -> None:
    """Integers are equal, everything else is within 1e-12."""
    if isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            agree(one, other)
    elif ours.is_floating_point():
        np.testing.assert_allclose(ours.double().numpy(), theirs, rtol=1e-12, atol=1e-12)
    else:
        assert np.asarray(theirs).dtype.kind == "i"
        assert ours.tolist() == np.asarray(theirs).tolist()


def random_samples(seed: int, size: int, *, logits: bool = False, weighted: bool = False) -> Samples:
    """Float32 scores, many tied and many at thresholds, int64 labels, perhaps weights over three orders of magnitude.

    Four samples are added that leave no ratio undefined.
    """
    rng = np.random.default_rng(seed)
    kinds = [rng.random(size), rng.integers(0, 9, size) / 8, rng.random(size) ** 9 / 50, 1 - rng.random(size) ** 9 / 50]
    kinds += [rng.choice([0.3, 0.5, 0.7, 0.9, 0.30078125, 0.0, 1.0], size)]
    scores = np.choose(rng.integers(0, len(kinds), size), kinds)
    low, high = 0.0, 1.0
    if logits:
        scores, low, high = np.where(rng.random(size) < 0.2, np.round(8 * scores - 4), 16 * (scores - 0.5)), -9.0, 9.0
    labels = rng.random(size) < rng.choice([0.03, 0.5, 0.9]) * (0.5 + (scores > np.median(scores)) if size else 1)
    corners = torch.tensor([low, high, low, high])
    preds = torch.cat([torch.tensor(scores, dtype=torch.float32), corners])
    target = torch.cat([torch.from_numpy(labels).long(), torch.tensor([0, 0, 1, 1])])
    weights = 10 ** rng.uniform(-2, 1, size) * (rng.random(size) < 0.9)
    weights = torch.from_numpy(np.append(weights, [0.5, 1.25, 2, 0.75]))
    return (preds, target, weights) if weighted else (preds, target)


class Ranks(NamedTuple):
    """Scores and weights of negatives and positives, each 1-D, for areas by what they mean: 1 at most, but for rounding."""

    negatives: np.ndarray
    positives: np.ndarray
    v: np.ndarray
    w: np.ndarray

    def auroc(self) -> float:
        """Weighted share of pairs in the right order, ties counting half."""
        order = (self.positives[:, None] > self.negatives) + 0.5 * (self.positives[:, None] == self.negatives)
        return min(1.0, float((order * np.outer(self.w, self.v)).sum() / (self.w.sum() * self.v.sum())))

    def average_precision(self) -> float:
        """Mean over the positives of the precision at their score."""
        tp = ((self.positives >= self.positives[:, None]) * self.w).sum(1)
        fp = ((self.negatives >= self.positives[:, None]) * self.v).sum(1)
        return min(1.0, float((self.w * tp / np.where(self.w > 0, tp + fp, 1)).sum() / self.w.sum()))

    def partial_auroc(self, max_fpr: float) -> float:
        """Standardised area up to a false positive rate: points of the ROC curve interpolated, then trapezoids."""
        cuts = np.unique(np.concatenate([self.negatives, self.positives]))[::-1]
        fpr = np.concatenate([[0], ((self.negatives >= cuts[:, None]) * self.v).sum(1)]) / self.v.sum()
        tpr = np.concatenate([[0], ((self.positives >= cuts[:, None]) * self.w).sum(1)]) / self.w.sum()
        inside = fpr < max_fpr
        stop = int(inside.sum())
        end = tpr[stop - 1] + (tpr[stop] - tpr[stop - 1]) * (max_fpr - fpr[stop - 1]) / (fpr[stop] - fpr[stop - 1])
        area = np.trapezoid(np.append(tpr[inside], end), np.append(fpr[inside], max_fpr))
        least = max_fpr**2 / 2
        return min(1.0, float((1 + (area - least) / (max_fpr - least)) / 2))
