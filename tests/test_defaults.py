"""Whatever dtype and device torch makes tensors of by default: every metric is built, counts, and gives the same values."""

import pytest
import torch
from building import EVERY

from torch_binmetrics import (
    BinaryAUROC,
    BinaryCalibrationError,
    BinaryROC,
    Edges,
    Exact,
    FloatBits,
    MetricCollection,
    Threshold,
    Uniform,
)

PREDS = torch.rand(200, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
LABELS = (torch.rand(200, generator=torch.Generator().manual_seed(1)) < PREDS).long()


@pytest.fixture(params=[torch.float64, torch.bfloat16, torch.float16])
def dtype(request):
    """Another dtype for all tensors that are made without one."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


def everything(build):
    """All that a metric says, as plain tensors."""
    metric = build()
    metric.update(PREDS, LABELS)
    said = [metric.compute(), *(metric.histogram.state[None])]
    for read in (metric.bounds, lambda: metric.confidence_interval(draws=100)):
        try:
            said.append(read())
        except TypeError:
            said.append(())
    return [torch.as_tensor(leaf) for leaf in torch.utils._pytree.tree_leaves(said)]


BUILDS = {f"{name} {option}": (build, option) for name, build in EVERY.items() for option in ("", "from_logits")}
BEFORE = {}


def said_before(name):
    """What a metric says under the usual defaults."""
    build, option = BUILDS[name]
    return everything(lambda: build(**({option: True} if option else {})))


@pytest.fixture(scope="module", autouse=True)
def _usual():
    BEFORE.update({name: said_before(name) for name in BUILDS})


@pytest.mark.parametrize("name", BUILDS)
def test_every_metric_says_the_same_under_any_default_dtype(name, dtype):
    for before, now in zip(BEFORE[name], said_before(name), strict=True):
        assert before.dtype == now.dtype
        assert torch.equal(before.nan_to_num(9), now.nan_to_num(9))


CUTS = [Threshold(0.3), Uniform(64), Edges([0.1, 0.3, 0.5]), FloatBits(16)]


@pytest.mark.parametrize("cuts", CUTS, ids=repr)
@pytest.mark.parametrize("default", [torch.float64, torch.bfloat16])
def test_thresholds_and_positions_do_not_depend_on_the_default_dtype(cuts, default):
    bins = torch.arange(min(cuts.bins, 500))
    expected = cuts.thresholds(bins), cuts.to_logits().thresholds(bins), cuts.positions([0.3, 0.5])
    torch.set_default_dtype(default)
    try:
        found = cuts.thresholds(bins), cuts.to_logits().thresholds(bins), cuts.positions([0.3, 0.5])
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(map(torch.equal, expected[:2], found[:2]))
    assert expected[2] == found[2]
    assert found[0].dtype == torch.float32


@pytest.mark.parametrize("cuts", [*CUTS, Exact()], ids=repr)
@pytest.mark.parametrize("from_logits", [False, True])
def test_a_model_built_on_the_meta_device_counts_where_its_data_lie(cuts, from_logits):
    with torch.device("meta"):
        metrics = MetricCollection(
            {
                "curve": BinaryROC(cuts, from_logits=from_logits),
                "area": BinaryAUROC(from_logits=from_logits),
                "gap": BinaryCalibrationError(from_logits=from_logits),
            }
        )
        metrics.update(PREDS, LABELS)
        found = metrics.compute()
    there = MetricCollection({name: type(metric)(**OPTIONS[name](cuts, from_logits)) for name, metric in metrics.items()})
    there.update(PREDS, LABELS)
    assert float(found["area"]) == float(there.compute()["area"])
    assert torch.equal(found["curve"].tpr, there.compute()["curve"].tpr)


OPTIONS = {
    "curve": lambda cuts, from_logits: {"cuts": cuts, "from_logits": from_logits},
    "area": lambda _, from_logits: {"from_logits": from_logits},
    "gap": lambda _, from_logits: {"from_logits": from_logits},
}
