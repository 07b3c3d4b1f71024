"""Analyses that experiment scripts share: from trials to a table and an answer in words.

Each takes the trials of a run and returns a table with a fixed schema; `maskface.plots` draws them.
"""

from maskface.analyses._answer import Answer
from maskface.analyses._appearance import appearance_table, appearance_text
from maskface.analyses._before import check_set, known_moderators, unknown_text
from maskface.analyses._cells import trained_family
from maskface.analyses._concealed import concealed_table, concealed_text
from maskface.analyses._contrasts import compare_conditions, contrast_table, contrast_text
from maskface.analyses._detection import (
    EVERY_EMOTION,
    detection_bias_table,
    detection_table,
    dropping_table,
)
from maskface.analyses._detection_schemas import DETECTION, DETECTION_BIAS, DROPPING
from maskface.analyses._detection_text import detection_text
from maskface.analyses._dose import dose_table
from maskface.analyses._factorial import Cells, crossed, factorial_table, factorial_text
from maskface.analyses._gaps import gap_table, gap_text
from maskface.analyses._grouping import Moderator
from maskface.analyses._half_points import half_point_table, half_point_text
from maskface.analyses._hits import Hits, accuracies, count_hits, find_condition
from maskface.analyses._map_schemas import MAPS, REGIONS
from maskface.analyses._maps import map_tables, map_text
from maskface.analyses._moderators import moderator_table
from maskface.analyses._moderators_text import moderator_text
from maskface.analyses._monotone import half_reached, monotone
from maskface.analyses._schemas import APPEARANCE, CONTRASTS, DOSE, HALF_POINTS, STYLES
from maskface.analyses._schemas_answers import CONCEALED, FACTORIAL
from maskface.analyses._schemas_moderators import GAPS, MODERATORS
from maskface.analyses._schemas_transfer import TRANSFER
from maskface.analyses._styles import style_table, style_text
from maskface.analyses._transfer import transfer_table
from maskface.analyses._transfer_text import transfer_text

__all__ = [
    "APPEARANCE",
    "CONCEALED",
    "CONTRASTS",
    "DETECTION",
    "DETECTION_BIAS",
    "DOSE",
    "DROPPING",
    "EVERY_EMOTION",
    "FACTORIAL",
    "GAPS",
    "HALF_POINTS",
    "MAPS",
    "MODERATORS",
    "REGIONS",
    "STYLES",
    "TRANSFER",
    "Answer",
    "Cells",
    "Hits",
    "Moderator",
    "accuracies",
    "appearance_table",
    "appearance_text",
    "check_set",
    "compare_conditions",
    "concealed_table",
    "concealed_text",
    "contrast_table",
    "contrast_text",
    "count_hits",
    "crossed",
    "detection_bias_table",
    "detection_table",
    "detection_text",
    "dose_table",
    "dropping_table",
    "factorial_table",
    "factorial_text",
    "find_condition",
    "gap_table",
    "gap_text",
    "half_point_table",
    "half_point_text",
    "half_reached",
    "known_moderators",
    "map_tables",
    "map_text",
    "moderator_table",
    "moderator_text",
    "monotone",
    "style_table",
    "style_text",
    "trained_family",
    "transfer_table",
    "transfer_text",
    "unknown_text",
]
