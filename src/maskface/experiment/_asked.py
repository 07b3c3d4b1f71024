"""Classifiers, as they are asked while pictures are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from maskface.classifiers import Classifier, Trainable, checked_answers, checked_features
from maskface.types import Face


@dataclass(frozen=True, slots=True)
class Asked:
    """A classifier, and what has to be known of it for every picture.

    Whether something fits a protocol takes as long to find out as making a row, so it is found
    out once.

    Attributes
    ----------
    name
        What its rows are named after while pictures are read.
    needs
        What it reads of a face.
    learns
        Whether it has to be trained, so that faces are only measured for it.
    ask
        From faces to answers or, if it learns, to features; `ValueError` if they are neither.
    """

    name: str
    needs: frozenset[str]
    learns: bool
    ask: Callable[[Sequence[Face]], NDArray[Any]]

    @classmethod
    def of(cls, classifier: Classifier | Trainable) -> Self:
        """Look at a classifier."""
        if isinstance(classifier, Trainable):
            measure = classifier.features
            return cls(
                classifier.measures, classifier.needs, learns=True,
                ask=lambda faces: checked_features(measure(faces), len(faces)),
            )  # fmt: skip
        read = classifier.predict_proba
        return cls(
            classifier.name, classifier.needs, learns=False,
            ask=lambda faces: checked_answers(read(faces), len(faces)),
        )  # fmt: skip


def asked(classifiers: Iterable[Classifier | Trainable]) -> tuple[Asked, ...]:
    """Look at classifiers; those that measure what one after them does are left out."""
    named = {one.name: one for one in map(Asked.of, classifiers)}
    return tuple(named.values())
