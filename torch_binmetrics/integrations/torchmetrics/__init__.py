"""Drop-in classes for torchmetrics: real ``torchmetrics.Metric`` objects that count instead of keeping scores.

Each class inherits from its namesake in torchmetrics. What differs, each for a reason:

- The default ``thresholds`` are ``FloatBits(16)``: fixed memory, one all_reduce. ``None`` is exact, in memory that grows with
  the number of distinct float32 scores. An int, a list or a tensor are thresholds of your own, put in order.
- Scores outside [0, 1] mean logits, as torchmetrics documents, but for a whole epoch and all ranks alike, not batch by
  batch, and ignored samples do not count. ``from_logits=True`` or ``False`` declares it instead.
- Areas are those of the whole curve from (0, 0) to (1, 1), also where the thresholds given do not reach its ends.
- NaN scores and labels other than 0 and 1 raise ValueError; with ``validate_args=False`` they are left out.
- ``weighted=True`` takes weights: ``update(preds, target, weight)``.
- An argument that decides what is counted may be set as an attribute before the first update, not after it.
- BinaryCalibrationError puts a probability of 1 into its last bin. Its state and that of BinaryHingeLoss is float64, for sums.
- ``>`` at 0.5 is no edge of ``FloatBits``, so accuracy and AUROC are two histograms here; still one all_reduce.

There is a class for each of torchmetrics' that counts labels, classes against the rest, or groups: ``Multilabel``,
``Multiclass``, BinaryFairness and BinaryGroupStatRates. All rows are counted in one pass, and the default thresholds are as
fine as 64 MiB allow for so many. Scores of classes outside [0, 1] mean logits of their batch, which go through a softmax;
``from_logits=True`` or ``False`` declares that instead.

Missing, since their states are of fixed size in torchmetrics: MulticlassConfusionMatrix, MulticlassCohenKappa,
MulticlassMatthewsCorrCoef, MulticlassHingeLoss, MulticlassExactMatch, MultilabelExactMatch, MultilabelCoverageError,
MultilabelRankingAveragePrecision and MultilabelRankingLoss. Take them from torchmetrics, also into the same collection.
"""

try:
    import torchmetrics as _torchmetrics  # noqa: F401
except ImportError as error:
    raise ImportError("the drop-in classes need torchmetrics: pip install 'torch-binmetrics[torchmetrics]'") from error

from torch_binmetrics.integrations.torchmetrics.classes import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryCalibrationError,
    BinaryCohenKappa,
    BinaryConfusionMatrix,
    BinaryEER,
    BinaryF1Score,
    BinaryFairness,
    BinaryFBetaScore,
    BinaryGroupStatRates,
    BinaryHammingDistance,
    BinaryHingeLoss,
    BinaryJaccardIndex,
    BinaryLogAUC,
    BinaryMatthewsCorrCoef,
    BinaryNegativePredictiveValue,
    BinaryPrecision,
    BinaryPrecisionAtFixedRecall,
    BinaryPrecisionRecallCurve,
    BinaryRecall,
    BinaryRecallAtFixedPrecision,
    BinaryROC,
    BinarySensitivityAtSpecificity,
    BinarySpecificity,
    BinarySpecificityAtSensitivity,
    BinaryStatScores,
)
from torch_binmetrics.integrations.torchmetrics.collection import MetricCollection
from torch_binmetrics.integrations.torchmetrics.many import (
    MulticlassAccuracy,
    MulticlassAUROC,
    MulticlassAveragePrecision,
    MulticlassCalibrationError,
    MulticlassEER,
    MulticlassF1Score,
    MulticlassFBetaScore,
    MulticlassHammingDistance,
    MulticlassJaccardIndex,
    MulticlassLogAUC,
    MulticlassNegativePredictiveValue,
    MulticlassPrecision,
    MulticlassPrecisionAtFixedRecall,
    MulticlassPrecisionRecallCurve,
    MulticlassRecall,
    MulticlassRecallAtFixedPrecision,
    MulticlassROC,
    MulticlassSensitivityAtSpecificity,
    MulticlassSpecificity,
    MulticlassSpecificityAtSensitivity,
    MulticlassStatScores,
    MultilabelAccuracy,
    MultilabelAUROC,
    MultilabelAveragePrecision,
    MultilabelConfusionMatrix,
    MultilabelEER,
    MultilabelF1Score,
    MultilabelFBetaScore,
    MultilabelHammingDistance,
    MultilabelJaccardIndex,
    MultilabelLogAUC,
    MultilabelMatthewsCorrCoef,
    MultilabelNegativePredictiveValue,
    MultilabelPrecision,
    MultilabelPrecisionAtFixedRecall,
    MultilabelPrecisionRecallCurve,
    MultilabelRecall,
    MultilabelRecallAtFixedPrecision,
    MultilabelROC,
    MultilabelSensitivityAtSpecificity,
    MultilabelSpecificity,
    MultilabelSpecificityAtSensitivity,
    MultilabelStatScores,
)
from torch_binmetrics.integrations.torchmetrics.metric import summed_states

