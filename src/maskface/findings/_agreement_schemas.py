"""The tables of humans beside machines: what their columns mean."""

from __future__ import annotations

from typing import Final

from maskface.schema import Column, Table
from maskface.types import EMOTIONS

PATTERNS: Final = ("loss", "plain", "masked", "change")
_UNITS: Final = ("subject", "image", "observer", "")
_WHO: Final = (
    Column("run_id", "text", "As in trials, or of the study"),
    Column("dataset", "text", "As in trials, or the study"),
    Column("classifier", "text", "As in trials; `human` for observers"),
    Column("condition", "text", "As in trials: how the face was covered"),
    Column("humans", "text", "The human study that the run is compared with"),
    Column(
        "pattern", "text",
        "loss: right answers to each emotion, plain minus covered; plain, masked: share of each "
        "wrong answer to each emotion; change: masked minus plain",
        allowed=PATTERNS,
    ),
)  # fmt: skip
_STANDING: Final = (
    Column("n", "whole", "Pictures (or trials) with an answer plain and covered", low=0),
    Column("n_clusters", "whole", "Independent units; empty where nobody knows", low=0),
    Column("clustered_by", "text", "What these are", allowed=_UNITS),
)
_INTERVAL: Final = (
    Column("ci_low", "real", "Lower end of the 95 % interval of value"),
    Column("ci_high", "real", "Upper end of it"),
    Column("interval", "text", "What kind of interval that is; empty if there is none"),
)

AGREEMENT: Final = Table(
    "agreement",
    (
        *_WHO,
        Column("statistic", "text", "Kind of correlation", allowed=("pearson", "spearman")),
        *_STANDING,
        Column("n_observers", "whole", "Human observers", low=0),
        Column("n_emotions", "whole", "Emotions that both were shown and could answer", low=0),
        Column("n_cells", "whole", "Numbers that are correlated", low=0),
        Column("value", "real", "The correlation; empty if one side is constant", low=-1, high=1),
        *_INTERVAL,
        Column(
            "p_value", "real", "Two-sided, exact: all ways to exchange the names of emotions",
            low=0, high=1, decimals=12,
        ),
    ),
    key=("dataset", "classifier", "condition", "humans", "pattern", "statistic"),
)  # fmt: skip
"""How far a classifier goes wrong as people do."""

CELLS: Final = Table(
    "agreement_cells",
    (
        *_WHO,
        Column("label", "text", "The shown emotion", allowed=EMOTIONS),
        Column("answer", "text", "The answer; the label in losses", allowed=EMOTIONS),
        *_STANDING,
        Column("value", "real", "A share, or a difference of shares", low=-1, high=1),
        *_INTERVAL,
    ),
    key=("humans", "dataset", "classifier", "condition", "pattern", "label", "answer"),
)
"""The numbers that were correlated, of classifiers and of people."""
