"""Analyses that experiment scripts share: from trials to a table and an answer in words.

Each takes the trials of a run and returns a table with a fixed schema; `maskface.plots` draws them.
"""

from maskface.analyses._answer import Answer
from maskface.analyses._appearance import appearance_table, appearance_text
from maskface.analyses._contrasts import compare_conditions, contrast_table, contrast_text
from maskface.analyses._dose import dose_table
from maskface.analyses._half_points import half_point_table, half_point_text
from maskface.analyses._hits import Hits, accuracies, count_hits, find_condition
from maskface.analyses._monotone import half_reached, monotone
from maskface.analyses._schemas import APPEARANCE, CONTRASTS, DOSE, HALF_POINTS, STYLES
from maskface.analyses._styles import style_table, style_text

__all__ = [
    "APPEARANCE",
    "CONTRASTS",
    "DOSE",
    "HALF_POINTS",
    "STYLES",
    "Answer",
    "Hits",
    "accuracies",
    "appearance_table",
    "appearance_text",
    "compare_conditions",
    "contrast_table",
    "contrast_text",
    "count_hits",
    "dose_table",
    "find_condition",
    "half_point_table",
    "half_point_text",
    "half_reached",
    "monotone",
    "style_table",
    "style_text",
]
