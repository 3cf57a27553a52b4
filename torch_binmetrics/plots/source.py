"""What people hold - a metric, a collection, a histogram - as the counts to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from torch_binmetrics.counting import Layout, Rows
from torch_binmetrics.state.histogram import ScoreHistogram
from torch_binmetrics.state.snapshot import Snapshot


class Holds(Protocol):
    """A metric: what has a histogram."""

    @property
    def histogram(self) -> ScoreHistogram:
        """Its counts."""


class HoldsMany(Protocol):
    """A collection: what has several histograms of the same samples."""

    @property
    def histograms(self) -> Sequence[ScoreHistogram]:
        """Their counts."""


#: A metric, a collection, of which the finest counts are drawn, a histogram or a snapshot of one.
Source = Snapshot | ScoreHistogram | Holds | HoldsMany


def read(source: Source, wanted: Callable[[Layout], bool] | None = None) -> Snapshot:
    """A snapshot on CPU; TypeError of what holds no counts, ValueError if these have rows."""
    snapshot = read_all(source, wanted)
    if (rows := snapshot.layout.rows) is not None:
        raise ValueError(
            f"these counts are of {rows}, a plot is of one row: pass Snapshot(histogram).row({rows.names[0]!r}), or .pooled "
            "for all together; plot_rows draws the worst side by side"
        )
    return snapshot


def read_all(source: Source, wanted: Callable[[Layout], bool] | None = None) -> Snapshot:
    """A snapshot on CPU with all its rows; of a collection that of its finest counts, among the ``wanted`` if there are any."""
    return (source if isinstance(source, Snapshot) else Snapshot(_histogram(source, wanted))).on_cpu()


def threshold_of(source: Source, threshold: float | None) -> float:
    """The threshold given, else the one that a metric has, else 0.5."""
    own = getattr(getattr(source, "reading", None), "thresholds", None)
    return threshold if threshold is not None else own if isinstance(own, float) else 0.5


def rows_of(snapshot: Snapshot) -> Rows:
    """The rows of counts; ValueError if they have none."""
    if snapshot.layout.rows is None:
        raise ValueError(
            "expected counts of rows, these have none: build the metric with rows=Labels(n), Classes(n) or Groups(n)"
        )
    return snapshot.layout.rows


def _histogram(source: Any, wanted: Callable[[Layout], bool] | None) -> ScoreHistogram:
    """The counts of what people hold."""
    if isinstance(source, ScoreHistogram):
        return source
    one, many = getattr(source, "histogram", None), getattr(source, "histograms", None)
    if isinstance(one, ScoreHistogram):
        return one
    if not isinstance(many, list) or not all(isinstance(each, ScoreHistogram) for each in many):
        raise TypeError(
            f"expected a metric, a collection or a histogram to draw, got {type(source).__name__}: pass the metric itself and "
            "not its value; scores are counted first, by metric.update(preds, target)"
        )
    fitting: list[ScoreHistogram] = [each for each in many if wanted is None or wanted(each.layout)] or many
    return max(fitting, key=lambda each: each.layout.scored.bins)
