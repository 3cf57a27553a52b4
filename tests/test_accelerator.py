"""An update on an accelerator: few launches, no wait, no copy from the host, the same memory, nothing of the size of bins."""

import pytest
import torch
from building import EVERY, eight
from pretended import ACCELERATOR, needs_pretended
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from torch_binmetrics import (
    BinaryAUROC,
    BinaryRecall,
    MetricCollection,
)
from torch_binmetrics.counting import lookup

pytestmark = needs_pretended
SAMPLES = 40
FREE = ("aten.empty", "aten.detach", "prim.device")


class Launches(TorchDispatchMode):
    """The operations that launch a kernel, the largest result of one, its dtypes, and those on two devices, which may wait."""

    def __init__(self):
        super().__init__()
        self.names, self.crossings, self.largest, self.dtypes = [], [], 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func.is_view or str(func).startswith(FREE):
            return result
        made = [part for part in tree_leaves(result) if isinstance(part, torch.Tensor)]
        given = [part for part in tree_leaves(args) if isinstance(part, torch.Tensor)]
        self.names.append(str(func))
        if len({part.device.type for part in (*made, *given) if part.ndim}) > 1:
            self.crossings.append(str(func))
        if not func._schema.is_mutable:
            self.largest = max([self.largest, *(part.numel() for part in made)])
        self.dtypes |= {part.dtype for part in made}
        return result


def histograms_of(metric):
    return getattr(metric, "histograms", None) or [metric.histogram]


def launches_of(metric, scores=torch.float32, labels=torch.int64):
    """What the second update of a metric launches on an accelerator; the first one brings its counts and tables there."""
    for histogram in histograms_of(metric):
        lookup.count([(histogram.layout, histogram.state)], torch.rand(3), torch.ones(3), None)
    with FakeTensorMode(allow_non_fake_inputs=True):
        preds = torch.rand(SAMPLES, device=ACCELERATOR).to(scores)
        target = torch.ones(SAMPLES, device=ACCELERATOR).to(labels)
        metric.update(preds, target)
        places = [histogram.state for histogram in histograms_of(metric)]
        with Launches() as launches:
            metric.update(preds, target)
        same = all(histogram.state is place for histogram, place in zip(histograms_of(metric), places, strict=True))
    assert same, "the counts are another tensor than before"
    return launches


@pytest.mark.parametrize("name", EVERY)
def test_no_update_waits_copies_from_the_host_rebinds_its_counts_or_allocates_by_the_number_of_bins(name):
    launches = launches_of(EVERY[name]())
    assert launches.names
    assert not launches.crossings
    assert launches.largest <= SAMPLES


class Planted(BinaryAUROC):
    """A metric whose update does what none may do."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def update(self, preds, target, weight=None):
        super().update(preds, target, weight)
        self.fault(self, preds)


def rebind(metric, preds):
    metric.histogram.state = metric.histogram.state.clone()


def test_what_no_update_may_do_is_found():
    with pytest.raises(DataDependentOutputException):
        launches_of(Planted(lambda metric, preds: preds.sum().item()))
    with pytest.raises(AssertionError, match="another tensor"):
        launches_of(Planted(rebind))
    assert launches_of(Planted(lambda metric, preds: torch.zeros_like(metric.histogram.state))).largest > SAMPLES
    assert launches_of(Planted(lambda metric, preds: torch.ones(3).to(preds.device))).crossings


def test_a_collection_of_eight_takes_twelve_launches_at_most():
    assert len(launches_of(eight()).names) <= 12


@pytest.mark.parametrize("labels", [torch.int64, torch.float32, torch.bool, torch.uint8])
@pytest.mark.parametrize("scores", [torch.float32, torch.float16, torch.bfloat16])
def test_counting_needs_no_float64_which_some_devices_have_not(scores, labels):
    metrics = MetricCollection([BinaryAUROC, BinaryRecall(0.3)], ignore_index=-100)
    assert torch.float64 not in launches_of(metrics, scores, labels).dtypes
    assert torch.float64 in launches_of(BinaryAUROC(weighted=True)).dtypes
