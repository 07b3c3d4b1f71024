"""A drawing on its own, before it is laid over a photograph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats

Tone: TypeAlias = tuple[int, int, int]
"""Red, green and blue."""
Paint: TypeAlias = Callable[[Bytes], Bytes]
"""From the share (h, w) of each pixel that is painted to its colour (h, w, 3) times that share."""
Part: TypeAlias = tuple[slice, slice]
"""Rows and columns of a drawing."""

_ALL: Final = (slice(None), slice(None))


@dataclass(slots=True, eq=False)
class Layer:
    """A drawn garment."""

    colour: Bytes  # (h, w, 3) uint8 RGB, already multiplied by alpha
    alpha: Bytes  # (h, w) uint8, 255 where what is behind is hidden
    # (h, w) uint8, 255 where glass keeps all light from behind back; None without glass.
    tint: Bytes | None = None

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Layer:
        """Return nothing, of a height and width."""
        return cls(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))

    def filtered(self, change: Callable[[Bytes], Bytes]) -> Layer:
        """Return the same after a change to each part."""
        tint = None if self.tint is None else change(self.tint)
        return Layer(change(self.colour), change(self.alpha), tint)

    def grey(self) -> Layer:
        """Return the same in shades of grey."""
        level = np.asarray(cv2.cvtColor(self.colour, cv2.COLOR_RGB2GRAY), np.uint8)
        return Layer(as_rgb(level), self.alpha, self.tint)

    def put_behind(self, paint: Paint | None, alpha: Bytes, where: Part = _ALL) -> None:
        """Add what lies behind all that is drawn already, in a part of the drawing.

        `paint`, if there is any, is given how much of each pixel is left for it, which is `alpha`
        (h, w) or less.
        """
        own = self.alpha[where]
        if cv2.countNonZero(own) == 0:
            self.alpha[where] = alpha
            if paint is not None:
                self.colour[where] = paint(alpha)
            return
        free = times(alpha, 255 - own)
        self.alpha[where] = cv2.add(own, free)
        if paint is not None:
            self.colour[where] = cv2.add(self.colour[where], paint(free))

    def add_tint(self, tint: Bytes, where: Part = _ALL) -> None:
        """Add glass in a part of the drawing."""
        if self.tint is None:
            self.tint = np.zeros_like(self.alpha)
        self.tint[where] = cv2.max(self.tint[where], tint)


def plain(tone: Tone) -> Paint:
    """Paint of one colour."""

    def paint(share: Bytes) -> Bytes:
        planes = [cv2.convertScaleAbs(share, alpha=level / 255) for level in tone]
        return np.asarray(cv2.merge(planes), np.uint8)

    return paint


def as_rgb(plane: Bytes) -> Bytes:
    """Repeat (h, w) for red, green and blue."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.uint8)


def times(one: Bytes, other: Bytes, scale: float = 1 / 255) -> Bytes:
    """Return product of two arrays in which 255 means 1."""
    return np.asarray(cv2.multiply(one, other, scale=scale), np.uint8)


def joint_alpha(one: Bytes, other: Bytes) -> Bytes:
    """Return the alpha of two layers, each of which leaves a share of what is below it."""
    return np.asarray(255 - times(255 - one, 255 - other), np.uint8)


def around(points: Floats, margin: float, shape: tuple[int, ...]) -> Part | None:
    """Return the part of a drawing around points (n, 2 or 3); None if they are all outside."""
    low, high = np.minimum.reduce(points), np.maximum.reduce(points)
    return within(low.tolist(), high.tolist(), margin, shape)


def within(
    low: list[float], high: list[float], margin: float, shape: tuple[int, ...]
) -> Part | None:
    """Return the part of a drawing between two corners (x and y first); None if it is empty."""
    columns = _span(low[0] - margin, high[0] + margin + 1, shape[1])
    rows = _span(low[1] - margin, high[1] + margin + 1, shape[0])
    return (rows, columns) if rows.stop > rows.start and columns.stop > columns.start else None


def _span(start: float, stop: float, limit: int) -> slice:
    """Whole numbers from 0 to `limit` around two ends."""
    return slice(math.floor(min(max(0.0, start), limit)), math.ceil(min(max(0.0, stop), limit)))
