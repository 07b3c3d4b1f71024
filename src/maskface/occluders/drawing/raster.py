"""Rasterisation of a sheet: its visible pieces, its outline, its texture at each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bools, Bytes, Floats, Indices, Singles
from maskface.occluders.drawing.garment import Surface

_EDGE_ON: Final = 0.12
"""Cosine of the angle to the line of sight below which a piece shows no texture."""
_NOTHING: Final = 1e-6  # smaller areas, in pixels, are not drawn
_ALL: Final = (0, 1, 2, 3)
_UPPER: Final = (0, 2, 1, 1)
_LOWER: Final = (1, 2, 3, 3)
"""Corners of the two halves of a quadrangle, as if the fourth lay on the third."""


class Quads(NamedTuple):
    """A sheet's quadrangles as seen, each halved from its upper right to its lower left corner."""

    planes: Floats  # (3, rows, columns) float64, x, y and z in pixels of the sheet's vertices
    # Of each quadrangle the left and the right side, downwards, and the upper and the lower one, to
    # the right: (2, rows - 1, columns - 1) each, x and y.
    sides: tuple[Floats, Floats, Floats, Floats]
    # Two of (rows - 1, columns - 1) int8. Whether the upper left and the lower right half are seen
    # from outside (1), from inside (-1), or not at all (0).
    halves: tuple[NDArray[np.int8], NDArray[np.int8]]

    @property
    def whole(self) -> NDArray[np.int8]:
        """(rows - 1, columns - 1) int8, the same where both halves agree, else 0."""
        first, second = self.halves
        return np.asarray(first * (first == second), np.int8)

    def any(self) -> bool:
        """Return whether anything is seen."""
        return any(np.count_nonzero(half) for half in self.halves)


def quads_of(points: Floats, shape: tuple[int, int], *, both_sides: bool = False) -> Quads:
    """Cut a sheet into quadrangles and find out which of them are seen.

    `points` (rows * columns, 3) are in pixels with y down and z larger farther away. With
    `both_sides`, what is seen from inside is drawn too; else it is inside of cloth, which usually
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
    """Return outlines (n, 2) of all that is seen of a sheet, in units of 1/`one` pixel.

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
    """Return the pieces that a sheet's texture is drawn from, the farthest first.

    Indices (4, k) of the upper left, upper right, lower left and lower right vertex, and (2, 4, k)
    where these are. Where only a half is drawn, its third corner comes twice.
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


def coordinates(labels: NDArray[np.uint16], corners: Floats, uv: Floats) -> tuple[Singles, Singles]:
    """Return texture coordinates u and v (h, w) of each pixel of the pieces.

    `corners` are theirs (2, 4, k), x and y, and `uv` the texture coordinates there. Those between
    are linear on either half of a piece: those of its upper left half, and beyond the
    diagonal something that grows with the distance from it.
    """
    table = _maps(corners, uv)
    own = table.take(labels.astype(np.intp), axis=1, mode="clip")
    height, width = labels.shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    own[:3] *= x
    own[3:6] *= y
    straight = own[:3]
    straight += own[3:6]
    straight += own[6:9]
    beyond = np.maximum(straight[2], 0)
    u, v = straight[:2] + beyond * own[9:]
    return u, v


def _maps(corners: Floats, uv: Floats) -> Singles:
    """Return what `coordinates` needs of each of k pieces: (11, k + 1), the first for none.

    How u and v on a piece's first half, and the distance from its diagonal, grow with x (3), and
    with y (3); what they are where x and y are 0 (3); and how u and v grow with that distance,
    which is 1 at the last corner (2).
    """
    start = np.concatenate([uv[:, 0], np.full((1, uv.shape[2]), -1.0)])
    sides = corners[:, 1:] - corners[:, :1]
    (x1, x2, x3), (y1, y2, y3) = sides
    area = _divisor(x1 * y2 - y1 * x2)
    # Along the first side and the second, u and v grow as given, the distance by 1.
    one, two = np.ones((2, 3, uv.shape[2]))
    one[:2], two[:2] = uv[:, 1] - start[:2], uv[:, 2] - start[:2]
    across, down = (one * y2 - two * y1) / area, (two * x1 - one * x2) / area
    last = across * x3 + down * y3 + start
    more = uv[:, 3] - last[:2]
    far = _divisor(last[2])
    across[2] /= far
    down[2] /= far
    start[2] /= far
    table = np.zeros((11, uv.shape[2] + 1), np.float32)
    table[:3, 1:], table[3:6, 1:], table[9:, 1:] = across, down, more
    table[6:9, 1:] = start - across * corners[0, 0] - down * corners[1, 0]
    return table


def _divisor(values: Floats) -> Floats:
    """The same, infinite where dividing by it would make no sense."""
    return np.where(np.abs(values) < 1e-3, np.inf, values)


_SHIFT: Final = 4  # OpenCV takes coordinates in 1/16 px
_ONE: Final = 1 << _SHIFT
_AROUND: Final = (0, 2, 3, 1)
"""The corners of a piece, in the order in which they follow each other around it."""
_RIM: Final = np.ones((5, 5), np.uint8)
Number = TypeVar("Number", np.uint8, np.float32)


@dataclass(frozen=True, eq=False)
class Raster:
    """A drawn sheet."""

    alpha: Bytes  # (h, w) uint8. How much of the pixel the sheet fills, 255 for all of it.
    quads: Quads  # what is seen of it
    grid: Floats  # (n, 2), texture coordinates of its vertices, as shares of the texture
    step: int  # texture coordinates are worked out for every `step`-th pixel

    @cached_property
    def coarse(self) -> tuple[Singles, Singles]:
        """Texture coordinates of every `step`-th pixel, reaching a little beyond the outline."""
        chosen, places = pieces(self.quads)
        places = (places - (self.step - 1) / 2) / self.step
        size = -(-self.alpha.shape[0] // self.step), -(-self.alpha.shape[1] // self.step)
        inside = _within(places, size)
        if not inside.all():
            chosen, places = chosen[:, inside], places[..., inside]
        return coordinates(_labels(places, size), places, self.grid.T.take(chosen, axis=1))

    def lookup(self, height: int, width: int) -> tuple[Singles, Singles]:
        """Return column and row (h, w) of each pixel in a picture of the texture of that size."""
        u, v = self.coarse
        return self._enlarged(u * np.float32(width - 1)), self._enlarged(v * np.float32(height - 1))

    def sample(self, picture: Bytes) -> Bytes:
        """Take each pixel from a picture of the texture."""
        columns, rows = self.lookup(*picture.shape[:2])
        edge = cv2.BORDER_REPLICATE
        return np.asarray(
            cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=edge), np.uint8
        )

    def spread(self, values: Bytes) -> Bytes:
        """Take each pixel from smooth values (rows, columns[, n]) at the sheet's vertices."""
        first, last = self.grid[0], self.grid[-1]
        # The sheet may have a part of the texture only.
        scale = ([values.shape[1] - 1, values.shape[0] - 1] / (last - first)).astype(np.float32)
        columns, rows = (
            (own - np.float32(start)) * by
            for own, start, by in zip(self.coarse, first, scale, strict=True)
        )
        edge = cv2.BORDER_REPLICATE
        drawn = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=edge)
        return self._enlarged(np.asarray(drawn, np.uint8))

    def _enlarged(self, coarse: NDArray[Number]) -> NDArray[Number]:
        if self.step == 1:
            return coarse
        height, width = coarse.shape[:2]
        size = (width * self.step, height * self.step)
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        return fine[: self.alpha.shape[0], : self.alpha.shape[1]]  # type: ignore[return-value]


