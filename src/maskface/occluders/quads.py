"""The pieces of a sheet that face the camera."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]

_EDGE_ON: Final = 0.12
"""Cosine of the angle to the line of sight below which a piece shows no texture."""
_NOTHING: Final = 1e-6
"""Smaller areas, in pixels, are not drawn."""
_ALL: Final = (0, 1, 2, 3)
_UPPER: Final = (0, 2, 1, 1)
_LOWER: Final = (1, 2, 3, 3)
"""Corners of the two halves of a quadrangle, as if the fourth lay on the third."""


class Quads(NamedTuple):
    """A sheet's quadrangles as seen, each halved from its upper right to its lower left corner.

    Attributes
    ----------
    points
        (rows, columns, 3) float64 in pixels, the sheet's vertices.
    halves
        Two of (rows - 1, columns - 1) int8. Whether the upper left and the lower right half are
        seen from outside (1), from inside (-1), or not at all (0).
    """

    points: Floats
    halves: tuple[NDArray[np.int8], NDArray[np.int8]]

    @property
    def whole(self) -> NDArray[np.int8]:
        """(rows - 1, columns - 1) int8, the same where both halves agree, else 0."""
        first, second = self.halves
        return np.where(first == second, first, 0).astype(np.int8)

    def any(self) -> bool:
        """Whether anything is seen."""
        return any(bool(half.any()) for half in self.halves)


def quads_of(points: Floats, shape: tuple[int, int], *, both_sides: bool = False) -> Quads:
    """Cut a sheet into quadrangles and find out which of them are seen.

    Parameters
    ----------
    points
        (rows * columns, 3), x and y in pixels with y down, z larger farther away.
    shape
        Rows and columns.
    both_sides
        Whether what is seen from inside is drawn, too; else it is inside of cloth, which usually
        lies behind the head.
    """
    grid = points.reshape(*shape, 3)
    a, b, c, d = _corners(grid)
    # With y down, what is seen from outside has a negative signed area.
    upper, lower = (
        _seen(-area, both_sides=both_sides) for area in (_area(a, c, b), _area(b, c, d))
    )
    return Quads(grid, (upper, lower))


def _corners(grid: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Upper left, upper right, lower left and lower right corner of each quadrangle."""
    return grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]


def _seen(area: Floats, *, both_sides: bool) -> NDArray[np.int8]:
    signs = (area > _NOTHING).astype(np.int8)
    return signs - (area < -_NOTHING) if both_sides else signs


def _area(a: Floats, b: Floats, c: Floats) -> Floats:
    """Twice the signed area of triangles."""
    x, y = a[..., 0], a[..., 1]
    across = (b[..., 0] - x) * (c[..., 1] - y)
    return np.asarray(across - (b[..., 1] - y) * (c[..., 0] - x))


def strips(quads: Quads, one: float) -> list[NDArray[np.int32]]:
    """Outlines (n, 2) of all that is seen of a sheet, in shares of a pixel of which `one` make one.

    Neighbours share their sides.
    """
    points = np.round(quads.points[..., :2] * one).astype(np.int32)
    whole = quads.whole
    # Most rows are seen from end to end.
    full = ((whole != 0) & (whole == whole[:, :1])).all(axis=1).tolist()
    bands = np.concatenate([points[:-1], points[1:, ::-1]], axis=1)
    outlines = []
    for row, sides in enumerate(whole.tolist()):
        if full[row]:
            outlines.append(bands[row])
            continue
        start = 0
        for side, run in groupby(sides):
            end = start + len(list(run))
            if side:
                upper, lower = points[row : row + 2, start : end + 1]
                outlines.append(np.concatenate([upper, lower[::-1]]))
            start = end
    flat = points.reshape(-1, 2)
    for half, order in zip(quads.halves, (_UPPER, _LOWER), strict=True):
        outlines += list(flat[_indices((half != 0) & (whole == 0), order[:3])])
    return outlines


def pieces(quads: Quads) -> Indices:
    """What a sheet's texture is drawn from, the farthest first: in this order near hides far.

    Returns
    -------
    NDArray
        Indices (4, k) of the upper left, upper right, lower left and lower right vertex. Where
        only a half is drawn, its third corner comes twice.
    """
    a, b, c, d = _corners(quads.points)
    whole = quads.whole
    convex = (whole != 0) & (_area(a, c, d) * whole < 0) & (_area(a, d, b) * whole < 0)
    halves = [(half != 0) & ~convex for half in quads.halves]
    wanted = np.concatenate([convex, *halves], axis=None)
    chosen = _all_pieces(quads.points.shape[:2])[:, wanted]
    corners = quads.points.reshape(-1, 3).T[:, chosen]
    # The normal is across both diagonals.
    (x1, y1, z1), (x2, y2, z2) = corners[:, 3] - corners[:, 0], corners[:, 1] - corners[:, 2]
    ahead, aside = (x1 * y2 - y1 * x2) ** 2, (y1 * z2 - z1 * y2) ** 2 + (z1 * x2 - x1 * z2) ** 2
    # Texture coordinates would leap across what is seen so obliquely.
    facing = np.flatnonzero(ahead > _EDGE_ON**2 * (ahead + aside))
    far = np.argsort(-corners[2].sum(axis=0)[facing], kind="stable")
    return np.asarray(chosen[:, facing[far]])


@lru_cache(maxsize=64)
def _all_pieces(shape: tuple[int, int]) -> Indices:
    """Vertices (4, n) of all quadrangles of a sheet, all their upper and all their lower halves."""
    every = np.ones((shape[0] - 1, shape[1] - 1), np.bool_)
    return np.concatenate([_indices(every, order).T for order in (_ALL, _UPPER, _LOWER)], axis=1)


def _indices(chosen: Bools, order: tuple[int, ...]) -> Indices:
    """Indices (n, len(order)) of the vertices of the chosen quadrangles."""
    columns = chosen.shape[1] + 1
    rows, starts = np.nonzero(chosen)
    corners = np.array([0, 1, columns, columns + 1])[list(order)]
    return np.asarray((rows * columns + starts)[:, None] + corners)
