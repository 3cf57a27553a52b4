"""Many labels, classes or groups: the kinds of drop-in classes that count them side by side, and the classes themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import new_class
from typing import Any

import torch
from torch import Tensor
from torchmetrics import classification as peers
from torchmetrics.utilities.compute import interp
from torchmetrics.utilities.prints import rank_zero_warn

from torch_binmetrics import measures
from torch_binmetrics.integrations.torchmetrics import classes, conventions
from torch_binmetrics.integrations.torchmetrics.conventions import averaged, or_else
from torch_binmetrics.integrations.torchmetrics.families import AlongThresholds, AtThreshold, DropIn, OfSums
from torch_binmetrics.integrations.torchmetrics.given import (
    Batch,
    Options,
    average_of,
    best_classes,
    by_label,
    of_classes,
    of_the_best,
    rows_of,
    signature_like,
)
from torch_binmetrics.integrations.torchmetrics.readings import Curve
from torch_binmetrics.integrations.torchmetrics.states import Counts, OfClasses
from torch_binmetrics.measures import Confusion


def stacked(values: list[Any], curve: Curve) -> Any:
    """Values of rows as torchmetrics gives them: a tensor for each part, or a list where rows have points of their own."""
    if isinstance(values[0], Tensor):
        return torch.stack(values)
    *parts, thresholds = map(list, zip(*values, strict=True))
    if parts[0][0].ndim and not curve.given:
        return (*parts, thresholds)
    return (*map(torch.stack, parts), thresholds[0] if thresholds[0].ndim else torch.stack(thresholds))


def mean_roc(curve: Curve) -> tuple[Tensor, Tensor, Tensor]:
    """The mean over rows of the rates of all, at every false positive rate of one."""
    fpr, tpr, thresholds = zip(*(conventions.roc(curve.row(number)) for number in range(len(curve.at.tp))), strict=True)
    return *_mean(fpr, tpr), torch.cat(thresholds).sort(descending=True).values


def mean_precision_recall(curve: Curve) -> tuple[Tensor, Tensor, Tensor]:
    """The mean over rows of recall, at every precision of one, as torchmetrics interpolates it."""
    rows = (conventions.precision_recall_of_class(curve.row(number)) for number in range(len(curve.at.tp)))
    precision, recall, thresholds = zip(*rows, strict=True)
    return *_mean(precision, recall), torch.cat(thresholds).sort().values


def _mean(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """All x in order, and the mean of the curves there."""
    x = torch.cat(tuple(xs)).float().sort().values
    return x, torch.stack([interp(x, *(each.float() for each in line)) for line in zip(xs, ys, strict=True)]).mean(0)


#: Measures of all rows at once, and what "macro" means of curves.
AREAS = {conventions.auroc, conventions.average_precision, conventions.average_precision_of_class}
MEANS: dict[Any, Callable[[Curve], Any]] = {
    conventions.roc: mean_roc,
    conventions.precision_recall_of_class: mean_precision_recall,
    conventions.equal_error_rate: lambda curve: conventions.equal_error(*mean_roc(curve)[:2]),
}
#: How scores of classes are read, as part of the name of a state.
READ = {None: "", True: "_softmax", False: "_scores"}


class LabelsAtThreshold(AtThreshold):
    """A measure of each label at one threshold."""

    def compute(self) -> Any:
        """The value of all samples so far: of each row, or of all."""
        c, average, own = self._read(), self._average(self.given), type(self)
        if average == "micro":
            c = Confusion(*(part.sum(-1) for part in c))
        values = own.measure(c, **{name: self.given[name] for name in self.takes})
        return self._cast(values if average in ("micro", "none") else averaged(values, self._weights(c, average)))

    @staticmethod
    def _average(given: dict[str, Any]) -> str:
        return average_of(given)

    def _adopt(self, given: dict[str, Any]) -> None:
        super()._adopt(given)
        self.__dict__["is_scalar"] &= self._average(given) != "none"

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        samplewise = self.given.get("multidim_average") == "samplewise"
        return by_label(self.given["num_labels"], preds, target, weight, samplewise=samplewise)

    def _read(self) -> Confusion:
        c, rows = super()._read(), rows_of(self.given)
        samplewise = rows is not None and self.given.get("multidim_average") == "samplewise"
        return Confusion(*(part.view(-1, rows.n) for part in c)) if rows and samplewise else c

    def _weights(self, c: Confusion, average: str) -> Tensor:
        """The weight of each row in an average."""
        return c.tp + c.fn if average == "weighted" else torch.ones_like(c.tp)


class PooledLabels(LabelsAtThreshold):
    """A measure of all labels in one, at one threshold."""

    @staticmethod
    def _average(given: dict[str, Any]) -> str:
        return "micro"


class ClassesAtThreshold(LabelsAtThreshold):
    """A measure of each class, whose samples are those in which it has the highest score."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        samplewise = given.get("multidim_average") == "samplewise"
        counted = AtThreshold._counted(given, options.of_made_labels if samplewise else replace(options, from_logits=False))
        store = counted.store if samplewise else OfClasses(counted.store.layout)
        return replace(counted, store=store, name=f"{counted.name}{options.suffix * samplewise}_top_{given.get('top_k', 1)}")

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        samplewise = self.given.get("multidim_average") == "samplewise"
        return best_classes(self.given, preds, target, weight, samplewise=samplewise)

    def _read(self) -> Confusion:
        c, ignored = super()._read(), self.given["ignore_index"]
        if not isinstance(self, peers.MulticlassJaccardIndex) or ignored not in range(self.given["num_classes"]):
            return c
        kept = torch.arange(self.given["num_classes"], device=c.tp.device) != ignored
        return Confusion(*(part * kept for part in c))

    def _weights(self, c: Confusion, average: str) -> Tensor:
        if average == "weighted":
            return c.tp + c.fn
        if isinstance(self, peers.MulticlassStatScores) and type(self).measure is measures.stat_scores:
            return torch.ones_like(c.tp)
        by_label = self.given.get("top_k", 1) > 1 and isinstance(self, BY_LABEL)
        return c.tp + c.fn + (0 if by_label else c.fp) > 0


