"""EarlyStopping stops where Keras' callback does, never takes a NaN for the best, and restores copies of the best weights."""

import copy
import math
import warnings

import pytest
import torch
from hypothesis import given, strategies as st
from torch import nn

from torch_binmetrics import BinaryAUROC, EarlyStopping

NAN, INF = math.nan, math.inf
LEVELS = [level / 8 for level in range(9)]
UNWARNED = pytest.mark.filterwarnings("ignore:the value of epoch:UserWarning")


class Reference:
    """Keras 3's callback, written out from its documented rules; values must not be NaN."""

    def __init__(self, patience, min_delta, mode):
        self.patience, self.min_delta, self.sign = patience, min_delta, 1 if mode == "max" else -1
        self.best = self.best_epoch = self.best_weights = None
        self.wait = 0
        self.epoch = -1

    def step(self, value, weights):
        self.epoch += 1
        self.wait += 1
        if self.best is None or self.sign * value - self.min_delta > self.sign * self.best:
            self.best, self.best_epoch, self.best_weights, self.wait = value, self.epoch, weights, 0
            return False
        return self.wait >= self.patience and self.epoch > 0


def model(value=0.0):
    """A model of one weight, a buffer and a bias."""
    module = nn.BatchNorm1d(1)
    nn.init.constant_(module.weight, value)
    return module


def weight(module):
    return module.weight.item()


@given(
    values=st.lists(st.sampled_from(LEVELS), min_size=1, max_size=15),
    patience=st.integers(0, 5),
    min_delta=st.sampled_from([0.0, 1 / 8, 1 / 4]),
    mode=st.sampled_from(["max", "min"]),
    restore=st.booleans(),
)
def test_it_stops_and_restores_where_keras_does(*, values, patience, min_delta, mode, restore):
    reference = Reference(patience, min_delta, mode)
    stopper = EarlyStopping(patience=patience, min_delta=min_delta, mode=mode, restore_best_weights=restore)
    for epoch, value in enumerate(values):
        module = model(epoch)
        stops = stopper.step(value, module)
        assert stops == reference.step(value, epoch)
        assert (stopper.best, stopper.best_epoch, stopper.epoch) == (reference.best, reference.best_epoch, epoch)
        assert weight(module) == (reference.best_weights if stops and restore else epoch)
        if stops:
            break


@pytest.mark.parametrize(
    ("patience", "expected"),
    [
        (0, [False, True]),
        (1, [False, True]),
        (2, [False, False, True]),
        (3, [False, False, False, True]),
    ],
)
def test_patience_is_the_number_of_epochs_without_improvement(patience, expected):
    stopper = EarlyStopping(patience=patience)
    assert [stopper.step(0.5) for _ in expected] == expected


def test_an_improvement_starts_the_wait_anew():
    stopper = EarlyStopping(patience=2)
    values = [0.5, 0.4, 0.6, 0.5, 0.7, 0.7, 0.7]
    assert [stopper.step(value) for value in values] == [False] * 6 + [True]
    assert (stopper.best, stopper.best_epoch) == (0.7, 4)


@UNWARNED
def test_it_never_stops_at_the_first_epoch():
    assert not EarlyStopping(patience=0).step(0.5)
    assert not EarlyStopping(patience=0).step(NAN)
    stopper = EarlyStopping(patience=0)
    assert [stopper.step(value) for value in (1, 2, 3, 3)] == [False, False, False, True]


@pytest.mark.parametrize(("mode", "values"), [("max", [0.5, 0.625, 0.75, 0.875]), ("min", [0.5, 0.375, 0.25, 0.125])])
def test_a_gain_of_min_delta_is_none_and_slow_gains_add_up(mode, values):
    stopper = EarlyStopping(patience=5, min_delta=0.125, mode=mode)
    for value in values:
        stopper.step(value)
    assert (stopper.best, stopper.best_epoch) == (values[2], 2)


def test_the_mode_says_which_way_is_better():
    low, high = EarlyStopping(mode="min", patience=9), EarlyStopping(mode="max", patience=9)
    for value in (0.5, 0.25, 0.75):
        low.step(value)
        high.step(value)
    assert (low.best, low.best_epoch) == (0.25, 1)
    assert (high.best, high.best_epoch) == (0.75, 2)


@UNWARNED
@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_nan_never_is_the_best(mode):
    stopper = EarlyStopping(patience=3, mode=mode)
    module = model(1)
    assert [stopper.step(value, module) for value in (0.5, NAN, NAN)] == [False] * 3
    assert (stopper.best, stopper.best_epoch) == (0.5, 0)
    nn.init.constant_(module.weight, 2.0)
    assert stopper.step(NAN, module)
    assert weight(module) == 1.0


