"""A pytest plugin that puts the drop-in classes in the place of torchmetrics', to run torchmetrics' own tests on them.

``TORCHMETRICS_TESTS=folder make peers`` runs it, where ``folder`` holds the tests of a copy of torchmetrics' sources.
"""

from __future__ import annotations

import sys

import torchmetrics
import torchmetrics.wrappers

from torch_binmetrics.integrations import torchmetrics as ours


def _swap(name: str) -> None:
    """Let every module of torchmetrics that knows a class of theirs by a name know ours by it."""
    theirs = getattr(torchmetrics.classification, name, None) or getattr(torchmetrics, name)
    for module in [module for path, module in sys.modules.items() if path.split(".")[0] == "torchmetrics"]:
        if vars(module).get(name) is theirs:
            setattr(module, name, getattr(ours, name))


def pytest_configure() -> None:
    """Swap before any test is imported; this file itself may be imported by any run, which then swaps nothing."""
    for name in ours.__all__:
        if name != "summed_states":
            _swap(name)
