"""Which of ten digits is hardest to read? One linear layer on real scans, each digit against the rest.

    python examples/digits.py

Needs scikit-learn, which brings the scans, and matplotlib. Runs on the CPU, in seconds.
"""

import argparse
from pathlib import Path

import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader, TensorDataset, random_split

import torch_binmetrics as bm
from torch_binmetrics.measures import average_precision
from torch_binmetrics.plots import plot_heat_map, plot_precision_recall, plot_rows

ROWS = bm.Classes(10, [f"digit {k}" for k in range(10)])


def scans() -> TensorDataset:
    """1,797 scans of digits, every third of their 64 pixels, from 0 to 1, and which digit each is."""
    data = load_digits()
    return TensorDataset(torch.tensor(data.data[:, ::3] / 16, dtype=torch.float32), torch.tensor(data.target))


def watched() -> bm.MetricCollection:
    """What is watched of each digit, and the means over the ten by which one would choose a model."""
    of_all = {"auroc": bm.BinaryAUROC, "ap": bm.BinaryAveragePrecision, "brier": bm.BinaryBrierScore}
    means = {f"mean_{name}": kind(rows=ROWS, average="macro") for name, kind in of_all.items()}
    return bm.MetricCollection({name: kind(rows=ROWS) for name, kind in of_all.items()} | means)


def fit(model: nn.Module, batches: DataLoader[tuple[Tensor, ...]], epochs: int) -> None:
    """Train on the cross-entropy of the ten digits."""
    optimizer, criterion = Adam(model.parameters(), lr=1e-2), nn.CrossEntropyLoss()
    for _ in range(epochs):
        for pixels, digit in batches:
            optimizer.zero_grad()
            criterion(model(pixels), digit).backward()
            optimizer.step()


@torch.no_grad()
def probabilities(
    model: nn.Module, batches: DataLoader[tuple[Tensor, ...]], metrics: bm.MetricCollection
) -> tuple[Tensor, ...]:
    """Count all batches; their probabilities and digits, which only scikit-learn needs."""
    found = []
    for pixels, digit in batches:
        preds = model(pixels).softmax(-1)
        metrics.update(preds, digit)
        found.append((preds, digit))
    return tuple(map(torch.cat, zip(*found, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", default="runs/digits", help="for the pictures (default: %(default)s)")
    args = parser.parse_args()
    torch.manual_seed(0)
    data = scans()
    train, validation = random_split(data, [0.5, 0.5])
    model, metrics = nn.Linear(data.tensors[0].shape[1], 10), watched()
    fit(model, DataLoader(train, batch_size=64, shuffle=True), args.epochs)
    preds, digits = probabilities(model, DataLoader(validation, batch_size=64), metrics)
    print(metrics.report())
    values = bm.floats(metrics.compute(sync=False))
    print("\nmeans over digits   ours      scikit-learn, of all probabilities at once")
    for name, oracle in (("auroc", roc_auc_score), ("ap", average_precision_score)):
        exact = sum(oracle(digits == k, preds[:, k].double()) for k in range(10)) / 10
        print(f"{name:<19} {values[f'mean_{name}']:.6f}  {exact:.6f}")
    folder, counts = Path(args.out), bm.Snapshot(metrics.histograms[0])
    folder.mkdir(parents=True, exist_ok=True)
    plot_rows(counts, plot_precision_recall, by=average_precision).savefig(folder / "precision_recall.png")
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    plot_heat_map(counts, figure.add_subplot())
    figure.savefig(folder / "heat_map.png")


if __name__ == "__main__":
    main()
