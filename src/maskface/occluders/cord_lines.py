"""Draw a cord: an ear loop, a strap, the frame of spectacles."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats
from maskface.occluders.garment import Cord
from maskface.occluders.hair import Hair
from maskface.occluders.layer import Layer, Paint, plain, times
from maskface.occluders.light import Light
from maskface.occluders.view import Seen


def add_cord(
    layer: Layer, seen: Seen, cord: Cord, light: Light | None, *, hair: Hair | None
) -> None:
    """Draw the visible parts of a cord behind what the layer holds already."""
    thickness = max(1, round(cord.width * seen.scale))
    where = seen.around(thickness, layer.alpha.shape)
    if where is None:
        return
    alpha = np.zeros(layer.alpha[where].shape, np.uint8)
    corner = [where[1].start, where[0].start]
    _draw_line(alpha, seen.points[:, :2] - corner, _opacity(seen, cord), thickness)
    if cord.under_hair and hair is not None:
        alpha = times(alpha, hair.free(where))
    layer.put_behind(None if light is None else _paint(cord.colour, light), alpha, where)


@lru_cache(maxsize=64)
def _paint(colour: tuple[int, int, int], light: Light) -> Paint:
    red, green, blue = np.clip(light.tone(colour) * light.level, 0, 255).astype(int).tolist()
    return plain((red, green, blue))


def _opacity(seen: Seen, cord: Cord) -> Floats:
    """How much of the picture each piece (n - 1,) of a cord hides, 0 to 255."""
    return np.rint(255 * _fading(cord) * np.minimum(seen.shown[1:], seen.shown[:-1]))


@lru_cache(maxsize=256)
def _fading(cord: Cord) -> Floats:
    """Opacity (n - 1,) of a cord's pieces where all of it is before the head, 0 to 1."""
    left = _length_left(cord.points)[:-1]
    return np.clip(left / cord.fade, 0, 1) if cord.fade else np.ones(len(left))


def _draw_line(alpha: Bytes, points: Floats, opacity: Floats, thickness: int) -> None:
    corners = np.rint(points * 16).astype(int).tolist()
    # From the end to the beginning, so that the fainter parts do not lie over the others.
    for k, value in reversed(list(enumerate(opacity.tolist()))):
        if value:
            cv2.line(alpha, corners[k + 1], corners[k], (value,), thickness, cv2.LINE_AA, 4)


def _length_left(points: Floats) -> Floats:
    """Share of a polyline's length (n,) that lies beyond each of its points."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    gone = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(1 - gone / max(gone[-1], 1e-9))