@UNWARNED
@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize("value", [0.5, INF, -INF])
def test_the_first_number_after_nans_is_the_best_so_far(mode, value):
    stopper = EarlyStopping(patience=3, mode=mode)
    assert not stopper.step(NAN, model(0))
    assert math.isnan(stopper.best)
    assert stopper.best_epoch == -1
    assert not stopper.step(value, model(1))
    assert (stopper.best, stopper.best_epoch) == (value, 1)
    module = model(7)
    stopper.restore(module)
    assert weight(module) == 1.0


@UNWARNED
def test_nans_alone_stop_and_leave_the_weights():
    stopper, module = EarlyStopping(patience=2), model(3)
    assert [stopper.step(NAN, module) for _ in range(2)] == [False, True]
    assert math.isnan(stopper.best)
    assert weight(module) == 3.0


@pytest.mark.parametrize(("mode", "worst"), [("max", -INF), ("min", INF)])
def test_infinite_values_are_values(mode, worst):
    stopper = EarlyStopping(patience=2, mode=mode)
    assert [stopper.step(value) for value in (worst, worst, 0.5, -worst, -worst, 0.5)] == [False] * 5 + [True]
    assert (stopper.best, stopper.best_epoch) == (-worst, 3)


def test_the_best_weights_are_copies_on_the_cpu_of_all_that_a_state_holds():
    stopper, module = EarlyStopping(patience=1), model(1)
    module(torch.tensor([[1.0], [3.0]]))
    kept = copy.deepcopy(module.state_dict())
    stopper.step(0.9, module)
    module(torch.tensor([[5.0], [9.0]])).square().sum().backward()
    with torch.no_grad():
        module.weight -= module.weight.grad
    assert not torch.equal(module.weight, kept["weight"])
    assert {value.device.type for value in stopper._weights.values()} == {"cpu"}
    assert not any(value.requires_grad for value in stopper._weights.values())
    assert stopper.step(0.1, module)
    assert all(torch.equal(value, kept[name]) for name, value in module.state_dict().items())


def test_restored_weights_train_on_and_leave_the_best_ones_alone():
    stopper, module = EarlyStopping(patience=5), model(1)
    stopper.step(0.9, module)
    for _ in range(2):
        stopper.restore(module)
        assert weight(module) == 1.0
        assert module.weight.requires_grad
        with torch.no_grad():
            module.weight.add_(4.0)


def test_a_loop_that_ran_out_of_epochs_restores_by_itself():
    stopper = EarlyStopping(patience=5)
    for epoch, value in enumerate([0.5, 0.9, 0.8]):
        module = model(epoch)
        assert not stopper.step(value, module)
        assert weight(module) == epoch
    stopper.restore(module)
    assert weight(module) == 1.0


def test_without_weights_kept_nothing_is_restored():
    module = model(2)
    EarlyStopping().restore(module)
    off = EarlyStopping(patience=1, restore_best_weights=False)
    off.step(0.9, model(1))
    assert off.step(0.1, module)
    off.restore(module)
    modelless = EarlyStopping(patience=1)
    modelless.step(0.9)
    assert modelless.step(0.1, module)
    assert weight(module) == 2.0


def test_a_module_with_state_of_its_own_is_restored():
    class Counter(nn.Linear):
        def __init__(self):
            super().__init__(1, 1)
            self.seen = {"epochs": 0}

        def get_extra_state(self):
            return dict(self.seen)

        def set_extra_state(self, state):
            self.seen = dict(state)

    stopper, module = EarlyStopping(patience=1), Counter()
    module.seen["epochs"] = 1
    stopper.step(0.9, module)
    module.seen["epochs"] = 2
    assert stopper.step(0.1, module)
    assert module.seen == {"epochs": 1}


@pytest.mark.parametrize(
    "value", [1, 0.5, torch.tensor(0.5), torch.tensor([0.5]), torch.tensor(1), torch.tensor(0.5, requires_grad=True)]
)
def test_a_value_is_a_number_or_a_tensor_of_one_element(value):
    stopper = EarlyStopping()
    assert not stopper.step(value)
    assert stopper.best == float(torch.as_tensor(value).detach())
    assert isinstance(stopper.best, float)


@UNWARNED
def test_it_takes_the_value_of_a_metric():
    metric, stopper = BinaryAUROC(), EarlyStopping(patience=1)
    assert not stopper.step(metric.compute())
    metric.update(torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1]))
    assert not stopper.step(metric.compute())
    assert (stopper.best, stopper.best_epoch) == (0.75, 1)