def rasterise(
    points: Floats,
    surface: Surface,
    shape: tuple[int, int],
    step: int = 1,
    *,
    both_sides: bool = False,
) -> Raster:
    """Draw a sheet with vertices (n, 3) in pixels of a drawing of a shape (height, width).

    Texture coordinates are worked out for every `step`-th pixel and interpolated between; the
    outline is always drawn in full. With `both_sides`, the inside of the sheet is seen, too.
    """
    quads = quads_of(points, surface.shape, both_sides=both_sides)
    alpha = np.zeros(shape, np.uint8)
    for outline in strips(quads, _ONE) if quads.any() else ():
        # Anti-aliased edges of neighbours overlap, so no seam shows between them.
        cv2.fillPoly(alpha, [outline], (255,), cv2.LINE_AA, _SHIFT)
    return Raster(alpha, quads, surface.grid, step)


def _labels(corners: Floats, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """Number of the piece (2, 4, k) that shows at each pixel, 0 for none, counted from 1.

    Next to the outline the number is that of a piece near by.
    """
    labels = np.zeros(shape, np.uint16)
    around = np.rint(corners.take(_AROUND, axis=1) * _ONE).astype(np.int32)
    fill, line = cv2.fillConvexPoly, cv2.LINE_8
    for number, polygon in enumerate(np.ascontiguousarray(around.T), start=1):
        fill(labels, polygon, (number,), line, _SHIFT)
    rim = np.asarray(cv2.dilate(labels, _RIM), np.uint16)
    rim[labels > 0] = 0
    labels += rim
    return labels


def _within(places: Floats, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pieces (2, 4, k) may show in a drawing of that height and width, or next to it."""
    rim = len(_RIM)
    low, high = np.minimum.reduce(places, axis=1), np.maximum.reduce(places, axis=1)
    return np.asarray(((high > -rim) & (low < [[shape[1] + rim], [shape[0] + rim]])).all(axis=0))
