"""Numbers in words, as people want to read them."""

from __future__ import annotations

import math


def amount(n: float) -> str:
    """A number of samples, or a sum of weights.

    >>> amount(10000), amount(0.25)
    ('10,000', '0.25')
    """
    return f"{n:,.0f}" if float(n).is_integer() else f"{n:,.6g}"


def how_many(n: float, what: str) -> str:
    """A number of things.

    >>> how_many(0, "sample"), how_many(1, "sample"), how_many(2000, "sample")
    ('no samples', '1 sample', '2,000 samples')
    """
    return f"{amount(n) if n else 'no'} {what}{'s' * (n != 1)}"


def short(threshold: float) -> str:
    """A threshold in three digits, from the nearer end of the way from 0 to 1.

    >>> short(0.00123456), short(0.999877), short(math.inf)
    ('0.00123', '1 - 0.000123', 'inf')
    """
    return f"1 - {1 - threshold:.3g}" if 0.99 < threshold < 1 else f"{threshold:.3g}"


def value(x: float) -> str:
    """A score in four digits.

    >>> value(0.123456), value(math.nan)
    ('0.1235', 'undefined')
    """
    return "undefined" if math.isnan(x) else f"{x:.4f}"


def ends(low_high: tuple[float, float] | None) -> str:
    """Two ends in four digits each; nothing where there are none.

    >>> ends((0.25, 0.5)), ends((math.nan, math.nan)), ends(None)
    ('0.2500 to 0.5000', 'not known', '')
    """
    if low_high is None:
        return ""
    return "not known" if any(map(math.isnan, low_high)) else " to ".join(f"{end:.4f}" for end in low_high)
