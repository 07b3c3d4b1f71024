"""The table of classifiers trained and tested on plain and on masked faces."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import HEAD, LABEL, STANDING, interval_columns, share
from maskface.schema import Column, Table

SPLITS: Final = {
    "loss": (("clean", "plain"), ("clean", "masked")),
    "information": (("clean", "plain"), ("masked", "masked")),
    "shift": (("masked", "masked"), ("clean", "masked")),
    "restored": (("both", "masked"), ("clean", "masked")),
    "price": (("clean", "plain"), ("both", "plain")),
}
"""Differences of right answers between two cells (trained on, tested on), first minus second."""
ACCURACY: Final = "accuracy"
SHARE: Final = "shift_share"
ABOVE_CHANCE: Final = "above_chance"
TRAININGS: Final = ("clean", "masked", "both", "permuted")

TRANSFER: Final = Table(
    "transfer",
    (
        *HEAD,
        Column("family", "text", "Classifiers that differ only in what they learnt from"),
        Column(
            "measure", "text",
            "accuracy: right answers of one cell; loss, information, shift, restored, price: "
            "differences of two cells; shift_share: shift by loss; above_chance: accuracy of the "
            "control minus chance",
            allowed=(ACCURACY, *SPLITS, SHARE, ABOVE_CHANCE),
        ),
        Column(
            "train", "text",
            "What was learnt from; permuted: plain faces with shuffled labels; empty for a number "
            "of two cells",
            allowed=("", *TRAININGS),
        ),
        Column("test", "text", "What was read; empty likewise", allowed=("", "plain", "masked")),
        Column("condition", "text", "The masked condition"),
        LABEL,
        *STANDING,
        Column(
            "n_missing", "whole", "Pictures without an answer in some cell of the family",
            "picture", 0,
        ),
        Column("value", "real", "The number; a share, or a difference of shares"),
        *interval_columns("value"),
        share(
            "chance",
            "Right answers if the same answers were given whatever was shown; of one emotion, how "
            "often it is answered",
        ),
    ),
    key=("dataset", "family", "measure", "train", "test", "label"),
)  # fmt: skip
"""Right answers by what was learnt from and what was read, and what a loss is made of. The column
`classifier` is empty for a number of two cells."""
