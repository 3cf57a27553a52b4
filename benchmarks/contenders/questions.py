"""The metrics that more than one library has, by the class names that ours shares with torchmetrics."""

from __future__ import annotations

from types import ModuleType
from typing import Any

EIGHT = {
    "accuracy": "BinaryAccuracy",
    "precision": "BinaryPrecision",
    "recall": "BinaryRecall",
    "specificity": "BinarySpecificity",
    "f1": "BinaryF1Score",
    "mcc": "BinaryMatthewsCorrCoef",
    "auroc": "BinaryAUROC",
    "ap": "BinaryAveragePrecision",
}
AREAS = {"auroc": "BinaryAUROC", "ap": "BinaryAveragePrecision"}
COUNTS = (
    "BinaryAccuracy",
    "BinaryPrecision",
    "BinaryRecall",
    "BinarySpecificity",
    "BinaryF1Score",
    "BinaryMatthewsCorrCoef",
    "BinaryCohenKappa",
    "BinaryJaccardIndex",
    "BinaryHammingDistance",
    "BinaryNegativePredictiveValue",
    "BinaryStatScores",
    "BinaryConfusionMatrix",
)
BETAS = (0.25, 0.5, 0.75, 1.5, 2.0, 3.0, 4.0, 5.0)


def build(library: ModuleType, names: dict[str, str], areas: dict[str, Any], every: dict[str, Any]) -> dict[str, Any]:
    """Metrics by name; ``areas`` are the options of the areas, ``every`` those of all."""
    return {name: getattr(library, kind)(**(areas if name in AREAS else {}), **every) for name, kind in names.items()}


def counts(library: ModuleType, k: int, every: dict[str, Any]) -> dict[str, Any]:
    """The first k of twenty metrics at threshold 0.5: twelve classes, then F at several betas."""
    found = {kind: getattr(library, kind)(**every) for kind in COUNTS}
    found |= {f"f_{round(100 * beta)}": library.BinaryFBetaScore(beta, **every) for beta in BETAS}
    return dict(list(found.items())[:k])
