"""What a person wants to know of a classifier: its scores, how sure they are, and which of them mislead."""

from torch_binmetrics.report.build import binary_report
from torch_binmetrics.report.by_row import ByRow, ReportLine
from torch_binmetrics.report.content import Report
from torch_binmetrics.report.numbers import ReportRow

__all__ = ["ByRow", "Report", "ReportLine", "ReportRow", "binary_report"]
