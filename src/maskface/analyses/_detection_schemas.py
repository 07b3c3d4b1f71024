"""The tables of faces that are, or are not, found again: what their columns mean."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import HEAD, LABEL, STANDING, interval_columns, share
from maskface.schema import Column, Table
from maskface.types import EMOTIONS

OTHERS: Final = "others"
"""Stands for the mean over all other emotions."""
_WHERE: Final = (
    Column("condition", "text", "As in trials"),
    Column("search", "text", "As in detections", allowed=("never", "scenes")),
    Column("face_px", "whole", "As in detections; 0: the picture as it is", "pixel", 0),
)
_AT: Final = ("condition", "search", "face_px")

DETECTION: Final = Table(
    "detection",
    (
        *HEAD[:2],
        Column(
            "measure", "text",
            "found: share of faces found; drift_visible, drift_hidden: mean distance of landmarks "
            "from where they are in the plain picture, by that between the eyes' outer corners",
            allowed=("found", "drift_visible", "drift_hidden"),
        ),
        *_WHERE,
        LABEL,
        *STANDING,
        Column("value", "real", "The measure", low=0),
        *interval_columns("value"),
    ),
    key=("dataset", "measure", *_AT, "label"),
)  # fmt: skip
"""How often faces are found, and how far their landmarks drift."""

DETECTION_BIAS: Final = Table(
    "detection_bias",
    (
        *HEAD[:2],
        *_WHERE,
        Column("label", "text", "An emotion", allowed=EMOTIONS),
        Column(
            "reference", "text", "Another one; others: the mean over all others",
            allowed=(*EMOTIONS, OTHERS),
        ),
        *STANDING,
        share("value", "Share of faces with the emotion that are found"),
        share("reference_value", "The same of the reference"),
        Column("difference", "real", "value - reference_value; above 0: found more often"),
        *interval_columns("difference"),
    ),
    key=("dataset", *_AT, "label", "reference"),
)  # fmt: skip
"""Whether faces with one emotion are found more often than others."""

DROPPING: Final = Table(
    "dropping",
    (
        *HEAD,
        *_WHERE,
        LABEL,
        *STANDING,
        Column("n_found", "whole", "Those of the pictures whose face is found", "picture", 0),
        share("value", "Share of right answers, of all pictures"),
        share("found_value", "The same of those whose face is found"),
        Column("difference", "real", "found_value - value: what dropping the others pretends"),
        *interval_columns("difference"),
    ),
    key=("dataset", "classifier", *_AT, "label"),
)
"""What becomes of accuracy if pictures whose face is not found are dropped."""
