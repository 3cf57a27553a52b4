"""A real ignite Engine: its metrics at the end of an epoch are scikit-learn's of that epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping
from sklearn.metrics import confusion_matrix, f1_score, recall_score, roc_auc_score

import torch_binmetrics as tb
from torch_binmetrics.integrations.ignite import attach


def collection(**options):
    return tb.MetricCollection({"auroc": tb.BinaryAUROC(**options), "f1": tb.BinaryF1Score(**options)}, prefix="val/")


def samples(seed, n=101):
    """Scores on a grid that the bins resolve, so that areas are exact."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(0, 2, (n,), generator=generator)
    preds = (torch.randint(0, 90, (n,), generator=generator) + 30 * target) / 128
    return preds, target


def batches(seed, size=8):
    preds, target = samples(seed)
    return list(zip(preds.split(size), target.split(size), strict=True))


def wanted(preds, target):
    return {"val/auroc": roc_auc_score(target, preds), "val/f1": f1_score(target, preds >= 0.5)}


def test_each_epoch_has_the_values_of_its_own_samples():
    epochs = [batches(0), batches(1), batches(2)]
    engine, found = Engine(lambda engine, i: epochs[engine.state.epoch - 1][i]), []
    attach(engine, collection())
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda: found.append(dict(engine.state.metrics)))
    engine.run(range(len(epochs[0])), max_epochs=3)
    assert found == [pytest.approx(wanted(*samples(seed)), abs=1e-12) for seed in range(3)]
    assert {type(value) for values in found for value in values.values()} == {float}


@given(size=st.integers(1, 120))
def test_any_batch_size_gives_the_same_bits(size):
    engine = Engine(lambda _, batch: batch)
    attach(engine, collection())
    values = dict(engine.run(batches(3, size)).metrics)
    assert values == dict(engine.run(batches(3, 101)).metrics)


def test_what_a_run_that_broke_off_counted_is_forgotten():
    broken, engine, metrics = Engine(lambda _, batch: batch), Engine(lambda _, batch: batch), collection()
    attach(broken, metrics)
    attach(engine, metrics)
    with pytest.raises(TypeError, match=r"expected \(preds, target\).*got NoneType.*output_transform"):
        broken.run([*batches(1)[:3], None])
    assert int(metrics.histograms[0].counts.sum()) == 24
    assert engine.run(batches(1)).metrics == pytest.approx(wanted(*samples(1)), abs=1e-12)


def test_an_output_is_transformed_and_weights_are_counted():
    metrics = tb.MetricCollection(recall=tb.BinaryRecall(weighted=True))
    engine = Engine(lambda _, batch: {"logits": batch[0].logit(), "labels": batch[1]})
    attach(
        engine, metrics, output_transform=lambda o: (o["logits"].sigmoid(), o["labels"], o["labels"] + o["logits"].sigmoid())
    )
    preds, target = samples(4)
    found = engine.run(batches(4)).metrics["recall"]
    assert found == pytest.approx(recall_score(target, preds >= 0.5, sample_weight=target + preds), abs=1e-6)


def test_a_dict_brings_the_ids_of_groups_and_rows_are_floats_by_their_names():
    groups = tb.Groups(2, ["app", "web"])
    engine = Engine(lambda _, batch: {"preds": batch[0], "target": batch[1], "group": (batch[0] * 128).long() % 2})
    attach(engine, tb.MetricCollection(recall=tb.BinaryRecall(rows=groups)))
    found, (preds, target) = engine.run(batches(4)).metrics, samples(4)
    for k, name in enumerate(groups.names):
        mine = (preds * 128).long() % 2 == k
        assert found[f"recall/{name}"] == recall_score(target[mine], preds[mine] >= 0.5)


@pytest.mark.parametrize("output", [torch.zeros(2), {"y_pred": 1, "y": 2}, (torch.zeros(2),)])
def test_an_output_that_is_no_batch_is_refused(output):
    engine = Engine(lambda *_: output)
    attach(engine, collection())
    with pytest.raises(TypeError, match=r"expected .*got .*: pass an output_transform"):
        engine.run([0])


def test_matrices_stay_tensors_and_collections_side_by_side_keep_their_names():
    engine, matrix = Engine(lambda _, batch: batch), tb.MetricCollection(matrix=tb.BinaryConfusionMatrix())
    attach(engine, collection())
    attach(engine, matrix)
    metrics = engine.run(batches(5)).metrics
    preds, target = samples(5)
    assert list(metrics) == ["val/auroc", "val/f1", "matrix"]
    np.testing.assert_array_equal(metrics["matrix"], confusion_matrix(target, preds >= 0.5))


def test_ignites_early_stopping_follows_our_values():
    trainer, evaluator = Engine(lambda *_: None), Engine(lambda _, batch: batch)
    attach(evaluator, collection())
    handler = EarlyStopping(2, lambda engine: engine.state.metrics["val/auroc"], trainer)
    evaluator.add_event_handler(Events.COMPLETED, handler)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run(batches(6)))
    assert trainer.run([0], max_epochs=9).epoch == 3
