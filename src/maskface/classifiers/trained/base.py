"""What all classifiers share that learn from the pictures of a run.

What is not known, guessed from what is: the mean under a low-rank normal distribution.

The model behind all trained classifiers: linear, and the same for the same numbers.
"""

from __future__ import annotations

import hashlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers.base import Fitted, Rebuilt
from maskface.classifiers.inputs import POINTS, Points, needed, tracked
from maskface.errors import MaskfaceError
from maskface.specs import changed
from maskface.types import EMOTIONS, Face, FaceLandmarks, MaskArray

MOST_COMPONENTS: Final = 50
"""So many hold nearly all variance of landmarks and of blendshapes."""
LEAST_NOISE: Final = 0.01
"""Variance that every feature (of variance 1) has by itself, at least."""


@dataclass(frozen=True, eq=False)
class Guess:
    """Fills gaps with the mean of what is missing, given what is there.

    Probabilistic principal component analysis: M. E. Tipping & C. M. Bishop (1999), J. R. Stat.
    Soc. B 61(3), 611-622, doi:10.1111/1467-9868.00196. A median in the place of a hidden mouth
    would say that the mouth is at rest, however wide the eyes are.

    Attributes
    ----------
    training
        (n, D), each column of mean 0 and SD 1 where it is known, NaN where it is not.
    """

    training: Floats

    def fill(self, features: Floats) -> Floats:
        """Fill the gaps of (n, D) features that are scaled as the training features are."""
        gaps = np.flatnonzero(np.isnan(features).any(axis=1))
        if not gaps.size:
            return features
        filled = features.copy()
        for row in gaps:
            hidden = np.isnan(features[row])
            filled[row, hidden] = self._expected(features[row], hidden)
        return filled

    def _expected(self, row: Floats, hidden: NDArray[np.bool_]) -> Floats:
        loadings, noise = self._model
        seen = loadings[~hidden]
        inner = seen.T @ seen + noise * np.eye(seen.shape[1])
        return np.asarray(loadings[hidden] @ np.linalg.solve(inner, seen.T @ row[~hidden]))

    @cached_property
    def _model(self) -> tuple[Floats, float]:
        """Loadings (D, k) and the variance of the noise."""
        known = (~np.isnan(self.training)).astype(np.float64)
        zeros = np.nan_to_num(self.training)
        # Each covariance is over the pictures that show both features.
        covariance = (zeros.T @ zeros) / np.maximum(known.T @ known, 1.0)
        variances, directions = np.linalg.eigh(covariance)
        # Descending; covariances over different pictures may leave variances below 0.
        variances = np.maximum(variances[::-1], 0.0)
        kept = min(MOST_COMPONENTS, len(variances))
        rest = float(variances[kept:].mean()) if len(variances) > kept else 0.0
        noise = max(rest, LEAST_NOISE)
        gains = np.sqrt(np.maximum(variances[:kept] - noise, 0.0))
        return directions[:, ::-1][:, :kept] * gains, noise


FREEDOM: Final = 3.0
"""Variance that an emotion's log odds may have before any picture is seen. Weights on D features
of variance 1 get variance 3 / D each, which is scikit-learn's ``C``: 0.06 for 51 blendshapes,
0.0017 for 1764 gradients. Half or twice as much changes the accuracy by .013 or
less (blendshapes and landmarks of 1232 photographs of 29 people)."""

LEAST_KNOWN: Final = 0.1
"""A feature that fewer than this share of the training pictures show is not looked at: its mean and
spread would be those of a few odd faces. Without this, a model of masked faces read .40 of the
plain ones right instead of .56."""

MAX_STEPS: Final = 10_000
"""Far more than are ever taken: on the same photographs, no fit took more than 140."""

