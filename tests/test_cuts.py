"""Cuts: monotone, closed on the left, and exactly where they say that they are."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

import torch_binmetrics as tb
from torch_binmetrics import Edges, FloatBits, Threshold, Uniform

CUTS = [
    Threshold(),
    Threshold(0.3),
    Threshold(-math.inf),
    Threshold(math.inf),
    Threshold(1e-46),
    Uniform(2),
    Uniform(1024),
    Uniform(1 << 23),
    Edges([0.5]),
    Edges([-math.inf, -1.5, -0.0, 1e-45, 0.3, 0.3, 0.3 + 1e-12, math.inf]),
    Edges(torch.linspace(0, 1, 200)),
    FloatBits(9, centre=None),
    FloatBits(16),
    FloatBits(19),
    FloatBits(centre=None),
    FloatBits(around=100.0),
    FloatBits(12, centre=16, around=-0.3),
]
EACH_CUT = pytest.mark.parametrize("cuts", CUTS, ids=repr)
#: float32 numbers by their bits, infinite ones included.
FLOATS = st.integers(-0x7F800000, 0x7F800000).map(lambda key: key if key >= 0 else -(1 << 31) - key)
SPECIAL = [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1.1754944e-38, 0.3, 0.5, 1.0, 2.0, 3.4028235e38, math.inf, -math.inf]
BFLOAT16 = torch.arange(-(1 << 15), 1 << 15).to(torch.int16).view(torch.bfloat16)
BFLOAT16 = BFLOAT16[BFLOAT16.isfinite()].float().sort().values
FLOAT16 = torch.arange(-(1 << 15), 1 << 15).to(torch.int16).view(torch.float16)
FLOAT16 = FLOAT16[FLOAT16.isfinite()].float().sort().values


def up(x):
    return torch.nextafter(x, torch.tensor(math.inf))


def down(x):
    return torch.nextafter(x, torch.tensor(-math.inf))


def neighbours(x):
    """The numbers, those next to them, and their negatives, within what is a float32."""
    return torch.cat([x, up(x), down(x), -x])


def scores_for(cuts, bits=(), seed=0):
    """Ascending scores in the valid range: special ones, those of given bits, random ones, all with their neighbours."""
    generator = torch.Generator().manual_seed(seed)
    random_bits = torch.randint(-(1 << 31), 1 << 31, (500,), generator=generator).int()
    bits = torch.cat([torch.tensor(bits, dtype=torch.int32), random_bits])
    x = torch.cat([bits.view(torch.float32), torch.tensor(SPECIAL), torch.rand(500, generator=generator)])
    edges = cuts.thresholds(torch.randint(cuts.bins, (500,), generator=generator))
    x = neighbours(torch.cat([x[~x.isnan()], edges[~edges.isnan()]]))
    low, high = cuts.valid_range
    return x[(x >= low) & (x <= high)].sort().values


@EACH_CUT
@given(bits=st.lists(FLOATS, max_size=20), seed=st.integers(0, 2**32 - 1))
def test_a_higher_score_never_has_a_lower_bin(cuts, bits, seed):
    x = scores_for(cuts, bits, seed)
    index = cuts.index(x)
    assert index.dtype == torch.int64
    assert (index.diff() >= 0).all()
    assert index[0] >= 0
    assert index[-1] < cuts.bins
    assert torch.equal(cuts.index(x[x == 0]), cuts.index(torch.zeros(int((x == 0).sum()))))


@EACH_CUT
@given(bits=st.lists(FLOATS, max_size=20), seed=st.integers(0, 2**32 - 1))
def test_a_score_is_at_least_a_threshold_exactly_when_its_bin_is(cuts, bits, seed):
    x = scores_for(cuts, bits, seed)
    index = cuts.index(x)
    asked = torch.cat([index[:: len(x) // 50], torch.tensor([0, cuts.bins - 1])])
    thresholds = cuts.thresholds(asked)
    assert thresholds.dtype == torch.float32
    assert torch.equal(x >= thresholds[:, None], index >= asked[:, None])


@EACH_CUT
def test_thresholds_ascend_and_start_at_the_lowest_score(cuts):
    bins = torch.arange(0, cuts.bins, -(-cuts.bins >> 17))
    thresholds = cuts.thresholds(bins)
    assert thresholds[0] == cuts.valid_range[0]
    assert (thresholds[1:] >= thresholds[:-1]).all()
    own = cuts.index(thresholds)
    assert (own >= bins).all()
    assert torch.equal(cuts.thresholds(own), thresholds)


@EACH_CUT
def test_all_thresholds_are_those_of_all_bins(cuts):
    if cuts.bins <= 1 << 17:
        assert torch.equal(cuts.thresholds(), cuts.thresholds(torch.arange(cuts.bins)))
    assert cuts.thresholds(torch.zeros(2, 3, dtype=torch.int64)).tolist() == [[cuts.valid_range[0]] * 3] * 2


def test_a_threshold_that_no_score_reaches_is_nan():
    class Unreached(Edges):
        valid_range = (0.0, 1.0)

    assert Unreached([0.5, 2.0]).thresholds().tolist()[:2] == [0.0, 0.5]
    assert math.isnan(Unreached([0.5, 2.0]).thresholds()[2])


@EACH_CUT
def test_index_keeps_any_shape_and_any_strides(cuts):
    x = torch.rand(6, 4)
    for view in (x, x.t(), x[::2, 1::2], x[:, :1].expand(6, 3), x[0, 0], x[:0]):
        assert torch.equal(cuts.index(view), cuts.index(view.contiguous()))
        assert cuts.index(view).shape == view.shape


@EACH_CUT
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool], ids=str)
def test_scores_of_any_dtype_lie_where_their_float32_numbers_do(cuts, dtype):
    scores = torch.tensor([0, 0.1, 0.3, 0.3 + 1e-12, 0.5 - 1e-12, 0.7, 1], dtype=torch.float64).to(dtype)
    assert torch.equal(cuts.index(scores), cuts.index(scores.float()))
    assert torch.equal(cuts.off_edge(scores), cuts.off_edge(scores.float()))


@EACH_CUT
def test_a_position_is_the_bin_that_starts_at_a_threshold(cuts):
    for value in [*SPECIAL, 0.25, 0.7, 1e-30, -5.0]:
        at = torch.tensor(value)
        low, high = cuts.valid_range
        [position] = cuts.positions([value]) or [None]
        on_edge = low <= at <= high and (at == low or bool(cuts.index(down(at)) < cuts.index(at)))
        assert (position is not None) == on_edge
        assert position is None or position == int(cuts.index(at))


@pytest.mark.parametrize("at", [0.3, 0.5, 0.7, 1e-46, -1e-46, 1e300, math.inf, -math.inf, 1, 0, True + 0.0])
def test_a_threshold_is_rounded_to_float32_once(at):
    rounded = torch.tensor([at], dtype=torch.float64).float()
    x = neighbours(rounded)
    x = x[~x.isnan()]
    expected = (x.numpy() >= rounded.numpy()).astype(int).tolist()
    assert Threshold(at).index(x).tolist() == expected
    assert Edges([at]).index(x).tolist() == expected


def by_formula(x, centre):
    """The formula of the design, in numpy, for 16 bits."""

    def s(value):
        pattern = np.asarray(value, dtype=np.float32).view(np.uint32).astype(np.int64)
        magnitude = pattern & 0x7FFFFFFF
        return np.where(pattern >> 31, -magnitude, magnitude)

    def bin_of(value):
        low, high = s(2.0**-10), s(2.0**5)
        c = np.clip(s(value), low, high) + np.clip(s(value), -high, -low)
        return ((s(value) - c) >> 16) + (c >> 12) if centre else s(value) >> 16

    x = np.asarray(x, dtype=np.float32)
    lowest, half, one, two = (int(bin_of(value)) for value in (np.inf, 0.5, 1.0, 2.0))
    below, near, above = bin_of(x) + lowest, bin_of(x - np.float32(1)) + lowest + 2 * half, bin_of(x) + lowest + 2 * half
    return np.where(x < 0.5, below, np.where(x < 2, near, above + one - two))


@pytest.mark.parametrize("centre", [None, 20])
@given(bits=st.lists(FLOATS, max_size=100), seed=st.integers(0, 2**32 - 1))
def test_sixteen_bits_follow_the_formula(centre, bits, seed):
    x = scores_for(FloatBits(16, centre=centre), bits, seed)
    assert FloatBits(16, centre=centre).index(x).tolist() == by_formula(x.numpy(), centre).tolist()


@pytest.mark.parametrize("centre", [None, 20])
def test_sixteen_bits_follow_the_formula_along_all_floats(centre):
    x = torch.arange(-0x7F800000, 0x7F800000, 997, dtype=torch.int64)
    x = torch.where(x < 0, -(1 << 31) - x, x).int().view(torch.float32)
    index = FloatBits(16, centre=centre).index(x)
    assert torch.equal(index, torch.from_numpy(by_formula(x.numpy(), centre)))
    assert (index.diff() >= 0).all()


@pytest.mark.parametrize(
    ("cuts", "bins"),
    [
        (FloatBits(9, centre=None), 762),
        (FloatBits(centre=None), 97_409),
        (FloatBits(), 187_649),
        (FloatBits(19, centre=None), 779_265),
        (FloatBits(19), 827_393),
        (FloatBits(12, centre=16), 11_729),
        (FloatBits(around=0.0), 122_881),
    ],
    ids=repr,
)
def test_float_bits_run_from_minus_infinity_to_infinity(cuts, bins):
    assert cuts.bins == bins
    assert cuts.index(torch.tensor([-math.inf, math.inf])).tolist() == [0, bins - 1]
    assert cuts.thresholds(torch.tensor([0, bins - 1])).tolist() == [-math.inf, math.inf]


def test_sixteen_bits_leave_28032_bins_that_can_hold_no_float():
    thresholds = FloatBits(16).thresholds()
    assert int((thresholds.diff() == 0).sum()) == 28_032
    assert not thresholds.isnan().any()


HALVES = [(BFLOAT16, 16, 65_279), (FLOAT16, 19, 63_487)]


@pytest.mark.parametrize("centre", [None, 20])
@pytest.mark.parametrize(("values", "bits", "number"), HALVES, ids=["bfloat16", "float16"])
def test_each_half_precision_number_lies_on_the_edge_of_a_bin_of_its_own(values, bits, number, centre):
    cuts = FloatBits(bits, centre=centre)
    values = torch.cat([torch.tensor([-math.inf, math.inf]), values.unique()])
    assert len(values) == number + 2
    assert len(cuts.index(values).unique()) == number + 2
    assert torch.equal(cuts.thresholds(cuts.index(values)), values)
    assert not cuts.off_edge(values).any()


@EACH_CUT
@given(bits=st.lists(FLOATS, max_size=20), seed=st.integers(0, 2**32 - 1))
def test_a_score_that_is_not_off_its_edge_is_the_least_of_its_bin(cuts, bits, seed):
    x = scores_for(cuts, bits, seed)
    off = cuts.off_edge(x)
    least = cuts.thresholds(cuts.index(x))
    assert torch.equal(x[~off], least[~off])
    if cuts in (FloatBits(9, centre=None), FloatBits(16), FloatBits(19), Uniform(2), Uniform(1024)):
        assert torch.equal(off, x != least)


@pytest.mark.parametrize("around", [100.0, -3.0, 0.3, 1e-30, 1e6])
def test_bins_around_a_number_are_as_fine_as_around_zero(around):
    cuts = FloatBits(around=around)
    c = torch.tensor(around)
    near = c + c.abs() * torch.linspace(-0.4, 0.4, 10_001)
    width = cuts.thresholds(cuts.index(near) + 1) - cuts.thresholds(cuts.index(near))
    limit = (near - c).abs() / 2**7 + 4 * torch.finfo(torch.float32).eps * c.abs()
    assert (width <= limit).all()
    assert (FloatBits().thresholds(FloatBits().index(near) + 1) - near).max() > width.max() or abs(around) < 1


def test_the_default_is_written_without_arguments_and_others_by_what_they_change():
    assert FloatBits() == FloatBits(16, centre=20, around=1.0)
    assert [repr(cuts) for cuts in (FloatBits(), FloatBits(19, centre=None), FloatBits(around=100))] == [
        "FloatBits()",
        "FloatBits(bits=19, centre=None)",
        "FloatBits(around=100.0)",
    ]


@pytest.mark.parametrize("n", [3, 200, 1000, 1, 0, -2, (1 << 23) + 1, 1 << 24])
def test_uniform_takes_powers_of_two_only_and_names_edges(n):
    with pytest.raises(ValueError, match=r"power of two.*Edges\(torch\.linspace"):
        Uniform(n)


@pytest.mark.parametrize("n", [2, 8, 1024])
def test_uniform_edges_are_multiples(n):
    assert Uniform(n).thresholds().tolist() == [i / n for i in range(n)]
    assert Uniform(n).index(torch.tensor([0.0, 1.0, 0.5])).tolist() == [0, n - 1, n // 2]


@pytest.mark.parametrize(
    "thresholds", [[], [0.5, 0.3], [0.1, math.nan], [math.nan], torch.zeros(2, 2), torch.tensor(0.5)], ids=repr
)
def test_edges_must_be_a_list_that_ascends_without_nan(thresholds):
    with pytest.raises(ValueError, match=r"thresholds must be"):
        Edges(thresholds)


@pytest.mark.parametrize(("cuts", "value"), [(Threshold, "0.5"), (Threshold, True), (Uniform, 8.0), (FloatBits, 16.0)])
def test_cuts_refuse_other_types(cuts, value):
    with pytest.raises(TypeError, match="must be"):
        cuts(value)


@pytest.mark.parametrize(("cuts", "value"), [(Threshold, math.nan), (FloatBits, 8), (FloatBits, 21)])
def test_cuts_refuse_values_out_of_range(cuts, value):
    with pytest.raises(ValueError, match="must be"):
        cuts(value)


@pytest.mark.parametrize("options", [{"centre": 15}, {"centre": 23}, {"around": math.inf}, {"around": math.nan}], ids=str)
def test_float_bits_refuse_a_centre_or_a_place_that_makes_no_sense(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
        FloatBits(**options)


@given(thresholds=st.lists(st.floats(0, 1), min_size=1, max_size=20).map(sorted))
def test_thresholds_for_logits_are_float32_of_the_logit_in_float64(thresholds):
    p = np.array(thresholds)
    with np.errstate(divide="ignore"):
        expected = torch.from_numpy((np.log(p) - np.log1p(-p)).astype(np.float32))
    moved = Edges(thresholds).to_logits().thresholds()[1:]
    exact = (moved == expected) | (torch.nextafter(moved, expected) == expected)
    assert exact.all()
    assert moved[expected.isinf()].equal(expected[expected.isinf()])
    alone = torch.stack([Threshold(value).to_logits().thresholds()[1] for value in thresholds])
    assert torch.equal(moved, alone)


def test_thresholds_for_logits_are_not_rounded_before_they_move():
    close = 1 - 1e-9  # 1 in float32, whose logit is infinite
    assert Threshold(close).to_logits().at == pytest.approx(math.log(close / 1e-9), rel=1e-6)
    assert Threshold(0.5).to_logits() == Threshold(0.0)
    assert Uniform(4).to_logits().thresholds().tolist()[1:] == pytest.approx([-math.log(3), 0, math.log(3)], rel=1e-7)
    assert FloatBits(16).to_logits() == FloatBits(16)
    for outside in (-0.1, 1.1):
        with pytest.raises(ValueError, match="with from_logits=True"):
            Threshold(outside).to_logits()


@EACH_CUT
def test_cuts_are_frozen_hashable_equal_and_survive_copies(cuts):
    index = cuts.index(torch.tensor([0.1, 0.6]))
    for other in (copy.copy(cuts), copy.deepcopy(cuts), pickle.loads(pickle.dumps(cuts))):
        assert other == cuts
        assert hash(other) == hash(cuts)
        assert repr(other) == repr(cuts)
        assert torch.equal(other.index(torch.tensor([0.1, 0.6])), index)
    for field in ("at", "n", "bits", "bins"):
        with pytest.raises(AttributeError):
            setattr(cuts, field, 3)
    assert [other == cuts for other in CUTS].count(True) == 1


@given(first=st.lists(st.integers(-9, 9), min_size=1, max_size=9), second=st.lists(st.integers(-9, 9), min_size=1, max_size=9))
def test_edges_are_equal_exactly_when_their_thresholds_are(first, second):
    one, other = Edges(sorted(first)), Edges(sorted(second))
    assert (one == other) == (sorted(first) == sorted(second))
    assert one != other or hash(one) == hash(other)


def metric_at(cuts):
    return tb.BinaryAccuracy(cuts.at) if isinstance(cuts, Threshold) else tb.BinaryAUROC(cuts)


ZEROS = [(Threshold(0), Threshold(0.0)), (Threshold(-0.0), Threshold(0.0)), (Edges([-0.0]), Edges([0.0]))]


@pytest.mark.parametrize(("one", "other"), ZEROS, ids=str)
def test_counts_of_equal_cuts_can_be_added(one, other):
    assert one == other
    metric, more = metric_at(one), metric_at(other)
    more.update(torch.tensor([0.2, 0.7]), torch.tensor([0, 1]))
    metric.merge_state(more)
    assert torch.equal(metric.histogram.state, more.histogram.state)
    metric.load_state_dict(more.state_dict())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Threshold(0.5), Threshold(0.9)),
        (Edges([0.1, 0.5]), Edges([0.2, 0.5])),
        (Edges([-3.0, -2, 0, 1, 2, 3, 4]), Edges([-3.0, -1, 0, 1, 2, 3, 4])),
        (Edges([i / 8 for i in range(8)]), Edges([0, *(i / 8 + 1e-6 for i in range(1, 7)), 7 / 8])),
    ],
    ids=str,
)
def test_counts_of_other_cuts_are_refused(one, other):
    assert one != other
    with pytest.raises(ValueError, match="build both with the same cuts"):
        metric_at(one).merge_state(metric_at(other))
    with pytest.raises(ValueError, match="build both with the same cuts"):
        metric_at(one).load_state_dict(metric_at(other).state_dict())


class Thirds(tb.Cuts):
    """Cuts of one's own."""

    bins = 3

    def index(self, scores):
        return (scores * 3).floor().clamp(0, 2).long()

    def to_logits(self):
        raise NotImplementedError


