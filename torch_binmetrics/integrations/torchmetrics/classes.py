"""The drop-in classes, one measure each; what they count and how it is synced is in the layers below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torchmetrics import classification as peers
from torchmetrics.utilities.prints import rank_zero_warn

from torch_binmetrics import measures
from torch_binmetrics.integrations.torchmetrics import conventions
from torch_binmetrics.integrations.torchmetrics.conventions import or_else
from torch_binmetrics.integrations.torchmetrics.families import AlongThresholds, AtThreshold, OfSums
from torch_binmetrics.integrations.torchmetrics.given import Options, scores_of
from torch_binmetrics.integrations.torchmetrics.states import Counts


class BinaryStatScores(AtThreshold, peers.BinaryStatScores):
    """Running tp, fp, tn, fn and support, as torchmetrics' ``BinaryStatScores``."""

    is_scalar = False
    measure = staticmethod(measures.stat_scores)


class BinaryAccuracy(AtThreshold, peers.BinaryAccuracy):
    """Running accuracy, as torchmetrics' ``BinaryAccuracy``."""

    measure = staticmethod(or_else(measures.accuracy))


class BinaryPrecision(AtThreshold, peers.BinaryPrecision):
    """Running precision, as torchmetrics' ``BinaryPrecision``."""

    measure = staticmethod(or_else(measures.precision))
    takes = ("zero_division",)


class BinaryRecall(AtThreshold, peers.BinaryRecall):
    """Running recall, as torchmetrics' ``BinaryRecall``."""

    measure = staticmethod(or_else(measures.recall))
    takes = ("zero_division",)


class BinarySpecificity(AtThreshold, peers.BinarySpecificity):
    """Running specificity, as torchmetrics' ``BinarySpecificity``."""

    measure = staticmethod(or_else(measures.specificity))


class BinaryNegativePredictiveValue(AtThreshold, peers.BinaryNegativePredictiveValue):
    """Running negative predictive value, as torchmetrics' ``BinaryNegativePredictiveValue``."""

    measure = staticmethod(or_else(measures.negative_predictive_value))


class BinaryF1Score(AtThreshold, peers.BinaryF1Score):
    """Running F1, as torchmetrics' ``BinaryF1Score``."""

    measure = staticmethod(or_else(measures.fbeta))
    takes = ("zero_division",)


class BinaryFBetaScore(AtThreshold, peers.BinaryFBetaScore):
    """Running F-beta, as torchmetrics' ``BinaryFBetaScore``."""

    measure = staticmethod(or_else(measures.fbeta))
    takes = (
        "beta",
        "zero_division",
    )


class BinaryHammingDistance(AtThreshold, peers.BinaryHammingDistance):
    """Running Hamming distance, as torchmetrics' ``BinaryHammingDistance``."""

    measure = staticmethod(or_else(measures.hamming_distance, 1.0))


class BinaryJaccardIndex(AtThreshold, peers.BinaryJaccardIndex):
    """Running Jaccard index, as torchmetrics' ``BinaryJaccardIndex``."""

    measure = staticmethod(or_else(measures.jaccard_index))
    takes = ("zero_division",)


class BinaryMatthewsCorrCoef(AtThreshold, peers.BinaryMatthewsCorrCoef):
    """Running Matthews correlation, as torchmetrics' ``BinaryMatthewsCorrCoef``."""

    measure = staticmethod(conventions.matthews_corrcoef)


class BinaryCohenKappa(AtThreshold, peers.BinaryCohenKappa):
    """Running Cohen's kappa, as torchmetrics' ``BinaryCohenKappa``."""

    measure = staticmethod(conventions.cohen_kappa)
    takes = ("weights",)


class BinaryConfusionMatrix(AtThreshold, peers.BinaryConfusionMatrix):
    """Running confusion matrix, as torchmetrics' ``BinaryConfusionMatrix``."""

    is_scalar = False
    measure = staticmethod(conventions.confusion_matrix)
    takes = ("normalize",)


class BinaryROC(AlongThresholds, peers.BinaryROC):
    """Running ROC curve, as torchmetrics' ``BinaryROC``."""

    is_scalar = False
    measure = staticmethod(conventions.roc)


class BinaryPrecisionRecallCurve(AlongThresholds, peers.BinaryPrecisionRecallCurve):
    """Running precision-recall curve, as torchmetrics' ``BinaryPrecisionRecallCurve``."""

    is_scalar = False
    measure = staticmethod(conventions.precision_recall_curve)


class BinaryAUROC(AlongThresholds, peers.BinaryAUROC):
    """Running area under the ROC curve, as torchmetrics' ``BinaryAUROC``."""

    measure = staticmethod(conventions.auroc)
    takes = ("max_fpr",)


class BinaryAveragePrecision(AlongThresholds, peers.BinaryAveragePrecision):
    """Running average precision, as torchmetrics' ``BinaryAveragePrecision``."""

    measure = staticmethod(conventions.average_precision)


