"""How sure a number is: confidence intervals in closed form and by a bootstrap of the histogram, and bands of curves."""

from torch_binmetrics.uncertainty.areas import (
    auroc_interval as auroc_interval,
    auroc_variance as auroc_variance,
    average_precision_interval as average_precision_interval,
    average_precision_variance as average_precision_variance,
)
from torch_binmetrics.uncertainty.confidence import Plan as Plan
from torch_binmetrics.uncertainty.proportions import mean_interval as mean_interval, wilson_interval as wilson_interval
