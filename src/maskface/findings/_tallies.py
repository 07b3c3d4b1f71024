"""Answers counted by unit, condition, shown emotion and answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.types import EMOTIONS

Array = NDArray[np.float64]


def of_choices(
    unit: pd.Series, side: NDArray[np.int64], label: pd.Series, answer: pd.Series, *, n_sides: int
) -> Array:
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
    codes, shown, given = unit_codes(unit), _numbers(label), _numbers(answer)
    counts = _empty(codes, n_sides)
    said = given >= 0
    np.add.at(counts[:, :, 0], (codes[said], side[said], shown[said], given[said]), 1)
    np.add.at(counts[:, :, 1], (codes, side, shown), 1)
    return counts


def of_yes_no(
    unit: pd.Series, side: NDArray[np.int64], rows: pd.DataFrame, *, n_sides: int
) -> Array:
    """Count answers to "is it ...?": times yes was said, and times the question was asked.

    Parameters
    ----------
    unit, side, n_sides
        As in `of_choices`.
    rows
        n rows with the columns label, question and answer_yes.

    Returns
    -------
    NDArray
        As from `of_choices`, with the emotion asked for in the place of the answer.
    """
    codes, shown, asked = unit_codes(unit), _numbers(rows["label"]), _numbers(rows["question"])
    counts = _empty(codes, n_sides)
    yes = rows["answer_yes"].to_numpy(np.float64)
    np.add.at(counts[:, :, 0], (codes, side, shown, asked), yes)
    np.add.at(counts[:, :, 1], (codes, side, shown, asked), 1)
    return counts


def unit_codes(unit: pd.Series) -> NDArray[np.int64]:
    """Number names in their order."""
    return pd.factorize(unit, sort=True)[0].astype(np.int64)


def _empty(codes: NDArray[np.int64], n_sides: int) -> Array:
    n = int(codes.max(initial=0)) + 1
    return np.zeros((n, n_sides, 2, len(EMOTIONS), len(EMOTIONS)))


def _numbers(emotions: pd.Series) -> NDArray[np.int64]:
    number = {emotion: i for i, emotion in enumerate(EMOTIONS)}
    return np.array([number.get(str(emotion), -1) for emotion in emotions], np.int64)
