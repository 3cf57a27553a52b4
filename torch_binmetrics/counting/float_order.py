"""float32 numbers as integers that sort alike."""

from __future__ import annotations

import torch
from torch import Tensor

#: The key of inf; that of -inf is its negative.
INFINITY = 0x7F800000


def ordered(scores: Tensor) -> Tensor:
    """float32 to int32 that sorts alike: the bits read as sign and magnitude, so that -0 and 0 agree."""
    bits = scores.view(torch.int32)
    sign = bits >> 31
    return ((bits & 0x7FFFFFFF) ^ sign) - sign


def from_ordered(keys: Tensor) -> Tensor:
    """The float32 number of each key of :func:`ordered`, NaN beyond infinity."""
    magnitude = keys.abs().int().view(torch.float32)
    return torch.where(keys < 0, -magnitude, magnitude)
