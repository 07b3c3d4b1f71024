"""Protocols of emotion classifiers, and checks of what they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields, is_dataclass
from typing import Any, Final, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskface.types import EMOTIONS, Face

NEEDS: Final = frozenset({"crop", "landmarks", "covered", "redetected"})
"""What a classifier may read of a `Face`. Faces are looked for again in the occluded picture only
if one needs ``"redetected"``; where none is found then, there is no answer."""

NOT_AGAIN: Final = "no face found in the occluded picture"
"""Message of a face that is not found in the occluded picture, for a classifier that needs it."""
_ROUNDING: Final = 1e-6


@runtime_checkable
class Named(Protocol):
    """What results say of a classifier."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads, out of `NEEDS`."""

    @property
    def fingerprint(self) -> str:
        """Hash of weights and settings: it changes whenever the answers could."""


@runtime_checkable
class Classifier(Named, Protocol):
    """Reads emotions from faces."""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Read a batch of faces.

        Parameters
        ----------
        faces
            None, one or more faces.

        Returns
        -------
        NDArray
            (len(faces), 7) float64, each row in the order of `EMOTIONS` and summing to 1.
        """
        ...


class Rebuilt:
    """Pickled as the parameters of its class: what it has loaded cannot go to another process."""

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        own: tuple[Field[Any], ...] = fields(self) if is_dataclass(self) else ()
        return type(self), tuple(getattr(self, one.name) for one in own if one.init)


class Fitted(Protocol):
    """A model fitted to features."""

    def predict_proba(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Read emotions from features (n, D): (n, 7), rows in the order of `EMOTIONS`."""
        ...


@runtime_checkable
class Trainable(Named, Protocol):
    """Learns to read emotions from other pictures of the set, never of the person that it reads."""

    @property
    def measures(self) -> str:
        """Name of what `features` measures; those with the same name are measured once.

        It does not depend on `train`, `folds` and `permuted`.
        """

    @property
    def train(self) -> str:
        """Conditions that it is fitted to.

        ``clean`` (the face without an occluder), ``masked`` (all others of the run), ``both``, or
        the name of one condition.
        """

    @property
    def folds(self) -> int:
        """Number of parts that people are divided into; a model of the others reads each part."""

    @property
    def permuted(self) -> bool:
        """True for a control that is fitted to shuffled labels and should be at chance."""

    def features(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Measure faces: (len(faces), D) float64, NaN for what the occluder hides."""
        ...

    def fit(self, features: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int) -> Fitted:
        """Fit a model.

        Parameters
        ----------
        features
            (n, D), NaN for what is not known.
        labels
            (n,) numbers of emotions in `EMOTIONS`; some may be missing altogether.
        seed
            Of whatever is random.
        """
        ...


def checked_answers(answers: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return a classifier's answers to n faces, if they are what they should be.

    Raises
    ------
    ValueError
        If they are not (n, 7), or no probabilities.
    """
    found = np.asarray(answers, np.float64)
    if found.shape != (n, len(EMOTIONS)):
        wanted = f"({n}, {len(EMOTIONS)})"
        raise ValueError(f"expected an answer of shape {wanted}, but it had shape {found.shape}")
    # Not NaN either, which compares as false.
    if not ((found >= 0) & (found <= 1 + _ROUNDING)).all():
        raise ValueError("expected probabilities of 0 to 1, but there were other numbers")
    return np.minimum(found, 1)


def checked_features(features: NDArray[Any], n: int) -> NDArray[np.float32]:
    """Return what was measured of n faces, if it is (n, D); `ValueError` if it is not."""
    found = np.asarray(features, np.float32)
    if found.ndim != 2 or len(found) != n:
        raise ValueError(f"expected an answer of shape ({n}, D), but it had shape {found.shape}")
    return found
