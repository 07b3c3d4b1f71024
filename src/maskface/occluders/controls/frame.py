"""The block around a face, and places on the average face.

Everything follows from the head's fit, which expression does not move: the outline of a control
tells nothing of what it hides. A place is a pair of numbers: x runs along the eye line, from the
shown person's right side (0, left in the picture) to the left one (1); y runs from the top of the
forehead (0) to the chin (1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.mesh import FACE_OVAL, canonical_mesh
from maskface.occluders.drawing.geometry import HeadFit, head_fit, unit
from maskface.occluders.drawing.layer import times
from maskface.types import FaceLandmarks

_MARGIN: Final = 0.6  # cm
"""How much wider than the average face the block is: faces differ."""
_JAW: Final = -3.5  # cm
_OPEN_JAW: Final = 1.45
"""Below this height of the head the block is longer than the average closed jaw by this factor,
so that it covers an open jaw too."""
_UPRIGHT: Final = 0.15
"""Weight of the head's height against its breadth in the direction of the eye line. It matters
only in profile, where the breadth points at the camera and its direction in the image is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A face's place in a picture, and what of its block lies inside."""

    fit: HeadFit  # where the head is, in pixels from the corner of the block's box
    along: Floats  # (2,) float64, the unit vector of the eye line towards the shown person's left
    down: Floats  # (2,) float64, the unit vector across it, from forehead to chin
    # Rows and columns of the upright box around the block, inside the picture.
    box: tuple[slice, slice]
    block: Bytes  # (h, w) uint8, 255 on the whole face and somewhat beyond, inside the box
    shape: tuple[int, int]  # height and width of the picture

    def spread(self, part: Bytes) -> Bytes:
        """Put (h, w) values of the box into a picture (H, W) of zeros."""
        whole = np.zeros(self.shape, np.uint8)
        whole[self.box] = part
        return whole

    def turned(self, points: Floats) -> Floats:
        """Turn points (n, 2) of the box to positions along the eye line and down the face."""
        return np.asarray(points @ np.stack([self.along, self.down]).T)

    def unturned(self, points: Floats) -> Floats:
        """Undo `turned`."""
        return np.asarray(points @ np.stack([self.along, self.down]))

    def depths(self) -> NDArray[np.float32]:
        """Return position down the face of each pixel (h, w) of the box, in pixels."""
        rows, columns = np.ogrid[: self.block.shape[0], : self.block.shape[1]]
        down = self.down.astype(np.float32)
        return np.asarray(rows * down[1] + columns * down[0], np.float32)

    def polygon(self, corners: Floats) -> Bytes:
        """Fill a polygon of corners (n, 2) in the box: (h, w) uint8, with smooth edges."""
        return fill_polygon(self.block.shape, corners)


def face_frame(shape: tuple[int, ...], landmarks: FaceLandmarks) -> Frame:
    """Find the face's block in a picture of a shape (height and width first).

    Only landmarks that expression does not move are read. The block is empty if the face lies
    outside the picture.
    """
    fit = head_fit(landmarks)
    points = fit.project(_block_points())[:, :2]
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    limits = [shape[1], shape[0]]
    x0, y0 = np.clip(np.floor(hull.min(axis=0)) - 1, 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(hull.max(axis=0)) + 2, 0, limits).astype(int).tolist()
    block = fill_polygon((y1 - y0, x1 - x0), hull - [x0, y0])
    along, down = _directions(fit)
    box = (slice(y0, y1), slice(x0, x1))
    return Frame(fit.moved(-x0, -y0), along, down, box, block, (shape[0], shape[1]))


