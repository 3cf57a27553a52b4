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

BinaryFairness and BinaryGroupStatRates are missing, which count by groups that come with the data: take them from torchmetrics.
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
    BinaryFBetaScore,
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
    "summed_states",
]
