"""Where a number of a report misleads, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from torch_binmetrics.measures.staircase import serial_sum
from torch_binmetrics.report.content import Matrix
from torch_binmetrics.report.numbers import ReportRow
from torch_binmetrics.state.snapshot import Snapshot
from torch_binmetrics.uncertainty.bootstrap import has_squares
from torch_binmetrics.wording import amount, value

FEW = 10
_KINDS = {"bad_labels": "bad labels", "nan_scores": "NaN scores", "out_of_range_scores": "scores out of range"}
_KINDS["bad_weights"] = "bad weights"
WIDE = 0.01
#: Closer to 1 than this no place is finer than the default cuts.
CLOSE = 2.0**-10


def misleading(confusion: Matrix, areas: Mapping[str, ReportRow], snapshot: Snapshot) -> tuple[str, ...]:
    """All that a reader should know before trusting the numbers: of the matrix, the areas and the counts."""
    found = [
        *_rare(confusion, _effective(snapshot)),
        *_majority(confusion),
        *_one_sided(confusion),
        *_wide(areas, snapshot),
        *_logits(snapshot),
    ]
    if any(snapshot.dropped):
        kinds = ", ".join(f"{amount(n)} {_KINDS[kind]}" for kind, n in snapshot.dropped._asdict().items() if n)
        found.append(f"dropped as invalid, and in none of these numbers: {kinds}.")
    if not has_squares(snapshot.layout):
        found.append("weighted: the counts are sums of weights without those of their squares, so no intervals are known.")
    return tuple(found)


def _effective(snapshot: Snapshot) -> list[float]:
    """Negatives and positives; of weights as many as have their variance, inf where no one knows."""
    total = serial_sum(snapshot.counts.double())
    if not has_squares(snapshot.layout):
        return [math.inf, math.inf]
    squares = serial_sum(snapshot.squares.counts) if snapshot.layout.weighted else total
    return [round(n, 6) for n in (total * (total / squares)).nan_to_num(math.inf).tolist()]


def _rare(confusion: Matrix, effective: list[float]) -> list[str]:
    """Classes of too few samples."""
    if not sum(map(sum, confusion)):
        return ["nothing was seen: every score is undefined."]
    found = []
    for name, row, n in zip(("negative", "positive"), confusion, effective, strict=True):
        if not sum(row):
            found.append(f"no {name} was seen: what compares the two classes is undefined.")
        elif n < FEW:
            found.append(
                f"fewer than {FEW} {name}s ({amount(n)}): whatever depends on them may come out quite differently next time."
            )
    return found


def _majority(confusion: Matrix) -> list[str]:
    """Accuracy that one gets without looking at the scores."""
    (tn, fp), (fn, tp) = confusion
    samples, most = tn + fp + fn + tp, max(tn + fp, fn + tp)
    if not samples or tn + tp > most:
        return []
    answer, rare, found = ("negative", "recall", tp) if most == tn + fp else ("positive", "specificity", tn)
    others = samples - most
    told = f" Look at {rare}: {value(found / others)}." if others else ""
    return [
        f"accuracy {value((tn + tp) / samples)} is no better than always answering {answer!r}, "
        f"which has {value(most / samples)}.{told}"
    ]


def _one_sided(confusion: Matrix) -> list[str]:
    """A threshold beyond all scores, while the others tell the classes apart."""
    (tn, fp), (fn, tp) = confusion
    called = {"positive": fp + tp, "negative": tn + fn}
    if not (tn + fp and fn + tp):
        return []
    return [
        f"no sample is called {answer} at this threshold: choose another, such as a best threshold of this report."
        for answer, n in called.items()
        if not n
    ]


def _wide(areas: Mapping[str, ReportRow], snapshot: Snapshot) -> list[str]:
    """Areas of which the bins hide more than a little."""
    widths = {name: row.bounds[1] - row.bounds[0] for name, row in areas.items() if row.bounds}
    wide = ", ".join(f"{name} {value(width)}" for name, width in widths.items() if width > WIDE)
    return (
        [f"bounds wider than {WIDE} ({wide}): the bins hide that much; {_finer(snapshot)} unless scores are tied."]
        if wide
        else []
    )


def _finer(snapshot: Snapshot) -> str:
    """Which cuts would narrow the bounds, by where the middle half of the samples lies."""
    samples = snapshot.counts.double().sum(0).cumsum(0)
    places = torch.searchsorted(samples, samples[-1] * samples.new_tensor([0.25, 0.5, 0.75]))
    low, median, high = snapshot.thresholds[places].tolist()
    if high - low < abs(median) / 8 and abs(median - 1) > CLOSE:
        place = float(f"{median:.2g}")
        return f"scores crowd around {place:g}: FloatBits(around={place:g}) narrows them"
    return "finer cuts, FloatBits(19, centre=22) say, narrow them"


def _logits(snapshot: Snapshot) -> list[str]:
    """Scores that no probability can be, in counts that were not told of logits."""
    n, samples = snapshot.improbable, float(snapshot.counts.double().sum())
    if not n:
        return []
    return [
        f"{amount(n)} of {amount(samples)} scores lie outside [0, 1]: if they are logits, pass from_logits=True, if "
        "percent, divide them by 100; else the threshold is not the probability that it looks like."
    ]
