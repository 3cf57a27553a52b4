"""Names for many labels and classes: each is its ``Binary`` class with rows, ``MultilabelAUROC(5)`` say, nothing more.

There is a ``Multilabel`` name for each named metric, of ``Labels``, and a ``Multiclass`` name for each that is not read at a
threshold, of ``Classes``, one against the rest.

>>> import torch
>>> from torch_binmetrics.multi import MulticlassAUROC, MultilabelF1Score
>>> f1 = MultilabelF1Score(num_labels=2, threshold=0.4, average="macro")
>>> f1(torch.tensor([[0.9, 0.2], [0.4, 0.7]]), torch.tensor([[1, 0], [0, 1]]))
tensor(0.8333, dtype=torch.float64)
>>> MulticlassAUROC(num_classes=3)
BinaryAUROC(rows=Classes(3)), no samples
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from torch_binmetrics.counting import Classes, Labels, Rows
from torch_binmetrics.metrics import along_cuts, at_best, at_threshold, of_sums, over_cuts
from torch_binmetrics.metrics.metric import Metric


class Named(Protocol):
    """The number of rows, called ``num_labels`` or ``num_classes``, and the arguments of the class by name."""

    def __call__(self, *number: int, names: Sequence[str] | None = None, **options: Any) -> Metric[Any]:
        """The metric of the class with rows; errors as of the class."""


def _named(metric: Callable[..., Metric[Any]], kind: type[Rows], name: str, number: str) -> Named:
    """The function that builds a class with rows, by that name; ``number`` is what the number of rows is called."""

    def build(*given: int, names: Sequence[str] | None = None, **options: Any) -> Metric[Any]:
        if len(given) + (number in options) != 1:
            raise TypeError(f"{name}() takes {number}, and all that {metric.__name__} takes by name, got {given} by position")
        n = given[0] if given else options.pop(number)
        return metric(rows=kind(n, names), **options)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""A {metric.__name__} with ``rows={kind.__name__}({number}, names)``.

    Args:
        {number}: how many rows there are, 1 or more.
        names: of the rows, for people.
        options: the arguments of the class, all by name.
    """
    return build


def _all() -> dict[str, Named]:
    """The functions by name."""
    found: dict[str, Named] = {}
    for home in (at_threshold, over_cuts, along_cuts, at_best, of_sums):
        for binary, metric in vars(home).items():
            if not binary.startswith("Binary"):
                continue
            multilabel, multiclass = (binary.replace("Binary", kind) for kind in ("Multilabel", "Multiclass"))
            found[multilabel] = _named(metric, Labels, multilabel, "num_labels")
            if home is not at_threshold:
                found[multiclass] = _named(metric, Classes, multiclass, "num_classes")
    return found


globals().update(_all())


def __getattr__(name: str) -> Named:
    """For type checkers, which do not see names that are made; at run time all that there are have been found before."""
    binary = name.replace("Multiclass", "Binary")
    if hasattr(at_threshold, binary):
        raise AttributeError(
            f"there is no {name}, which people mean of the class with the highest score: take it from "
            f"torch_binmetrics.integrations.torchmetrics, or {binary}(rows=Classes(n)) for scores against a threshold"
        )
    raise AttributeError(f"there is no {name!r}: MultilabelAUROC and MulticlassAUROC are of BinaryAUROC, and so on")
