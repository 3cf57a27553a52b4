"""What every plot is drawn on: Axes, colours, bands and words for what is undefined; the one file that imports matplotlib."""

from __future__ import annotations

import math
from io import BytesIO

from torch import Tensor

from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bands import Band
from torch_binmetrics.wording import short

try:
    from matplotlib import figure
    from matplotlib.axes import Axes
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
except ImportError as error:
    raise ImportError("plots need matplotlib: pip install 'torch-binmetrics[plots]'") from error

__all__ = ["Axes", "Figure"]


class Figure(figure.Figure):
    """A figure that a notebook shows as a picture, whether or not pyplot is loaded there."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


# Okabe and Ito's colours, which the colour-blind can tell apart, and which differ in grey as well.
BLUE, ORANGE, VERMILION, SKY, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#56B4E9", "#009E73", "#595959"
NEGATIVES, POSITIVES = BLUE, VERMILION
#: Below this prevalence, precision shows nothing on a scale from 0 to 1.
RARE = 0.05
#: What marked thresholds are known by.
MARK = "threshold"
BOUNDS, INTERVAL = "bounds (binning)", "interval (sampling)"


def canvas(ax: Axes | None, width: float = 5.0, height: float = 5.0) -> Axes:
    """The Axes given, or those of a new figure of that many inches, which no window shows unless the caller does."""
    return Figure(figsize=(width, height), layout="constrained").add_subplot() if ax is None else ax


def worst_first(values: Tensor) -> list[int]:
    """Numbers of rows by their value, [rows], ascending, undefined ones last."""
    return [int(row) for row in values.double().nan_to_num(math.inf).argsort(stable=True)]


def missing(snapshot: Snapshot, *, positives: bool = True, negatives: bool = True) -> str | None:
    """Which class a plot needs and has not, in words; None if it has both."""
    of_negatives, of_positives = (float(n) for n in snapshot.counts.double().cumsum(1)[:, -1])
    if not of_negatives + of_positives:
        return "nothing seen"
    if positives and not of_positives:
        return "no positive"
    return "no negative" if negatives and not of_negatives else None


def is_rare(snapshot: Snapshot) -> bool:
    """Whether positives are so few that scales are logarithmic: told by the prevalence, and so alike in train and val."""
    return 0 < prevalence_of(snapshot) < RARE


def prevalence_of(snapshot: Snapshot) -> float:
    """Share of positives; 0 where nothing was seen."""
    negatives, positives = (float(n) for n in snapshot.counts.double().cumsum(1)[:, -1])
    return positives / (positives + negatives) if positives else 0.0


def decade_below(x: float) -> float:
    """The power of ten at or below a number above 0."""
    return float(10.0 ** math.floor(math.log10(x)))


def say_undefined(ax: Axes, reason: str) -> Axes:
    """Write across empty Axes why there is nothing to draw."""
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, f"undefined: {reason}", transform=ax.transAxes, ha="center", va="center", color=GREY, fontsize="large")
    return ax


def frame(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Label Axes whose two scales run from 0 to 1, a little room left for lines along the edges."""
    ax.set(xlabel=xlabel, ylabel=ylabel, aspect="equal", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    ax.grid(color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)


def draw_bounds(ax: Axes, band: Band, numbers: str) -> None:
    """The band that a curve cannot leave, whatever the bins hide: narrow, strong, above the interval."""
    x, lower, upper = (line.numpy() for line in band)  # matplotlib takes a tensor apart, number by number
    ax.fill_between(x, lower, upper, color=ORANGE, alpha=0.6, linewidth=0, zorder=1.8, label=f"{BOUNDS}: {numbers}")


def draw_interval(ax: Axes, band: Band, level: float) -> None:
    """The band of what other samples would show at each x: wide, pale, below everything."""
    x, lower, upper = (line.numpy() for line in band)
    known = bool((lower < upper).any())
    label = f"{INTERVAL}: " + (f"{100 * level:g} % at each point" if known else "not known, nothing varies")
    ax.fill_between(x, lower, upper, facecolor=SKY, alpha=0.3, edgecolor=BLUE, linewidth=0.6, zorder=1.6, label=label)


def mark_thresholds(ax: Axes, curve: tuple[Tensor, ...], along: Tensor, *, marks: int, raised: int) -> None:
    """Points of a curve, x, y and threshold, at about even steps of ``along``, which ascends; the words raised by so much."""
    x, y, thresholds = curve
    start, way = float(along[0]), float(along[-1] - along[0])
    chosen = {min(int((along < start + way * k / marks).sum()), len(along) - 1) for k in range(1, marks)}
    for i in sorted(chosen):
        if math.isfinite(thresholds[i]):
            at = float(x[i]), float(y[i])
            ax.plot(*at, "o", markersize=4, color=BLUE, gid=MARK)
            offset, side = ((6, raised), "left") if at[0] < 0.85 else ((-6, raised), "right")
            text = short(float(thresholds[i]))
            ax.annotate(text, at, xytext=offset, textcoords="offset points", fontsize="small", ha=side, gid=MARK)


def drop_marks(ax: Axes) -> None:
    """Take the marked thresholds of a curve away again, where there is no room for them."""
    for artist in [*ax.lines, *ax.texts]:
        if artist.get_gid() == MARK:
            artist.remove()


def set_ticks(ax: Axes, axis: str, at: list[float], labels: list[str]) -> None:
    """Ticks of one's own on the "x" or the "y" axis."""
    chosen = ax.xaxis if axis == "x" else ax.yaxis
    chosen.set_major_locator(FixedLocator(at))
    chosen.set_major_formatter(FixedFormatter(labels))
    chosen.set_minor_locator(NullLocator())
