"""Lightning runs for tests: a module whose scores are its data, alone or on two ranks."""

from __future__ import annotations

import json
import logging
import os
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import lightning as pl
import torch
import torch.distributed as dist
from lightning.pytorch.callbacks import Callback, EarlyStopping
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics_workers import batch, members

from torch_binmetrics.integrations import torchmetrics as ours

RANKS = 2


class Scores(pl.LightningModule):
    """Counts the scores that it is given; nothing is learned."""

    def __init__(self, *, metrics: Any = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.val = metrics
        self.lifetime = ours.MetricCollection([ours.BinaryAUROC(), ours.BinaryRecall()])

    def training_step(self, data: Any, _: int) -> torch.Tensor:
        self.lifetime.update(*data)
        return self.weight.sum()

    def validation_step(self, data: Any, _: int) -> None:
        if self.val is None:
            return
        self.val.update(*data)
        if isinstance(self.val, ours.MetricCollection):
            self.log_dict(self.val.scalars)
        else:
            self.log("val/auroc", self.val)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"].update(ours.summed_states(self))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Keep(Callback):
    """Keeps what was logged at the end of each validation, the sanity check apart."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking:
            self.epochs.append({name: float(value) for name, value in trainer.callback_metrics.items()})


def trainer(world: int = 1, epochs: int = 1, callbacks: Any = None, **options: Any) -> pl.Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=world,
        strategy="ddp" if world > 1 else "auto",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        **options,
    )


def loader(*seeds: int) -> DataLoader[Any]:
    """The batches of these seeds, one after the other."""
    return DataLoader(TensorDataset(*map(torch.cat, zip(*map(batch, seeds), strict=True))), batch_size=100)


def collectives_of_validation(rank: int, path: Path) -> dict[str, Any]:
    """What one validation calls with ten metrics logged, and what it calls with none."""
    counts = []
    for metrics in (None, ours.MetricCollection(members(), prefix="val/")):
        runner = trainer(RANKS)
        model = Scores(metrics=metrics)
        with profile(activities=[ProfilerActivity.CPU]) as trace:
            [values] = runner.validate(model, loader(rank), verbose=False)
        counts.append(Counter(event.name[6:].strip("_") for event in trace.events() if event.name.startswith("c10d::")))
    return {"none": counts[0], "ten": counts[1], "values": values}


def fits(rank: int, path: Path) -> dict[str, Any]:
    """Two epochs with a sanity check and early stopping on our value."""
    keep, stop = Keep(), EarlyStopping("val/auroc", mode="max", patience=1)
    runner = trainer(RANKS, epochs=5, callbacks=[keep, stop], num_sanity_val_steps=2)
    runner.fit(Scores(metrics=ours.MetricCollection(members(), prefix="val/")), loader(rank), loader(rank))
    return {"epochs": keep.epochs, "stopped": stop.stopped_epoch}


def resumes(rank: int, path: Path) -> dict[str, Any]:
    """Two epochs at once, and one, a checkpoint, and another one."""
    whole, first, second = Scores(), Scores(), Scores()
    trainer(RANKS, epochs=2).fit(whole, loader(rank))
    runner = trainer(RANKS)
    runner.fit(first, loader(rank))
    runner.save_checkpoint(path / "first.ckpt")
    trainer(RANKS, epochs=2).fit(second, loader(rank), ckpt_path=path / "first.ckpt", weights_only=True)
    return {name: lifetime(model) for name, model in (("whole", whole), ("resumed", second))}


def lifetime(model: Scores) -> dict[str, Any]:
    values: dict[str, Any] = {name: float(value) for name, value in model.lifetime.compute().items()}
    [counts] = [total for key, total in ours.summed_states(model).items() if "BinaryRecall" in key]
    return values | {"counts": counts.tolist()}


PLAYS = [collectives_of_validation, fits, resumes]


def play(rank: int, path: Path, port: int) -> None:
    """All scenarios on one rank, as torchrun would start it; a report of each is left, or what went wrong."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    places = {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "WORLD_SIZE": RANKS, "LOCAL_WORLD_SIZE": RANKS}
    os.environ.update({name: str(value) for name, value in places.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_RUN_ID="tests", GLOO_SOCKET_IFNAME="lo")
    for scenario in PLAYS:
        try:
            said = scenario(rank, path)
        except BaseException:
            said = {"error": traceback.format_exc()}
        (path / f"{scenario.__name__}-{rank}.json").write_text(json.dumps(said))
    if dist.is_initialized():
        dist.destroy_process_group()
