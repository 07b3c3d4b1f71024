"""Human observers: read their trial tables, score them, and summarise them like machines."""

from maskface.humans.column_map import ColumnMap, detect_platform, ready_maps
from maskface.humans.scoring import (
    HUMAN,
    Study,
    congruent,
    is_yes_no,
    of_question,
    of_right,
    read_study,
)
from maskface.humans.summary import (
    check_study,
    human_guards,
    odds_ratios,
    require_empty,
    study_text,
    summarize_humans,
    write_study,
)

__all__ = [
    "HUMAN",
    "ColumnMap",
    "Study",
    "check_study",
    "congruent",
    "detect_platform",
    "human_guards",
    "is_yes_no",
    "odds_ratios",
    "of_question",
    "of_right",
    "read_study",
    "ready_maps",
    "require_empty",
    "study_text",
    "summarize_humans",
    "write_study",
]
