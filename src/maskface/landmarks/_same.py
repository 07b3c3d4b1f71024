"""Which of the faces that were found anew is the one that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from maskface.landmarks._fallbacks import overlap
from maskface.types import FaceLandmarks

SAME_FACE: Final = 0.3
"""Intersection over union of the landmark boxes from which on a face is the same, found anew."""


def same_face(faces: Sequence[FaceLandmarks], known: FaceLandmarks) -> FaceLandmarks | None:
    """Return the face that lies where a known one does; None if there is none."""
    best = max(faces, key=lambda face: overlap(face.box, known.box), default=None)
    if best is None or overlap(best.box, known.box) < SAME_FACE:
        return None
    return best
