"""Draw a sheet: which part of a texture shows at which pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats, Singles
from maskface.occluders.coordinates import coordinates
from maskface.occluders.garment import Surface
from maskface.occluders.quads import Quads, pieces, quads_of, strips

_SHIFT: Final = 4  # OpenCV takes coordinates in 1/16 px
_ONE: Final = 1 << _SHIFT
_AROUND: Final = (0, 2, 3, 1)
"""The corners of a piece, in the order in which they follow each other around it."""
_RIM: Final = np.ones((5, 5), np.uint8)
Number = TypeVar("Number", np.uint8, np.float32)


@dataclass(frozen=True, eq=False)
class Raster:
    """A drawn sheet.

    Attributes
    ----------
    alpha
        (h, w) uint8. How much of the pixel the sheet fills, 255 for all of it.
    quads
        What is seen of it.
    grid
        (n, 2), texture coordinates of its vertices, as shares of the texture.
    step
        Texture coordinates are worked out for every `step`-th pixel.
    """

    alpha: Bytes
    quads: Quads
    grid: Floats
    step: int

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
        """Column and row (h, w) of each pixel in a picture of the texture of that size."""
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
        """Take each pixel from smooth values (rows, columns) at the sheet's vertices."""
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
        height, width = coarse.shape
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
    """Draw a sheet.

    Parameters
    ----------
    points
        (n, 3), its vertices in pixels of the drawing, row by row; z is larger farther away.
    surface
        The sheet.
    shape
        Height and width of the drawing.
    step
        Texture coordinates are worked out for every `step`-th pixel and interpolated between.
        The outline is always drawn in full.
    both_sides
        Whether the inside of the sheet is seen, too.
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
