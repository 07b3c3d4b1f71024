"""The tables of losses by what is known of a picture or of a person."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import HEAD, LABEL, STANDING, interval_columns, p_column
from maskface.schema import Column, Table

GROUP_MEASURES: Final = ("plain", "masked", "loss")
DIFFERENCE: Final = "difference"
SAME_MIX: Final = "difference_same_mix"
UNLIKE: Final = "emotions are not equally frequent in both groups"
PERMUTATION: Final = "studentised permutation of subjects"
FLIPS: Final = "sign flips of subjects"
OF_IMAGES: Final = "studentised permutation of images"
TESTS: Final = (PERMUTATION, FLIPS, OF_IMAGES)

_GROUPS: Final = (
    *HEAD,
    Column("attribute", "text", "What the pictures are grouped by"),
    Column("condition", "text", "The occluded condition; the loss is none minus this"),
)
_REFERENCE: Final = Column(
    "reference", "text", "The group that it is compared with; empty for a number of one group"
)
_PLACE: Final = Column("place", "whole", "Place of the group in their order, from 0", low=0)
_N_FEWEST: Final = Column("n_fewest", "whole", "Units in the smaller of the groups", low=0)

MODERATORS: Final = Table(
    "moderators",
    (
        *_GROUPS,
        Column(
            "measure", "text",
            "plain, masked: share of right answers; loss: plain minus masked; difference: loss of "
            "the group minus loss of the reference; difference_same_mix: the same as if emotions "
            "were equally frequent in both",
            allowed=(*GROUP_MEASURES, DIFFERENCE, SAME_MIX),
        ),
        _PLACE,
        Column("group", "text", "Which pictures"),
        _REFERENCE,
        LABEL,
        *STANDING,
        _N_FEWEST,
        Column("value", "real", "The number, a share or a difference of shares"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided test that both groups lose the same; of differences"),
        p_column("p_adjusted", "p_value after Holm; accuracy and the emotions are two families"),
        Column("test", "text", "Which test", allowed=("", *TESTS)),
        Column(
            "detectable", "real",
            "The smallest true difference that such a set finds with power .8 in one two-sided "
            "test at .05; empty if the set does not tell",
            low=0,
        ),
        Column("caution", "text", "Why the difference may not bear its claim; empty if not seen"),
    ),
    key=("dataset", "classifier", "attribute", "measure", "place", "reference", "label"),
)  # fmt: skip
"""What groups of pictures lose, and how their losses differ."""

GAPS: Final = Table(
    "emotion_gaps",
    (
        *_GROUPS,
        Column("first", "text", "An emotion"),
        Column("second", "text", "The emotion that it is compared with"),
        _PLACE,
        Column("group", "text", "Which pictures"),
        _REFERENCE,
        *STANDING,
        _N_FEWEST,
        Column("loss_first", "real", "Loss of the first emotion; empty for a number of two groups"),
        Column("loss_second", "real", "Loss of the second; likewise"),
        Column(
            "value", "real",
            "loss_first minus loss_second; with a reference, that minus the reference's",
        ),
        *interval_columns("value"),
    ),
    key=("dataset", "classifier", "attribute", "first", "second", "place", "reference"),
)  # fmt: skip
"""Which of two emotions loses more, in each group of pictures."""
