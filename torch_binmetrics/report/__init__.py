"""What a person wants to know of a classifier: its scores, how sure they are, and which of them mislead."""

from torch_binmetrics.report.build import binary_report
from torch_binmetrics.report.content import Report, ReportRow

__all__ = ["Report", "ReportRow", "binary_report"]
