"""TensorBoard: what is read back from the written files is what the collection computes."""

import io
import math
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import confusion_matrix
from tensorboard.backend.event_processing import event_accumulator, plugin_event_multiplexer
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.util import tensor_util
from torch.utils.tensorboard import SummaryWriter

from torch_binmetrics import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryAveragePrecision,
    BinaryBestThreshold,
    BinaryBrierScore,
    BinaryCalibrationError,
    BinaryCalibrationRatio,
    BinaryConfusionMatrix,
    BinaryF1Score,
    BinaryRecallAtFixedPrecision,
    BinaryROC,
    FloatBits,
    Layout,
    MetricCollection,
    ScoreHistogram,
    floats,
)
from torch_binmetrics.integrations.tensorboard import log_epoch, log_pr_curve, log_scores

INF = math.inf


@pytest.fixture(autouse=True)
def _without_windows():
    with mpl.rc_context({"backend": "agg"}):
        yield


class Runs:
    """What was written below a folder; tags begin with the name of the run below it, if they are of one."""

    def __init__(self, folder):
        runs = sorted({path.parent for path in folder.rglob("events.*")})
        kinds = dict.fromkeys(("scalars", "images", "histograms", "tensors"), 0)
        self.folder, self.runs = folder, {run: event_accumulator.EventAccumulator(str(run), kinds) for run in runs}
        for events in self.runs.values():
            events.Reload()

    def Tags(self):  # noqa: N802
        of_runs = [(self.prefix(run), events.Tags()) for run, events in self.runs.items()]
        return {
            kind: [prefix + tag for prefix, tags in of_runs for tag in tags[kind]]
            for kind in ("scalars", "images", "histograms", "tensors")
        }

    def prefix(self, run):
        return "" if run == self.folder else f"{run.relative_to(self.folder)}/"

    def __getattr__(self, name):
        def read(tag):
            [run] = [run for run in self.runs if tag in [self.prefix(run) + own for own in tags_of(self.runs[run])]]
            return getattr(self.runs[run], name)(tag.removeprefix(self.prefix(run)))

        return read


def tags_of(events):
    """All tags of a run, of any kind."""
    return [tag for tags in events.Tags().values() if isinstance(tags, list) for tag in tags]


@pytest.fixture
def log(tmp_path):
    """A function that calls others with a writer, and returns what tensorboard reads of what they wrote."""

    def written(*calls):
        with SummaryWriter(tmp_path) as writer:
            for call in calls:
                call(writer)
        return Runs(tmp_path)

    return written


def spread(samples=2000):
    generator = torch.Generator().manual_seed(0)
    preds = torch.rand(samples, generator=generator)
    return preds, (torch.rand(samples, generator=generator) < preds).long()


def rare(samples=300_000):
    """Skewed scores: 0.2 % positives, all scores near 0."""
    rng = np.random.default_rng(0)
    labels = rng.random(samples) < 0.002
    scores = np.where(labels, rng.beta(2, 2000, samples), rng.beta(1, 2000, samples))
    return torch.from_numpy(scores), torch.from_numpy(labels)


def usual(prefix="val/", **options):
    return MetricCollection(
        [BinaryAUROC(**options), BinaryAveragePrecision(**options), BinaryAccuracy(**options)], prefix=prefix
    )


def counted(batch, **options):
    metrics = usual(**options)
    metrics.update(*batch)
    return metrics


def tag_of(name):
    """The tag of a scalar by its prefixed name, in the run that its prefix is."""
    run, slash, name = name.rpartition("/")
    return f"{run}{slash}metrics/{name}"


def pr_curve(events, tag="val/pr_curve"):
    """Rows tp, fp, tn, fn, precision and recall of the last PR curve, float64, [6, points]."""
    return tensor_util.make_ndarray(events.Tensors(tag)[-1].tensor_proto).astype(np.float64)


