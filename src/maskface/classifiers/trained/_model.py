"""The model behind all trained classifiers: linear, and the same for the same numbers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers.trained._impute import Guess
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

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
