"""Laws of counting: however samples are split, ordered, stored, shared or weighted, the counts are the same."""

import itertools
import math

import pytest
import torch
from hypothesis import example, given, settings, strategies as st
from oracles import NAMED, ORACLES, agree, once, random_samples

import torch_binmetrics as tb
from torch_binmetrics import Edges, FloatBits, Layout, ScoreHistogram, Threshold, Uniform
from torch_binmetrics.counting import store_of

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.one_of(st.sampled_from([0, 1, 31, 1023, 4097]), st.integers(0, 100))
PLACES = st.lists(st.integers(0, 5000), max_size=5)
LAYOUTS = [
    Layout(Threshold(0.3)),
    Layout(Uniform(16)),
    Layout(Edges([0.1, 0.3, 0.5, 0.9])),
    Layout(FloatBits(16)),
    Layout(FloatBits(9, centre=None), from_logits=True),
    Layout(Threshold(0.7), from_logits=True, ignore_index=-1),
]
#: Each named metric once, with the first of its options.
EACH_METRIC = pytest.mark.parametrize("variant", [(name, variants[0]) for name, (variants, _) in ORACLES.items()], ids=str)
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
LABELS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, *FLOATS]


def sized(seed, size, **kind):
    """Exactly this many random samples."""
    return tuple(part[:size] for part in random_samples(seed, size, **kind))


def counted(layout, *batches):
    """The running counts of these batches."""
    histogram = ScoreHistogram(layout)
    for batch in batches:
        histogram.update(*batch)
    return histogram.state


def by_hand(layout, preds, target):
    """Counts sample by sample from the thresholds, for valid samples."""
    thresholds = layout.scored.thresholds()
    counts = torch.zeros(2, layout.scored.bins, dtype=torch.int64)
    for score, label in zip(preds, target.tolist(), strict=True):
        counts[label, int((score >= thresholds).sum()) - 1] += 1
    return counts


def split(samples, cuts):
    """The samples in consecutive batches, cut at these places."""
    places = [0, *sorted(cut % (len(samples[0]) + 1) for cut in cuts), len(samples[0])]
    return [tuple(part[start:end] for part in samples) for start, end in itertools.pairwise(places)]


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.scored.bins < 100], ids=str)
@given(seed=SEEDS, size=SIZES)
@settings(max_examples=15)
def test_a_sample_counts_once_under_its_label_in_its_bin(layout, seed, size):
    preds, target = sized(seed, size)
    assert torch.equal(counted(layout, (preds, target))[: layout.block].view(2, -1), by_hand(layout, preds, target))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@given(seed=SEEDS, size=SIZES, cuts=PLACES)
def test_any_split_into_batches_gives_equal_counts(layout, seed, size, cuts):
    samples = sized(seed, size)
    assert torch.equal(counted(layout, *split(samples, cuts)), counted(layout, samples))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@given(seed=SEEDS, size=SIZES, data=st.data())
def test_any_split_over_histograms_merged_in_any_order_equals_one_pass(layout, seed, size, data):
    samples = sized(seed, size)
    batches = split(samples, data.draw(PLACES))
    parts = []
    for batch in data.draw(st.permutations(batches)):
        parts.append(ScoreHistogram(layout))
        parts[-1].update(*batch)
    first, *others = parts
    at_once = first.clone()
    at_once.merge_state(others)
    for other in others:
        first.merge_state(other)
    assert torch.equal(first.state, counted(layout, samples))
    assert torch.equal(at_once.state, first.state)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@given(seed=SEEDS, size=SIZES)
def test_the_order_of_samples_does_not_matter(layout, seed, size):
    samples = sized(seed, size)
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(counted(layout, tuple(part[order] for part in samples)), counted(layout, samples))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@given(seed=SEEDS, sizes=st.lists(SIZES, min_size=1, max_size=3))
def test_histograms_counted_together_equal_each_alone(layout, seed, sizes):
    stores = [store_of(other) for other in [layout, *LAYOUTS]]
    together = [(store, store.empty()) for store in stores]
    batches = [sized(seed + i, size) for i, size in enumerate(sizes)]
    for batch in batches:
        tb.count(together, *batch)
    for store, counts in together:
        assert torch.equal(counts, counted(store.layout, *batches))


