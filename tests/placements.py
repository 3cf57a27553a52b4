"""Samples of which only the bin is given away: where in it they lie is chosen at random or by rule."""

import numpy as np
import torch


def counts_of(cuts, preds, target, weights=None):
    """Counts of samples, by hand: [2, bins] without the empty bins, which say nothing."""
    cell = cuts.index(preds)
    occupied, cell = cell.unique(return_inverse=True)
    amount = torch.ones(len(preds), dtype=torch.int64) if weights is None else weights
    counts = amount.new_zeros(2 * len(occupied)).index_add_(0, cell + target * len(occupied), amount)
    return counts.view(2, -1)


def tied_samples(rng):
    """Up to 24 samples of both classes, often tied."""
    size = rng.integers(2, 25)
    kinds = [rng.random(size), rng.integers(0, 7, size) / 6, rng.random(size) ** 6]
    preds = torch.tensor(kinds[rng.integers(3)] if rng.random() < 0.7 else np.sort(kinds[0]), dtype=torch.float32)
    target = rng.random(size) < rng.choice([0.1, 0.5, 0.9])
    target[:2] = [False, True]
    return preds, torch.from_numpy(target).long(), torch.from_numpy(10 ** rng.uniform(-2, 2, size) * (rng.random(size) < 0.9))


def order_inside(counts, *, positives_first, tied):
    """Scores and labels of these counts in 8 uniform bins: one class before the other, the positives tied or not."""
    preds, target = [], []
    for i, (negatives, positives) in enumerate(counts.T.tolist()):
        low = np.linspace(0.1, 0.4, max(negatives, 1))[:negatives]
        high = np.full(positives, 0.7) if tied else np.linspace(0.6, 0.9, max(positives, 1))[:positives]
        low, high = (low, high) if positives_first else (low + 0.5, high - 0.5)
        preds += [(i + x) / 8 for x in (*low, *high)]
        target += [0] * negatives + [1] * positives
    return torch.tensor(preds, dtype=torch.float32), torch.tensor(target)