def fill_polygon(shape: tuple[int, ...], corners: Floats) -> Bytes:
    """Fill a polygon of corners (n, 2) in pixels: `shape` uint8, 255 inside, smooth edges."""
    area = np.zeros(shape[:2], np.uint8)
    if area.size:
        cv2.fillPoly(area, [np.round(corners * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    return area


def both(first: Bytes, second: Bytes) -> Bytes:
    """Return alpha of what both of two alphas hide."""
    return times(first, second) if first.size else first


def face_outline(fit: HeadFit) -> Floats:
    """Return convex outline (n, 2) in pixels of the average face, without the block's margins."""
    points = fit.project(canonical_mesh().vertices.astype(np.float64))[:, :2]
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def face_width(fit: HeadFit) -> float:
    """Return the width of the average face between the ears, in pixels of a frontal head."""
    return float(np.ptp(canonical_mesh().vertices[list(FACE_OVAL), 0])) * fit.scale


@cache
def _block_points() -> Floats:
    """The average face (468, 3) in cm, with a margin and an open jaw."""
    points = canonical_mesh().vertices.astype(np.float64)
    points[:, 1] = np.where(
        points[:, 1] < _JAW, _JAW + (points[:, 1] - _JAW) * _OPEN_JAW, points[:, 1]
    )
    outward = unit(points[:, :2])
    points[:, :2] += _MARGIN * outward
    points.flags.writeable = False
    return points


def _directions(fit: HeadFit) -> tuple[Floats, Floats]:
    breadth, height = fit.linear[:2, 0], -fit.linear[:2, 1]
    across = np.array([height[1], -height[0]])
    along = unit(breadth + _UPRIGHT * across)
    return along, np.array([-along[1], along[0]])


_ON_EDGE: Final = -1e-9
"""Barycentric coordinates down to this count as inside: neighbours share their edges."""


@cache
def face_size() -> tuple[float, float]:
    """Return width and height of the average face in centimetres of the head."""
    width, height = np.ptp(_vertices()[:, :2], axis=0).tolist()
    return width, height


def to_places(points: Floats) -> Floats:
    """Return places (n, 2) of points (n, 2 or 3) of the head in centimetres."""
    left, top = _corner()
    return np.column_stack([points[:, 0] - left, top - points[:, 1]]) / face_size()


def on_plane(places: Floats) -> Floats:
    """Return points (n, 2) in centimetres of the head: x to the person's left, y up."""
    return np.asarray(places * [1, -1] * face_size() + _corner())


def on_head(places: Floats) -> Floats:
    """Return points (n, 3) on the surface of the average face at some places, in cm of the head.

    Beside the face, its nearest vertex says how deep a point lies.
    """
    flat = on_plane(places)
    weights, first, edges = _within_triangles(flat)
    depth = first[:, 2] + (weights * edges[:, :, 2].T[:, None]).sum(axis=0)
    foremost = np.where(_inside(weights), depth, -np.inf).max(axis=1)
    beside = np.isinf(foremost)
    far = np.linalg.norm(flat[beside, None] - _vertices()[None, :, :2], axis=2)
    foremost[beside] = _vertices()[far.argmin(axis=1), 2]
    return np.column_stack([flat, foremost])


def on_face(places: Floats) -> NDArray[np.bool_]:
    """Return which places (n, 2) lie on the average face, (n,) bool."""
    return np.asarray(_inside(_within_triangles(on_plane(places))[0]).any(axis=1))


def random_places(number: int, rng: np.random.Generator) -> Floats:
    """Draw places (number, 2) evenly over the average face as it is seen from the front.

    They depend on `number` and `rng` alone, so that whoever knows the seed of a trial knows them.
    """
    found = np.empty((0, 2))
    while len(found) < number:
        drawn = rng.random((2 * number, 2))
        found = np.vstack([found, drawn[on_face(drawn)]])
    return found[:number]


@cache
def _vertices() -> Floats:
    return canonical_mesh().vertices.astype(np.float64)


def _corner() -> tuple[float, float]:
    """The place 0, 0 in centimetres of the head."""
    return float(_vertices()[:, 0].min()), float(_vertices()[:, 1].max())


def _within_triangles(flat: Floats) -> tuple[Floats, Floats, Floats]:
    """How far points lie along the edges of each triangle, (2, n, t); first corners and edges."""
    first, edges, inverse = _triangles()
    start = np.einsum("tij,tj->it", inverse, first[:, :2])
    return np.stack([flat @ inverse[:, i].T - start[i] for i in range(2)]), first, edges


def _inside(weights: Floats) -> NDArray[np.bool_]:
    """Return which points (n, t) lie in which triangle."""
    first, second = weights
    low = np.minimum(first, second)
    return np.asarray((low >= _ON_EDGE) & (first + second <= 1 - _ON_EDGE))


@cache
def _triangles() -> tuple[Floats, Floats, Floats]:
    """First corner (t, 3) and edges (t, 2, 3) of triangles; from points to parts of the edges."""
    corners = _vertices()[canonical_mesh().triangles]
    edges = corners[:, 1:] - corners[:, :1]
    flat = edges[:, :, :2].transpose(0, 2, 1)
    solid = np.abs(np.linalg.det(flat)) > 1e-9  # seen from the side a triangle is a line
    return corners[solid, 0], edges[solid], np.linalg.inv(flat[solid])
