"""Masks that show the mouth through clear film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np

from maskface.occluders.garment import Cord, Garment, Shadow, Sheet, Surface
from maskface.occluders.worn._base import ColouredMask
from maskface.occluders.worn.cords import outward
from maskface.occluders.worn.films import (
    panel_film,
    panel_frame,
    window_box,
    window_cloth,
    window_film,
)
from maskface.occluders.worn.mask_shapes import CONTOURED, PANEL
from maskface.occluders.worn.surface import sheet_surface

_FORM: Final = replace(CONTOURED, fold=0.0)
_TINT: Final = 0.06
"""Share of the light that clear film keeps back."""
_SHADE: Final = Shadow(depth=0.35, reach=0.5)
_GLARE: Final = (248, 250, 252)
_RIM: Final = 0.13  # cm
_RIM_COLOUR: Final = (214, 219, 222)


@dataclass(frozen=True)
class WindowMask(ColouredMask):
    """A cloth mask with a clear window that shows the mouth.

    Such a mask hides less emotion than a plain one (Marini et al. 2021,
    doi:10.1038/s41598-021-84806-5).

    Attributes
    ----------
    colour
        Of the cloth: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "window_mask"
    colour: str = "lightblue"

    def garment(self, scale: float) -> Garment:
        """Reflections, cloth with its hole, loops."""
        colour = self.rgb
        surface = self.surface(_FORM, scale)
        film = Sheet(_before_the_mouth(surface), window_film(), _GLARE, tint=_TINT, lit=False)
        cloth = Sheet(surface, window_cloth(), colour)
        return Garment((film, cloth, *self.loops(surface, colour)), _SHADE)


def _before_the_mouth(surface: Surface) -> Surface:
    """The part of a mask around its window; film elsewhere would not be seen."""
    (rows, columns), (left, top, right, bottom) = surface.shape, window_box()
    down = slice(int(top * (rows - 1)), int(np.ceil(bottom * (rows - 1))) + 1)
    across = slice(int(left * (columns - 1)), int(np.ceil(right * (columns - 1))) + 1)
    sheet = surface.vertices.reshape(rows, columns, 3)[down, across]
    grid = surface.grid.reshape(rows, columns, 2)[down, across].reshape(-1, 2)
    # Film is not lit, so that its texture may be that of the whole mask.
    return replace(sheet_surface(sheet), grid=grid, width=surface.width)


@dataclass(frozen=True)
class ClearMask(ColouredMask):
    """A rigid clear mask: the whole lower face shows behind reflections and a foam rim.

    Attributes
    ----------
    colour
        Of the foam: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "clear"
    colour: str = "white"

    def garment(self, scale: float) -> Garment:
        """Reflections, frame, loops."""
        colour = self.rgb
        surface = self.surface(PANEL, scale)
        film = Sheet(surface, panel_film(), _GLARE, tint=_TINT, lit=False)
        frame = Sheet(surface, panel_frame(), colour)
        loops = self.loops(surface, colour)
        return Garment((*_rims(surface), film, frame, *loops), _SHADE)


def _rims(surface: Surface) -> list[Cord]:
    """The side edges of a clear panel: seen from before, a sheet alone would show none."""
    rows, columns = surface.shape
    sheet = surface.vertices.reshape(rows, columns, 3)
    return [Cord(edge, outward(edge), _RIM, _RIM_COLOUR) for edge in (sheet[:, 0], sheet[:, -1])]
