"""From rows of trials or responses to the answers of each reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.findings._answers import NUMBER, ObserverAnswers, PictureAnswers
from maskface.findings._tallies import of_choices, of_yes_no
from maskface.humans import is_yes_no
from maskface.types import EMOTIONS

COLUMNS: Final = (
    "image_id", "subject_id", "label", "condition", "classifier", "predicted", "status",
)  # fmt: skip
"""Columns of the trials that `picture_answers` needs."""


@dataclass
class _Codes:
    """Numbers of names, in the order in which they are met."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, names: pd.Series) -> NDArray[np.int64]:
        where, unique = pd.factorize(names)
        numbers = [self.known.setdefault(str(name), len(self.known)) for name in unique]
        return np.array(numbers, np.int64)[where]


@dataclass
class _Pieces:
    """Answers of one classifier so far: columns of image, condition, label and answer."""

    images: _Codes = field(default_factory=_Codes)
    subjects: list[str] = field(default_factory=list)
    rows: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, piece: pd.DataFrame, conditions: _Codes) -> None:
        image = self.images.of(piece["image_id"])
        new, first = np.unique(image, return_index=True)
        later = new >= len(self.subjects)
        self.subjects += [str(name) for name in piece["subject_id"].iloc[first[later]]]
        columns = [image, conditions.of(piece["condition"])]
        columns += [_numbers(piece[name]) for name in ("label", "predicted")]
        self.rows.append(np.stack(columns).astype(np.int32))

    def finish(self, name: str, conditions: Mapping[str, int]) -> PictureAnswers:
        image, condition, label, answer = np.concatenate(self.rows, axis=1)
        given = np.full((len(self.subjects), len(conditions)), -1, np.int8)
        given[image, condition] = answer
        if (given >= 0).sum() != len(image):
            raise MaskfaceError(
                f"The trials hold two answers of {name} to one picture under one condition."
            )
        shown = np.zeros(len(given), np.int8)
        shown[image] = label
        known = all(self.subjects)
        unit = pd.factorize(np.array(self.subjects, object), sort=True)[0]
        if not known:
            unit = pd.factorize(np.array(list(self.images.known), object), sort=True)[0]
        return PictureAnswers(conditions, unit.astype(np.int64), shown, given)


def _numbers(emotions: pd.Series) -> NDArray[np.int64]:
    numbers = emotions.map(NUMBER)
    if numbers.isna().any():
        unknown = emotions[numbers.isna()].iloc[0]
        raise MaskfaceError(f"The trials hold {unknown!r}, which is none of {', '.join(EMOTIONS)}.")
    return np.asarray(numbers, np.int64)


def observer_answers(responses: pd.DataFrame) -> ObserverAnswers:
    """Bring together what human observers answered.

    Parameters
    ----------
    responses
        In the schema of `maskface.tables.RESPONSES`.
    """
    rows = responses[responses["status"] == "ok"]
    conditions = _Codes()
    conditions.of(responses["condition"])
    side, n = conditions.of(rows["condition"]), len(conditions.known)
    if is_yes_no(rows):
        counts = of_yes_no(rows["observer_id"], side, rows, n_sides=n)
    else:
        answer = rows["predicted"]
        counts = of_choices(rows["observer_id"], side, rows["label"], answer, n_sides=n)
    return ObserverAnswers(conditions.known, counts)


def picture_answers(pieces: Iterable[pd.DataFrame]) -> dict[str, PictureAnswers]:
    """Bring together what each classifier answered.

    Parameters
    ----------
    pieces
        Trials, together or piece by piece, with the columns `COLUMNS`.

    Raises
    ------
    MaskfaceError
        If a picture was answered twice under one condition.
    """
    conditions = _Codes()
    found: dict[str, _Pieces] = {}
    for piece in pieces:
        conditions.of(piece["condition"])  # also of those without any answer
        for name, rows in piece.groupby("classifier", sort=True):
            answered = rows[rows["status"] == "ok"]
            found.setdefault(str(name), _Pieces()).add(answered, conditions)
    return {name: one.finish(name, conditions.known) for name, one in sorted(found.items())}
