"""The named metrics, one score each; the arithmetic is in the modules of the same names one layer down."""

from torch_binmetrics.metrics.binary.areas import (
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryGini,
    BinaryPrecisionRecallAUC,
    BinaryPrecisionRecallGainAUC,
)
from torch_binmetrics.metrics.binary.criteria import BinaryBestThreshold
from torch_binmetrics.metrics.binary.curves import (
    BinaryCumulativeGains,
    BinaryDETCurve,
    BinaryLiftCurve,
    BinaryPrecisionRecallCurve,
    BinaryROC,
)
from torch_binmetrics.metrics.binary.diagnostics import (
    BinaryDiagnosticOddsRatio,
    BinaryFalseDiscoveryRate,
    BinaryFalseOmissionRate,
    BinaryFowlkesMallows,
    BinaryGeometricMean,
    BinaryInformedness,
    BinaryMarkedness,
    BinaryNegativeLikelihoodRatio,
    BinaryPositiveLikelihoodRatio,
    BinaryPredictedPositiveRate,
    BinaryPrevalence,
    BinaryPrevalenceThreshold,
)
from torch_binmetrics.metrics.binary.operating_points import (
    BinaryPrecisionAtFixedRecall,
    BinaryRecallAtFixedFPR,
    BinaryRecallAtFixedPrecision,
    BinarySensitivityAtSpecificity,
    BinarySpecificityAtSensitivity,
    BinaryThresholdAtFixedRecall,
)
from torch_binmetrics.metrics.binary.partial_areas import BinaryCapture, BinaryLogAUC, BinaryPartialAUROC
from torch_binmetrics.metrics.binary.probabilities import (
    BinaryBrierScore,
    BinaryCalibrationError,
    BinaryCalibrationRatio,
    BinaryHingeLoss,
    BinaryLogLoss,
    BinaryMeanPrediction,
    BinaryNormalizedEntropy,
    BinaryReliabilityCurve,
)
from torch_binmetrics.metrics.binary.scores import (
    BinaryAccuracy,
    BinaryBalancedAccuracy,
    BinaryCohenKappa,
    BinaryConfusionMatrix,
    BinaryExpectedCost,
    BinaryF1Score,
    BinaryFalseNegativeRate,
    BinaryFalsePositiveRate,
    BinaryFBetaScore,
    BinaryHammingDistance,
    BinaryJaccardIndex,
    BinaryMatthewsCorrCoef,
    BinaryNegativePredictiveValue,
    BinaryPrecision,
    BinaryRecall,
    BinarySpecificity,
    BinaryStatScores,
)
from torch_binmetrics.metrics.binary.separation import BinaryEER, BinaryKSStatistic
