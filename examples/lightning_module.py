"""A LightningModule with drop-in metrics: python examples/lightning_module.py, or torchrun --nproc-per-node 2 for two ranks."""

from __future__ import annotations

from typing import Any

import lightning as pl
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from torch_binmetrics.integrations.torchmetrics import (
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryF1Score,
    BinaryPrecisionRecallCurve,
    BinaryRecall,
    MetricCollection,
    summed_states,
)


class Classifier(pl.LightningModule):
    """Logistic regression of a rare class, validated by metrics that take one all_reduce an epoch."""

    def __init__(self, features: int = 20) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 1)
        curve = BinaryPrecisionRecallCurve(from_logits=True)
        scores = [metric(from_logits=True) for metric in (BinaryAUROC, BinaryAveragePrecision, BinaryF1Score, BinaryRecall)]
        self.val = MetricCollection([*scores, curve], prefix="val/")

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, y = batch
        return nn.functional.binary_cross_entropy_with_logits(self.layer(x).squeeze(1), y.float())

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        x, y = batch
        self.val.update(self.layer(x).squeeze(1), y)
        self.log_dict(self.val.scalars)  # Lightning computes them at the end of the epoch, and resets them

    def on_validation_epoch_end(self) -> None:
        self.val["BinaryPrecisionRecallCurve"].reset()  # a curve cannot be logged as a scalar, so Lightning does not reset it

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"].update(summed_states(self))  # of all ranks: resumes at any number of them

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.05)


def loader(n: int, seed: int, *, shuffle: bool) -> DataLoader[tuple[Tensor, ...]]:
    """Samples of which about 3 % are positive."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 20, generator=g)
    y = (x[:, :3].sum(1) + torch.randn(n, generator=g) > 3.8).long()
    return DataLoader(TensorDataset(x, y), batch_size=256, shuffle=shuffle)


def main() -> None:
    pl.seed_everything(0)
    stop = EarlyStopping(monitor="val/BinaryAveragePrecision", mode="max", patience=2)
    trainer = pl.Trainer(max_epochs=6, callbacks=[stop], accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.fit(Classifier(), loader(8_192, 1, shuffle=True), loader(4_096, 2, shuffle=False))
    if trainer.is_global_zero:
        print({name: round(float(value), 4) for name, value in trainer.callback_metrics.items()})


if __name__ == "__main__":
    main()
