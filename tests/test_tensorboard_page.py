"""A real TensorBoard in a real browser shows an epoch: training and validation in one chart, figures side by side."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from urllib.request import urlopen

import matplotlib as mpl
import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

from torch_binmetrics import BinaryAUROC, BinaryF1Score, MetricCollection
from torch_binmetrics.integrations.tensorboard import log_epoch

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium, which shows the pages")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Where a server shows two epochs of training and validation."""
    folder = tmp_path_factory.mktemp("runs")
    train = MetricCollection({"auroc": BinaryAUROC(), "f1": BinaryF1Score()}, prefix="train/")
    val = train.clone(prefix="val/")
    with mpl.rc_context({"backend": "agg"}), SummaryWriter(folder) as writer:
        for epoch in range(2):
            for metrics, seed in ((train, epoch), (val, 10 + epoch)):
                preds = torch.rand(200, generator=torch.Generator().manual_seed(seed))
                metrics.update(preds, torch.arange(200) % 100 < 100 * preds)
                log_epoch(writer, metrics, epoch)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0", "--load_fast", "false"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            found = next(match for line in server.stderr if (match := re.search(r"http://\S+", line)))
            yield found[0]
        finally:
            server.kill()  # it has nothing to lose, and may hang where it is asked to end


def page(url, tab):
    """The words of a tab, once it has drawn itself."""
    with tempfile.TemporaryDirectory() as profile:
        command = [BROWSER, *QUIET, f"--user-data-dir={profile}", "--window-size=1500,3000", "--virtual-time-budget=20000"]
        done = subprocess.run([*command, "--dump-dom", f"{url}#{tab}"], capture_output=True, text=True, check=True, timeout=120)
    bare = re.sub(r"<(style|script).*?</\1>", " ", done.stdout, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).split())


def test_training_and_validation_are_two_lines_of_each_chart_and_two_figures_side_by_side(url):
    text = page(url, "timeseries")
    for chart in ("metrics /auroc", "metrics /f1"):
        assert text.count(f"{chart} ") == 1
        lines = text[text.index(f"{chart} ") :]
        assert re.search(r"Relative train [\d.]+ [\d.]+ 1 .*? val [\d.]+ [\d.]+ 1 ", lines[:600])
    for figure in ("roc", "precision_recall", "scores", "thresholds", "confusion_matrix"):
        assert f"plots /{figure} train Step 1 plots /{figure} val Step 1" in text
    assert text.index("metrics /auroc") < text.index("plots /roc")


def test_the_pr_curves_of_both_share_a_chart(url):
    with urlopen(f"{url}data/plugin/pr_curves/tags", timeout=60) as answer:
        assert {run: list(tags) for run, tags in json.load(answer).items()} == {"train": ["pr_curve"], "val": ["pr_curve"]}
