"""Values by row -> one number: means, extremes and gaps over labels, classes or groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from torch_binmetrics.measures.declared import Ends
from torch_binmetrics.measures.staircase import serial_sum

#: ``micro`` is the value of the sum of the rows, which takes their counts; the others are made of values by row.
Average = Literal["micro", "macro", "weighted", "by_size", "lowest", "highest", "gap", "ratio"]
Undefined = Literal["nan", "skip"]


@dataclass(frozen=True)
class OverRows:
    """How one number comes of the values of all rows.

    Args:
        positives: number of positives, or sum of their weights, in each row, [..., rows].
        samples: number of samples in each row, likewise.
        how: "macro" for the mean over rows, "weighted" for that weighted by positives, both as in scikit-learn, "by_size" by
            samples; "lowest", "highest", "gap" for highest - lowest, "ratio" for lowest / highest. "by_size" of AUROC,
            undefined rows skipped, is the group AUC of Zhu et al. (2017).
        undefined: "nan" if one undefined row is to make the number undefined, "skip" to leave such rows out.

    >>> values = torch.tensor([0.5, 1.0, torch.nan], dtype=torch.float64)
    >>> OverRows(torch.tensor([3, 1, 0]), torch.tensor([9, 3, 4]), "weighted", "skip").of(values)
    tensor(0.6250, dtype=torch.float64)
    """

    positives: Tensor
    samples: Tensor
    how: Average
    undefined: Undefined = "nan"

    def of(self, values: Tensor) -> Tensor:
        """The number of float64 values, [..., rows], NaN where undefined."""
        if self.how == "gap":
            return self._edge(values, highest=True) - self._edge(values, highest=False)
        if self.how == "ratio":
            return self._edge(values, highest=False) / self._edge(values, highest=True)
        if self.how in ("lowest", "highest"):
            return self._edge(values, highest=self.how == "highest")
        known = self._kept(values)
        weights = {"macro": torch.ones_like(self.samples), "weighted": self.positives, "by_size": self.samples}
        weight = weights[self.how].to(values.dtype).expand_as(values).where(known, 0.0)
        return serial_sum(values.where(known, 0.0) * weight) / serial_sum(weight)

    def bounds(self, low: Tensor, high: Tensor) -> Ends:
        """Lowest and highest number of values between these, [..., rows] each."""
        if self.how not in ("gap", "ratio"):
            return self.of(low), self.of(high)
        (least, most), (least_high, most_high) = (
            (self._edge(ends[0], highest=highest), self._edge(ends[1], highest=highest))
            for highest, ends in ((False, (low, high)), (True, (low, high)))
        )
        if self.how == "gap":
            return (least_high - most).clamp(min=0), most_high - least
        return least / most_high, (most / least_high).clamp(max=1)

    def _kept(self, values: Tensor) -> Tensor:
        """Which rows count, [..., rows]: the undefined ones as well unless they are skipped."""
        known = ~values.isnan()
        return known if self.undefined == "skip" else torch.ones_like(known)

    def _edge(self, values: Tensor, *, highest: bool) -> Tensor:
        """The lowest or the highest value."""
        known, sign = self._kept(values), 1 if highest else -1
        return sign * (sign * values).where(known, -math.inf).amax(-1).where(known.any(-1), math.nan)


def check_average(average: str | None, undefined: str) -> None:
    """Raise ValueError unless these are ways to make one number of many rows."""
    if average is not None and average not in get_args(Average):
        raise ValueError(f"average must be None or one of {', '.join(get_args(Average))}, got {average!r}")
    if undefined not in get_args(Undefined):
        raise ValueError(f"undefined must be 'nan' or 'skip', got {undefined!r}")
