"""Emotions from the expression scores of the face tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from maskface.arrays import Floats
from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES
from maskface.classifiers.registry import CLASSIFIERS
from maskface.classifiers.trained.base import HIDDEN_SHARE, Tracked
from maskface.types import Face

_COLUMNS: Final = tuple(BLENDSHAPES.index(name) for name in BLENDSHAPE_LANDMARKS)


@CLASSIFIERS.register("blendshapes")
@dataclass(frozen=True)
class Blendshapes(Tracked):
    """Trained on the 51 expression scores of the face tracker.

    With ``points=seen``, the scores are those of the occluded picture, without the parts of the
    face that the occluder hides (more than half of a part's landmarks; left and right separately).
    This is the information that a tracker, disturbed by the mask, still gives about visible parts.

    With ``points=redetected``, the tracker's guesses of a hidden mouth count too. This is what one
    gets by trusting the tracker on masked people.

    With ``points=plain``, the scores of the visible parts are those of the plain picture, as of an
    undisturbed tracker. This is a loose upper bound: MediaPipe estimates all landmarks together and
    every score from landmarks all over the face, so a trace of a hidden mouth remains in the scores
    of the eyes and brows.

    Parameters
    ----------
    train, folds, permuted, points
        See `Trained` and `Tracked`.
    """

    kind: ClassVar[str] = "blendshapes"

    def features(self, faces: Sequence[Face]) -> Floats:
        """Return scores by face: (n, 51) in 0 to 1, in the order of `BLENDSHAPE_LANDMARKS`."""
        return np.array([self._scores(face) for face in faces]).reshape(-1, len(_COLUMNS))

    def _scores(self, face: Face) -> Floats:
        tracked, hidden = self._tracked(face)
        scores = tracked.blendshapes[list(_COLUMNS)].astype(np.float64)
        shares = [hidden[list(points)].mean() for points in BLENDSHAPE_LANDMARKS.values()]
        return np.where(np.array(shares) > HIDDEN_SHARE, np.nan, scores)
