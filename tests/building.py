"""How to build every named metric: with 0.5 for the one argument that some of them need."""

import inspect
from functools import partial

import torch_binmetrics as tb


def buildable(cls):
    """The class, or the class with its one argument."""
    first = next(iter(inspect.signature(cls).parameters.values()))
    return partial(cls, 0.5) if first.default is first.empty else cls


def eight():
    """A collection of eight on one histogram: two areas and six rates at 0.5."""
    rates = [tb.BinaryAccuracy, tb.BinaryPrecision, tb.BinaryRecall, tb.BinaryF1Score, tb.BinarySpecificity]
    return tb.MetricCollection([tb.BinaryAUROC, tb.BinaryAveragePrecision, *rates, tb.BinaryMatthewsCorrCoef])


EVERY = {name: buildable(getattr(tb, name)) for name in tb.__all__ if name.startswith("Binary")}
