"""Columns that the tables of analyses share."""

from __future__ import annotations

from typing import Final

from maskface.schema import Column
from maskface.types import EMOTIONS

HEAD: Final = (
    Column("run_id", "text", "As in trials"),
    Column("dataset", "text", "As in trials"),
    Column("classifier", "text", "As in trials"),
)
LABEL: Final = Column(
    "label", "text", "The true emotion; `all` over all", allowed=("all", *EMOTIONS)
)
STANDING: Final = (
    Column("n", "whole", "Pictures with an answer under all conditions compared", "picture", 0),
    Column("n_clusters", "whole", "Independent units that showed the emotion", low=0),
    Column(
        "clustered_by", "text", "What these are; image: images treated as independent",
        allowed=("subject", "image"),
    ),
)  # fmt: skip


def share(name: str, description: str) -> Column:
    """Column of a share, 0 to 1."""
    return Column(name, "real", description, low=0, high=1)


def p_column(name: str, description: str) -> Column:
    """Column of a p value."""
    return Column(name, "real", description, low=0, high=1, decimals=12)


def interval_columns(of: str) -> tuple[Column, Column, Column]:
    """Columns of a 95 % interval and its kind."""
    return (
        Column("ci_low", "real", f"Lower end of the 95 % interval of {of}"),
        Column("ci_high", "real", "Upper end of it"),
        Column("interval", "text", "What kind of interval that is; empty if there is none"),
    )
