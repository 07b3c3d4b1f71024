"""From rows of trials or responses to the answers of each reader."""

from __future__ import annotations

from collections.abc import Iterable
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
class _Pictures:
    """Pictures of all classifiers, in the order in which they are met."""

    images: _Codes = field(default_factory=_Codes)
    subjects: list[str] = field(default_factory=list)
    label: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def add(self, piece: pd.DataFrame) -> NDArray[np.int64]:
        """Number the pictures of a piece, and note who is shown and what."""
        image = self.images.of(piece["image_id"])
        new, first = np.unique(image, return_index=True)
        first = first[new >= len(self.subjects)]
        self.subjects += map(str, piece["subject_id"].iloc[first])
        self.label = _grown(self.label, len(self.subjects))
        self.label[image] = _numbers(piece["label"])
        return image

    def units(self) -> NDArray[np.int64]:
        """Number of each picture's subject, or of the picture where one has no subject."""
        names = self.subjects if all(self.subjects) else list(self.images.known)
        return pd.factorize(np.array(names, object), sort=True)[0].astype(np.int64)


@dataclass
class _Given:
    """Answers of one classifier so far, by picture and condition; a byte each."""

    answers: NDArray[np.int8] = field(default_factory=lambda: np.full((0, 0), -1, np.int8))
    rows: int = 0

    def add(
        self, image: NDArray[np.int64], condition: NDArray[np.int64], answer: NDArray[np.int64]
    ) -> None:
        if len(image):
            self.answers = _grown(self.answers, int(image.max()) + 1, int(condition.max()) + 1)
            self.answers[image, condition] = answer
            self.rows += len(image)

    def finish(self, name: str, n: int, m: int) -> NDArray[np.int8]:
        """Return the answers to n pictures under m conditions."""
        if (self.answers >= 0).sum() != self.rows:
            raise MaskfaceError(
                f"The trials hold two answers of {name} to one picture under one condition."
            )
        return _grown(self.answers, n, m)[:n, :m]


def _grown(array: NDArray[np.int8], *shape: int) -> NDArray[np.int8]:
    """Make room for at least so many; what is new is -1."""
    if all(there >= wanted for there, wanted in zip(array.shape, shape, strict=True)):
        return array
    # Half as much again, or every piece would copy all that came before it.
    first = max(shape[0], array.shape[0] * 3 // 2)
    larger = np.full((first, *np.maximum(shape[1:], array.shape[1:])), -1, np.int8)
    larger[tuple(map(slice, array.shape))] = array
    return larger


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
    conditions, pictures = _Codes(), _Pictures()
    found: dict[str, _Given] = {}
    for piece in pieces:
        condition = conditions.of(piece["condition"])  # also of those without any answer
        ok = (piece["status"] == "ok").to_numpy(bool)
        answered = piece[ok]
        image, answer = pictures.add(answered), _numbers(answered["predicted"])
        who, names = pd.factorize(piece["classifier"])
        for number, name in enumerate(names):
            own = who[ok] == number
            found.setdefault(str(name), _Given()).add(image[own], condition[ok][own], answer[own])
    known, units = conditions.known, pictures.units()
    n = len(units)
    return {
        name: PictureAnswers(
            known, units, pictures.label[:n], found[name].finish(name, n, len(known))
        )
        for name in sorted(found)
    }
