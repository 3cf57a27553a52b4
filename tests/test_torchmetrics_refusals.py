"""Drop-in metrics take our cuts for thresholds, and refuse what is no rate, no weighting and no row of samples."""

import math

import pytest
import torch

import torch_binmetrics as tb
from torch_binmetrics.integrations import torchmetrics as ours

GENERATOR = torch.Generator().manual_seed(0)
PREDS = torch.rand(200, generator=GENERATOR)
TARGET = (torch.rand(200, generator=GENERATOR) < PREDS).long()


@pytest.mark.parametrize(
    ("cuts", "edges"),
    [
        (tb.Uniform(8), [i / 8 for i in range(8)]),
        (tb.Edges([0.2, 0.2, 0.7]), [-math.inf, 0.2, 0.7]),
        (tb.Threshold(0.25), [-math.inf, 0.25]),
    ],
    ids=str,
)
@pytest.mark.parametrize("cls", [ours.BinaryAUROC, ours.BinaryROC, ours.BinaryPrecisionRecallCurve], ids=lambda c: c.__name__)
def test_cuts_are_taken_for_their_thresholds(cls, cuts, edges):
    by_cuts, by_list = cls(thresholds=cuts), cls(thresholds=torch.tensor(edges))
    found, wanted = by_cuts(PREDS, TARGET), by_list(PREDS, TARGET)
    for one, other in zip(*(value if isinstance(value, tuple) else (value,) for value in (found, wanted)), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ours.BinaryRecallAtFixedPrecision(1.5), "min_precision must be from 0 to 1, got 1.5"),
        (lambda: ours.BinaryPrecisionAtFixedRecall(-0.1), "min_recall must be from 0 to 1, got -0.1"),
        (lambda: ours.BinarySensitivityAtSpecificity(2.0), "min_specificity must be from 0 to 1, got 2.0"),
        (lambda: ours.BinarySpecificityAtSensitivity(2.0), "min_sensitivity must be from 0 to 1, got 2.0"),
        (lambda: ours.BinaryLogAUC(fpr_range=(0.0, 0.5)), "fpr_range"),
        (lambda: ours.BinaryLogAUC(fpr_range=(0.5, 0.1)), "fpr_range"),
        (lambda: ours.BinaryLogAUC(fpr_range=(0.1, 1.5)), "fpr_range"),
        (lambda: ours.BinaryAccuracy(multidim_average="samplewise"), "at least 2 dimensions, got shape"),
    ],
)
def test_what_is_no_rate_weighting_or_row_is_refused_at_the_latest_by_the_first_batch(build, message):
    with pytest.raises(ValueError, match=message):
        build()(PREDS, TARGET)
