"""The drop-in classes, one measure each; what they count and how it is synced is in the layers below."""

from __future__ import annotations

from torchmetrics import classification as peers

from torch_binmetrics import measures
from torch_binmetrics.integrations.torchmetrics import conventions
from torch_binmetrics.integrations.torchmetrics.conventions import or_else
from torch_binmetrics.integrations.torchmetrics.families import AlongThresholds, AtThreshold, OfSums


class BinaryStatScores(AtThreshold, like=peers.BinaryStatScores):
    """Running tp, fp, tn, fn and support, as torchmetrics' ``BinaryStatScores``."""

    is_scalar = False
    measure = staticmethod(measures.stat_scores)


class BinaryAccuracy(AtThreshold, like=peers.BinaryAccuracy):
    """Running accuracy, as torchmetrics' ``BinaryAccuracy``."""

    measure = staticmethod(or_else(measures.accuracy))


class BinaryPrecision(AtThreshold, like=peers.BinaryPrecision):
    """Running precision, as torchmetrics' ``BinaryPrecision``."""

    measure = staticmethod(or_else(measures.precision))


class BinaryRecall(AtThreshold, like=peers.BinaryRecall):
    """Running recall, as torchmetrics' ``BinaryRecall``."""

    measure = staticmethod(or_else(measures.recall))


class BinarySpecificity(AtThreshold, like=peers.BinarySpecificity):
    """Running specificity, as torchmetrics' ``BinarySpecificity``."""

    measure = staticmethod(or_else(measures.specificity))


class BinaryNegativePredictiveValue(AtThreshold, like=peers.BinaryNegativePredictiveValue):
    """Running negative predictive value, as torchmetrics' ``BinaryNegativePredictiveValue``."""

    measure = staticmethod(or_else(measures.negative_predictive_value))


class BinaryF1Score(AtThreshold, like=peers.BinaryF1Score):
    """Running F1, as torchmetrics' ``BinaryF1Score``."""

    measure = staticmethod(or_else(measures.fbeta))


class BinaryFBetaScore(AtThreshold, like=peers.BinaryFBetaScore):
    """Running F-beta, as torchmetrics' ``BinaryFBetaScore``."""

    measure = staticmethod(or_else(measures.fbeta))


class BinaryHammingDistance(AtThreshold, like=peers.BinaryHammingDistance):
    """Running Hamming distance, as torchmetrics' ``BinaryHammingDistance``."""

    measure = staticmethod(or_else(measures.hamming_distance, 1.0))


class BinaryJaccardIndex(AtThreshold, like=peers.BinaryJaccardIndex):
    """Running Jaccard index, as torchmetrics' ``BinaryJaccardIndex``."""

    measure = staticmethod(or_else(measures.jaccard_index))


class BinaryMatthewsCorrCoef(AtThreshold, like=peers.BinaryMatthewsCorrCoef):
    """Running Matthews correlation, as torchmetrics' ``BinaryMatthewsCorrCoef``."""

    measure = staticmethod(conventions.matthews_corrcoef)


class BinaryCohenKappa(AtThreshold, like=peers.BinaryCohenKappa):
    """Running Cohen's kappa, as torchmetrics' ``BinaryCohenKappa``."""

    measure = staticmethod(conventions.cohen_kappa)


class BinaryConfusionMatrix(AtThreshold, like=peers.BinaryConfusionMatrix):
    """Running confusion matrix, as torchmetrics' ``BinaryConfusionMatrix``."""

    is_scalar = False
    measure = staticmethod(conventions.confusion_matrix)


class BinaryROC(AlongThresholds, like=peers.BinaryROC):
    """Running ROC curve, as torchmetrics' ``BinaryROC``."""

    is_scalar = False
    measure = staticmethod(conventions.roc)


class BinaryPrecisionRecallCurve(AlongThresholds, like=peers.BinaryPrecisionRecallCurve):
    """Running precision-recall curve, as torchmetrics' ``BinaryPrecisionRecallCurve``."""

    is_scalar = False
    measure = staticmethod(conventions.precision_recall_curve)


class BinaryAUROC(AlongThresholds, like=peers.BinaryAUROC):
    """Running area under the ROC curve, as torchmetrics' ``BinaryAUROC``."""

    measure = staticmethod(conventions.auroc)


class BinaryAveragePrecision(AlongThresholds, like=peers.BinaryAveragePrecision):
    """Running average precision, as torchmetrics' ``BinaryAveragePrecision``."""

    measure = staticmethod(conventions.average_precision)


class BinaryRecallAtFixedPrecision(AlongThresholds, like=peers.BinaryRecallAtFixedPrecision):
    """Running greatest recall at a precision, and its threshold, as torchmetrics' ``BinaryRecallAtFixedPrecision``."""

    is_scalar = False
    measure = staticmethod(conventions.recall_at_precision)


class BinaryPrecisionAtFixedRecall(AlongThresholds, like=peers.BinaryPrecisionAtFixedRecall):
    """Running greatest precision at a recall, and its threshold, as torchmetrics' ``BinaryPrecisionAtFixedRecall``."""

    is_scalar = False
    measure = staticmethod(conventions.precision_at_recall)


class BinarySensitivityAtSpecificity(AlongThresholds, like=peers.BinarySensitivityAtSpecificity):
    """Running greatest sensitivity at a specificity, and its threshold, as torchmetrics' ``BinarySensitivityAtSpecificity``."""

    is_scalar = False
    measure = staticmethod(conventions.sensitivity_at_specificity)


class BinarySpecificityAtSensitivity(AlongThresholds, like=peers.BinarySpecificityAtSensitivity):
    """Running greatest specificity at a sensitivity, and its threshold, as torchmetrics' ``BinarySpecificityAtSensitivity``."""

    is_scalar = False
    measure = staticmethod(conventions.specificity_at_sensitivity)


class BinaryEER(AlongThresholds, like=peers.BinaryEER):
    """Running equal error rate, as torchmetrics' ``BinaryEER``."""

    measure = staticmethod(conventions.equal_error_rate)


class BinaryLogAUC(AlongThresholds, like=peers.BinaryLogAUC):
    """Running area under the ROC curve over log false positive rate, as torchmetrics' ``BinaryLogAUC``."""

    measure = staticmethod(conventions.log_auc)


class BinaryCalibrationError(OfSums, like=peers.BinaryCalibrationError):
    """Running calibration error, as torchmetrics' ``BinaryCalibrationError``."""

    measure = staticmethod(conventions.calibration_error)


class BinaryHingeLoss(OfSums, like=peers.BinaryHingeLoss):
    """Running mean hinge loss, as torchmetrics' ``BinaryHingeLoss``."""

    measure = staticmethod(conventions.hinge_loss)
