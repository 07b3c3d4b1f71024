"""A mask that hangs from one ear."""

from __future__ import annotations

from typing import Final

import numpy as np

from maskface.occluders.garment import Cord, Surface
from maskface.occluders.geometry import unit
from maskface.occluders.worn.cords import ear_loops, loop_colour
from maskface.occluders.worn.surface import sheet_surface

_START: Final = np.array([-7.7, -2.4, -0.9])
"""Middle of the edge that stays near the ear, in cm: three below the ear, before the jaw."""
_DOWN: Final = unit(np.array([0.06, -1.0, 0.12]))
_ACROSS: Final = unit(np.array([0.49, 0.0, 0.87]))
"""From the mask's lower edge to its upper edge, which turns towards the face. The mask hangs along
the side of the head and goes out of sight where that side does, at yaws of 30 to 40 degrees."""
_LENGTH: Final = 12.0
_WIDTH: Final = 7.0
"""A hanging mask is folded: shorter and narrower than a worn one, in cm."""
_BULGE: Final = 0.35
_LOOP: Final = 3.5
_POINTS: Final = 9


def hang(surface: Surface) -> Surface:
    """Hang a mask from the person's right ear by its loops."""
    rows, columns = surface.shape
    along = np.linspace(0, 1, columns)[None, :, None]
    across = np.linspace(0.5, -0.5, rows)[:, None, None]
    outward = np.cross(_DOWN, _ACROSS)
    bulge = np.sin(np.pi * along) * np.cos(np.pi * across)
    # Gathered at both ends by the loops, and swinging a little.
    width = _WIDTH * (0.72 + 0.28 * np.sin(np.pi * along))
    sheet = _START + _LENGTH * along * _DOWN + width * across * _ACROSS + _BULGE * bulge * outward
    return sheet_surface(sheet)


def hanging_loops(surface: Surface, colour: tuple[int, int, int]) -> list[Cord]:
    """The loop that holds a hanging mask, and the one that dangles from it."""
    rows, columns = surface.shape
    end = surface.vertices.reshape(rows, columns, 3)[:, -1]
    t = np.linspace(0, 1, _POINTS)[:, None]
    points = end[0] * (1 - t) + end[-1] * t + _LOOP * np.sin(np.pi * t) * _DOWN
    normals = np.repeat(np.cross(_DOWN, _ACROSS)[None], _POINTS, axis=0)
    held = ear_loops(surface, colour, ears="right")
    return [*held, Cord(points, normals, held[0].width, loop_colour(colour))]
