"""What the figures were measured on: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks.contenders import ours

PACKAGES = (
    "torch",
    "torchmetrics",
    "torcheval",
    "keras",
    "pytorch-ignite",
    "transformers",
    "boost-histogram",
    "scikit-learn",
    "numpy",
)


def conditions(*, quick: bool) -> dict[str, Any]:
    """When a run began, and what else the machine was doing; figures of several runs may lie in one folder."""
    start = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return {"start": start, "load": round(os.getloadavg()[0], 2), "quick": quick}


def machine() -> dict[str, Any]:
    """Cores, memory, CPU model and versions; None for a package that is not there."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "cpu": cpu_model(),
        "system": f"{platform.system()} {platform.machine()}",
        "counting": ours.BACKEND,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def version(package: str) -> str | None:
    """The installed version, None for none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def cpu_model() -> str | None:
    """The processor's name where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else None
