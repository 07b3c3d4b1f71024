"""Lightness of the skin of a face, measured on its picture."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.types import FaceLandmarks, FloatArray, ImageArray

__all__ = ["skin_ita"]

FOREHEAD_SKIN: Final = (104, 69, 108, 151, 337, 299, 333, 334, 296, 336, 9, 107, 66, 105)
RIGHT_CHEEK: Final = (117, 118, 119, 100, 36, 205, 50)
LEFT_CHEEK: Final = (346, 347, 348, 329, 266, 425, 280)
"""Landmarks around patches of skin: from the brows up to where foreheads bear no hair yet, and
below the eyes down to the height of the nose wings. Neither reaches mouth or beard."""

_TO_YZ: Final = np.array(
    [(0.2126, 0.7152, 0.0722), (0.0193 / 1.0890, 0.1192 / 1.0890, 0.9505 / 1.0890)]
)
"""Linear sRGB to CIE Y and Z, by their values for white, D65 (IEC 61966-2-1)."""
_PATCHES: Final = tuple(map(np.array, (FOREHEAD_SKIN, RIGHT_CHEEK, LEFT_CHEEK)))
_SIDE: Final = 48
"""Pixels a side that are read of a patch; larger ones are thinned out."""
_GREY: Final = 3  # channels that differ by no more than this are one grey, as JPEG rounds them
_FEWEST: Final = 4  # pixels that a patch must have


def skin_ita(image: ImageArray, landmarks: FaceLandmarks) -> float:
    """Measure the individual typology angle of a face's skin.

    The angle is arctan((L* - 50) / b*) in degrees (Chardon, Cretois & Hourseau 1991,
    International Journal of Cosmetic Science 13, 191-208): the larger, the lighter the skin. It
    is taken from the median CIELAB values (D65; sRGB without its tone curve) of each of three
    patches, forehead and both upper cheeks. The median of the three angles is returned, so that
    hair on the forehead or shade on one cheek does not decide it.

    The angle is defined for colours measured under known light. In a photograph that was not
    calibrated it holds exposure, white balance and make-up too: it puts the faces of one set,
    taken in one way, in order. It is no measure of a person, and angles of two sets, or the names
    that others gave to ranges of it, cannot be compared.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB, the plain picture.
    landmarks
        The face in it.

    Returns
    -------
    float
        Degrees, -180 to 180; for skin, whose b* is above 0, -90 to 90. Where a colour cast makes
        b* negative the angle goes on beyond 90 and does not jump to -90. NaN for a grey picture
        and where no patch is inside the picture.
    """
    points = landmarks.points[:, :2]
    patches = [_pixels(image, points[patch]) for patch in _PATCHES]
    measured = [_angle(pixels) for pixels in patches if _has_colour(pixels)]
    return _median(np.array(measured)) if measured else float("nan")


def _pixels(image: ImageArray, corners: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return pixels (n, 3) inside the outline of some points, every n-th of a large patch."""
    rows, columns = image.shape[:2]
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    x0, x1 = _within(math.floor(left), columns), _within(math.ceil(right) + 1, columns)
    y0, y1 = _within(math.floor(top), rows), _within(math.ceil(bottom) + 1, rows)
    step = max(1, -(-max(x1 - x0, y1 - y0) // _SIDE))
    part = image[y0:y1:step, x0:x1:step]
    inside = np.zeros(part.shape[:2], np.uint8)
    if inside.size:
        hull = cv2.convexHull(np.round((corners - np.array([x0, y0])) / step).astype(np.int32))
        cv2.fillConvexPoly(inside, hull, 1)
    return part[inside > 0]


def _within(edge: int, size: int) -> int:
    return min(max(edge, 0), size)


def _has_colour(pixels: NDArray[np.uint8]) -> bool:
    return len(pixels) >= _FEWEST and _median(_spread(pixels)) > _GREY


def _angle(pixels: NDArray[np.uint8]) -> float:
    lightness, yellow = _lightness_and_yellow(pixels)
    return float(np.degrees(np.arctan2(_median(lightness) - 50, _median(yellow))))


def _spread(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the range of the channels of each pixel."""
    red, green, blue = np.ascontiguousarray(pixels.T)
    highest = np.maximum(np.maximum(red, green), blue)
    return np.asarray(highest - np.minimum(np.minimum(red, green), blue), np.uint8)


def _median(values: NDArray[Any]) -> float:
    """Return the median; NumPy's own takes several times as long for few values."""
    middle = len(values) // 2
    low = middle - 1 + len(values) % 2
    ordered = np.partition(values, (low, middle))
    return (float(ordered[low]) + float(ordered[middle])) / 2


def _lightness_and_yellow(pixels: NDArray[np.uint8]) -> FloatArray:
    """Return CIELAB L* and b* (2, n) of sRGB pixels (n, 3); OpenCV's L* is off by 0.1."""
    y, z = _compressed(_TO_YZ @ _linear()[pixels].T)
    return np.stack([116 * y - 16, 200 * (y - z)])


def _compressed(t: FloatArray) -> FloatArray:
    """Return the cube root of CIELAB, with its straight piece near black (CIE 15)."""
    return np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)


@cache
def _linear() -> FloatArray:
    """Return the light (256,) for each value of sRGB (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
