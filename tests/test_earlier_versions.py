"""States that version 0.1.0 wrote: they load into metrics of plain FloatBits, and say what that version said.

Where logits from 2 on were counted, whose bins have become wider, they say what the same samples say today."""

from __future__ import annotations

import gzip
import inspect
import io
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from oracles import NAMED, ORACLES

import torch_binmetrics as tb
from torch_binmetrics.counting.summands import SquaredWeight
from torch_binmetrics.integrations import torchmetrics as drop_in
from torch_binmetrics.uncertainty import bootstrap

PLAIN = tb.FloatBits(centre=None)
RECORDED = Path(__file__).parent / "data" / "version-1.pt.gz"
ALONG = {name for name, cls in NAMED.items() if issubclass(cls, tb.metrics.OverCuts | tb.metrics.AlongCuts)}
#: What every metric of a case was built with, and which of the recorded samples it had seen.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "plain": ({"ignore_index": -100, "invalid": "drop"}, "plain"),
    "weighted": ({"weighted": True}, "weighted"),
    "logits": ({"from_logits": True}, "logits"),
    "exact": ({"cuts": tb.Exact(), "ignore_index": -100, "invalid": "drop"}, "plain"),
    "exact weighted": ({"cuts": tb.Exact(), "weighted": True}, "weighted"),
    "exact logits": ({"cuts": tb.Exact(), "from_logits": True}, "logits"),
    "uniform": ({"cuts": 64}, "fewer"),
    "edges": ({"cuts": [0.1, 0.25, 0.5, 0.8]}, "fewer"),
    "fine": ({"cuts": tb.FloatBits(12, centre=None)}, "fewer"),
}
#: Version 0.1.0 said that groups of equally many samples were exact.
BY_RANK = ("'strategy': 'quantile'",)
#: Intervals of version 0.1.0 covered too little where positives were few, or were biased.
BETTER = ("AUROC {}", "Gini", "AveragePrecision", "BrierScore", "KSStatistic", "CalibrationError", "BestThreshold")
#: Drop-in curves of logits. Bins of scores from 2 on begin at other numbers than those of 0.1.0, all within the bin of then:
#: that is 2^-7 wide from 2 on, where a sigmoid rises by at most 0.105, and wider only where that is flatter.
CURVES = {f"Binary{curve} {case}" for curve in ("ROC", "PrecisionRecallCurve") for case in ("logits", "unknown logits")}
MOVED = 0.105 * 2**-7
GIVEN = {"beta": 2.0, "min_precision": 0.6, "min_recall": 0.6, "min_specificity": 0.6, "min_sensitivity": 0.6}


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    return torch.load(io.BytesIO(gzip.decompress(RECORDED.read_bytes())), weights_only=True)


def collection(options: dict[str, Any]) -> tb.MetricCollection:
    """Every named metric in each variant of the oracles, those along cuts only where the options are theirs."""
    kept = [name for name in ORACLES if name in ALONG] if "cuts" in options else ORACLES
    return tb.MetricCollection({f"{name} {own}": named(name, own, options) for name in kept for own in variants(name)})


def variants(name: str) -> list[dict[str, Any]]:
    """The options of an oracle's metrics, but those of quantiles, which are always read off the default cuts."""
    return [own for own in ORACLES[name][0] if own.get("strategy") != "quantile"]


def named(name: str, own: dict[str, Any], options: dict[str, Any]) -> Any:
    """A metric by the cuts of version 0.1.0, whose FloatBits had no centre."""
    before = {"cuts": PLAIN} if "cuts" in inspect.signature(NAMED[name]).parameters else {}
    return NAMED[name](**before | own | options)