@EACH_METRIC
@given(seed=SEEDS, cuts=PLACES)
@example(seed=73, cuts=[21])  # sums of losses that differ in the last bit, by the order of addition
@settings(max_examples=10)
def test_a_metric_merged_or_called_by_batches_equals_one_pass(variant, seed, cuts):
    samples = random_samples(seed, 96)
    whole = once(variant, samples)
    called, merged = (NAMED[variant[0]](**variant[1]) for _ in range(2))
    for batch in split(samples, cuts):
        alone = once(variant, batch)
        assert_same(called(*batch), alone.compute())
        merged.merge_state(alone)
    for together in (called, merged):
        assert_same(together.compute(), whole.compute(), rounded=bool(whole.sums))


def assert_same(one, other, *, rounded=False):
    """Computed values are equal bit by bit, NaN included; those of float64 sums but for rounding."""
    for ours, theirs in zip(*((value if isinstance(value, tuple) else (value,)) for value in (one, other)), strict=True):
        assert ours.dtype == theirs.dtype
        if rounded:
            torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=0, equal_nan=True)
        else:
            assert torch.equal(ours.nan_to_num(-7), theirs.nan_to_num(-7))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0, 2), (2, 0)])
@EACH_METRIC
def test_an_empty_batch_changes_nothing(variant, shape):
    metric = once(variant, random_samples(1, 20))
    before = metric.histogram.state.clone()
    metric.update(torch.empty(shape), torch.empty(shape))
    metric(torch.empty(shape), torch.empty(shape, dtype=torch.int64))
    assert torch.equal(metric.histogram.state, before)
    weighted = once(variant, random_samples(1, 20, weighted=True))
    before = weighted.histogram.state.clone()
    weighted.update(torch.empty(shape), torch.empty(shape), torch.empty(shape))
    assert torch.equal(weighted.histogram.state, before)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@given(seed=SEEDS)
@settings(max_examples=20)
def test_any_shape_and_any_strides_count_like_a_flat_copy(layout, seed):
    (preds, target), (grid, labels) = sized(seed, 24), sized(seed + 1, 24)
    grid, labels = grid.view(4, 6), labels.view(4, 6)
    views = [
        (preds.view(2, 3, 4), target.view(2, 3, 4)),
        (grid.t(), labels.t()),
        (grid[:, ::2], labels[:, 1::2]),
        (grid[::3, 1:5:2], labels[1::2, :2]),
        (grid[:, :1].expand(4, 9), labels[:, 2:3].expand(4, 9)),
        (grid[0, 0], labels[0, 0]),
        (grid[0, 0].expand(5), target[:5]),
        (grid.t(), target.view(6, 4)),
        (preds.view(2, 3, 4).permute(2, 0, 1), target.view(4, 3, 2).transpose(1, 2)),
        (torch.stack([preds, -preds], 1)[:, 0], target.repeat_interleave(2)[::2]),
        (preds.clone().requires_grad_() * 1, target),
    ]
    for scores, classes in views:
        flat = torch.tensor(scores.tolist()).reshape(-1), torch.tensor(classes.tolist()).reshape(-1)
        assert torch.equal(counted(layout, (scores, classes)), counted(layout, flat))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [torch.bool, *INTS, *FLOATS], ids=str)
@given(seed=SEEDS, size=SIZES)
@settings(max_examples=5)
def test_scores_of_every_dtype_count_as_their_float32(layout, dtype, seed, size):
    preds, target = sized(seed, size, logits=layout.from_logits)
    preds = preds.double() * (1 + 1e-9)  # numbers that float32 has to round, once
    if layout.scored.valid_range[1] == 1:
        preds = preds.clamp(0, 1)
    preds = preds.to(dtype) if dtype.is_signed else preds.abs().to(dtype)
    as_float32 = torch.tensor([float(score) for score in preds], dtype=torch.float64).float()
    assert torch.equal(counted(layout, (preds, target)), counted(layout, (as_float32, target)))