_TOGETHER: Final = 64
"""Columns that are looked at together, about."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """A fitted model.

    Attributes
    ----------
    known
        (D,) bool, features that were known for enough of the pictures it learned from
        (`LEAST_KNOWN`). The others are not looked at.
    mean, spread
        Of the known features, over the pictures that show them.
    guess
        Fills in what a picture does not show.
    classes
        Numbers in `EMOTIONS` of the emotions it learned from, ascending.
    estimator
        scikit-learn's fitted estimator.
    """

    known: NDArray[np.bool_]
    mean: Floats
    spread: Floats
    guess: Guess
    classes: NDArray[np.int64]
    estimator: Any

    def predict_proba(self, features: Floats) -> Floats:
        """Read emotions from features (n, D): (n, 7), 0 for emotions it did not learn from."""
        answers = np.zeros((len(features), len(EMOTIONS)))
        if len(features):
            scaled = (_columns(features, self.known) - self.mean) / self.spread
            answers[:, self.classes] = self.estimator.predict_proba(self.guess.fill(scaled))
        return answers


def fit_model(features: Floats, labels: NDArray[np.int64]) -> FittedModel:
    """Fit a multinomial logistic regression with an L2 penalty.

    Features are brought to mean 0 and SD 1, and gaps are filled by what the rest of the face tells
    (`Guess`). All emotions weigh the same however many pictures they have: otherwise the less of a
    face is seen, the more often it would be taken for the commonest emotion. Nothing is random.

    Parameters
    ----------
    features
        (n, D), NaN for what is not known.
    labels
        (n,) numbers of emotions in `EMOTIONS`.

    Raises
    ------
    MaskfaceError
        If there are no pictures or the fit does not converge.
    """
    if not len(labels):
        raise MaskfaceError(
            "There are no pictures to learn from. Use more folds (folds=10), or add pictures or "
            "conditions."
        )
    known = np.asarray((~np.isnan(features)).mean(axis=0) >= LEAST_KNOWN)
    columns = _columns(features, known)
    mean, spread = _moments(columns)
    # A feature that never changes tells nothing; rounding must not blow it up.
    spread = np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1.0), spread, np.inf)
    scaled = columns  # a copy of our own, and large
    scaled -= mean
    scaled /= spread
    guess = Guess(scaled)
    classes = np.unique(labels)
    estimator = _fit(guess.fill(scaled), labels, n_classes=len(classes))
    return FittedModel(known, mean, spread, guess, classes, estimator)


def _columns(features: Floats, known: NDArray[np.bool_]) -> Floats:
    """The known features; where none is known, one that is the same for all pictures."""
    return features[:, known] if known.any() else np.zeros((len(features), 1))


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    """Mean and SD of what is known in each column (D,), of few columns at a time.

    NumPy copies what it looks at for NaN, and nothing here is larger.
    """
    blocks = np.array_split(columns, -(-columns.shape[1] // _TOGETHER), axis=1)
    means, spreads = zip(
        *((np.nanmean(block, axis=0), np.nanstd(block, axis=0)) for block in blocks), strict=True
    )
    return np.concatenate(means), np.concatenate(spreads)


def _fit(features: Floats, labels: NDArray[np.int64], *, n_classes: int) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if n_classes == 1:
        return DummyClassifier(strategy="prior").fit(features, labels)
    model = LogisticRegression(
        C=FREEDOM / features.shape[1], class_weight="balanced", max_iter=MAX_STEPS
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(features, labels)
        except ConvergenceWarning as warning:
            raise MaskfaceError(
                f"The model did not converge in {MAX_STEPS} steps on {features.shape[0]} pictures "
                f"with {features.shape[1]} features, so its answers would mean nothing. Give it "
                "more pictures, or use another classifier (maskface list classifiers)."
            ) from warning


HIDDEN_SHARE: Final = 0.5
"""A part of the face is hidden if more than this share of its landmarks is."""

_REVISION: Final = 2
"""To be raised whenever this package's code changes what is measured or how models are fitted."""


@dataclass(frozen=True)
class Trained(Rebuilt, ABC):
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

    train: Annotated[str, "condition", "clean", "masked", "both"] = "clean"
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
