"""preds, target -> score, for one-off use: each function is its class, built, updated once and computed without syncing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from torch import Tensor

from torch_binmetrics.metrics import binary
from torch_binmetrics.metrics.metric import Metric

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class OneOff(Protocol[T_co]):
    """``preds``, ``target``, then the arguments of the class; ``weight`` makes the counts weighted."""

    def __call__(self, preds: Tensor, target: Tensor, *args: Any, weight: Tensor | None = None, **options: Any) -> T_co:
        """The score of these samples; shapes and errors as of ``update`` and ``compute`` of the class."""


def _one_off(name: str, metric: Callable[..., Metric[T]]) -> OneOff[T]:
    """The function of a class, by that name."""

    def function(preds: Tensor, target: Tensor, *args: Any, weight: Tensor | None = None, **options: Any) -> T:
        once = metric(*args, weighted=weight is not None, **options)
        once.update(preds, target, weight)
        return once.compute(sync=False)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""One-off :class:`~torch_binmetrics.{metric.__name__}`: the score of these samples alone.

    Args:
        preds: scores of any shape.
        target: labels 0 and 1 of the shape of ``preds``.
        args, options: those of the class.
        weight: weights >= 0 of the shape of ``preds``.
    """
    return function


binary_accuracy = _one_off("binary_accuracy", binary.BinaryAccuracy)
binary_auroc = _one_off("binary_auroc", binary.BinaryAUROC)
binary_average_precision = _one_off("binary_average_precision", binary.BinaryAveragePrecision)
binary_balanced_accuracy = _one_off("binary_balanced_accuracy", binary.BinaryBalancedAccuracy)
binary_best_threshold = _one_off("binary_best_threshold", binary.BinaryBestThreshold)
binary_brier_score = _one_off("binary_brier_score", binary.BinaryBrierScore)
binary_calibration_error = _one_off("binary_calibration_error", binary.BinaryCalibrationError)
binary_calibration_ratio = _one_off("binary_calibration_ratio", binary.BinaryCalibrationRatio)
binary_capture = _one_off("binary_capture", binary.BinaryCapture)
binary_cohen_kappa = _one_off("binary_cohen_kappa", binary.BinaryCohenKappa)
binary_confusion_matrix = _one_off("binary_confusion_matrix", binary.BinaryConfusionMatrix)
binary_cumulative_gains = _one_off("binary_cumulative_gains", binary.BinaryCumulativeGains)
binary_det_curve = _one_off("binary_det_curve", binary.BinaryDETCurve)
binary_diagnostic_odds_ratio = _one_off("binary_diagnostic_odds_ratio", binary.BinaryDiagnosticOddsRatio)
binary_eer = _one_off("binary_eer", binary.BinaryEER)
binary_expected_cost = _one_off("binary_expected_cost", binary.BinaryExpectedCost)
binary_f1_score = _one_off("binary_f1_score", binary.BinaryF1Score)
binary_false_discovery_rate = _one_off("binary_false_discovery_rate", binary.BinaryFalseDiscoveryRate)
binary_false_negative_rate = _one_off("binary_false_negative_rate", binary.BinaryFalseNegativeRate)
binary_false_omission_rate = _one_off("binary_false_omission_rate", binary.BinaryFalseOmissionRate)
binary_false_positive_rate = _one_off("binary_false_positive_rate", binary.BinaryFalsePositiveRate)
binary_fbeta_score = _one_off("binary_fbeta_score", binary.BinaryFBetaScore)
binary_fowlkes_mallows = _one_off("binary_fowlkes_mallows", binary.BinaryFowlkesMallows)
binary_geometric_mean = _one_off("binary_geometric_mean", binary.BinaryGeometricMean)
binary_gini = _one_off("binary_gini", binary.BinaryGini)
binary_hamming_distance = _one_off("binary_hamming_distance", binary.BinaryHammingDistance)
binary_hinge_loss = _one_off("binary_hinge_loss", binary.BinaryHingeLoss)
binary_informedness = _one_off("binary_informedness", binary.BinaryInformedness)
binary_jaccard_index = _one_off("binary_jaccard_index", binary.BinaryJaccardIndex)
binary_ks_statistic = _one_off("binary_ks_statistic", binary.BinaryKSStatistic)
binary_lift_curve = _one_off("binary_lift_curve", binary.BinaryLiftCurve)
binary_log_auc = _one_off("binary_log_auc", binary.BinaryLogAUC)
binary_log_loss = _one_off("binary_log_loss", binary.BinaryLogLoss)
binary_markedness = _one_off("binary_markedness", binary.BinaryMarkedness)
binary_matthews_corrcoef = _one_off("binary_matthews_corrcoef", binary.BinaryMatthewsCorrCoef)
binary_mean_prediction = _one_off("binary_mean_prediction", binary.BinaryMeanPrediction)
binary_negative_likelihood_ratio = _one_off("binary_negative_likelihood_ratio", binary.BinaryNegativeLikelihoodRatio)
binary_negative_predictive_value = _one_off("binary_negative_predictive_value", binary.BinaryNegativePredictiveValue)
binary_normalized_entropy = _one_off("binary_normalized_entropy", binary.BinaryNormalizedEntropy)
binary_partial_auroc = _one_off("binary_partial_auroc", binary.BinaryPartialAUROC)
binary_positive_likelihood_ratio = _one_off("binary_positive_likelihood_ratio", binary.BinaryPositiveLikelihoodRatio)
binary_precision = _one_off("binary_precision", binary.BinaryPrecision)
binary_precision_at_fixed_recall = _one_off("binary_precision_at_fixed_recall", binary.BinaryPrecisionAtFixedRecall)
binary_precision_recall_auc = _one_off("binary_precision_recall_auc", binary.BinaryPrecisionRecallAUC)
binary_precision_recall_curve = _one_off("binary_precision_recall_curve", binary.BinaryPrecisionRecallCurve)
binary_precision_recall_gain_auc = _one_off("binary_precision_recall_gain_auc", binary.BinaryPrecisionRecallGainAUC)
binary_predicted_positive_rate = _one_off("binary_predicted_positive_rate", binary.BinaryPredictedPositiveRate)
binary_prevalence = _one_off("binary_prevalence", binary.BinaryPrevalence)
binary_prevalence_threshold = _one_off("binary_prevalence_threshold", binary.BinaryPrevalenceThreshold)
binary_recall = _one_off("binary_recall", binary.BinaryRecall)
binary_recall_at_fixed_fpr = _one_off("binary_recall_at_fixed_fpr", binary.BinaryRecallAtFixedFPR)
binary_recall_at_fixed_precision = _one_off("binary_recall_at_fixed_precision", binary.BinaryRecallAtFixedPrecision)
binary_reliability_curve = _one_off("binary_reliability_curve", binary.BinaryReliabilityCurve)
binary_roc = _one_off("binary_roc", binary.BinaryROC)
binary_sensitivity_at_specificity = _one_off("binary_sensitivity_at_specificity", binary.BinarySensitivityAtSpecificity)
binary_specificity = _one_off("binary_specificity", binary.BinarySpecificity)
binary_specificity_at_sensitivity = _one_off("binary_specificity_at_sensitivity", binary.BinarySpecificityAtSensitivity)
binary_stat_scores = _one_off("binary_stat_scores", binary.BinaryStatScores)
binary_threshold_at_fixed_recall = _one_off("binary_threshold_at_fixed_recall", binary.BinaryThresholdAtFixedRecall)
