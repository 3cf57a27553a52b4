"""Rows: labels, classes and groups that are counted together say bit for bit what each says when it is counted alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from building import EVERY
from sklearn import metrics as sk
from torch import Tensor

import torch_binmetrics as tb
from torch_binmetrics.counting.summands import Probability

N = 3
KINDS = {"labels": tb.Labels(N), "classes": tb.Classes(N), "groups": tb.Groups(N)}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weighted": True},
    "logits": {"from_logits": True},
    "dropping": {"invalid": "drop", "ignore_index": -7},
}


def batch(kind: str, *, seed: int = 0, options: str = "plain") -> dict[str, Tensor]:
    """A batch of 40 samples for rows of a kind, of scores on edges and off, some of it invalid where that is dropped."""
    draw = torch.Generator().manual_seed(seed)
    shape = (40,) if kind == "groups" else (20, 2, N)
    preds = torch.rand(shape, generator=draw)
    preds = torch.where(torch.rand(shape, generator=draw) < 0.3, (preds * 8).round() / 8, preds)
    target = torch.randint(0, N, shape[:-1], generator=draw) if kind == "classes" else torch.rand(shape, generator=draw) < preds
    target = target.long()
    found = {"preds": torch.logit(preds, 1e-6) if options == "logits" else preds, "target": target}
    if kind == "groups":
        found["group"] = torch.randint(0, N, shape, generator=draw).to(torch.int16)
    if options == "weighted":
        found["weight"] = torch.rand(target.shape, generator=draw) * 4
    if options == "dropping":
        found["target"].view(-1)[:3] = torch.tensor([-7, 9, -1])
        found["preds"].view(-1)[5] = math.nan
    return found


def alone(kind: str, row: int, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """The samples of one row as a batch of their own; labels that are no class stay bad."""
    preds, target, weight = given["preds"], given["target"], given.get("weight")
    if kind == "groups":
        mine = given["group"] == row
        found = [preds[mine], target[mine], None if weight is None else weight[mine]]
    elif kind == "labels":
        found = [preds[..., row], target[..., row], None if weight is None else weight[..., row]]
    else:
        is_class = (target >= 0) & (target < N)
        found = [preds[..., row], torch.where(is_class, (target == row).long(), target), weight]
    return tuple(part for part in found if part is not None)


def flat(value: Any) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else [part for each in value for part in flat(each)]


def same(found: Any, rows: list[Any], tolerance: float = 0) -> None:
    """A value with an entry for each row is what the rows say."""
    for whole, parts in zip(flat(found), zip(*map(flat, rows), strict=True), strict=True):
        torch.testing.assert_close(whole, torch.stack(parts), rtol=tolerance, atol=tolerance, equal_nan=True)


def counted(metric: Any, *batches: dict[str, Tensor]) -> Any:
    for given in batches:
        metric.update(**given)
    return metric


#: What takes cuts; few ones, so that every bin is hit.
CUTTING = {
    name for name in EVERY if issubclass(getattr(tb, name), tb.metrics.OverCuts | tb.metrics.AlongCuts | tb.metrics.OfSums)
}
CUTTING -= {name for name in EVERY if issubclass(getattr(tb, name), tb.metrics.of_sums.InBins)}
CURVES = {name for name in EVERY if issubclass(getattr(tb, name), tb.metrics.AlongCuts)}
CURVES -= {name for name in EVERY if issubclass(getattr(tb, name), tb.metrics.AtBest)}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EVERY)
def test_rows_together_say_what_each_says_alone(name, kind, options):
    given = OPTIONS[options] | ({"cuts": [0.1, 0.25, 0.5, 0.7]} if name in CUTTING else {})
    batches = [batch(kind, seed=seed, options=options) for seed in (0, 1)]
    together = counted(EVERY[name](rows=KINDS[kind], **given), *batches)
    rows = [EVERY[name](**given) for _ in range(N)]
    for row, metric in enumerate(rows):
        for each in batches:
            metric.update(*alone(kind, row, each))
    tolerance = 1e-12 if together.histogram.layout.dtype == torch.float64 else 0
    same(together.histogram.counts, [each.histogram.counts for each in rows], tolerance)
    assert together.dropped[0] == sum(each.dropped[0] for each in rows)
    if name not in CURVES:  # which have a point for each bin that any row occupies
        same(together.compute(), [each.compute() for each in rows], 1e-12)
    if together.reading.has_bounds:
        same(together.bounds(), [each.bounds() for each in rows], 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_together_and_merged_states_are_the_same_counts(kind):
    whole = counted(tb.BinaryAUROC(rows=KINDS[kind]), batch(kind, seed=0), batch(kind, seed=1))
    parts = [counted(tb.BinaryAUROC(rows=KINDS[kind]), batch(kind, seed=k)) for k in (0, 1)]
    parts[0].merge_state(parts[1])
    resumed = tb.BinaryAUROC(rows=KINDS[kind])
    resumed.load_state_dict(whole.state_dict())
    for other in (parts[0], resumed):
        assert torch.equal(other.histogram.state, whole.histogram.state)
    with pytest.raises(ValueError, match=r"rows=.*3"):
        tb.BinaryAUROC(rows=type(KINDS[kind])(2)).load_state_dict(whole.state_dict())


@pytest.mark.parametrize("kind", KINDS)
def test_exact_cuts_have_rows_too(kind):
    given = batch(kind, seed=3)
    exact = counted(
        tb.MetricCollection([tb.BinaryAUROC(tb.Exact(), rows=KINDS[kind]), tb.BinaryRecall(0.3, rows=KINDS[kind])]), given
    )
    assert len(exact.histograms) == 1
    for row in range(N):
        preds, target = alone(kind, row, given)
        found = exact.compute()
        assert float(found["BinaryAUROC"][row]) == pytest.approx(sk.roc_auc_score(target.view(-1), preds.double().view(-1)))
        assert float(found["BinaryRecall"][row]) == pytest.approx(sk.recall_score(target.view(-1), preds.view(-1) >= 0.3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", ["weighted", "dropping"])
def test_exact_states_of_rows_are_taken_over_and_damaged_ones_are_refused(kind, options):
    build = lambda: tb.BinaryAUROC(tb.Exact(), rows=KINDS[kind], **OPTIONS[options])  # noqa: E731
    whole, resumed = counted(build(), batch(kind, options=options)), build()
    state = whole.state_dict()
    resumed.load_state_dict(state)
    assert torch.equal(resumed.histogram.state, whole.histogram.state)
    [name] = [name for name, value in state.items() if isinstance(value, Tensor) and value.ndim == 2]
    for damage in (N << 33, -N << 33, 0.5, math.nan, math.inf)[: 5 if options == "weighted" else 2]:
        damaged = state[name].clone()
        damaged[:, 0] += damage
        with pytest.raises(ValueError, match="expected rows that begin with the number of a score"):
            build().load_state_dict(state | {name: damaged})


def test_a_threshold_for_each_row_is_read_off_shared_counts():
    given, at = batch("labels", seed=4), [0.7, 0.25, 0.5]
    metrics = tb.MetricCollection([tb.BinaryAUROC(rows=tb.Labels(N)), tb.BinaryF1Score(at, rows=tb.Labels(N))])
    counted(metrics, given)
    alone_ = counted(tb.BinaryF1Score(torch.tensor(at), rows=tb.Labels(N)), given)
    expected = [sk.f1_score(given["target"][..., k].view(-1), given["preds"][..., k].view(-1) >= at[k]) for k in range(N)]
    for found in (metrics.compute()["BinaryF1Score"], alone_.compute()):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize(
    ("name", "score"), [("BinaryAUROC", sk.roc_auc_score), ("BinaryAveragePrecision", sk.average_precision_score)]
)
def test_averages_are_those_of_scikit_learn(name, score, average):
    given = batch("labels", seed=5)
    preds, target = given["preds"].bfloat16().view(-1, N), given["target"].view(-1, N)
    metric = getattr(tb, name)(rows=tb.Labels(N), average=average)
    metric.update(preds, target)
    expected = score(target.numpy(), preds.double().numpy(), average=average)
    assert float(metric.compute()) == pytest.approx(expected, abs=1e-12)
    assert [float(end) for end in metric.bounds()] == pytest.approx([expected] * 2, abs=1e-12)


def test_one_against_the_rest_is_that_of_scikit_learn():
    draw = torch.Generator().manual_seed(0)
    preds = torch.randn(500, 10, generator=draw).softmax(-1).bfloat16()
    target = torch.randint(0, 10, (500,), generator=draw)
    for name, score in (("BinaryAUROC", sk.roc_auc_score), ("BinaryAveragePrecision", sk.average_precision_score)):
        metric = getattr(tb, name)(rows=tb.Classes(10), average="macro")
        metric.update(preds, target)
        expected = np.mean([score(target.numpy() == k, preds[:, k].double().numpy()) for k in range(10)])
        assert float(metric.compute()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ignored", range(5))
def test_a_class_may_be_the_one_to_ignore(ignored):
    draw = torch.Generator().manual_seed(0)
    preds, target = torch.rand(100, 5, generator=draw), torch.arange(100) % 5
    whole = tb.BinaryAUROC(rows=tb.Classes(5), ignore_index=ignored)
    kept = tb.BinaryAUROC(rows=tb.Classes(5))
    whole.update(preds, target)
    kept.update(preds[target != ignored], target[target != ignored])
    assert torch.equal(whole.histogram.counts, kept.histogram.counts)


def test_the_group_auc_is_that_of_a_groupby():
    import pandas as pd

    draw = torch.Generator().manual_seed(1)
    preds, group = torch.rand(3000, generator=draw).bfloat16(), torch.randint(0, 400, (3000,), generator=draw)
    target = (torch.rand(3000, generator=draw) < 0.1).long()
    metric = tb.BinaryAUROC(tb.Exact(), rows=tb.Groups(400), average="by_size", undefined="skip")
    metric.update(preds, target, group=group)
    frame = pd.DataFrame({"p": preds.double().numpy(), "y": target.numpy(), "g": group.numpy()})
    both = [(len(part), sk.roc_auc_score(part.y, part.p)) for _, part in frame.groupby("g") if part.y.nunique() == 2]
    expected = sum(n * auc for n, auc in both) / sum(n for n, _ in both)
    assert 0 < len(both) < 400
    assert float(metric.compute()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("average", "expected"), [("lowest", 0.25), ("highest", 0.75), ("gap", 0.5), ("ratio", 1 / 3)])
def test_extremes_over_groups_enclose_what_the_bins_hide(average, expected):
    preds, group = torch.tensor([0.9, 0.1, 0.2, 0.3, 0.9, 0.8, 0.7, 0.3]), torch.tensor([0] * 4 + [1] * 4)
    rate = tb.BinaryPredictedPositiveRate(rows=tb.Groups(2), average=average)
    rate.update(preds, torch.ones(8, dtype=torch.int64), group=group)
    assert float(rate.compute()) == pytest.approx(expected)
    area, exact = (tb.BinaryAUROC(cuts, rows=tb.Groups(N), average=average) for cuts in (tb.Uniform(8), tb.Exact()))
    for seed in range(20):
        for each in (area, exact):
            each.reset()
            each.update(**batch("groups", seed=seed))
        low, high = map(float, area.bounds())
        assert low - 1e-12 <= float(exact.compute()) <= high + 1e-12
        assert low < high


@pytest.mark.parametrize("cuts", [tb.FloatBits(16), tb.Uniform(64), tb.Exact()], ids=str)
def test_a_row_of_a_snapshot_is_what_it_would_be_alone(cuts):
    sums = () if isinstance(cuts, tb.Exact) else (Probability(),)
    rows = tb.ScoreHistogram(tb.Layout(cuts, rows=tb.Groups(4), sums=sums))
    draw = torch.Generator().manual_seed(0)
    preds, group = torch.rand(500, generator=draw), torch.randint(0, 3, (500,), generator=draw)  # none of the last
    target = (torch.rand(500, generator=draw) < preds).long()
    rows.update(preds, target, group=group)
    for k in range(4):
        alone = tb.ScoreHistogram(tb.Layout(cuts, sums=sums))
        alone.update(preds[group == k], target[group == k])
        found, wanted = tb.Snapshot(rows).row(k), tb.Snapshot(alone)
        assert torch.equal(found.occupied, wanted.occupied)
        assert torch.equal(found.counts, wanted.counts)
        assert torch.equal(found.thresholds, wanted.thresholds)
        for summand in sums:
            assert torch.equal(found.sums(summand), wanted.sums(summand))


def test_an_undefined_row_makes_an_average_undefined_unless_it_is_skipped():
    preds, target = torch.tensor([[0.9, 0.2], [0.3, 0.4]]), torch.tensor([[1, 0], [0, 0]])
    values = []
    for undefined in ("nan", "skip"):
        metric = tb.BinaryAUROC(rows=tb.Labels(2), average="macro", undefined=undefined)
        metric.update(preds, target)
        values.append(float(metric.compute()))
    assert math.isnan(values[0])
    assert values[1] == 1


def test_many_rows_take_no_more_than_64_mib_unless_asked_for():
    for n in (1, 22, 100, 1000):
        for name in ("BinaryAUROC", "BinaryBrierScore"):
            assert getattr(tb, name)(rows=tb.Groups(n)).histogram.state.nbytes <= 64 << 20
    assert tb.BinaryAUROC(rows=tb.Labels(10)).histogram.layout.cuts == tb.FloatBits()
    assert tb.BinaryAUROC(tb.FloatBits(), rows=tb.Labels(30)).histogram.state.nbytes > 64 << 20
    with pytest.raises(ValueError, match="pass cuts"):
        tb.BinaryAUROC(rows=tb.Groups(10**6))


PREDS, TARGET, IDS = torch.rand(4, N), torch.ones(4, N, dtype=torch.int64), torch.zeros(4, dtype=torch.int64)
REFUSED = {
    "one column": ("labels", (PREDS[:, 0], TARGET[:, 0]), {}, ValueError, r"shape \[\.\.\., 3\]"),
    "two columns": ("labels", (PREDS[:, :2], TARGET[:, :2]), {}, ValueError, r"got \[4, 2\]"),
    "a target of another shape": ("labels", (PREDS, IDS), {}, ValueError, "target must have the shape"),
    "one-hot classes": ("classes", (PREDS, TARGET), {}, ValueError, r"target must have the shape .*\(4,\)"),
    "float classes": ("classes", (PREDS, IDS.float()), {}, TypeError, "int dtype, got torch.float32"),
    "no class": ("classes", (PREDS, IDS + N), {}, ValueError, "12 bad labels. Expected labels 0 to 2"),
    "no ids": ("groups", (PREDS[:, 0], IDS), {}, ValueError, "pass group="),
    "float ids": ("groups", (PREDS[:, 0], IDS), {"group": IDS.float()}, TypeError, "int dtype"),
    "ids of another shape": ("groups", (PREDS[:, 0], IDS), {"group": IDS[:2]}, ValueError, "an id of each"),
    "ids out of range": ("groups", (PREDS[:, 0], IDS), {"group": IDS - 1}, ValueError, "4 bad labels.*groups 0 to 2"),
    "ids where there are labels": ("labels", (PREDS, TARGET), {"group": TARGET}, ValueError, r"rows=Groups\(n\)"),
    "a list of ids": ("groups", (PREDS[:, 0], IDS), {"group": [0] * 4}, TypeError, "group must be a torch.Tensor"),
    "NaN": ("labels", (PREDS * math.nan, TARGET), {}, ValueError, "12 nan scores"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_batch_that_does_not_fit_is_refused_and_leaves_the_counts(case):
    kind, given, more, error, match = REFUSED[case]
    metric = counted(tb.BinaryAUROC(rows=KINDS[kind]), batch(kind))
    before = metric.histogram.state.clone()
    with pytest.raises(error, match=match):
        metric.update(*given, **more)
    assert torch.equal(metric.histogram.state, before)


def test_ids_where_no_groups_were_declared_are_refused():
    with pytest.raises(ValueError, match=r"pass rows=Groups\(n\)"):
        tb.BinaryAUROC().update(PREDS[:, 0], IDS, group=IDS)


@pytest.mark.parametrize(
    ("build", "error", "match"),
    [
        (lambda: tb.Labels(0), ValueError, "at least 1"),
        (lambda: tb.Labels(2.0), TypeError, "int"),
        (lambda: tb.Labels(2, ["a"]), ValueError, "2 different strings"),
        (lambda: tb.Labels(2, ["a", "a"]), ValueError, "2 different strings"),
        (lambda: tb.BinaryAUROC(rows=3), TypeError, "Labels, Classes or Groups"),
        (lambda: tb.BinaryAUROC(average="macro"), ValueError, "pass rows"),
        (lambda: tb.BinaryAUROC(rows=tb.Labels(2), average="mean"), ValueError, "macro"),
        (lambda: tb.BinaryAUROC(rows=tb.Labels(2), undefined="drop"), ValueError, "skip"),
        (lambda: tb.BinaryRecall([0.1, 0.2], rows=tb.Labels(3)), ValueError, "one for each"),
    ],
)
def test_rows_and_averages_that_cannot_be_are_refused(build, error, match):
    with pytest.raises(error, match=match):
        build()
