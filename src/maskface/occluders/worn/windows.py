"""Masks that show the mouth through clear film: the film, what borders it, and the breath on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Final

import cv2
import numpy as np

from maskface.arrays import Reals
from maskface.occluders.drawing.garment import Cord, Garment, Shadow, Sheet, Surface, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import ColouredMask, outward
from maskface.occluders.worn.creases import creased_sheet
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.mask_shapes import CONTOURED, PANEL
from maskface.occluders.worn.placement import RIGID, SEWN, Population
from maskface.occluders.worn.planes import (
    bump,
    canvas,
    make_texture,
    seam,
    step,
    stitches,
    unevenness,
)
from maskface.occluders.worn.surface import detail, sheet_surface
from maskface.occluders.worn.weaves import in_centimetres, sewn_relief

_WINDOW: Final = (4.5, 2.95)  # half width and half height of the window in cm
_LEVEL: Final = -0.1  # how far its middle is below the middle row, in cm
_HEM: Final = 0.42
_PANEL_ROWS: Final = 576
_PANEL_COLUMNS: Final = 640
_PANEL_ACROSS: Final = 17.0
_PANEL_DOWN: Final = 14.5
"""Width and height in cm of a clear panel, laid flat."""


def _outside(across: Reals, down: Reals, half_width: float, half_height: float) -> Reals:
    """Distance in cm, with sign, from a rectangle with very round corners; positive outside."""
    power = 3.2
    a, b = np.abs(across) / half_width, np.abs(down) / half_height
    radius = (a**power + b**power) ** (1 / power)
    return np.asarray((radius - 1) * min(half_width, half_height), np.float32)


@cache
def window_box() -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the window's outer edge, as shares of the mask."""
    across, down = in_centimetres()
    rows, columns = np.nonzero(_outside(across, down - _LEVEL, *_WINDOW) < _HEM)
    height, width = across.shape
    box = columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


@cache
def window_cloth(*, smooth: bool = False) -> Texture:
    """Draw hemmed cotton with a hole before the mouth, bound with a stitched border."""
    across, down = in_centimetres()
    outside = _outside(across, down - _LEVEL, *_WINDOW)
    around = np.arctan2(down - _LEVEL, across) * 3.6
    relief = 0.16 * seam(outside - _HEM, 0.05) - 0.22 * np.exp(-np.abs(outside) / 0.05)
    relief = relief + 0.06 * bump(outside - 0.15, 0.08)
    relief = relief + 0.10 * stitches(outside - _HEM + 0.09, around, 0.03, 0.26)
    return make_texture(sewn_relief(smooth=smooth) * (1 + relief), step(outside, 0.03))


@cache
def window_film() -> Texture:
    """Draw reflections and breath on the window; the texture covers the whole mask."""
    across, down = in_centimetres()
    outside = _outside(across, down - _LEVEL, *_WINDOW)
    inside = step(-outside, 0.05)
    glare = 0.40 * _streaks(across, down) + 0.30 * bump(outside + 0.22, 0.10) * step(-down, 0.8)
    breath = 0.34 * _mist(across, down - _LEVEL - _WINDOW[1])
    opacity = inside * np.clip(0.035 + glare + breath, 0, 0.8)
    # Reflections are soft; half the size of cloth is enough.
    opacity = np.asarray(cv2.pyrDown(opacity), np.float32)
    return make_texture(np.ones_like(opacity), opacity)


def _streaks(across: Reals, down: Reals) -> Reals:
    """Slanted reflections of a window, softer at one end, and one near the other side."""
    slanted = across + 0.42 * down + 0.05 * down**2
    fade = step(1.6 - down, 1.2)
    main = step(0.42 - np.abs(slanted + 2.55), 0.10) + 0.6 * step(
        0.14 - np.abs(slanted + 1.75), 0.06
    )
    return np.asarray((main * fade + 0.35 * bump(slanted - 3.3, 0.30)) * 0.9, np.float32)


def _mist(across: Reals, above_edge: Reals) -> Reals:
    """Breath that gathers at the lower edge of a film."""
    cloud = unevenness(across.shape, ((28.0, 0.30), (9.0, 0.10)), 41)
    return np.asarray(np.clip(np.exp(above_edge / 1.0) * (1 + cloud), 0, 1.5), np.float32)


@cache
def panel_frame() -> Texture:
    """Draw foam pads of a rigid clear mask, over the nose and at the chin."""
    x, y = canvas(_PANEL_ROWS, _PANEL_COLUMNS)
    upper, lower = _panel_distances(x, y)
    # The pads end before the sides do.
    pad = np.clip(1.8 * np.sin(np.pi * x), 0.3, 1)
    foam = np.maximum(step(0.85 * pad - upper, 0.03), step(0.75 * pad - lower, 0.03))
    grain = unevenness((_PANEL_ROWS, _PANEL_COLUMNS), ((1.2, 0.025), (12.0, 0.015)), 42)
    level = 0.96 + foam * grain + 0.05 * bump(upper - 0.25, 0.15) + 0.05 * bump(lower - 0.3, 0.15)
    level = level - 0.14 * bump(upper - 0.85 * pad, 0.06) - 0.14 * bump(lower - 0.75 * pad, 0.06)
    return make_texture(level - 0.16 * np.exp(-np.minimum(upper, lower) / 0.05), foam)