def test_the_scalars_are_those_of_compute(log):
    metrics = usual()
    expected = []

    def epoch(step):
        def call(writer):
            metrics.reset()
            metrics.update(*(part[: 100 * (step + 1)] for part in spread()))
            expected.append(floats(metrics.compute()))
            assert log_epoch(writer, metrics, step) == expected[-1]

        return call

    events = log(epoch(0), epoch(3))
    assert events.Tags()["scalars"] == list(map(tag_of, expected[0]))
    for name in expected[0]:
        read = [(event.step, event.value) for event in events.Scalars(tag_of(name))]
        assert read == [(0, np.float32(expected[0][name])), (3, np.float32(expected[1][name]))]
    assert [event.step for event in events.Tensors("val/pr_curve")] == [0, 3]


FIGURES = ["roc", "precision_recall", "scores", "thresholds", "confusion_matrix"]


def test_an_epoch_of_one_histogram_has_one_curve_two_score_histograms_and_five_figures(log):
    metrics = counted(spread(200))
    events = log(lambda writer: log_epoch(writer, metrics, 7))
    tags = events.Tags()
    assert tags["tensors"] == ["val/pr_curve"]
    assert tags["images"] == [f"val/plots/{name}" for name in FIGURES]
    assert sorted(tags["histograms"]) == ["val/scores/negatives", "val/scores/positives"]
    assert {events.Histograms(tag)[0].step for tag in tags["histograms"]} == {7}


def test_what_is_no_scalar_is_left_out_of_the_scalars(log):
    metrics = MetricCollection([BinaryConfusionMatrix(), BinaryROC([0.5]), BinaryF1Score()])
    metrics.update(*spread(100))
    events = log(lambda writer: log_epoch(writer, metrics, 0))
    assert events.Tags()["scalars"] == ["metrics/BinaryF1Score"]


def test_fixed_thresholds_alone_have_no_curve(log):
    metrics = MetricCollection([BinaryAccuracy(), BinaryF1Score()])
    metrics.update(*spread(100))
    tags = log(lambda writer: log_epoch(writer, metrics, 0)).Tags()
    assert tags["scalars"] == ["metrics/BinaryAccuracy", "metrics/BinaryF1Score"]
    assert (tags["tensors"], tags["images"], tags["histograms"]) == ([], ["plots/confusion_matrix"], [])


def test_figures_are_left_out_on_request(log):
    metrics = counted(spread(100))
    tags = log(lambda writer: log_epoch(writer, metrics, 0, figures=False)).Tags()
    assert (tags["images"], tags["tensors"]) == ([], ["val/pr_curve"])


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_probabilities_add_a_reliability_diagram_and_no_second_curves(log, weighted):
    metrics = MetricCollection(
        {
            "auroc": BinaryAUROC,
            "brier": BinaryBrierScore,
            "ratio": BinaryCalibrationRatio,
            "ece": BinaryCalibrationError,
        },
        weighted=weighted,
    )
    metrics.update(*spread(300), torch.rand(300) if weighted else None)
    tags = log(lambda writer: log_epoch(writer, metrics, 0)).Tags()
    assert len(metrics.histograms) > 1
    assert sorted(tags["images"]) == sorted(f"plots/{name}" for name in [*FIGURES, "reliability"])
    assert tags["tensors"] == ["pr_curve"]


def test_sums_alone_have_curves_of_the_finer_counts(log):
    metrics = MetricCollection([BinaryBrierScore(), BinaryCalibrationError()])
    metrics.update(*spread(300))
    tags = log(lambda writer: log_epoch(writer, metrics, 0)).Tags()
    assert tags["tensors"] == ["pr_curve"]
    assert "plots/roc" in tags["images"]


def test_train_and_val_are_two_runs_of_the_same_tags(log):
    train = counted(spread(100))
    train.prefix = "train/"
    val = train.clone(prefix="val/")
    runs = log(lambda writer: log_epoch(writer, train, 0), lambda writer: log_epoch(writer, val, 0))
    own = {run.name: tags_of(events) for run, events in runs.runs.items() if run != runs.folder}
    assert sorted(own) == ["train", "val"]
    assert own["train"] == own["val"]
    assert "metrics/BinaryAUROC" in own["val"]


@pytest.mark.parametrize("prefix", ["", "val_", "/"])
def test_a_prefix_that_is_no_folder_stays_in_the_tags(log, prefix):
    metrics = usual(prefix)
    metrics.update(*spread(100))
    runs = log(lambda writer: log_epoch(writer, metrics, 0))
    assert len(runs.runs) == 1
    assert f"metrics/{prefix}BinaryAUROC" in runs.Tags()["scalars"]


