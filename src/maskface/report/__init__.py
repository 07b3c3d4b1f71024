"""A run as one HTML page, its figures as files, and a page about several runs."""

from maskface.report.figures import FORMATS, KINDS, write_figures
from maskface.report.index import ANSWER, write_index
from maskface.report.page import NAME, write_report
from maskface.report.run_data import SYNTHETIC, synthetic_warning
from maskface.report.text import answer_text
from maskface.report.worn import write_worn

__all__ = [
    "ANSWER",
    "FORMATS",
    "KINDS",
    "NAME",
    "SYNTHETIC",
    "answer_text",
    "synthetic_warning",
    "write_figures",
    "write_index",
    "write_report",
    "write_worn",
]
