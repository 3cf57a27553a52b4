"""How sure a number is: confidence intervals in closed form and by a bootstrap of the histogram, and bands of curves."""

from torch_binmetrics.uncertainty.closed_forms import (
    auroc_interval as auroc_interval,
    auroc_variance as auroc_variance,
    wilson_interval as wilson_interval,
)
from torch_binmetrics.uncertainty.confidence import Plan as Plan