@pytest.mark.parametrize("value", [torch.tensor([0.5, 0.6]), torch.empty(0), "high", None])
def test_what_is_no_single_number_is_refused_and_counts_no_epoch(value):
    stopper = EarlyStopping()
    stopper.step(0.5)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        stopper.step(value)
    assert (stopper.epoch, stopper.best, stopper.best_epoch) == (0, 0.5, 0)


def test_a_nan_is_told_once_by_each_stopper():
    stopper = EarlyStopping(patience=9)
    stopper.step(0.5)
    with pytest.warns(UserWarning, match=r"epoch 1 is NaN.*no improvement") as caught:
        stopper.step(torch.tensor(NAN))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopper.step(NAN)
    with pytest.warns(UserWarning, match="epoch 0 is NaN"):
        EarlyStopping().step(NAN)


def saved(state, path):
    """What a checkpoint gives back where only plain types and tensors are allowed."""
    torch.save(state, path / "stopper.pt")
    return torch.load(path / "stopper.pt", weights_only=True)


@UNWARNED
@given(
    values=st.lists(st.sampled_from([*LEVELS, NAN]), min_size=1, max_size=10),
    patience=st.integers(0, 4),
    mode=st.sampled_from(["max", "min"]),
    cut=st.integers(0, 9),
)
def test_a_loop_that_was_interrupted_goes_on_as_if_it_was_not(tmp_path_factory, *, values, patience, mode, cut):
    path = tmp_path_factory.mktemp("stopper")
    whole, first, resumed = (EarlyStopping(patience=patience, mode=mode) for _ in range(3))
    for epoch, value in enumerate(values):
        module, other = model(epoch), model(epoch)
        stops = whole.step(value, module)
        assert stops == first.step(value, other)
        assert weight(module) == weight(other)
        assert (whole.epoch, whole.best_epoch) == (first.epoch, first.best_epoch)
        assert whole.best == first.best or math.isnan(whole.best + first.best)
        if stops:
            break
        if epoch == cut:
            resumed.load_state_dict(saved(first.state_dict(), path))
            first = resumed


def test_a_state_is_a_copy_on_both_sides():
    stopper, other = EarlyStopping(), EarlyStopping()
    stopper.step(0.5, model(1))
    state = stopper.state_dict()
    other.load_state_dict(state)
    state["weights"]["weight"].fill_(9)
    for each in (stopper, other):
        module = model(3)
        each.restore(module)
        assert weight(module) == 1.0


def test_the_options_stay_those_of_the_stopper_that_loads():
    stopper = EarlyStopping(patience=5, min_delta=0.25)
    stopper.step(0.5)
    other = EarlyStopping(patience=1)
    other.load_state_dict(stopper.state_dict())
    assert (other.patience, other.min_delta) == (1, 0.0)
    assert other.step(0.5)


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        ({"mode": "min"}, ["'max'", "'min'", "same mode"]),
        ({"version": 99}, ["99", "upgrade"]),
        ({"best": "high"}, ["state_dict() of an EarlyStopping", "best_epoch"]),
        ({"weights": [1]}, ["state_dict() of an EarlyStopping"]),
        (None, ["state_dict() of an EarlyStopping", "NoneType"]),
    ],
)
def test_a_state_of_something_else_is_refused_and_changes_nothing(change, fragments):
    stopper, other = EarlyStopping(), EarlyStopping()
    stopper.step(0.5, model(1))
    other.step(0.25)
    with pytest.raises(ValueError) as caught:
        other.load_state_dict(change and stopper.state_dict() | change)
    assert [part for part in fragments if part not in str(caught.value)] == []
    assert (other.best, other.best_epoch, other.epoch, other._weights) == (0.25, 0, 0, None)


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ({"patience": -1}, ["patience", ">= 0", "-1"]),
        ({"min_delta": -0.1}, ["min_delta", ">= 0", "-0.1"]),
        ({"min_delta": NAN}, ["min_delta", ">= 0", "nan"]),
        ({"patience": 1.5}, ["patience", "int", "1.5"]),
        ({"min_delta": "0.1"}, ["min_delta", "float", "'0.1'"]),
        ({"mode": "auto"}, ["mode", "'max'", "'min'", "'auto'"]),
        ({"mode": None}, ["mode", "'max'", "'min'", "None"]),
    ],
)
def test_bad_arguments_are_refused_with_what_was_expected_and_what_came(arguments, fragments):
    with pytest.raises((TypeError, ValueError)) as caught:
        EarlyStopping(**arguments)
    assert [part for part in fragments if part not in str(caught.value)] == []


def test_arguments_are_given_by_name():
    with pytest.raises(TypeError):
        EarlyStopping(3)