def _panel_distances(x: Reals, y: Reals) -> tuple[Reals, Reals]:
    """Distances in cm from the upper and the lower edge of a clear panel."""
    tall = 0.5 + 0.5 * np.cos(np.pi * (x - 0.5))
    return _PANEL_DOWN * tall * y, _PANEL_DOWN * tall * (1 - y)


@cache
def panel_film() -> Texture:
    """Draw reflections and breath on a rigid clear mask."""
    x, y = canvas(_PANEL_ROWS, _PANEL_COLUMNS)
    across, down = _PANEL_ACROSS * (x - 0.5), _PANEL_DOWN * (y - 0.5)
    glare = np.full_like(across, 0.03)
    for middle, bend, half, height, soft, strength in (
        (-4.6, 0.06, 0.55, 3.0, 0.14, 0.34), (-3.5, 0.06, 0.16, 2.6, 0.08, 0.20),
        (5.0, -0.05, 0.40, 4.0, 0.40, 0.12),
    ):  # fmt: skip
        bent = across - middle - bend * down**2
        streak = step(half - np.abs(bent), soft) * step(height - np.abs(down + 0.6), 0.8)
        glare = glare + strength * streak
    breath = 0.20 * _mist(across, 0.7 - _panel_distances(x, y)[1])
    return make_texture(np.ones_like(x), np.clip(glare + breath, 0, 0.8))


_FORM: Final = replace(CONTOURED, fold=0.0)
_TINT: Final = 0.06
"""Share of the light that clear film keeps back."""
_SHADE: Final = Shadow(depth=0.35, reach=0.5)
_GLARE: Final = (248, 250, 252)
_RIM: Final = 0.13  # cm
_RIM_COLOUR: Final = (214, 219, 222)


@OCCLUDERS.register("window_mask")
@dataclass(frozen=True)
class WindowMask(ColouredMask):
    """A cloth mask with a clear window that shows the mouth.

    Such a mask hides less emotion than a plain one (Marini et al. 2021,
    doi:10.1038/s41598-021-84806-5).

    Attributes
    ----------
    colour
        Of the cloth: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    population: ClassVar[Population] = SEWN
    colour: Colour = "lightblue"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return reflections, cloth with its hole, loops."""
        colour = self.dyed(one)
        surface = self.surface(_FORM, scale, one)
        film = Sheet(_before_the_mouth(surface), window_film(), _GLARE, tint=_TINT, lit=False)
        cloth = Sheet(surface, window_cloth(smooth=one.seed is not None), colour)
        cloth = creased_sheet(cloth, one, 2.0, fine=detail(scale) > 0)
        return Garment((film, cloth, *self.loops(surface, colour)), _SHADE)


def _before_the_mouth(surface: Surface) -> Surface:
    """The part of a mask around its window; film elsewhere would not be seen."""
    (rows, columns), (left, top, right, bottom) = surface.shape, window_box()
    down = slice(int(top * (rows - 1)), int(np.ceil(bottom * (rows - 1))) + 1)
    across = slice(int(left * (columns - 1)), int(np.ceil(right * (columns - 1))) + 1)
    sheet = surface.sheet[down, across]
    grid = surface.grid.reshape(rows, columns, 2)[down, across].reshape(-1, 2)
    # Film is not lit, so that its texture may be that of the whole mask.
    return replace(sheet_surface(sheet), grid=grid, width=surface.width)


@OCCLUDERS.register("clear")
@dataclass(frozen=True)
class ClearMask(ColouredMask):
    """A rigid clear mask: the whole lower face shows behind reflections and a foam rim.

    Attributes
    ----------
    colour
        Of the foam: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    population: ClassVar[Population] = RIGID
    colour: Colour = "white"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return reflections, frame, loops."""
        colour = self.dyed(one)
        surface = self.surface(PANEL, scale, one)
        film = Sheet(surface, panel_film(), _GLARE, tint=_TINT, lit=False)
        frame = creased_sheet(
            Sheet(surface, panel_frame(), colour), one, 0.7, fine=detail(scale) > 0
        )
        loops = self.loops(surface, colour)
        return Garment((*_rims(surface), film, frame, *loops), _SHADE)


def _rims(surface: Surface) -> list[Cord]:
    """The side edges of a clear panel: seen from before, a sheet alone would show none."""
    edges = surface.sheet[:, 0], surface.sheet[:, -1]
    return [Cord(edge, outward(edge), _RIM, _RIM_COLOUR) for edge in edges]
