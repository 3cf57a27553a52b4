"""EarlyStopping: when to stop a plain training loop, decided alike on all ranks."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any, Literal

from torch import Tensor, nn

from torch_binmetrics.checks import integer, number, summary
from torch_binmetrics.state.distributed import first_ranks_value, group_or_none

STATE_VERSION = 1
STATE: dict[str, type | tuple[type, ...]] = {
    "version": int,
    "mode": str,
    "best": float,
    "best_epoch": int,
    "epoch": int,
    "weights": (dict, type(None)),
}


class EarlyStopping:
    """Stops when a value has not improved for ``patience`` epochs in a row, as Keras' callback of that name.

    A NaN never is the best: its epoch counts as one without improvement, and the first one warns.

    Args:
        patience: epochs without improvement after which to stop; 0 and 1 stop at the first one.
        min_delta: a change counts as an improvement if it is larger than this, >= 0.
        mode: "max" if higher values are better, "min" if lower ones are.
        restore_best_weights: keep the best weights, on CPU, and load them back into the model on stopping.
        process_group: ranks that decide together; rank 0's value decides. The default group if None.

    Raises:
        TypeError: a ``patience`` that is no int, or a ``min_delta`` that is no number.
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
        integer("patience", patience)
        if patience < 0 or not number("min_delta", min_delta) >= 0:
            raise ValueError(f"patience and min_delta must be >= 0, got {patience} and {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.mode = mode
        self.restore_best_weights = restore_best_weights
        self.process_group = group_or_none("process_group", process_group)
        #: Best value so far, NaN before the first; a NaN never is the best.
        self.best = math.nan
        self.best_epoch = -1
        self.epoch = -1
        self._weights: dict[str, Any] | None = None
        self._warned = False

    def __repr__(self) -> str:
        defaults = {"patience": 3, "min_delta": 0.0, "mode": "max", "restore_best_weights": True}
        given = ", ".join(f"{name}={getattr(self, name)!r}" for name, usual in defaults.items() if getattr(self, name) != usual)
        seen = (
            f"best {self.best:.6g} of epoch {self.best_epoch}, now at epoch {self.epoch}" if self.epoch >= 0 else "no epoch yet"
        )
        return f"{type(self).__name__}({given}), {seen}"

    def step(self, value: float | Tensor, model: nn.Module | None = None) -> bool:
        """Take the value of one more epoch; True if training should stop, the best weights being restored then.

        Every rank of the process group calls this: a collective.

        Args:
            value: what to watch, a float or a tensor of one element.
            model: whose weights to keep where the value is the best so far, and to restore.

        Raises:
            ValueError: a tensor of several values, by row say.

        Warns:
            UserWarning: the value is NaN, for the first time.
        """
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(
                f"expected one number to watch, got a tensor of shape {list(value.shape)}: watch an average of the rows, "
                'of a metric with average="macro" say, or "lowest" for the worst'
            )
        value = first_ranks_value(float(value.detach()) if isinstance(value, Tensor) else float(value), self.process_group)
        self.epoch += 1
        self._warn_of_nan(value)
        gain = value - self.best if self.mode == "max" else self.best - value
        if gain > self.min_delta or (math.isnan(self.best) and not math.isnan(value)):
            self.best, self.best_epoch = value, self.epoch
            if self.restore_best_weights and model is not None:
                self._weights = _copies(model.state_dict())
        stop = self.epoch > 0 and self.epoch - self.best_epoch >= max(self.patience, 1)
        if stop and model is not None:
            self.restore(model)
        return stop

    def restore(self, model: nn.Module) -> None:
        """Load the best weights back, if any were kept; for loops that ran out of epochs before they were stopped."""
        if self._weights is not None:
            model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that was seen: epochs, the best value and its weights; plain types, and tensors on CPU.

        The same on every rank, so any one's can be saved, and ``torch.load(weights_only=True)`` reads it.
        """
        seen = {"best": self.best, "best_epoch": self.best_epoch, "epoch": self.epoch}
        weights = None if self._weights is None else _copies(self._weights)
        return {"version": STATE_VERSION, "mode": self.mode, **seen, "weights": weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a copy of a :meth:`state_dict`, on every rank the same; ``patience`` and ``min_delta`` stay this one's.

        Raises:
            ValueError: the state is of another ``mode``, or none of ours; all stays as it was then.
        """
        if not isinstance(state, dict) or any(not isinstance(state.get(name), kind) for name, kind in STATE.items()):
            raise ValueError(f"expected the state_dict() of an EarlyStopping, with {', '.join(STATE)}, got {summary(state)}")
        if state["version"] > STATE_VERSION:
            raise ValueError(f"the state is of version {state['version']}, this release reads {STATE_VERSION}: upgrade it")
        if state["mode"] != self.mode:
            raise ValueError(f"expected the state of mode {self.mode!r}, got {state['mode']!r}: build both with the same mode")
        self.best, self.best_epoch, self.epoch = state["best"], state["best_epoch"], state["epoch"]
        self._weights = None if state["weights"] is None else _copies(state["weights"])

    def _warn_of_nan(self, value: float) -> None:
        """Say once that a NaN counts as no improvement."""
        if math.isnan(value) and not self._warned:
            self._warned = True
            warnings.warn(
                f"the value of epoch {self.epoch} is NaN, which counts as no improvement (said once): "
                "undefined metrics are NaN, an AUROC of one class say; if the loss is NaN too, mend the training",
                UserWarning,
                stacklevel=3,
            )


def _copies(weights: dict[str, Any]) -> dict[str, Any]:
    """Copies of the entries of a state dict: tensors on CPU, and whatever state a module adds of its own."""
    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else copy.deepcopy(value)
        for name, value in weights.items()
    }
