"""Recent samples: a window is a fresh metric on its updates, bit for bit, and a decay is a sum of weights."""

from __future__ import annotations

import copy

import pytest
import torch
from building import EVERY

import torch_binmetrics as tb

DRAW = torch.Generator().manual_seed(0)


def batches(n: int, *, size: int = 30) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """So many random batches of different sizes, one of them empty."""
    sizes = [0 if k == 1 else size + k for k in range(n)]
    found = [torch.rand(k, generator=DRAW) for k in sizes]
    return [(preds, (torch.rand(len(preds), generator=DRAW) < preds).long()) for preds in found]


def fresh(metric, given):
    for batch in given:
        metric.update(*batch)
    return metric


@pytest.mark.parametrize("name", EVERY)
def test_a_window_is_a_fresh_metric_on_its_updates_at_every_step(name):
    given, windowed = batches(7), EVERY[name](recent=tb.Window(3))
    for k, batch in enumerate(given):
        windowed.update(*batch)
        alone = fresh(EVERY[name](), given[max(0, k - 2) : k + 1])
        tolerance = 1e-12 if windowed.histogram.state.is_floating_point() else 0
        torch.testing.assert_close(windowed.histogram.state, alone.histogram.state, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "clone"])
def test_a_window_goes_on_after_it_was_saved_or_copied(how):
    given, windowed = batches(9), tb.BinaryAUROC(recent=tb.Window(3))
    fresh(windowed, given[:5])
    if how == "state_dict":
        resumed = tb.BinaryAUROC(recent=tb.Window(3))
        resumed.load_state_dict(windowed.state_dict())
    else:
        resumed = copy.deepcopy(windowed) if how == "deepcopy" else windowed.clone()
    fresh(windowed, given[5:7])  # has no part in the copy
    fresh(resumed, given[5:])
    assert torch.equal(resumed.histogram.state, fresh(tb.BinaryAUROC(), given[-3:]).histogram.state)
    assert torch.equal(windowed.histogram.state, fresh(tb.BinaryAUROC(), given[4:7]).histogram.state)


def test_a_window_stands_beside_the_lifetime_value_of_the_same_update():
    given = batches(6)
    metrics = tb.MetricCollection(
        {"life": tb.BinaryAUROC(), "last": tb.BinaryAUROC(recent=tb.Window(2)), "recall": tb.BinaryRecall(recent=tb.Window(2))}
    )
    fresh(metrics, given)
    assert len(metrics.histograms) == 2
    assert torch.equal(metrics["life"].histogram.state, fresh(tb.BinaryAUROC(), given).histogram.state)
    assert torch.equal(metrics["last"].histogram.state, fresh(tb.BinaryAUROC(), given[-2:]).histogram.state)
    metrics.reset()
    fresh(metrics, given[:1])
    assert torch.equal(metrics["last"].histogram.state, fresh(tb.BinaryAUROC(), given[:1]).histogram.state)


def test_a_call_counts_into_the_window_and_gives_the_batch():
    given, windowed = batches(4), tb.BinaryAccuracy(recent=tb.Window(2))
    values = [windowed(*batch) for batch in given]
    assert torch.equal(windowed.histogram.state, fresh(tb.BinaryAccuracy(), given[-2:]).histogram.state)
    assert values[3] == fresh(tb.BinaryAccuracy(), given[3:]).compute()


def test_a_refused_batch_leaves_the_window():
    given, windowed = batches(4), tb.BinaryAccuracy(recent=tb.Window(2))
    fresh(windowed, given)
    before = windowed.state_dict()
    with pytest.raises(ValueError, match="bad labels"):
        windowed.update(torch.tensor([0.5]), torch.tensor([7]))
    assert torch.equal(windowed.histogram.state, before["counts"])
    assert windowed.state_dict()["past"]["updates"] == before["past"]["updates"]


def test_a_window_of_few_samples_keeps_few_bytes():
    windowed = fresh(tb.BinaryAUROC(recent=tb.Window(50)), batches(60))
    kept = windowed.state_dict()["past"]["kept"]
    assert len(kept) == 50
    assert sum(cells.nbytes + amounts.nbytes for cells, amounts in kept) <= 8 * sum(31 + k for k in range(70))


def test_a_decay_weighs_each_update_by_its_age():
    given, half = batches(6), 2.0
    decayed = fresh(tb.BinaryAUROC(recent=tb.Decay(half)), given)
    weighted = tb.BinaryAUROC(weighted=True)
    for k, (preds, target) in enumerate(given):
        weighted.update(preds, target, torch.full(preds.shape, 0.5 ** ((5 - k) / half), dtype=torch.float64))
    torch.testing.assert_close(decayed.compute(), weighted.compute(), rtol=1e-12, atol=0)
    torch.testing.assert_close(decayed.confidence_interval(), weighted.confidence_interval(), rtol=1e-12, atol=0)
    resumed = tb.BinaryAUROC(recent=tb.Decay(half))
    resumed.load_state_dict(decayed.state_dict())
    for metric in (decayed, resumed):
        metric.update(*given[0])
    assert torch.equal(resumed.histogram.state, decayed.histogram.state)


def test_rows_and_weights_have_windows_too():
    windowed, alone = (tb.BinaryAUROC(rows=tb.Labels(2), weighted=True, recent=recent) for recent in (tb.Window(2), None))
    for k in range(4):
        preds = torch.rand(10, 2, generator=DRAW)
        for metric in [windowed, alone][: 1 if k < 2 else 2]:
            metric.update(preds, preds > 0.5, torch.rand(10, 2, generator=torch.Generator().manual_seed(k)))
    torch.testing.assert_close(windowed.histogram.state, alone.histogram.state, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("build", "error", "match"),
    [
        (lambda: tb.Window(0), ValueError, "at least 1"),
        (lambda: tb.Window(2.5), TypeError, "int"),
        (lambda: tb.Decay(0), ValueError, "above 0"),
        (lambda: tb.Decay(True), TypeError, "half_life must be a float, got True"),
        (lambda: tb.BinaryAUROC(recent=100), TypeError, "Window or a Decay"),
        (lambda: tb.BinaryAUROC(tb.Exact(), recent=tb.Window(2)), ValueError, "forget nothing"),
        (
            lambda: tb.BinaryAUROC(recent=tb.Window(2)).merge_state(tb.BinaryAUROC(recent=tb.Window(2))),
            ValueError,
            "one sequence",
        ),
        (
            lambda: tb.BinaryAUROC(recent=tb.Window(2)).load_state_dict(tb.BinaryAUROC(recent=tb.Window(3)).state_dict()),
            ValueError,
            r"Window\(updates=2\)",
        ),
        (lambda: tb.BinaryAUROC(recent=tb.Window(2)).load_state_dict(tb.BinaryAUROC().state_dict()), ValueError, "recent="),
    ],
)
def test_what_cannot_be_recent_is_refused(build, error, match):
    with pytest.raises(error, match=match):
        build()


def test_a_half_life_that_is_a_whole_number_is_the_same_as_a_float():
    given = batches(3)
    floats, whole = (fresh(tb.BinaryAUROC(recent=tb.Decay(half)), given) for half in (2.0, 2))
    whole.load_state_dict(floats.state_dict())
    assert repr(tb.Decay(2)) == repr(tb.Decay(2.0))
