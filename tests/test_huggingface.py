"""A real Trainer on real sentences: what it reports is what scikit-learn says of its predictions, and no logits are kept."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import huggingface_worker as hf
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from scipy.special import logsumexp
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score
from torch.utils.data import DataLoader
from transformers import (
    BertConfig,
    BertForTokenClassification,
    DataCollatorForTokenClassification,
    EarlyStoppingCallback,
    EvalPrediction,
    TrainerCallback,
    TrainerControl,
    TrainerState,
)

import torch_binmetrics as tb
from torch_binmetrics.integrations.huggingface import ComputeMetrics, _against_the_rest, compute


def wanted(logits, labels, prefix="eval_"):
    """The values by scikit-learn, of logits in float64."""
    called = logits >= 0
    values = {"auroc": roc_auc_score(labels, logits), "ap": average_precision_score(labels, logits)}
    values |= {"seen": len(labels), "accuracy": accuracy_score(labels, called), "f1": f1_score(labels, called)}
    return {prefix + name: value for name, value in values.items()}


def agrees(found, logits, labels, prefix="eval_"):
    """Whether values are those of scikit-learn: counts exactly, areas to what the bins of so few samples hide."""
    expected = wanted(logits, labels, prefix)
    assert {name for name in found if name in expected} == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=5e-3 if name.endswith(("auroc", "ap")) else 1e-12), name


def difference(predictions):
    return predictions[:, 1].astype("float64") - predictions[:, 0]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """What a trainer finds batch by batch, and its predictions."""
    trainer = hf.trainer(tmp_path_factory.mktemp("trainer"))
    values = trainer.evaluate()
    predicted = trainer.predict(hf.VALIDATION[: hf.SAMPLES])
    return values, predicted


def test_the_values_are_those_of_the_predictions(evaluated):
    values, predicted = evaluated
    logits = difference(predicted.predictions)
    assert len(set(logits.tolist())) == hf.SAMPLES
    agrees(values, logits, predicted.label_ids)
    agrees(predicted.metrics, logits, predicted.label_ids, "test_")


@pytest.mark.parametrize("changes", [{}, {"eval_do_concat_batches": False}, {"eval_accumulation_steps": 2}])
def test_all_batches_at_once_give_the_same(changes, evaluated, tmp_path):
    values = hf.trainer(tmp_path, batch_eval_metrics=False, **changes).evaluate()
    assert {name: values[name] for name in hf.NAMES} == {name: evaluated[0][name] for name in hf.NAMES}


def test_every_evaluation_starts_from_nothing_also_after_one_that_broke_off(evaluated, tmp_path):
    class Breaking(TrainerCallback):
        at = 5

        def on_prediction_step(self, args, state, control, **kwargs):
            self.at -= 1
            if self.at == 0:
                raise InterruptedError

    trainer = hf.trainer(tmp_path, callbacks=[Breaking()])
    with pytest.raises(InterruptedError):
        trainer.evaluate()
    assert trainer.compute_metrics.collection.histograms[0].counts.sum() == 16
    for _ in range(2):
        values = trainer.evaluate()
        assert {name: values[name] for name in hf.NAMES} == {name: evaluated[0][name] for name in hf.NAMES}
    assert not any(histogram.state.any() for histogram in trainer.compute_metrics.collection.histograms)


def test_what_is_no_scalar_is_left_out_and_the_state_is_json(tmp_path):
    extra = {"roc": tb.BinaryROC, "matrix": tb.BinaryConfusionMatrix}
    metrics = ComputeMetrics(hf.collection(**{k: v(from_logits=True, ignore_index=-100) for k, v in extra.items()}))
    trainer = hf.trainer(tmp_path, metrics=metrics)
    values = trainer.evaluate()
    assert set(hf.NAMES) <= set(values)
    assert not [name for name in values if "roc" in name.replace("auroc", "") or "matrix" in name]
    trainer.save_state()
    state = json.loads((tmp_path / "trainer_state.json").read_text())
    assert state["log_history"][0]["eval_auroc"] == values["eval_auroc"]


def test_the_best_model_by_our_metric_is_loaded_at_the_end(tmp_path):
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_auroc", "greater_is_better": True}
    steps = {"eval_strategy": "epoch", "save_strategy": "epoch", "num_train_epochs": 3, "learning_rate": 0.02}
    trainer = hf.trainer(tmp_path, **best, **steps)
    trainer.train()
    history = [entry["eval_auroc"] for entry in trainer.state.log_history if "eval_auroc" in entry]
    assert len(set(history)) == 3
    assert trainer.state.best_metric == max(history)
    assert trainer.evaluate()["eval_auroc"] == max(history)


def test_training_stops_where_our_metric_does_not_improve(tmp_path):
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_f1", "greater_is_better": True}
    steps = {"eval_strategy": "epoch", "save_strategy": "epoch", "num_train_epochs": 9, "learning_rate": 0.0}
    trainer = hf.trainer(tmp_path, callbacks=[EarlyStoppingCallback(early_stopping_patience=2)], **best, **steps)
    trainer.train()
    assert trainer.state.epoch == 3


def test_the_example_tells_sentences_about_strings_from_others(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["example", "--quick", "--out", str(tmp_path)])
    hf.EXAMPLE.main()
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert values["eval_auroc"] > 0.8


def test_a_head_of_one_logit_counts_as_it_is(tmp_path):
    model = hf.bert()
    model.classifier = torch.nn.Linear(32, 1)
    model.config.num_labels = model.num_labels = 1
    model.config.problem_type = "multi_label_classification"
    data = [sample | {"labels": [float(sample["labels"])]} for sample in hf.VALIDATION[: hf.SAMPLES]]
    trainer = hf.trainer(tmp_path, model, eval_dataset=data)
    predicted = trainer.predict(data)
    assert predicted.predictions.shape == (hf.SAMPLES, 1)
    agrees(trainer.evaluate(), predicted.predictions[:, 0], predicted.label_ids[:, 0])


def test_a_multi_label_head_is_counted_label_by_label(tmp_path):
    """Is a sentence about strings, does it hold a comma, is it long?"""
    model = hf.bert()
    model.classifier = torch.nn.Linear(32, 3)
    model.config.num_labels = model.num_labels = 3
    model.config.problem_type = "multi_label_classification"
    comma = hf.TOKENIZER.convert_tokens_to_ids(",")
    data = [
        sample
        | {"labels": [float(sample["labels"]), float(comma in sample["input_ids"]), float(len(sample["input_ids"]) > 20)]}
        for sample in hf.VALIDATION[: hf.SAMPLES]
    ]
    names = ["strings", "comma", "long"]
    options = {"from_logits": True, "rows": tb.Labels(3, names)}
    collection = tb.MetricCollection({"f1": tb.BinaryF1Score(**options), "mean": tb.BinaryF1Score(**options, average="macro")})
    trainer = hf.trainer(tmp_path, model, ComputeMetrics(collection), eval_dataset=data)
    predicted, values = trainer.predict(data), trainer.evaluate()
    each = f1_score(predicted.label_ids, predicted.predictions >= 0, average=None)
    assert len(set(each)) == 3
    assert [values[f"eval_f1/{name}"] for name in names] == pytest.approx(list(each), abs=1e-12)
    assert values["eval_mean"] == pytest.approx(each.mean(), abs=1e-12)


def test_logits_of_classes_are_those_of_their_softmax_probabilities():
    z = torch.randn(50, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 30
    z[0], z[1, :2] = 7.0, 90.0
    expected = [[row[k] - logsumexp(np.delete(row, k)) for k in range(6)] for row in z.numpy()]
    np.testing.assert_allclose(_against_the_rest(z), expected, rtol=1e-13, atol=1e-13)
    two = torch.tensor([[3.0, 1.0]])
    assert _against_the_rest(two).tolist() == [[2.0, -2.0]]


def test_a_multi_class_head_counts_one_against_the_rest_of_its_softmax():
    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(300, 3, generator=draw) * torch.tensor([1.0, 3.0, 0.3]) + torch.randn(300, 1, generator=draw) * 5
    target = logits.softmax(-1).multinomial(1, generator=draw)[:, 0]
    rows = tb.Classes(3, ["ant", "bee", "cat"])
    metrics = ComputeMetrics(tb.MetricCollection(auroc=tb.BinaryAUROC(tb.Exact(), rows=rows, from_logits=True)))
    found = metrics(EvalPrediction(logits.numpy(), target.numpy()))
    for k, name in enumerate(rows.names):
        expected = roc_auc_score(target == k, logits.double().softmax(-1)[:, k])
        assert math.isclose(found[f"auroc/{name}"], expected, abs_tol=1e-4)
        assert abs(roc_auc_score(target == k, logits[:, k]) - expected) > 0.02


def test_a_trainer_has_no_ids_of_groups():
    with pytest.raises(ValueError, match="counts groups, whose ids a Trainer does not pass"):
        ComputeMetrics(tb.MetricCollection([tb.BinaryAUROC(rows=tb.Groups(2), from_logits=True)]))


def test_token_heads_leave_their_padding_out(tmp_path):
    """Which words hold a digit or a quote? Sentences of different lengths, so that most batches are padded."""
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForTokenClassification(BertConfig(vocab_size=len(hf.TOKENIZER), initializer_range=0.5, **sizes)).eval()
    words = hf.TOKENIZER.convert_ids_to_tokens(range(len(hf.TOKENIZER)))
    odd = [int(any(c in "0123456789\"'" for c in word)) for word in words]
    data = [{"input_ids": s["input_ids"], "labels": [odd[i] for i in s["input_ids"]]} for s in hf.VALIDATION[: hf.SAMPLES]]
    data[0]["labels"][0] = -100
    trainer = hf.trainer(tmp_path, model, eval_dataset=data, data_collator=DataCollatorForTokenClassification(hf.TOKENIZER))
    values = trainer.evaluate()
    logits, labels = [], []
    with torch.no_grad():
        for sample in data:
            output = model(input_ids=torch.tensor([sample["input_ids"]])).logits[0].numpy()
            kept = np.array(sample["labels"]) >= 0
            logits.append(difference(output)[kept])
            labels.append(np.array(sample["labels"])[kept])
    assert len({len(row) for row in labels}) > 5
    agrees(values, np.concatenate(logits), np.concatenate(labels))


@pytest.mark.processes
def test_two_ranks_with_an_uneven_last_batch_get_the_values_of_one(evaluated, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    worker = Path(__file__).with_name("huggingface_worker.py")
    paths = os.pathsep.join([str(worker.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([*command, str(worker), str(tmp_path)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = {name: evaluated[0][name] for name in hf.NAMES}
    for rank in range(2):
        found = json.loads((tmp_path / f"rank-{rank}.json").read_text())
        assert found == [expected] * 3


@given(
    logits=st.lists(st.tuples(st.floats(-30, 30, width=32), st.floats(-30, 30, width=32)), min_size=1, max_size=20),
    data=st.data(),
)
def test_any_split_into_batches_gives_the_same_bits(logits, data):
    labels = data.draw(st.lists(st.sampled_from([0, 1, -100]), min_size=len(logits), max_size=len(logits)))
    cut = data.draw(st.integers(0, len(logits)))
    whole, parts = ComputeMetrics(hf.collection()), ComputeMetrics(hf.collection())
    array, target = np.array(logits, dtype="float32"), np.array(labels)
    expected = whole(EvalPrediction(array, target))
    assert parts(EvalPrediction(array[:cut], target[:cut]), compute_result=False) == {}
    found = parts(EvalPrediction(torch.tensor(array[cut:]), torch.tensor(target[cut:])), compute_result=True)
    np.testing.assert_equal(found, expected)


@given(st.lists(st.tuples(st.floats(-20, 20, width=32), st.floats(-20, 20, width=32)), min_size=1, max_size=20))
def test_two_logits_are_called_positive_where_the_second_is_not_smaller(pairs):
    logits = torch.tensor(pairs)
    metrics = ComputeMetrics(tb.MetricCollection(recall=tb.BinaryRecall(from_logits=True)))
    found = metrics(EvalPrediction(logits, torch.ones(len(pairs), dtype=torch.int64)))
    assert found["recall"] == pytest.approx(float((logits[:, 1] >= logits[:, 0]).double().mean()))


@pytest.mark.parametrize("threshold", [0.1, 0.7, 0.99])
def test_thresholds_are_those_of_the_second_probability(threshold):
    logits = torch.linspace(-9, 9, 60).view(-1, 2).flip(0)[:, [1, 0]] * torch.tensor([[1.0, -0.3]])
    called = logits.double().softmax(1)[:, 1] >= threshold
    assert 0 < called.double().mean() < 1
    metrics = ComputeMetrics(tb.MetricCollection(recall=tb.BinaryRecall(threshold=threshold, from_logits=True)))
    found = metrics(EvalPrediction(logits, torch.ones(len(logits), dtype=torch.int64)))
    assert found["recall"] == pytest.approx(float(called.double().mean()))


def test_half_precision_logits_are_subtracted_in_float32():
    threshold = 1 / (1 + math.exp(-1.5))
    metrics = ComputeMetrics(tb.MetricCollection(hits=tb.BinaryRecall(threshold=threshold, from_logits=True)))
    pairs = torch.tensor([[-0.0004, 1.5], [0.0004, 1.5]], dtype=torch.float16)
    assert len(set((pairs[:, 1] - pairs[:, 0]).tolist())) == 1
    assert metrics(EvalPrediction(pairs, torch.tensor([1, 1]))) == {"hits": 0.5}


def test_a_loader_that_is_kept_begins_a_new_evaluation_after_a_training_step(tmp_path):
    metrics, loader = ComputeMetrics(hf.collection()), DataLoader([1])
    event = (hf.arguments(tmp_path), TrainerState(), TrainerControl())
    counts = []
    for trained in (False, False, True):
        if trained:
            metrics.on_step_begin(*event)
        metrics.on_prediction_step(*event, eval_dataloader=loader)
        metrics(EvalPrediction(np.zeros((4, 2)), np.array([0, 1, 0, 1])), compute_result=False)
        counts.append(int(metrics.collection.histograms[0].counts.sum()))
    assert counts == [4, 8, 4]


def test_the_first_of_several_outputs_is_the_logits():
    metrics = ComputeMetrics(hf.collection())
    outputs = (np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros((2, 7, 3)))
    assert metrics(EvalPrediction(outputs, np.array([1, 0])))["auroc"] == 1.0


def test_one_logit_in_a_column_of_its_own_goes_with_labels_in_a_row():
    rng = np.random.default_rng(4)
    logits, labels = rng.normal(size=(50, 1)).astype("float32"), rng.integers(0, 2, 50)
    agrees(ComputeMetrics(hf.collection())(EvalPrediction(logits, labels)), logits[:, 0].astype("float64"), labels, "")
    with pytest.raises(ValueError, match="one logit or two"):
        ComputeMetrics(hf.collection())(EvalPrediction(logits[None], labels))


def test_undefined_is_nan():
    assert math.isnan(ComputeMetrics(hf.collection())(EvalPrediction(np.zeros((2, 2)), np.array([1, 1])))["auroc"])


@pytest.mark.parametrize(
    ("predictions", "labels", "fragments"),
    [
        (np.zeros((4, 3)), np.zeros(4, int), ["one logit or two", "(4, 3)", "(4,)"]),
        (np.zeros(5), np.zeros(4, int), ["one logit or two", "(5,)", "(4,)"]),
        (np.zeros((4, 2)), (np.zeros(4, int), np.zeros(4, int)), ["one tensor of labels", "2", "label_names"]),
        (np.zeros((4, 2)), np.full(4, 7), ["4 bad labels"]),
        (np.full((4, 2), np.nan), np.zeros(4, int), ["4 nan scores"]),
    ],
)
def test_predictions_that_do_not_fit_are_refused_and_all_counts_forgotten(predictions, labels, fragments):
    metrics = ComputeMetrics(hf.collection())
    metrics(EvalPrediction(np.zeros((4, 2)), np.array([0, 1, 0, 1])), compute_result=False)
    with pytest.raises((TypeError, ValueError)) as caught:
        metrics(EvalPrediction(predictions, labels), compute_result=False)
    assert [part for part in fragments if part not in str(caught.value)] == []
    assert not any(histogram.state.any() for histogram in metrics.collection.histograms)


@pytest.mark.parametrize("given", [[tb.BinaryAUROC], tb.BinaryAUROC(from_logits=True)], ids=["list", "metric"])
def test_what_is_no_collection_is_refused_with_what_to_pass(given):
    with pytest.raises(TypeError, match=r"expected a MetricCollection, got .*from_logits=True"):
        ComputeMetrics(given)


def test_metrics_of_probabilities_are_refused_by_name():
    with pytest.raises(ValueError, match=r"'auroc'.*from_logits=True"):
        ComputeMetrics(tb.MetricCollection(auroc=tb.BinaryAUROC()))


def test_compute_takes_what_evaluate_takes_and_leaves_the_counts_alone():
    metrics = tb.MetricCollection(accuracy=tb.BinaryAccuracy(), f1=tb.BinaryF1Score(), roc_auc=tb.BinaryAUROC())
    metrics.update(torch.tensor([0.9]), torch.tensor([0]))
    scores, labels = [0.9, 0.1, 0.4, 0.6], [1, 0, 1, 0]
    for given_as in (list, np.array, torch.tensor):
        found = compute(metrics, predictions=given_as(scores), references=given_as(labels))
        assert found == {"accuracy": 0.5, "f1": 0.5, "roc_auc": roc_auc_score(labels, scores)}
    assert int(metrics["accuracy"].fp) == 1
    assert int(metrics.histograms[0].counts.sum()) == 1


def test_compute_and_the_trainer_use_the_same_names_and_find_the_same(evaluated):
    predicted = evaluated[1]
    found = compute(hf.collection(), predictions=predicted.predictions, references=predicted.label_ids)
    assert {f"eval_{name}": value for name, value in found.items()} == {name: evaluated[0][name] for name in hf.NAMES}


def test_two_columns_of_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"class 1's if there are two, got predictions \(2, 2\)"):
        compute(tb.MetricCollection([tb.BinaryAUROC()]), predictions=[[0.5, 0.5], [0.1, 0.9]], references=[0, 1])
