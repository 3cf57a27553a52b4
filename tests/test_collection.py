"""MetricCollection: names, who shares counts with whom, members, copies, states; its values are those of metrics apart."""

import copy
import io
import itertools
import math
import pickle

import pytest
import torch
from building import EVERY
from hypothesis import given, settings, strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryConfusionMatrix,
    BinaryF1Score,
    BinaryFBetaScore,
    BinaryPrecision,
    BinaryPrecisionRecallCurve,
    BinaryRecall,
    BinaryROC,
    BinaryStatScores,
    Edges,
    FloatBits,
    Metric,
    MetricCollection,
    Threshold,
    Uniform,
    floats,
)
from torch_binmetrics.counting import Hinge, LogLoss, Probability, SquaredError
from torch_binmetrics.measures import recall

PREDS, LABELS = torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])
OTHER_PREDS, OTHER_LABELS = torch.tensor([0.1, 0.8, 0.55]), torch.tensor([1, 1, 0])
WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 0.25])


def usual(prefix=""):
    return MetricCollection([BinaryAUROC(), BinaryAveragePrecision(), BinaryAccuracy(), BinaryF1Score()], prefix=prefix)


def mixed():
    """Five histograms, one of them weighted."""
    return MetricCollection(
        {
            "auroc": BinaryAUROC(),
            "accuracy": BinaryAccuracy(),
            "odd": BinaryRecall(0.3),
            "uniform": BinaryAUROC(64),
            "edges": BinaryAveragePrecision([0.25, 0.5]),
            "weighted": BinaryPrecision(weighted=True),
        }
    )


def states(metrics):
    return [histogram.state.clone() for histogram in metrics.histograms]


def same(one, other):
    return len(one) == len(other) and all(map(torch.equal, one, other))


def equal(one, other):
    """Whether two dicts of values are equal, NaN equal to NaN."""
    if list(one) != list(other):
        return False
    leaves = [torch.utils._pytree.tree_leaves(values) for values in (one, other)]
    pairs = list(zip(*leaves, strict=True))
    return all(torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(9), b.nan_to_num(9)) for a, b in pairs)


def shares(metrics):
    """Names of the members by the histogram that they read."""
    return [{name for name, metric in metrics.items() if metric.histogram is histogram} for histogram in metrics.histograms]


def test_the_metrics_of_a_list_are_named_by_their_classes():
    metrics = usual()
    assert list(metrics) == ["BinaryAUROC", "BinaryAveragePrecision", "BinaryAccuracy", "BinaryF1Score"]
    assert list(MetricCollection((BinaryROC(), BinaryRecall()))) == ["BinaryROC", "BinaryRecall"]


def test_the_metrics_of_a_dict_and_of_keywords_have_the_names_given():
    metrics = MetricCollection({"area": BinaryAUROC()}, low=BinaryRecall(0.1), high=BinaryRecall(0.9))
    assert list(metrics) == ["area", "low", "high"]
    assert list(MetricCollection(f1=BinaryF1Score())) == ["f1"]
    assert list(MetricCollection([BinaryAUROC()], f1=BinaryF1Score())) == ["BinaryAUROC", "f1"]


def test_the_prefix_stands_before_every_name():
    metrics = usual(prefix="val/")
    metrics.update(PREDS, LABELS)
    names = ["val/BinaryAUROC", "val/BinaryAveragePrecision", "val/BinaryAccuracy", "val/BinaryF1Score"]
    assert list(metrics.compute()) == names
    assert list(metrics(PREDS, LABELS)) == names
    assert list(metrics) == list(dict(metrics)) == names


@pytest.mark.parametrize("prefix", ["", "val/", "x"])
def test_looking_up_listing_and_asking_agree_on_the_names_that_compute_uses(prefix):
    members = {"x": BinaryRecall(0.1), "val/x": BinaryRecall(0.2), "val/val/x": BinaryRecall(0.3), "": BinaryRecall(0.4)}
    metrics = MetricCollection(members, prefix=prefix)
    metrics.update(PREDS, LABELS)
    assert list(metrics) == list(metrics.keys()) == list(metrics.compute()) == [prefix + name for name in members]
    for name, member in members.items():
        assert metrics[prefix + name] is member
    for name in (*members, *metrics, "y", prefix, 3, None):
        assert (name in metrics) == (name in list(metrics)) == (metrics.get(name) is not None)
    with pytest.raises(KeyError, match=r"no metric is named 'y': expected one of \['"):
        metrics["y"]


