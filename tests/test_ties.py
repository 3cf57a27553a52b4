"""Bins that hold one number are ties for certain: bounds and bands know it, and enclose what the samples themselves give."""

import pytest
import torch
from building import EVERY
from hypothesis import given, settings, strategies as st

import torch_binmetrics as tb
from torch_binmetrics import Edges, Exact, FloatBits, Layout, ScoreHistogram, Uniform
from torch_binmetrics.counting.cuts import Cuts
from torch_binmetrics.measures import about, precision_recall_band, roc_band
from torch_binmetrics.measures.declared import takes_ties
from torch_binmetrics.state import Snapshot

COARSE = FloatBits(9, centre=None)
BOUNDED = {
    name: build
    for name, build in EVERY.items()
    if (known := about(build().reading.measure)) and known.bounds and takes_ties(known.bounds)
}
ALL = [
    FloatBits(),
    COARSE,
    FloatBits(19),
    FloatBits(around=100.0),
    FloatBits(12, centre=16, around=-0.3),
    FloatBits(around=0.0),
]


def mixed(seed, size, weighted):
    """Scores of which some are tied near 1, some lie on edges and some hide in coarse bins; labels; weights if asked for."""
    generator = torch.Generator().manual_seed(seed)
    kind = torch.randint(0, 3, (size,), generator=generator)
    near_one = 1 - torch.randint(0, 9, (size,), generator=generator) * 2.0**-24
    on_edge = torch.randint(1, 8, (size,), generator=generator) / 8
    preds = torch.where(kind == 0, near_one, torch.where(kind == 1, on_edge, torch.rand(size, generator=generator)))
    target = torch.randint(0, 2, (size,), generator=generator)
    target[:2] = torch.tensor([0, 1])
    return preds, target, 10 ** (4 * torch.rand(size, generator=generator) - 2) if weighted else None


def test_every_measure_with_bounds_along_cuts_takes_ties():
    assert len(BOUNDED) >= 10


@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([2, 5, 40, 300]), weighted=st.booleans())
def test_bounds_enclose_the_value_of_the_samples_and_are_no_wider_than_without_ties(name, seed, size, weighted):
    batch, options = mixed(seed, size, weighted), {"weighted": weighted}
    coarse, exact = BOUNDED[name](cuts=COARSE, **options), BOUNDED[name](cuts=Exact(), **options)
    for metric in (coarse, exact):
        metric.update(*batch)
    value = exact.compute()
    value = float(getattr(value, "value", value))
    low, high = map(float, coarse.bounds())
    widest = map(float, about(coarse.reading.measure).bounds(coarse.reading.confusion(Snapshot(coarse.histogram))))
    assert low <= value + 1e-12
    assert value - 1e-12 <= high
    assert next(widest) <= low + 1e-12
    assert high - 1e-12 <= next(widest)


@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize("kind", ["saturated", "bfloat16", "bfloat16 logits"])
def test_bounds_of_scores_that_are_ties_for_certain_have_no_width(name, kind):
    generator = torch.Generator().manual_seed(len(name))
    logits = 3 * torch.randn(4_000, generator=generator)
    target = (torch.rand(4_000, generator=generator) < logits.sigmoid()).long()
    preds = {
        "saturated": 1 - 2.0**-16 * torch.sigmoid(-logits),
        "bfloat16": logits.sigmoid().bfloat16(),
        "bfloat16 logits": (20 * logits).bfloat16(),
    }[kind]
    metric = BOUNDED[name](from_logits=kind == "bfloat16 logits")
    metric.update(preds, target)
    low, high = metric.bounds()
    assert float(high - low) <= 1e-12
    if kind == "saturated":  # one sample off an edge leaves the others ties
        metric.update(torch.tensor([0.3]), torch.tensor([0]))
        low, high = metric.bounds()
        assert float(high - low) <= 1e-12


@pytest.mark.parametrize("band", [roc_band, precision_recall_band])
def test_bands_of_ties_are_the_lines_between_their_points(band):
    preds, target, _ = mixed(3, 300, weighted=False)
    histogram = ScoreHistogram(Layout(COARSE))
    histogram.update(preds, target)
    snapshot = Snapshot(histogram)
    along, wide, narrow = snapshot.confusion, band(snapshot.confusion), band(snapshot.confusion, ties=snapshot.ties)
    tied = snapshot.ties.flip(0).repeat_interleave(2)
    assert snapshot.ties.any()
    assert not snapshot.ties.all()
    assert (narrow.lower >= wide.lower).all()
    assert (narrow.upper <= wide.upper).all()
    assert torch.equal(narrow.lower[~tied], wide.lower[~tied])
    every = band(along, ties=torch.ones_like(snapshot.ties))
    assert torch.equal(every.lower[1::2], every.upper[1::2])


@pytest.mark.parametrize("cuts", ALL, ids=repr)
def test_thresholds_in_closed_form_are_those_of_the_bisection(cuts):
    bins = torch.arange(0, cuts.bins, max(1, cuts.bins // 20_000))
    bins = torch.cat([bins, torch.tensor([cuts.bins - 1, cuts.bins])])
    assert torch.equal(cuts.thresholds(bins).nan_to_num(7), Cuts.thresholds(cuts, bins).nan_to_num(7))


@pytest.mark.parametrize("cuts", [*ALL, Uniform(4), Edges([0.5, 0.5 + 2**-24, 0.75])], ids=repr)
def test_a_bin_is_single_exactly_when_the_next_number_lies_in_another(cuts):
    low, high = cuts.valid_range
    scores = torch.cat([1 - torch.arange(300) * 2.0**-24, torch.rand(300), torch.tensor([0.5, 0.5 + 2**-24, 1.0, low, high])])
    bins = cuts.index(scores).unique()
    least = cuts.thresholds(bins)
    following = torch.nextafter(least, torch.tensor(torch.inf))
    alone = (following > high) | (least == high) | (cuts.index(following.clamp(max=high)) > bins)
    assert torch.equal(cuts.single(bins), alone)


def test_a_report_on_ties_shows_no_bounds_and_does_not_warn_of_them():
    metric = tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryRecall()])
    metric.update(torch.tensor([0.5, 0.5, 0.25, 0.75]).repeat(10), torch.tensor([0, 1, 0, 1]).repeat(10))
    report = metric.report(draws=100)
    assert report["auroc"].bounds is None
    assert not [warning for warning in report.warnings if "bounds" in warning]
