"""What a drop-in class is given: its arguments and what they say, and batches, placed by label or class."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import BinaryStatScores, MulticlassStatScores, MultilabelStatScores

from torch_binmetrics.counting import Classes, Groups, Labels, Layout, Rows
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.counting.float_bits import DEFAULT
from torch_binmetrics.counting.layout import fitting
from torch_binmetrics.integrations.torchmetrics.readings import KINDS_OF_THRESHOLDS

Batch = tuple[Tensor, Tensor, Tensor | None]
#: The arguments that all classes take besides those of torchmetrics.
EXTRA = {"from_logits": None, "weighted": False}
#: The label of what is left out where labels 0 and 1 are made of classes.
IGNORED = -2
#: What a number of rows is called.
ROWS: dict[str, type[Rows]] = {"num_labels": Labels, "num_classes": Classes, "num_groups": Groups}


def signature_like(like: type[Metric]) -> inspect.Signature:
    """The arguments of a class of torchmetrics, ``FloatBits(16)`` for its default thresholds, and those of ours."""
    _, *parameters = inspect.signature(like.__init__).parameters.values()
    own = {each.name: each.replace(default=DEFAULT) if each.name == "thresholds" else each for each in parameters}
    kwargs = own.pop("kwargs")
    hides_one = issubclass(like, BinaryStatScores | MulticlassStatScores | MultilabelStatScores)
    for name, value in {**({"zero_division": 0} if hides_one else {}), **EXTRA}.items():
        own.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value))
    return inspect.Signature([*own.values(), kwargs])


def of_theirs(given: dict[str, Any]) -> dict[str, Any]:
    """Those among the arguments of a class that torchmetrics knows, for it to check; ValueError on thresholds of no kind."""
    theirs = {name: value for name, value in given.items() if name not in EXTRA}
    if isinstance(theirs.get("thresholds"), Cuts):
        theirs["thresholds"] = None
    elif not isinstance(theirs.get("thresholds"), int | list | Tensor | None):
        raise ValueError(f"thresholds must be {KINDS_OF_THRESHOLDS}, not {theirs['thresholds']!r}")
    return theirs


def default_thresholds(given: dict[str, Any]) -> dict[str, Any]:
    """The thresholds in the place of the default ones: bins as fine as 64 MiB allow for so many rows."""
    rows = rows_of(given)
    return {} if rows is None or given.get("thresholds") is not DEFAULT else {"thresholds": fitting(rows, 0)}


def rows_of(given: dict[str, Any]) -> Rows | None:
    """The labels, classes or groups that the arguments of a class tell of; ValueError where their number is missing."""
    for name, kind in ROWS.items():
        if name in given:
            if given[name] is None:
                raise ValueError(f"{name} must be an int, got None: counts are kept for each, so pass how many there are")
            return kind(given[name])
    return None


def average_of(given: dict[str, Any]) -> str:
    """What is made of the values of all rows: "none" where each is wanted, "micro" for the value of their sum."""
    return given.get("average", "none") or "none"


@dataclass(frozen=True)
class Options:
    """The options of every drop-in metric that its counts depend on."""

    ignore_index: int | None
    validate_args: bool
    weighted: bool
    from_logits: bool | None
    rows: Rows | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        """Those among the arguments of a class; ``normalization=None`` declares that scores are no logits."""
        from_logits = given["from_logits"] if given.get("normalization", "sigmoid") is not None else False
        return cls(given["ignore_index"], given["validate_args"], given["weighted"], from_logits, rows_of(given))

    def layout(self, cuts: Cuts) -> Layout:
        """The layout of counts by these cuts; invalid samples are left out without validation, never counted as others."""
        invalid: Literal["raise", "drop"] = "raise" if self.validate_args else "drop"
        return Layout(cuts, ignore_index=self.ignore_index, weighted=self.weighted, rows=self.rows, invalid=invalid)

    @property
    def of_made_labels(self) -> Options:
        """The same for labels that are made of classes, of no rows; the name of the state tells what of them is left out."""
        ignored = None if self.ignore_index is None else IGNORED
        return replace(self, from_logits=False, rows=None, ignore_index=ignored)

    @property
    def suffix(self) -> str:
        """The options that differ from the default, as part of the name of a state."""
        ignored = "" if self.ignore_index is None else f"_ignore_{word(self.ignore_index)}"
        rows = "" if self.rows is None else f"_{type(self.rows).__name__.lower()}_{self.rows.n}"
        return rows + ignored + "_weighted" * self.weighted + "_drop" * (not self.validate_args)


def word(number: float) -> str:
    """A number as a part of a name: 0.5 is 0p5, -100 is m100."""
    return str(number).replace(".", "p").replace("-", "m").replace("+", "")


def by_label(n: int, preds: Tensor, target: Tensor, weight: Tensor | None, *, samplewise: bool = False) -> Batch:
    """A batch of shape [N, n, ...] with labels last, or, ``samplewise``, with a line for each sample and label."""
    preds = scores_of(preds)
    check_rows("num_labels", n, preds, least=3 if samplewise else 2)
    placed = (each if each is None else _lines(each) if samplewise else _last(each) for each in (preds, target, weight))
    return tuple(placed)  # type: ignore[return-value]


def of_classes(given: dict[str, Any], preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
    """A batch of scores [N, n, ...] as probabilities of classes, classes last.

    Logits, declared or told by a score outside [0, 1] in the batch, go through a softmax.
    """
    check_rows("num_classes", given["num_classes"], preds)
    if not preds.is_floating_point():
        raise TypeError(f"preds must be scores of each class, of a float dtype, got {preds.dtype}")
    are_logits = given["from_logits"]
    if are_logits is None and isinstance(target, Tensor) and target.shape == (*preds.shape[:1], *preds.shape[2:]):
        outside = ((preds < 0) | (preds > 1)).any(1)
        ignored = given["ignore_index"]
        are_logits = (outside if ignored is None else outside & (target != ignored)).any()
    if are_logits is not None and are_logits is not False:
        softmax = preds.softmax(1, dtype=torch.promote_types(preds.dtype, torch.float32))
        preds = softmax if are_logits is True else softmax.where(are_logits, preds)
    return _last(preds), target, weight


def of_the_best(given: dict[str, Any], preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
    """The highest probability of each sample, and whether it is that of its class."""
    probabilities, target, weight = of_classes(given, preds, target, weight)
    best, chosen = probabilities.max(-1)
    return best, _as_labels(chosen == target, target, given), weight


def best_classes(
    given: dict[str, Any], preds: Tensor, target: Tensor, weight: Tensor | None, *, samplewise: bool = False
) -> Batch:
    """The number of the class that each sample is said to be of, -1 for unknown: the best, or the label's among ``top_k``.

    ``samplewise``, there is a line for each sample and class instead, with scores of 1 and 0.
    """
    n = given["num_classes"]
    taken, known = _taken(n, given.get("top_k", 1), preds, target)
    if not samplewise:
        return taken.where(known, -1), target, weight
    if target.ndim < 2:
        raise ValueError(f"samplewise averages need a target of at least 2 dimensions, got shape {tuple(target.shape)}")
    classes = torch.arange(n, device=taken.device)
    hot = (taken[..., None] == classes).float().where(known[..., None], torch.nan)
    labels = _as_labels(target[..., None] == classes, target[..., None], given)
    weight = None if weight is None else weight[..., None].expand(labels.shape)
    lines = (None if each is None else _lines(each.movedim(-1, 1)) for each in (hot, labels, weight))
    return tuple(lines)  # type: ignore[return-value]


def _as_labels(positive: Tensor, target: Tensor, given: dict[str, Any]) -> Tensor:
    """Labels 0 and 1 for numbers of classes, ``IGNORED`` for those to leave out and -1 for what is no class."""
    labels = positive.to(torch.int64).where((target >= 0) & (target < given["num_classes"]), -1)
    return labels if given["ignore_index"] is None else labels.where(target != given["ignore_index"], IGNORED)


def _taken(n: int, top_k: int, preds: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The number of the class that each sample is said to be of, and whether that is known: no NaN, and a class."""
    if not isinstance(preds, Tensor) or not isinstance(target, Tensor):
        raise TypeError(f"preds and target must be tensors, got {type(preds).__name__} and {type(target).__name__}")
    if target.is_floating_point() or target.dtype == torch.bool:
        raise TypeError(f"target must hold the numbers of classes, of an int dtype, got {target.dtype}")
    if preds.ndim == target.ndim and top_k == 1:
        if preds.is_floating_point():
            raise TypeError(f"preds of the shape of target are numbers of classes, of an int dtype: scores are [N, {n}, ...]")
        return preds, (preds >= 0) & (preds < n)
    check_rows("num_classes", n, preds)
    if target.shape != (*preds.shape[:1], *preds.shape[2:]):
        raise ValueError(f"target must be of shape {[len(preds), *preds.shape[2:]]} for these preds, got {list(target.shape)}")
    if top_k == 1:
        best, taken = preds.max(1)
        return taken, ~best.isnan()
    best, found = preds.topk(top_k, 1)
    hit = (found == target.unsqueeze(1)).any(1)
    return torch.where(hit, target, found[:, 0]), ~best[:, 0].isnan()


