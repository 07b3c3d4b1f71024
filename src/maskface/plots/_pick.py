"""Which rows of a summary a figure shows, and how they are named."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.plots._style import choose, shorten
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

_NAME: Final = 45
"""Letters of a name below a figure at most."""
_LETTERS: Final = 28
"""Letters of a name that stand on one line beside the rows of a figure."""


def of_pair(
    summary: pd.DataFrame, classifier: str | None, condition: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of one classifier: those under a condition, and those of the plain faces.

    Raises
    ------
    MaskfaceError
        If there is no such classifier or condition, or the choice is not clear.
    """
    own = choose(summary, "classifier", classifier)
    covered = own[own["condition"] != PLAIN]
    if covered.empty:
        raise MaskfaceError("The summary holds plain faces alone: there is nothing to compare.")
    return choose(covered, "condition", condition), own[own["condition"] == PLAIN]


def named(rows: pd.DataFrame) -> str:
    """Classifier and condition of rows, as they are written below a figure."""
    first = rows.iloc[0]
    classifier, condition = (
        shorten(str(first[name]), _NAME) for name in ("classifier", "condition")
    )
    return f"{classifier}, plain and under '{condition}'"


def fold(name: str, letters: int = _LETTERS) -> str:
    """Break a long name into lines, after the signs that part its parameters."""
    lines = [""]
    for part in re.findall(r"[^:,+(]+[:,+(]*|[:,+(]+", name):
        if lines[-1] and len(lines[-1] + part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(shorten(line, letters) for line in lines)


def counts(rows: pd.DataFrame) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Confusions of one classifier under one condition.

    Parameters
    ----------
    rows
        As from `of_pair`.

    Returns
    -------
    tuple
        The shown emotions that there are, E of them; and how often each answer was given to each,
        plain and covered, two arrays (E, 7) with answers in the order of `EMOTIONS`.

    Raises
    ------
    MaskfaceError
        If the summary has no counts of answers.
    """
    there = [e for e in EMOTIONS if e in set(rows.loc[rows["metric"] == "recall", "label"])]
    wanted = [f"answered_{emotion}" for emotion in EMOTIONS]
    answered = rows[rows["metric"].isin(wanted)]
    if answered.empty:
        raise MaskfaceError(
            "The summary does not count answers by emotion. Those of `maskface run` do."
        )
    plain, covered = (
        answered.pivot_table(column, "label", "metric", aggfunc="sum")
        .reindex(index=there, columns=wanted, fill_value=0)
        .fillna(0)
        .to_numpy(np.float64)
        for column in ("baseline", "value")
    )
    return there, plain, covered


def shares(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts by row in per cent of the row; NaN where a row is empty."""
    totals = counted.sum(axis=1, keepdims=True)
    filled = np.where(totals > 0, totals, np.nan)
    return np.asarray(100 * counted / filled, np.float64)