@pytest.mark.parametrize("dtype", LABELS, ids=str)
@given(seed=SEEDS, size=SIZES)
@settings(max_examples=10)
def test_labels_of_every_dtype_count_alike(dtype, seed, size):
    for layout in LAYOUTS:
        preds, target = sized(seed, size)
        assert torch.equal(counted(layout, (preds, target.to(dtype))), counted(layout, (preds, target)))


IGNORED = [
    (index, dtype)
    for index in (-100, -1, 255, 0, 1, 2)
    for dtype in LABELS
    if (dtype.is_floating_point or (dtype is torch.bool and index in (0, 1)))
    or (dtype not in FLOATS and dtype is not torch.bool and torch.iinfo(dtype).min <= index <= torch.iinfo(dtype).max)
]


@pytest.mark.parametrize(("index", "dtype"), IGNORED, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@given(seed=SEEDS, size=SIZES)
@settings(max_examples=5)
def test_ignoring_a_label_equals_leaving_its_samples_out(index, dtype, weighted, seed, **kind):
    preds, target, *weight = sized(seed, **kind, weighted=weighted)
    left_out = torch.rand(len(preds), generator=torch.Generator().manual_seed(seed)) < 0.3
    target = target.where(~left_out, index)
    kept = target != index
    scores, *strange = (part.where(kept, math.nan) for part in (preds, *weight))
    for cuts in (Threshold(0.5), Uniform(8), FloatBits(16)):
        layout = Layout(cuts, ignore_index=index, weighted=weighted)
        ignoring = counted(layout, (scores, target.to(dtype), *strange))
        filtered = counted(layout, tuple(part[kept] for part in (preds, target, *weight)))
        assert torch.equal(ignoring[: layout.block], filtered[: layout.block])
        assert ignoring[layout.block : layout.off_edge].tolist() == [int((~kept).sum()), 0, 0, 0, 0]
        assert ignoring[layout.off_edge] == filtered[layout.off_edge]


@pytest.mark.parametrize(("index", "dtype", "label"), [(-100, torch.uint8, 156), (-1, torch.uint8, 255), (255, torch.int8, -1)])
def test_a_label_that_only_wraps_around_to_the_ignored_one_is_invalid(index, dtype, label):
    metric = tb.BinaryAccuracy(ignore_index=index)
    with pytest.raises(ValueError, match="1 bad labels"):
        metric.update(torch.tensor([0.3]), torch.tensor([label], dtype=dtype))


@EACH_METRIC
@given(seed=SEEDS, size=SIZES)
@settings(max_examples=8)
@pytest.mark.slow
def test_weights_of_one_equal_no_weights(variant, seed, size):
    preds, target = random_samples(seed, size)
    unweighted = once(variant, (preds, target))
    for dtype in (torch.float64, torch.float16, torch.int32, torch.bool):
        weighted = once(variant, (preds, target, torch.ones(len(preds), dtype=dtype)))
        plain = unweighted.histogram.state.double()
        assert torch.equal(weighted.histogram.state[: len(plain)], plain)  # the sums of squared weights come last
        expected = unweighted.compute()
        agree(weighted.compute(), expected if isinstance(expected, tuple) else expected.double())
    omitted = NAMED[variant[0]](weighted=True, **variant[1])
    omitted.update(preds, target)
    assert torch.equal(omitted.histogram.state, weighted.histogram.state)


@EACH_METRIC
@given(seed=SEEDS, size=st.integers(0, 60), dtype=st.sampled_from([torch.uint8, torch.int64, torch.bfloat16, torch.float64]))
@settings(max_examples=15)
@pytest.mark.slow
def test_whole_weights_equal_repetition(variant, seed, size, dtype):
    preds, target = random_samples(seed, size)
    times = torch.randint(0, 5, preds.shape, generator=torch.Generator().manual_seed(seed))
    times[-4:] += 1
    weighted = once(variant, (preds, target, times.to(dtype)))
    repeated = once(variant, (preds.repeat_interleave(times), target.repeat_interleave(times)))
    layout = weighted.histogram.layout
    ours, theirs = weighted.histogram.state, repeated.histogram.state.double()
    assert torch.equal(ours[: layout.off_edge], theirs[: layout.off_edge])
    assert ours[layout.off_edge] == once(variant, (preds, target)).histogram.state[layout.off_edge]  # samples, not weights
    sums = slice(layout.counted, len(theirs))  # without those of squared weights, which come last
    torch.testing.assert_close(ours[sums], theirs[sums], rtol=1e-14, atol=0)
    expected = repeated.compute()
    agree(weighted.compute(), expected if isinstance(expected, tuple) else expected.double())


@given(seed=SEEDS, size=SIZES, cuts=PLACES)
def test_weights_that_are_exact_sums_do_not_depend_on_the_split(seed, size, cuts):
    preds, target, weight = sized(seed, size, weighted=True)
    samples = preds, target, (weight * 8).round() / 8
    for cut in (Threshold(0.5), FloatBits(16)):
        layout = Layout(cut, weighted=True)
        assert torch.equal(counted(layout, *split(samples, cuts)), counted(layout, samples))


ON_EDGES = [0.5, 0.75, 2**-8, 0.30078125, 1.0, 0.0, -1.0, 3.0]
OFF_EDGES = [0.3, 0.7, 0.301, 1 / 3, 0.99, 1e-30]
HALVES = Edges([0.0, 0.30078125, 0.301, 0.5])


def at_any(cls, threshold, **options):
    """A metric of a named class, or what it is of scores on a scale of their own."""
    return cls(threshold, **options) if threshold <= 1 else tb.Metric(cls.measure, tb.Threshold(threshold), **options)


def members(cuts, **options):
    """Areas along cuts, and scores at thresholds on and off their edges, by name."""
    thresholds = [*ON_EDGES, *OFF_EDGES]
    if options.get("from_logits"):
        thresholds = [threshold for threshold in thresholds if 0 <= threshold <= 1]
    named = {"auroc": tb.BinaryAUROC(cuts, **options), "ap": tb.BinaryAveragePrecision(cuts, **options)}
    named |= {"roc": tb.BinaryROC(cuts, **options), "partial": tb.BinaryAUROC(cuts, max_fpr=0.2, **options)}
    for threshold in thresholds:
        named[f"stats at {threshold}"] = at_any(tb.BinaryStatScores, threshold, **options)
    return named


@pytest.mark.filterwarnings("ignore:scores outside")  # which some dtypes bring, and others do not
@pytest.mark.parametrize("dtype", [torch.bool, *INTS, *FLOATS], ids=str)
@given(
    seed=SEEDS, size=SIZES, cuts=st.sampled_from([FloatBits(16), FloatBits(9, centre=None), HALVES]), from_logits=st.booleans()
)
@settings(max_examples=3)
@example(seed=0, size=1023, cuts=FloatBits(16), from_logits=False)
@example(seed=1, size=1023, cuts=FloatBits(16), from_logits=True)
@example(seed=2, size=1023, cuts=HALVES, from_logits=False)
def test_a_collection_equals_its_members_alone(dtype, seed, cuts, **kind):
    from_logits = kind["from_logits"]
    preds, target = random_samples(seed, kind["size"], logits=from_logits)
    near = torch.tensor([*ON_EDGES, *OFF_EDGES])
    near = torch.cat([near, torch.nextafter(near, near - 1), torch.nextafter(near, near + 1)])
    near = torch.logit(near.double()).nan_to_num(0).float() if from_logits else near
    preds = torch.cat([preds, near])
    preds = (preds if dtype.is_signed else preds.abs()).to(dtype)
    target = torch.cat([target, torch.arange(len(near)) % 2])
    collection = tb.MetricCollection(members(cuts, from_logits=from_logits))
    alone = members(cuts, from_logits=from_logits)
    for start in (0, len(preds) // 3):
        collection.update(preds[start:], target[start:])
        for metric in alone.values():
            metric.update(preds[start:], target[start:])
    for name, value in collection.compute().items():
        assert_same(value, alone[name].compute())
        assert_same(collection[name].compute(), value)


def test_a_threshold_on_an_edge_shares_the_finer_counts_and_one_off_the_edges_does_not():
    shared = tb.MetricCollection(
        {"auroc": tb.BinaryAUROC(), "ap": tb.BinaryAveragePrecision()}
        | {f"at {threshold}": at_any(tb.BinaryRecall, threshold) for threshold in ON_EDGES}
    )
    assert len(shared.histograms) == 1
    apart = tb.MetricCollection({"auroc": tb.BinaryAUROC()} | {str(at): tb.BinaryRecall(at) for at in OFF_EDGES})
    assert len(apart.histograms) == 1 + len(OFF_EDGES)


OTHERS = [{"ignore_index": -1}, {"weighted": True}, {"invalid": "drop"}, {"from_logits": True}]


@pytest.mark.parametrize("more", OTHERS, ids=str)
def test_a_threshold_of_other_options_is_counted_apart(more):
    assert len(tb.MetricCollection([tb.BinaryAUROC(), tb.BinaryRecall(**more)]).histograms) == 2
    assert len(tb.MetricCollection([tb.BinaryAUROC(**more), tb.BinaryRecall(**more)]).histograms) == 1


def test_a_threshold_on_an_edge_of_uniform_bins_is_counted_apart_for_their_range():
    assert len(tb.MetricCollection([tb.BinaryAUROC(8), tb.BinaryRecall()]).histograms) == 2


@given(seed=SEEDS, size=SIZES)
def test_members_of_other_options_count_alike_together(seed, size):
    preds, target, weight = random_samples(seed, size, weighted=True)
    target = target.where(preds != 0.25, -1)

    def build():
        return {
            "all": tb.BinaryAUROC(ignore_index=-1),
            "weighted": tb.BinaryAUROC(ignore_index=-1, weighted=True),
            "dropping": tb.BinaryF1Score(invalid="drop"),
            "logits": tb.BinaryRecall(0.6, from_logits=True, ignore_index=-1),
        }

    collection, alone = tb.MetricCollection(build()), build()
    assert len(collection.histograms) == 4
    collection.update(preds, target, weight)
    for name, metric in alone.items():
        metric.update(preds, target, weight if name == "weighted" else None)
        assert_same(collection[name].compute(), metric.compute())
    assert collection["dropping"].dropped.bad_labels == int((target == -1).sum())


@given(seed=SEEDS, size=SIZES, cuts=PLACES, data=st.data())
@settings(max_examples=8)
def test_collections_merged_in_any_order_equal_one_pass(seed, size, cuts, data):
    samples = random_samples(seed, size)
    chosen = ("auroc", "ap", "roc", "stats at 0.5", "stats at 0.3", "stats at 3.0")
    whole, total, called = (
        tb.MetricCollection({name: metric for name, metric in members(FloatBits(9, centre=None)).items() if name in chosen})
        for _ in range(3)
    )
    whole.update(*samples)
    batches = data.draw(st.permutations(split(samples, cuts)))
    parts = [whole.clone() for _ in batches]
    for part, batch in zip(parts, batches, strict=True):
        part.reset()
        values = called(*batch)
        part.update(*batch)
        for name, value in part.compute().items():
            assert_same(values[name], value)
    total.merge_state(parts)
    merged, counted_by_calls = total.compute(), called.compute()
    for name, value in whole.compute().items():
        assert_same(merged[name], value)
        assert_same(counted_by_calls[name], value)