#: What leaves classes that no label names out of a mean, if several are taken; others only those that nothing names.
BY_LABEL = (
    peers.MulticlassAccuracy,
    peers.MulticlassPrecision,
    peers.MulticlassRecall,
    peers.MulticlassNegativePredictiveValue,
)


class LabelsAlongThresholds(AlongThresholds):
    """A curve of each label, an area under it, or a point on it."""

    def compute(self) -> Any:
        """The value of all samples so far: of each row, or of all."""
        curve, average, own = self._read(), average_of(self.given), type(self)
        arguments = {name: self.given[name] for name in self.takes}
        if average == "micro":
            return self._shaped(own.measure(curve.pooled, **arguments))
        if own.measure in AREAS:
            values = own.measure(curve, **arguments)
        elif average == "macro" and own.measure in MEANS:
            return self._shaped(MEANS[own.measure](curve))
        else:
            values = stacked([own.measure(curve.row(number), **arguments) for number in range(len(curve.at.tp))], curve)
        if average == "none":
            return self._shaped(values)
        positives, known = (curve.at.tp + curve.at.fn)[..., 0], ~values.isnan()
        if not known.all():
            rank_zero_warn(f"The value of one or more classes is undefined: the {average} average leaves these out")
        weight = positives if average == "weighted" else torch.ones_like(positives)
        return self._cast(averaged(values.nan_to_num(0.0), weight * known))

    def _shaped(self, value: Any) -> Any:
        """A value in the dtype that torchmetrics returns, whatever it is made of."""
        return self._cast(value) if isinstance(value, Tensor) else type(value)(map(self._shaped, value))

    def _adopt(self, given: dict[str, Any]) -> None:
        super()._adopt(given)
        self.__dict__["is_scalar"] &= average_of(given) != "none"

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        return by_label(self.given["num_labels"], preds, target, weight)


class ClassesAlongThresholds(LabelsAlongThresholds):
    """A curve of each class against the rest, an area under it, or a point on it."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        counts = AlongThresholds._counted(given, replace(options, from_logits=False))
        return replace(counts, name=counts.name + READ[options.from_logits])

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        return of_classes(self.given, preds, target, weight)


class OfTheBestClass(OfSums):
    """A mean over samples of the highest probability and whether it is that of the label."""

    @staticmethod
    def _counted(given: dict[str, Any], options: Options) -> Counts:
        counts = OfSums._counted(given, options.of_made_labels)
        return replace(counts, name=f"{counts.name}_best_of{options.suffix}{READ[options.from_logits]}")

    def _placed(self, preds: Tensor, target: Tensor, weight: Tensor | None) -> Batch:
        return of_the_best(self.given, preds, target, weight)


#: What is not made of counts of each class against the rest: torchmetrics' own classes have states of fixed size.
LEFT_OUT = {"MulticlassConfusionMatrix", "MulticlassCohenKappa", "MulticlassMatthewsCorrCoef", "MulticlassHingeLoss"}
#: Measures that are others for several classes than for two, and those of all labels in one.
OTHERS = {
    "MulticlassAccuracy": or_else(measures.recall),
    "MulticlassHammingDistance": or_else(measures.false_negative_rate, 1.0),
    "MulticlassAveragePrecision": conventions.average_precision_of_class,
    "MulticlassPrecisionRecallCurve": conventions.precision_recall_of_class,
}
FAMILIES: dict[str, dict[type[DropIn], type[DropIn]]] = {
    "Multilabel": {AtThreshold: LabelsAtThreshold, AlongThresholds: LabelsAlongThresholds},
    "Multiclass": {AtThreshold: ClassesAtThreshold, AlongThresholds: ClassesAlongThresholds, OfSums: OfTheBestClass},
}


def _declared(binary: type[DropIn], name: str, family: type[DropIn]) -> type[DropIn]:
    """The class of that name, of the measure of a binary class."""
    peer = getattr(peers, name)
    body = {
        "__doc__": f"{binary.__doc__}".replace(binary.__name__, name),
        "__module__": __name__,
        "is_scalar": binary.is_scalar,
        "measure": staticmethod(OTHERS.get(name, binary.measure)),
        "takes": tuple(each for each in binary.takes if each in signature_like(peer).parameters),
    }
    made: type[DropIn] = new_class(name, (family, peer), exec_body=lambda namespace: namespace.update(body))
    return made


def _all() -> dict[str, type[DropIn]]:
    """The classes by name: for each binary one those that torchmetrics has of its kind."""
    found = {}
    for binary, cls in vars(classes).items():
        for kind, families in FAMILIES.items() if binary.startswith("Binary") else ():
            name, family = binary.replace("Binary", kind), [families[each] for each in families if issubclass(cls, each)]
            if family and hasattr(peers, name) and name not in LEFT_OUT:
                found[name] = _declared(cls, name, PooledLabels if name == "MultilabelMatthewsCorrCoef" else family[0])
    return found


globals().update(_all())


def __getattr__(name: str) -> type[DropIn]:
    """For type checkers, which do not see classes that are made; at run time all that there are have been found before."""
    raise AttributeError(f"there is no {name!r} here: take it from torchmetrics")
