"""EarlyStopping: when to stop a plain training loop, decided alike on all ranks."""

from __future__ import annotations

import copy
import math
from typing import Any, Literal

from torch import Tensor, nn

from torch_binmetrics.distributed import first_ranks_value


class EarlyStopping:
    """Stops when a value has not improved for ``patience`` epochs in a row, as Keras' callback of that name.

    Args:
        patience: epochs without improvement after which to stop; 0 and 1 stop at the first one.
        min_delta: a change counts as an improvement if it is larger than this, >= 0.
        mode: "max" if higher values are better, "min" if lower ones are.
        restore_best_weights: keep the best weights, on CPU, and load them back into the model on stopping.
        process_group: ranks that decide together; rank 0's value decides. The default group if None.

    Raises:
        ValueError: ``patience`` or ``min_delta`` below 0, or another ``mode``.

    >>> stopper = EarlyStopping(patience=2)
    >>> [stopper.step(value) for value in (0.7, 0.8, 0.8, 0.79)]
    [False, False, False, True]
    >>> stopper.best, stopper.best_epoch
    (0.8, 1)
    """

    def __init__(
        self,
        *,
        patience: int = 3,
        min_delta: float = 0.0,
        mode: Literal["max", "min"] = "max",
        restore_best_weights: bool = True,
        process_group: Any = None,
    ) -> None:
        if mode not in ("max", "min"):
            raise ValueError(f"mode must be 'max' or 'min', got {mode!r}")
        if patience < 0 or not min_delta >= 0:
            raise ValueError(f"patience and min_delta must be >= 0, got {patience} and {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.mode = mode
        self.restore_best_weights = restore_best_weights
        self.process_group = process_group
        #: Best value so far, NaN before the first; a NaN never is the best.
        self.best = math.nan
        self.best_epoch = -1
        self.epoch = -1
        self._weights: dict[str, Any] | None = None

    def step(self, value: float | Tensor, model: nn.Module | None = None) -> bool:
        """Take the value of one more epoch; True if training should stop, the best weights being restored then.

        Every rank of the process group calls this: a collective.

        Args:
            value: what to watch, a float or a tensor of one element.
            model: whose weights to keep where the value is the best so far, and to restore.
        """
        value = first_ranks_value(float(value.detach()) if isinstance(value, Tensor) else float(value), self.process_group)
        self.epoch += 1
        gain = value - self.best if self.mode == "max" else self.best - value
        if gain > self.min_delta or (math.isnan(self.best) and not math.isnan(value)):
            self.best, self.best_epoch = value, self.epoch
            if self.restore_best_weights and model is not None:
                self._weights = {name: _copy(value) for name, value in model.state_dict().items()}
        stop = self.epoch > 0 and self.epoch - self.best_epoch >= max(self.patience, 1)
        if stop and model is not None:
            self.restore(model)
        return stop

    def restore(self, model: nn.Module) -> None:
        """Load the best weights back, if any were kept; for loops that ran out of epochs before they were stopped."""
        if self._weights is not None:
            model.load_state_dict(self._weights)


def _copy(value: Any) -> Any:
    """A copy of an entry of a state dict: tensors on CPU, and whatever state a module adds of its own."""
    return value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else copy.deepcopy(value)
