"""Tables that count one answer: what their columns mean."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import HEAD, STANDING, interval_columns, p_column
from maskface.schema import Column, Table
from maskface.types import EMOTIONS

OTHERS: Final = "others"
SHOWN: Final = (*EMOTIONS, OTHERS)
"""What an answer can be given to: faces that show an emotion, and all that do not show it."""
MEASURES: Final = ("share", "probability", "dprime", "criterion")
CELLS: Final = ("neither", "first", "second", "both")
EFFECTS: Final = ("first alone", "first given second", "second alone", "interaction")
FACTORIAL: Final = Table(
    "factorial",
    (
        *HEAD,
        Column("first", "text", "The condition of the first thing alone"),
        Column("second", "text", "The condition of the second thing alone"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "measure", "text", "share: of such answers; probability: mean given to the answer; "
            "dprime and criterion: sensitivity and bias of the answer, such faces against others",
            allowed=MEASURES,
        ),
        Column("label", "text", "The emotion shown; others: all but the answer", allowed=SHOWN),
        Column(
            "quantity", "text", "A cell, or an effect: first alone: first - neither; first given "
            "second: both - second; second alone: second - neither; interaction: first given "
            "second - first alone", allowed=(*CELLS, *EFFECTS),
        ),
        *STANDING,
        Column("value", "real", "The cell's value or the effect"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that an effect is 0"),
        p_column("p_adjusted", "p_value after Holm, over the tests of the same measure; for shares "
                 "and probabilities faces that show the answer are a family of their own"),
    ),
    key=("dataset", "classifier", "first", "second", "answer", "measure", "label", "quantity"),
)  # fmt: skip
"""Two by two conditions on the same pictures."""

QUANTITIES: Final = (
    "plain", "masked", "change",
    "plain against upper", "plain against lower", "masked against upper", "masked against lower",
)  # fmt: skip
CONCEALED: Final = Table(
    "concealed",
    (
        *HEAD,
        Column("kind", "text", "How the face was made, as in attributes"),
        Column("upper", "text", "The emotion of its upper half", allowed=EMOTIONS),
        Column("lower", "text", "The emotion of its lower half", allowed=EMOTIONS),
        Column("mask", "text", "The condition that counts as masked"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "quantity", "text", "plain, masked: share of the answer; change: masked - plain; "
            "against upper (lower): the share minus that of whole faces with the emotion of the "
            "upper (lower) half, both plain or both masked", allowed=QUANTITIES,
        ),
        *STANDING,
        Column("value", "real", "The share or the difference"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that a difference is 0"),
        p_column("p_adjusted", "p_value after Holm, over the same quantity, kind and answer"),
    ),
    key=("dataset", "classifier", "kind", "upper", "lower", "mask", "answer", "quantity"),
)  # fmt: skip
"""What composite faces, and the whole faces that they are made of, are taken for."""
