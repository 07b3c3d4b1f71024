"""From rows of trials or responses to the answers of each reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.findings._answers import ObserverAnswers, PictureAnswers
from maskface.findings._tallies import of_observers
from maskface.schema import numbered
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
        if (where < 0).any():
            raise MaskfaceError(
                f"A row of the table has no {names.name}. Fill in every cell of that column."
            )
        numbers = [self.known.setdefault(str(name), len(self.known)) for name in unique]
        return np.array(numbers, np.int64)[where]


@dataclass
class _Pictures:
    """Pictures of all classifiers, in the order in which they are met."""

    images: _Codes = field(default_factory=_Codes)
    subjects: list[str] = field(default_factory=list)
    nameless: set[str] = field(default_factory=set)
    """Classifiers with a trial that does not say who is shown, answered or not."""
    label: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def add(self, piece: pd.DataFrame) -> NDArray[np.int64]:
        """Number the pictures of a piece, and note who is shown and what."""
        image = self.images.of(piece["image_id"])
        new, first = np.unique(image, return_index=True)
        who = piece["subject_id"].iloc[first].to_numpy(object)
        self.subjects += [""] * (len(self.images.known) - len(self.subjects))
        for number, name in zip(new, who, strict=True):
            self.subjects[number] = self.subjects[number] or str(name)
        self.label = _grown(self.label, len(self.subjects))
        self.label[image] = numbered(piece["label"], EMOTIONS)
        return image

    def note_nameless(self, piece: pd.DataFrame) -> None:
        """Note whose trials do not all say who is shown, those without an answer too."""
        unknown = (piece["subject_id"] == "").to_numpy(bool)
        self.nameless.update(map(str, piece["classifier"][unknown].unique()))

    def units(self, classifier: str) -> NDArray[np.int64]:
        """Number of each picture's subject, or of the picture: the units of the summary."""
        names = list(self.images.known) if classifier in self.nameless else self.subjects
        return pd.factorize(np.array(names, object), sort=True)[0].astype(np.int64)


@dataclass
class _Given:
    """Answers of one classifier so far, by picture and condition; a byte each."""

    answers: NDArray[np.int8] = field(default_factory=lambda: np.full((0, 0), -1, np.int8))

    def add(
        self, image: NDArray[np.int64], condition: NDArray[np.int64], answer: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Add answers, and say which of them had been given before."""
        if not len(image):
            return np.zeros(0, bool)
        self.answers = _grown(self.answers, int(image.max()) + 1, int(condition.max()) + 1)
        cell = pd.Series(image * self.answers.shape[1] + condition)
        again = cell.duplicated().to_numpy(bool) | (self.answers[image, condition] >= 0)
        self.answers[image, condition] = answer
        return again

    def finish(self, n: int, m: int) -> NDArray[np.int8]:
        """Return the answers to n pictures under m conditions."""
        return _grown(self.answers, n, m)[:n, :m]


def _refuse_second(rows: pd.DataFrame) -> None:
    """Refuse answers that had been given before; `rows` may be none."""
    if len(rows):
        one = rows.iloc[0]
        raise MaskfaceError(
            f"The trials hold two answers of {one['classifier']} to the picture {one['image_id']} "
            f"under {one['condition']}. Delete the row that is not wanted, then type `maskface "
            "summarize` with the folder."
        )


def _grown(array: NDArray[np.int8], *shape: int) -> NDArray[np.int8]:
    """Make room for at least so many; what is new is -1."""
    if all(there >= wanted for there, wanted in zip(array.shape, shape, strict=True)):
        return array
    # Half as much again, or every piece would copy all that came before it.
    first = max(shape[0], array.shape[0] * 3 // 2)
    larger = np.full((first, *np.maximum(shape[1:], array.shape[1:])), -1, np.int8)
    larger[tuple(map(slice, array.shape))] = array
    return larger


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
    side = conditions.of(rows["condition"])
    counts = of_observers(rows, side, n_sides=len(conditions.known))
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
        pictures.note_nameless(piece)
        image, answer = pictures.add(answered), numbered(answered["predicted"], EMOTIONS)
        who, names = pd.factorize(piece["classifier"])
        for number, name in enumerate(names):
            own = who[ok] == number
            given = found.setdefault(str(name), _Given())
            again = given.add(image[own], condition[ok][own], answer[own])
            _refuse_second(answered[own][again])
    known, n = conditions.known, len(pictures.subjects)
    return {
        name: PictureAnswers(
            known, pictures.units(name), pictures.label[:n], found[name].finish(n, len(known))
        )
        for name in sorted(found)
    }
