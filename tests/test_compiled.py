"""The compiled loop equals the reference bit for bit, whatever the batch; without it the reference counts alike."""

import gc
import itertools
import math
import os
import subprocess
import sys
import threading
import weakref

import pytest
import torch
from hypothesis import given, settings, strategies as st

from torch_binmetrics import (
    BinaryAUROC,
    Classes,
    Edges,
    FloatBits,
    Groups,
    Labels,
    Layout,
    ScoreHistogram,
    Threshold,
    Uniform,
    count,
)
from torch_binmetrics.counting import Dense, backend, cpu, reference
from torch_binmetrics.counting.summands import Hinge, LogLoss, Probability, SquaredError, SquaredWeight

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
INTEGERS += [torch.uint16, torch.uint32, torch.uint64]
CUTS = [
    Threshold(0.5),
    Threshold(0.3),
    Threshold(float("inf")),
    Uniform(2),
    Uniform(1024),
    FloatBits(9, centre=None),
    FloatBits(16),
    FloatBits(19),
    FloatBits(centre=None),
    FloatBits(12, centre=16, around=-7.3),
    FloatBits(around=0.3),
    Edges([0.5]),
    Edges([0.1, 0.1, 0.1, 0.2, float("inf")]),
    Edges([-float("inf"), -1.0, 0.0, 1.0]),
    Edges(torch.linspace(0, 1, 200)),
    Edges(torch.linspace(-3, 3, 1001)),
    Edges(torch.linspace(0, 1, 10_000) ** 20),
]
SUMS = [(SquaredError(), SquaredWeight()), (Hinge(), Hinge(squared=True)), (Probability(), LogLoss(), LogLoss(1e-7))]
SUMS.append((SquaredWeight(),))
SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e-45, -1e-45, 1.0, 1.0000001, 0.5, 0.3, 65504.0, 3e38, 1e300]
LABELS = [-100, -1, 2, 7, 156, 255, -(2**31), 2**40]
SIZES = [0, 1, 2, 31, 511, 512, 513, 1023, 4097]

needs_compiled = pytest.mark.skipif(cpu.native is None, reason="the compiled loop was not built, or is switched off")


def layouts_of(cuts, from_logits):
    return st.builds(
        Layout,
        st.sampled_from(cuts),
        from_logits=from_logits,
        ignore_index=st.sampled_from([None, None, -100, -1, 0, 1, 156, 255, 2**40]),
        weighted=st.booleans(),
        sums=st.sampled_from([(), (), (), *SUMS]),
        invalid=st.sampled_from(["raise", "drop", "drop"]),
    )


layouts = layouts_of(CUTS, st.just(False)) | layouts_of(
    [FloatBits(9, centre=None), FloatBits(16), Uniform(1024)], st.just(True)
)


@st.composite
def batches(draw):
    """Scores, labels and weights of any dtype and strides, some of them invalid."""
    size, seed = draw(st.sampled_from(SIZES)), draw(st.integers(0, 2**32))
    generator = torch.Generator().manual_seed(seed)
    preds = torch.rand(size, dtype=torch.float64, generator=generator) * draw(st.sampled_from([1, 1, 1e-40, 1e4, 1e39]))
    target = torch.randint(0, 2, (size,), generator=generator)
    weight = torch.rand(size, dtype=torch.float64, generator=generator)
    if draw(st.booleans()):
        preds = strewn(preds, torch.tensor(SPECIAL, dtype=torch.float64), generator)
    if draw(st.booleans()):
        target = strewn(target, torch.tensor(LABELS), generator)
    if draw(st.booleans()):
        weight = strewn(weight, torch.tensor([0.0, -1.0, float("nan"), float("inf")], dtype=torch.float64), generator)
    dtypes = [draw(st.sampled_from(FLOATS + INTEGERS)) for _ in range(3)]
    tensors = [tensor.to(dtype) for tensor, dtype in zip((preds, target, weight), dtypes, strict=True)]
    return [strided(tensor, draw(st.sampled_from(["flat", "column", "rows"])), size) for tensor in tensors]


def strewn(values, others, generator):
    """``values`` with every twentieth or so replaced by one of ``others``."""
    chosen = others[torch.randint(0, len(others), values.shape, generator=generator)]
    return torch.where(torch.rand(values.shape, generator=generator) < 0.05, chosen, values)