def test_a_run_goes_on_after_its_writer_was_closed(tmp_path):
    metrics = counted(spread(100))
    writer = SummaryWriter(tmp_path)
    for step in (1, 2):
        log_epoch(writer, metrics, step, figures=False)
        writer.close()
    assert [event.step for event in Runs(tmp_path).Scalars("val/metrics/BinaryAUROC")] == [1, 2]


def test_a_run_takes_the_options_of_its_writer(tmp_path):
    metrics = counted(spread(100))
    for step in (0, 1, 2):
        with SummaryWriter(tmp_path, purge_step=1, filename_suffix=".again") as writer:
            log_epoch(writer, metrics, step, figures=False)
    assert {path.suffix for path in tmp_path.rglob("events.*")} == {".again"}
    assert [event.step for event in Runs(tmp_path).Scalars("val/metrics/BinaryAUROC")][-1] == 2


def test_what_is_logged_later_is_of_the_moment_of_the_call_and_is_written_once(log):
    metrics, expected = counted(spread(200)), floats(counted(spread(200)).compute())

    def epoch(writer):
        pending = log_epoch(writer, metrics, 7, async_op=True)
        metrics.update(*spread(100))
        metrics.reset()
        assert pending.wait() == expected
        assert pending.wait() == expected

    events = log(epoch)
    assert {name: events.Scalars(tag_of(name))[0].value for name in expected} == {
        name: np.float32(value) for name, value in expected.items()
    }
    assert [event.step for event in events.Tensors("val/pr_curve")] == [7]
    assert events.Tags()["images"] == [f"val/plots/{name}" for name in FIGURES]


def test_logging_leaves_the_counts_as_they_are_and_needs_no_writer():
    metrics = counted(spread(100))
    before = metrics.histograms[0].state.clone()
    assert log_epoch(None, metrics, 0) == floats(metrics.compute())
    assert torch.equal(metrics.histograms[0].state, before)
    metrics.update(*spread(100))


def test_nothing_is_written_without_a_writer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log_epoch(None, counted(spread(100)), 0)
    assert list(tmp_path.iterdir()) == []


CURVES = {
    "spread": spread,
    "rare": rare,
    "few": lambda: (torch.tensor([0.9, 0.2, 0.6, 0.4]), torch.tensor([1, 0, 0, 1])),
    "ties": lambda: (torch.tensor([0.5] * 10), torch.arange(10) % 2),
    "saturated": lambda: (1 - rare(50_000)[0], ~rare(50_000)[1]),
    "infinite": lambda: (torch.tensor([INF, -INF, 0.0, 3e38]), torch.tensor([1, 0, 1, 0])),
    "a positive": lambda: (torch.tensor([0.3]), torch.tensor([1])),
}


@pytest.mark.parametrize("name", CURVES)
def test_the_pr_curve_has_at_most_127_points_from_recall_one_down_to_nothing_predicted(log, name):
    metrics = counted(CURVES[name]())
    events = log(lambda writer: log_pr_curve(writer, "val/pr_curve", metrics.histograms[0], 0))
    tp, fp, tn, fn, precision, recall = pr_curve(events)
    assert 2 <= len(tp) <= 127
    assert recall[0] == 1.0
    assert (tp[-1], fp[-1], precision[-1], recall[-1]) == (0.0, 0.0, 1.0, 0.0)
    assert (np.diff(recall) <= 0).all()
    assert (np.diff(tp + fp) < 0).all()
    assert np.isfinite(precision).all()
    assert ((precision >= 0) & (precision <= 1)).all()
    assert len(set(tp + fn)) == len(set(fp + tn)) == 1
    assert (precision[:-1] == (tp[:-1] / (tp + fp)[:-1]).astype(np.float32)).all()
    assert (recall == (tp / (tp + fn)).astype(np.float32)).all()


