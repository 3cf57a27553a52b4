"""Trainers on real sentences; under torchrun, the evaluation of a rank, which it leaves as JSON."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import torch
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments, set_seed

import torch_binmetrics as tb
from torch_binmetrics.integrations.huggingface import ComputeMetrics

SAMPLES = 37  # no multiple of any batch size here, on any number of ranks
KINDS = {"auroc": tb.BinaryAUROC, "ap": tb.BinaryAveragePrecision, "accuracy": tb.BinaryAccuracy, "f1": tb.BinaryF1Score}
NAMES = ["eval_auroc", "eval_ap", "eval_accuracy", "eval_f1", "eval_seen"]


def example():
    """The example, as a module."""
    path = Path(__file__).parents[1] / "examples" / "huggingface_trainer.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
EXAMPLE = example()
SENTENCES = EXAMPLE.sentences()
TOKENIZER = EXAMPLE.word_tokenizer(list(SENTENCES))
TRAIN, VALIDATION = EXAMPLE.split(TOKENIZER, SENTENCES)


def collection(**extra):
    options = {"from_logits": True, "ignore_index": -100}
    seen = tb.Metric(lambda c: c.tp + c.fp + c.tn + c.fn, tb.Threshold(0.5), **options)
    return tb.MetricCollection({name: kind(**options) for name, kind in KINDS.items()} | {"seen": seen} | extra)


def bert(seed=0, scale=20.0):
    """A narrow model whose logits, untrained, differ from sentence to sentence."""
    set_seed(seed)
    model = EXAMPLE.small_bert(TOKENIZER, width=32)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(scale)
    return model


def arguments(path, **changes):
    """Arguments that keep a Trainer quiet and on the CPU."""
    quiet = {"report_to": "none", "disable_tqdm": True, "use_cpu": True, "dataloader_pin_memory": False, "save_strategy": "no"}
    sizes = {"per_device_train_batch_size": 16, "per_device_eval_batch_size": 4, "batch_eval_metrics": True}
    return TrainingArguments(output_dir=str(path), **(quiet | sizes | changes))


def trainer(path, model=None, metrics=None, **changes):
    """A trainer of sentences, with our metrics as ``compute_metrics`` and as a callback."""
    metrics = metrics or ComputeMetrics(collection())
    options = {"data_collator": DataCollatorWithPadding(TOKENIZER), "train_dataset": TRAIN[:64], "callbacks": []}
    options |= {"eval_dataset": VALIDATION[:SAMPLES]} | {name: changes.pop(name) for name in list(changes) if name in OPTIONS}
    options["callbacks"] = [metrics, *options["callbacks"]]
    return Trainer(model=model or bert(), args=arguments(path, **changes), compute_metrics=metrics, **options)


OPTIONS = ("data_collator", "train_dataset", "eval_dataset", "callbacks", "preprocess_logits_for_metrics")


def main(path):
    """Evaluate twice, batch by batch and at once, and write down what this rank got."""
    torch.set_num_threads(1)
    found = []
    for stream in (True, True, False):
        values = trainer(path, batch_eval_metrics=stream).evaluate()
        found.append({name: values[name] for name in NAMES})
    (path / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(found))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
