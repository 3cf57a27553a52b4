"""Hugging Face: what a Trainer calls to compute metrics, batch by batch, so that no logits are kept."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from weakref import ref

import torch
from torch import Tensor

from torch_binmetrics.counting import Classes, Groups
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
    logit for each label, of a multi-label head, counts as it is: label by label with ``rows=Labels(n)``. With
    ``rows=Classes(n)`` the n logits of a head count each as the logit of its softmax probability, one against the rest. Where
    a model returns several outputs, the first is taken for the logits. Names are those of :func:`~torch_binmetrics.floats` of
    the collection, to which the Trainer adds "eval_": "eval_auroc", "eval_auroc/spam" of a row.

    Args:
        collection: metrics built with ``from_logits=True``, and with ``ignore_index=-100`` where labels are padded.

    Raises:
        TypeError: something that is no collection.
        ValueError: a metric of the collection is built without ``from_logits=True``, or of groups, whose ids a Trainer does
            not pass.

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
        if not isinstance(collection, MetricCollection):
            told = "pass MetricCollection([BinaryAUROC], from_logits=True), say"
            raise TypeError(f"expected a MetricCollection, got {type(collection).__name__}: {told}")
        for name, metric in collection.items():
            if not metric.histogram.layout.from_logits:
                raise ValueError(f"a Trainer's predictions are logits: build {name!r}, {metric._call()}, with from_logits=True")
            if isinstance(metric.histogram.layout.rows, Groups):
                raise ValueError(f"{name!r}, {metric._call()}, counts groups, whose ids a Trainer does not pass: take it out")
        self.collection = collection
        self._loader: ref[Any] | None = None

    def __call__(self, p: EvalPrediction, *, compute_result: bool = True) -> dict[str, float]:
        """Count what is predicted; the scalars of all that was counted if ``compute_result``, which are then forgotten.

        Raises:
            TypeError, ValueError: predictions that are not one or two logits for each label, nor n where there are n rows, or
                invalid samples; all counts are forgotten then.
        """
        with ExitStack() as stack:
            stack.callback(self.reset)
            for logits, labels in _batches(p):
                self.collection.update(*_scores(logits, labels, self.collection))
            if compute_result:
                return floats(self.collection.compute(sync=False), self.collection)
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
        references: labels, one for each prediction; with ``rows=Classes(n)`` one for each n of them.

    Raises:
        TypeError, ValueError: predictions that are not one score for each label, or invalid samples.

    >>> from torch_binmetrics import BinaryAccuracy, BinaryF1Score
    >>> clf_metrics = MetricCollection(accuracy=BinaryAccuracy(), f1=BinaryF1Score())
    >>> compute(clf_metrics, predictions=[0, 1, 0, 1], references=[0, 1, 1, 1])
    {'accuracy': 0.75, 'f1': 0.8}
    """
    apart = collection.clone()
    apart.reset()
    apart.update(*_scores(predictions, references, collection))
    return floats(apart.compute(sync=False), apart)


def _batches(p: EvalPrediction) -> list[tuple[Any, Any]]:
    """Logits and labels of one batch, or of the many that ``eval_do_concat_batches=False`` leaves in lists."""
    if isinstance(p.predictions, list) and isinstance(p.label_ids, list):
        return list(zip(p.predictions, p.label_ids, strict=True))
    return [(p.predictions, p.label_ids)]


def _scores(predictions: Any, references: Any, collection: MetricCollection) -> tuple[Tensor, Tensor]:
    """One score and one label for each sample, of the shape of the labels; with classes, a score for each class."""
    if isinstance(references, tuple):
        raise TypeError(f"expected one tensor of labels, got {len(references)}: give the TrainingArguments one of label_names")
    scores = torch.as_tensor(predictions[0] if isinstance(predictions, tuple) else predictions)
    labels = torch.as_tensor(references)
    layouts = [metric.histogram.layout for metric in collection.values()]
    from_logits = all(layout.from_logits for layout in layouts)
    if any(isinstance(layout.rows, Classes) for layout in layouts):
        return _against_the_rest(scores) if from_logits and scores.ndim else scores, labels
    if scores.shape == labels.shape:
        return scores, labels
    if scores.shape == (*labels.shape, 1):
        return scores.squeeze(-1), labels
    if scores.shape == (*labels.shape, 2) and from_logits:
        wide = _wide(scores)
        return wide[..., 1] - wide[..., 0], labels
    expected = "one logit or two for each label" if from_logits else "one score for each label, class 1's if there are two"
    raise ValueError(f"expected {expected}, got predictions {tuple(scores.shape)} and labels {tuple(labels.shape)}")


def _against_the_rest(logits: Tensor) -> Tensor:
    """Logits of the softmax probabilities, z - log(sum of exp(z) of all others), [..., classes].

    The sum over all less a class's own part keeps its digits but for the largest, which is left out of a sum of its own.
    """
    wide = _wide(logits)
    most, top = wide.max(-1, keepdim=True)
    parts = (wide - most).exp()
    rest = wide.scatter(-1, top, -torch.inf).logsumexp(-1, keepdim=True)
    others = (most + (parts.sum(-1, keepdim=True) - parts).log()).scatter(-1, top, rest)
    return wide - others


def _wide(logits: Tensor) -> Tensor:
    """Logits in float32 at least, as half precision would round their differences."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
