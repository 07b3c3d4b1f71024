"""A run as one HTML page, its figures as files, and a page about several runs."""

from maskface.report._answer import answer_text
from maskface.report._figures import FORMATS, KINDS, write_figures
from maskface.report._index import ANSWER, write_index
from maskface.report._page import NAME, write_report
from maskface.report._synthetic import SYNTHETIC, synthetic_warning

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
]
