"""The named metrics of ``diagnostics``, one score each."""

from __future__ import annotations

from torch_binmetrics.measures import diagnostics
from torch_binmetrics.metrics.families import AtThreshold


class BinaryFalseDiscoveryRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.false_discovery_rate`."""

    score = staticmethod(diagnostics.false_discovery_rate)


class BinaryFalseOmissionRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.false_omission_rate`."""

    score = staticmethod(diagnostics.false_omission_rate)


class BinaryPrevalence(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.prevalence`."""

    score = staticmethod(diagnostics.prevalence)


class BinaryPredictedPositiveRate(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.predicted_positive_rate`."""

    score = staticmethod(diagnostics.predicted_positive_rate)


class BinaryInformedness(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.informedness`."""

    score = staticmethod(diagnostics.informedness)


class BinaryMarkedness(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.markedness`."""

    score = staticmethod(diagnostics.markedness)


class BinaryFowlkesMallows(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.fowlkes_mallows`."""

    score = staticmethod(diagnostics.fowlkes_mallows)


class BinaryPositiveLikelihoodRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.positive_likelihood_ratio`."""

    score = staticmethod(diagnostics.positive_likelihood_ratio)


class BinaryNegativeLikelihoodRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.negative_likelihood_ratio`."""

    score = staticmethod(diagnostics.negative_likelihood_ratio)


class BinaryDiagnosticOddsRatio(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.diagnostic_odds_ratio`."""

    score = staticmethod(diagnostics.diagnostic_odds_ratio)


class BinaryPrevalenceThreshold(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.prevalence_threshold`."""

    score = staticmethod(diagnostics.prevalence_threshold)


class BinaryGeometricMean(AtThreshold):
    """Running :func:`~torch_binmetrics.measures.diagnostics.geometric_mean`."""

    score = staticmethod(diagnostics.geometric_mean)
