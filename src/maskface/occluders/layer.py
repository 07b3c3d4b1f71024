"""A drawing on its own, before it is laid over a photograph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from maskface.occluders.garment import Bytes, Floats
from maskface.occluders.geometry import HeadFit

Tone: TypeAlias = tuple[int, int, int]
"""Red, green and blue."""

_ALL: Final = (slice(None), slice(None))
_HORIZON: Final = 0.15
"""What lies on the head is hidden where it faces away from the camera by more than this cosine."""
_DUSK: Final = 0.12
"""It fades out over this change of the cosine."""


@dataclass(slots=True, eq=False)
class Layer:
    """A drawn garment.

    Attributes
    ----------
    colour
        (h, w, 3) uint8 RGB, already multiplied by alpha.
    alpha
        (h, w) uint8, 255 where what is behind is hidden.
    tint
        (h, w) uint8, 255 where glass keeps all light from behind back; None without glass.
    """

    colour: Bytes
    alpha: Bytes
    tint: Bytes | None = None

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Layer:
        """Nothing, of a height and width."""
        return cls(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))

    def filtered(self, change: Callable[[Bytes], Bytes]) -> Layer:
        """The same after a change to each part."""
        tint = None if self.tint is None else change(self.tint)
        return Layer(change(self.colour), change(self.alpha), tint)

    def grey(self) -> Layer:
        """The same in shades of grey."""
        level = np.asarray(cv2.cvtColor(self.colour, cv2.COLOR_RGB2GRAY), np.uint8)
        return Layer(triple(level), self.alpha, self.tint)

    def put_behind(
        self, colour: Bytes | Tone | None, alpha: Bytes, where: tuple[slice, slice] = _ALL
    ) -> None:
        """Add what lies behind all that is drawn already, in a part of the drawing.

        `colour`, if there is any, is (h, w, 3) or the same everywhere, and not yet multiplied by
        `alpha` (h, w).
        """
        own = self.alpha[where]
        if cv2.countNonZero(own) == 0:
            self.alpha[where] = alpha
            if colour is not None:
                self.colour[where] = _painted(colour, alpha)
            return
        free = times(alpha, 255 - own)
        self.alpha[where] = cv2.add(own, free)
        if colour is not None:
            self.colour[where] = cv2.add(self.colour[where], _painted(colour, free))

    def add_tint(self, tint: Bytes, where: tuple[slice, slice] = _ALL) -> None:
        """Add glass in a part of the drawing."""
        if self.tint is None:
            self.tint = np.zeros_like(self.alpha)
        self.tint[where] = cv2.max(self.tint[where], tint)


def _painted(colour: Bytes | Tone, alpha: Bytes) -> Bytes:
    if isinstance(colour, tuple):
        planes = [cv2.convertScaleAbs(alpha, alpha=level / 255) for level in colour]
        return np.asarray(cv2.merge(planes), np.uint8)
    return times(colour, triple(alpha))


def triple(plane: Bytes) -> Bytes:
    """Repeat (h, w) for red, green and blue."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.uint8)


def times(one: Bytes, other: Bytes) -> Bytes:
    """Product of two arrays in which 255 means 1."""
    return np.asarray(cv2.multiply(one, other, scale=1 / 255), np.uint8)


def together(one: Bytes, other: Bytes) -> Bytes:
    """What two layers take away: what is left by both is the product of what is left by each."""
    return np.asarray(255 - times(255 - one, 255 - other), np.uint8)


def around(points: Floats, margin: float, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """The part of a drawing around points (n, 2 or 3); None if they are all outside."""
    columns, rows = (
        _span(points[:, axis], margin, limit) for axis, limit in enumerate((shape[1], shape[0]))
    )
    return (rows, columns) if rows.stop > rows.start and columns.stop > columns.start else None


def _span(values: Floats, margin: float, limit: int) -> slice:
    """Whole numbers from 0 to `limit` around values."""
    start, stop = (
        min(max(0.0, float(end)), limit)
        for end in (values.min() - margin, values.max() + margin + 1)
    )
    return slice(math.floor(start), math.ceil(stop))


def before_horizon(fit: HeadFit, normals: Floats) -> Floats:
    """Whether (1 or 0, and between at the horizon) the head's side of each normal is seen."""
    return np.asarray(np.clip((_HORIZON - fit.turn(normals)[:, 2]) / _DUSK, 0, 1))
