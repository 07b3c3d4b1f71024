"""Base classes of trained classifiers, and their deterministic linear model.

Missing features are imputed by their conditional mean under a low-rank normal distribution.
"""

from __future__ import annotations

import hashlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers.base import Fitted, Rebuilt
from maskface.classifiers.inputs import POINTS, Points, needed, tracked
from maskface.errors import MaskfaceError
from maskface.specs import with_parameters
from maskface.types import EMOTIONS, Face, FaceLandmarks, MaskArray

MOST_COMPONENTS: Final = 50
"""Components that explain nearly all variance of landmarks and of blendshapes."""
LEAST_NOISE: Final = 0.01
"""Least unique variance of every feature (of variance 1)."""


@dataclass(frozen=True, eq=False)
class Imputer:
    """Imputes missing features by their mean given the known ones.

    Probabilistic principal component analysis: M. E. Tipping & C. M. Bishop (1999), J. R. Stat.
    Soc. B 61(3), 611-622, doi:10.1111/1467-9868.00196. The median of a hidden mouth would mean a
    mouth at rest, however wide the eyes are.
    """

    training: Floats  # (n, D), each column of mean 0 and SD 1 where it is known, NaN elsewhere

    def fill(self, features: Floats) -> Floats:
        """Impute (n, D) features that are scaled like the training features."""
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
        """Loadings (D, k) and variance of the noise."""
        known = (~np.isnan(self.training)).astype(np.float64)
        zeros = np.nan_to_num(self.training)
        # Each covariance is over the pictures in which both features are known.
        covariance = (zeros.T @ zeros) / np.maximum(known.T @ known, 1.0)
        variances, directions = np.linalg.eigh(covariance)
        # Descending; with covariances over different pictures, variances may be below 0.
        variances = np.maximum(variances[::-1], 0.0)
        kept = min(MOST_COMPONENTS, len(variances))
        rest = float(variances[kept:].mean()) if len(variances) > kept else 0.0
        noise = max(rest, LEAST_NOISE)
        gains = np.sqrt(np.maximum(variances[:kept] - noise, 0.0))
        return directions[:, ::-1][:, :kept] * gains, noise


PRIOR_VARIANCE: Final = 3.0
"""Prior variance of an emotion's log odds. Weights on D features of variance 1 have variance 3 / D
each, which is scikit-learn's ``C``: 0.06 for 51 blendshapes, 0.0017 for 1764 gradients. Half or
twice as much changes the accuracy by .013 or less (blendshapes and landmarks of 1232 photographs of
29 people)."""

LEAST_KNOWN: Final = 0.1
"""Features that are known in less than this fraction of the training pictures are not used: their
mean and SD would be those of a few unusual faces. Without this, a model fitted to masked faces
classified .40 of the plain ones correctly instead of .56."""

MAX_STEPS: Final = 10_000
"""Far more than needed: on the same photographs, no fit took more than 140."""

_BLOCK: Final = 64  # approximate number of columns in a block


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """Mean 0 and SD 1 for features as in the training set, and imputation of missing ones."""

    # (D,) bool, features that are known in enough training pictures (`LEAST_KNOWN`); the others are
    # not used.
    known: NDArray[np.bool_]
    # Mean and SD of these features, where they are known.
    mean: Floats
    spread: Floats
    imputer: Imputer  # imputes missing features

    @classmethod
    def fit(cls, features: Floats) -> tuple[Self, Floats]:
        """Fit to features (n, D); return the scaler, and these features as it transforms them."""
        known = np.asarray((~np.isnan(features)).mean(axis=0) >= LEAST_KNOWN)
        columns = _columns(features, known)
        mean, spread = _moments(columns)
        # A constant feature carries no information; its rounding errors must not be scaled up.
        spread = np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1.0), spread, np.inf)
        scaled = columns  # in place: it is a copy, and large
        scaled -= mean
        scaled /= spread
        imputer = Imputer(scaled)
        return cls(known, mean, spread, imputer), imputer.fill(scaled)

    def transform(self, features: Floats) -> Floats:
        """Scale and impute features (n, D)."""
        return self.imputer.fill((_columns(features, self.known) - self.mean) / self.spread)


@dataclass(frozen=True, slots=True, eq=False)
class FittedModel:
    """A fitted model."""

    transform: Callable[[Floats], Floats]  # from features to what the estimator is given
    # Ascending numbers in `EMOTIONS` of the emotions in the training set.
    classes: NDArray[np.int64]
    estimator: Any  # scikit-learn's fitted estimator

    def predict_proba(self, features: Floats) -> Floats:
        """Predict from features (n, D): (n, 7), 0 for emotions that it was not fitted to."""
        answers = np.zeros((len(features), len(EMOTIONS)))
        if len(features):
            answers[:, self.classes] = self.estimator.predict_proba(self.transform(features))
        return answers


