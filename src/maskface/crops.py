"""Crop and resize pictures."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats
from maskface.types import Face, FaceLandmarks, ImageArray

CROP_SCALE: Final = 1.05
"""Side of the classifier crop, as a multiple of the larger side of the landmark box."""


def crop_box(landmarks: FaceLandmarks) -> tuple[int, int, int]:
    """Return left edge, top edge and side (pixels) of the square that classifiers are given.

    The square may reach outside the picture. A landmark at (x, y) of the picture is at (x - left, y
    - top) of the square.
    """
    return square_around(landmarks, CROP_SCALE)


def square_around(landmarks: FaceLandmarks, scale: float) -> tuple[int, int, int]:
    """Return left edge, top edge and side of a square around the landmark box, `scale` as large."""
    left, top, right, bottom = landmarks.box
    side = max(round(scale * max(right - left, bottom - top)), 2)
    return round((left + right) / 2 - side / 2), round((top + bottom) / 2 - side / 2), side


def face_crop(image: ImageArray, landmarks: FaceLandmarks) -> ImageArray:
    """Cut out the square (S, S, 3) that classifiers are given, at the picture's own resolution.

    Its side is `CROP_SCALE` times the larger side of the landmark box, whose middle it shares, and
    the picture's border is repeated where it reaches outside. `image` (H, W, 3) uint8 RGB is the
    picture the landmarks were found in or an occluded copy of it.
    """
    x0, y0, side = crop_box(landmarks)
    return cut(image, x0, y0, side, side)


def upright_crop(face: Face) -> ImageArray:
    """Return the crop of a face, turned by quarter turns if the head lies on its side.

    Networks expect heads that are upright, or nearly so. Crops of heads that roll by less than 45
    degrees are returned as they are.
    """
    return np.rot90(face.crop, round(face.landmarks.pose.roll / 90) % 4)


def middle(crop: ImageArray, fraction: float) -> ImageArray:
    """Return the middle of a square picture: the same margin is cut off on all four sides.

    `fraction` is the side of the middle, as a fraction of the picture's, to the nearest pixel.
    """
    margin = min(round(len(crop) * (1 - fraction) / 2), (len(crop) - 1) // 2)
    inside = slice(margin, len(crop) - margin)
    return crop[inside, inside]


def cut(image: ImageArray, x0: int, y0: int, width: int, height: int) -> ImageArray:
    """Cut a box out of a picture; where it reaches outside, the border is repeated."""
    rows, columns = image.shape[:2]
    inside = image[
        max(y0, 0) : max(min(y0 + height, rows), 0), max(x0, 0) : max(min(x0 + width, columns), 0)
    ]
    if inside.shape[:2] == (height, width):
        return inside
    ys = np.clip(np.arange(y0, y0 + height), 0, rows - 1)
    xs = np.clip(np.arange(x0, x0 + width), 0, columns - 1)
    return image[ys[:, None], xs[None, :]]


def resize(image: ImageArray, width: int, height: int) -> ImageArray:
    """Resize with the filter that suits the direction: area when shrinking, cubic when growing."""
    shrinking = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def warp(square: ImageArray, linear: Floats, shift: Floats, side: int) -> ImageArray:
    """Turn, scale and shift a square picture: pixel p comes to lie at ``linear @ p + shift``.

    `linear` (2, 2) is a rotation times a scale; integers are the centres of pixels. Returns (side,
    side, 3) uint8; the border of the picture is repeated beyond it.
    """
    wide, zoom = len(square), float(np.hypot(*linear[0]))
    # Bilinear sampling would skip pixels of large pictures, so these are shrunk first.
    small = resize(square, *[max(round(wide * zoom), 2)] * 2) if zoom < 1 else square
    shrunk = len(small) / wide
    # The centres of pixels move by half the difference in size.
    shift = shift + linear @ np.full(2, 0.5 / shrunk - 0.5)
    matrix = np.column_stack([linear / shrunk, shift])
    warped = cv2.warpAffine(small, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)
