"""What a drop-in metric counts in its one state: a tensor of fixed size, or a list of tables that grow by the row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.counting import Dense, Dropped, Layout, Store, Summand, check_batch, count, reference, store_of
from torch_binmetrics.counting.cuts import Edges
from torch_binmetrics.counting.dense import described
from torch_binmetrics.counting.float_bits import Exact, FloatBits
from torch_binmetrics.integrations.torchmetrics.given import Batch, Options, word
from torch_binmetrics.integrations.torchmetrics.readings import Points, of_both_readings
from torch_binmetrics.measures import Confusion
from torch_binmetrics.state.distributed import gather_over_ranks, sum_over_ranks
from torch_binmetrics.state.earlier import upgraded_counts


@dataclass(frozen=True)
class Counts:
    """The name of a state, the store that it is kept in, and how it is read: at points, or along all bins if those are none.

    The state is one tensor if states are summed, else a list of tensors.
    """

    name: str
    store: Store
    points: Points

    def empty(self, device: torch.device | str | None = None) -> Tensor | list[Tensor]:
        """The state of no samples."""
        return self.store.empty(device) if self.store.reduction == "sum" else []

    def add(self, state: Any, batch: Batch, group: Tensor | None = None) -> Any:
        """The state with a batch; a tensor is counted into, a list left as it is."""
        own = state if isinstance(state, Tensor) else self.store.empty(getattr(batch[0], "device", None))
        try:
            if isinstance(self.store, OfClasses):
                return self.store.add(own, *batch)
            [counted] = count([(self.store, own)], *batch, group=group)
        except ValueError as error:
            raise _in_words_of_here(error) from None
        return counted if isinstance(state, Tensor) else self.compact([*state, counted])

    def whole(self, state: Any) -> Tensor:
        """The state as one tensor, once there is nothing invalid in it."""
        first, *others = [state] if isinstance(state, Tensor) else state or [self.store.empty()]
        table = self.store.merge(first, others)
        try:
            self.store.layout.check_valid(self.store.excluded(table)[1])
        except ValueError as error:
            raise _in_words_of_here(error) from None
        return table

    def of_confusion(self, c: Confusion) -> Tensor | list[Tensor]:
        """The state of which ``c``, [points] or [rows, points] each, is read."""
        counts, layout = self.points.placed(c), self.store.layout
        state = torch.zeros(*counts.shape[:-2], layout.cells, dtype=layout.dtype, device=counts.device)
        state[..., : layout.block] = counts.flatten(-2)
        return state if self.store.reduction == "sum" else [state]

    def summed(self, state: Any, group: Any) -> Any:
        """The state of all ranks: a collective."""
        if isinstance(state, Tensor):
            return sum_over_ranks([state], self.name, group)[0]
        return gather_over_ranks(torch.cat(state) if state else self.store.empty(), self.name, group)

    def gathered(self, state: Any) -> Any:
        """The state as torchmetrics' own sync needs it and leaves it: a list of tables is one table then."""
        if self.store.reduction == "sum":
            return state
        return [state if isinstance(state, Tensor) else torch.cat(state) if state else self.store.empty()]

    def compact(self, state: Any) -> Any:
        """A list with all rows in one table, as soon as more rows have come than were there; a tensor as it is."""
        if isinstance(state, Tensor) or sum(map(len, state[1:])) <= len(state[0] if state else ()):
            return state
        return [self.store.merge(state[0], state[1:])]

    def of_today(self, state: Any) -> Any:
        """A loaded state, of version 1 perhaps, as one of this."""
        layout = self.store.layout
        return [upgraded_counts(part, layout) for part in state] if isinstance(state, list) else upgraded_counts(state, layout)

    def check(self, state: Any) -> None:
        """Raise ValueError unless ``state``, loaded under this name, has the right dtypes and shapes, and holds counts."""
        for part in state if isinstance(state, list) and self.store.reduction == "cat" else [state]:
            try:
                self.store.check(part)
                self.store.check_values(part)
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None


@dataclass(frozen=True)
class Samplewise(Store):
    """A row of dense counts for each row of scores: [rows, layout.cells]; they grow with the number of rows."""

    layout: Layout
    reduction = "cat"

    def empty(self, device: torch.device | str | None = None) -> Tensor:
        return torch.zeros(0, self.layout.cells, dtype=self.layout.dtype, device=device)

    def add(
        self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
    ) -> Tensor:
        if preds.ndim < 2:
            raise ValueError(f"samplewise averages need preds of at least 2 dimensions, got shape {tuple(preds.shape)}")
        layout, samples = self.layout, reference.samples_of(preds, target, weight)
        cell = _cells(layout, samples).view(len(preds), -1)
        off_edge = reference.off_edges(layout, samples, cell.view(-1)).view(len(preds), -1).sum(1)
        whole = torch.int32 if len(preds) * layout.cells < 2**31 else torch.int64
        cell = cell.to(whole) + layout.cells * torch.arange(len(preds), dtype=whole, device=cell.device)[:, None]
        table = self._counted(cell.view(-1), len(preds) * layout.cells, samples).view(len(preds), -1)
        table[:, layout.off_edge] = off_edge
        if preds.device.type == "cpu":
            layout.check_valid(self.excluded(table)[1])
        return self.merge(state, [table])

    def _counted(self, cell: Tensor, cells: int, samples: reference.Samples) -> Tensor:
        """What samples in cells add to them: [cells]; on CPU by bincount, which would make the host wait for another device."""
        layout = self.layout
        amounts = reference.amounts(layout, samples, cell % layout.cells) if layout.weighted else None
        if cell.device.type == "cpu":
            return torch.bincount(cell, amounts, cells)
        ones = torch.ones((), dtype=layout.dtype, device=cell.device).expand_as(cell)
        return ones.new_zeros(cells).index_add_(0, cell, ones if amounts is None else amounts)

    def merge(self, state: Tensor, others: Sequence[Tensor]) -> Tensor:
        return torch.cat([state, *others])

    def clear(self, state: Tensor) -> Tensor:
        return self.empty(state.device)

    def check(self, state: object) -> None:
        wanted = self.layout.dtype
        if not isinstance(state, Tensor) or state.dtype != wanted or state.shape[1:] != (self.layout.cells,):
            raise ValueError(f"expected counts of {wanted} and shape [rows, {self.layout.cells}], got {described(state)}")

    def counts(self, state: Tensor) -> Tensor:
        return state[:, : self.layout.block].view(len(state), 2, self.layout.scored.bins)

    def occupied(self, state: Tensor) -> tuple[Tensor, Tensor]:
        return torch.arange(self.layout.scored.bins, device=state.device), self.counts(state)

    def off_edge(self, state: Tensor) -> int:
        return Dense(self.layout).off_edge(state.sum(0))

    def excluded(self, state: Tensor) -> tuple[int, Dropped]:
        return Dense(self.layout).excluded(state.sum(0))