__all__ = [
    "BinaryAUROC",
    "BinaryAccuracy",
    "BinaryAveragePrecision",
    "BinaryCalibrationError",
    "BinaryCohenKappa",
    "BinaryConfusionMatrix",
    "BinaryEER",
    "BinaryF1Score",
    "BinaryFBetaScore",
    "BinaryFairness",
    "BinaryGroupStatRates",
    "BinaryHammingDistance",
    "BinaryHingeLoss",
    "BinaryJaccardIndex",
    "BinaryLogAUC",
    "BinaryMatthewsCorrCoef",
    "BinaryNegativePredictiveValue",
    "BinaryPrecision",
    "BinaryPrecisionAtFixedRecall",
    "BinaryPrecisionRecallCurve",
    "BinaryROC",
    "BinaryRecall",
    "BinaryRecallAtFixedPrecision",
    "BinarySensitivityAtSpecificity",
    "BinarySpecificity",
    "BinarySpecificityAtSensitivity",
    "BinaryStatScores",
    "MetricCollection",
    "MulticlassAUROC",
    "MulticlassAccuracy",
    "MulticlassAveragePrecision",
    "MulticlassCalibrationError",
    "MulticlassEER",
    "MulticlassF1Score",
    "MulticlassFBetaScore",
    "MulticlassHammingDistance",
    "MulticlassJaccardIndex",
    "MulticlassLogAUC",
    "MulticlassNegativePredictiveValue",
    "MulticlassPrecision",
    "MulticlassPrecisionAtFixedRecall",
    "MulticlassPrecisionRecallCurve",
    "MulticlassROC",
    "MulticlassRecall",
    "MulticlassRecallAtFixedPrecision",
    "MulticlassSensitivityAtSpecificity",
    "MulticlassSpecificity",
    "MulticlassSpecificityAtSensitivity",
    "MulticlassStatScores",
    "MultilabelAUROC",
    "MultilabelAccuracy",
    "MultilabelAveragePrecision",
    "MultilabelConfusionMatrix",
    "MultilabelEER",
    "MultilabelF1Score",
    "MultilabelFBetaScore",
    "MultilabelHammingDistance",
    "MultilabelJaccardIndex",
    "MultilabelLogAUC",
    "MultilabelMatthewsCorrCoef",
    "MultilabelNegativePredictiveValue",
    "MultilabelPrecision",
    "MultilabelPrecisionAtFixedRecall",
    "MultilabelPrecisionRecallCurve",
    "MultilabelROC",
    "MultilabelRecall",
    "MultilabelRecallAtFixedPrecision",
    "MultilabelSensitivityAtSpecificity",
    "MultilabelSpecificity",
    "MultilabelSpecificityAtSensitivity",
    "MultilabelStatScores",
    "summed_states",
]