@pytest.mark.parametrize("name", ["spread", "rare"])
def test_the_counts_of_every_point_are_scikit_learns_at_a_threshold(log, name):
    preds, labels = CURVES[name]()
    preds, labels = preds[:20_000].bfloat16(), labels[:20_000]
    metrics = counted((preds, labels))
    points = pr_curve(log(lambda writer: log_pr_curve(writer, "val/pr_curve", metrics.histograms[0], 0)))[:4]
    scores = preds.double().numpy()
    thresholds = np.sort(scores)[::-1]
    for tp, fp, tn, fn in points.T:
        called = scores >= thresholds[int(tp + fp) - 1] if tp + fp else scores > 1
        assert confusion_matrix(labels, called, labels=[0, 1]).ravel().tolist() == [tn, fp, fn, tp]


def test_skewed_scores_still_show_a_curve(log):
    metrics = counted(rare())
    tp, fp, _, _, precision, recall = pr_curve(
        log(lambda writer: log_pr_curve(writer, "val/pr_curve", metrics.histograms[0], 0))
    )
    assert len(set(recall)) >= 50
    assert np.diff(np.sort(recall)).max() < 0.05
    predicted = np.sort(tp + fp)
    assert np.diff(np.log(predicted[predicted > 20])).max() < 0.4
    assert precision[0] < 0.01


def test_a_smooth_curve_has_all_of_its_127_points(log):
    preds, labels = spread(5000)
    metrics = counted((preds, labels, torch.full((5000,), 2.0**-12)), weighted=True)
    points = pr_curve(log(lambda writer: log_pr_curve(writer, "val/pr_curve", metrics.histograms[0], 0)))
    assert points.shape == (6, 127)


def test_the_description_says_that_the_threshold_is_a_rank(log):
    metrics = counted(spread(100))
    events = log(lambda writer: log_epoch(writer, metrics, 0))
    metadata = events.SummaryMetadata("val/pr_curve")
    assert metadata.plugin_data.plugin_name == "pr_curves"
    assert "rank" in metadata.summary_description
    assert "not a score" in metadata.summary_description


