"""Names from elsewhere: who types what another library calls a thing is told what it is called here."""

import pytest

import torch_binmetrics as tb
from torch_binmetrics import functional


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
        (lambda: functional.binary_recall([0.5], [1], sample_weight=[1]), r"'sample_weight': a function takes weight="),
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
