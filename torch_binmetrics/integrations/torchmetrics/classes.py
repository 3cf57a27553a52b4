"""The drop-in classes, one score each; what they count and how it is synced is in the layers below."""

from __future__ import annotations

from torchmetrics import classification as peers

from torch_binmetrics.integrations.torchmetrics import conventions, points, sums
from torch_binmetrics.integrations.torchmetrics.conventions import or_else
from torch_binmetrics.integrations.torchmetrics.families import AlongThresholds, AtThreshold, OfSums
from torch_binmetrics.measures import scores


class BinaryStatScores(AtThreshold, like=peers.BinaryStatScores):
    """Running tp, fp, tn, fn and support, as torchmetrics' ``BinaryStatScores``."""

    is_scalar = False
    score = staticmethod(scores.stat_scores)


class BinaryAccuracy(AtThreshold, like=peers.BinaryAccuracy):
    """Running accuracy, as torchmetrics' ``BinaryAccuracy``."""

    score = staticmethod(or_else(scores.accuracy))


class BinaryPrecision(AtThreshold, like=peers.BinaryPrecision):
    """Running precision, as torchmetrics' ``BinaryPrecision``."""

    score = staticmethod(or_else(scores.precision))


class BinaryRecall(AtThreshold, like=peers.BinaryRecall):
    """Running recall, as torchmetrics' ``BinaryRecall``."""

    score = staticmethod(or_else(scores.recall))


class BinarySpecificity(AtThreshold, like=peers.BinarySpecificity):
    """Running specificity, as torchmetrics' ``BinarySpecificity``."""

    score = staticmethod(or_else(scores.specificity))


class BinaryNegativePredictiveValue(AtThreshold, like=peers.BinaryNegativePredictiveValue):
    """Running negative predictive value, as torchmetrics' ``BinaryNegativePredictiveValue``."""

    score = staticmethod(or_else(scores.negative_predictive_value))


class BinaryF1Score(AtThreshold, like=peers.BinaryF1Score):
    """Running F1, as torchmetrics' ``BinaryF1Score``."""

    score = staticmethod(or_else(scores.fbeta))


class BinaryFBetaScore(AtThreshold, like=peers.BinaryFBetaScore):
    """Running F-beta, as torchmetrics' ``BinaryFBetaScore``."""

    score = staticmethod(or_else(scores.fbeta))


class BinaryHammingDistance(AtThreshold, like=peers.BinaryHammingDistance):
    """Running Hamming distance, as torchmetrics' ``BinaryHammingDistance``."""

    score = staticmethod(or_else(scores.hamming_distance, 1.0))


class BinaryJaccardIndex(AtThreshold, like=peers.BinaryJaccardIndex):
    """Running Jaccard index, as torchmetrics' ``BinaryJaccardIndex``."""

    score = staticmethod(or_else(scores.jaccard_index))


class BinaryMatthewsCorrCoef(AtThreshold, like=peers.BinaryMatthewsCorrCoef):
    """Running Matthews correlation, as torchmetrics' ``BinaryMatthewsCorrCoef``."""

    score = staticmethod(conventions.matthews_corrcoef)


class BinaryCohenKappa(AtThreshold, like=peers.BinaryCohenKappa):
    """Running Cohen's kappa, as torchmetrics' ``BinaryCohenKappa``."""

    score = staticmethod(conventions.cohen_kappa)


class BinaryConfusionMatrix(AtThreshold, like=peers.BinaryConfusionMatrix):
    """Running confusion matrix, as torchmetrics' ``BinaryConfusionMatrix``."""

    is_scalar = False
    score = staticmethod(conventions.confusion_matrix)


class BinaryROC(AlongThresholds, like=peers.BinaryROC):
    """Running ROC curve, as torchmetrics' ``BinaryROC``."""

    is_scalar = False
    score = staticmethod(conventions.roc)


class BinaryPrecisionRecallCurve(AlongThresholds, like=peers.BinaryPrecisionRecallCurve):
    """Running precision-recall curve, as torchmetrics' ``BinaryPrecisionRecallCurve``."""

    is_scalar = False
    score = staticmethod(conventions.precision_recall_curve)


class BinaryAUROC(AlongThresholds, like=peers.BinaryAUROC):
    """Running area under the ROC curve, as torchmetrics' ``BinaryAUROC``."""

    score = staticmethod(conventions.auroc)


class BinaryAveragePrecision(AlongThresholds, like=peers.BinaryAveragePrecision):
    """Running average precision, as torchmetrics' ``BinaryAveragePrecision``."""

    score = staticmethod(conventions.average_precision)


class BinaryRecallAtFixedPrecision(AlongThresholds, like=peers.BinaryRecallAtFixedPrecision):
    """Running greatest recall at a precision, and its threshold, as torchmetrics' ``BinaryRecallAtFixedPrecision``."""

    is_scalar = False
    score = staticmethod(points.recall_at_precision)


class BinaryPrecisionAtFixedRecall(AlongThresholds, like=peers.BinaryPrecisionAtFixedRecall):
    """Running greatest precision at a recall, and its threshold, as torchmetrics' ``BinaryPrecisionAtFixedRecall``."""

    is_scalar = False
    score = staticmethod(points.precision_at_recall)


class BinarySensitivityAtSpecificity(AlongThresholds, like=peers.BinarySensitivityAtSpecificity):
    """Running greatest sensitivity at a specificity, and its threshold, as torchmetrics' ``BinarySensitivityAtSpecificity``."""

    is_scalar = False
    score = staticmethod(points.sensitivity_at_specificity)


class BinarySpecificityAtSensitivity(AlongThresholds, like=peers.BinarySpecificityAtSensitivity):
    """Running greatest specificity at a sensitivity, and its threshold, as torchmetrics' ``BinarySpecificityAtSensitivity``."""

    is_scalar = False
    score = staticmethod(points.specificity_at_sensitivity)


class BinaryEER(AlongThresholds, like=peers.BinaryEER):
    """Running equal error rate, as torchmetrics' ``BinaryEER``."""

    score = staticmethod(points.equal_error_rate)


class BinaryLogAUC(AlongThresholds, like=peers.BinaryLogAUC):
    """Running area under the ROC curve over log false positive rate, as torchmetrics' ``BinaryLogAUC``."""

    score = staticmethod(points.log_auc)


class BinaryCalibrationError(OfSums, like=peers.BinaryCalibrationError):
    """Running calibration error, as torchmetrics' ``BinaryCalibrationError``."""

    score = staticmethod(sums.calibration_error)


class BinaryHingeLoss(OfSums, like=peers.BinaryHingeLoss):
    """Running mean hinge loss, as torchmetrics' ``BinaryHingeLoss``."""

    score = staticmethod(sums.hinge_loss)