def strided(tensor, how, size):
    """The tensor as it is, as a column of a wider one, or so that its memory lies transposed; of one shape in every case."""
    shape = (31, size // 31) if size % 31 == 0 else (size,)
    tensor = tensor.reshape(shape)
    if how == "column":
        return torch.stack([tensor, tensor], -1)[..., 1]
    return tensor.T.contiguous().T if how == "rows" and tensor.ndim == 2 else tensor


def counted(count, tallies, batch, starts):
    """Whether a batch was counted, and the counts thereafter."""
    counts = [start.clone() for start in starts]
    try:
        done = count(list(zip(tallies, counts, strict=True)), *batch)
    except ValueError:
        done = False
    return done is not False, counts


@needs_compiled
@settings(max_examples=300)
@given(st.lists(layouts, min_size=1, max_size=3), batches(), st.booleans())
def test_compiled_equals_reference_bit_for_bit(tallies, batch, weighted):
    if not weighted or not any(layout.weighted for layout in tallies):
        batch = [*batch[:2], None]
    starts = [torch.arange(layout.cells).to(layout.dtype) for layout in tallies]
    done, counts = counted(cpu.count, tallies, batch, starts)
    expected_done, expected = counted(reference.count, tallies, batch, starts)
    assert done == expected_done
    for layout, found, wanted in zip(tallies, counts, expected, strict=True):
        assert torch.equal(found[: layout.counted], wanted[: layout.counted])
        torch.testing.assert_close(found[layout.counted :], wanted[layout.counted :], rtol=1e-14, atol=0)
    assert done or all(map(torch.equal, counts, starts))


@needs_compiled
@pytest.mark.parametrize("cuts", [CUTS[0], CUTS[4], CUTS[6], CUTS[7], CUTS[11]], ids=repr)
@pytest.mark.parametrize("threads", [1, 2, 3, 16])
def test_large_batches_on_several_threads_equal_the_reference(cuts, threads):
    preds, target = torch.rand(600_001), torch.randint(0, 2, (600_001,))
    preds[::7] = 0.25
    layout = Layout(cuts)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        done, [counts] = counted(cpu.count, [layout], (preds, target, None), [Dense(layout).empty() + 5])
    finally:
        torch.set_num_threads(before)
    assert done
    assert torch.equal(counts, counted(reference.count, [layout], (preds, target, None), [Dense(layout).empty() + 5])[1][0])


@needs_compiled
@pytest.mark.parametrize("threads", [2, 3, 5, 64])
def test_weights_and_losses_are_the_same_to_the_last_bit_on_any_number_of_threads(threads):
    generator = torch.Generator().manual_seed(threads)
    preds, weight = torch.rand(2, 600_001, generator=generator)
    target = torch.randint(-1, 2, (600_001,), generator=generator)
    preds[::1000] = math.nan
    batch = (preds, target, weight.exp() ** 9)
    layouts = [
        Layout(FloatBits(), weighted=True, sums=(SquaredWeight(),), invalid="drop"),
        Layout(Uniform(64), sums=(SquaredError(), LogLoss(), Probability()), ignore_index=-1, invalid="drop"),
        Layout(Threshold(0.3), invalid="drop"),
    ]
    found = {}
    before = torch.get_num_threads()
    try:
        for number in (1, threads):
            torch.set_num_threads(number)
            starts = [Dense(layout).empty() + 3 for layout in layouts]
            done, found[number] = counted(cpu.count, layouts, batch, starts)
            assert done
    finally:
        torch.set_num_threads(before)
    assert all(map(torch.equal, found[1], found[threads]))


@needs_compiled
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", [100, 5_000, 400_000])
def test_a_bad_last_sample_leaves_all_counts_as_they_were(size, weighted):
    preds, target = torch.rand(size), torch.randint(0, 2, (size,))
    preds[-1] = float("nan")
    layout = Layout(FloatBits(16), weighted=weighted)
    start = Dense(layout).empty() + 3
    done, [counts] = counted(cpu.count, [layout], (preds, target, None), [start])
    assert not done
    assert torch.equal(counts, start)
    histogram = ScoreHistogram(layout)
    with pytest.raises(ValueError, match="1 nan scores"):
        histogram.update(preds, target)
    assert not histogram.state.any()


@needs_compiled
@pytest.mark.parametrize("threads", [1, 2, 64])
@pytest.mark.parametrize("refused", [False, True])
def test_rare_scores_far_from_the_others_are_counted_by_any_number_of_threads(threads, refused):
    """Threads keep cells for the bins of most samples only, which they find by a look at some blocks."""
    generator = torch.Generator().manual_seed(threads)
    preds = 5 + torch.rand(400_001, generator=generator) / 100
    target = torch.randint(0, 2, (400_001,), generator=generator)
    rare = torch.arange(777, 400_001, 9_973)
    preds[rare] = torch.linspace(-3e38, 3e38, len(rare))
    preds[rare[::5]] = float("nan")
    target[rare[::7]] = 2
    layouts = [Layout(FloatBits(), invalid="drop"), Layout(Threshold(0.5), invalid="drop", ignore_index=1)]
    layouts += [Layout(Edges(torch.linspace(-3, 3, 1001)), invalid="drop"), Layout(FloatBits(12, centre=16), invalid="drop")]
    layouts += [Layout(FloatBits(), ignore_index=2)] * refused
    starts = [Dense(layout).empty() + 3 for layout in layouts]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        done, counts = counted(cpu.count, layouts, (preds, target, None), starts)
    finally:
        torch.set_num_threads(before)
    assert done == (not refused)
    expected = starts if refused else counted(reference.count, layouts, (preds, target, None), starts)[1]
    assert all(map(torch.equal, counts, expected))


@needs_compiled
@pytest.mark.parametrize("size", [100, 400_000])
def test_a_refused_batch_never_reaches_the_reference(size, monkeypatch):
    """Which would take gigabytes, and seconds, to say what is wrong with one sample among millions."""
    monkeypatch.delattr(reference, "count")
    preds, target, weight = torch.rand(size), torch.randint(0, 2, (size,)), torch.ones(size)
    preds[3], preds[5], preds[8], target[9], target[10], weight[11] = float("nan"), 2, -1, 2, 3, -1
    lenient = Layout(Threshold(0.5), invalid="drop")
    strict = [Layout(Uniform(4), weighted=True), Layout(FloatBits(16), ignore_index=2)]
    tallies = [(Dense(layout), Dense(layout).empty()) for layout in (lenient, *strict)]
    said = "2 bad labels, 1 nan scores, 2 out of range scores, 1 bad weights"
    with pytest.raises(ValueError, match=said):
        count(tallies, preds, target, weight)
    with pytest.raises(ValueError, match=r"1 bad labels, 1 nan scores\. "):
        count(tallies[::2], preds, target, None)
    assert not any(state.any() for _, state in tallies)
    half = weight.where(weight > 0, 0.5).half(), weight.clamp(min=0).bfloat16()
    labels = [(target % 2).to(dtype) for dtype in (torch.uint16, torch.uint32, torch.uint64)]
    for weights, label in itertools.product(half, labels):
        count(tallies[1:2], preds.nan_to_num().clamp(0, 1), label, weights)


@needs_compiled
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("bad", [True, False], ids=["as large as their type holds", "of groups"])
@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.uint8])
def test_any_number_of_threads_counts_ids_like_the_reference_and_none_beyond_the_rows(dtype, bad, threads):
    ends = torch.iinfo(dtype)
    group = torch.tensor([0, 4, 5, ends.min, ends.max, 2] * 60_000 + [-1 % (ends.max + 1), 1]).to(dtype)
    group = group if bad else group.clamp(0, 4)
    preds, target = torch.rand(len(group), generator=torch.Generator().manual_seed(0)), torch.arange(len(group)) % 2
    layouts = [Layout(cuts, rows=Groups(5), invalid="drop" if bad else "raise") for cuts in (Uniform(64), FloatBits(16))]
    found, expected = ([Dense(layout).empty() for layout in layouts] for _ in range(2))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert cpu.count(list(zip(layouts, found, strict=True)), preds, target, None, group=group)
    finally:
        torch.set_num_threads(before)
    reference.count(list(zip(layouts, expected, strict=True)), preds, target, None, group=group)
    for layout, mine, theirs in zip(layouts, found, expected, strict=True):
        assert torch.equal(mine, theirs)
        assert (Dense(layout).excluded(mine)[1].bad_labels >= 2 * 60_000) == bad


