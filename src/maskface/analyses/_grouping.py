"""Groups of pictures by what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import pandas as pd

from maskface.errors import MaskfaceError

MOST_LEVELS: Final = 5
"""Numbers that take no more values than this are groups as they are."""
HALVES: Final = ("lower half", "upper half")


@dataclass(frozen=True, slots=True)
class Moderator:
    """What pictures are grouped by.

    Attributes
    ----------
    name
        The attribute.
    of
        ``picture``, or ``person`` if all pictures of a person belong in one group: numbers are
        then the median of the person's pictures.
    cuts
        For numbers: where groups end; a value at a cut belongs to the upper group. Without cuts a
        number of few different values is taken as it is, and others are halved at the median: of
        people, or of the pictures of each emotion, so that both halves hold the same emotions.
    """

    name: str
    of: Literal["picture", "person"] = "picture"
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Pictures in groups.

    Attributes
    ----------
    names
        Of the groups, in order.
    number
        Of each picture's group, by image_id; pictures of which nothing is known are not there.
    """

    names: tuple[str, ...]
    number: pd.Series


def attribute_values(attributes: pd.DataFrame, name: str) -> pd.Series:
    """Values of an attribute by image_id; what the index says goes before what was measured.

    Raises
    ------
    MaskfaceError
        If no picture has the attribute.
    """
    own = attributes[(attributes["attribute"] == name) & (attributes["value"] != "")]
    if own.empty:
        there = ", ".join(sorted(set(attributes["attribute"]))) or "none"
        raise MaskfaceError(
            f"The pictures have no attribute {name!r}; they have: {there}. Add a column {name} to "
            "the set's index.csv (path,emotion,subject,...) and run it anew."
        )
    own = own.sort_values("source", kind="stable").drop_duplicates("image_id")
    return own.set_index("image_id")["value"]


def group_pictures(trials: pd.DataFrame, attributes: pd.DataFrame, by: Moderator) -> Groups:
    """Group the pictures of a run.

    Parameters
    ----------
    trials, attributes
        In the schemas of `maskface.tables.TRIALS` and `maskface.tables.ATTRIBUTES`.
    by
        What by.

    Raises
    ------
    MaskfaceError
        If the pictures lack the attribute, all have the same value, or they are to be grouped by
        person and some name none or contradict each other.
    """
    pictures = trials.drop_duplicates("image_id").set_index("image_id")
    text = attribute_values(attributes, by.name)
    text = text[text.index.isin(pictures.index)]
    numbers = pd.to_numeric(text, errors="coerce")
    numeric = bool(np.isfinite(numbers).all())
    values = numbers.astype(float) if numeric else text
    if by.of == "person":
        values = _of_people(values, pictures["subject_id"], by.name)
    names, number = _split(values, pictures, by) if numeric else _levels(values)
    there = sorted(set(number))
    if len(there) < 2:
        got = f"{names[there[0]]!r} throughout" if there else "empty"
        raise MaskfaceError(
            f"Attribute {by.name!r} is {got}: there are no two groups to compare. Choose a set "
            "where it differs."
        )
    number = number.map({old: new for new, old in enumerate(there)})
    return Groups(tuple(names[i] for i in there), number)


def require_subjects(subjects: pd.Series, name: str) -> None:
    """Refuse to group people where some picture does not say who is shown.

    Raises
    ------
    MaskfaceError
        If it does not.
    """
    if (subjects == "").any():
        raise MaskfaceError(
            f"Grouping by {name!r} needs to know who is shown. Add a column subject to the set's "
            "index.csv."
        )


def _of_people(values: pd.Series, subjects: pd.Series, name: str) -> pd.Series:
    """Give all pictures of a person one value."""
    own = subjects.reindex(values.index)
    require_subjects(own, name)
    if pd.api.types.is_numeric_dtype(values):
        return values.groupby(own).transform("median")
    several = values.groupby(own).nunique()
    if (several > 1).any():
        who = several.idxmax()
        found = ", ".join(sorted(set(values[own == who])))
        raise MaskfaceError(
            f"Subject {who} has several values of {name!r}: {found}. Write one in index.csv."
        )
    return values


def _levels(values: pd.Series) -> tuple[Sequence[str], pd.Series]:
    levels = sorted(set(values))
    names = [f"{v:g}" if isinstance(v, float) else str(v) for v in levels]
    return names, values.map({level: i for i, level in enumerate(levels)})


def _split(
    values: pd.Series, pictures: pd.DataFrame, by: Moderator
) -> tuple[Sequence[str], pd.Series]:
    if by.cuts:
        number = np.searchsorted(by.cuts, values.to_numpy(float), side="right")
        return _band_names(by.cuts), pd.Series(number, values.index)
    if values.nunique() <= MOST_LEVELS:
        return _levels(values)
    if by.of == "person":
        middle = values.groupby(pictures["subject_id"].reindex(values.index)).first().median()
        names = (f"up to {middle:g}", f"above {middle:g}")
        return names, (values > middle).astype(int)
    middles = values.groupby(pictures["label"].reindex(values.index)).transform("median")
    return HALVES, (values > middles).astype(int)


def _band_names(cuts: Sequence[float]) -> list[str]:
    between = [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    return [f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} and over"]
