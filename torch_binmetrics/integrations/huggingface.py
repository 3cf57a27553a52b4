"""Hugging Face: what a Trainer calls to compute metrics, batch by batch, so that no logits are kept."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from weakref import ref

import torch
from torch import Tensor

from torch_binmetrics.metrics.collection import MetricCollection
from torch_binmetrics.metrics.scalars import floats

try:
    from transformers import EvalPrediction, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
except ImportError as error:
    raise ImportError("metrics for a Trainer need transformers: pip install 'torch-binmetrics[huggingface]'") from error


class ComputeMetrics(TrainerCallback):
    """``compute_metrics`` of a ``Trainer``: counts each batch, and gives the scalars of a collection as floats at the end.

    Pass it twice: ``Trainer(compute_metrics=metrics, callbacks=[metrics])``. As ``compute_metrics`` it serves
    ``batch_eval_metrics=True``, where nothing but counts is kept from batch to batch, and ``batch_eval_metrics=False``. As a
    callback it forgets, when an evaluation begins, what one that broke off had counted.

    The Trainer has gathered the batch from all ranks, so every rank counts all samples, and none syncs. Heads of one logit
    and of two are told apart by shape: two logits count as their difference, the logit of softmax's second probability; one
    logit for each label, of a multi-label head say, counts as it is. Where a model returns several outputs, the first
    is taken for the logits. Names are those of the collection, to which the Trainer adds "eval_".

    Args:
        collection: metrics built with ``from_logits=True``, and with ``ignore_index=-100`` where labels are padded.

    Raises:
        ValueError: a metric of the collection is built without ``from_logits=True``.

    >>> import numpy as np
    >>> from torch_binmetrics import BinaryAUROC, BinaryRecall
    >>> options = {"from_logits": True, "ignore_index": -100}
    >>> metrics = ComputeMetrics(MetricCollection(auroc=BinaryAUROC(**options), recall=BinaryRecall(**options)))
    >>> metrics(EvalPrediction(np.array([[0.5, 1.0], [2.0, 0.0]]), np.array([1, 0])), compute_result=False)
    {}
    >>> metrics(EvalPrediction(np.array([[0.0, -1.0], [0.0, 0.0]]), np.array([1, -100])), compute_result=True)
    {'auroc': 1.0, 'recall': 0.5}
    """

    def __init__(self, collection: MetricCollection) -> None:
        for name, metric in collection.items():
            if not metric.histogram.layout.from_logits:
                raise ValueError(f"a Trainer's predictions are logits: build {name!r}, {metric!r}, with from_logits=True")
        self.collection = collection
        self._loader: ref[Any] | None = None

    def __call__(self, p: EvalPrediction, *, compute_result: bool = True) -> dict[str, float]:
        """Count what is predicted; the scalars of all that was counted if ``compute_result``, which are then forgotten.

        Raises:
            TypeError, ValueError: predictions that are not one or two logits for each label, or invalid samples; all counts
                are forgotten then.
        """
        with ExitStack() as stack:
            stack.callback(self.reset)
            for logits, labels in _batches(p):
                self.collection.update(*_scores(logits, labels, from_logits=True))
            if compute_result:
                return floats(self.collection.compute(sync=False))
            stack.pop_all()
            return {}

    def reset(self) -> None:
        """Forget all counts."""
        self.collection.reset()
        self._loader = None

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl | None:
        """Take the next evaluation for a new one, though its loader may be kept from the one before."""
        self._loader = None
        return None

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl | None:
        """Forget all counts at the first batch of an evaluation; a Trainer calls this before the batch is counted."""
        loader = kwargs["eval_dataloader"]
        if self._loader is None or self._loader() is not loader:
            self.collection.reset()
            self._loader = ref(loader)
        return None


def compute(collection: MetricCollection, *, predictions: Any, references: Any) -> dict[str, float]:
    """The scalars of a collection over given predictions, called as the metrics of ``evaluate``; its counts stay as they are.

    Args:
        collection: what to compute, and by which names.
        predictions: scores as the collection takes them, or logits of two classes [..., 2] if it is ``from_logits``; a
            tensor, an array or a list.
        references: labels, one for each prediction.

    Raises:
        TypeError, ValueError: predictions that are not one score for each label, or invalid samples.

    >>> from torch_binmetrics import BinaryAccuracy, BinaryF1Score
    >>> clf_metrics = MetricCollection(accuracy=BinaryAccuracy(), f1=BinaryF1Score())
    >>> compute(clf_metrics, predictions=[0, 1, 0, 1], references=[0, 1, 1, 1])
    {'accuracy': 0.75, 'f1': 0.8}
    """
    apart = collection.clone()
    apart.reset()
    from_logits = all(metric.histogram.layout.from_logits for metric in collection.values())
    apart.update(*_scores(predictions, references, from_logits=from_logits))
    return floats(apart.compute(sync=False))


def _batches(p: EvalPrediction) -> list[tuple[Any, Any]]:
    """Logits and labels of one batch, or of the many that ``eval_do_concat_batches=False`` leaves in lists."""
    if isinstance(p.predictions, list) and isinstance(p.label_ids, list):
        return list(zip(p.predictions, p.label_ids, strict=True))
    return [(p.predictions, p.label_ids)]


def _scores(predictions: Any, references: Any, *, from_logits: bool) -> tuple[Tensor, Tensor]:
    """One score and one label for each sample, of the shape of the labels."""
    if isinstance(references, tuple):
        raise TypeError(f"expected one tensor of labels, got {len(references)}: give the TrainingArguments one of label_names")
    scores = torch.as_tensor(predictions[0] if isinstance(predictions, tuple) else predictions)
    labels = torch.as_tensor(references)
    if scores.shape == labels.shape:
        return scores, labels
    if scores.shape == (*labels.shape, 1):
        return scores.squeeze(-1), labels
    if scores.shape == (*labels.shape, 2) and from_logits:
        wide = scores.to(torch.promote_types(scores.dtype, torch.float32))
        return wide[..., 1] - wide[..., 0], labels
    expected = "one logit or two for each label" if from_logits else "one score for each label, class 1's if there are two"
    raise ValueError(f"expected {expected}, got predictions {tuple(scores.shape)} and labels {tuple(labels.shape)}")