def same(found: Any, expected: Any, where: str = "", tolerance: float = 1e-12) -> None:
    """Integers are equal, floats to a tolerance, in tuples, lists and dicts."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, value in expected.items():
            same(found[name], value, f"{where} {name}", tolerance)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{where} {i}", tolerance)
    else:
        within = tolerance if expected.is_floating_point() else 0
        torch.testing.assert_close(
            found, expected, rtol=within, atol=within, equal_nan=True, msg=lambda text: f"{where}: {text}"
        )


def assert_within(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Bounds lie within those of then, which did not know bins of one number for ties."""
    assert found.keys() == expected.keys()
    for name, (low, high) in found.items():
        then = expected[name]
        assert torch.equal(low.isnan(), then[0].isnan()), name
        assert not ((low < then[0] - 1e-12) | (high > then[1] + 1e-12)).any(), name


def assert_near(found: Any, expected: Any, name: str) -> None:
    """Intervals have the ends of then but for the draws: percentiles of 100 draws move by up to a third of the width."""
    low, high = (torch.as_tensor(end) for end in expected)
    for now, then in zip(map(torch.as_tensor, found), (low, high), strict=True):
        assert torch.equal(now.isnan(), then.isnan()), name
        assert not ((now - then).abs() > (high - low) / 3 + 1e-6).any(), f"{name}: {found}, then {expected}"


def without(names: tuple[str, ...], found: dict[str, Any]) -> dict[str, Any]:
    """All but metrics of these classes or with these options."""
    return {name: value for name, value in found.items() if not any(part in name for part in names)}


def told(report: str) -> list[list[str]]:
    """Names and values of a report; bounds and intervals have become better since."""
    return [
        re.split(r"\s{2,}", line.strip())[:2]
        for line in report.splitlines()
        if not line.endswith(" (sampling)") and re.search(r"\S {2,}\S", line)
    ]


def bounds(metrics: tb.MetricCollection) -> dict[str, Any]:
    """The bounds of all that have some."""
    found = {}
    for name, metric in metrics.items():
        try:
            found[name] = metric.bounds()
        except TypeError:
            continue
    return found


@pytest.mark.filterwarnings("ignore:scores outside")  # which some of the recorded samples have
@pytest.mark.parametrize("case", CASES)
def test_a_collection_resumes_and_says_what_it_said(case, recorded, monkeypatch):
    monkeypatch.setattr(bootstrap, "MANY", math.inf)  # version 0.1.0 drew every cell as it now draws those of few samples
    options, samples = CASES[case]
    expected, metrics = recorded["cases"][case], collection(options)
    metrics.load_state_dict(expected["state"])
    assert [[*part.dropped, part.ignored] for part in metrics.histograms] == expected["dropped"]
    if case == "logits":
        anew = collection(options)
        anew.update(*recorded["cases"]["inputs"][samples])
        same(metrics.compute(), anew.compute())
        same(bounds(metrics), bounds(anew))
        return
    same(metrics.compute(), without(BY_RANK, expected["values"]))
    assert_within(bounds(metrics), without(BY_RANK, expected["bounds"]))
    if "intervals" in expected:
        found = without(BETTER, metrics.confidence_intervals(draws=100, seed=3))
        intervals = without(BETTER, expected["intervals"])
        assert found.keys() == intervals.keys()
        for name, ends in intervals.items():
            assert_near(found[name], ends, name)
        said = [row for row in told(expected["report"]) if not any(part in row[0] for part in BY_RANK)]
        assert told(str(metrics.report(draws=100))) == said


@pytest.mark.parametrize("case", CASES)
def test_a_state_is_that_of_the_same_samples_counted_anew_but_for_what_no_one_knows(case, recorded):
    options, samples = CASES[case]
    loaded, anew = collection(options), collection(options)
    loaded.load_state_dict(recorded["cases"][case]["state"])
    anew.update(*recorded["cases"]["inputs"][samples])
    for old, new in zip(loaded.histograms, anew.histograms, strict=True):
        if new.store.reduction == "sum":  # whether those lie on edges is not known
            assert old.state[new.layout.off_edge] >= new.state[new.layout.off_edge]
            old.state[new.layout.off_edge] = new.state[new.layout.off_edge]
            if new.layout.weighted:  # nor are squares of weights
                squares, seen = (each.store.sums(each.state, SquaredWeight()) for each in (old, new))
                assert torch.equal(squares == math.inf, seen > 0)
                squares.copy_(seen)
        same(old.state, new.state)