class BinaryRecallAtFixedPrecision(AlongThresholds, peers.BinaryRecallAtFixedPrecision):
    """Running greatest recall at a precision, and its threshold, as torchmetrics' ``BinaryRecallAtFixedPrecision``."""

    is_scalar = False
    measure = staticmethod(conventions.recall_at_precision)
    takes = ("min_precision",)


class BinaryPrecisionAtFixedRecall(AlongThresholds, peers.BinaryPrecisionAtFixedRecall):
    """Running greatest precision at a recall, and its threshold, as torchmetrics' ``BinaryPrecisionAtFixedRecall``."""

    is_scalar = False
    measure = staticmethod(conventions.precision_at_recall)
    takes = ("min_recall",)


class BinarySensitivityAtSpecificity(AlongThresholds, peers.BinarySensitivityAtSpecificity):
    """Running greatest sensitivity at a specificity, and its threshold, as torchmetrics' ``BinarySensitivityAtSpecificity``."""

    is_scalar = False
    measure = staticmethod(conventions.sensitivity_at_specificity)
    takes = ("min_specificity",)


class BinarySpecificityAtSensitivity(AlongThresholds, peers.BinarySpecificityAtSensitivity):
    """Running greatest specificity at a sensitivity, and its threshold, as torchmetrics' ``BinarySpecificityAtSensitivity``."""

    is_scalar = False
    measure = staticmethod(conventions.specificity_at_sensitivity)
    takes = ("min_sensitivity",)


class BinaryEER(AlongThresholds, peers.BinaryEER):
    """Running equal error rate, as torchmetrics' ``BinaryEER``."""

    measure = staticmethod(conventions.equal_error_rate)


class BinaryLogAUC(AlongThresholds, peers.BinaryLogAUC):
    """Running area under the ROC curve over log false positive rate, as torchmetrics' ``BinaryLogAUC``."""

    measure = staticmethod(conventions.log_auc)
    takes = ("fpr_range",)


class BinaryCalibrationError(OfSums, peers.BinaryCalibrationError):
    """Running calibration error, as torchmetrics' ``BinaryCalibrationError``."""

    measure = staticmethod(conventions.calibration_error)
    takes = ("norm",)


class BinaryHingeLoss(OfSums, peers.BinaryHingeLoss):
    """Running mean hinge loss, as torchmetrics' ``BinaryHingeLoss``."""

    measure = staticmethod(conventions.hinge_loss)

    @torch.jit.unused
    def forward(self, preds: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Count a batch, and return its own loss, with a gradient if ``preds`` asks for one: counts have none."""
        value: Tensor = super().forward(preds, target, weight)
        if not (preds.requires_grad and torch.is_grad_enabled()):
            return value
        loss = self._cast(conventions.hinge_loss_of_batch(self.given, preds, target, weight))
        return value + (loss - loss.detach())


class ByGroup(AtThreshold):
    """Measures of groups at one threshold, whose ids come with the data: ``update(preds, target, groups)``."""

    is_scalar = False

    def update(  # type: ignore[override]
        self, preds: Tensor, target: Tensor | None, groups: Tensor, weight: Tensor | None = None
    ) -> None:
        """Count a batch.

        Args:
            preds: as for the other classes.
            target: labels of the shape of ``preds``; not read for ``task="demographic_parity"``.
            groups: ids 0 .. num_groups - 1 of that shape, of an int dtype.
            weight: weights >= 0 of that shape, if the metric is ``weighted``.

        Raises:
            TypeError, ValueError, RuntimeError: as for the other classes.
        """
        if self.given.get("task") == "demographic_parity":
            if target is not None:
                rank_zero_warn("The task demographic_parity does not require a target.", UserWarning)
            target = torch.zeros(preds.shape, dtype=torch.int64, device=preds.device)
        self._count((scores_of(preds), target, weight), groups)  # type: ignore[arg-type]

    def compute(self) -> dict[str, Tensor]:
        """The values of all samples so far, by name."""
        values = type(self).measure(self._read(), **{name: self.given[name] for name in self.takes})
        return {name: self._cast(value) for name, value in values.items()}

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        counts = AtThreshold._counted(given, options)
        return replace(counts, name=counts.name + "_no_labels" * (given.get("task") == "demographic_parity"))


class BinaryGroupStatRates(ByGroup, peers.BinaryGroupStatRates):
    """Running shares of tp, fp, tn and fn in each group, as torchmetrics' ``BinaryGroupStatRates``."""

    measure = staticmethod(conventions.group_stat_rates)


class BinaryFairness(ByGroup, peers.BinaryFairness):
    """Running ratios of lowest to highest rate of groups, as torchmetrics' ``BinaryFairness``."""

    measure = staticmethod(conventions.fairness)
    takes = ("task",)
