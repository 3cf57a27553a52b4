"""Which sentences of Python's language reference are about strings? A small BERT, from scratch, by Hugging Face's Trainer.

    python examples/huggingface_trainer.py
    torchrun --standalone --nproc-per-node 2 examples/huggingface_trainer.py

Needs transformers and accelerate; nothing is downloaded: the sentences come with Python. Runs on the CPU, in about a minute.
"""

import argparse
import json
import random
import re
from pydoc_data.topics import topics
from typing import TypedDict

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

import torch_binmetrics as bm
from torch_binmetrics.integrations.huggingface import ComputeMetrics

ABOUT_STRINGS = ("formatstrings", "string-methods", "strings")
PAD, UNKNOWN, START = "[PAD]", "[UNK]", "[CLS]"


class Example(TypedDict):
    """A tokenised sentence, and whether it is about strings."""

    input_ids: list[int]
    labels: int


def sentences() -> dict[str, int]:
    """The sentences of the reference, each once; 1 where it stands in a section about strings, 0 elsewhere."""
    found: dict[str, int] = {}
    for name in sorted(topics, key=lambda name: (name not in ABOUT_STRINGS, name)):
        for paragraph in topics[name].split("\n\n"):
            for sentence in re.split(r"(?<=[.:]) (?=[A-Z])", " ".join(paragraph.split())):
                if sentence.endswith((".", ":")) and len(sentence.split()) >= 5:
                    found.setdefault(sentence, int(name in ABOUT_STRINGS))
    return found


def word_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A tokenizer with a vocabulary of the words that occur twice."""
    tokenizer = Tokenizer(WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, WordLevelTrainer(special_tokens=[PAD, UNKNOWN, START], min_frequency=2))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{START} $A", special_tokens=[(START, 2)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNKNOWN, cls_token=START, model_max_length=64
    )


def split(tokenizer: PreTrainedTokenizerFast, found: dict[str, int]) -> tuple[list[Example], list[Example]]:
    """Training sentences, and a quarter for validation."""
    tokens = tokenizer(list(found), truncation=True)["input_ids"]
    examples: list[Example] = [{"input_ids": row, "labels": y} for row, y in zip(tokens, found.values(), strict=True)]
    random.Random(0).shuffle(examples)
    return examples[len(examples) // 4 :], examples[: len(examples) // 4]


def small_bert(tokenizer: PreTrainedTokenizerFast, width: int = 64) -> BertForSequenceClassification:
    """Two layers, randomly initialised."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
    )
    return BertForSequenceClassification(config)


def logit_metrics() -> ComputeMetrics:
    """What to watch, for logits."""
    kinds = {"auroc": bm.BinaryAUROC, "ap": bm.BinaryAveragePrecision, "f1": bm.BinaryF1Score, "mcc": bm.BinaryMatthewsCorrCoef}
    return ComputeMetrics(bm.MetricCollection({name: kind(from_logits=True) for name, kind in kinds.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one epoch")
    parser.add_argument("--out", default="runs/huggingface", help="for checkpoints (default: %(default)s)")
    args = parser.parse_args()
    set_seed(0)
    found = sentences()
    tokenizer = word_tokenizer(list(found))
    train, validation = split(tokenizer, found)
    metrics = logit_metrics()
    trainer = Trainer(
        model=small_bert(tokenizer),
        args=TrainingArguments(
            output_dir=args.out,
            num_train_epochs=1 if args.quick else 12,
            learning_rate=2e-3,
            per_device_train_batch_size=32,
            per_device_eval_batch_size=64,
            batch_eval_metrics=True,  # each batch is counted at once, so no logits are kept
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=1,
            logging_strategy="epoch",
            load_best_model_at_end=True,
            metric_for_best_model="eval_auroc",
            greater_is_better=True,
            report_to="none",
            use_cpu=True,
        ),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=metrics,
        callbacks=[metrics, EarlyStoppingCallback(early_stopping_patience=3)],
    )
    trainer.train()
    values = trainer.evaluate()
    if trainer.is_world_process_zero():
        print(json.dumps({name: round(value, 4) for name, value in values.items()}))


if __name__ == "__main__":
    main()
