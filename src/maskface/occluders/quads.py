"""The pieces of a sheet that face the camera."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bools, Floats, Indices

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
    planes
        (3, rows, columns) float64, x, y and z in pixels of the sheet's vertices.
    sides
        Of each quadrangle the left and the right side, downwards, and the upper and the lower
        one, to the right: (2, rows - 1, columns - 1) each, x and y.
    halves
        Two of (rows - 1, columns - 1) int8. Whether the upper left and the lower right half are
        seen from outside (1), from inside (-1), or not at all (0).
    """

    planes: Floats
    sides: tuple[Floats, Floats, Floats, Floats]
    halves: tuple[NDArray[np.int8], NDArray[np.int8]]

    @property
    def whole(self) -> NDArray[np.int8]:
        """(rows - 1, columns - 1) int8, the same where both halves agree, else 0."""
        first, second = self.halves
        return np.asarray(first * (first == second), np.int8)

    def any(self) -> bool:
        """Whether anything is seen."""
        return any(np.count_nonzero(half) for half in self.halves)


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
    planes = np.ascontiguousarray(points.T).reshape(3, *shape)
    down, across = planes[:2, 1:] - planes[:2, :-1], planes[:2, :, 1:] - planes[:2, :, :-1]
    left, right, top, bottom = down[..., :-1], down[..., 1:], across[:, :-1], across[:, 1:]
    # With y down, what is seen from outside has a negative signed area.
    upper, lower = (
        _seen(area, both_sides=both_sides) for area in (_area(left, top), _area(right, bottom))
    )
    return Quads(planes, (left, right, top, bottom), (upper, lower))


def _seen(area: Floats, *, both_sides: bool) -> NDArray[np.int8]:
    signs = (area < -_NOTHING).view(np.int8)
    return signs - (area > _NOTHING).view(np.int8) if both_sides else signs


def _area(down: Floats, across: Floats) -> Floats:
    """Twice the signed area between two sides that meet at a corner."""
    return np.asarray(down[0] * across[1] - down[1] * across[0])


def strips(quads: Quads, one: float) -> list[NDArray[np.int32]]:
    """Outlines (n, 2) of all that is seen of a sheet, in shares of a pixel of which `one` make one.

    Neighbours share their sides.
    """
    planes = np.rint(quads.planes[:2] * one).astype(np.int32)
    points = np.ascontiguousarray(planes.transpose(1, 2, 0))
    whole = quads.whole
    outlines = []
    for row, start, end in _runs(whole):
        upper, lower = points[row : row + 2, start : end + 1]
        outlines.append(np.concatenate([upper, lower[::-1]]))
    flat = points.reshape(-1, 2)
    for half, order in zip(quads.halves, (_UPPER, _LOWER), strict=True):
        alone = half != whole
        if np.count_nonzero(alone):
            outlines += list(flat[_indices(alone & (half != 0), order[:3])])
    return outlines


def _runs(whole: NDArray[np.int8]) -> list[tuple[int, int, int]]:
    """Row, first column and the column after the last of neighbours that are seen alike."""
    rows, columns = whole.shape
    framed = np.zeros((rows, columns + 2), np.int8)
    framed[:, 1:-1] = whole
    row, column = np.nonzero(framed[:, 1:] != framed[:, :-1])
    starts = list(zip(row.tolist(), column.tolist(), strict=True))
    # What begins with nothing seen, or with the end of a row, is no run.
    seen = framed[:, 1:][row, column].tolist()
    return [(*starts[k], starts[k + 1][1]) for k, side in enumerate(seen) if side]


def pieces(quads: Quads) -> tuple[Indices, Floats]:
    """What a sheet's texture is drawn from, the farthest first: in this order near hides far.

    Returns
    -------
    tuple of NDArray
        Indices (4, k) of the upper left, upper right, lower left and lower right vertex, and
        (2, 4, k) where these are. Where only a half is drawn, its third corner comes twice.
    """
    left, right, top, bottom = quads.sides
    whole = quads.whole
    convex = (_area(left, bottom) * whole < 0) & (_area(right, top) * whole < 0)
    halves = [half.astype(np.bool_) & ~convex for half in quads.halves]
    wanted = np.flatnonzero(np.concatenate([convex, *halves], axis=None))
    chosen = _all_pieces(quads.planes.shape[1:]).take(wanted, axis=1)
    corners = quads.planes.reshape(3, -1).take(chosen, axis=1)
    # The normal is across both diagonals.
    (x1, y1, z1), (x2, y2, z2) = corners[:, 3] - corners[:, 0], corners[:, 1] - corners[:, 2]
    ahead, aside = (x1 * y2 - y1 * x2) ** 2, (y1 * z2 - z1 * y2) ** 2 + (z1 * x2 - x1 * z2) ** 2
    # Texture coordinates would leap across what is seen so obliquely.
    facing = np.flatnonzero(ahead > _EDGE_ON**2 * (ahead + aside))
    far = facing[np.argsort(-corners[2].sum(axis=0)[facing], kind="stable")]
    return chosen.take(far, axis=1), corners[:2].take(far, axis=2)


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