@dataclass(frozen=True)
class OfClasses(Dense):
    """Dense counts of classes, from the number of the class that each sample is said to be of, -1 for unknown.

    That is what a score of 1 for that class and 0 for all others would be counted as, but excluded samples are in one row only.
    """

    def add(
        self, state: Tensor, preds: Tensor, target: Tensor, weight: Tensor | None, *, group: Tensor | None = None
    ) -> Tensor:
        check_batch([replace(self.layout, rows=None)], preds, target, weight)
        layout, (rows, cells) = self.layout, self.layout.shape
        taken, classes = preds.reshape(-1).long(), target.reshape(-1).long()
        scores = (taken == classes).float().where(taken >= 0, torch.nan)
        labels = ((classes >= 0) & (classes < rows)).long() * 2 - 1
        samples = reference.Samples(scores, labels, None if weight is None else weight.reshape(-1).double(), classes)
        cell = reference.cells(layout, samples)
        amount = reference.amounts(layout, samples, cell)
        added = torch.zeros_like(state).view(-1).index_add_(0, classes.clamp(0, rows - 1) * cells + cell, amount)
        wrong, valid = cell == layout.scored.bins, cell < layout.block
        added = added.index_add_(0, taken.clamp(0, rows - 1) * cells + 1, amount * wrong).view(rows, cells)
        added[:, 0] = ((amount * valid).sum() - added[:, 1 : layout.block].sum(1)).clamp(min=0)
        if state.device.type == "cpu":
            layout.check_valid(self.excluded(added)[1])
        state += added
        return state


def at_points(points: Points, options: Options, summand: Summand | None = None, *, samplewise: bool = False) -> Counts:
    """Counts between given thresholds, perhaps with sums, or of each row of scores."""
    declared = {None: "", True: "_logits", False: "_scores"}[points.from_logits]
    name = f"counts_{_threshold_word(points)}{declared}{options.suffix}"
    layout = options.layout(points.cuts)
    if summand is not None:
        words = [type(summand).__name__.lower(), *(name for name, on in vars(summand).items() if on is True)]
        return Counts(f"{name}_{'_'.join(words)}", Dense(replace(layout, sums=of_both_readings(summand))), points)
    if samplewise:
        return Counts(f"{name}_samplewise", Samplewise(replace(layout, rows=None)), points)
    return Counts(name, Dense(layout), points)


def along(cuts: FloatBits | Exact, options: Options) -> Counts:
    """Counts in bins that are runs of floating-point numbers, or of every distinct score."""
    kind = "exact" if isinstance(cuts, Exact) else _float_bits_word(cuts)
    none = Points((), from_logits=options.from_logits)
    return Counts(f"counts_{kind}{options.suffix}", store_of(options.layout(cuts)), none)


def _cells(layout: Layout, samples: reference.Samples) -> Tensor:
    """:func:`reference.cells` of cuts with few edges; uint8 on CPU if there is nothing to leave out, as usual."""
    scores, labels = samples.scores, samples.labels
    if samples.weights is not None or layout.ignore_index in (0, 1) or labels.is_floating_point() or not len(scores):
        return reference.cells(layout, samples)
    if scores.device.type != "cpu" or not isinstance(layout.scored, Edges):
        return reference.cells(layout, samples)
    (low, high), (first, last) = (torch.stack(torch.aminmax(each)).tolist() for each in (scores, labels))
    if not (low <= high and first >= 0 and last <= 1):  # with a NaN among them both are NaN
        return reference.cells(layout, samples)
    cell = labels.to(torch.uint8) * layout.scored.bins
    for edge in layout.scored.at:
        if edge <= high:
            cell += 1 if edge <= low else (scores >= edge).view(torch.uint8)
    return cell


def _in_words_of_here(error: ValueError) -> ValueError:
    """An error about invalid samples that names the option of these classes."""
    return ValueError(str(error).replace("invalid='drop'", "validate_args=False"))


def _float_bits_word(cuts: FloatBits) -> str:
    """FloatBits as a part of a name."""
    around = "" if cuts.around == 1 else f"_around_{word(cuts.around)}"
    return f"floatbits_{cuts.bits}" + (f"_{cuts.centre}" if cuts.centre else "") + around


def _threshold_word(points: Points) -> str:
    """Thresholds as a part of a name: the threshold itself, or how many there are and a digest of them."""
    if len(points.thresholds) == 1 and points.strict:
        return f"t_{word(points.thresholds[0])}"
    digest = hashlib.sha256(repr(points.thresholds).encode()).hexdigest()[:12]
    return f"{len(points.thresholds)}_thresholds_{digest}"
