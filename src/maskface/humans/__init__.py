"""Human observers: read their trial tables, score them, and summarise them like machines."""

from maskface.humans._guards import human_guards
from maskface.humans._map import ColumnMap
from maskface.humans._odds import odds_ratios
from maskface.humans._ready import detect_platform, ready_maps
from maskface.humans._recode import congruent, is_yes_no, of_question, of_right
from maskface.humans._study import HUMAN, Study, read_study
from maskface.humans._summary import summarize_humans
from maskface.humans._text import study_text
from maskface.humans._write import require_empty, write_study

__all__ = [
    "HUMAN",
    "ColumnMap",
    "Study",
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
