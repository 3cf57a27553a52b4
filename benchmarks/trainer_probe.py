"""A fresh process in which a Trainer evaluates once: prints the AUROC and how far its peak memory rose, in bytes."""

from __future__ import annotations

import sys
import tempfile

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import EvalPrediction, Trainer, TrainingArguments

from benchmarks.probe import rise
from torch_binmetrics import BinaryAUROC, MetricCollection
from torch_binmetrics.integrations.huggingface import ComputeMetrics

TOKENS, WORDS, BATCH = 128, 1000, 256
SMALL = 2 * BATCH
#: Contenders, and whether the Trainer hands over each batch at once.
STREAMS = {"ours": True, "scikit-learn": False, "logits kept, nothing computed": False}


class Sentences(Dataset[dict[str, Tensor]]):
    """So many rows of random words, each a label of its own, made as they are asked for."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        words = (torch.arange(TOKENS) * 7919 + row * 104729) % WORDS
        return {"input_ids": words, "labels": ((words * 31 + row) % 97 < words // 20).long()}


class Tagger(nn.Module):
    """A token head of two logits that knows words only."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Embedding(WORDS, 2)
        with torch.no_grad():
            self.logits.weight.copy_(torch.linspace(-2, 2, WORDS)[:, None] * torch.tensor([-0.5, 0.5]))

    def forward(self, input_ids: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The loss and the logits, [rows, TOKENS, 2]."""
        logits = self.logits(input_ids)
        return {"loss": nn.functional.cross_entropy(logits.view(-1, 2), labels.view(-1)), "logits": logits}


def auroc(p: EvalPrediction) -> dict[str, float]:
    """What one writes by hand."""
    scores = p.predictions[..., 1] - p.predictions[..., 0]
    return {"auroc": float(roc_auc_score(p.label_ids.ravel(), scores.ravel()))}


def main() -> None:
    """``python -m benchmarks.trainer_probe CONTENDER ROWS``."""
    name, rows = sys.argv[1:]
    torch.set_num_threads(2)
    collection = MetricCollection(auroc=BinaryAUROC(from_logits=True, ignore_index=-100))
    compute = {"ours": ComputeMetrics(collection), "scikit-learn": auroc}.get(name, lambda _: {"auroc": float("nan")})
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            output_dir=folder,
            batch_eval_metrics=STREAMS[name],
            per_device_eval_batch_size=BATCH,
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = Trainer(model=Tagger(), args=args, compute_metrics=compute)
        trainer.evaluate(Sentences(SMALL))
        found: dict[str, float] = {}
        bytes_ = rise(lambda: found.update(trainer.evaluate(Sentences(int(rows)))))
    print(found["eval_auroc"], bytes_)


if __name__ == "__main__":
    main()
