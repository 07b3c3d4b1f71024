"""Crop and resize pictures."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.types import Face, FaceLandmarks, ImageArray

CROP_SCALE: Final = 1.05
"""Side of the classifier crop, as a multiple of the larger side of the landmark box."""


def crop_box(landmarks: FaceLandmarks) -> tuple[int, int, int]:
    """Return left edge, top edge and side (pixels) of the square that classifiers are given.

    The square may reach outside the picture. A landmark at (x, y) of the picture is at (x - left, y
    - top) of the square.
    """
    left, top, right, bottom = landmarks.box
    side = max(round(CROP_SCALE * max(right - left, bottom - top)), 2)
    x0 = round((left + right) / 2 - side / 2)
    y0 = round((top + bottom) / 2 - side / 2)
    return x0, y0, side


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
