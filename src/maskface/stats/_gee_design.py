"""Design of a logistic regression in which each emotion has its own odds ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Which rows belong to which cell of the design.

    Attributes
    ----------
    design
        (n, E + K E): the level of each emotion, then its change under each of K conditions.
    emotions, conditions
        In the order of the columns; without the reference.
    member
        (n,) whether a row is in the cell, by condition and emotion.
    """

    design: NDArray[np.float64]
    emotions: tuple[str, ...]
    conditions: tuple[str, ...]
    member: dict[tuple[str, str], NDArray[np.bool_]]


def make_cells(conditions: pd.Series, emotions: pd.Series, reference: str) -> Cells:
    """Lay out the design of rows with these conditions and emotions."""
    others = tuple(sorted(set(conditions) - {reference}))
    names = tuple(sorted(set(emotions)))
    of_condition = {name: (conditions == name).to_numpy() for name in (reference, *others)}
    of_emotion = {name: (emotions == name).to_numpy() for name in names}
    member = {(c, e): of_condition[c] & of_emotion[e] for c in of_condition for e in names}
    columns = [of_emotion[e] for e in names] + [member[c, e] for c in others for e in names]
    return Cells(np.column_stack(columns).astype(float), names, others, member)


def check_columns(
    data: pd.DataFrame, columns: Sequence[str], reference: str, condition: str
) -> None:
    """Refuse data without the columns, the reference, or another condition."""
    missing = [name for name in columns if name not in data]
    if missing:
        raise MaskfaceError(f"The data lack the columns {', '.join(missing)}.")
    found = sorted(set(data[condition].dropna().astype(str)))
    if reference not in found or len(found) < 2:
        raise MaskfaceError(
            f"The model needs the condition {reference!r} and at least one other, but the data "
            f"hold {', '.join(found) or 'none'}. Name the reference with reference=."
        )


def check_cells(cells: Cells, right: NDArray[np.float64]) -> None:
    """Refuse cells whose odds are 0, infinite or unknown: the fit would run away."""
    for (condition, emotion), member in cells.member.items():
        n, hits = int(member.sum()), int(right[member].sum())
        if hits in (0, n):
            raise MaskfaceError(
                f"{hits} of {n} answers are right for condition {condition!r}, emotion "
                f"{emotion!r}: odds ratios are not finite there. Leave it out, or use the "
                "permutation test."
            )
