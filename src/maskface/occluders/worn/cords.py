"""Ear loops and head straps."""

from __future__ import annotations

from typing import Final

import numpy as np

from maskface.arrays import Floats
from maskface.occluders.garment import Cord, Surface
from maskface.occluders.geometry import unit
from maskface.occluders.light import LUMA

EAR: Final = ((-7.95, 2.6, -2.6), (-7.75, -0.8, -2.7))
"""Upper and lower root of the right ear, in cm."""
_POINTS: Final = 9
_WIDTH: Final = 0.22  # cm
_COLOUR: Final = (222, 222, 218)
_DARK: Final = 110.0
"""Masks of lower luminance have loops of their own colour."""
_FADE: Final = 0.25
"""Share of a loop that passes out of sight behind the ear."""


def ear_loops(surface: Surface, colour: tuple[int, int, int], *, ears: str = "both") -> list[Cord]:
    """Loops from the corners of a mask to the roots of the ears.

    Parameters
    ----------
    surface
        The mask.
    colour
        Red, green, blue (0 to 255) of its cloth.
    ears
        ``both``, or only the person's ``right``.

    Returns
    -------
    list of Cord
        Two for each ear.
    """
    rows, columns = surface.shape
    sheet = surface.vertices.reshape(rows, columns, 3)
    tone = loop_colour(colour)
    cords = []
    for column, mirror in ((0, 1.0), (-1, -1.0))[: 1 if ears == "right" else 2]:
        for row, ear in ((0, EAR[0]), (-1, EAR[1])):
            cords.append(_loop(sheet[row, column], np.array(ear) * [mirror, 1, 1], mirror, tone))
    return cords


def loop_colour(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Colour of the loops of a mask of this colour."""
    return colour if float(np.array(colour) @ LUMA) < _DARK else _COLOUR


def _loop(corner: Floats, ear: Floats, mirror: float, colour: tuple[int, int, int]) -> Cord:
    """A loop that bulges a little over the cheek."""
    # Closer together towards the ear, where the loop fades.
    t = np.sin(np.linspace(0, np.pi / 2, _POINTS))[:, None]
    points = corner * (1 - t) + ear * t + np.array([-0.12 * mirror, 0, 0]) * np.sin(np.pi * t)
    return Cord(points, outward(points), _WIDTH, colour, _FADE, under_hair=True)


def outward(points: Floats) -> Floats:
    """Directions (n, 3) away from the vertical axis of the head, a little before the ears."""
    return unit((points - [0, 0, -1.5]) * [1, 0, 1])
