"""Names for many labels and classes are the named metrics with rows."""

import inspect

import pytest
import torch
from building import EVERY
from torchmetrics import classification as peers

import torch_binmetrics as tb
from torch_binmetrics import multi

NAMES = sorted(name for name in vars(multi) if name.startswith("Multi"))
ROWS = {"Multilabel": tb.Labels(3), "Multiclass": tb.Classes(3)}
DRAW = torch.Generator().manual_seed(0)
PREDS = torch.rand(50, 3, generator=DRAW)
TARGETS = {"Multilabel": torch.randint(0, 2, (50, 3), generator=DRAW), "Multiclass": torch.randint(0, 3, (50,), generator=DRAW)}


def test_every_named_metric_has_a_name_for_labels_and_all_but_those_at_a_threshold_one_for_classes():
    at_threshold = {name for name in EVERY if issubclass(getattr(tb, name), tb.metrics.AtThreshold)}
    of_labels = {name.replace("Binary", "Multilabel") for name in EVERY}
    assert set(NAMES) == of_labels | {name.replace("Binary", "Multiclass") for name in EVERY if name not in at_threshold}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_for_many_rows_is_the_binary_class_with_rows(name):
    kind, binary = name[:10], "Binary" + name[10:]
    first = next(iter(inspect.signature(getattr(tb, binary)).parameters.values()))
    given = {first.name: 0.5} if first.default is first.empty else {}
    number = {"Multilabel": "num_labels", "Multiclass": "num_classes"}[kind]
    built = [getattr(multi, name)(3, **given), getattr(multi, name)(**{number: 3}, names=["a", "b", "c"], **given)]
    expected = getattr(tb, binary)(rows=ROWS[kind], **given)
    for metric in (*built, expected):
        metric.update(PREDS, TARGETS[kind])
    for metric in built:
        assert type(metric) is type(expected)
        assert metric.histogram.layout == expected.histogram.layout
        assert torch.equal(metric.histogram.state, expected.histogram.state)
        assert metric.reading.meaning == expected.reading.meaning
    assert built[1].histogram.layout.rows.names == ("a", "b", "c")
    assert getattr(multi, name).__name__ == name
    assert binary in getattr(multi, name).__doc__


@pytest.mark.parametrize(
    "name", ["MultilabelAUROC", "MulticlassAUROC", "MultilabelAveragePrecision", "MulticlassAveragePrecision"]
)
@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_values_are_those_of_torchmetrics_of_that_name(name, average):
    kind = name[:10]
    preds = PREDS.bfloat16().float()
    mine = getattr(multi, name)(3, average=average)(preds, TARGETS[kind])
    theirs = getattr(peers, name)(3, average=average)(preds, TARGETS[kind])
    torch.testing.assert_close(mine.float(), theirs)


@pytest.mark.parametrize(
    ("build", "error", "match"),
    [
        (multi.MultilabelAUROC, TypeError, "takes num_labels"),
        (lambda: multi.MultilabelAUROC(3, "macro"), TypeError, "by name"),
        (lambda: multi.MulticlassAUROC(num_labels=3), TypeError, "takes num_classes"),
        (lambda: multi.MulticlassAUROC(0), ValueError, "at least 1"),
        (lambda: multi.MulticlassAccuracy, AttributeError, "highest score.*integrations.torchmetrics.*Classes"),
        (lambda: multi.MultilabelAUC, AttributeError, "no 'MultilabelAUC'"),
    ],
)
def test_what_has_no_name_or_number_is_refused_in_words_that_help(build, error, match):
    with pytest.raises(error, match=match):
        build()