def test_tensorboards_own_plugin_reads_the_curve(log, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library that is part of tensorboard
        from tensorboard.plugins.pr_curve.pr_curves_plugin import PrCurvesPlugin
    metrics = counted(spread())
    rows = pr_curve(log(lambda writer: log_epoch(writer, metrics, 5)))
    multiplexer = plugin_event_multiplexer.EventMultiplexer({"run": str(tmp_path / "val")})
    multiplexer.Reload()
    context = base_plugin.TBContext(logdir=str(tmp_path), data_provider=MultiplexerDataProvider(multiplexer, str(tmp_path)))
    plugin = PrCurvesPlugin(context)
    [curve] = plugin.pr_curves_impl(RequestContext(), "", ["run"], "pr_curve")["run"]
    assert curve["step"] == 5
    names = ("true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall")
    for name, row in zip(names, rows, strict=True):
        assert curve[name] == row[: len(curve[name])].tolist()
    assert len(curve["thresholds"]) == len(curve["recall"]) == rows.shape[1] - 1
    assert curve["recall"][0] == 1.0
    assert "rank" in plugin.tags_impl(RequestContext(), "")["run"]["pr_curve"]["description"]


@pytest.mark.parametrize("name", ["spread", "rare", "few", "ties"])
def test_the_score_histograms_sum_to_the_counts_of_their_classes(log, name):
    preds, labels = CURVES[name]()
    metrics = counted((preds, labels))
    events = log(lambda writer: log_scores(writer, "scores", metrics.histograms[0], 0))
    for kind, of_class in (("negatives", labels == 0), ("positives", labels == 1)):
        value = events.Histograms(f"scores/{kind}")[0].histogram_value
        assert sum(value.bucket) == value.num == int(of_class.sum())
        assert len(value.bucket) == len(value.bucket_limit) == 50
        assert (np.diff(value.bucket_limit) > 0).all()
        assert value.sum == pytest.approx(float(preds[of_class].double().sum()), rel=0.01)
        assert value.min <= float(preds.min()) * (1 + 1e-6)
        assert value.max <= float(preds.max()) * (1 + 1e-6)


def test_the_buckets_are_numpys(log):
    scores = torch.cat([torch.tensor([0.0, 50.0]), torch.arange(50) + 0.5, torch.full((7,), 3.5)])
    labels = torch.arange(len(scores)) % 3 == 0
    histogram = ScoreHistogram(Layout(FloatBits(16)))
    histogram.update(scores, labels)
    events = log(lambda writer: log_scores(writer, "scores", histogram, 4))
    for kind, of_class in (("negatives", ~labels), ("positives", labels)):
        [event] = events.Histograms(f"scores/{kind}")
        value = event.histogram_value
        expected, edges = np.histogram(scores[of_class].numpy(), bins=50, range=(0, 50))
        assert (event.step, value.min, value.max, value.num) == (4, 0.0, 50.0, int(of_class.sum()))
        assert value.bucket == expected.tolist()
        assert value.bucket_limit == edges[1:].tolist()
        assert value.sum == float(scores[of_class].sum())
        assert value.sum_squares == float((scores[of_class] ** 2).sum())


def test_the_roc_figure_is_a_picture_with_a_curve_in_it(log):
    metrics = counted(spread())
    [image] = log(lambda writer: log_epoch(writer, metrics, 2)).Images("val/plots/roc")
    picture = Image.open(io.BytesIO(image.encoded_image_string))
    assert (image.step, image.width, image.height) == (2, *picture.size)
    assert min(picture.size) >= 300
    assert len(picture.convert("RGB").getcolors(2**24)) > 20


ODD = {
    "nothing seen": ({}, None),
    "an empty batch": ({}, (torch.empty(0), torch.empty(0))),
    "scores all equal": ({}, (torch.full((10,), 0.3), torch.arange(10) % 2)),
    "one positive": ({}, (torch.tensor([0.3]), torch.tensor([1]))),
    "positives only": ({}, (torch.rand(10), torch.ones(10))),
    "negatives only": ({}, (torch.rand(10), torch.zeros(10))),
    "infinite scores": ({}, (torch.tensor([INF, -INF, 0.3]), torch.tensor([1, 0, 1]))),
    "infinite scores only": ({}, (torch.tensor([INF, -INF]), torch.tensor([1, 0]))),
    "the largest scores": ({}, (torch.tensor([3e38, -3e38, 1e-45]), torch.tensor([1, 0, 1]))),
    "one huge score": ({}, (torch.tensor([1e30, 1e30]), torch.tensor([1, 0]))),
    "weighted": ({"weighted": True}, (*spread(100), torch.rand(100))),
    "tiny weights": ({"weighted": True}, (*spread(100), torch.full((100,), 1e-9))),
    "weights of nothing": ({"weighted": True}, (*spread(100), torch.zeros(100))),
    "logits": ({"from_logits": True}, (torch.tensor([-60.0, 3.0, 80.0, 0.0, -INF]), torch.tensor([0, 1, 1, 0, 0]))),
    "dropped": ({"invalid": "drop", "ignore_index": -1}, (torch.tensor([math.nan, 0.3, 0.4]), torch.tensor([1, -1, 1]))),
}


@pytest.mark.filterwarnings("ignore:scores outside")  # which three of them bring
@pytest.mark.parametrize("name", ODD)
def test_an_odd_epoch_is_logged_like_any_other(log, name):
    options, batch = ODD[name]
    metrics = usual(**options)
    if batch is not None:
        metrics.update(*batch)
    values = floats(metrics.compute())
    events = log(lambda writer: log_epoch(writer, metrics, 0))
    for tag, value in values.items():
        assert events.Scalars(tag_of(tag))[0].value == pytest.approx(np.float32(value), abs=0, nan_ok=True)
    tp, fp, *_, precision, recall = pr_curve(events)
    assert np.isfinite([precision, recall]).all()
    assert (np.diff(recall) <= 0).all()
    assert (precision[-1], tp[-1], fp[-1]) == (1.0, 0.0, 0.0)
    assert len(events.Images("val/plots/roc")) == 1
    for tag in events.Tags()["histograms"]:
        value = events.Histograms(tag)[0].histogram_value
        assert sum(value.bucket) == pytest.approx(value.num)


def test_infinite_scores_lie_in_no_bucket(log):
    histogram = ScoreHistogram(Layout(FloatBits(16)))
    histogram.update(torch.tensor([INF, -INF, 0.25, 0.5]), torch.tensor([1, 0, 1, 0]))
    events = log(lambda writer: log_scores(writer, "scores", histogram, 0))
    assert [events.Histograms(f"scores/{kind}")[0].histogram_value.num for kind in ("negatives", "positives")] == [1, 1]


def test_the_scores_of_logits_are_shown_as_probabilities(log):
    metrics = counted((torch.tensor([-60.0, 3.0, 80.0, 0.0]), torch.tensor([0, 1, 1, 0])), from_logits=True)
    events = log(lambda writer: log_scores(writer, "scores", metrics.histograms[0], 0))
    value = events.Histograms("scores/positives")[0].histogram_value
    assert 0 <= value.min <= value.max <= 1


def test_weighted_counts_are_logged_as_sums_of_weights(log):
    preds, labels = spread(200)
    weights = torch.arange(200) % 4 / 4
    metrics = counted((preds, labels, weights), weighted=True)
    events = log(lambda writer: log_epoch(writer, metrics, 0))
    tp, fp, *_ = pr_curve(events)
    assert (tp[0], fp[0]) == (float(weights[labels == 1].sum()), float(weights[labels == 0].sum()))
    assert events.Histograms("val/scores/positives")[0].histogram_value.num == float(weights[labels == 1].sum())


def test_every_histogram_of_a_collection_has_charts_of_its_own(log):
    preds, labels = spread(200)
    metrics = MetricCollection(
        {
            "plain": BinaryAUROC(),
            "uniform": BinaryAUROC(64),
            "weighted": BinaryAUROC(weighted=True),
            "ignoring": BinaryAUROC(ignore_index=-1),
            "logits": BinaryAUROC(from_logits=True),
            "odd": BinaryAccuracy(0.3),
        },
        prefix="val/",
    )
    metrics.update(preds, labels, preds)
    events = log(lambda writer: log_epoch(writer, metrics, 0))
    assert len(metrics.histograms) == 6
    tags = events.Tags()
    assert [len(events.Tensors(tag)) for tag in tags["tensors"]] == [1] * 5
    assert [len(events.Images(tag)) for tag in tags["images"]] == [1] * 21
    assert "val/plots/weighted thresholds" in tags["images"]
    assert [len(events.Histograms(tag)) for tag in tags["histograms"]] == [1] * 10
    assert all(tag.startswith("val/") for kind in ("tensors", "images", "histograms") for tag in tags[kind])


def test_no_figure_stays_open(log):
    import matplotlib.pyplot as plt

    metrics = counted(spread(100))
    log(lambda writer: log_epoch(writer, metrics, 0))
    assert plt.get_fignums() == []


def test_operating_points_are_two_scalars_and_a_threshold_may_be_infinite(log):
    metrics = MetricCollection([BinaryBestThreshold(), BinaryRecallAtFixedPrecision(0.9)])
    metrics.update(torch.tensor([0.25, 0.5, 0.75, 0.875]), torch.tensor([0, 1, 1, 0]))
    events = log(lambda writer: log_epoch(writer, metrics, 3))
    read = {name.removeprefix("metrics/"): events.Scalars(name)[0].value for name in events.Tags()["scalars"]}
    assert read == pytest.approx(floats(metrics.compute()))
    assert read["BinaryBestThreshold_threshold"] == 0.5
    assert read["BinaryRecallAtFixedPrecision_threshold"] == INF


def test_a_writer_of_the_folder_of_a_run_is_that_run_and_adds_no_empty_one(tmp_path):
    metrics = usual()
    metrics.update(*spread(100))
    with SummaryWriter(tmp_path / "val") as writer:
        log_epoch(writer, metrics, 0, figures=False)
    assert [path.name for path in tmp_path.iterdir()] == ["val"]
    assert all(path.is_file() for path in (tmp_path / "val").iterdir())
    events = event_accumulator.EventAccumulator(str(tmp_path / "val")).Reload()
    assert "metrics/BinaryAUROC" in events.Tags()["scalars"]
