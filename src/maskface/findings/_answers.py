"""Answers of one reader under all conditions, and how often one was given under two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

_E: Final = len(EMOTIONS)
NUMBER: Final = {emotion: i for i, emotion in enumerate(EMOTIONS)}


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often an answer was given under two conditions.

    Attributes
    ----------
    totals
        (C, 2, 2, E): unit; reference and condition; times given, and chances to give it; shown
        emotion.
    there
        (C,) bool: units with answers under both. Others count nothing.
    observers
        Whether units are human observers.
    """

    totals: Floats
    there: NDArray[np.bool_]
    observers: bool = False


class Answers(Protocol):
    """Answers of one reader."""

    def right(self, reference: str, condition: str) -> Counts:
        """Right answers to each emotion, E = 7."""

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """How often faces that show the one emotion were taken for the other, E = 1."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureAnswers:
    """One answer to each picture under each condition; pairs are of the same pictures.

    Attributes
    ----------
    conditions
        Number of each.
    unit
        (n,) number of the subject, or of the picture where one has no subject.
    label
        (n,) index into `EMOTIONS`.
    answer
        (n, conditions) index into `EMOTIONS`; -1 where there is none.
    """

    conditions: Mapping[str, int]
    unit: NDArray[np.int64]
    label: NDArray[np.int8]
    answer: NDArray[np.int8]

    def right(self, reference: str, condition: str) -> Counts:
        """Right answers to each emotion, E = 7."""
        return self._given(reference, condition, np.ones(len(self.label), bool), self.label)

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """How often faces that show the one emotion were taken for the other, E = 1."""
        wanted = np.full(len(self.label), NUMBER[target], np.int8)
        shows = self.label == NUMBER[source]
        found = self._given(reference, condition, shows, wanted)
        return Counts(found.totals.sum(axis=-1, keepdims=True), found.there)

    def _given(
        self, reference: str, condition: str, rows: NDArray[np.bool_], wanted: NDArray[np.int8]
    ) -> Counts:
        sides = [self.answer[:, at] for at in _places(self.conditions, reference, condition)]
        both = rows & (sides[0] >= 0) & (sides[1] >= 0)
        cell = self.unit * _E + self.label
        n = int(self.unit.max(initial=-1) + 1)
        shown = _tally(cell[both], n)
        given = [_tally(cell[both & (side == wanted)], n) for side in sides]
        totals = np.stack([np.stack([one, shown], axis=1) for one in given], axis=1)
        return Counts(totals, np.asarray(shown.any(axis=1)))


def _tally(cell: NDArray[np.int64], n: int) -> Floats:
    return np.bincount(cell, minlength=n * _E).reshape(n, _E).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ObserverAnswers:
    """Answers of human observers, who need not have seen the same pictures under all conditions.

    Attributes
    ----------
    conditions
        Number of each.
    counts
        (C, conditions, 2, 7, 7) by observer, condition, shown emotion and answer: times given, and
        chances to give it. See `maskface.findings._tallies`.
    """

    conditions: Mapping[str, int]
    counts: Floats

    def right(self, reference: str, condition: str) -> Counts:
        """Right answers to each emotion, E = 7."""
        return self._of(np.diagonal(self._pair(reference, condition), axis1=-2, axis2=-1))

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """How often faces that show the one emotion were taken for the other, E = 1."""
        pair = self._pair(reference, condition)
        return self._of(pair[..., NUMBER[source], [NUMBER[target]]])

    def _pair(self, reference: str, condition: str) -> Floats:
        return self.counts[:, _places(self.conditions, reference, condition)]

    @staticmethod
    def _of(totals: Floats) -> Counts:
        there = (totals[:, :, 1].sum(axis=-1) > 0).all(axis=1)
        return Counts(np.where(there[:, None, None, None], totals, 0.0), there, observers=True)


def _places(conditions: Mapping[str, int], *names: str) -> list[int]:
    missing = [name for name in names if name not in conditions]
    if missing:
        raise MaskfaceError(
            f"The summary has a condition {missing[0]}, but the trials have not. Type `maskface "
            "summarize` to bring the summary up to date."
        )
    return [conditions[name] for name in names]
