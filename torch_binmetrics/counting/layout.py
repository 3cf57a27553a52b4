"""What is counted, and what the cells mean: one for each label and bin, then one for each kind of excluded sample."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch

from torch_binmetrics.checks import boolean, integer
from torch_binmetrics.counting.cuts import Cuts, logits
from torch_binmetrics.counting.float_bits import Exact, FloatBits
from torch_binmetrics.counting.recent import Decay, Recent, Window
from torch_binmetrics.counting.rows import Rows
from torch_binmetrics.counting.summands import Summand

#: What the counts of many rows take at most, unless cuts are chosen.
MOST_BYTES = 64 << 20


class Dropped(NamedTuple):
    """Numbers of invalid samples by kind; a sample of several kinds counts once, under the first of them.

    A label that is no class, and an id of no group, are bad labels too.
    """

    bad_labels: int = 0
    nan_scores: int = 0
    out_of_range_scores: int = 0
    bad_weights: int = 0


@dataclass(frozen=True)
class Layout:
    """What is counted, and how: equal layouts count alike, so they can share counts.

    The cells are negatives by bin, positives by bin, ignored samples, the four kinds of :class:`Dropped`, valid samples that
    lie off the lower edge of their bin, then for each of ``sums`` its negatives by bin and positives by bin. They are int64, or
    float64 if ``weighted`` or if anything else is summed (but for the bins, samples count 1 there too).

    Args:
        cuts: where scores are cut into bins; thresholds are probabilities even if ``from_logits``.
        from_logits: scores are logits; the cuts are moved to logit space once, the data gets no sigmoid.
        ignore_index: label of samples to leave out, whatever their score; None for no such label.
        weighted: sum weights instead of counting samples.
        sums: what else to sum in every cell, in float64 and times the weight; summands of probabilities make scores outside
            [0, 1] invalid, unless ``from_logits``.
        rows: count so for each label, class or group; None for all samples as one pool.
        recent: count the last updates only, ``Window(100)`` say, or older ones less, ``Decay(1000)``, which takes ``weighted``.
        invalid: "raise" on NaN scores, labels other than 0 and 1, bad weights and scores out of range, or "drop" them.

    Raises:
        TypeError, ValueError: an option of another type or value than these.
    """

    cuts: Cuts
    _: KW_ONLY
    from_logits: bool = False
    ignore_index: int | None = None
    weighted: bool = False
    sums: tuple[Summand, ...] = ()
    rows: Rows | None = None
    recent: Recent | None = None
    invalid: Literal["raise", "drop"] = "raise"

    def __post_init__(self) -> None:
        if not isinstance(self.cuts, Cuts):
            raise TypeError(f"cuts must be a Cuts, got {type(self.cuts).__name__}: pass Threshold(0.5) or FloatBits(), say")
        if self.ignore_index is not None:
            integer("ignore_index", self.ignore_index)
            if not -(2**63) <= self.ignore_index < 2**63:
                raise ValueError(f"ignore_index must fit int64, got {self.ignore_index}")
        boolean("from_logits", self.from_logits)
        boolean("weighted", self.weighted)
        if not isinstance(self.sums, tuple) or not all(isinstance(summand, Summand) for summand in self.sums):
            raise TypeError(f"sums must be a tuple of Summands, got {self.sums!r}: pass (SquaredError(),), say")
        if self.rows is not None and not isinstance(self.rows, Rows):
            raise TypeError(f"rows must be Labels, Classes or Groups, got {self.rows!r}: pass Labels(n) for n labels, say")
        if self.recent is not None and not isinstance(self.recent, Window | Decay):
            raise TypeError(f"recent must be a Window or a Decay, got {self.recent!r}: pass Window(100), say")
        if self.recent is not None and isinstance(self.cuts, Exact):
            raise ValueError(f"Exact() cuts forget nothing, so they take no recent={self.recent}: take other cuts")
        if isinstance(self.recent, Decay) and not self.weighted:
            raise ValueError("Decay() makes weights of counts: pass weighted=True as well")
        if self.invalid not in ("raise", "drop"):
            raise ValueError(f"invalid must be 'raise' or 'drop', got {self.invalid!r}")
        if self.sums and isinstance(self.cuts, Exact):
            raise ValueError("Exact() is for areas, curves and points: means are exact with any cuts, leave it out")
        _ = self.scored

    @cached_property
    def scored(self) -> Cuts:
        """The cuts as they are applied to the scores given: in logit space if those are logits."""
        return self.cuts.to_logits() if self.from_logits else self.cuts

    @cached_property
    def valid_range(self) -> tuple[float, float]:
        """Lowest and highest score that is valid."""
        bounded = not self.from_logits and any(summand.of_probabilities for summand in self.sums)
        return (0.0, 1.0) if bounded else self.scored.valid_range

    @cached_property
    def ends_of_probabilities(self) -> tuple[int, int]:
        """The bins of the scores 0 and 1: what lies beyond them is no probability; logits can be any number."""
        if self.from_logits:
            return 0, self.scored.bins - 1
        low, high = self.scored.index(torch.tensor([0.0, 1.0], dtype=torch.float32, device="cpu")).tolist()
        return low, high

    @property
    def block(self) -> int:
        """Number of cells by label and bin; the cell of ignored samples follows them."""
        return 2 * self.scored.bins

    @property
    def off_edge(self) -> int:
        """The cell of valid samples that lie off the lower edge of their bin: where there are none, every bin is a tie."""
        return self.block + 1 + len(Dropped._fields)

    @property
    def counted(self) -> int:
        """Number of cells that count samples; the sums follow them, a block each."""
        return self.off_edge + 1

    @property
    def cells(self) -> int:
        """Number of all cells."""
        return self.counted + len(self.sums) * self.block

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all cells: [cells], or [rows, cells]."""
        return (self.cells,) if self.rows is None else (self.rows.n, self.cells)

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of counts."""
        return torch.float64 if self.weighted or self.sums else torch.int64

    @property
    def meaning(self) -> str:
        """What one count stands for: counts of equal meaning may be added, whatever was left out of them."""
        sums = f", sums={list(self.sums)}" if self.sums else ""
        cuts = "every distinct score" if isinstance(self.cuts, Exact) else self.cuts
        rows = "" if self.rows is None else f", rows={self.rows}"
        recent = "" if self.recent is None else f", recent={self.recent}"
        return f"{cuts}, from_logits={self.from_logits}, weighted={self.weighted}{sums}{rows}{recent}"

    def positions(self, thresholds: tuple[float, ...]) -> tuple[int, ...] | None:
        """The bins that start at thresholds, probabilities if logits are counted; None if one of those lies on no edge."""
        if thresholds not in self._positions:
            self._positions[thresholds] = self.scored.positions(logits(thresholds) if self.from_logits else thresholds)
        return self._positions[thresholds]

    @cached_property
    def _positions(self) -> dict[tuple[float, ...], tuple[int, ...] | None]:
        """What was found before."""
        return {}

    def check_valid(self, dropped: Dropped) -> None:
        """Raise ValueError if ``invalid="raise"`` and there are invalid samples."""
        if self.invalid == "raise" and any(dropped):
            found = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in dropped._asdict().items() if n)
            low, high = self.valid_range
            labels = "labels 0 or 1" if self.rows is None else self.rows.expected
            raise ValueError(
                f"invalid samples: {found}. Expected {labels} (or ignore_index={self.ignore_index}), scores in "
                f"[{low:g}, {high:g}] that are not NaN, finite weights >= 0: clean the batch, or pass invalid='drop'"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # a plan points into this process's memory


def fitting(rows: Rows, sums: int) -> FloatBits:
    """The default cuts for so many rows: as many bits as let the counts, with so many sums, take no more than ``MOST_BYTES``.

    Raises:
        ValueError: the rows are too many for any.
    """
    for bits in range(16, 8, -1):
        cuts = FloatBits(bits, centre=bits + 4)
        if rows.n * (1 + sums) * 2 * cuts.bins * 8 <= MOST_BYTES:
            return cuts
    raise ValueError(f"{rows} take more than {MOST_BYTES >> 20} MiB at any default: pass cuts, Uniform(64) say, or fewer rows")
