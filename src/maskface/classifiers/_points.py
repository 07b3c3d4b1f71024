"""Which landmarks of a face a classifier goes by, and which of them it does not know."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from maskface.types import Face, FaceLandmarks, MaskArray

Points: TypeAlias = Literal["seen", "redetected", "plain"]
"""``seen``: tracked anew in the occluded picture, where the occluder hides nothing.
``redetected``: the same with the tracker's guesses of what is hidden. ``plain``: tracked in the
plain picture, where the occluder hides nothing."""
POINTS: Final = get_args(Points)


def needed(points: Points) -> frozenset[str]:
    """What is read of a `Face`, out of `maskface.classifiers.NEEDS`."""
    if points == "redetected":
        return frozenset({"redetected"})
    return frozenset({"covered", "landmarks" if points == "plain" else "redetected"})


def tracked(face: Face, points: Points) -> tuple[FaceLandmarks, MaskArray]:
    """Landmarks that count, and which of them are not known (478,).

    Raises
    ------
    ValueError
        If the face was not found anew and that is asked for.
    """
    found = face.landmarks if points == "plain" else face.redetected
    if found is None:
        raise ValueError("Expected redetected landmarks, but the face had none.")
    if face.covered is None or points == "redetected":
        return found, np.zeros(len(found.points), bool)
    return found, face.covered
