"""What a set says of its pictures, and whether that can answer a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from maskface.analyses._grouping import Moderator, require_subjects
from maskface.datasets import load_dataset
from maskface.errors import MaskfaceError

MEASURED: Final = ("face_px", "skin_ita_deg")
"""Attributes that a run measures itself."""


def check_set(data: str, asked: Sequence[Moderator]) -> str:
    """Make sure that the pictures of a set can be grouped by one moderator at least.

    Parameters
    ----------
    data
        As of `maskface.Experiment`.
    asked
        What pictures are to be grouped by.

    Returns
    -------
    str
        `data`.

    Raises
    ------
    MaskfaceError
        If the set cannot be read, its index says nothing of these, or pictures are to be grouped
        by person and some name nobody.
    """
    samples = load_dataset(data).samples
    for by in asked:
        if by.of == "person":
            require_subjects(pd.Series([sample.subject_id for sample in samples]), by.name)
    if not any(by.name in MEASURED for by in asked):
        said = [pair for sample in samples for pair in sample.attributes]
        known_moderators(pd.DataFrame(said, columns=["attribute", "value"]), asked)
    return data


def known_moderators(attributes: pd.DataFrame, asked: Sequence[Moderator]) -> list[Moderator]:
    """Those that some pictures have, with different values.

    Raises
    ------
    MaskfaceError
        If there are none.
    """
    differ = attributes[attributes["value"] != ""].groupby("attribute")["value"].nunique()
    known = [by for by in asked if differ.get(by.name, 0) > 1]
    if not known:
        names = ", ".join(by.name for by in asked)
        raise MaskfaceError(
            f"There is nothing to compare: the set says nothing of {names}, or the same of all "
            "pictures. Add such a column to its index.csv, beside path,emotion,subject."
        )
    return known


def unknown_text(asked: Sequence[Moderator], known: Sequence[Moderator]) -> str:
    """Say what could not be compared, and what to add; empty if nothing is missing."""
    names = ", ".join(by.name for by in asked if by not in known)
    if not names:
        return ""
    return f"Not compared, as index.csv has no such column or one value only: {names}."
