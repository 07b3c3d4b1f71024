"""The tables that analyses write: what their columns mean."""

from __future__ import annotations

from typing import Final

from maskface.analyses._columns import (
    HEAD,
    LABEL,
    STANDING,
    interval_columns,
    p_column,
    share,
)
from maskface.schema import Column, Table

_CONTRAST: Final = (
    *HEAD,
    Column("condition", "text", "As in trials"),
    Column("reference", "text", "The condition that it is compared with"),
    LABEL,
    *STANDING,
    share("coverage", "Mean hidden fraction of the face oval under the condition"),
    share("reference_coverage", "The same under the reference"),
    share("value", "Share of right answers under the condition"),
    share("reference_value", "The same under the reference, for the same pictures"),
    Column("difference", "real", "value - reference_value; below 0: the condition hides more"),
    *interval_columns("difference"),
)
_CONTRAST_KEY: Final = ("dataset", "classifier", "condition", "reference", "label")

CONTRASTS: Final = Table(
    "contrasts",
    (
        *_CONTRAST,
        p_column("p_value", "Two-sided cluster permutation test that there is no difference"),
        p_column("p_adjusted", "p_value after Holm; accuracy and the emotions are two families"),
    ),
    key=_CONTRAST_KEY,
)
"""Two occluded conditions on the same pictures, one row for each classifier, pair and emotion."""

STYLES: Final = Table(
    "styles",
    (
        *_CONTRAST,
        Column("bound", "real", "Differences within -bound to +bound do not matter", low=0),
        Column("equivalence_low", "real", "Lower end of the 90 % t interval over units"),
        Column("equivalence_high", "real", "Upper end of it"),
        p_column("equivalence_p", "TOST: small if the difference lies within the bound"),
        p_column("equivalence_p_adjusted", "The same after Holm; accuracy and the emotions apart"),
        Column("equivalent", "whole", "1 if equivalence_p_adjusted < .05, else 0", low=0, high=1),
    ),
    key=_CONTRAST_KEY,
)
"""Contrasts with a test of equivalence."""

DOSE: Final = Table(
    "dose",
    (
        *HEAD,
        Column("series", "text", "How the face is covered more and more"),
        Column("condition", "text", "As in trials; each series begins with `none`"),
        LABEL,
        *STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        share("value", "Share of right answers"),
        Column("value_ci_low", "real", "Lower end of the 95 % interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("loss", "real", "Share of right answers under `none` minus value"),
        *interval_columns("loss"),
    ),
    key=("dataset", "classifier", "series", "label", "coverage", "condition"),
)
"""Right answers by how much of the face is hidden."""

HALF_POINTS: Final = Table(
    "half_points",
    (
        *HEAD,
        Column("series", "text", "As in dose"),
        LABEL,
        *STANDING,
        share("end_coverage", "Mean coverage at the end of the series"),
        Column("end_loss", "real", "Loss there, on the monotone curve"),
        Column(
            "half_point", "real",
            "Coverage at which half of end_loss is reached; empty if nothing is lost there",
            low=0, high=1,
        ),
        *interval_columns("half_point"),
        share("defined", "Share of the resamples that lose something at the end"),
    ),
    key=("dataset", "classifier", "series", "label"),
)  # fmt: skip
"""Where a dose curve has come half of its way."""

APPEARANCE: Final = Table(
    "appearance",
    (
        *HEAD,
        Column("group", "text", "Appearances that belong together"),
        Column("measure", "text", "What value is", allowed=("loss", "range")),
        Column("condition", "text", "As in trials; empty for the range of a group"),
        LABEL,
        *STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        Column(
            "value", "real",
            "loss: right answers under `none` minus under the condition; range: most minus fewest "
            "right answers in the group",
        ),
        *interval_columns("value"),
        Column("by_chance", "real", "Mean range if appearances were exchangeable within units"),
        p_column("p_value", "Share of exchanges with at least this range"),
        p_column("p_adjusted", "p_value after Holm; accuracy and the emotions are two families"),
    ),
    key=("dataset", "classifier", "measure", "group", "condition", "label"),
)  # fmt: skip
"""What appearances of the same shape cost, and how far they lie apart."""
