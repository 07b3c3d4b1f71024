"""Ear loops cut from the cloth of the mask, and straps that go round the head."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np

from maskface.arrays import Floats, Reals
from maskface.occluders.colours import RGB
from maskface.occluders.drawing.garment import Cord, Sheet, Surface, Texture
from maskface.occluders.drawing.geometry import unit
from maskface.occluders.worn.base import outward
from maskface.occluders.worn.planes import bump, canvas, make_texture, step, unevenness
from maskface.occluders.worn.surface import sheet_surface

_ROWS: Final = 6
_COLUMNS: Final = 8
_BULGE: Final = 0.15  # cm
_EAR: Final = ((-7.9, 2.6, -3.4), (-7.7, -1.0, -3.5))
"""Upper and lower end of a band at the right ear, in cm: bands reach under the ear's front edge,
where loops, which are thin, may end before it."""
_LEVEL: Final = -2.5
_INWARDS: Final = 0.15
"""A mask whose sides lie below that height, in cm, is pulled down. Its bands rise so steeply that
they would be seen edge-on from the front, in pieces: their upper edges begin farther inwards, by so
much for each cm."""
_TIP: Final = 0.72  # where along a band its opening for the ear begins
_SIZE: Final = 192  # texture pixels down and across

_ABOVE: Final = ((7.95, 3.2, -2.6), (8.0, 5.3, -4.8))
_BELOW: Final = ((6.6, -3.3, -3.2), (6.35, -2.4, -5.0))
"""Where straps pass the left ear, above and below it, and the back of the head. At the height of
the lower one the outline of 180 faces (London, Taiwan) is 6.7 cm from the middle, SD 0.4; farther
out, straps would end in the air beside most jaws."""
_ROUND: Final = 0.65  # how far straps bend outwards round the cheek, in cm


def bands(
    surface: Surface, colour: RGB, gain: RGB = (255, 255, 255), *, ears: str = "both"
) -> list[Sheet]:
    """Draw wide bands with an opening from the sides of a mask to the ears (as for `ear_loops`)."""
    sheet, normals = surface.sheet, surface.normals.reshape(*surface.shape, 3)
    right, left = (
        _band(sheet[:, column], normals[:, column], mirror)
        for column, mirror in ((0, 1.0), (-1, -1.0))
    )
    drawn = [
        Sheet(right, band_cloth(colour, mirrored=True), gain, on_head=True, under_hair=True),
        Sheet(left, band_cloth(colour), gain, on_head=True, under_hair=True),
    ]
    return drawn[:1] if ears == "right" else drawn


def _band(edge: Floats, facing: Floats, mirror: float) -> Surface:
    """A sheet from a side edge (n, 3) of a mask to the ear; `mirror` is 1 on the right.

    `facing` are the mask's normals there: light must not break off at the edge. Pulled down, what
    hides a band is the jaw that it goes round, and it faces as the jaw does.
    """
    start, forward = _resampled(edge), _resampled(facing)
    down = max(0.0, _LEVEL - float(start[:, 1].mean()))
    start[:, 0] += np.linspace(_INWARDS * down * mirror, 0, _ROWS)
    ear = np.linspace(_EAR[0], _EAR[1], _ROWS) * [mirror, 1, 1]
    t = np.linspace(0, 1, _COLUMNS)[None, :, None]
    out = np.array([-_BULGE * mirror, 0, 0]) * np.sin(np.pi * t)
    sheet = start[:, None] * (1 - t) + ear[:, None] * t + out
    alike = (1 - t) ** 2 / (1 + down) ** 2
    turned = forward[:, None] * alike + outward(sheet) * (1 - alike)
    if mirror > 0:
        sheet, turned = sheet[:, ::-1], turned[:, ::-1]
    return replace(sheet_surface(sheet), normals=unit(turned.reshape(-1, 3)))


def _resampled(edge: Floats) -> Floats:
    """Values (n, 3) along an edge at as many places as a band has rows."""
    places, own = np.linspace(0, 1, _ROWS), np.linspace(0, 1, len(edge))
    return np.stack([np.interp(places, own, edge[:, axis]) for axis in range(3)], axis=1)


@lru_cache(maxsize=32)
def band_cloth(colour: RGB, *, mirrored: bool = False) -> Texture:
    """Draw a band from the mask (left, or right if mirrored) to the ear, with its opening."""
    x, y = canvas(_SIZE, _SIZE)
    solid, edge = _cut(x, y)
    relief = 1 + unevenness((_SIZE, _SIZE), ((0.8, 0.02),), 23) - 0.25 * bump(edge - 0.05, 0.02)
    light = relief[..., None] * np.array(colour, np.float32) / 255
    light = light + (0.05 * bump(edge, 0.025))[..., None]
    if mirrored:
        light, solid = light[:, ::-1], solid[:, ::-1]
    return make_texture(light, solid)


def _cut(x: Reals, y: Reals) -> tuple[Reals, Reals]:
    """Return how solid the band is, and how far the nearest cut edge is inside it."""
    # The opening is pointed towards the mask and begins shortly before the ear: cut deeper, its two
    # ends would be prongs. The outer edges draw in all the way to the ear.
    # They begin a little inside the corners: those stand for all that is seen edge-on, and solid
    # they would show as scraps beside a turned face.
    half = 0.485 - 0.085 * np.sin(np.pi / 2 * x) ** 1.2
    off, beyond = np.abs(y - 0.5), x - _TIP
    opening = 0.26 * np.clip(beyond / (1 - _TIP), 0, None) ** 0.6
    edge = np.minimum(half - off, np.where(beyond > 0, off - opening, np.hypot(off, beyond)))
    behind_the_ear = step(0.93 - x, 0.05)
    return step(edge, 0.008) * behind_the_ear, edge


def head_straps(surface: Surface, colour: RGB, width: float) -> list[Cord]:
    """Draw two straps, `width` cm wide, round the head, above and below the ears."""
    sheet, cords = surface.sheet, []
    for column, mirror in ((0, -1.0), (-1, 1.0)):
        for row, way in ((0, _ABOVE), (-1, _BELOW)):
            points = _round_the_head(sheet[row, column], np.array(way) * [mirror, 1, 1])
            # The upper one holds hair down; the lower one is put on under hair that hangs.
            below = way is _BELOW
            cords.append(Cord(points, outward(points), width, colour, 0.25, under_hair=below))
    return cords


def _round_the_head(start: Floats, way: Floats) -> Floats:
    """A strap from its staple past the ear."""
    t = np.linspace(0, 1, 20)[:, None]
    straight = start * (1 - t) + way[0] * t
    bent = straight + _ROUND * np.sin(np.pi * t) * outward(straight)
    # Many points, so that the strap can fade out behind the ear.
    return np.vstack([bent, np.linspace(way[0], way[1], 10)[1:]])
