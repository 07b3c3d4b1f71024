"""Two photographs in one place."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats, Singles
from maskface.composites._light import matched
from maskface.occluders.geometry import ANCHORS, HeadFit
from maskface.types import FaceLandmarks, ImageArray

_SMALLER: Final = 1.25
_BLUR: Final = 0.4
"""A photograph that is made smaller by more than the first is blurred by so many of the new
pixels, so that what is finer than these leaves no false pattern."""
_JOIN: Final = 0.3
"""The lower photograph's edge passes into the upper photograph over so many cm."""


def laid_over(first: FaceLandmarks, second: FaceLandmarks) -> Floats:
    """The map (2, 3) that lays the second face on the first, by least squares over `ANCHORS`.

    It turns, moves and resizes. A map that also shears would fit the anchors better, but throw
    out of place what lies far from them, such as the back of a turned head.
    """
    start, goal = (face.points[list(ANCHORS), :2].astype(np.float64) for face in (second, first))
    from_middle, to_middle = start - start.mean(axis=0), goal - goal.mean(axis=0)
    # As complex numbers: goal = turn * start, where the size of turn is the change in size.
    source, target = from_middle @ [1, 1j], to_middle @ [1, 1j]
    turn = (np.conj(source) @ target) / (np.conj(source) @ source).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, goal.mean(axis=0) - linear @ start.mean(axis=0)])


def carried(face: FaceLandmarks, over: Floats) -> Floats:
    """The landmarks (478, 3) of a face that a map (2, 3) lays elsewhere."""
    points = face.points.astype(np.float64)
    points[:, :2] = points[:, :2] @ over[:, :2].T + over[:, 2]
    points[:, 2] *= np.sqrt(np.linalg.det(over[:, :2]))
    return points


def fitted(
    upper: ImageArray, lower: ImageArray, over: Floats, fit: HeadFit
) -> tuple[ImageArray, Singles]:
    """The lower photograph laid over the upper one in its light, and where (0 to 1) it is."""
    size = (upper.shape[1], upper.shape[0])
    edge, smaller = cv2.BORDER_REPLICATE, 1 / np.sqrt(np.linalg.det(over[:, :2]))
    if smaller > _SMALLER:
        lower = np.asarray(cv2.GaussianBlur(lower, (0, 0), _BLUR * smaller), np.uint8)
    laid = np.asarray(cv2.warpAffine(lower, over, size, borderMode=edge), np.uint8)
    inner = np.ones(lower.shape[:2], np.float32)
    there = np.asarray(cv2.warpAffine(inner, over, size, flags=cv2.INTER_NEAREST), np.float32)
    lit = matched(upper, laid, there, fit)
    if there.all():
        return lit, there
    reach = _JOIN * fit.scale
    shrunk = cv2.erode(there, np.ones((2 * int(2 * reach) + 1,) * 2, np.uint8), borderValue=1.0)
    return lit, np.asarray(cv2.GaussianBlur(shrunk, (0, 0), max(reach, 0.5)), np.float32)


def shifted(image: Bytes, moved: Floats) -> Bytes:
    """Move a picture; beyond its edge it goes on softly."""
    size = (image.shape[1], image.shape[0])
    move = np.column_stack([np.eye(2), moved])
    drawn = cv2.warpAffine(image, move, size, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.ones(image.shape[:2], np.uint8), move, size, flags=cv2.INTER_NEAREST)
    # The edge's pixels drawn out would be streaks.
    soft = cv2.GaussianBlur(drawn, (0, 0), max(max(size) / 40, 1.0))
    drawn[there == 0] = soft[there == 0]
    return np.asarray(drawn, np.uint8)
