"""Analyses that experiment scripts share: from trials to a table and an answer in words.

Each takes the trials of a run and returns a table with a fixed schema; `maskface.plots` draws them.
"""

from maskface.analyses.appearance import APPEARANCE, appearance_table, appearance_text
from maskface.analyses.common import Answer, Hits, accuracies, count_hits, find_condition
from maskface.analyses.composites import CONCEALED, concealed_table, concealed_text
from maskface.analyses.contrasts import (
    CONTRASTS,
    STYLES,
    compare_conditions,
    contrast_table,
    contrast_text,
    style_table,
    style_text,
)
from maskface.analyses.detection import (
    DETECTION,
    DETECTION_BIAS,
    DROPPING,
    EVERY_EMOTION,
    detection_bias_table,
    detection_table,
    detection_text,
    dropping_table,
)
from maskface.analyses.dose import (
    DOSE,
    HALF_POINTS,
    dose_table,
    half_point_table,
    half_point_text,
)
from maskface.analyses.factorial import FACTORIAL, Cells, crossed, factorial_table, factorial_text
from maskface.analyses.grouping import Moderator, check_set, known_moderators, unknown_text
from maskface.analyses.moderators import (
    GAPS,
    MODERATORS,
    gap_table,
    gap_text,
    moderator_table,
    moderator_text,
)
from maskface.analyses.region_maps import MAPS, REGIONS, map_tables, map_text
from maskface.analyses.transfer import TRANSFER, trained_family, transfer_table, transfer_text
from maskface.stats.intervals import half_reached, monotone

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
