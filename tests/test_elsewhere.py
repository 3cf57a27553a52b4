"""Names from elsewhere: who types what another library calls a thing is told what it is called here."""

import re

import pytest
import torch

import torch_binmetrics as tb
from torch_binmetrics import functional, multi
from torch_binmetrics.metrics.elsewhere import CLASSES


@pytest.mark.parametrize("build", [tb.BinaryAUROC, lambda: tb.MetricCollection([tb.BinaryAUROC])])
@pytest.mark.parametrize(
    ("name", "here"),
    {
        "result": "compute()",
        "update_state": "update(preds, target, weight)",
        "reset_state": "reset()",
        "add_metrics": "MetricCollection([",
        "thresholds": "cuts=[",
    }.items(),
)
def test_an_attribute_that_is_called_otherwise_elsewhere_is_told_what_it_is_called_here(build, name, here):
    metric = build()
    with pytest.raises(AttributeError) as raised:
        getattr(metric, name)
    assert str(raised.value).startswith(f"{type(metric).__name__} has no {name!r}: ")
    assert here in str(raised.value)
    assert not hasattr(metric, name)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: tb.BinaryAUROC(thresholds=200), r"BinaryAUROC\(\) takes no argument 'thresholds': .*cuts="),
        (lambda: tb.BinaryAUROC(num_thresholds=200), r"BinaryAUROC\(\) takes no argument 'num_thresholds': .*cuts=1024"),
        (lambda: tb.BinaryRecall(thresholds=[0.5]), r"BinaryRecall\(\) takes no argument 'thresholds': .*threshold="),
        (lambda: tb.BinaryRecall(sample_weight=[1]), r"BinaryRecall\(\) takes no argument 'sample_weight': .*weighted=True"),
        (
            lambda: functional.binary_recall([0.5], [1], sample_weight=[1]),
            r"binary_recall\(\) takes no argument 'sample_weight': a function takes weight=",
        ),
        (lambda: functional.binary_auroc([0.5], [1], weigth=[1]), r"binary_auroc\(\) takes no argument 'weigth': did you mean"),
        (
            lambda: tb.MetricCollection([tb.BinaryAUROC], compute_groups=False),
            r"'compute_groups' must be.*leave it out",
        ),
    ],
)
def test_a_keyword_that_is_called_otherwise_elsewhere_is_told_what_it_is_called_here(build, said):
    with pytest.raises(TypeError, match=said):
        build()


def test_a_metric_has_no_plot_of_its_own_and_says_where_they_are():
    with pytest.raises(AttributeError, match=r"BinaryAUROC has no 'plot': .*torch_binmetrics.plots"):
        _ = tb.BinaryAUROC().plot


@pytest.mark.parametrize("build", [tb.BinaryAUROC, lambda: tb.MetricCollection([tb.BinaryAUROC])])
def test_any_other_attribute_that_is_missing_is_told_as_python_does(build):
    with pytest.raises(AttributeError, match=r"object has no attribute 'nothing_of_the_kind'$"):
        _ = build().nothing_of_the_kind


def test_an_attribute_that_fails_says_why_itself():
    class Broken(tb.BinaryAUROC):
        @property
        def share(self):
            return self.histogram.no_such_thing

    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = Broken().share


@pytest.mark.parametrize("build", [tb.BinaryAUROC, lambda: tb.MetricCollection([tb.BinaryAUROC])])
def test_a_keyword_of_an_update_that_is_called_otherwise_elsewhere_is_told_and_nothing_is_counted(build):
    metric, (preds, target) = build(), torch.tensor([[0.9, 0.2], [1, 0]])
    with pytest.raises(TypeError, match=r"update\(\) takes .*no argument 'sample_weight': .*weighted=True"):
        metric.update(preds, target, sample_weight=preds)
    with pytest.raises(TypeError, match=r"update\(\) takes preds, target, weight and group=, and no argument 'weigths'$"):
        metric.update(preds, target, weigths=preds)
    assert "no samples" in repr(metric)


@pytest.mark.parametrize(
    ("name", "here"),
    {
        "AUROC": "write BinaryAUROC",
        "AUC": "write BinaryAUROC, or BinaryAveragePrecision for",
        "PrecisionAtRecall": "write BinaryPrecisionAtFixedRecall",
        "binary_auroc": "import it from torch_binmetrics.functional",
        "plot_roc": "import it from torch_binmetrics.plots",
        "MultilabelAUROC": "import it from torch_binmetrics.multi, or write rows=Labels(n)",
        "log_epoch": "import it from torch_binmetrics.integrations.tensorboard",
    }.items(),
)
def test_a_name_that_the_front_door_has_not_is_told_where_it_is_or_what_it_is_called(name, here):
    with pytest.raises(AttributeError, match=re.escape(f"module 'torch_binmetrics' has no attribute {name!r}: {here}")):
        getattr(tb, name)


def test_any_other_name_that_the_front_door_has_not_is_told_as_python_does():
    with pytest.raises(AttributeError, match=r"^module 'torch_binmetrics' has no attribute 'nothing_of_the_kind'$"):
        _ = tb.nothing_of_the_kind


def test_every_class_that_a_hint_names_is_there():
    named = [name for told in CLASSES.values() for name in re.findall(r"Binary\w+", told)]
    assert named
    assert [name for name in named if name not in tb.__all__] == []


@pytest.mark.parametrize(
    ("name", "here"),
    {"auroc": "binary_auroc", "roc_auc_score": "binary_auroc", "f1": "binary_f1_score", "f1_score": "binary_f1_score"}.items(),
)
def test_a_function_that_is_called_otherwise_elsewhere_is_told(name, here):
    with pytest.raises(AttributeError, match=f"there is no function {name!r}: .* write {here}, say"):
        getattr(functional, name)


@pytest.mark.parametrize("room", [functional, multi])
def test_help_on_functions_that_are_made_has_no_marks_of_a_site(room):
    made = [value for name, value in vars(room).items() if name.startswith(("binary_", "Multi"))]
    assert len(made) > 50
    assert [each.__name__ for each in [room, *made] if re.search(r":\w+:`", each.__doc__)] == []


def profit(counts):
    """A measure of a user's own."""
    return counts.tp - counts.fp


def test_a_measure_without_its_metric_and_a_number_in_place_of_cuts_are_told_what_to_write():
    with pytest.raises(TypeError, match=re.escape("pass Metric(profit, Threshold(0.5)), say")):
        tb.MetricCollection({"auroc": tb.BinaryAUROC(), "profit": profit})
    with pytest.raises(TypeError, match=re.escape("'auroc' must be a Metric, got 0.5 (float): pass BinaryAUROC(), say")):
        tb.MetricCollection({"auroc": 0.5})
    with pytest.raises(TypeError, match=re.escape("got float: pass Threshold(0.5) or FloatBits(), say")):
        tb.Metric(profit, 0.5)
