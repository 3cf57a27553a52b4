"""What a drop-in metric counts in its one state: a histogram in fixed memory, or tables that grow by the row."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import torch
from torch import Tensor

from torch_binmetrics.counting import Layout, count
from torch_binmetrics.counting.cuts import Cuts, FloatBits
from torch_binmetrics.counting.table import exact_counts, exact_merged
from torch_binmetrics.integrations.torchmetrics.readings import Curve, Points, curve_along_bits, curve_of_table
from torch_binmetrics.measures.confusion import Confusion
from torch_binmetrics.state.distributed import gather_over_ranks, sum_over_ranks

S = TypeVar("S", Tensor, list[Tensor])


@dataclass(frozen=True)
class Options:
    """The options of every drop-in metric that its counts depend on."""

    ignore_index: int | None
    validate_args: bool
    weighted: bool
    from_logits: bool | None

    def layout(self, cuts: Cuts) -> Layout:
        """The layout of counts by these cuts."""
        return Layout(cuts, ignore_index=self.ignore_index, weighted=self.weighted, invalid=self.invalid)

    @property
    def invalid(self) -> Literal["raise", "drop"]:
        """What becomes of invalid samples: without validation they are left out, never counted as something else."""
        return "raise" if self.validate_args else "drop"

    @property
    def suffix(self) -> str:
        """The options that differ from the default, as part of the name of a state."""
        ignored = "" if self.ignore_index is None else f"_ignore_{_word(self.ignore_index)}"
        return ignored + "_weighted" * self.weighted + "_drop" * (not self.validate_args)


class Counts(ABC, Generic[S]):
    """A kind of state: its name, and what is done with it. The state itself is kept by the metric."""

    name: str
    reduction: str
    options: Options

    @abstractmethod
    def empty(self, device: torch.device | str | None = None) -> S:
        """The state of no samples."""

    @abstractmethod
    def add(self, state: S, preds: Tensor, target: Tensor, weight: Tensor | None) -> S:
        """The state with a batch; a tensor is counted into, a list left as it is."""

    @abstractmethod
    def summed(self, state: S, group: Any) -> S:
        """The state of all ranks: a collective."""

    @abstractmethod
    def check(self, state: S) -> None:
        """Raise ValueError unless ``state``, loaded under this name, has the right dtypes and shapes."""

    def gathered(self, state: Any) -> S:
        """The state as torchmetrics' own sync needs it and leaves it: a list of tables is one table then."""
        return state  # type: ignore[no-any-return]

    def compact(self, state: S) -> S:
        """The state without rows that tell the same; needed where states are joined rather than counted into."""
        return state

    def curve(self, state: S) -> Curve:
        """The curve that the state holds."""
        raise TypeError(f"{self.name} holds no curve")

    def confusion(self, state: S) -> Confusion:
        """The confusion that the state holds at its one threshold."""
        raise TypeError(f"{self.name} holds no confusion at one threshold")


