"""Parts of a face to hide at random places; see `regions` for parts at fixed ones."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.occluders.controls.frame import Frame, both, face_outline, on_head, random_places
from maskface.types import HALF

_SMOOTH: Final = 8.0
"""Apertures are worked out on a grid so coarse that their deviation is about so many of it."""
_BAND: Final = 3.0  # px
"""Half the breadth of the band in which a patch's edge is looked for."""


def bubbles(frame: Frame, number: int, sigma: float, rng: np.random.Generator) -> Bytes:
    """Return alpha (H, W) of the face without Gaussian apertures at random places.

    There are `number` of them, with a standard deviation of `sigma` pixels, evenly over the average
    face (`random_places`); where they overlap, their openings add up.
    """
    step = max(1, int(sigma / _SMOOTH))
    height, width = (-(-side // step) for side in frame.block.shape)
    # Pixels of the coarser grid lie in the middle of step x step pixels of the finer one.
    points = frame.fit.project(on_head(random_places(number, rng)))[:, :2]
    x, y = ((points + 0.5) / step - 0.5).T
    down = np.exp(-0.5 * ((np.arange(height)[:, None] - y) * step / sigma) ** 2)
    along = np.exp(-0.5 * ((x[:, None] - np.arange(width)) * step / sigma) ** 2)
    # The sum of two-dimensional Gaussians is a matrix product of one-dimensional ones.
    shown = np.minimum(down @ along, 1.0)
    hidden = np.round(255 * (1 - shown)).astype(np.uint8)
    if step > 1:
        size = (width * step, height * step)
        hidden = np.asarray(cv2.resize(hidden, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    rows, columns = frame.block.shape
    return frame.spread(both(frame.block, hidden[:rows, :columns]))


def _extent(frame: Frame) -> tuple[Floats, Floats]:
    """Least and greatest position of the average face along the eye line and down the face."""
    turned = frame.turned(face_outline(frame.fit))
    return turned.min(axis=0), turned.max(axis=0)


def patch(frame: Frame, pixels: int, place: Floats) -> Bytes:
    """Return alpha (H, W) that hides exactly so many pixels, at a place of the face.

    The patch has the proportions of the box around the average face, is turned like the head, and
    lies in that box if it fits. It never leaves the picture: what would be cut off is added on the
    other sides. `place` (2,), -1 to 1, is where the patch is in the room that it has along the eye
    line and down the face; `pixels` have an alpha over half.
    """
    low, high = _extent(frame)
    half = np.maximum((high - low) / 2, 0.5)
    room = half * max(1 - np.sqrt(pixels / (4 * np.prod(half))), 0)
    middle = frame.unturned((low + high) / 2 + room * place)
    corner = np.array([frame.box[1].start, frame.box[0].start])
    size = np.array(frame.shape[::-1])
    centre = np.clip(middle + corner, 0, size - 1)
    alpha = np.zeros(frame.shape, np.uint8)
    if pixels > 0:
        box, part = _nearest(frame, centre, half, min(pixels, int(np.prod(size))))
        alpha[box] = part
    return alpha


def _nearest(
    frame: Frame, centre: Floats, half: Floats, pixels: int
) -> tuple[tuple[slice, slice], Bytes]:
    """Alpha of the pixels that a rectangle reaches first as it grows around a centre."""
    ideal = float(np.sqrt(pixels / (4 * np.prod(half))))
    limit = ideal + _BAND / float(half.min())
    while True:
        box = _around(frame, centre, limit * half)
        along, down = _distances(frame, centre, box, half)
        reach = np.maximum(along, down)
        if np.count_nonzero(reach <= limit) >= pixels:
            break
        limit *= 1.5
    sure = reach < ideal - _BAND / float(half.min())
    alpha = np.where(sure, np.uint8(255), np.uint8(0))
    band = np.flatnonzero((reach <= limit) & ~sure)
    near = along.ravel()[band], down.ravel()[band]
    alpha.ravel()[band] = _edge_alpha(*near, half, pixels - int(sure.sum()))
    return box, alpha


def _distances(
    frame: Frame, centre: Floats, box: tuple[slice, slice], half: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far (h, w) each pixel of a box is from a centre, along and down, in parts of `half`."""
    rows, columns = np.ogrid[box]
    x, y = columns - centre[0], rows - centre[1]
    parts = []
    for direction, size in ((frame.along, half[0]), (frame.down, half[1])):
        over, under = direction / size
        parts.append(np.abs((x * over).astype(np.float32) + (y * under).astype(np.float32)))
    return parts[0], parts[1]


def _around(frame: Frame, centre: Floats, half: Floats) -> tuple[slice, slice]:
    """Rows and columns of the picture that a turned rectangle around a centre can touch."""
    reach = np.abs(frame.along) * half[0] + np.abs(frame.down) * half[1] + 2
    low = np.maximum(np.floor(centre - reach), 0).astype(int).tolist()
    high = np.ceil(centre + reach).astype(int).tolist()
    height, width = frame.shape
    return slice(low[1], min(high[1], height)), slice(low[0], min(high[0], width))


def _edge_alpha(
    along: NDArray[np.float32], down: NDArray[np.float32], half: Floats, pixels: int
) -> Bytes:
    """Alpha (n,) of pixels at a rectangle's edge; over half for the `pixels` nearest alone."""
    reach = np.maximum(along, down)
    # Of equally near pixels the first in reading order are taken.
    order = np.argsort(reach, kind="stable")
    chosen = np.zeros(reach.size, bool)
    chosen[order[:pixels]] = True
    edge = reach[order[pixels - 1]]
    inside = np.minimum((edge - along) * half[0], (edge - down) * half[1])
    alpha: Bytes = np.round(255 * np.clip(0.5 + inside, 0, 1)).astype(np.uint8)
    alpha[chosen] = np.maximum(alpha[chosen], HALF + 1)
    alpha[~chosen] = np.minimum(alpha[~chosen], HALF)
    return alpha