@needs_compiled
@pytest.mark.parametrize("across", [False, True], ids=["side by side", "across"])
@pytest.mark.parametrize("rows", [Labels(3), Classes(3)], ids=str)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_counts_columns_like_the_reference(rows, across, threads):
    rng, classes = torch.Generator().manual_seed(0), isinstance(rows, Classes)
    preds = torch.rand(3, 100_001, generator=rng).T if across else torch.rand(100_001, 3, generator=rng)
    target = torch.randint(0, 3, (100_001,), generator=rng) if classes else torch.randint(0, 2, preds.shape, generator=rng)
    layout, before = Layout(Uniform(64), rows=rows), torch.get_num_threads()
    mine, theirs = Dense(layout).empty(), Dense(layout).empty()
    torch.set_num_threads(threads)
    try:
        assert cpu.count([(layout, mine)], preds, target, None)
    finally:
        torch.set_num_threads(before)
    reference.count([(layout, theirs)], preds, target, None)
    assert torch.equal(mine, theirs)


@needs_compiled
def test_classes_beyond_int64_are_bad_labels_and_not_the_negative_label_to_ignore():
    preds, target = torch.rand(3, 2), torch.tensor([0, 2**64 - 100, 1], dtype=torch.uint64)
    layout = Layout(Threshold(0.5), rows=Classes(2), ignore_index=-100, invalid="drop")
    store = Dense(layout)
    [state] = count([(store, store.empty())], preds, target)
    assert [int(ignored) for ignored in state[:, layout.block]] == [0, 0]
    assert store.excluded(state)[1].bad_labels == 2
    assert torch.equal(state, counted(reference.count, [layout], (preds, target, None), [store.empty()])[1][0])