class Histogram(Counts[Tensor]):
    """Counts by label and bin in one tensor of fixed size."""

    reduction = "sum"
    layout: Layout

    def empty(self, device: torch.device | str | None = None) -> Tensor:
        return self.layout.empty(device)

    def add(self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        count([(self.layout, state)], preds, target, weight)
        return state

    def summed(self, state: Tensor, group: Any) -> Tensor:
        [total] = sum_over_ranks([state], self.name, group)
        return total

    def check(self, state: Tensor) -> None:
        if not isinstance(state, Tensor) or state.shape != (self.layout.cells,) or state.dtype != self.layout.dtype:
            raise ValueError(f"{self.name} must be {self.layout.dtype}, [{self.layout.cells}], got {_described(state)}")

    def counts(self, state: Tensor) -> Tensor:
        """Counts by label and bin, [2, bins], once there is nothing invalid among them."""
        self.layout.check_valid(state)
        return state[: self.layout.ignored].view(2, -1)


class PointCounts(Histogram):
    """Counts between given thresholds."""

    def __init__(self, points: Points, options: Options) -> None:
        self.points = points
        self.options = options
        self.layout = options.layout(points.cuts)
        declared = {None: "", True: "_logits", False: "_scores"}[points.from_logits]
        self.name = f"counts_{_threshold_word(points)}{declared}{options.suffix}"

    def curve(self, state: Tensor) -> Curve:
        return self.points.curve(self.counts(state))

    def confusion(self, state: Tensor) -> Confusion:
        return Confusion(*(part[0] for part in self.points.confusion(self.counts(state))))


class BitCounts(Histogram):
    """Counts in bins that are runs of floating-point numbers."""

    def __init__(self, cuts: FloatBits, options: Options) -> None:
        self.cuts = cuts
        self.options = options
        self.layout = options.layout(cuts)
        self.name = f"counts_floatbits_{cuts.bits}{options.suffix}"

    def curve(self, state: Tensor) -> Curve:
        return curve_along_bits(self.cuts, self.counts(state), self.options.from_logits)


class Tables(Counts[list[Tensor]]):
    """A list of tables of numbers, one below the other, that grow by the row."""

    reduction = "cat"
    columns: int

    def empty(self, device: torch.device | str | None = None) -> list[Tensor]:
        return []

    def summed(self, state: list[Tensor], group: Any) -> list[Tensor]:
        return gather_over_ranks(self.table(state), self.name, group)

    def gathered(self, state: Any) -> list[Tensor]:
        return [state if isinstance(state, Tensor) else self.table(state)]

    def check(self, state: list[Tensor]) -> None:
        wanted = self.table([]).dtype
        for part in state if isinstance(state, list) else [state]:
            if not isinstance(part, Tensor) or part.shape[1:] != (self.columns,) or part.dtype != wanted:
                raise ValueError(f"{self.name} must be a list of {wanted}, [rows, {self.columns}], got {_described(part)}")

    def table(self, state: list[Tensor]) -> Tensor:
        """All rows in one tensor, [rows, columns]."""
        if state:
            return torch.cat(state)
        return torch.zeros(0, self.columns, dtype=torch.float64 if self.options.weighted else torch.int64)


class ExactCounts(Tables):
    """Counts of each distinct score, merged whenever as many rows have come as were there."""

    columns = 3

    def __init__(self, options: Options) -> None:
        self.options = options
        self.name = f"counts_exact{options.suffix}"

    def add(self, state: list[Tensor], preds: Tensor, target: Tensor, weight: Tensor | None) -> list[Tensor]:
        kept = self.options
        batch = exact_counts(
            preds, target, weight, weighted=kept.weighted, ignore_index=kept.ignore_index, invalid=kept.invalid
        )
        return self.compact([*state, batch])

    def compact(self, state: list[Tensor]) -> list[Tensor]:
        return [exact_merged(state)] if state and sum(map(len, state[1:])) > len(state[0]) else state

    def curve(self, state: list[Tensor]) -> Curve:
        return curve_of_table(exact_merged([self.table(state)]), self.options.from_logits)


class SampleCounts(Tables):
    """Counts of each row of scores, for ``multidim_average="samplewise"``: they grow with the number of rows."""

    def __init__(self, points: Points, options: Options) -> None:
        self.histogram = PointCounts(points, options)
        self.options = options
        self.columns = self.histogram.layout.cells
        self.name = f"{self.histogram.name}_samplewise"

    def add(self, state: list[Tensor], preds: Tensor, target: Tensor, weight: Tensor | None) -> list[Tensor]:
        if preds.ndim < 2:
            raise ValueError(f"samplewise averages need preds of at least 2 dimensions, got shape {tuple(preds.shape)}")
        weights = [None] * len(preds) if weight is None else list(weight)
        table = torch.stack([self.histogram.empty(preds.device)] * len(preds))
        for row, one, labels, heavy in zip(table, preds, target, weights, strict=True):
            self.histogram.add(row, one, labels, heavy)
        return [*state, table]

    def confusion(self, state: list[Tensor]) -> Confusion:
        table, layout = self.table(state), self.histogram.layout
        layout.check_valid(table.sum(0))
        by_bin = table[:, : layout.ignored].view(len(table), 2, -1).permute(1, 2, 0)
        return Confusion(*(part[0] for part in self.histogram.points.confusion(by_bin)))


def _word(number: float) -> str:
    """A number as a part of a name: 0.5 is 0p5, -100 is m100."""
    return str(number).replace(".", "p").replace("-", "m").replace("+", "")


def _threshold_word(points: Points) -> str:
    """Thresholds as a part of a name: the threshold itself, or how many there are and a digest of them."""
    if len(points.thresholds) == 1 and points.strict:
        return f"t_{_word(points.thresholds[0])}"
    digest = hashlib.sha256(repr(points.thresholds).encode()).hexdigest()[:12]
    return f"{len(points.thresholds)}_thresholds_{digest}"


def _described(state: object) -> str:
    """A state of another kind, for an error message."""
    return f"{state.dtype}, {list(state.shape)}" if isinstance(state, Tensor) else type(state).__name__