Prepare: TypeAlias = Callable[[Floats], tuple[Callable[[Floats], Floats], Floats]]
"""Fits the preparation of features; returns it, and the training features as it makes them."""


def _scaling(features: Floats) -> tuple[Callable[[Floats], Floats], Floats]:
    scaler, scaled = Scaler.fit(features)
    return scaler.transform, scaled


def fit_model(
    features: Floats, labels: NDArray[np.int64], prepare: Prepare = _scaling
) -> FittedModel:
    """Fit a multinomial logistic regression with an L2 penalty to features (n, D).

    Unless `prepare` does something else, features are scaled to mean 0 and SD 1, and missing ones
    (NaN) are imputed from the rest of the face (`Imputer`). All emotions have the same weight,
    whatever their number of pictures: otherwise the most frequent emotion would be predicted more
    often the less of a face is visible. Nothing is random. `labels` (n,) number the emotions as in
    `EMOTIONS`. Raises MaskfaceError if there are no pictures or the fit does not converge.
    """
    if not len(labels):
        raise MaskfaceError(
            "There are no pictures to fit a model to. Use more folds (folds=10), or add pictures "
            "or conditions."
        )
    transform, prepared = prepare(features)
    classes = np.unique(labels)
    return FittedModel(transform, classes, _fit(prepared, labels, n_classes=len(classes)))


def _columns(features: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the known features; if there are none, one that is constant."""
    return features[:, known] if known.any() else np.zeros((len(features), 1))


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    """Return mean and SD of each column (D,) without NaN, in blocks: NumPy copies its argument."""
    blocks = np.array_split(columns, -(-columns.shape[1] // _BLOCK), axis=1)
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
        C=PRIOR_VARIANCE / features.shape[1], class_weight="balanced", max_iter=MAX_STEPS
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
"""A part of the face is hidden if more than this fraction of its landmarks is."""

_REVISION: Final = 3  # version of the features and of the fit; part of the fingerprint


@dataclass(frozen=True)
class Trained(Rebuilt, ABC):
    """A classifier that is fitted to pictures of a run; see `maskface.classifiers.Trainable`.

    Parameters
    ----------
    train
        Conditions that it is fitted to: ``clean``, ``masked``, ``both`` or the name of a condition.
    folds
        Number of folds that subjects are divided into, 2 or more.
    permuted
        Fit to shuffled labels.

    Raises
    ------
    MaskfaceError
        If there are fewer than 2 folds.
    """

    train: Annotated[str, "condition", "clean", "masked", "both"] = "clean"
    folds: int = 10
    permuted: bool = False

    kind: ClassVar[str]
    """Name without parameters."""

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise MaskfaceError(
                f"Parameter 'folds' of classifier {self.kind!r} got {self.folds}. Allowed: 2 or "
                f"more, at most as many as there are people. Write for example "
                f"{self.kind}:folds=10."
            )

    @property
    def name(self) -> str:
        """Name with the parameters that are not the default."""
        return with_parameters(self.kind, self)

    @property
    def measures(self) -> str:
        """Name of its features: its own, without the parameters of the fit."""
        return replace(
            self, train=Trained.train, folds=Trained.folds, permuted=Trained.permuted
        ).name

    @property
    def fingerprint(self) -> str:
        """Hash of the parameters and of the revision of the code; 64 hexadecimal digits."""
        parts = (self.kind, _REVISION, astuple(self), *self._sources())
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _sources(self) -> tuple[str, ...]:
        """Return what else the features depend on, as texts."""
        return ()

    @property
    @abstractmethod
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads, out of `maskface.classifiers.NEEDS`."""

    @abstractmethod
    def features(self, faces: Sequence[Face]) -> Floats:
        """Compute features of faces: (len(faces), D) float64, NaN where the occluder hides them."""

    def fit(self, features: Floats, labels: NDArray[np.int64], *, seed: int) -> Fitted:
        """Fit a multinomial logistic regression; see `Trainable` and `fit_model`."""
        del seed
        return fit_model(features, labels)


@dataclass(frozen=True)
class Tracked(Trained):
    """A trained classifier whose features come from the face tracker instead of pixels.

    `points` are ``seen`` (tracked again in the occluded picture, without the hidden parts),
    ``redetected`` (the same, with the tracker's guesses of the hidden parts) or ``plain`` (tracked
    in the plain picture, without the hidden parts).
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
        """Parts of a `Face` that it reads."""
        return needed(self.points)

    def _tracked(self, face: Face) -> tuple[FaceLandmarks, MaskArray]:
        """Return the landmarks, and which of them are not known (478,)."""
        return tracked(face, self.points)
