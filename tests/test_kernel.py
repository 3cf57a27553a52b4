"""The Triton kernel, run by Triton's interpreter, equals the reference bit for bit, whatever the batch."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from hypothesis import Phase, given, settings, strategies as st
from test_compiled import CUTS, SUMS, batches, counted, layouts

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryBrierScore,
    BinaryF1Score,
    BinaryRecall,
    Classes,
    Edges,
    FloatBits,
    Groups,
    Labels,
    Layout,
    MetricCollection,
    Threshold,
)
from torch_binmetrics.counting import Dense, LogLoss, SquaredWeight, cuda, reference
from torch_binmetrics.counting.cpu import TYPES

pytest.importorskip("triton")
import triton
import triton.language as tl

from torch_binmetrics.counting import triton_kernel

#: NumPy's, which the interpreter computes with.
pytestmark = pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow) encountered in .*:RuntimeWarning")


def starts_of(tallies):
    return [torch.arange(layout.cells).to(layout.dtype) for layout in tallies]


def equals_reference(tallies, batch):
    """Counts by both, from the same starts: equal, their sums to some units in the last place."""
    starts = starts_of(tallies)
    done, counts = counted(cuda.count, tallies, batch, starts)
    assert done
    assert not cuda.failures
    _, expected = counted(reference.count, tallies, batch, starts)
    for layout, found, wanted in zip(tallies, counts, expected, strict=True):
        exact = layout.counted if not layout.weighted else 0
        assert torch.equal(found[:exact], wanted[:exact])
        torch.testing.assert_close(found[exact:], wanted[exact:], rtol=2e-12, atol=0)  # up to 4,097 summands in another order


def dropping(layout):
    """The layout as it counts on an accelerator, where nothing is refused at once."""
    options = {name: getattr(layout, name) for name in ("from_logits", "ignore_index", "weighted", "sums")}
    return Layout(layout.cuts, **options, invalid="drop")


@settings(max_examples=60, phases=[Phase.generate])  # to shrink a batch takes minutes
@given(st.lists(layouts, min_size=1, max_size=3), batches(), st.booleans())
def test_the_kernel_equals_the_reference(tallies, batch, weighted):
    tallies = list(map(dropping, tallies))
    if not weighted or not any(layout.weighted for layout in tallies):
        batch = [*batch[:2], None]
    equals_reference(tallies, batch)


CROWDS = {
    "one bin": lambda size: torch.full((size,), 0.5),
    "three bins": lambda size: torch.tensor([0.1, 0.5, 0.9])[torch.arange(size) % 3],
    "a few bins and outliers": lambda size: torch.rand(size).where(torch.arange(size) % 100 == 0, 0.25),
    "many bins": torch.rand,
}


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 5001])
def test_crowded_and_spread_scores_of_any_number_count_alike(crowd, size):
    tallies = [Layout(FloatBits(), invalid="drop"), Layout(FloatBits(9, centre=None), weighted=True, invalid="drop")]
    equals_reference(tallies, [CROWDS[crowd](size), torch.arange(size) % 2, torch.rand(size)])


@pytest.mark.parametrize("dtype", TYPES)
def test_every_dtype_counts_alike(dtype):
    values = torch.tensor([0, 1, 1, 0, 1]) if not dtype.is_floating_point else torch.tensor([0.1, 0.3, 0.5, 1.0, 7.0])
    tallies = [Layout(cuts, ignore_index=7, invalid="drop") for cuts in CUTS]
    equals_reference(tallies, [values.to(dtype), torch.tensor([0, 1, 0, 1, 7]).to(dtype), None])


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("sums", SUMS, ids=str)
def test_losses_of_either_label_and_any_size_count_alike(sums, from_logits):
    """Scores on both sides of 0 and of 1, where a loss is nearly 0, about 1 and large."""
    scores = torch.linspace(-30, 30, 1000) if from_logits else torch.linspace(0, 1, 1000) ** 3
    layouts = [Layout(FloatBits(9, centre=None), from_logits=from_logits, sums=sums, invalid="drop")]
    equals_reference(layouts, [scores.repeat(2), torch.arange(2000) // 1000, None])


ROWS = [Labels(1), Labels(7), Classes(7), Classes(700), Groups(7), Groups(700)]


@pytest.mark.parametrize(
    "options", [{}, {"weighted": True, "sums": (SquaredWeight(), LogLoss(1e-7))}, {"ignore_index": 1}], ids=len
)
@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_rows_count_alike(rows, options):
    """Few cells and many; labels, classes and ids that are none; weights of samples and of each of their scores."""
    shape, by_class, of_each = (5600 // rows.n, rows.n), isinstance(rows, Classes), not options.get("ignore_index")
    group = None
    if isinstance(rows, Groups):
        shape, of_each = (5600,), True
        group = torch.randint(-1, rows.n + 1, shape, dtype=torch.int16)
    preds = (torch.rand(shape) * 50).round() / 50
    preds.view(-1)[::101] = torch.nan
    target = torch.randint(-1, rows.n + 1 if by_class else 3, shape[:-1] if by_class else shape)
    weight = torch.rand(shape if of_each else shape[:-1]) if "weighted" in options else None
    for tallies in ([Threshold(0.3)], [FloatBits(9, centre=None), Threshold(0.5), Edges([0.1, 0.2, 0.7])]):
        layouts = [Layout(cuts, rows=rows, invalid="drop", **options) for cuts in tallies]
        states = [[Dense(layout).empty() + 3 for layout in layouts] for _ in range(2)]
        assert cuda.count(list(zip(layouts, states[0], strict=True)), preds, target, weight, group=group)
        reference.count(list(zip(layouts, states[1], strict=True)), preds, target, weight, group=group)
        for layout, found, wanted in zip(layouts, *states, strict=True):
            exact = layout.counted if not layout.weighted else 0
            assert torch.equal(found[:, :exact], wanted[:, :exact])
            torch.testing.assert_close(found, wanted, rtol=2e-12, atol=0)


@triton.jit
def add_far_on(out, cell, far: tl.constexpr):
    at = tl.arange(0, triton_kernel.BLOCK)
    triton_kernel._add_ones(out - far, tl.load(cell + at) + far, at < 0, 1, at >= 0)
    triton_kernel._add(out - far, tl.load(cell + at) + far, tl.full(at.shape, 1, tl.int64), at >= 0)


@pytest.mark.parametrize("crowded", [True, False])
def test_cells_of_many_rows_go_beyond_two_to_the_31(crowded):
    size = triton_kernel.BLOCK.value
    found, cell = torch.zeros(1000, dtype=torch.int64), torch.full((size,), 3) if crowded else torch.randint(1000, (size,))
    add_far_on[(1,)](found, cell, far=2**33)
    assert torch.equal(found, 2 * cell.bincount(minlength=1000))


@triton.jit
def last_offsets(out, program):
    tl.store(out + tl.arange(0, triton_kernel.BLOCK), triton_kernel.offsets(tl.full((), program, tl.int32)))


def test_offsets_go_beyond_two_to_the_31():
    found, block = torch.zeros(triton_kernel.BLOCK.value, dtype=torch.int64), triton_kernel.BLOCK.value
    program = (2**31 + 5) // block
    last_offsets[(1,)](found, program)
    assert found.tolist() == list(range(program * block, (program + 1) * block))
    assert found[0] <= 2**31 + 5 <= found[-1]


def test_a_collection_is_one_launch_into_the_same_memory(monkeypatch):
    metrics = MetricCollection([BinaryAUROC, BinaryAccuracy, BinaryRecall(0.3), BinaryF1Score(0.7), BinaryBrierScore])
    tallies = [(histogram.layout, histogram.state) for histogram in metrics.histograms]
    assert len(tallies) > 2
    places, launches = [state.data_ptr() for _, state in tallies], []
    monkeypatch.setattr(triton_kernel.kernel, "pre_run_hooks", [lambda *args, **kwargs: launches.append(args)])
    assert cuda.count(tallies, torch.rand(3000), torch.randint(0, 2, (3000,)), None)
    assert len(launches) == 1
    assert [state.data_ptr() for _, state in tallies] == places


def test_sums_of_floats_are_left_to_the_reference_where_the_order_must_not_matter():
    batch = torch.rand(10), torch.ones(10), torch.rand(10)
    tallies = [[(layout, Dense(layout).empty())] for layout in (Layout(FloatBits()), Layout(FloatBits(), weighted=True))]
    torch.use_deterministic_algorithms(True)
    try:
        assert [cuda.count(tally, *batch) for tally in tallies] == [True, False]
    finally:
        torch.use_deterministic_algorithms(False)
    assert cuda.count(tallies[1], *batch)


def test_cuts_of_ones_own_are_left_to_the_reference():
    class Own(Threshold):
        pass

    layout = Layout(Own(0.5))
    state = Dense(layout).empty()
    assert not cuda.count(
        [(Layout(FloatBits()), Dense(Layout(FloatBits())).empty()), (layout, state)], torch.rand(5), torch.ones(5), None
    )
    assert not state.any()


def test_a_kernel_that_cannot_be_launched_says_so_once_and_leaves_all_to_the_reference():
    """Without its interpreter Triton finds no GPU here, and that is an error at the launch."""
    program = """
        import warnings, torch
        from torch_binmetrics import FloatBits, Layout, backend
        from torch_binmetrics.counting import Dense, cuda
        layout = Layout(FloatBits())
        state = Dense(layout).empty()
        batch = torch.rand(5), torch.ones(5), None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print([cuda.count([(layout, state)], *batch) for _ in range(2)], state.any().item(), backend("cuda").name)
        print([str(warning.message)[:40] for warning in caught if "plain torch" in str(warning.message)])
        print(backend("cuda").reason[:36])
    """
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    ran = subprocess.run([sys.executable, "-c", dedent(program)], env=environment, capture_output=True, text=True, check=True)
    said = [
        "[False, False] False reference",
        "['the Triton kernel cannot be launched, so']",
        "the Triton kernel cannot be launched",
    ]
    assert ran.stdout.splitlines() == said


def test_the_kernel_is_loaded_by_a_batch_and_not_by_the_package():
    program = "import sys, torch_binmetrics; print({'triton', 'torch._dynamo'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def shown(module):
    """The rows of what a benchmark prints."""
    root = Path(__file__).parent.parent
    ran = subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], cwd=root, capture_output=True, text=True, check=True)
    return [line.strip("| ").split(" | ") for line in ran.stdout.splitlines() if line.startswith("| ") and "---" not in line]


def test_the_kernel_compiles_for_cards_of_both_makers_and_spills_no_register():
    title, *rows = shown("kernel")
    assert {row[1] for row in rows} == {"cuda 80", "cuda 90", "cuda 100", "hip gfx942"}
    assert {row[title.index("spills")] for row in rows} == {"0"}


def test_the_page_for_a_card_is_written_by_the_interpreter_too():
    title, *rows = shown("gpu")
    assert title[-1] == "equals the reference"
    assert len(rows) >= 20
    assert {row[-1] for row in rows} == {"True"}
