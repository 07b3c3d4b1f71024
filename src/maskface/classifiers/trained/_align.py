"""Faces turned and sized alike: by similarity to an average head, and by the eyes in a picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats
from maskface.crops import crop_box, resize
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.types import Face, ImageArray

EYES_APART: Final = 0.34
"""Distance between the eyes' centres, as a share of the side of an aligned picture."""
EYES_DOWN: Final = 0.30
"""How far down the eyes are, as a share of the side. With both, an average face, 11 cm from eyes
to chin and 6.3 cm between the eyes, reaches from above the brows to the chin."""

_LEAST_APART: Final = 1.0
"""Eyes that are nearer to one another than this (px) give no direction and no size."""


def similarity(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """The rotation, scale and shift that bring points nearest to others, without mirroring.

    Least squares in closed form: S. Umeyama (1991), Least-squares estimation of transformation
    parameters between two point patterns, IEEE TPAMI 13(4), 376-380, doi:10.1109/34.88573.

    Parameters
    ----------
    source, target
        (n, 3), n at least 3 and not on one line.

    Returns
    -------
    tuple
        A (3, 3) matrix and a (3,) shift: ``source @ matrix + shift`` is nearest to `target`.
    """
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    centred = source - middle
    left, sizes, right = np.linalg.svd(centred.T @ (target - goal))
    sizes[-1] *= (sign := np.sign(np.linalg.det(left @ right)))
    left[:, -1] *= sign
    scale = sizes.sum() / max(float((centred**2).sum()), 1e-12)
    matrix = scale * (left @ right)
    return matrix, goal - middle @ matrix


def upright(face: Face, side: int) -> ImageArray:
    """Cut a face out of its crop so that the eyes are level and always in the same place.

    Parameters
    ----------
    face
        Its crop is read where the landmarks of the plain picture say that the eyes are.
    side
        Of the result, in pixels.

    Returns
    -------
    ImageArray
        (side, side, 3) uint8. The crop's border is repeated where it ends.
    """
    x0, y0, wide = crop_box(face.landmarks)
    points = face.landmarks.points[:, :2].astype(np.float64) - (x0, y0)
    right, left = points[list(RIGHT_EYE)].mean(axis=0), points[list(LEFT_EYE)].mean(axis=0)
    apart = left - right
    zoom = EYES_APART * side / max(float(np.hypot(*apart)), _LEAST_APART)
    # Bilinear sampling would skip pixels of large pictures, so those are first made smaller.
    small = resize(face.crop, *[max(round(wide * zoom), 2)] * 2) if zoom < 1 else face.crop
    shrunk = len(small) / wide
    turn = _turn(apart) * (zoom / shrunk)
    # Whole numbers are the centres of pixels, and those move by half the difference in size.
    middle = ((left + right) / 2 + 0.5) * shrunk - 0.5
    shift = np.array([side / 2, EYES_DOWN * side]) - 0.5 - turn @ middle
    return np.asarray(
        cv2.warpAffine(
            small, np.column_stack([turn, shift]), (side, side), borderMode=cv2.BORDER_REPLICATE
        ),
        dtype=np.uint8,
    )


def _turn(apart: Floats) -> Floats:
    """The rotation that makes a direction level; none if it has no length."""
    length = float(np.hypot(*apart))
    if length < _LEAST_APART:
        return np.eye(2)
    cosine, sine = apart / length
    return np.array([[cosine, sine], [-sine, cosine]])
