"""What was published on how human observers read covered faces."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Final

import pandas as pd

from maskface.schema import Column, Table

WITHIN: Final = "within observers"
LOSSES: Final = ("loss", "loss of hits")
"""Measures that are a loss themselves, of accuracy and of hits in yes/no designs."""

FINDINGS: Final = Table(
    "findings",
    (
        Column("study", "text", "Authors and year; which study or group, where there are several"),
        Column("year", "whole", "Year of publication", low=1900),
        Column("doi", "text", "DOI; empty where it was not seen"),
        Column("n", "whole", "Observers; empty where the source does not say", low=1),
        Column("population", "text", "Who they were"),
        Column("stimuli", "text", "What they saw"),
        Column(
            "design", "text",
            "`within observers` where the same are known to have seen plain and covered faces; "
            "empty where that was not seen",
            allowed=("", WITHIN),
        ),
        Column("emotion", "text", "The shown emotion, or `all`"),
        Column("condition", "text", "How the face was covered; `none` for the face as it is"),
        Column(
            "measure", "text",
            "accuracy, hit_rate, loss, loss of hits, gain over mask: shares; hu_minus_chance; "
            "dprime; direction: `finding` says it in words",
        ),
        Column("value", "real", "The figure", decimals=4),
        Column("ci_low", "real", "Lower end of its 95 % interval, if there is one", decimals=4),
        Column("ci_high", "real", "Upper end of it", decimals=4),
        Column("claim", "text", "The claim of `maskface compare` that it bears on, if any"),
        Column("finding", "text", "What was found, in words"),
        Column("how_known", "text", "Where the figure was seen"),
    ),
    key=("study", "condition", "measure", "emotion", "claim"),
)  # fmt: skip
"""Published findings, one figure or direction in each row."""


def load_findings() -> pd.DataFrame:
    """Read the published findings that come with the package.

    Returns
    -------
    pandas.DataFrame
        In the schema of `FINDINGS`: human observers, with and without a cover. Each row says
        where it was seen (``how_known``): an abstract, an article's full text or table, a press
        release, or computed from the authors' public trials. Shares are 0 to 1.
    """
    with as_file(files("maskface.findings") / "findings.csv") as path:
        return FINDINGS.read(path)
