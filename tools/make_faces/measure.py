"""Look at pictures with the package itself: its landmarks, crop and two networks."""

from __future__ import annotations

import cv2
import numpy as np

from maskface.classifiers import get_classifier
from maskface.crops import face_crop
from maskface.landmarks import MediaPipeDetector
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray

NETWORKS = ("faceapi", "fer")
# Lower face, from ear to ear over the bridge of the nose.
MASK_OUTLINE = [
    454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132,
    93, 234, 118, 197, 347,
]  # fmt: skip


class Observer:
    """The landmark detector and the emotion networks."""

    def __init__(self) -> None:
        self._detector = MediaPipeDetector()
        self._networks = {name: get_classifier(name) for name in NETWORKS}

    def find(self, rgb: ImageArray) -> tuple[FaceLandmarks, ...]:
        """Detect the faces in an RGB picture, largest first."""
        return self._detector.detect(rgb)

    def guess(self, rgb: ImageArray, face: FaceLandmarks) -> dict[str, str]:
        """Return each network's answer for a face."""
        crop = [Face(face_crop(rgb, face), face)]
        answers = {name: net.predict_proba(crop)[0] for name, net in self._networks.items()}
        return {name: EMOTIONS[int(answer.argmax())] for name, answer in answers.items()}


def flat_mask(rgb: ImageArray, face: FaceLandmarks) -> ImageArray:
    """Cover the lower face with a flat light blue."""
    covered = rgb.copy()
    outline = face.points[MASK_OUTLINE, :2].astype(np.int32)
    cv2.fillPoly(covered, [outline], (176, 200, 220), cv2.LINE_AA)
    return covered
