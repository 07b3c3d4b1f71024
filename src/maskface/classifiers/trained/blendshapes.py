"""Emotions from the expression scores of the face tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES
from maskface.classifiers.trained._base import HIDDEN_SHARE, Floats, Tracked
from maskface.types import Face

_COLUMNS: Final = tuple(BLENDSHAPES.index(name) for name in BLENDSHAPE_LANDMARKS)


@dataclass(frozen=True)
class Blendshapes(Tracked):
    """Trained on the 51 expression scores of the face tracker.

    With ``points=visible`` the scores are those of the plain picture, without the parts of the
    face that the occluder hides (more than half of a part's landmarks; left and right by
    themselves). It says what the visible parts of a face tell a tracker that nothing confuses:
    an upper bound. The bound is loose: MediaPipe estimates all landmarks together and every score
    from landmarks all over the face, so that a trace of a hidden mouth remains in the scores of
    the eyes and brows.

    With ``points=redetected`` all scores are found anew in the occluded picture. Those of a hidden
    mouth are then MediaPipe's guess, and those of the visible parts suffer from it. It says what
    somebody gets who runs the tracker on masked people. With ``points=seen`` those of the hidden
    parts are left out: what the tracker, disturbed by the mask, still tells of the visible ones.

    Parameters
    ----------
    train, folds, permuted, points
        See `Trained` and `Tracked`.
    """

    kind: ClassVar[str] = "blendshapes"

    def features(self, faces: Sequence[Face]) -> Floats:
        """Scores by face: (n, 51) in 0 to 1, in the order of `BLENDSHAPE_LANDMARKS`."""
        return np.array([self._scores(face) for face in faces]).reshape(-1, len(_COLUMNS))

    def _scores(self, face: Face) -> Floats:
        tracked, hidden = self._tracked(face)
        scores = tracked.blendshapes[list(_COLUMNS)].astype(np.float64)
        shares = [hidden[list(points)].mean() for points in BLENDSHAPE_LANDMARKS.values()]
        return np.where(np.array(shares) > HIDDEN_SHARE, np.nan, scores)
