"""What was published on how human observers read covered faces."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Final

import pandas as pd

from maskface.schema import Column, Table

FINDINGS: Final = Table(
    "findings",
    (
        Column("study", "text", "Authors and year; which study or group, where there are several"),
        Column("year", "whole", "Year of publication", low=1900),
        Column("doi", "text", "DOI; empty where it was not seen"),
        Column("n", "whole", "Observers; empty where the source does not say", low=1),
        Column("population", "text", "Who they were"),
        Column("stimuli", "text", "What they saw"),
        Column("emotion", "text", "The shown emotion, or `all`"),
        Column("condition", "text", "How the face was covered; `none` for the face as it is"),
        Column(
            "measure", "text",
            "accuracy, hit_rate, loss, gain over mask: shares; hu_minus_chance; dprime; "
            "direction: `finding` says it in words",
        ),
        Column("value", "real", "The figure", decimals=4),
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


_HITS: Final = ("accuracy", "hit_rate")


def published_losses(findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Losses under a mask of the studies that report right answers plain and masked, or the loss.

    Parameters
    ----------
    findings
        From `load_findings`; loaded if None.

    Returns
    -------
    pandas.DataFrame
        A row for each study and emotion (or ``all``), with the columns study, n, population,
        emotion, measure (``accuracy``, ``hit_rate`` or ``loss``), loss (a share: plain minus
        masked) and how_known, without intervals.
    """
    table = load_findings() if findings is None else findings
    hits = table[table["measure"].isin(_HITS)]
    told = table[(table["measure"] == "loss") & (table["condition"] == "mask")]
    names = ["study", "emotion", "measure"]
    plain, masked = (
        hits[hits["condition"] == condition].set_index(names) for condition in ("none", "mask")
    )
    both = plain.join(masked["value"].rename("masked"), how="inner").reset_index()
    both = both.assign(loss=both["value"] - both["masked"])
    found = pd.concat([both, told.assign(loss=told["value"])], ignore_index=True)
    columns = ["study", "n", "population", "emotion", "measure", "loss", "how_known"]
    return found[columns].sort_values(["study", "emotion"], ignore_index=True)
