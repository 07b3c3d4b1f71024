"""Masks of sewn cotton and of moulded stretch foam."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Final

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.colours import RGB, parse_colour
from maskface.occluders.drawing.garment import Garment, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import ColouredMask, cloth_sheet
from maskface.occluders.worn.creases import creased_sheet, crumpled
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.mask_shapes import CONTOURED, MOULDED
from maskface.occluders.worn.placement import SEWN, Population
from maskface.occluders.worn.planes import bump, canvas, crease, make_texture, seam, unevenness
from maskface.occluders.worn.straps import bands
from maskface.occluders.worn.surface import detail
from maskface.occluders.worn.weaves import (
    ACROSS,
    DOWN,
    HEIGHT,
    WIDTH,
    Pattern,
    cotton,
    plain_cotton,
    tallness,
)


@lru_cache(maxsize=32)
def foam(colour: RGB, *, smooth: bool = False) -> Texture:
    """Draw stretch foam: matte, with a ridge down the middle and a soft sheen beside it."""
    x, y = canvas(HEIGHT, WIDTH)
    across = ACROSS * (x - 0.5)
    # The sides have no edge: they go over into the bands.
    edge = DOWN * np.minimum(y, 1 - y) * tallness(x)
    relief = 1 + unevenness((HEIGHT, WIDTH), ((0.8, 0.020), (18.0, 0.012)), 22)
    relief += 0.30 * seam(across, 0.045) + 0.10 * _tension(x, y)
    if not smooth:
        relief += 0.7 * crumpled((HEIGHT, WIDTH), USUAL)
    relief -= 0.12 * bump(edge - 0.16, 0.05) + 0.3 * np.exp(-edge / 0.03)
    sheen = 0.075 * _sheen(x, y) + 0.05 * bump(edge - 0.06, 0.05) + 0.03 * bump(across - 0.10, 0.07)
    light = relief[..., None] * np.array(colour, np.float32) / 255 + sheen[..., None]
    return make_texture(light)


def _tension(x: Reals, y: Reals) -> Reals:
    """Shallow folds where the bands pull."""
    total = np.zeros_like(y)
    for across in (x, 1 - x):
        for start, slope, reach in ((0.24, 0.34, 0.24), (0.52, 0.05, 0.16), (0.82, -0.30, 0.22)):
            total += crease(across, y, start, slope, reach)
    return total


def _sheen(x: Reals, y: Reals) -> Reals:
    """Light from above on the upper side of the nose and on the cheeks."""
    nose = bump(np.abs(x - 0.5) - 0.07, 0.06) * bump(y - 0.24, 0.16)
    cheeks = 0.8 * bump(np.abs(x - 0.5) - 0.24, 0.13) * bump(y - 0.34, 0.15)
    chin = 0.5 * bump(x - 0.5, 0.10) * bump(y - 0.66, 0.10)
    return np.asarray(nose + cheeks + chin, np.float32)


_SEAMS: Final = (0.0, 0.0, 0.4, 0.8)
"""How marked the middle seams of cloth masks are; many have none."""
_BAND: Final = 0.6  # width in cm of a band that hangs down


@OCCLUDERS.register("cloth")
@dataclass(frozen=True)
class ClothMask(ColouredMask):
    """A sewn cotton mask of two panels, plain or printed, with elastic ear loops.

    Attributes
    ----------
    colour
        Of the ground and the loops: a name in `maskface.occluders.colours.PALETTE` or
        ``#rrggbb``.
    pattern
        plain, stripes, dots, check or floral.
    accent
        Colour of the print.
    """

    population: ClassVar[Population] = SEWN
    colour: Colour = "navy"
    pattern: Pattern = "plain"
    accent: Colour = "white"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the panels and their loops."""
        colour, accent = self.dyed(one), parse_colour(self.accent)
        surface = self.surface(CONTOURED, scale, one)
        seam = None if one.seed is None else float(one.rng("seam").choice(_SEAMS))
        if self.pattern == "plain":
            sheet = cloth_sheet(surface, plain_cotton(seam), colour)
        else:
            printed = cotton(self.pattern, self.rgb, accent, seam)
            sheet = cloth_sheet(surface, printed, self.gain(one))
        sheet = creased_sheet(sheet, one, 2.0, fine=detail(scale) > 0)
        loops = (replace(loop, colour=colour) for loop in self.loops(surface, colour))
        return Garment((sheet, *loops))


@OCCLUDERS.register("fashion")
@dataclass(frozen=True)
class FashionMask(ColouredMask):
    """A moulded mask of thin stretch foam with ear loops cut from the same piece."""

    population: ClassVar[Population] = SEWN
    colour: Colour = "black"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the moulded sheet and the bands to the ears."""
        colour, gain = self.rgb, self.gain(one)
        surface = self.surface(MOULDED, scale, one)
        sheet = cloth_sheet(surface, foam(colour, smooth=one.seed is not None), gain)
        sheet = creased_sheet(sheet, one, 0.7, fine=detail(scale) > 0)
        if self.wearing != "one_ear":
            return Garment((sheet, *bands(surface, colour, gain)))
        dangling = replace(self.loops(surface, colour)[-1], width=_BAND, colour=colour)
        return Garment((sheet, *bands(surface, colour, gain, ears="right"), dangling))
