"""Answers counted by unit, condition, shown emotion and answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.findings._answers import NUMBER
from maskface.humans import is_yes_no
from maskface.schema import numbered
from maskface.types import EMOTIONS


def of_choices(
    unit: pd.Series, side: NDArray[np.int64], label: pd.Series, answer: pd.Series, *, n_sides: int
) -> Floats:
    """Count answers that were chosen among all emotions.

    Parameters
    ----------
    unit
        Names of the independent units, n of them.
    side
        (n,) number of the condition, from 0.
    label, answer
        Shown emotion and answer; an answer that is no emotion is none of them.
    n_sides
        How many conditions there are.

    Returns
    -------
    NDArray
        (C, sides, 2, 7, 7) by unit (in the order of their names), condition, shown emotion and
        answer: times given, and chances to give it, which are the same for all answers.
    """
    codes, shown = _unit_codes(unit), numbered(label, EMOTIONS)
    given = answer.map(NUMBER).fillna(-1).to_numpy(np.int64)
    counts = _empty(codes, n_sides)
    said = given >= 0
    np.add.at(counts[:, :, 0], (codes[said], side[said], shown[said], given[said]), 1)
    np.add.at(counts[:, :, 1], (codes, side, shown), 1)
    return counts


def of_observers(rows: pd.DataFrame, side: NDArray[np.int64], *, n_sides: int) -> Floats:
    """Count answers of human observers, who are the units.

    Parameters
    ----------
    rows
        n answered ones in the schema of `maskface.tables.RESPONSES`.
    side, n_sides
        As in `of_choices`.

    Returns
    -------
    NDArray
        As from `of_choices`. Of answers to "is it ...?", times yes was said and times the question
        was asked, with the emotion asked for in the place of the answer.
    """
    if is_yes_no(rows):
        return _of_yes_no(rows, side, n_sides)
    answer = rows["predicted"]
    return of_choices(rows["observer_id"], side, rows["label"], answer, n_sides=n_sides)


def _of_yes_no(rows: pd.DataFrame, side: NDArray[np.int64], n_sides: int) -> Floats:
    codes = _unit_codes(rows["observer_id"])
    shown, asked = (numbered(rows[name], EMOTIONS) for name in ("label", "question"))
    counts = _empty(codes, n_sides)
    yes = rows["answer_yes"].to_numpy(np.float64)
    np.add.at(counts[:, :, 0], (codes, side, shown, asked), yes)
    np.add.at(counts[:, :, 1], (codes, side, shown, asked), 1)
    return counts


def _unit_codes(unit: pd.Series) -> NDArray[np.int64]:
    """Number names in their order."""
    return pd.factorize(unit, sort=True)[0].astype(np.int64)


def _empty(codes: NDArray[np.int64], n_sides: int) -> Floats:
    n = int(codes.max(initial=0)) + 1
    return np.zeros((n, n_sides, 2, len(EMOTIONS), len(EMOTIONS)))
