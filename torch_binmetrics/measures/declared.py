"""What a measure is besides its formula, declared where the formula stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Any, TypeVar

from torch import Tensor

F = TypeVar("F", bound=Callable[..., Any])
Ends = tuple[Tensor, Tensor]
Span = tuple[float, float]


@dataclass(frozen=True)
class Share:
    """A measure that is a share of trials, or grows with one: the counts that are successes, and those that are not.

    Args:
        successes: names of fields of a :class:`Confusion`, with spaces between them.
        failures: likewise.
        grown: the measure as a function of that share, if it is not the share itself.
    """

    successes: str
    failures: str
    grown: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class Ranks:
    """A measure that is the area under the whole ROC curve, or grows with it.

    Args:
        grown: the measure as a function of that area, if it is not the area itself.
    """

    grown: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class Precisions:
    """A measure that is the average precision."""


@dataclass(frozen=True)
class Losses:
    """A measure that is a mean of losses from 0 to 1, of counts and sums of these by label and bin."""


@dataclass(frozen=True)
class LargestGap:
    """A measure that is the largest difference of true and false positive rate, and where."""


@dataclass(frozen=True)
class CalibrationGaps:
    """A measure that is a norm of the gaps of a reliability curve."""


Form = Share | Ranks | Precisions | Losses | LargestGap | CalibrationGaps


@dataclass(frozen=True)
class About:
    """What is known of a measure.

    Args:
        span: its least and greatest value, None where there is no such or the values are several.
        bounds: a function of the same confusion and keywords that gives the ends which no order inside the bins can leave;
            if it has a keyword ``ties``, it is told which bins hold but one number, bool, [points].
        form: what it is a function of, if that has a confidence interval of its own.
        no_interval: why it has none at all, if so.
    """

    span: Span | None
    bounds: Callable[..., Ends] | None = None
    form: Form | None = None
    no_interval: str | None = None


def measure(
    span: Span | None,
    bounds: Callable[..., Ends] | None = None,
    form: Form | None = None,
    no_interval: str | None = None,
) -> Callable[[F], F]:
    """Declare what a function is as a measure; the function itself stays as it is. Arguments as of :class:`About`."""

    def declared(function: F) -> F:
        vars(function)["_about"] = About(span, bounds, form, no_interval)
        return function

    return declared


def takes_ties(bounds: Callable[..., Ends]) -> bool:
    """Whether bounds can be told which bins are ties."""
    return "ties" in signature(bounds).parameters


def about(function: Callable[..., Any]) -> About | None:
    """What is declared of a measure; None for a function of a user's own.

    Keywords that are fixed by ``functools.partial`` are fixed for the bounds too; a closed form is that of the defaults, and
    that of calibration gaps of any norm.
    """
    if not isinstance(function, partial):
        return getattr(function, "_about", None)
    known = about(function.func)
    if known is None or not function.keywords:
        return known
    form = known.form if isinstance(known.form, CalibrationGaps) else None
    return replace(known, bounds=known.bounds and partial(known.bounds, **function.keywords), form=form)
