"""Places on the average face, apart from any picture.

A place is a pair of numbers: x runs along the eye line, from the shown person's right side (0, left
in the picture) to the left one (1); y runs from the top of the forehead (0) to the chin (1).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.mesh import canonical_mesh

_ON_EDGE: Final = -1e-9
"""Barycentric coordinates down to this count as inside: neighbours share their edges."""


@cache
def face_size() -> tuple[float, float]:
    """Width and height of the average face in centimetres of the head."""
    width, height = np.ptp(_vertices()[:, :2], axis=0).tolist()
    return width, height


def to_places(points: Floats) -> Floats:
    """Places (n, 2) of points (n, 2 or 3) of the head in centimetres."""
    left, top = _corner()
    return np.column_stack([points[:, 0] - left, top - points[:, 1]]) / face_size()


def on_plane(places: Floats) -> Floats:
    """Points (n, 2) in centimetres of the head: x to the person's left, y up."""
    return np.asarray(places * [1, -1] * face_size() + _corner())


def on_head(places: Floats) -> Floats:
    """Points (n, 3) in centimetres of the head: the surface of the average face at some places.

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
    """Which places (n, 2) lie on the average face, (n,) bool."""
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
    """Which points (n, t) lie in which triangle."""
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