@needs_compiled
def test_more_dimensions_than_the_loop_takes_are_counted_by_the_reference():
    preds, target = torch.rand([2] * 17), torch.randint(0, 2, [2] * 17)
    layout, batch = Layout(Uniform(8)), tuple(each.permute(*range(each.ndim)[::-1]) for each in (preds, target))
    [mine] = count([(Dense(layout), Dense(layout).empty())], *batch)
    assert torch.equal(mine, counted(reference.count, [layout], (*batch, None), [Dense(layout).empty()])[1][0])


RUNS = FloatBits(16).runs
PLAN = (2, 1, 0, 0, 0, 0, FloatBits(16).bins, 0, 0, 0, 0.5, (*RUNS[:-1], *RUNS.offsets), 0, 0, 0, ())
WRONG_PLANS = {
    "a kind that is none": {0: 4},
    "a shift that is none": {11: (0.5, 2.0, 1.0, 0, 0, 31, 0, 0, 0, 0)},
    "a negative shift": {11: (0.5, 2.0, 1.0, 0, 0, -1, 0, 0, 0, 0)},
    "a fine shift that is none": {11: (0.5, 2.0, 1.0, 0, 0, 0, 31, 0, 0, 0)},
    "a negative fine shift": {11: (0.5, 2.0, 1.0, 0, 0, 0, -1, 0, 0, 0)},
    "no bins": {6: 0},
    "too many bins": {6: 2**31 - 1},
    "edges without memory": {0: 3, 8: 1, 9: 1},
    "more sums than it takes": {15: ((0, 0.0, 1.0),) * 9},
}
SCORES, ONES = torch.rand(4), torch.ones(4)  # whose memory outlives all batches
WRONG_BATCHES = {
    "a negative number of samples": {0: -1},
    "a kind of rows that is none": {2: 4},
    "no rows": {2: 1},
    "groups without memory": {2: 3, 3: 1},
    "scores without memory": {4: 0},
    "labels without memory": {7: 0},
    "a dtype that is none": {5: 13},
    "sizes of zero": {6: (0, 4, 1, 1)},
    "sizes of others": {9: (5, 1)},
    "sizes beyond memory": {6: (2**62, 2**62, 1, 1)},
    "sizes whose product wraps around to the samples": {0: 3, 6: (5, 3 * pow(5, -1, 2**64) % 2**64, 0, 0)},
    "no dimensions": {6: ()},
    "a plan of another size": {16: b""},
    "counts without memory": {17: 0},
}


@needs_compiled
@pytest.mark.parametrize("changes", WRONG_PLANS.values(), ids=WRONG_PLANS)
def test_a_plan_that_makes_no_sense_is_an_error(changes):
    assert cpu.native.plan(*PLAN)
    with pytest.raises(ValueError):
        cpu.native.plan(*(changes.get(i, value) for i, value in enumerate(PLAN)))


