"""Protocols of emotion classifiers, and checks of their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields, is_dataclass
from typing import Any, Final, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskface.types import EMOTIONS, Face

NEEDS: Final = frozenset({"crop", "landmarks", "covered", "redetected", "picture", "trial"})
"""Parts of a `Face` that a classifier may read; ``"trial"`` stands for `image_id` and `condition`.
Faces are detected again in the occluded picture
only if one needs ``"redetected"``; if none is found there, there is no prediction."""

NOT_AGAIN: Final = "no face found in the occluded picture"
"""Message for a face that is not found in the occluded picture, if a classifier needs it."""
_ROUNDING: Final = 1e-6


@runtime_checkable
class Named(Protocol):
    """Identity of a classifier."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads, out of `NEEDS`."""

    @property
    def fingerprint(self) -> str:
        """Hash of weights and settings, which changes whenever predictions could."""


@runtime_checkable
class Classifier(Named, Protocol):
    """Predicts emotions from faces."""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces.

        Parameters
        ----------
        faces
            Any number of faces, also none.

        Returns
        -------
        NDArray
            (len(faces), 7) float64, each row in the order of `EMOTIONS` and summing to 1.
        """
        ...


class Rebuilt:
    """Pickles an object as its parameters, as loaded networks cannot be pickled."""

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        own: tuple[Field[Any], ...] = fields(self) if is_dataclass(self) else ()
        return type(self), tuple(getattr(self, one.name) for one in own if one.init)


class Fitted(Protocol):
    """A model fitted to features."""

    def predict_proba(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict from features (n, D): (n, 7), rows in the order of `EMOTIONS`."""
        ...


@runtime_checkable
class Trainable(Named, Protocol):
    """A classifier that is fitted to pictures of other subjects of the same set."""

    @property
    def measures(self) -> str:
        """Name of the features, which are computed once for all classifiers with the same name.

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
        """Number of folds of subjects, each predicted by a model fitted to the others."""

    @property
    def permuted(self) -> bool:
        """True for a control that is fitted to shuffled labels and should perform at chance."""

    def features(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Compute features of faces: (len(faces), D) float64, NaN where the occluder hides them."""
        ...

    def fit(self, features: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int) -> Fitted:
        """Fit a model.

        Parameters
        ----------
        features
            (n, D), NaN where they are not known.
        labels
            (n,) numbers of emotions in `EMOTIONS`; not all of them need occur.
        seed
            Seed of everything random.
        """
        ...


def checked_answers(answers: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return a classifier's predictions of n faces, once checked.

    Raises
    ------
    ValueError
        If their shape is not (n, 7), or they are no probabilities.
    """
    found = np.asarray(answers, np.float64)
    if found.shape != (n, len(EMOTIONS)):
        wanted = f"({n}, {len(EMOTIONS)})"
        raise ValueError(f"expected an answer of shape {wanted}, but it had shape {found.shape}")
    # This excludes NaN too, which compares as false.
    if not ((found >= 0) & (found <= 1 + _ROUNDING)).all():
        raise ValueError("expected probabilities of 0 to 1, but there were other numbers")
    return np.minimum(found, 1)


def checked_features(features: NDArray[Any], n: int) -> NDArray[np.float32]:
    """Return features of n faces; raise `ValueError` if their shape is not (n, D)."""
    found = np.asarray(features, np.float32)
    if found.ndim != 2 or len(found) != n:
        raise ValueError(f"expected an answer of shape ({n}, D), but it had shape {found.shape}")
    return found
