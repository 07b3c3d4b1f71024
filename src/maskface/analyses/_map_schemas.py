"""The tables of maps of the face: what their columns mean."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import HEAD, LABEL, STANDING, interval_columns, p_column
from maskface.analyses._map_frame import ELSEWHERE, METHODS, REGIONS_OF
from maskface.schema import Column, Table

MOUTH_MINUS_EYES: Final = "mouth minus eyes"
_REGIONS: Final = (*REGIONS_OF, ELSEWHERE, MOUTH_MINUS_EYES)

_MAP: Final = (
    *HEAD,
    Column("method", "text", "How the map was made", allowed=tuple(METHODS)),
    Column(
        "measure", "text", "p_true: probability of the shown emotion; correct: right answers",
        allowed=("p_true", "correct"),
    ),
    LABEL,
    *STANDING,
)  # fmt: skip
_VALUE: Final = Column(
    "value", "real",
    "spots: measure of the plain face minus that with the spot; bubbles: slope of the measure on "
    "how open the place is, 0 to 1; above 0, the place helps",
)  # fmt: skip

MAPS: Final = Table(
    "maps",
    (
        *_MAP,
        Column("x", "real", "Along the eye line, 0 at the person's right side", low=0, high=1),
        Column("y", "real", "From the top of the forehead, 0, to the chin, 1", low=0, high=1),
        Column("region", "text", "Where that is", allowed=(*REGIONS_OF, ELSEWHERE)),
        _VALUE,
        *interval_columns("value"),
        Column("z", "real", "Score that is tested"),
        p_column("p_adjusted", "Two-sided, over all places of the map, by permutation"),
        Column("significant", "whole", "1 if p_adjusted < .05, else 0", low=0, high=1),
    ),
    key=("dataset", "classifier", "method", "measure", "label", "y", "x"),
)  # fmt: skip
"""What each place of the face is worth to a classifier, for each emotion."""

REGIONS: Final = Table(
    "regions",
    (
        *_MAP,
        Column("region", "text", "Places of the map, averaged", allowed=_REGIONS),
        Column("n_places", "whole", "How many", low=0),
        _VALUE,
        *interval_columns("value"),
    ),
    key=("dataset", "classifier", "method", "measure", "label", "region"),
)
"""The maps by region of the face, which was chosen before any answer was seen."""
