"""Textures: the flat canvas they are drawn on, and the strokes that sewn cloth is drawn with."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Reals
from maskface.occluders.drawing.garment import Texture

_SHIFT: Final = 4  # OpenCV takes coordinates in 1/16 px


class Canvas(NamedTuple):
    """A flat piece of the head's space: the box from (-half, low) to (half, high)."""

    # Half its width, and the heights of its lower and its upper edge in cm.
    half: float
    low: float
    high: float
    pixels: int  # texture pixels per centimetre

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in texture pixels."""
        return round((self.high - self.low) * self.pixels), round(2 * self.half * self.pixels)

    def grid(self) -> tuple[Reals, Reals]:
        """Return places (x and y) in cm of each texture pixel, both float32 of `shape`."""
        height, width = self.shape
        y, x = np.mgrid[self.high : self.low : height * 1j, -self.half : self.half : width * 1j]
        return x.astype(np.float32), y.astype(np.float32)

    def filled(self, outline: Reals) -> NDArray[np.uint8]:
        """Fill a polygon (n, 2): 1 inside and 0 outside, of `shape`."""
        plane = np.zeros(self.shape, np.uint8)
        height, width = self.shape
        x = (outline[:, 0] + self.half) / (2 * self.half) * (width - 1)
        y = (self.high - outline[:, 1]) / (self.high - self.low) * (height - 1)
        points = np.round(np.stack([x, y], 1) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(plane, [points], (1,), cv2.LINE_8, _SHIFT)
        return plane

    def distance(self, outline: Reals) -> Reals:
        """Return distance in cm to a polygon (n, 2), negative inside it."""
        inside = self.filled(outline)
        outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        inner = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        return np.asarray((outer - inner) / self.pixels, np.float32)

    def soft(self, plane: Reals, reach: float) -> Reals:
        """Blur a plane by a standard deviation of `reach` cm."""
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), reach * self.pixels), np.float32)

    def relief(self, height: Reals, reach: float) -> Reals:
        """Return the slope of a soft height map in light from above, positive where it looks up."""
        soft = self.soft(np.asarray(height, np.float32), reach)
        return np.asarray(np.gradient(soft, axis=0) * self.pixels, np.float32)


def step(distance: Reals, width: float) -> Reals:
    """Return a smooth step from 0 where the distance is negative to 1 where it is positive."""
    return np.asarray(0.5 + 0.5 * np.tanh(distance / width), np.float32)


def bump(distance: Reals, width: float) -> Reals:
    """Return a smooth bump of height 1."""
    return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)


def ramp(value: Reals, start: float, end: float) -> Reals:
    """Return 0 up to `start`, 1 from `end` (which may be smaller) on, smooth between."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def unevenness(shape: tuple[int, int], sizes: tuple[tuple[float, float], ...], seed: int) -> Reals:
    """Return noise around 0: a smooth field for each (size in texture pixels, strength)."""
    noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    level = np.zeros(shape, np.float32)
    for size, strength in sizes:
        grain = cv2.GaussianBlur(noise, (0, 0), size)
        level += np.float32(strength) * grain / grain.std()
    return level


def canvas(height: int, width: int) -> tuple[Reals, Reals]:
    """Return column and row of each pixel (height, width) of a flat cloth, as fractions 0 to 1."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    return x, y


def seam(distance: Reals, width: float) -> Reals:
    """Return relief of a pressed seam: dark in its groove, light on the lips beside it."""
    lips = bump(distance - 2.2 * width, 1.3 * width) + bump(distance + 2.2 * width, 1.3 * width)
    return np.asarray(0.45 * lips - bump(distance, width), np.float32)


def stitches(distance: Reals, along: Reals, width: float, length: float) -> Reals:
    """Return relief of a row of stitches: light threads, each with a dark end where it dives.

    `distance` is that from the row, and `along` the position along it; `width` and `length` are
    those of a stitch, all in one unit.
    """
    phase = np.cos(2 * np.pi * along / length)
    return np.asarray(bump(distance, width) * (0.35 + phase), np.float32)


def crease(across: Reals, y: Reals, start: float, slope: float, reach: float) -> Reals:
    """Return relief of a soft fold that runs from a side edge into the cloth and dies away."""
    distance = y - start - slope * across
    wave = bump(distance, 0.020) - bump(distance - 0.036, 0.022)
    return np.asarray(wave * np.exp(-((across / reach) ** 2)), np.float32)


_LEVELS: Final = 5


def make_texture(
    level: Reals, opacity: Reals | None = None, dimming: Reals | None = None
) -> Texture:
    """Make a texture from its largest size.

    `level` is brightness around 1 (h, w), or red, green and blue from 0 to 1 (h, w, 3); `opacity`
    (h, w) is 0 where nothing is hidden, to 1; `dimming` (h, w), 0 to 1, where the sheet's tint
    acts. None stands for 1 everywhere.
    """
    return Texture(_sizes(level), _bytes(opacity), _bytes(dimming))


def _bytes(plane: Reals | None) -> tuple[NDArray[np.uint8], ...] | None:
    if plane is None:
        return None
    sizes = (np.round(255 * np.clip(size, 0, 1)) for size in _sizes(plane))
    return tuple(size.astype(np.uint8) for size in sizes)


def _sizes(plane: Reals) -> tuple[NDArray[np.float32], ...]:
    sizes = [np.ascontiguousarray(plane, np.float32)]
    while len(sizes) < _LEVELS:
        sizes.append(np.asarray(cv2.pyrDown(sizes[-1]), np.float32))
    return tuple(sizes)
