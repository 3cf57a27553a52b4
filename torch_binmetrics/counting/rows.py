"""Rows: the axis before label and bin, for labels, classes or groups that are counted side by side in one pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from torch_binmetrics.checks import integer


class Placed(NamedTuple):
    """A flat batch by row: the label of each sample, what was given for it, maybe a class, and its row, [samples] each."""

    labels: Tensor
    given: Tensor
    rows: Tensor


@dataclass(frozen=True, init=False)
class Rows(ABC):
    """A frozen, hashable rule that gives every sample a row in ``0 .. n - 1``; equal rows share counts, whatever their names.

    Args:
        n: number of rows, 1 or more.
        names: of the rows, for people; their numbers if left out.

    Raises:
        TypeError, ValueError: ``n`` is no positive int, or ``names`` are not n different strings.
    """

    n: int
    names: tuple[str, ...] = field(compare=False)

    def __init__(self, n: int, names: Sequence[str] | None = None) -> None:
        integer("the number of rows", n)
        if n < 1:
            raise ValueError(f"the number of rows must be at least 1, got {n}")
        named = tuple(map(str, range(n))) if names is None else tuple(names)
        if len(set(named)) != n or not all(isinstance(name, str) for name in named):
            raise ValueError(f"names must be {n} different strings, one for each row, got {list(named)!r}")
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "names", named)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n})"

    @property
    def expected(self) -> str:
        """What labels have to be, for an error message."""
        return "labels 0 or 1"

    @abstractmethod
    def check(self, preds: Tensor, target: Tensor, group: Tensor | None) -> None:
        """Raise TypeError or ValueError unless scores have a column for each row, or samples a group."""

    def target_shape(self, preds: Tensor) -> torch.Size:
        """The shape that targets have."""
        return preds.shape

    @abstractmethod
    def place(self, preds: Tensor, target: Tensor, group: Tensor | None) -> Placed:
        """What the scores of a checked batch belong to, in the order of ``preds.reshape(-1)``; a row of -1 is a bad id."""


class Labels(Rows):
    """A row for each of n labels: ``preds`` and ``target`` of shape [..., n].

    A missing label is ``ignore_index``, or a weight of 0, in its cell.

    >>> import torch
    >>> from torch_binmetrics import BinaryRecall
    >>> recall = BinaryRecall(rows=Labels(2))
    >>> recall.update(torch.tensor([[0.9, 0.2], [0.8, 0.7]]), torch.tensor([[1, 1], [1, 1]]))
    >>> recall.compute()
    tensor([1.0000, 0.5000], dtype=torch.float64)
    """

    def check(self, preds: Tensor, target: Tensor, group: Tensor | None) -> None:
        _refuse_group(self, group)
        _check_last(self, preds)

    def place(self, preds: Tensor, target: Tensor, group: Tensor | None) -> Placed:
        labels = target.reshape(-1)
        return Placed(labels, labels, _columns(self.n, preds))


class Classes(Rows):
    """A row for each of n classes, one against the rest: ``preds`` of shape [..., n], integer ``target`` of shape [...].

    A label that is no class counts as invalid in every row. No one-hot target is built in the compiled loop.

    >>> import torch
    >>> from torch_binmetrics import BinaryAUROC
    >>> auroc = BinaryAUROC(rows=Classes(3))
    >>> auroc.update(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1]]), torch.tensor([0, 2, 1]))
    >>> auroc.compute()
    tensor([1., 1., 1.], dtype=torch.float64)
    """

    def check(self, preds: Tensor, target: Tensor, group: Tensor | None) -> None:
        _refuse_group(self, group)
        _check_last(self, preds)
        if target.is_floating_point() or target.dtype == torch.bool:
            raise TypeError(f"target must hold the numbers of classes for {self}, an int dtype, got {target.dtype}")

    @property
    def expected(self) -> str:
        return f"labels 0 to {self.n - 1}"

    def target_shape(self, preds: Tensor) -> torch.Size:
        return preds.shape[:-1]

    def place(self, preds: Tensor, target: Tensor, group: Tensor | None) -> Placed:
        classes, columns = target[..., None].expand(preds.shape).reshape(-1), _columns(self.n, preds)
        is_class = (classes >= 0) & (classes < self.n)
        return Placed(torch.where(is_class, (classes == columns).long(), -1), classes, columns)


class Groups(Rows):
    """A row for each of n groups: ``update(preds, target, group=ids)`` with ids 0 .. n - 1 of the shape of ``preds``.

    An id out of that range counts as invalid, like a bad label.

    >>> import torch
    >>> from torch_binmetrics import BinaryAccuracy
    >>> accuracy = BinaryAccuracy(rows=Groups(2, names=["app", "web"]))
    >>> accuracy.update(torch.tensor([0.9, 0.2, 0.7]), torch.tensor([1, 0, 0]), group=torch.tensor([0, 0, 1]))
    >>> accuracy.compute()
    tensor([1., 0.], dtype=torch.float64)
    """

    @property
    def expected(self) -> str:
        return f"labels 0 or 1 and ids of groups 0 to {self.n - 1}"

    def check(self, preds: Tensor, target: Tensor, group: Tensor | None) -> None:
        if group is None:
            raise ValueError(f"these counts are of {self}: pass group=, an id of each sample")
        if group.is_floating_point() or group.is_complex() or group.dtype == torch.bool:
            raise TypeError(f"group must hold ids 0 to {self.n - 1} of an int dtype, got {group.dtype}")
        if group.shape != preds.shape:
            raise ValueError(f"group must have the shape of preds {list(preds.shape)}, got {list(group.shape)}: an id of each")
        if group.device != preds.device:
            raise ValueError(f"group must be on the device of preds, {preds.device}, got {group.device}: move one of them")

    def place(self, preds: Tensor, target: Tensor, group: Tensor | None) -> Placed:
        assert group is not None
        ids, labels = group.reshape(-1).long(), target.reshape(-1)
        return Placed(labels, labels, ids.where((ids >= 0) & (ids < self.n), -1))


def of_each_score(weight: Tensor | None, preds: Tensor) -> Tensor | None:
    """A weight for each score: weights that came for samples with a score for each row are those of all of these."""
    return weight if weight is None or weight.shape == preds.shape else weight[..., None].expand(preds.shape)


def _columns(n: int, preds: Tensor) -> Tensor:
    """The column of each score in a flat batch."""
    return torch.arange(n, device=preds.device).expand(preds.shape).reshape(-1)


def _check_last(rows: Rows, preds: Tensor) -> None:
    """Raise ValueError unless scores have a column for each row."""
    if not preds.ndim or preds.shape[-1] != rows.n:
        raise ValueError(f"preds must be of shape [..., {rows.n}] for {rows}, got {list(preds.shape)}: one score for each row")


def _refuse_group(rows: Rows, group: Tensor | None) -> None:
    """Raise ValueError on ids that nothing asked for."""
    if group is not None:
        raise ValueError(f"group given, but these counts are of {rows}: pass rows=Groups(n) when you build the metric")
