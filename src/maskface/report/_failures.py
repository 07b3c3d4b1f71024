"""What could not be read, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from maskface.experiment import Failures
from maskface.tables import PLAIN

_MEANING: Final = {"no_face": "no face was found", "error": "something went wrong"}
_MOST: Final = 5


def failures(found: Failures) -> list[str]:
    """Say how many pictures have trials without an answer, and why.

    Parameters
    ----------
    found
        Trials without an answer.

    Returns
    -------
    list of str
        How many pictures, then for each kind of failure how many, where, and the reasons.
    """
    n, failed = found.n_images, found.trials
    if failed.empty:
        return [f"All {n} pictures were read under every condition."]
    lost = failed["image_id"].nunique()
    return [
        f"{lost} of {n} pictures have trials without an answer. They are in no result; they are "
        "listed in trials.csv, column message.",
        *_kinds(failed),
    ]


def _kinds(failed: pd.DataFrame) -> Iterator[str]:
    for (status, message), rows in _groups(failed)[:_MOST]:
        images = rows["image_id"].nunique()
        conditions = sorted(rows["condition"].unique())
        where = "plain faces included" if PLAIN in conditions else f"under {_some(conditions)}"
        why = _MEANING.get(status, status)
        told = f"In {images} picture{'s' if images > 1 else ''}, {where}, {why}"
        reason = message or "no reason given"
        yield f"{told}: {reason}. For example {rows['image_id'].iloc[0]}."
    further = len(_groups(failed)) - _MOST
    if further > 0:
        yield f"There are {further} further reasons."


def _groups(failed: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Rows by status and message, the most frequent first."""
    groups = [
        ((str(status), str(message)), rows)
        for (status, message), rows in failed.groupby(["status", "message"], sort=True)
    ]
    return sorted(groups, key=lambda group: -group[1]["image_id"].nunique())


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
