"""MLflow on a local file store: what was logged of each epoch is what was computed."""

import math

import pytest
import torch

import torch_binmetrics as tb


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    """MLflow, logging to files of this test, in a run."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the slim package has no other store
    import mlflow

    mlflow.set_tracking_uri(tmp_path.as_uri())
    mlflow.set_experiment("metrics")
    with mlflow.start_run():
        yield mlflow
    mlflow.set_tracking_uri(None)


def collection(**extra):
    named = {"auroc": tb.BinaryAUROC(), "f1": tb.BinaryF1Score(), "matrix": tb.BinaryConfusionMatrix()}
    return tb.MetricCollection(named | extra, prefix="val/")


def logged(mlflow, name):
    """What MLflow gives back of a metric, by step."""
    run = mlflow.active_run().info.run_id
    return {point.step: point.value for point in mlflow.tracking.MlflowClient().get_metric_history(run, name)}


def test_the_floats_of_every_epoch_come_back(mlflow):
    metrics, computed = collection(), {}
    for epoch in range(3):
        generator = torch.Generator().manual_seed(epoch)
        metrics.reset()
        metrics.update(torch.rand(50, generator=generator), torch.randint(0, 2, (50,), generator=generator))
        values = metrics.compute()
        mlflow.log_metrics(tb.floats(values), step=epoch)
        computed[epoch] = {name: float(values[name]) for name in ("val/auroc", "val/f1")}
    for name in ("val/auroc", "val/f1"):
        assert logged(mlflow, name) == {epoch: values[name] for epoch, values in computed.items()}
    assert len({values["val/auroc"] for values in computed.values()}) == 3
    assert logged(mlflow, "val/matrix") == {}


def test_undefined_values_are_logged_as_nan(mlflow):
    mlflow.log_metrics(tb.floats(collection().compute()), step=0)
    assert math.isnan(logged(mlflow, "val/auroc")[0])


@pytest.mark.parametrize("name", ["recall at 0.9", "recall-0.9", "recall_0.9", "group/recall"])
def test_names_of_letters_digits_spaces_and_signs_work(mlflow, name):
    mlflow.log_metrics(tb.floats(collection(**{name: tb.BinaryRecall()}).compute()), step=0)
    assert list(logged(mlflow, f"val/{name}")) == [0]


@pytest.mark.parametrize("name", ["recall@0.9", "recall(0.9)", "a//b"])
def test_mlflow_refuses_other_names_itself(mlflow, name):
    with pytest.raises(mlflow.exceptions.MlflowException, match="Invalid value"):
        mlflow.log_metrics(tb.floats(collection(**{name: tb.BinaryRecall()}).compute()), step=0)
