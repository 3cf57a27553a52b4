"""The named metrics of ``separation``, each with its bounds."""

from __future__ import annotations

from torch_binmetrics.measures import separation
from torch_binmetrics.metrics.families import AtBest


class BinaryEER(AtBest):
    """Running :func:`~torch_binmetrics.measures.separation.equal_error_rate`.

    The bounds of its value are those of :func:`~torch_binmetrics.measures.separation.equal_error_rate_bounds`.
    """

    score = staticmethod(separation.equal_error_rate)
    limits = staticmethod(separation.equal_error_rate_bounds)


class BinaryKSStatistic(AtBest):
    """Running :func:`~torch_binmetrics.measures.separation.ks_statistic`.

    The bounds of its value are those of :func:`~torch_binmetrics.measures.separation.ks_statistic_bounds`.
    """

    score = staticmethod(separation.ks_statistic)
    limits = staticmethod(separation.ks_statistic_bounds)
