"""Draw a triangulated surface: which part of a texture shows at which pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_SHIFT: Final = 4  # OpenCV takes coordinates in 1/16 px
_ONE: Final = 1 << _SHIFT
_EDGE_ON: Final = 0.12
"""Cosine of the angle to the line of sight below which a triangle shows no texture."""
_RIM: Final = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, eq=False)
class Raster:
    """A drawn surface.

    Attributes
    ----------
    alpha
        (h, w) uint8. How much of the pixel the surface fills, 255 for all of it.
    corners
        (k, 3, 3), the visible triangles' corners in pixels, in drawing order.
    uv
        (k, 3, 2), texture coordinates of the corners.
    step
        Texture coordinates are worked out for every `step`-th pixel.
    """

    alpha: NDArray[np.uint8]
    corners: Floats
    uv: Floats
    step: int

    @cached_property
    def lookup(self) -> NDArray[np.float32]:
        """Texture coordinates (h, w, 2) of each pixel, reaching a little beyond the outline."""
        textured = _not_edge_on(self.corners)
        return _lookup(self.corners[textured], self.uv[textured], self.alpha.shape, self.step)

    def sample(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Take each pixel from a picture in whose pixels the texture coordinates are."""
        edge = cv2.BORDER_REPLICATE
        # The stubs do not know that the second map may be missing.
        drawn = cv2.remap(picture, self.lookup, None, cv2.INTER_LINEAR, borderMode=edge)  # type: ignore[call-overload]
        return np.asarray(drawn, np.uint8)


def visible_triangles(
    points: Floats, triangles: NDArray[np.int32], *, both_sides: bool = False
) -> NDArray[np.int32]:
    """Select the triangles that face the camera, the farthest first.

    Drawn in this order, near parts hide far ones; what faces away is the inside of the cloth and
    usually lies behind the head.

    Parameters
    ----------
    points
        (n, 3), x and y in pixels with y down, z larger farther away.
    triangles
        (m, 3), anticlockwise as seen from outside.
    both_sides
        Whether to take those that face away, too.

    Returns
    -------
    NDArray
        (k, 3), a selection of `triangles`.
    """
    corners = points[triangles]
    edge1, edge2 = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    # With y down, anticlockwise triangles have a negative signed area.
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    front = np.flatnonzero((np.abs(area) if both_sides else -area) > 1e-6)
    order = np.argsort(-corners[front, :, 2].mean(axis=1), kind="stable")
    return triangles[front[order]]


def _not_edge_on(corners: Floats) -> NDArray[np.bool_]:
    """Leave out triangles seen so obliquely that texture coordinates leap across them."""
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(np.abs(normals[:, 2]) > _EDGE_ON * np.linalg.norm(normals, axis=1))


def rasterise(
    points: Floats, triangles: NDArray[np.int32], uv: Floats, shape: tuple[int, int], step: int = 1
) -> Raster:
    """Draw a surface.

    Parameters
    ----------
    points
        (n, 3), pixels of the drawing.
    triangles
        (m, 3), in drawing order; see `visible_triangles`.
    uv
        (n, 2), texture coordinates of the points.
    shape
        Height and width of the drawing.
    step
        Texture coordinates are worked out for every `step`-th pixel and interpolated between.
        The outline is always drawn in full.

    Returns
    -------
    Raster
        Texture coordinates and outline.
    """
    alpha = np.zeros(shape, np.uint8)
    for triangle in np.round(points[triangles, :2] * _ONE).astype(np.int32):
        # Anti-aliased edges of neighbours overlap, so no seam shows between them.
        cv2.fillConvexPoly(alpha, triangle, (255,), cv2.LINE_AA, _SHIFT)
    return Raster(alpha, points[triangles], uv[triangles], step)


def _lookup(corners: Floats, uv: Floats, shape: tuple[int, ...], step: int) -> NDArray[np.float32]:
    height, width = -(-shape[0] // step), -(-shape[1] // step)
    corners = (corners[..., :2] - (step - 1) / 2) / step
    maps = _affine_maps(corners, uv)[_labels(corners, (height, width))]
    y, x = np.mgrid[:height, :width].astype(np.float32)[..., None]
    coarse = maps[..., 0, :] * x + maps[..., 1, :] * y + maps[..., 2, :]
    if step == 1:
        return np.ascontiguousarray(coarse)
    fine = cv2.resize(coarse, (width * step, height * step), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine[: shape[0], : shape[1]], np.float32)


def _labels(corners: Floats, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """Number of the triangle that shows at each pixel, 0 for none, counted from 1.

    Next to the outline the number is that of a triangle near by.
    """
    labels = np.zeros(shape, np.uint16)
    for number, polygon in enumerate(np.round(corners * _ONE).astype(np.int32), start=1):
        cv2.fillConvexPoly(labels, polygon, (number,), cv2.LINE_8, _SHIFT)
    around = np.asarray(cv2.dilate(labels, _RIM), np.uint16)
    return np.where(labels > 0, labels, around)


def _affine_maps(corners: Floats, uv: Floats) -> NDArray[np.float32]:
    """For each triangle, and before them for none, the map (3, 2) from (x, y, 1) to uv."""
    a, edge1, edge2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    area = np.where(np.abs(area) < 1e-3, np.inf, area)[:, None]
    step1, step2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    along_x = (step1 * edge2[:, 1:] - step2 * edge1[:, 1:]) / area
    along_y = (step2 * edge1[:, :1] - step1 * edge2[:, :1]) / area
    constant = uv[:, 0] - along_x * a[:, :1] - along_y * a[:, 1:]
    maps = np.stack([along_x, along_y, constant], axis=1)
    return np.vstack([np.zeros((1, 3, 2)), maps]).astype(np.float32)