def test_weights_of_then_have_values_but_no_intervals_until_they_are_forgotten(recorded):
    options, samples = CASES["weighted"]
    metrics = collection(options)
    metrics.load_state_dict(recorded["cases"]["weighted"]["state"])
    metrics.load_state_dict(metrics.state_dict())
    found = metrics.confidence_intervals(draws=100)
    assert found
    assert all(torch.as_tensor(end).isnan().all() for ends in found.values() for end in ends)
    metrics.reset()
    metrics.update(*recorded["cases"]["inputs"][samples])
    assert all(not end.isnan() for end in metrics.confidence_intervals(draws=100)["BinaryAUROC {}"])


def test_a_state_of_the_default_cuts_of_then_is_refused_by_those_of_now_by_name(recorded):
    state = recorded["cases"]["single"]["state"]
    with pytest.raises(ValueError, match=r"expected counts of FloatBits\(\),.*hold FloatBits\(centre=None\),"):
        tb.BinaryAUROC().load_state_dict(state)


def test_a_bin_that_lies_in_several_of_today_is_refused_only_if_it_holds_samples():
    metric = tb.BinaryAUROC(PLAIN)
    old = torch.zeros(2 * 97_537 + 5, dtype=torch.int64)
    old[[97_536, 2 * 97_537 - 1, 100]] = 3  # scores of inf, and a low one
    state = {"version": 1, "meaning": "FloatBits(bits=16), from_logits=False, weighted=False", "summed": False, "counts": old}
    metric.load_state_dict(state)
    assert metric.histogram.counts[:, -1].tolist() == [3, 3]
    assert int(metric.histogram.counts.sum()) == 9
    before = metric.histogram.state.clone()
    old[97_536 - 14_000] = 1
    with pytest.raises(ValueError, match=r"version 1, whose bin of scores from .* lies in several bins of FloatBits"):
        metric.load_state_dict(state)
    assert torch.equal(metric.histogram.state, before)


def test_a_single_metric_and_one_at_many_thresholds_resume(recorded):
    auroc, expected = tb.BinaryAUROC(PLAIN), recorded["cases"]["single"]
    auroc.load_state_dict(expected["state"])
    same(auroc.compute(), expected["values"])
    assert_within({"": auroc.bounds()}, {"": expected["bounds"]})
    many = tb.MetricCollection([NAMED[name]([0.25, 0.5, 0.9]) for name in ("BinaryRecall", "BinaryF1Score", "BinaryAccuracy")])
    many.load_state_dict(recorded["cases"]["many thresholds"]["state"])
    same(many.compute(), recorded["cases"]["many thresholds"]["values"])


def built(cls: type, options: dict[str, Any]) -> Any:
    """A drop-in metric, with an argument where it needs one."""
    parameters = inspect.signature(cls).parameters
    needed = {
        name: value
        for name, value in GIVEN.items()
        if name in parameters and parameters[name].default is inspect.Parameter.empty
    }
    return cls(**needed, **{name: value for name, value in options.items() if name in parameters})


def test_drop_in_metrics_resume_from_their_checkpoints(recorded):
    assert len(recorded["drop_in"]) > 150
    assert recorded["drop_in"].keys() >= CURVES
    for case, expected in recorded["drop_in"].items():
        more = {"thresholds": PLAIN} if any("floatbits_16" in name for name in expected["state"]) else {}
        metric = built(getattr(drop_in, expected["name"]), more | expected["more"])
        metric.persistent(True)
        assert metric.state_dict().keys() == expected["state"].keys(), case
        metric.load_state_dict(expected["state"])
        found, values = metric.compute(), expected["values"]
        if case in CURVES:
            same(found[-1], values[-1], case, tolerance=MOVED)
            found, values = found[:-1], values[:-1]
        same(found, values, case)
