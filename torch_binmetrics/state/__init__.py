"""Counts that live: the one accumulator, its sum over ranks, and what can be read off it at one moment."""

from torch_binmetrics.state.histogram import ScoreHistogram as ScoreHistogram
from torch_binmetrics.state.reading import Reading as Reading
from torch_binmetrics.state.snapshot import Snapshot as Snapshot