class Above(Threshold):
    """A kind of threshold that the compiled loop does not know."""

    def index(self, scores):
        return (scores > self.at).long()


@pytest.mark.parametrize(("cuts", "counts"), [(Thirds(), [[1, 1, 0], [0, 1, 1]]), (Above(0.5), [[2, 0], [1, 1]])])
def test_cuts_of_ones_own_are_counted_by_their_own_index(cuts, counts):
    histogram = tb.ScoreHistogram(tb.Layout(cuts))
    histogram.update(torch.tensor([0.1, 0.5, 0.5, 0.9]), torch.tensor([0, 0, 1, 1]))
    assert histogram.counts.tolist() == counts


@pytest.mark.parametrize("cuts", [Uniform(8), Edges([0.3, 0.5]), FloatBits(10)], ids=repr)
def test_thresholds_that_one_changes_change_for_no_one_else(cuts):
    given, some = cuts.thresholds(), torch.tensor([0, cuts.bins - 1])
    kept, of_some = given.clone(), cuts.thresholds(some)
    given.zero_()
    cuts.thresholds(some).zero_()
    assert torch.equal(cuts.thresholds().nan_to_num(7), kept.nan_to_num(7))
    assert torch.equal(cuts.thresholds(some).nan_to_num(7), of_some.nan_to_num(7))


def test_what_cuts_keep_for_their_bins_goes_into_no_pickle_and_is_of_real_numbers():
    cuts = FloatBits(10)
    assert cuts.bins
    with FakeTensorMode():
        cuts.single(torch.zeros(1, dtype=torch.long))
    with torch.inference_mode():
        single = cuts.single(torch.tensor([cuts.index(torch.tensor(0.3)), cuts.bins - 1]))
    assert single.tolist() == [False, True]
    assert cuts.thresholds(torch.tensor([cuts.bins - 1])).tolist() == [math.inf]
    assert not any(table.is_inference() for table in vars(cuts)["_tables"].values())
    assert len(pickle.dumps(cuts)) < 300
    assert "_tables" not in vars(copy.deepcopy(cuts))


@pytest.mark.parametrize("cuts", [FloatBits(), FloatBits(16, centre=None)], ids=str)
def test_a_threshold_of_zero_has_no_sign(cuts):
    thresholds = cuts.thresholds()
    assert not thresholds[thresholds == 0].signbit().any()
    assert (thresholds == 0).any()