def check_rows(name: str, n: int, preds: Tensor, *, least: int = 2) -> None:
    """Raise TypeError or ValueError unless the second dimension of scores is that of labels or classes."""
    if not isinstance(preds, Tensor):
        raise TypeError(f"preds must be a torch.Tensor, got {type(preds).__name__}")
    if preds.ndim < least or preds.shape[1] != n:
        shape = f"[N, {n}, ...]" if least == 2 else f"[N, {n}, ...] with something to average over for each sample"
        raise ValueError(f"preds must be of shape {shape} for {name}={n}, got {list(preds.shape)}")


def scores_of(preds: Tensor) -> Tensor:
    """Scores as they are; of integers, which are labels, all but 0 and 1 as NaN, which is counted as invalid."""
    if not isinstance(preds, Tensor) or preds.is_floating_point() or preds.dtype == torch.bool:
        return preds
    return preds.float().where((preds == 0) | (preds == 1), torch.nan)


def _last(each: Tensor) -> Tensor:
    """With the second dimension last."""
    return each.movedim(1, -1) if isinstance(each, Tensor) and each.ndim > 1 else each


def _lines(each: Tensor) -> Tensor:
    """With a line for each of the first two dimensions."""
    return each.reshape(-1, each[0, 0].numel()) if isinstance(each, Tensor) and each.ndim > 2 else each
