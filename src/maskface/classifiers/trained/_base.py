"""What all classifiers share that learn from the pictures of a run."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers._base import Fitted
from maskface.classifiers._points import POINTS, Points, needed, tracked
from maskface.classifiers.trained._model import fit_model
from maskface.errors import MaskfaceError
from maskface.specs import changed
from maskface.types import Face, FaceLandmarks, MaskArray

HIDDEN_SHARE: Final = 0.5
"""A part of the face is hidden if more than this share of its landmarks is."""

_REVISION: Final = 2
"""To be raised whenever this package's code changes what is measured or how models are fitted."""


@dataclass(frozen=True)
class Trained(ABC):
    """A classifier that learns from the pictures of a run; see `maskface.classifiers.Trainable`.

    Parameters
    ----------
    train
        Which conditions it learns from: ``clean``, ``masked``, ``both`` or a condition's name.
    folds
        In how many parts people are divided, 2 or more.
    permuted
        Whether it learns from shuffled labels.

    Raises
    ------
    MaskfaceError
        If there are fewer than 2 folds.
    """

    train: str = "clean"
    folds: int = 10
    permuted: bool = False

    kind: ClassVar[str]
    """Its name without parameters."""

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise MaskfaceError(
                f"Parameter 'folds' of classifier {self.kind!r} got {self.folds}. Allowed: 2 or "
                f"more, at most as many as there are people. Write for example "
                f"{self.kind}:folds=10."
            )

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        # A network that was loaded cannot go to another process; the parameters can.
        return type(self), astuple(self)

    @property
    def name(self) -> str:
        """Its name and those of its parameters that are not the default."""
        parameters = changed(self)
        return f"{self.kind}:{parameters}" if parameters else self.kind

    @property
    def measures(self) -> str:
        """Name of its features: its own, without the parameters that say how it learns."""
        return replace(
            self, train=Trained.train, folds=Trained.folds, permuted=Trained.permuted
        ).name

    @property
    def fingerprint(self) -> str:
        """Hash of the parameters and of the revision of the code; 64 hexadecimal digits."""
        parts = (self.kind, _REVISION, astuple(self), *self._sources())
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _sources(self) -> tuple[str, ...]:
        """What else features depend on, as text."""
        return ()

    @property
    @abstractmethod
    def needs(self) -> frozenset[str]:
        """What it reads of a `Face`, out of `maskface.classifiers.NEEDS`."""

    @abstractmethod
    def features(self, faces: Sequence[Face]) -> Floats:
        """Measure faces: (len(faces), D) float64, NaN for what the occluder hides."""

    def fit(self, features: Floats, labels: NDArray[np.int64], *, seed: int) -> Fitted:
        """Fit a multinomial logistic regression; see `maskface.classifiers.Trainable`.

        Parameters
        ----------
        features
            (n, D), NaN for what is not known.
        labels
            (n,) numbers of emotions in `EMOTIONS`.
        seed
            Not used: nothing is random.

        Raises
        ------
        MaskfaceError
            If there are no pictures or the fit does not converge.
        """
        del seed
        return fit_model(features, labels)


@dataclass(frozen=True)
class Tracked(Trained):
    """A trained classifier that reads the face tracker instead of pixels.

    Parameters
    ----------
    points
        ``seen``: as tracked anew in the occluded picture, but only where the occluder hides
        nothing. ``redetected``: the same, with what the tracker guesses of the hidden parts.
        ``plain``: as tracked in the plain picture, but only where the occluder hides nothing.
    """

    points: Points = "seen"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.points not in POINTS:
            raise MaskfaceError(
                f"Parameter 'points' of classifier {self.kind!r} got {self.points!r}. Allowed: "
                f"{', '.join(POINTS)}. Write for example {self.kind}:points=redetected."
            )

    @property
    def needs(self) -> frozenset[str]:
        """What it reads of a `Face`."""
        return needed(self.points)

    def _tracked(self, face: Face) -> tuple[FaceLandmarks, MaskArray]:
        """Landmarks that count, and which of them are not known (478,)."""
        return tracked(face, self.points)
