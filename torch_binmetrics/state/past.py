"""What a histogram of recent samples knows besides its counts: the updates that it will have to forget."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from torch import Tensor

from torch_binmetrics.checks import summary
from torch_binmetrics.counting.layout import Layout
from torch_binmetrics.counting.recent import Decay, Recent, Window

#: Bytes of a cell that is kept with what an update added to it.
CELL_BYTES = 8


class Update(NamedTuple):
    """What an update added: to some cells, int32, or to all of them if None."""

    cells: Tensor | None
    amounts: Tensor

    @classmethod
    def of(cls, counts: Tensor) -> Update:
        """The counts of an update, in as little memory as they need."""
        flat = counts.view(-1)
        if flat.device.type != "cpu":
            return cls(None, flat.clone())
        cells = flat.nonzero().squeeze(1)
        if cells.numel() * CELL_BYTES >= flat.nbytes or flat.numel() >= 2**31:
            return cls(None, flat.clone())
        amounts = flat[cells]
        return cls(cells.int(), amounts if amounts.is_floating_point() else amounts.int())

    def add(self, counts: Tensor, *, sign: int = 1) -> None:
        """Add this to counts, or take it off them."""
        flat, amounts = counts.view(-1), (sign * self.amounts).to(counts)
        if self.cells is None:
            flat += amounts
        else:
            flat.index_add_(0, self.cells.to(counts.device), amounts)


class Past:
    """The updates in a window, or the number of those that decay.

    Args:
        layout: what is counted, and what of the past.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        #: Number of updates so far, forgotten ones too.
        self.updates = 0
        self._kept: deque[Update] = deque()

    def take(self, counts: Tensor, batch: Tensor) -> None:
        """Add the counts of an update to those of the recent ones, in place, and forget what is no longer recent."""
        self.updates += 1
        if isinstance(self.recent, Decay):
            self._fade(counts, self.recent.factor)
            counts += batch
            return
        counts += batch
        self._kept.append(Update.of(batch))
        if len(self._kept) > self._length:
            oldest = self._kept.popleft()
            if not counts.is_floating_point():
                oldest.add(counts, sign=-1)
            else:  # what floats add, they do not take off again to the last bit
                counts.zero_()
                for update in self._kept:
                    update.add(counts)

    def _fade(self, counts: Tensor, factor: float) -> None:
        """Make every weight so much smaller, and what is summed of squared weights by the square of that."""
        layout = self.layout
        counts *= factor
        for k, summand in enumerate(layout.sums):
            if summand.degree > 1:
                counts.narrow(-1, layout.counted + k * layout.block, layout.block).mul_(factor ** (summand.degree - 1))

    def state_dict(self) -> dict[str, Any]:
        """A copy of what is known, of plain types and tensors."""
        kept = [(None if cells is None else cells.clone(), amounts.clone()) for cells, amounts in self._kept]
        return {"updates": self.updates, "kept": kept}

    def check(self, state: object) -> None:
        """Raise ValueError unless this could be a :meth:`state_dict`."""
        fits = isinstance(state, dict) and type(state.get("updates")) is int and isinstance(state.get("kept"), list)
        if not fits or len(state["kept"]) != min(state["updates"], self._length):  # type: ignore[index]
            raise ValueError(
                f"expected the past of {self.recent}, with its updates, got {summary(state)}: load what each rank saved of its "
                "own, since a sum over ranks does not know what to forget"
            )

    def load(self, state: dict[str, Any]) -> None:
        """Take over copies of a checked :meth:`state_dict`."""
        self.updates = state["updates"]
        self._kept = deque(
            Update(None if cells is None else cells.clone(), amounts.clone()) for cells, amounts in state["kept"]
        )

    @property
    def recent(self) -> Recent:
        """What of the past is counted."""
        assert self.layout.recent is not None
        return self.layout.recent

    @property
    def _length(self) -> int:
        """How many updates are kept at most."""
        return self.recent.updates if isinstance(self.recent, Window) else 0
