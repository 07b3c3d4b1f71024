"""The shape of a surgical mask.

The mask has a surface of its own, drawn once in the space of the canonical head (centimetres): it
bulges over nose and chin with room for both, and its lower part wraps under the chin far enough to
cover a dropped jaw.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskface.mesh import FACE_OVAL, canonical_mesh
from maskface.occluders.geometry import unit

Floats: TypeAlias = NDArray[np.float64]

_COARSE: Final = (10, 17)
_FINE: Final = (17, 35)
"""Vertices down and across."""
_FINE_FROM: Final = 16.0
"""Pixels per centimetre from which the coarse surface's outline would show its corners."""

# Middle line of the mask from the bridge of the nose to under the chin: (y, z).
_MIDDLE: Final = (
    (1.75, 6.75), (1.0, 7.35), (0.1, 7.95), (-1.1, 8.2), (-2.6, 8.0), (-4.4, 7.55), (-6.2, 7.15),
    (-8.0, 6.7), (-9.5, 6.0), (-10.4, 4.9), (-10.75, 3.6),
)  # fmt: skip
# Side edge from the upper to the lower corner: (x, y, z).
_SIDE: Final = (
    (6.80, 0.80, 0.60), (6.75, -0.40, 0.45), (6.70, -1.70, 0.30), (6.60, -3.00, 0.20),
    (6.40, -4.30, 0.10), (6.05, -5.40, 0.00),
)  # fmt: skip
# How height and depth pass from the middle (1) to the side (0), as powers of the cosine of the
# angle across: a high power is a narrow ridge, as over the nose; a low one is round.
_HEIGHT_POWER: Final = (14.0, 9.0, 5.0, 3.0, 2.2, 1.8, 1.65)
_DEPTH_POWER: Final = (4.2, 3.4, 2.8, 2.4, 2.1, 1.9, 1.7)

# Where the loops go: upper and lower root of the right ear.
_EAR: Final = ((-7.95, 2.6, -2.6), (-7.75, -0.8, -2.7))
LOOP_POINTS: Final = 9


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A mask in canonical head space.

    Attributes
    ----------
    shape
        Vertices down and across, n in all.
    vertices
        (n, 3) float64 in centimetres, row by row from the top, from the person's
        right to left.
    normals
        (n, 3) float64, unit length, pointing away from the face.
    grid
        (n, 2) float64. Column and row of each vertex as fractions 0 to 1.
    triangles
        (m, 3) int32, anticlockwise as seen from outside.
    loops
        (4, LOOP_POINTS, 3) float64. Polylines from the corners of the mask to the ears.
    loop_normals
        (4, LOOP_POINTS, 3) float64, unit length, pointing away from the head.
    """

    shape: tuple[int, int]
    vertices: Floats
    normals: Floats
    grid: Floats
    triangles: NDArray[np.int32]
    loops: Floats
    loop_normals: Floats


def _curve(points: tuple[tuple[float, ...], ...] | tuple[float, ...], n: int) -> Floats:
    """Sample a smooth (Catmull-Rom) curve through equally spaced control points."""
    control = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
    padded = np.vstack([2 * control[0] - control[1], control, 2 * control[-1] - control[-2]])
    position = np.linspace(0, len(points) - 1, n)
    start = np.minimum(position.astype(int), len(points) - 2)
    t = (position - start)[:, None]
    p0, p1, p2, p3 = (padded[start + k] for k in range(4))
    blend: Floats = 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )  # fmt: skip
    return blend


def _sheet(rows: int, columns: int) -> Floats:
    """Positions (rows, columns, 3) of the surface."""
    middle, side = _curve(_MIDDLE, rows), _curve(_SIDE, rows)
    angle = np.linspace(-np.pi / 2, np.pi / 2, columns)[None, :]
    cosine = np.clip(np.cos(angle), 0, 1)
    height, depth = cosine ** _curve(_HEIGHT_POWER, rows), cosine ** _curve(_DEPTH_POWER, rows)
    x = side[:, :1] * np.sin(angle)
    y = side[:, 1:2] + (middle[:, :1] - side[:, 1:2]) * height
    z = side[:, 2:] + (middle[:, 1:] - side[:, 2:]) * depth
    return np.stack([x, y, z], axis=-1)


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    both = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], axis=2)
    return both.reshape(-1, 3)


def _loop(corner: Floats, ear: tuple[float, float, float], mirror: float) -> tuple[Floats, Floats]:
    """Points and outward directions of an ear loop, bulging a little over the cheek."""
    # Closer together towards the ear, where the loop fades.
    t = np.sin(np.linspace(0, np.pi / 2, LOOP_POINTS))[:, None]
    goal = np.array(ear) * [mirror, 1, 1]
    points = corner * (1 - t) + goal * t + np.array([-0.12 * mirror, 0, 0]) * np.sin(np.pi * t)
    # Away from the vertical axis of the head, a little before the ears.
    outward = (points - [0, 0, -1.5]) * [1, 0, 1]
    return points, unit(outward)


def mask_surface(scale: float) -> Surface:
    """Return the mask's surface, finer for large faces.

    Parameters
    ----------
    scale
        Pixels per centimetre of the head.
    """
    return _build(*(_FINE if scale >= _FINE_FROM else _COARSE))


@cache
def _build(n_rows: int, n_columns: int) -> Surface:
    sheet = _sheet(n_rows, n_columns)
    normals = unit(np.cross(np.gradient(sheet, axis=1), -np.gradient(sheet, axis=0)))
    rows, columns = np.mgrid[0 : 1 : n_rows * 1j, 0 : 1 : n_columns * 1j]
    corners = ((sheet[0, 0], _EAR[0], 1.0), (sheet[-1, 0], _EAR[1], 1.0),
               (sheet[0, -1], _EAR[0], -1.0), (sheet[-1, -1], _EAR[1], -1.0))  # fmt: skip
    loops = [_loop(*corner) for corner in corners]
    return Surface(
        shape=(n_rows, n_columns),
        vertices=sheet.reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        grid=np.stack([columns, rows], axis=-1).reshape(-1, 2),
        triangles=_grid_triangles(n_rows, n_columns),
        loops=np.array([points for points, _ in loops]),
        loop_normals=np.array([outward for _, outward in loops]),
    )


@cache
def head_outline() -> tuple[Floats, ...]:
    """Points (n, 3) whose convex hulls, as seen, are the face and the neck: where shadows fall."""
    oval = canonical_mesh().vertices[list(FACE_OVAL)].astype(np.float64)
    inner = (oval - oval.mean(axis=0)) * 0.95 + oval.mean(axis=0)
    neck = np.array([(x, y, z) for x in (-5.0, 5.0) for y, z in ((-5.0, 0.0), (-14.0, -2.0))])
    return inner, neck
