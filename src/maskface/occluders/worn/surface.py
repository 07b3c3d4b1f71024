"""From a mask's form to triangles."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.occluders.garment import Surface
from maskface.occluders.geometry import unit
from maskface.occluders.worn.shapes import Line, Shape

_COARSE: Final = (10, 17)
_FINE: Final = (17, 35)
"""Vertices down and across."""
_FINE_FROM: Final = 16.0
"""Pixels per centimetre from which the coarse surface's outline would show its corners."""
_KEPT: Final = 256
"""Surfaces kept for the next picture; a sweep over the height has a hundred."""


def curve(points: Line | tuple[float, ...], n: int) -> Floats:
    """Sample a smooth (Catmull-Rom) curve through equally spaced control points.

    Parameters
    ----------
    points
        Control points, two or more, each of d numbers (or one number).
    n
        Number of samples, evenly over the control points.

    Returns
    -------
    NDArray
        (n, d).
    """
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


def surface_of(shape: Shape, scale: float) -> Surface:
    """Make a mask's surface, finer for large faces.

    Parameters
    ----------
    shape
        The mask's form.
    scale
        Pixels per centimetre of the head.
    """
    return _build(shape, *(_FINE if scale >= _FINE_FROM else _COARSE))


def detail(scale: float) -> float:
    """The least scale that is drawn in the same detail."""
    return _FINE_FROM if scale >= _FINE_FROM else 0.0


def sheet_surface(sheet: Floats) -> Surface:
    """Join positions (rows, columns, 3) into a surface.

    Rows run from the upper to the lower edge, columns from the person's right to left.
    """
    n_rows, n_columns = sheet.shape[:2]
    normals = unit(np.cross(np.gradient(sheet, axis=1), -np.gradient(sheet, axis=0)))
    rows, columns = np.mgrid[0 : 1 : n_rows * 1j, 0 : 1 : n_columns * 1j]
    return Surface(
        shape=(n_rows, n_columns),
        vertices=sheet.reshape(-1, 3),
        normals=normals.reshape(-1, 3),
        grid=np.stack([columns, rows], axis=-1).reshape(-1, 2),
        triangles=_grid_triangles(n_rows, n_columns),
        width=float(np.linalg.norm(np.diff(sheet, axis=1), axis=2).sum(axis=1).max()),
    )


@lru_cache(maxsize=_KEPT)
def _build(shape: Shape, rows: int, columns: int) -> Surface:
    return sheet_surface(sheet_of(shape, rows, columns))


def sheet_of(shape: Shape, rows: int, columns: int) -> Floats:
    """Positions (rows, columns, 3) of a mask's cloth."""
    middle, side = curve(shape.middle, rows), curve(shape.side, rows)
    angle = np.linspace(-np.pi / 2, np.pi / 2, columns)[None, :]
    round_off = np.clip(np.cos(angle), 0, 1)
    across = round_off + shape.fold * (1 - np.abs(np.sin(angle)) - round_off)
    height = round_off ** curve(shape.height_power, rows)
    depth = across ** curve(shape.depth_power, rows)
    x = side[:, :1] * np.sin(angle)
    y = side[:, 1:2] + (middle[:, :1] - side[:, 1:2]) * height
    z = side[:, 2:] + (middle[:, 1:] - side[:, 2:]) * depth
    return np.stack([x, y, z], axis=-1)


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    both = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], axis=2)
    return both.reshape(-1, 3)
