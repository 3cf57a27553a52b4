"""Under torchrun: a rank that counts its share, saves in between, loads that again and counts on."""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration
from torch.utils.data import DataLoader, TensorDataset

import torch_binmetrics as tb
from torch_binmetrics.integrations.accelerate import Checkpointable

SAMPLES, SIZE, SAVED_AFTER = 101, 8, 3


def samples():
    """Scores on a grid that the bins resolve, so that areas are exact."""
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (SAMPLES,), generator=generator)
    return (torch.randint(0, 90, (SAMPLES,), generator=generator) + 30 * target) / 128, target


def collection():
    seen = tb.Metric(lambda c: c.tp + c.fp + c.tn + c.fn, tb.Threshold(0.5))
    return tb.MetricCollection(auroc=tb.BinaryAUROC(), recall=tb.BinaryRecall(), seen=seen)


def prepared(*objects):
    """An accelerator that gives each sample to one rank, and what it made of the objects."""
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(even_batches=False))
    return accelerator, [accelerator.prepare(each) for each in objects]


def main(path):
    torch.set_num_threads(1)
    metrics, single, stopper = collection(), tb.BinaryRecall(), tb.EarlyStopping()
    accelerator, (loader, same, _) = prepared(DataLoader(TensorDataset(*samples()), SIZE), metrics, single)
    assert same is metrics
    accelerator.register_for_checkpointing(Checkpointable(metrics), stopper, Checkpointable(single))
    for i, batch in enumerate(loader):
        metrics.update(*batch)
        single.update(*batch)
        if i + 1 == SAVED_AFTER:
            stopper.step(0.5 + accelerator.process_index)
            saved = tb.floats(metrics.compute())
            accelerator.save_state(path / "state")
            metrics.update(torch.tensor([0.9]), torch.tensor([0]))
            stopper.step(0.9)
            accelerator.load_state(path / "state")
            assert tb.floats(metrics.compute()) == saved
            assert (stopper.best, stopper.epoch) == (0.5, 0)
    assert float(single.compute()) == float(metrics["recall"].compute())
    found = {"saved": saved, "all": tb.floats(metrics.compute())}
    (path / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(found))
    accelerator.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
