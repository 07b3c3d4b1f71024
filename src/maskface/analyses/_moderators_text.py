"""Differences between groups as sentences, with what the set could have shown."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from maskface.analyses._schemas_moderators import DIFFERENCE, SAME_MIX, UNLIKE
from maskface.analyses._words import limits_text
from maskface.text import p_text, percent, points

_ALPHA: Final = 0.05
_FOOT: Final = (
    "p: after Holm over all these differences. Not shown is no evidence that there is none: all "
    "that\nlies in the interval remains possible. What a set can show: with power .8, in a single "
    "test at .05."
)


def moderator_text(moderators: pd.DataFrame) -> str:
    """Say what each group loses over all emotions, and how sure it is that groups differ.

    Parameters
    ----------
    moderators
        In the schema of `maskface.analyses.MODERATORS`.

    Returns
    -------
    str
        With every difference stands what the set could have shown, so that a null is not taken
        for the absence of a difference.
    """
    overall = moderators[moderators["label"] == "all"]
    lines = [
        line
        for (classifier, attribute), rows in overall.groupby(["classifier", "attribute"], sort=True)
        for line in [
            f"{classifier}, by {attribute}:",
            *(_group_line(row) for row in _of(rows, "loss")),
            *(_pair_lines(row, rows) for row in _of(rows, DIFFERENCE)),
        ]
    ]
    return "\n".join([*lines, _FOOT])


def _of(rows: pd.DataFrame, measure: str) -> list[dict[Any, Any]]:
    return rows[rows["measure"] == measure].to_dict("records")


def _group_line(row: Any) -> str:
    units = f"{row['n']} pictures of {row['n_clusters']} {row['clustered_by']}s"
    return f"  {row['group']}: {points(row['value'])} points lost {limits_text(row)} ({units})"


def _pair_lines(row: Any, rows: pd.DataFrame) -> str:
    lines = [
        f"  {row['group']} minus {row['reference']}: {points(row['value'])} points "
        f"{limits_text(row)}, p {p_text(row['p_adjusted'])}{_verdict(row)}; {_power(row)}"
    ]
    if row["caution"]:
        lines.append(f"    Caution: {row['caution']}{_at_same_mix(row, rows)}")
    return "\n".join(lines)


def _at_same_mix(row: Any, rows: pd.DataFrame) -> str:
    """Say what the difference is with the same emotions, where these are not equally frequent."""
    if UNLIKE not in row["caution"]:
        return ""
    pair = rows[(rows["group"] == row["group"]) & (rows["reference"] == row["reference"])]
    same = _of(pair, SAME_MIX)[0]
    if pd.isna(same["value"]):
        return ", and none is in both"
    return f"; as if they were: {points(same['value'])} {limits_text(same)}"


def _verdict(row: Any) -> str:
    shown = not pd.isna(row["p_adjusted"]) and row["p_adjusted"] < _ALPHA
    return "" if shown else ", not shown"


def _power(row: Any) -> str:
    if pd.isna(row["detectable"]):
        return "what this set could show is not known"
    if row["detectable"] > 1:
        return "this set is too small to show any"
    return f"this set can show {percent(row['detectable'])} points or more"
