"""The metric objects: one file for each way of reading counts, with its named classes, and collections of them."""

from torch_binmetrics.metrics.along_cuts import AlongCuts as AlongCuts
from torch_binmetrics.metrics.at_best import AtBest as AtBest
from torch_binmetrics.metrics.at_threshold import AtThreshold as AtThreshold
from torch_binmetrics.metrics.of_sums import InBins as InBins, OfSums as OfSums
from torch_binmetrics.metrics.options import CurveOptions as CurveOptions, Options as Options
from torch_binmetrics.metrics.over_cuts import OverCuts as OverCuts
