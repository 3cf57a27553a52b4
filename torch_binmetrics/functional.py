"""preds, target -> value, for one-off use: each function is its class, built, updated once and computed without syncing.

There is one for each named metric: ``binary_auroc`` for ``BinaryAUROC``, and so on.

>>> import torch
>>> from torch_binmetrics.functional import binary_auroc
>>> binary_auroc(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
tensor(0.7500, dtype=torch.float64)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import torch

from torch_binmetrics.counting.given import tensor_of
from torch_binmetrics.metrics import along_cuts, at_best, at_threshold, of_sums, over_cuts
from torch_binmetrics.metrics.metric import Metric
from torch_binmetrics.metrics.shown import parameters, wrong_keywords

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
#: A tensor, an array, a column of a table, or a list of numbers.
Numbers = Any
#: Words of class names that names of functions write as torchmetrics does.
WRITTEN = {"f_beta": "fbeta", "corr_coef": "corrcoef"}


class OneOff(Protocol[T_co]):
    """``preds`` and ``target``, and the arguments of the class by name; ``weight`` makes the counts weighted.

    They are tensors, arrays, columns of a table or lists of numbers, all of one shape.
    """

    def __call__(self, preds: Numbers, target: Numbers, *, weight: Numbers | None = None, **options: Any) -> T_co:
        """The value of these samples; shapes and errors as of ``update`` and ``compute`` of the class."""


def _one_off(name: str, metric: type[Metric[T]]) -> OneOff[T]:
    """The function of a class, by that name."""

    def function(
        preds: Numbers,
        target: Numbers,
        *others: Any,
        weight: Numbers | None = None,
        group: Numbers | None = None,
        **options: Any,
    ) -> T:
        if others:
            raise TypeError(
                f"{name}() takes preds and target by position, got {len(others)} more: name weight= and all options"
            )
        takes = parameters(metric, Metric) if options else options
        if unknown := [given for given in options if given not in takes]:
            raise wrong_keywords(name, takes, unknown)
        once = metric(weighted=weight is not None, **options)
        preds = tensor_of("preds", preds, dtype=torch.float64)
        device = preds.device
        once.update(
            preds,
            tensor_of("target", target, device=device),
            None if weight is None else tensor_of("weight", weight, device=device, dtype=torch.float64),
            group=None if group is None else tensor_of("group", group, device=device),
        )
        return once.compute(sync=False)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""One-off {metric.__name__}: the value of these samples alone.

    Args:
        preds: scores of any shape: a tensor, an array, a column of a table or a list. [N, 5] scores without ``rows`` are one
            pool of 5 N samples.
        target: labels 0 and 1 of the shape of ``preds``, likewise.
        options: the arguments of the class, all by name.
        weight: weights >= 0 of the shape of ``preds``.
    """
    return function


def _named() -> Iterator[tuple[str, type[Metric[Any]]]]:
    """The named metrics, and the names of their functions."""
    for home in (at_threshold, over_cuts, along_cuts, at_best, of_sums):
        for name, cls in vars(home).items():
            if name.startswith("Binary"):
                snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
                for written, meant in WRITTEN.items():
                    snake = snake.replace(written, meant)
                yield snake, cls


globals().update({name: _one_off(name, cls) for name, cls in _named()})


def __getattr__(name: str) -> OneOff[Any]:
    """For type checkers, which do not see names that are made; at run time all that there are have been found before."""
    stem = "binary_" + name.removeprefix("binary_").removesuffix("_score").replace("roc_auc", "auroc")
    near = next((each for each in (stem, f"{stem}_score") if each in globals()), "binary_auroc")
    raise AttributeError(f"there is no function {name!r}: each named metric has one, write {near}, say")