@pytest.mark.parametrize("wrong", [None, 3, ["val/"]])
def test_a_prefix_that_is_no_string_is_refused(wrong):
    with pytest.raises(TypeError, match="prefix must be a string"):
        MetricCollection([BinaryAUROC], prefix=wrong)
    if wrong is not None:
        with pytest.raises(TypeError, match="prefix must be a string"):
            usual().clone(prefix=wrong)


class Percent(BinaryRecall):
    """A value of its own making, and something to remember."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.notes = []

    def compute(self):
        return 100 * super().compute()


class Noted(BinaryRecall):
    def update(self, preds, target, weight=None):
        super().update(preds, target, weight)


class Forgotten(BinaryRecall):
    def reset(self):
        super().reset()


def test_a_subclass_computes_in_a_collection_as_it_does_alone():
    metrics, alone = MetricCollection({"percent": Percent(), "area": BinaryAUROC()}, prefix="val/"), Percent()
    for values in (metrics(PREDS, LABELS), metrics.compute(), metrics.compute(sync=False), metrics.summed().compute()):
        assert floats(values) == {"val/percent": 50.0, "val/area": 0.75}
    assert float(alone(PREDS, LABELS)) == float(alone.compute()) == float(metrics["val/percent"].compute()) == 50
    metrics.update(PREDS, LABELS)
    assert int(metrics.histograms[0].counts.sum()) == 8


@pytest.mark.parametrize(("cls", "verb"), [(Noted, "update"), (Forgotten, "reset")])
def test_a_subclass_that_counts_in_a_way_of_its_own_is_refused_with_the_reason(cls, verb):
    with pytest.raises(TypeError, match=rf"{cls.__name__}.*has its own {verb}.*never calls it: keep it beside"):
        MetricCollection({"own": cls(), "area": BinaryAUROC()})


@pytest.mark.parametrize("how", [copy.deepcopy, lambda each: each.clone()])
def test_copies_have_their_own_of_what_a_subclass_remembers(how):
    class Named(MetricCollection):
        pass

    metric, metrics = Percent(), Named([Percent()])
    metric.notes.append("first")
    metrics.notes = metric.notes
    for each in (metric, metrics):
        other = how(each)
        other.notes.append("second")
        assert each.notes == ["first"]
        assert type(other) is type(each)
    assert how(metrics)["Percent"].notes is not metrics["Percent"].notes


@pytest.mark.parametrize("order", [("metrics", "auroc"), ("auroc", "metrics")])
@pytest.mark.parametrize("how", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_of_what_holds_a_collection_and_its_member_holds_the_copied_collections_member(how, order):
    module = torch.nn.Module()
    metrics = MetricCollection([BinaryAUROC(), BinaryRecall(0.3)])
    for name in order:
        setattr(module, name, {"metrics": metrics, "auroc": metrics["BinaryAUROC"]}[name])
    other = how(module)
    assert other.auroc is other.metrics["BinaryAUROC"]
    other.metrics.update(PREDS, LABELS)
    assert float(other.auroc.compute()) == 0.75
    assert not module.metrics.histograms[0].state.any()
    with pytest.raises(RuntimeError, match="shares its counts"):
        other.auroc.update(PREDS, LABELS)


def test_a_collection_reads_like_a_dict_of_its_metrics():
    metrics = usual()
    assert len(metrics) == 4
    assert [name for name, _ in metrics.items()] == list(metrics) == list(metrics.keys())
    assert [type(metric) for metric in metrics.values()] == [BinaryAUROC, BinaryAveragePrecision, BinaryAccuracy, BinaryF1Score]
    assert metrics["BinaryAUROC"] is next(iter(metrics.values()))
    assert metrics.get("BinaryROC") is None
    with pytest.raises(KeyError):
        metrics["BinaryROC"]


def collected():
    metric = BinaryAUROC()
    MetricCollection([metric])
    return metric


def counted():
    metric = BinaryRecall(0.3)
    metric.update(PREDS, LABELS)
    return metric


def with_ignored():
    metric = BinaryRecall(ignore_index=-1)
    metric.update(PREDS[:1], torch.tensor([-1]))
    return metric


REFUSED = {
    "two of one class": (lambda: [BinaryRecall(0.1), BinaryRecall(0.9)], ValueError, ["BinaryRecall", "dict"]),
    "no metrics": (list, ValueError, ["at least one"]),
    "an empty dict": (dict, ValueError, ["at least one"]),
    "a class of something else": (lambda: [dict], TypeError, ["'dict'", "Metric", "type"]),
    "a function": (lambda: {"recall": recall}, TypeError, ["'recall'", "Metric", "function"]),
    "a string": (lambda: "BinaryAUROC", TypeError, ["list", "dict", "str"]),
    "one metric": (BinaryAUROC, TypeError, ["list", "dict", "BinaryAUROC", "[metric]"]),
    "a collection in a list": (lambda: [usual()], TypeError, ["Metric", "MetricCollection"]),
    "a name that is no string": (lambda: {1: BinaryAUROC()}, TypeError, ["str", "1"]),
    "a metric that has counted": (lambda: [BinaryAUROC(), counted()], ValueError, ["BinaryRecall", "reset()"]),
    "a metric that has ignored a sample": (lambda: [BinaryAUROC(), with_ignored()], ValueError, ["BinaryRecall", "reset()"]),
    "a member of a collection": (lambda: {"area": collected()}, ValueError, ["'area'", "in a collection already", "clone()"]),
    "a collection": (usual, ValueError, ["in a collection already", "clone()"]),
    "another process group": (
        lambda: {"one": BinaryAUROC(), "two": BinaryAUROC(process_group=torch.distributed.GroupMember.NON_GROUP_MEMBER)},
        ValueError,
        ["'two'", "process_group"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_collection_is_refused_with_what_was_expected_and_what_came(name):
    build, error, fragments = REFUSED[name]
    metrics = build()
    with pytest.raises(error) as caught:
        MetricCollection(metrics)
    assert [part for part in fragments if part not in str(caught.value)] == []


def test_a_metric_that_has_counted_brings_its_counts_where_all_are_read_off_them():
    auroc = BinaryAUROC()
    auroc.update(PREDS, LABELS)
    metrics = MetricCollection({"auroc": auroc, "f1": BinaryF1Score(), "high": BinaryRecall(0.75)})
    assert floats(metrics.compute()) == {"auroc": 0.75, "f1": 0.5, "high": 0.5}
    metrics.update(PREDS, LABELS)
    assert int(metrics["f1"].confusion().real().tp) == 2
    metrics.reset()
    assert int(metrics["auroc"].histogram.counts.sum()) == 0


def test_metrics_that_counted_the_same_samples_join_and_those_of_others_do_not():
    first, second = counted(), counted()
    metrics = MetricCollection({"first": first, "second": second})
    assert int(metrics["second"].confusion().tp) == 2
    first, second = counted(), counted()
    second.update(PREDS, LABELS)
    with pytest.raises(ValueError, match=r"'second' has counted samples already, .*: reset\(\) it"):
        MetricCollection({"first": first, "second": second})
    first.reset()  # neither has joined
    assert int(second.confusion().tp) == 4


@pytest.mark.parametrize(
    "joins", [lambda: BinaryAUROC(64), lambda: BinaryRecall(0.4), lambda: BinaryRecall(0.3, ignore_index=-1)]
)
def test_a_metric_that_has_counted_is_refused_where_another_has_counts_of_its_own(joins):
    metric = counted()
    with pytest.raises(ValueError, match=r"has counted samples already.*reset\(\) it"):
        MetricCollection({"counted": metric, "other": joins()})
    metric.reset()
    assert len(MetricCollection({"counted": metric, "other": joins()}).histograms) == 2


def test_a_sum_over_ranks_joins_no_collection():
    with pytest.raises(ValueError, match="has counted samples already"):
        MetricCollection([counted().summed()])


def test_a_keyword_of_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match=r"names must differ.*'area', 'area'"):
        MetricCollection({"area": BinaryAUROC()}, area=BinaryROC())


def test_classes_are_built_with_the_options_of_the_collection_and_metrics_keep_their_own():
    options = {"from_logits": True, "ignore_index": -100, "invalid": "drop"}
    metrics = MetricCollection(
        {"area": BinaryAUROC, "own": BinaryRecall(0.3, ignore_index=-100)}, recall=BinaryRecall, prefix="val/", **options
    )
    assert list(metrics) == ["val/area", "val/own", "val/recall"]
    for name in ("area", "recall"):
        layout = metrics[f"val/{name}"].histogram.layout
        assert (layout.from_logits, layout.ignore_index, layout.invalid) == (True, -100, "drop")
    assert not metrics["val/own"].histogram.layout.from_logits
    assert metrics["val/area"].histogram is metrics["val/recall"].histogram
    apart = MetricCollection([BinaryAUROC(**options), BinaryRecall(**options)])
    preds, target = torch.tensor([2.0, -1.0, 0.5, -3.0]), torch.tensor([1, 0, -100, 1])
    for each in (metrics, apart):
        each.update(preds, target)
    assert metrics.compute()["val/area"] == apart.compute()["BinaryAUROC"]
    assert MetricCollection([BinaryAUROC, BinaryRecall], zero_division=0).compute()["BinaryRecall"] == 0


def test_options_that_no_class_takes_are_refused():
    with pytest.raises(TypeError, match=r"from_logits, weighted given, but every metric is built already.*pass classes"):
        MetricCollection([BinaryAUROC()], from_logits=True, weighted=True)
    with pytest.raises(TypeError, match="beta"):
        MetricCollection([BinaryFBetaScore], from_logits=True)


def test_a_refused_collection_leaves_its_metrics_free():
    first, second = BinaryAUROC(), counted()
    with pytest.raises(ValueError):
        MetricCollection([first, second])
    first.update(PREDS, LABELS)
    assert float(first.compute()) == 0.75
    second.reset()
    assert len(MetricCollection([second])) == 1


def test_the_usual_collection_counts_into_one_histogram():
    metrics = MetricCollection(
        [BinaryAUROC(), BinaryAveragePrecision(), BinaryROC(), BinaryPrecisionRecallCurve(), BinaryAccuracy(), BinaryF1Score()]
    )
    assert len(metrics.histograms) == 1
    assert metrics.histograms[0].layout.cuts == FloatBits(16)


def test_a_threshold_off_the_edges_is_counted_apart():
    metrics = MetricCollection(
        {"area": BinaryAUROC(), "half": BinaryRecall(), "odd": BinaryRecall(0.3), "too": BinaryAccuracy(0.3)}
    )
    assert shares(metrics) == [{"area", "half"}, {"odd", "too"}]
    assert metrics.histograms[1].layout.cuts == Threshold(0.3)


@pytest.mark.parametrize("first", ["area", "half"])
def test_sharing_does_not_depend_on_the_order(first):
    members = {"area": BinaryAUROC(), "half": BinaryRecall()}
    metrics = MetricCollection(dict(sorted(members.items(), key=lambda item: item[0] != first)))
    assert shares(metrics) == [{"area", "half"}]
    metrics.update(PREDS, LABELS)
    assert float(metrics.compute()["half"]) == 0.5
    assert float(metrics.compute()["area"]) == 0.75


@pytest.mark.parametrize(
    ("cuts", "threshold", "read_off"),
    [
        (FloatBits(16), 0.75, True),
        (FloatBits(16), -1.0, True),
        (FloatBits(16), 0.0, True),
        (FloatBits(16), 1.0, True),
        (FloatBits(16), math.inf, True),
        (FloatBits(16), 0.7, False),
        (FloatBits(16), 0.5 + 2**-20, False),
        (Edges([0.25, 0.3]), 0.3, True),
        (Edges([0.25, 0.3]), 0.25, True),
        (Edges([0.25, 0.3]), 0.5, False),
        (Uniform(64), 0.5, False),
        (Uniform(64), 0.3, False),
    ],
)
def test_a_threshold_is_read_off_cuts_that_hold_it_on_an_edge_and_take_the_same_scores(cuts, threshold, read_off):
    scores = torch.tensor([0.0, 0.1, 0.25, 0.29, 0.3, 0.31, 0.5, 0.75, 0.76, 1.0] * 2)
    labels = torch.arange(20) % 3 % 2
    metrics = MetricCollection({"area": BinaryAUROC(cuts), "at": BinaryStatScores(threshold)})
    assert len(metrics.histograms) == (1 if read_off else 2)
    apart = BinaryStatScores(threshold)
    for metric in (metrics, apart):
        metric.update(scores, labels)
    assert torch.equal(metrics.compute()["at"], apart.compute())


def test_a_threshold_is_read_off_uniform_cuts_of_logits_which_take_all_scores():
    metrics = MetricCollection(
        {
            "area": BinaryAUROC(64, from_logits=True),
            "at": BinaryStatScores(0.25, from_logits=True),
            "odd": BinaryRecall(0.3, from_logits=True),
        }
    )
    assert shares(metrics) == [{"area", "at"}, {"odd"}]
    logits = torch.tensor([-2.0, -1.0986123, -1.0986121, 3.0])
    apart = BinaryStatScores(0.25, from_logits=True)
    for metric in (metrics, apart):
        metric.update(logits, torch.tensor([0, 1, 0, 1]))
    assert torch.equal(metrics.compute()["at"], apart.compute())


OPTIONS = {
    "plain": {},
    "ignoring": {"ignore_index": -1},
    "ignoring others": {"ignore_index": -100},
    "weighted": {"weighted": True},
    "of logits": {"from_logits": True},
    "dropping": {"invalid": "drop"},
}


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(OPTIONS, 2)))
@pytest.mark.parametrize("cls", [BinaryROC, BinaryRecall])
def test_metrics_of_other_options_never_share(cls, one, other):
    metrics = MetricCollection({"area": BinaryAUROC(**OPTIONS[one]), "other": cls(**OPTIONS[other])})
    assert shares(metrics) == [{"area"}, {"other"}]


@pytest.mark.parametrize("name", OPTIONS)
def test_metrics_of_equal_options_share(name):
    members = {"area": BinaryAUROC(**OPTIONS[name]), "curve": BinaryROC(**OPTIONS[name]), "at": BinaryRecall(**OPTIONS[name])}
    assert shares(MetricCollection(members)) == [{"area", "curve", "at"}]


def test_what_is_no_option_of_the_counts_does_not_keep_metrics_apart():
    metrics = MetricCollection(
        {
            "nan": BinaryPrecision(0.75),
            "zero": BinaryPrecision(0.75, zero_division=0),
            "one": BinaryPrecision(0.75, zero_division=1),
        }
    )
    assert len(metrics.histograms) == 1
    assert floats(metrics.compute()) == pytest.approx({"nan": math.nan, "zero": 0.0, "one": 1.0}, abs=0, nan_ok=True)


def test_two_accuracies_that_agree_at_first_differ_when_they_should():
    metrics = MetricCollection({"half": BinaryAccuracy(0.5), "high": BinaryAccuracy(0.9)})
    metrics.update(torch.tensor([0.1, 0.95]), torch.tensor([0, 1]))
    assert floats(metrics.compute()) == {"half": 1.0, "high": 1.0}
    metrics.update(torch.tensor([0.7, 0.6]), torch.tensor([1, 1]))
    assert floats(metrics.compute()) == {"half": 1.0, "high": 0.5}


def sorted_names(summands):
    return sorted(map(repr, summands))


def test_every_named_metric_gives_in_a_collection_what_it_gives_alone():
    generator = torch.Generator().manual_seed(0)
    preds, labels = torch.rand(1000, generator=generator), torch.randint(0, 2, (1000,), generator=generator)
    metrics, alone = MetricCollection({name: build() for name, build in EVERY.items()}), {k: v() for k, v in EVERY.items()}
    apart = [set(histogram.layout.sums) for histogram in metrics.histograms]
    expected = [set(), {SquaredError(), LogLoss(), Probability()}, {Probability()}, {Hinge()}]
    assert sorted(map(sorted_names, apart)) == sorted(map(sorted_names, expected))
    for part in (slice(0, 300), slice(300, None)):
        for metric in (metrics, *alone.values()):
            metric.update(preds[part], labels[part])
    assert equal(metrics.compute(), {name: metric.compute() for name, metric in alone.items()})
    assert equal(metrics.compute(sync=False), metrics.compute())
    for name, metric in metrics.items():
        assert equal({name: metric.compute()}, {name: alone[name].compute()})


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.7, 1.0]), st.integers(0, 1)), max_size=20), st.integers(0, 20)
)
def test_a_collection_counts_what_its_metrics_count_alone(samples, at):
    preds, labels = torch.tensor([score for score, _ in samples]), torch.tensor([label for _, label in samples])
    metrics = mixed()
    alone = {name: metric.clone() for name, metric in mixed().items()}
    for batch in ((preds[:at], labels[:at]), (preds[at:], labels[at:])):
        metrics.update(*batch, batch[0] + 1)
        for name, metric in alone.items():
            metric.update(*batch, batch[0] + 1) if name == "weighted" else metric.update(*batch)
    assert equal(metrics.compute(), {name: metric.compute() for name, metric in alone.items()})


def test_the_values_are_scikit_learns():
    generator = torch.Generator().manual_seed(1)
    preds, labels = torch.rand(2000, generator=generator).bfloat16(), torch.randint(0, 2, (2000,), generator=generator)
    metrics = usual()
    metrics.update(preds, labels)
    values = floats(metrics.compute())
    assert abs(values["BinaryAUROC"] - roc_auc_score(labels, preds.double())) <= 1e-12
    assert abs(values["BinaryAveragePrecision"] - average_precision_score(labels, preds.double())) <= 1e-12
    assert abs(values["BinaryAccuracy"] - accuracy_score(labels, preds.double() >= 0.5)) <= 1e-12


CHANGES = {
    "update": lambda member: member.update(PREDS, LABELS),
    "reset": lambda member: member.reset(),
    "merge into": lambda member: member.merge_state(BinaryAUROC()),
    "load into": lambda member: member.load_state_dict(BinaryAUROC().state_dict()),
    "call": lambda member: member(PREDS, LABELS),
}


@pytest.mark.parametrize("verb", CHANGES)
@pytest.mark.parametrize("of", ["itself", "clone", "deepcopy", "pickle"])
def test_a_member_refuses_to_be_changed_and_names_the_collection(verb, of):
    metrics = usual() if of == "itself" else COPIES[of](usual())
    metrics.update(PREDS, LABELS)
    before = states(metrics)
    with pytest.raises(RuntimeError, match=rf"BinaryAUROC.*shares its counts.*{verb} the collection, or a clone\(\)"):
        CHANGES[verb](metrics["BinaryAUROC"])
    assert same(states(metrics), before)


def test_a_member_computes_and_shows_its_bounds_and_counts():
    metrics = mixed()
    metrics.update(PREDS, LABELS, WEIGHTS)
    values = metrics.compute()
    for name, member in metrics.items():
        assert equal({name: member.compute()}, {name: values[name]})
        low, high = member.bounds()
        assert low <= values[name] <= high
    assert int(metrics["accuracy"].tp) == 1
    assert float(metrics["weighted"].tp) == 1.0
    assert metrics["auroc"].tp.tolist() == [2, 2, 1, 1]


def test_a_clone_of_a_member_is_free():
    metrics = usual()
    metrics.update(PREDS, LABELS)
    free = metrics["BinaryAccuracy"].clone()
    free.update(OTHER_PREDS, OTHER_LABELS)
    assert float(free.compute()) == 3 / 7
    assert float(metrics.compute()["BinaryAccuracy"]) == 0.5
    free.reset()
    assert len(MetricCollection([free])) == 1


def test_weights_go_to_the_weighted_members_only():
    metrics = MetricCollection({"weighted": BinaryRecall(weighted=True), "plain": BinaryRecall()})
    metrics.update(PREDS, LABELS, WEIGHTS)
    assert floats(metrics.compute()) == {"weighted": 0.8, "plain": 0.5}
    metrics.reset()
    metrics.update(PREDS, LABELS)
    assert floats(metrics.compute()) == {"weighted": 0.5, "plain": 0.5}


def test_weights_without_a_weighted_member_are_refused():
    metrics = usual()
    with pytest.raises(ValueError, match="weighted=True"):
        metrics.update(PREDS, LABELS, WEIGHTS)
    assert not any(state.any() for state in states(metrics))


def test_a_call_counts_once_and_returns_the_values_of_the_batch():
    metrics, running, batch = mixed(), mixed(), mixed()
    metrics.update(PREDS, LABELS, WEIGHTS)
    running.update(PREDS, LABELS, WEIGHTS)
    values = metrics(OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)
    running.update(OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)
    batch.update(OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)
    assert same(states(metrics), states(running))
    assert equal(values, batch.compute())
    assert equal(metrics.compute(), running.compute())


def through_state_dict(metrics):
    file = io.BytesIO()
    torch.save(metrics.state_dict(), file)
    other = metrics.clone()
    other.reset()
    other.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    return other


COPIES = {
    "clone": lambda metrics: metrics.clone(),
    "deepcopy": copy.deepcopy,
    "pickle": lambda metrics: pickle.loads(pickle.dumps(metrics)),
    "state_dict": through_state_dict,
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_holds_the_same_counts_shares_them_alike_and_counts_on_apart(how):
    metrics = mixed()
    metrics.prefix = "val/"
    metrics.update(PREDS, LABELS, WEIGHTS)
    before = states(metrics)
    other = COPIES[how](metrics)
    assert same(states(other), before)
    assert shares(other) == shares(metrics)
    assert equal(other.compute(), metrics.compute())
    other.update(OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)
    assert same(states(metrics), before)
    once = mixed()
    once.prefix = "val/"
    once.update(torch.cat([PREDS, OTHER_PREDS]), torch.cat([LABELS, OTHER_LABELS]), torch.cat([WEIGHTS, OTHER_PREDS]))
    assert equal(other.compute(), once.compute())
    assert equal({name: other[name].compute() for name in other}, {name: once[name].compute() for name in once})
    metrics.reset()
    assert all(state.any() for state in states(other))


def test_a_clone_takes_another_prefix():
    train = usual(prefix="train/")
    train.update(PREDS, LABELS)
    val, kept, bare = train.clone(prefix="val/"), train.clone(), train.clone(prefix="")
    assert [next(iter(each.compute())) for each in (train, val, kept, bare)] == [
        "train/BinaryAUROC",
        "val/BinaryAUROC",
        "train/BinaryAUROC",
        "BinaryAUROC",
    ]


def test_merging_collections_equals_one_pass():
    whole, one, two, three = (mixed() for _ in range(4))
    one.update(PREDS, LABELS, WEIGHTS)
    two.update(OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)
    one.compute()
    for batch in ((PREDS, LABELS, WEIGHTS), (OTHER_PREDS, OTHER_LABELS, OTHER_PREDS)):
        whole.update(*batch)
    one.merge_state(two)
    assert same(states(one), states(whole))
    assert equal(one.compute(), whole.compute())
    three.merge_state(each for each in (two, two))
    assert int(three.histograms[0].counts.sum()) == 6
    three.merge_state([])
    assert int(three.histograms[0].counts.sum()) == 6


ELSEWHERE = {
    "other cuts": lambda: MetricCollection([BinaryAUROC(64), BinaryRecall(0.3)]),
    "another order": lambda: MetricCollection([BinaryRecall(0.3), BinaryAUROC()]),
    "fewer": lambda: MetricCollection([BinaryAUROC()]),
    "more": lambda: MetricCollection([BinaryAUROC(), BinaryRecall(0.3), BinaryPrecision(0.7)]),
    "weighted": lambda: MetricCollection([BinaryAUROC(), BinaryRecall(0.3, weighted=True)]),
}


@pytest.mark.parametrize("how", ["merge_state", "merge_state of many", "load_state_dict"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_counts_of_another_collection_are_refused_and_no_count_changes(name, how):
    metrics, other = MetricCollection([BinaryAUROC(), BinaryRecall(0.3)]), ELSEWHERE[name]()
    metrics.update(PREDS, LABELS)
    other.update(OTHER_PREDS, OTHER_LABELS)
    before = states(metrics)
    change = {
        "merge_state": lambda: metrics.merge_state(other),
        "merge_state of many": lambda: metrics.merge_state([metrics.clone(), other]),
        "load_state_dict": lambda: metrics.load_state_dict(other.state_dict()),
    }[how]
    with pytest.raises(ValueError, match="expected"):
        change()
    assert same(states(metrics), before)


@pytest.mark.parametrize("state", [None, {}, [], {"histograms": None}, {"histograms": []}, {"histograms": [None, None]}])
def test_a_state_that_is_none_of_a_collection_is_refused(state):
    metrics = MetricCollection([BinaryAUROC(), BinaryRecall(0.3)])
    metrics.update(PREDS, LABELS)
    before = states(metrics)
    with pytest.raises(ValueError, match="state_dict"):
        metrics.load_state_dict(state)
    with pytest.raises(ValueError, match="state_dict"):
        metrics.load_state_dict(BinaryAUROC().state_dict())
    assert same(states(metrics), before)


@pytest.mark.parametrize("other", [BinaryAUROC(), "BinaryAUROC", None, [BinaryAUROC()]])
def test_merging_what_is_no_collection_says_so(other):
    metrics = MetricCollection([BinaryAUROC()])
    with pytest.raises(TypeError, match=r"[Cc]ollection"):
        metrics.merge_state(other)


def test_a_state_dict_never_aliases_counts():
    metrics = mixed()
    metrics.update(PREDS, LABELS, WEIGHTS)
    state = metrics.state_dict()
    before = states(metrics)
    assert len(state["histograms"]) == len(metrics.histograms)
    for part in state["histograms"]:
        part["counts"].zero_()
    assert same(states(metrics), before)
    metrics.load_state_dict(state)
    metrics.update(PREDS, LABELS, WEIGHTS)
    assert not any(part["counts"].any() for part in state["histograms"])


def test_without_a_process_group_a_sum_is_a_copy_to_read():
    metrics = mixed()
    metrics.update(PREDS, LABELS, WEIGHTS)
    total, before = metrics.summed(), states(metrics)
    assert equal(total.compute(), metrics.compute())
    assert equal({name: total[name].compute() for name in total}, {name: metrics[name].compute() for name in metrics})
    for change in (
        lambda: total.update(PREDS, LABELS),
        lambda: total(PREDS, LABELS),
        total.reset,
        lambda: total.load_state_dict(metrics.state_dict()),
        lambda: total.merge_state(metrics),
    ):
        with pytest.raises(RuntimeError, match="sum over ranks"):
            change()
    metrics.update(PREDS, LABELS)
    assert same(states(total), before)


def test_a_reset_forgets_everything_and_moving_returns_the_collection():
    metrics = mixed()
    metrics.update(PREDS, LABELS, WEIGHTS)
    assert metrics.to("cpu") is metrics
    assert any(state.any() for state in states(metrics))
    metrics.reset()
    assert not any(state.any() for state in states(metrics))
    assert equal(metrics.compute(), mixed().compute())
    metrics.to("meta")
    assert {state.device.type for state in states(metrics)} == {"meta"}
    assert {member.histogram.state.device.type for member in metrics.values()} == {"meta"}


def test_members_of_the_user_stand_beside_named_ones():
    metrics = MetricCollection(
        area=BinaryAUROC(),
        flagged=Metric(lambda c: c.tp + c.fp, Threshold(0.5)),
        most=Metric(lambda c: c.tp.max(), FloatBits()),
    )
    assert len(metrics.histograms) == 1
    metrics.update(PREDS, LABELS)
    assert floats(metrics.compute()) == {"area": 0.75, "flagged": 2.0, "most": 2.0}


def test_its_representation_names_metrics_and_prefix():
    text = repr(MetricCollection({"area": BinaryAUROC(64)}, prefix="val/"))
    assert all(part in text for part in ("MetricCollection", "val/area", "BinaryAUROC", "Uniform(n=64)"))


def test_floats_are_the_scalars_of_a_result_in_its_order():
    metrics = MetricCollection(
        [BinaryConfusionMatrix(), BinaryAUROC(), BinaryROC(), BinaryStatScores(), BinaryFBetaScore(2.0)], prefix="val/"
    )
    metrics.update(PREDS, LABELS)
    values = floats(metrics.compute())
    assert list(values) == ["val/BinaryAUROC", "val/BinaryFBetaScore"]
    assert values["val/BinaryAUROC"] == 0.75
    assert {type(value) for value in values.values()} == {float}


def test_floats_of_nothing_and_of_tensors_of_one_element():
    assert floats({}) == {}
    assert floats({"matrix": torch.eye(2)}) == {}
    assert floats({"n": torch.tensor(3), "x": torch.tensor([0.5], dtype=torch.float64)}) == {"n": 3.0, "x": 0.5}
    assert floats({"x": torch.tensor(0.5, requires_grad=True)}) == {"x": 0.5}


def test_floats_of_python_numbers_are_those_numbers():
    assert floats({"x": 0.5, "n": 3, "y": torch.tensor(0.25)}) == {"x": 0.5, "n": 3.0, "y": 0.25}


@pytest.mark.parametrize(("thresholds", "histograms"), [([0.25, 0.5], 1), ([0.3, 0.5], 2)])
def test_several_thresholds_are_read_off_finer_counts_if_all_of_them_lie_on_edges(thresholds, histograms):
    together = MetricCollection([BinaryAUROC(), BinaryRecall(thresholds)])
    alone = BinaryRecall(thresholds)
    preds, target = torch.rand(100), torch.randint(0, 2, (100,))
    together.update(preds, target)
    alone.update(preds, target)
    assert len(together.histograms) == histograms
    assert torch.equal(together.compute()["BinaryRecall"], alone.compute())
    assert together["BinaryRecall"].confusion().tp.shape == (2,)
