"""ExactHistogram: counts of every distinct score instead of bins, for what has to be exact; its memory grows with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torch_binmetrics.counting import Dropped, Layout
from torch_binmetrics.counting.table import INFINITY, exact_counts, exact_merged, exact_rows
from torch_binmetrics.state.distributed import gather_over_ranks
from torch_binmetrics.state.histogram import ScoreHistogram


class ExactHistogram(ScoreHistogram):
    """Running counts by label and distinct float32 score, where a :class:`ScoreHistogram` has bins.

    Memory is 24 bytes for each distinct score, however often it comes; every update sorts, and waits for an accelerator. The
    sum over ranks is an all_reduce of lengths and an all_gather.

    Args:
        layout: what is counted, with ``exact=True``; its cuts are not used.
        device: where the empty counts lie until a batch comes.

    >>> from torch_binmetrics import FloatBits
    >>> histogram = ExactHistogram(Layout(FloatBits(16), exact=True))
    >>> histogram.update(torch.tensor([0.1, 0.30000001, 0.3, 0.1]), torch.tensor([0, 1, 1, 1]))
    >>> histogram.counts, histogram.thresholds(torch.arange(2))
    (tensor([[1, 0],
            [1, 2]]), tensor([0.1000, 0.3000]))
    """

    def __init__(self, layout: Layout, *, device: torch.device | str | None = None) -> None:
        self.layout = layout
        self.is_total = False
        with torch.inference_mode(False):
            self.state = torch.zeros(0, 3, dtype=layout.dtype, device=device)

    @property
    def counts(self) -> Tensor:
        """Counts by label and distinct score, scores ascending: int64, or float64 sums of weights, [2, scores]."""
        return exact_rows(self.state)[1]

    @property
    def dropped(self) -> Dropped:
        """Numbers of invalid samples, by kind."""
        return Dropped(*(self._left_out(kind) for kind in range(1, 1 + len(Dropped._fields))))

    @property
    def ignored(self) -> int:
        """Number of samples whose label was ``ignore_index``."""
        return self._left_out(0)

    def positions(self, thresholds: Sequence[float]) -> tuple[int, ...]:
        """Numbers of distinct scores below thresholds, which may be any, until another score is counted."""
        scores = exact_rows(self.state)[0]
        at = torch.tensor(thresholds, dtype=torch.float32, device=scores.device)
        return tuple(torch.searchsorted(scores, at).tolist())

    def thresholds(self, bins: Tensor) -> Tensor:
        """Distinct scores by their number in :attr:`counts`, float32."""
        return exact_rows(self.state)[0][bins]

    def check_valid(self) -> None:
        """Nothing to find: ``update`` raises on invalid samples at once, on every device."""

    def _left_out(self, kind: int) -> int:
        """Number of samples that were left out for one reason, by its place in a layout's cells."""
        return int(self.state[self.state[:, 0] == INFINITY + 1 + kind, 1].sum())

    def _forget(self) -> None:
        self.state = self.state[:0].clone()

    def _add(self, state: Tensor) -> None:
        self.state = exact_merged([self.state, state])

    def _fits(self, state: Tensor) -> bool:
        return state.ndim == 2 and state.shape[1] == 3

    def _apart(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Tensor | None:
        layout = self.layout
        return exact_counts(
            preds,
            target,
            weight if layout.weighted else None,
            weighted=layout.weighted,
            ignore_index=layout.ignore_index,
            invalid=layout.invalid,
        )

    def _gathered(self, group: Any) -> Tensor | None:
        return exact_merged(gather_over_ranks(self.state, str(self.layout), group))


def histogram_of(layout: Layout, device: torch.device | str | None = None) -> ScoreHistogram:
    """The accumulator for a layout: of bins, or of every distinct score."""
    return ExactHistogram(layout, device=device) if layout.exact else ScoreHistogram(layout, device=device)
