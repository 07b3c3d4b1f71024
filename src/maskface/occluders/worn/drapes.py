"""From the form of wrapped cloth to triangles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.occluders.garment import Surface
from maskface.occluders.worn.drape_forms import Drape
from maskface.occluders.worn.surface import curve, sheet_surface

_FINE_FROM: Final = 16.0
"""Pixels per centimetre from which a coarse surface's outline would show its corners."""
_BLUNT: Final = 0.06
"""How blunt a point is."""
_GATHER: Final = 0.75
"""How far a knot draws the cloth together."""


@lru_cache(maxsize=16)
def draped(drape: Drape, *, fine: bool) -> Surface:
    """A drape's surface, of many or of few vertices."""
    return sheet_surface(sheet_of_drape(drape, *((18, 31) if fine else (13, 19))))


def surface_of_drape(drape: Drape, scale: float) -> Surface:
    """A drape's surface, finer for large faces.

    Parameters
    ----------
    drape
        The cloth's form.
    scale
        Pixels per centimetre of the head.
    """
    return draped(drape, fine=scale >= _FINE_FROM)


def spread(turn: NDArray[np.floating[Any]]) -> Floats:
    """Share of the way around the head by share of the columns, -1 to 1: most are in front."""
    return np.asarray(0.6 * turn + 0.4 * turn**3)


def sheet_of_drape(drape: Drape, rows: int, columns: int) -> Floats:
    """Positions (rows, columns, 3) of a drape's cloth in cm."""
    turn = spread(np.linspace(-1, 1, columns))[None, :]
    angle = np.radians(drape.reach) * turn
    ahead, behind = np.clip(np.cos(angle), 0, 1), np.clip(-np.cos(angle), 0, 1)
    centre, front = curve(drape.centre, rows), curve(drape.front, rows)
    x = curve(drape.half, rows) * np.sin(angle)
    z = centre + (front - centre) * ahead ** curve(drape.depth_power, rows)
    z = z - curve(drape.back, rows) * behind
    return np.stack([x, _heights(drape, rows, np.abs(turn) * drape.reach), z], axis=-1)


def _heights(drape: Drape, rows: int, degrees: Floats) -> Floats:
    """Height (rows, columns) of cloth at angles (1, columns) from the middle of the face."""
    # It levels out where the cloth has passed the ears.
    share, point = np.clip(degrees / 90, 0, 1), curve(drape.point, rows)
    round_off = np.cos(np.pi / 2 * share)
    level = round_off + point * (1 - np.hypot(share, _BLUNT) - round_off)
    middle, side = curve(drape.middle, rows), curve(drape.side, rows)
    height = side + (middle - side) * np.clip(level, 0, 1) ** curve(drape.height_power, rows)
    if drape.knot is None:
        return np.asarray(height)
    tied = np.clip((degrees - 90) / (drape.reach - 90), 0, 1)
    return np.asarray(height + (drape.knot - height) * _GATHER * tied)
