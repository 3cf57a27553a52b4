"""Counts -> numbers: pure functions of a confusion, along its last axis, each with what is known of it declared beside it."""

from torch_binmetrics.measures.averages import (
    OverRows as OverRows,
)
from torch_binmetrics.measures.best_threshold import (
    best_threshold as best_threshold,
)
from torch_binmetrics.measures.calibration import (
    Reliability as Reliability,
    brier_score as brier_score,
    calibration_error as calibration_error,
    calibration_error_bounds as calibration_error_bounds,
    calibration_ratio as calibration_ratio,
    equal_mass_groups as equal_mass_groups,
    hinge_loss as hinge_loss,
    log_loss as log_loss,
    mean_prediction as mean_prediction,
    normalized_entropy as normalized_entropy,
    reliability_curve as reliability_curve,
)
from torch_binmetrics.measures.confusion import (
    Confusion as Confusion,
    confusion_along as confusion_along,
    confusion_at as confusion_at,
    with_none_predicted as with_none_predicted,
)
from torch_binmetrics.measures.declared import (
    About as About,
    Ranks as Ranks,
    Share as Share,
    about as about,
    measure as measure,
)
from torch_binmetrics.measures.diagnostics import (
    diagnostic_odds_ratio as diagnostic_odds_ratio,
    informedness as informedness,
    markedness as markedness,
    negative_likelihood_ratio as negative_likelihood_ratio,
    positive_likelihood_ratio as positive_likelihood_ratio,
    prevalence_threshold as prevalence_threshold,
)
from torch_binmetrics.measures.gain import (
    precision_recall_gain_auc as precision_recall_gain_auc,
    precision_recall_gain_auc_bounds as precision_recall_gain_auc_bounds,
)
from torch_binmetrics.measures.lift import (
    CumulativeGains as CumulativeGains,
    Lift as Lift,
    capture as capture,
    capture_bounds as capture_bounds,
    cumulative_gains as cumulative_gains,
    lift_curve as lift_curve,
)
from torch_binmetrics.measures.partial_roc import (
    log_auc as log_auc,
    log_auc_bounds as log_auc_bounds,
    partial_auroc as partial_auroc,
    partial_auroc_bounds as partial_auroc_bounds,
)
from torch_binmetrics.measures.points import (
    OperatingPoint as OperatingPoint,
    precision_at_fixed_recall as precision_at_fixed_recall,
    recall_at_fixed_fpr as recall_at_fixed_fpr,
    recall_at_fixed_precision as recall_at_fixed_precision,
    sensitivity_at_specificity as sensitivity_at_specificity,
    specificity_at_sensitivity as specificity_at_sensitivity,
    threshold_at_fixed_recall as threshold_at_fixed_recall,
)
from torch_binmetrics.measures.precision_recall import (
    PrecisionRecall as PrecisionRecall,
    PrecisionRecallBand as PrecisionRecallBand,
    average_precision as average_precision,
    average_precision_bounds as average_precision_bounds,
    precision_recall_auc as precision_recall_auc,
    precision_recall_auc_bounds as precision_recall_auc_bounds,
    precision_recall_band as precision_recall_band,
    precision_recall_curve as precision_recall_curve,
)
from torch_binmetrics.measures.rates import (
    accuracy as accuracy,
    false_discovery_rate as false_discovery_rate,
    false_negative_rate as false_negative_rate,
    false_omission_rate as false_omission_rate,
    false_positive_rate as false_positive_rate,
    hamming_distance as hamming_distance,
    negative_predictive_value as negative_predictive_value,
    precision as precision,
    predicted_positive_rate as predicted_positive_rate,
    prevalence as prevalence,
    recall as recall,
    specificity as specificity,
)
from torch_binmetrics.measures.roc import (
    ROC as ROC,
    ROCBand as ROCBand,
    auroc as auroc,
    auroc_bounds as auroc_bounds,
    gini as gini,
    gini_bounds as gini_bounds,
    roc as roc,
    roc_band as roc_band,
)
from torch_binmetrics.measures.scores import (
    balanced_accuracy as balanced_accuracy,
    cohen_kappa as cohen_kappa,
    confusion_matrix as confusion_matrix,
    expected_cost as expected_cost,
    fbeta as fbeta,
    fowlkes_mallows as fowlkes_mallows,
    geometric_mean as geometric_mean,
    jaccard_index as jaccard_index,
    matthews_corrcoef as matthews_corrcoef,
    stat_scores as stat_scores,
)
from torch_binmetrics.measures.separation import (
    DET as DET,
    det_curve as det_curve,
    equal_error_rate as equal_error_rate,
    equal_error_rate_bounds as equal_error_rate_bounds,
    ks_statistic as ks_statistic,
    ks_statistic_bounds as ks_statistic_bounds,
)
