"""A garment as the camera sees it, all of its parts at once: many small steps would take longer."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from maskface.arrays import Floats, Indices
from maskface.occluders.garment import Cord, Garment, Sheet
from maskface.occluders.geometry import HeadFit
from maskface.occluders.layer import Part, within

_HORIZON: Final = 0.15
"""What lies on the head is hidden where it faces away from the camera by more than this cosine."""
_DUSK: Final = 0.12
"""It fades out over this change of the cosine."""


class Seen(NamedTuple):
    """A sheet or a cord as the camera sees it.

    Attributes
    ----------
    scale
        Pixels per centimetre of the head.
    points
        (n, 3) float64, its vertices: x and y in pixels, z larger farther away.
    normals
        (n, 3) float64, unit length; z points away from the camera.
    shown
        (n,) float64, 0 to 1, whether the head's side of each normal is seen, and between at the
        horizon.
    low, high
        Least and largest x, y and z of the points.
    """

    scale: float
    points: Floats
    normals: Floats
    shown: Floats
    low: list[float]
    high: list[float]

    def around(self, margin: float, shape: tuple[int, ...]) -> Part | None:
        """The part of a drawing around it; None if it is outside."""
        return within(self.low, self.high, margin, shape)


def seen_from(fit: HeadFit, garment: Garment, corner: tuple[int, int] = (0, 0)) -> list[Seen]:
    """Each item of a garment on a head, in a picture that begins at a column and a row."""
    vertices, normals, starts = _together(garment)
    points, turned = fit.project(vertices) - [*corner, 0], fit.turn(normals)
    shown = np.clip((_HORIZON - turned[:, 2]) / _DUSK, 0, 1)
    low = np.minimum.reduceat(points, starts).tolist()
    high = np.maximum.reduceat(points, starts).tolist()
    begins = starts.tolist()
    ends = [*begins[1:], len(points)]
    return [
        Seen(fit.scale, points[a:b], turned[a:b], shown[a:b], *box)
        for a, b, *box in zip(begins, ends, low, high, strict=True)
    ]


def corners_of(fit: HeadFit, garment: Garment) -> tuple[list[float], list[float]]:
    """Least and largest x, y and z of a garment in a picture."""
    points = fit.project(_together(garment)[0])
    return np.minimum.reduce(points).tolist(), np.maximum.reduce(points).tolist()


@lru_cache(maxsize=256)
def _together(garment: Garment) -> tuple[Floats, Floats, Indices]:
    """Vertices and normals (n, 3) of all items in one, and where those of each begin."""
    parts = [_form(item) for item in garment.items]
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    return np.vstack([own for own, _ in parts]), np.vstack([own for _, own in parts]), starts


def _form(item: Sheet | Cord) -> tuple[Floats, Floats]:
    if isinstance(item, Sheet):
        return item.surface.vertices, item.surface.normals
    return item.points, item.normals
