"""Is the digit an 8? A plain loop with Accelerate that may be interrupted anywhere, and keeps its counts.

    python examples/accelerate_loop.py --stop-at-step 40
    python examples/accelerate_loop.py --resume
    torchrun --standalone --nproc-per-node 2 examples/accelerate_loop.py --resume

Needs accelerate and scikit-learn, which brings the digits. Runs on the CPU, in seconds.
"""

import argparse
from dataclasses import asdict, dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, set_seed
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import torch_binmetrics as bm
from torch_binmetrics.integrations.accelerate import Checkpointable


@dataclass
class Progress:
    """Where the loop is."""

    epoch: int = 0
    step: int = 0

    def state_dict(self) -> dict[str, int]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.step = state["epoch"], state["step"]


def digits() -> tuple[TensorDataset, TensorDataset]:
    """Images and whether they show an 8: three quarters for training, the rest for validation."""
    images, numbers = (torch.from_numpy(column) for column in load_digits(return_X_y=True))
    data = images.float() / 16, (numbers == 8).float()
    held_out = torch.arange(len(numbers)) % 4 == 3
    return TensorDataset(*(column[~held_out] for column in data)), TensorDataset(*(column[held_out] for column in data))


class Loop:
    """A model, its data and its metrics, and where training is."""

    def __init__(self, accelerator: Accelerator, out: str) -> None:
        train, val = digits()
        net: Any = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
        # drop_last: ranks that train in step need equally many batches; those that only count do not.
        loaders = DataLoader(train, 32, shuffle=True, drop_last=True), DataLoader(val, 128)
        prepared = accelerator.prepare(net, torch.optim.Adam(net.parameters(), 1e-2), *loaders)
        self.model, self.optimizer, self.steps, self.checks = prepared
        self.net = accelerator.unwrap_model(self.model)
        kinds = {"auroc": bm.BinaryAUROC, "f1": bm.BinaryF1Score}
        self.metrics = bm.MetricCollection({name: kind(from_logits=True) for name, kind in kinds.items()}, prefix="train/")
        self.val_metrics = self.metrics.clone(prefix="val/")
        self.progress, self.stopper = Progress(), bm.EarlyStopping(patience=5)
        self.accelerator, self.out = accelerator, out
        accelerator.register_for_checkpointing(Checkpointable(self.metrics), self.progress, self.stopper)

    def run(self, epochs: int, interrupted_at: int | None = None) -> dict[str, float]:
        """Train from wherever it is; the values of the last epoch."""
        values: dict[str, float] = {}
        stop = False
        while self.progress.epoch < epochs and not stop:
            self.steps.set_epoch(self.progress.epoch)
            for images, labels in self.accelerator.skip_first_batches(self.steps, self.progress.step):
                self.step(images, labels)
                if self.progress.step == interrupted_at:
                    return {}
            self.validate()
            values = bm.floats(self.metrics.compute() | self.val_metrics.compute())
            self.accelerator.print(self.progress.epoch, {name: round(value, 4) for name, value in values.items()})
            self.metrics.reset()
            self.progress.epoch, self.progress.step = self.progress.epoch + 1, 0
            stop = self.stopper.step(values["val/auroc"], self.net)
        return values

    def step(self, images: Tensor, labels: Tensor) -> None:
        """One step of training, and a checkpoint at every tenth."""
        logits = self.model(images)
        self.metrics.update(logits, labels)
        self.optimizer.zero_grad()
        self.accelerator.backward(nn.functional.binary_cross_entropy_with_logits(logits, labels))
        self.optimizer.step()
        self.progress.step += 1
        if self.progress.step % 10 == 0:
            self.accelerator.save_state(self.out)

    @torch.no_grad()
    def validate(self) -> None:
        """One pass over this rank's share."""
        self.val_metrics.reset()
        for images, labels in self.checks:
            self.val_metrics.update(self.net(images), labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--stop-at-step", type=int, help="leave the first epoch there, as if interrupted")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--out", default="runs/accelerate", help="for checkpoints (default: %(default)s)")
    args = parser.parse_args()
    set_seed(0)
    # even_batches would give some samples to two ranks, to make the batches even: they would count twice.
    even = DataLoaderConfiguration(even_batches=False, use_seedable_sampler=True)
    loop = Loop(Accelerator(cpu=True, dataloader_config=even), args.out)
    if args.resume:
        loop.accelerator.load_state(args.out)
    loop.run(args.epochs, args.stop_at_step)
    loop.accelerator.end_training()


if __name__ == "__main__":
    main()
