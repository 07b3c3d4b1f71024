"""The cheek that tears run over, and what of it can be seen."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.polynomial.polynomial import polyder, polyval2d, polyvander2d
from numpy.typing import NDArray

from maskface.mesh import canonical_mesh
from maskface.occluders.geometry import HeadFit, unit

Floats: TypeAlias = NDArray[np.float64]

_GRAZING: Final = (0.1, 0.3)
"""Cosines to the line of sight between which a tear on the far cheek passes out of sight."""
_AIR: Final = 0.4
"""Tears keep so far (cm) from the outline of the average head."""
_NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 2, 49, 129, 98, 64, 279, 358, 327, 294)


def on_cheek(x: Floats, y: Floats) -> Floats:
    """Places (n, 3) on the surface of the canonical head's right half."""
    return np.stack([x, y, polyval2d(x, y, _cheek()[0])], axis=-1)


@cache
def _cheek() -> tuple[Floats, Floats, Floats]:
    """Depth of the canonical head's right cheek as a cubic in x and y, and its slopes.

    Each is (4, 4) or smaller: coefficients by the powers of x and y.
    """
    x, y, z = canonical_mesh().vertices.astype(np.float64).T
    near = (x > -5.5) & (x < -2.0) & (y > -8.5) & (y < 2.7)
    cubic = np.add.outer(range(4), range(4)) < 4
    design = polyvander2d(x[near], y[near], [3, 3])[:, cubic.ravel()]
    depth = np.zeros((4, 4))
    depth[cubic] = np.linalg.lstsq(design, z[near], rcond=None)[0]
    along_x, along_y = (np.asarray(polyder(depth, axis=axis), np.float64) for axis in (0, 1))
    return depth, along_x, along_y


def visible(fit: HeadFit, head: Floats) -> Floats:
    """How far (0 to 1) places (n, 3) of the head can be seen.

    Hidden is what is seen grazingly, lies behind the nose, or would hang in the air beside a face
    narrower than the average one.
    """
    vertices = canonical_mesh().vertices.astype(np.float64)
    low, high = _GRAZING
    facing = np.clip((-fit.turn(_outward(head))[:, 2] - low) / (high - low), 0, 1)
    places, seen = (fit.project(points)[:, :2] / fit.scale for points in (head, vertices))
    to_edge, in_nose = (_depth_in_hull(places, hull) for hull in (seen, seen[list(_NOSE)]))
    beside_nose = np.clip(0.5 - in_nose / 0.1, 0, 1)
    return np.asarray(facing * np.clip((to_edge - _AIR) / 0.3, 0, 1) * beside_nose)


def _outward(head: Floats) -> Floats:
    """Unit normals (n, 3) of the cheek at places on it."""
    x, y = -np.abs(head[:, 0]), head[:, 1]
    along_x, along_y = (polyval2d(x, y, slope) for slope in _cheek()[1:])
    # The left cheek mirrors the right.
    return unit(np.stack([along_x * np.sign(head[:, 0]), -along_y, np.ones(len(x))], axis=-1))


def _depth_in_hull(places: Floats, points: Floats) -> Floats:
    """How deep places (n, 2) lie inside the convex hull of points (m, 2); negative outside."""
    hull = cv2.convexHull(points.astype(np.float32), clockwise=False)[:, 0].astype(np.float64)
    edge = np.roll(hull, -1, axis=0) - hull
    inwards = np.stack([-edge[:, 1], edge[:, 0]], axis=-1)
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-9)
    middle = hull.mean(axis=0)
    inwards *= np.sign(((middle - hull) * inwards).sum(axis=1))[:, None]
    return np.asarray((places @ inwards.T - (hull * inwards).sum(axis=1)).min(axis=1))
