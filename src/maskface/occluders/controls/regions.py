"""Parts of a face to hide: where, never with what.

Each function returns alpha of the whole picture, (H, W) uint8: 255 is hidden, 0 is not, and the
pixels of an edge lie between, for a stepped edge would be a contour of its own.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.mesh import canonical_mesh
from maskface.occluders.base import oval_pixels
from maskface.occluders.controls.frame import Frame, both
from maskface.types import HALF, FaceLandmarks

WINDOWS: Final = {"eyes": ((-6.6, 6.4), (6.6, 0.8), 3.6), "mouth": ((-4.6, -2.4), (4.6, -9.8), 4.8)}
"""Two corners (x, y) and the depth (z), in cm of the head, of the windows over a feature. That over
the eyes holds raised brows too, and that over the mouth the lips of a dropped jaw."""

_ROUNDING: Final = 1.5  # cm
"""Radius of a window's corners."""
_MIDLINE: Final = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 164, 17, 18, 200, 199, 175, 152)
"""Landmarks down the middle of the face, of which only the places on the average head are used."""
_BEYOND: Final = 30.0  # cm
_ENOUGH: Final = 256
_SAME: Final = 5e-3  # px
"""Depths that differ by less are those of one row."""


def whole(frame: Frame) -> Bytes:
    """Hide all of the face."""
    return frame.spread(frame.block)


def beyond_level(frame: Frame, landmarks: FaceLandmarks, pixels: int, *, below: bool) -> Bytes:
    """Hide what lies beyond a line parallel to the eyes, so that `pixels` of the oval are hidden.

    The hidden part is the lower one if `below`. The line moves by whole rows of pixels where it
    runs along them, and then misses the number by at most half a row.
    """
    depths = frame.depths() * np.float32(1 if below else -1)
    counted = oval_pixels(frame.shape, landmarks)[frame.box] & (frame.block > HALF)
    # In a large picture every second pixel, or so, tells as well where to cut.
    step = max(1, min(depths.shape) // _ENOUGH)
    found = depths[::step, ::step][counted[::step, ::step] > 0]
    edge = _edge(found, round(pixels / step**2))
    if not np.isfinite(edge):
        return whole(frame) if edge < 0 else np.zeros(frame.shape, np.uint8)
    side = cv2.addWeighted(depths, 255, depths, 0, 255 * (0.5 - edge), dtype=cv2.CV_8U)
    return frame.spread(both(frame.block, np.asarray(side, np.uint8)))


def _edge(depths: NDArray[np.float32], count: int) -> float:
    """Where to cut so that `count` of some depths, or as nearly as can be, lie at or beyond."""
    if count <= 0:
        return np.inf
    if count >= depths.size:
        return -np.inf
    edge = float(np.partition(depths, depths.size - count)[depths.size - count])
    # Along a row of pixels all are as deep but for rounding; the row goes to the nearer side.
    reached = int((depths >= edge - _SAME).sum())
    passed = int((depths > edge + _SAME).sum())
    return edge - _SAME if reached - count <= count - passed else edge + 4 * _SAME


def half(frame: Frame, *, left: bool) -> Bytes:
    """Hide the person's left or right half of the face, up to the turned head's middle line."""
    middle = canonical_mesh().vertices[list(_MIDLINE)].astype(np.float64)
    line = frame.turned(frame.fit.project(middle)[:, :2])
    # Seen from below or above, the line runs back on itself under the nose; the cut does not.
    line[:, 1] = np.maximum.accumulate(line[:, 1])
    far = _BEYOND * frame.fit.scale
    corners = line[[0, -1, -1, 0]] + [(0, -far), (0, far), (far, far), (far, -far)]
    outline = np.vstack([corners[:1], line, corners[1:]])
    side = frame.polygon(frame.unturned(outline))
    return frame.spread(both(frame.block, side if left else 255 - side))


def window(frame: Frame, feature: str, *, outside: bool) -> Bytes:
    """Hide the face outside a window over a feature of `WINDOWS`, or what is in the window."""
    hole = frame.polygon(_rounded(frame, *WINDOWS[feature]))
    return frame.spread(both(frame.block, 255 - hole if outside else hole))


def _rounded(
    frame: Frame, first: tuple[float, float], last: tuple[float, float], depth: float
) -> Floats:
    """Outline (n, 2) of an upright rectangle on the head, with round corners."""
    (left, top), (right, bottom) = first, last
    angles = np.linspace(0, np.pi / 2, 9)
    corners = []
    for turn, x, y in ((0, right, top), (1, left, top), (2, left, bottom), (3, right, bottom)):
        inner = np.array([x - np.sign(x) * _ROUNDING, y - _ROUNDING * (1 if y == top else -1)])
        arc = angles + turn * np.pi / 2
        corners.append(inner + _ROUNDING * np.stack([np.cos(arc), np.sin(arc)], axis=1))
    flat = np.vstack(corners)
    points = np.column_stack([flat, np.full(len(flat), depth)])
    return np.asarray(frame.fit.project(points)[:, :2])
