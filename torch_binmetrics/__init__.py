"""Binary-classification metrics for PyTorch training loops: one pass, fixed memory, certain error bounds."""

from types import ModuleType as _Module

from torch_binmetrics import (
    functional as functional,
)
from torch_binmetrics.counting import (
    Classes as Classes,
    Decay as Decay,
    Groups as Groups,
    Labels as Labels,
    Layout as Layout,
    Window as Window,
    backend as backend,
    count as count,
)
from torch_binmetrics.counting.cuts import (
    Cuts as Cuts,
    Edges as Edges,
    Threshold as Threshold,
    Uniform as Uniform,
)
from torch_binmetrics.counting.float_bits import (
    Exact as Exact,
    FloatBits as FloatBits,
)
from torch_binmetrics.early_stopping import (
    EarlyStopping as EarlyStopping,
)
from torch_binmetrics.measures import (
    Confusion as Confusion,
    OperatingPoint as OperatingPoint,
)
from torch_binmetrics.metrics.along_cuts import (
    BinaryCumulativeGains as BinaryCumulativeGains,
    BinaryDETCurve as BinaryDETCurve,
    BinaryLiftCurve as BinaryLiftCurve,
    BinaryPrecisionRecallCurve as BinaryPrecisionRecallCurve,
    BinaryROC as BinaryROC,
)
from torch_binmetrics.metrics.at_best import (
    BinaryBestThreshold as BinaryBestThreshold,
    BinaryEER as BinaryEER,
    BinaryKSStatistic as BinaryKSStatistic,
    BinaryPrecisionAtFixedRecall as BinaryPrecisionAtFixedRecall,
    BinaryRecallAtFixedFPR as BinaryRecallAtFixedFPR,
    BinaryRecallAtFixedPrecision as BinaryRecallAtFixedPrecision,
    BinarySensitivityAtSpecificity as BinarySensitivityAtSpecificity,
    BinarySpecificityAtSensitivity as BinarySpecificityAtSensitivity,
    BinaryThresholdAtFixedRecall as BinaryThresholdAtFixedRecall,
)
from torch_binmetrics.metrics.at_threshold import (
    BinaryAccuracy as BinaryAccuracy,
    BinaryBalancedAccuracy as BinaryBalancedAccuracy,
    BinaryCohenKappa as BinaryCohenKappa,
    BinaryConfusionMatrix as BinaryConfusionMatrix,
    BinaryDiagnosticOddsRatio as BinaryDiagnosticOddsRatio,
    BinaryExpectedCost as BinaryExpectedCost,
    BinaryF1Score as BinaryF1Score,
    BinaryFalseDiscoveryRate as BinaryFalseDiscoveryRate,
    BinaryFalseNegativeRate as BinaryFalseNegativeRate,
    BinaryFalseOmissionRate as BinaryFalseOmissionRate,
    BinaryFalsePositiveRate as BinaryFalsePositiveRate,
    BinaryFBetaScore as BinaryFBetaScore,
    BinaryFowlkesMallows as BinaryFowlkesMallows,
    BinaryGeometricMean as BinaryGeometricMean,
    BinaryHammingDistance as BinaryHammingDistance,
    BinaryInformedness as BinaryInformedness,
    BinaryJaccardIndex as BinaryJaccardIndex,
    BinaryMarkedness as BinaryMarkedness,
    BinaryMatthewsCorrCoef as BinaryMatthewsCorrCoef,
    BinaryNegativeLikelihoodRatio as BinaryNegativeLikelihoodRatio,
    BinaryNegativePredictiveValue as BinaryNegativePredictiveValue,
    BinaryPositiveLikelihoodRatio as BinaryPositiveLikelihoodRatio,
    BinaryPrecision as BinaryPrecision,
    BinaryPredictedPositiveRate as BinaryPredictedPositiveRate,
    BinaryPrevalence as BinaryPrevalence,
    BinaryPrevalenceThreshold as BinaryPrevalenceThreshold,
    BinaryRecall as BinaryRecall,
    BinarySpecificity as BinarySpecificity,
    BinaryStatScores as BinaryStatScores,
)
from torch_binmetrics.metrics.collection import (
    MetricCollection as MetricCollection,
)
from torch_binmetrics.metrics.elsewhere import (
    absent as _absent,
)
from torch_binmetrics.metrics.metric import (
    Metric as Metric,
)
from torch_binmetrics.metrics.of_sums import (
    BinaryBrierScore as BinaryBrierScore,
    BinaryCalibrationError as BinaryCalibrationError,
    BinaryCalibrationRatio as BinaryCalibrationRatio,
    BinaryHingeLoss as BinaryHingeLoss,
    BinaryLogLoss as BinaryLogLoss,
    BinaryMeanPrediction as BinaryMeanPrediction,
    BinaryNormalizedEntropy as BinaryNormalizedEntropy,
    BinaryReliabilityCurve as BinaryReliabilityCurve,
)
from torch_binmetrics.metrics.over_cuts import (
    BinaryAUROC as BinaryAUROC,
    BinaryAveragePrecision as BinaryAveragePrecision,
    BinaryCapture as BinaryCapture,
    BinaryGini as BinaryGini,
    BinaryLogAUC as BinaryLogAUC,
    BinaryPartialAUROC as BinaryPartialAUROC,
    BinaryPrecisionRecallAUC as BinaryPrecisionRecallAUC,
    BinaryPrecisionRecallGainAUC as BinaryPrecisionRecallGainAUC,
)
from torch_binmetrics.metrics.scalars import (
    floats as floats,
)
from torch_binmetrics.report import (
    Report as Report,
    binary_report as binary_report,
)
from torch_binmetrics.state import (
    ScoreHistogram as ScoreHistogram,
    Snapshot as Snapshot,
)

globals()["__getattr__"] = _absent  # type checkers would take any name for known
_rooms = {name for name, value in globals().items() if isinstance(value, _Module)} - {"functional"}
__all__ = [name for name in sorted(globals()) if name[0] != "_" and name not in _rooms]