@needs_compiled
@pytest.mark.parametrize("shifts", [(0, 0), (30, 30)])
def test_a_plan_may_keep_all_bits_of_a_number_or_few(shifts):
    assert cpu.native.plan(*PLAN[:11], (0.5, 2.0, 1.0, 0, 0, *shifts, 0, 0, 0), *PLAN[12:])


def _batch_and_counts():
    """The arguments that count four scores by one plan, and its counts."""
    counts = Dense(Layout(FloatBits(16))).empty()
    batch = [4, 0, 0, 0, SCORES.data_ptr(), 0, None, ONES.data_ptr(), 0, None, *(0, 0, None) * 2]
    return [*batch, cpu.native.plan(*PLAN), counts.data_ptr()], counts


@needs_compiled
@pytest.mark.parametrize(
    "length", [0, 16, 17, 19, 16 + 2 * 65], ids=["none", "no plan", "no counts", "a plan too many", "65 plans"]
)
def test_another_number_of_arguments_is_an_error_and_no_signal(length):
    (*batch, plan, state), counts = _batch_and_counts()
    with pytest.raises(TypeError, match="number of arguments"):
        cpu.native.count(*[*batch, *(plan, state) * 65][:length])
    assert not counts.any()


@needs_compiled
def test_as_many_plans_as_python_hands_over_are_counted_at_once():
    (*batch, plan, state), counts = _batch_and_counts()
    assert cpu.native.count(*batch, *(plan, state) * cpu.MAX_TALLIES) is None
    assert int(counts[: 2 * FloatBits(16).bins].sum()) == 4 * cpu.MAX_TALLIES


@needs_compiled
@pytest.mark.parametrize("changes", WRONG_BATCHES.values(), ids=WRONG_BATCHES)
def test_pointers_and_sizes_that_make_no_sense_are_an_error_and_no_signal(changes):
    batch, counts = _batch_and_counts()
    with pytest.raises(ValueError):
        cpu.native.count(*(changes.get(i, value) for i, value in enumerate(batch)))
    assert not counts.any()
    assert cpu.native.count(*batch) is None
    assert int(counts[: 2 * FloatBits(16).bins].sum()) == 4


@needs_compiled
@pytest.mark.parametrize("invalid", ["nan", "-nan"])
def test_dropped_scores_of_any_sign_stay_within_the_private_tables_of_threads(invalid):
    preds, target = torch.full((600_000,), 2.0), torch.ones(600_000)
    preds[::3] = torch.tensor(0x7FC00000 if invalid == "nan" else -0x400000, dtype=torch.int32).view(torch.float32)
    layout = Layout(FloatBits(16), invalid="drop")
    guarded = torch.full((2_000 + layout.cells,), 7)
    state = guarded[1_000:-1_000].zero_()
    assert cpu.count([(layout, state)], preds, target, None)
    assert (guarded[:1_000] == 7).all()
    assert Dense(layout).excluded(state)[1].nan_scores == 200_000
    assert int(Dense(layout).counts(state).sum()) == 400_000


@needs_compiled
def test_what_the_loop_needs_of_a_layout_goes_when_its_metric_goes():
    metric = BinaryAUROC(torch.linspace(0, 1, 100_001))
    metric.update(torch.rand(10), torch.ones(10))
    kept = [weakref.ref(part) for part in (cpu._plan(metric.histogram.layout)[1].guide, metric.histogram.layout)]
    del metric
    gc.collect()
    assert [part() for part in kept] == [None, None]


@needs_compiled
def test_two_threads_count_into_two_histograms_at_once():
    preds, target = torch.rand(100_000), torch.randint(0, 2, (100_000,))
    metrics = [BinaryAUROC(), BinaryAUROC()]
    threads = [threading.Thread(target=lambda m=m: [m.update(preds, target) for _ in range(20)]) for m in metrics]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    once = BinaryAUROC()
    once.update(preds, target)
    assert all(torch.equal(metric.histogram.state, 20 * once.histogram.state) for metric in metrics)


@needs_compiled
def test_lazily_negated_tensors_are_left_to_the_reference():
    negated = torch.complex(torch.zeros(3), torch.tensor([-0.1, -0.6, -0.9])).conj().imag
    assert negated.is_neg()
    histogram = ScoreHistogram(Layout(FloatBits(16)))
    histogram.update(negated, torch.tensor([0, 1, 1]))
    plain = ScoreHistogram(Layout(FloatBits(16)))
    plain.update(torch.tensor([0.1, 0.6, 0.9]), torch.tensor([0, 1, 1]))
    assert torch.equal(histogram.state, plain.state)


