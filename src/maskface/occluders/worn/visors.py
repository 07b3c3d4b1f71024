"""Face shields: a clear sheet, its reflections, and the band on the forehead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.colours import RGB, dimmed, parse_colour
from maskface.occluders.drawing.garment import Cord, Garment, Shadow, Sheet, Surface, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import WornOccluder, outward
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import Canvas, bump, make_texture, ramp, step, unevenness
from maskface.occluders.worn.surface import sheet_surface

_TOP: Final = 9.6
_BOTTOM: Final = -13.2
_BAND: Final = (6.5, 8.9)
"""Lower and upper edge of the foam band, in cm."""
_HALF: Final = 9.5
_AXIS: Final = -1.2
_FRONT: Final = (8.3, 10.4)
"""Depth z of the clear sheet's middle at its upper and its lower edge: it clears the nose."""
_REACH: Final = 86.0  # how far around the head the sheet goes to either side, in degrees
_SHEET: Final = Canvas(half=14.0, low=_BOTTOM, high=_TOP, pixels=26)
_CORNER: Final = 3.5


@cache
def visor(low: float = _BOTTOM, high: float = _TOP, inset: float = 0.0) -> Surface:
    """Return the clear sheet, or a strip of it between two heights, moved in by so many cm."""
    angle = np.radians(_REACH) * np.linspace(-1, 1, 25)[None, :]
    y = np.linspace(high, low, 3)[:, None]
    front = np.interp(y, (_BOTTOM, _TOP), _FRONT[::-1]) - inset
    x = (_HALF - inset) * np.sin(angle) + 0 * y
    z = _AXIS + (front - _AXIS) * np.cos(angle) ** 0.9
    return sheet_surface(np.stack([x, y + 0 * x, z], axis=-1))


@cache
def band() -> Surface:
    """Return the foam between the forehead and the clear sheet."""
    return visor(*_BAND, 0.12)


@cache
def reflections() -> Texture:
    """Return all that is seen of a clear sheet: rims that catch light, streaks, and haze."""
    x, y = _SHEET.grid()
    edge = _edge(x, y)
    inside = step(edge, 0.02)
    rim = 0.75 * bump(edge - 0.05, 0.07) + 0.22 * bump(edge - 0.22, 0.08)
    haze = 0.022 + 0.16 * ramp(np.abs(x), 9.0, 14.0)
    smear = 1 + unevenness(_SHEET.shape, ((30.0, 0.15), (90.0, 0.25)), 4)
    shine = haze + smear * _streaks(x, y)
    return make_texture(np.ones(_SHEET.shape), np.clip(inside * (shine + rim), 0, 0.9), inside)


def _edge(x: Reals, y: Reals) -> Reals:
    """Distance in cm to the edge of the sheet, whose lower corners are rounded."""
    beside, below = _SHEET.half - np.abs(x), y - _SHEET.low
    corner = _CORNER - np.hypot(np.minimum(beside - _CORNER, 0), np.minimum(below - _CORNER, 0))
    straight = np.minimum(np.minimum(beside, below), _SHEET.high - y)
    rounded = (beside < _CORNER) & (below < _CORNER)
    return np.asarray(np.where(rounded, corner, straight), np.float32)


def _streaks(x: Reals, y: Reals) -> Reals:
    """Upright reflections of lamps and windows, as a curved sheet draws them."""
    bend = 0.0035 * (y + 2) ** 2
    wide = ramp(x + 8.9 - bend, 0, 0.5) * ramp(x + 6.2 - bend, 0.9, 0)
    thin = bump(x + 5.3 - bend, 0.22)
    right = ramp(x - 7.4 + bend, 0, 1.2) * ramp(x - 9.6 + bend, 0.5, 0)
    fade = ramp(y, -11, -3) * ramp(y, 8.5, 4.5)
    slant = y - 4.6 + 0.30 * x
    lamp = bump(slant, 0.55) * bump(x - 3.4, 2.2)
    return np.asarray(fade * (0.20 * wide + 0.16 * thin + 0.15 * right) + 0.10 * lamp, np.float32)


@cache
def foam() -> Texture:
    """Draw foam: pores, a rounded lower edge, and the sheet's shine before it."""
    plane = Canvas(half=14.0, low=_BAND[0], high=_BAND[1], pixels=26)
    x, y = plane.grid()
    level = 0.97 + unevenness(plane.shape, ((0.8, 0.012), (2.5, 0.008), (40.0, 0.01)), 8)
    level = level - 0.22 * ramp(y, _BAND[0] + 0.5, _BAND[0]) - 0.10 * ramp(np.abs(x), 6, 14)
    level = level + 0.10 * bump(y - _BAND[1] + 0.35, 0.3)
    return make_texture(level)


def strap(colour: RGB) -> list[Cord]:
    """Draw the elastic from the ends of the band around the back of the head."""
    y = sum(_BAND) / 2
    line = np.array([(9.5, y, -0.6), (9.1, y, -2.5), (8.5, y - 0.2, -5), (7.6, y - 0.5, -8),
                     (5.6, y - 0.9, -11), (2.5, y - 1.1, -13)])  # fmt: skip
    sides = (line * [mirror, 1, 1] for mirror in (-1, 1))
    return [Cord(side, outward(side), 1.0, colour, fade=0.8) for side in sides]


_TINT: Final = 0.07  # share of the light that clear plastic keeps back
_SHINE: Final = (240, 245, 250)
_STRAP: Final = 0.9


@OCCLUDERS.register("shield")
@dataclass(frozen=True)
class FaceShield(WornOccluder):
    """A clear face shield on a foam band; the face shows through its reflections.

    Attributes
    ----------
    colour
        Colour of the band: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "white"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return reflections on the clear sheet, the band behind it, and its strap."""
        del scale, one
        colour = parse_colour(self.colour)
        clear = Sheet(visor(), reflections(), _SHINE, tint=_TINT, both_sides=True, lit=False)
        return Garment(
            (clear, Sheet(band(), foam(), colour, both_sides=True), *strap(dimmed(colour, _STRAP))),
            Shadow(0.4, 0.5),
        )
