"""The surgical mask: its form, and its pleated cloth, drawn flat by formulas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.drawing.garment import Garment, Sheet, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.worn.base import ColouredMask
from maskface.occluders.worn.individual import Individual
from maskface.occluders.worn.planes import bump, make_texture, step, unevenness
from maskface.occluders.worn.surface import SURGICAL

WIDTH: Final = 768
HEIGHT: Final = 640
"""Texture pixels; about as many as a mask has on a 1024 px face."""

_PLEATS: Final = (0.33, 0.49, 0.65)
"""Height of the three folds, as a share of the height of the mask."""
_SAG: Final = 0.045
"""Folds are stitched at the sides and bow down where the mask bulges."""
_BORDER: Final = 0.042
"""Width of the sewn border, as a share of the height. Any narrower, it is a bright line between its
seam and skin."""


@cache
def cloth() -> Texture:
    """Draw relative brightness of the mask's cloth; the largest level is (HEIGHT, WIDTH)."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j].astype(np.float32)
    level = _pleats(x, y) * _creases(x, y) * _border(x, y) * _wire(x, y) * _fibres()
    return make_texture(level)


def _pleats(x: Reals, y: Reals) -> Reals:
    """Folds that open downwards: a rounded lip that catches light, and its shadow below."""
    level = np.ones_like(y)
    side = np.abs(2 * x - 1)
    for fold in _PLEATS:
        below = y - fold - _SAG * (1 - side**2)
        shadow = 0.20 * bump(below - 0.003, 0.006) + 0.17 * np.exp(-below / 0.05) * (below > 0)
        lip = 0.07 * bump(below + 0.024, 0.020)
        level *= 1 - (0.55 + 0.45 * side**2) * (shadow - lip)
    return level


def _creases(x: Reals, y: Reals) -> Reals:
    """Soft folds where the loops pull at the corners, not quite the same left and right."""
    level = np.ones_like(y)
    for across, corner, slope, reach, strength in (
        (x, 0.05, 0.55, 0.30, 0.050), (x, 0.10, 1.05, 0.22, 0.040), (x, 0.94, -0.50, 0.26, 0.050),
        (1 - x, 0.06, 0.50, 0.28, 0.045), (1 - x, 0.12, 1.20, 0.20, 0.050),
        (1 - x, 0.92, -0.60, 0.30, 0.045),
    ):  # fmt: skip
        distance = y - corner - slope * across
        wave = bump(distance, 0.020) - bump(distance - 0.036, 0.022)
        level += strength * wave * np.exp(-((across / reach) ** 2))
    return level


def _border(x: Reals, y: Reals) -> Reals:
    """Sewn borders, ended by a pressed seam.

    They get darker all the way to the edge: brighter than the seam beside it, the edge would look
    like a halo.
    """
    level = np.ones_like(y)
    aspect = HEIGHT / WIDTH
    for distance, width in ((y, _BORDER), (1 - y, _BORDER), (x, _BORDER * aspect),
                            (1 - x, _BORDER * aspect)):  # fmt: skip
        level -= 0.11 * bump(distance - width, 0.004)
        level -= 0.10 * np.exp(-distance / 0.016)  # the edge itself turns away
    return level


def _wire(x: Reals, y: Reals) -> Reals:
    """The wire over the nose, a faint raised bar below the upper border."""
    inside = step(0.2 - np.abs(x - 0.5), 0.006)
    bar = bump(y - 0.060, 0.012) - 0.9 * bump(y - 0.083, 0.012)
    return np.asarray(1 + 0.05 * inside * bar, np.float32)


def _fibres() -> Reals:
    """Non-woven cloth: fine grain, faint unevenness and a regular pattern of weld points."""
    level = 1 + unevenness((HEIGHT, WIDTH), ((0.8, 0.011), (5.0, 0.006), (26.0, 0.008)), seed=7)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.asarray(level - 0.012 * np.cos(rows * 1.1) * np.cos(columns * 1.1), np.float32)


@dataclass(frozen=True)
class SurgicalMask(ColouredMask):
    """A pleated surgical mask with ear loops.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    name: ClassVar[str] = "surgical"
    colour: Colour = "lightblue"

    def garment(self, scale: float, one: Individual) -> Garment:
        """Return the pleated sheet and its loops."""
        colour = self.rgb
        surface = self.surface(SURGICAL, scale, one)
        return Garment((Sheet(surface, cloth(), colour), *self.loops(surface, colour)))