@needs_compiled
@pytest.mark.filterwarnings("ignore:.*lru_cache.*:UserWarning")
def test_a_step_under_torch_compile_counts_the_same():
    metric, expected = BinaryAUROC(torch.linspace(0, 1, 151)), BinaryAUROC(torch.linspace(0, 1, 151))

    @torch.compile(backend="eager")
    def step(preds, target):
        metric.update(preds, target)
        return preds * 2

    for _ in range(3):
        preds, target = torch.rand(3_000), torch.randint(0, 2, (3_000,))
        step(preds, target)
        expected.update(preds, target)
    assert torch.equal(metric.histogram.state, expected.histogram.state)


@needs_compiled
def test_tensors_without_memory_never_reach_the_loop():
    metric = BinaryAUROC()
    metric.update(torch._efficientzerotensor(3), torch.tensor([0, 1, 1]))
    assert int(metric.histogram.counts.sum()) == 3
    freed = torch.ones(5_000)
    freed.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="no memory"):
        metric.update(freed, torch.ones(5_000))
    with pytest.raises(TypeError, match="dense"):
        metric.update(torch.ones(3).to_sparse(), torch.ones(3))


@needs_compiled
def test_any_byte_but_zero_is_true():
    preds, target = torch.tensor([2, 1, 0], dtype=torch.uint8).view(torch.bool), torch.tensor([3, 0, 0]).byte().view(torch.bool)
    batch = preds, target, None
    tallies = [Layout(Threshold(0.5)), Layout(FloatBits(9, centre=None), ignore_index=1, invalid="drop")]
    starts = [Dense(layout).empty() for layout in tallies]
    done, counts = counted(cpu.count, tallies, batch, starts)
    assert done
    assert counts[0].tolist()[:4] == [1, 1, 0, 1]
    assert all(map(torch.equal, counts, counted(reference.count, tallies, batch, starts)[1]))


@needs_compiled
def test_more_cuts_than_the_loop_takes_and_more_dimensions_count_all_the_same():
    tallies = [Layout(Threshold(i / 100)) for i in range(100)]
    batch = torch.rand(50), torch.randint(0, 2, (50,)), None
    stores = [Dense(layout) for layout in tallies]
    counts = count([(store, store.empty()) for store in stores], *batch)
    assert [int(c[2:4].sum()) for c in counts] == [int(batch[1].sum())] * 100
    deep = ScoreHistogram(Layout(Threshold(0.5)))
    deep.update(torch.rand([1] * 20 + [2, 3]).transpose(-1, -2), torch.ones([1] * 20 + [3, 2], dtype=torch.int64))
    assert int(deep.counts.sum()) == 6


@needs_compiled
@pytest.mark.parametrize(("most", "what"), [(64, "tallies"), (16, "sides"), (8, "sums")])
def test_the_loop_takes_as_much_as_it_can_hold_and_leaves_one_more_to_the_reference(most, what):
    for number in (most, most + 1):
        asked = {"tallies": 1, "sides": 2, "sums": 0} | {what: number}
        sums = tuple(LogLoss(i / 100) for i in range(asked["sums"]))
        layouts = [Layout(Threshold(i / 100), sums=sums) for i in range(asked["tallies"])]
        lone = [1] * (asked["sides"] - 2)
        batch = torch.rand([*lone, 2, 3]).transpose(-1, -2), torch.ones([*lone, 3, 2]), None
        starts = [Dense(each).empty() for each in layouts]
        assert counted(cpu.count, layouts, batch, starts)[0] == (number == most)
        wanted = counted(reference.count, layouts, batch, starts)[1]
        found = count([(Dense(each), start) for each, start in zip(layouts, starts, strict=True)], *batch)
        assert all(torch.equal(mine[:9], theirs[:9]) for mine, theirs in zip(found, wanted, strict=True))


def test_the_environment_switches_the_compiled_loop_off():
    program = "from torch_binmetrics import backend; print(backend().name, backend().reason, backend('xpu').name, sep='|')"
    off = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TORCH_BINMETRICS_NATIVE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    name, reason, cuda = off.stdout.strip().split("|")
    assert (name, cuda) == ("reference", "reference")
    assert "TORCH_BINMETRICS_NATIVE=0" in reason
    assert backend().name == ("reference" if cpu.native is None else "compiled")
