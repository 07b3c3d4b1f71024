"""Cloth wrapped around the head: scarf, veil, hood, and the crown of a cap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np

from maskface.arrays import Floats
from maskface.occluders.drawing.garment import Surface
from maskface.occluders.worn.surface import curve, detail, sheet_surface, spread

Numbers: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Drape:
    """Cloth around the head. Every tuple runs from the upper to the lower edge, in cm."""

    # Height of the cloth at the middle of the face, and where it ends at the sides.
    middle: Numbers
    side: Numbers
    front: Numbers  # depth z of its middle
    half: Numbers  # half its width
    centre: Numbers  # depth z of the axis it is wrapped around
    back: Numbers  # how far it reaches behind the axis
    # How height and depth pass from the middle to the sides; a high power is a narrow ridge.
    height_power: Numbers
    depth_power: Numbers
    reach: float  # how far around the head it goes to either side, in degrees
    point: Numbers = (0.0, 0.0)  # 0 where a row hangs in a round curve, 1 where it comes to a point
    # Height at which the ends are tied behind the head; None if they hang freely.
    knot: float | None = None


SCARF: Final = Drape(
    middle=(1.55, 0.4, -1.0, -2.8, -5.0, -7.4, -9.8, -12.2, -14.8, -17.3),
    side=(1.3, 0.9, 0.4, -0.1, -0.6, -1.1, -1.6, -2.1, -2.6, -3.1),
    front=(6.75, 7.75, 8.35, 8.15, 7.85, 7.65, 7.5, 7.0, 6.4, 5.8),
    half=(8.2, 8.3, 8.35, 8.3, 8.25, 8.2, 8.2, 8.15, 8.1, 8.1),
    centre=(-1.5, -1.5, -1.6, -1.7, -1.9, -2.0, -2.1, -2.2, -2.3, -2.4),
    back=(9.8, 9.8, 9.6, 9.4, 9.2),
    height_power=(9.0, 5.0, 3.0, 2.2, 1.7, 1.35, 1.25),
    depth_power=(2.2, 1.9, 1.6, 1.35, 1.25, 1.2, 1.2),
    reach=150.0,
    point=(0.0, 0.0, 0.0, 0.1, 0.4, 0.75, 1.0),
    knot=-0.4,
)
"""A square of cloth folded to a triangle: over nose and mouth, tied behind, a point below."""

VEIL: Final = Drape(
    middle=(1.05, -0.1, -1.6, -3.8, -6.6, -9.8, -13.2, -16.8, -20.2, -23.5),
    side=(7.5, 5.3, 2.8, -0.3, -3.6, -7.0, -10.8, -15.0, -19.0, -23.0),
    front=(7.0, 8.0, 8.45, 8.3, 7.95, 7.7, 7.6, 7.7, 7.9, 8.1),
    half=(9.2, 9.4, 9.65, 10.0, 10.6, 11.6, 13.0, 14.5, 15.8, 16.8),
    centre=(-2.5, -2.5, -2.5, -2.5, -2.5),
    back=(13.5, 13.5, 13.0, 12.0, 11.0),
    height_power=(1.2, 1.35, 1.6, 1.8, 1.9),
    depth_power=(2.0, 1.8, 1.6, 1.4, 1.25, 1.1, 1.0, 1.0),
    reach=180.0,
)
"""The lower cloth of a niqab, from below the eyes over the shoulders."""

HOOD: Final = Drape(
    middle=(17.3, 16.7, 15.3, 13.4, 11.4, 9.4, 7.5, 5.6),
    side=(17.3, 16.4, 14.4, 11.8, 9.0, 6.3, 3.7, 1.2),
    front=(-3.8, 0.2, 3.4, 5.3, 6.1, 6.4, 6.4, 6.2),
    half=(0.3, 4.7, 7.1, 8.6, 9.4, 9.75, 9.85, 9.75),
    centre=(-4.0, -3.5, -3.0, -2.7, -2.5, -2.5, -2.5, -2.5),
    back=(0.3, 6.8, 10.8, 12.8, 13.6, 13.8, 13.7, 13.5),
    height_power=(1.2, 1.2, 1.2, 1.3, 1.6, 2.4, 4.0),
    depth_power=(1.0, 1.0, 0.95, 0.9, 0.9, 1.1, 1.5, 2.0),
    reach=180.0,
)
"""The upper cloth of a niqab, over forehead and hair, with room for a knot of hair."""

CROWN: Final = Drape(
    middle=(16.4, 16.1, 15.2, 13.8, 12.1, 10.5, 9.0, 7.8),
    side=(16.4, 16.0, 14.8, 12.8, 10.5, 8.3, 6.6, 5.2),
    front=(-2.6, 0.4, 3.0, 4.9, 6.0, 6.5, 6.7, 6.7),
    half=(0.3, 4.2, 6.7, 8.2, 8.9, 9.05, 8.85, 8.5),
    centre=(-3.0, -2.8, -2.6, -2.5, -2.5, -2.5, -2.5, -2.5),
    back=(0.3, 4.9, 7.9, 10.0, 11.2, 11.8, 11.8, 11.6),
    height_power=(1.2, 1.2, 1.2, 1.2, 1.3, 1.4),
    depth_power=(1.0, 1.0, 0.95, 0.9, 0.9, 0.9),
    reach=180.0,
)
"""The crown of a cap."""

_COARSE: Final = (13, 19)
_FINE: Final = (18, 31)
"""Vertices down and across."""
_BLUNT: Final = 0.06  # how blunt a point is
_GATHER: Final = 0.75  # how far a knot draws the cloth together


def surface_of_drape(drape: Drape, scale: float) -> Surface:
    """Make a drape's surface, finer for large faces: at `scale` pixels per centimetre."""
    return _build(drape, *(_FINE if detail(scale) else _COARSE))


@lru_cache(maxsize=16)
def _build(drape: Drape, rows: int, columns: int) -> Surface:
    return sheet_surface(sheet_of_drape(drape, rows, columns))


def sheet_of_drape(drape: Drape, rows: int, columns: int) -> Floats:
    """Return positions (rows, columns, 3) of a drape's cloth in cm."""
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
