"""Bounds of metrics hold in random cases, as many as TORCH_BINMETRICS_CASES says: ties, weights, dtypes, options and cuts."""

import os

import numpy as np
import pytest
import torch
from oracles import Ranks
from placements import tied_samples

from torch_binmetrics import BinaryAUROC, BinaryAveragePrecision, Edges, FloatBits, MetricCollection, Uniform

CASES = int(os.environ.get("TORCH_BINMETRICS_CASES", "300"))
CUTS = [FloatBits(), FloatBits(12, centre=16), FloatBits(9, centre=None), FloatBits(around=0.7), Uniform(16), Edges([0.1, 0.5])]
FLOATS = [torch.float32, torch.float32, torch.float64, torch.float16, torch.bfloat16]
LABELS = [torch.int64, torch.bool, torch.uint8, torch.int16, torch.float32, torch.bfloat16]
WEIGHTS = [torch.float64, torch.float32, torch.bfloat16, torch.int32]
#: How rounding may leave a bound, which is a sum of as many terms as there are bins.
ROUNDING = 1e-12


def drawn(rng, cuts):
    """Scores that crowd within a few bins or do not, labels, and weights or None, of any types."""
    preds, target, weight = tied_samples(rng)
    match rng.integers(4):
        case 1:
            preds = 0.5 + (preds - 0.5) * 10 ** rng.uniform(-6, -1)
        case 2:
            preds = 1 - preds * 10 ** rng.uniform(-7, -1)
        case 3 if not isinstance(cuts, Uniform):
            preds = (preds - rng.random()) * 10 ** rng.uniform(-3, 3)
    weight[:2] = weight[:2].clamp(min=1)
    pick = [kinds[rng.integers(len(kinds))] for kinds in (FLOATS, LABELS, WEIGHTS)]
    return preds.to(pick[0]), target.to(pick[1]), weight.to(pick[2]) if rng.random() < 0.5 else None


def exact(preds, target, weight, max_fpr):
    """The areas of scores as they are counted, in float32."""
    scores, positive = preds.float().double().numpy(), target.bool().numpy()
    w = np.ones(len(scores)) if weight is None else weight.double().numpy()
    ranks = Ranks(scores[~positive], scores[positive], w[~positive], w[positive])
    return {"auroc": ranks.auroc(), "ap": ranks.average_precision(), "partial": ranks.partial_auroc(max_fpr)}


@pytest.mark.slow
def test_bounds_hold_and_have_no_width_where_no_sample_lies_off_an_edge():
    rng, no_width = np.random.default_rng(12), 0
    for case in range(CASES):
        cuts, max_fpr = CUTS[case % len(CUTS)], float(rng.choice([0.05, 0.3, 0.9]))
        data = drawn(rng, cuts)
        options = {"cuts": cuts, "weighted": data[2] is not None}
        metrics = MetricCollection(
            {
                "auroc": BinaryAUROC(**options),
                "ap": BinaryAveragePrecision(**options),
                "partial": BinaryAUROC(max_fpr=max_fpr, **options),
            }
        )
        begin = rng.integers(len(data[0]) + 1)
        for part in (slice(0, begin), slice(begin, None)):
            metrics.update(*(column[part] for column in data if column is not None))
        values = metrics.compute()
        for name, true in exact(*data, max_fpr).items():
            low, high = (float(end) for end in metrics[name].bounds())
            where = f"case {case}, {cuts}, {name}: {true} of {data}"
            assert low - ROUNDING <= true <= high + ROUNDING, where
            assert low - ROUNDING <= float(values[name]) <= high + ROUNDING, where
            if not cuts.off_edge(data[0].float()).any():
                no_width += 1
                assert high - low <= ROUNDING, where
    assert no_width > CASES / 20
