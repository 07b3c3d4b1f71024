"""The cheek that tears run over, and what of it can be seen."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.polynomial.polynomial import polyder, polyvander2d

from maskface.arrays import Floats
from maskface.mesh import canonical_mesh
from maskface.occluders.geometry import HeadFit, unit

_GRAZING: Final = (0.1, 0.3)
"""Cosines to the line of sight between which a tear on the far cheek passes out of sight."""
_AIR: Final = 0.4
"""Tears keep so far (cm) from the outline of the average head."""
_NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 2, 49, 129, 98, 64, 279, 358, 327, 294)


def on_cheek(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Places (..., 3) on the surface of the canonical head's right half, and its unit normals."""
    powers_x, powers_y = (np.stack([np.ones_like(at), at, at * at, at * at * at]) for at in (x, y))
    terms = (powers_x[:, None] * powers_y).reshape(16, -1)
    depth, along_x, along_y = (_cheek().T @ terms).reshape(3, *x.shape)
    normals = unit(np.stack([-along_x, -along_y, np.ones_like(depth)], axis=-1))
    return np.stack([x, y, depth], axis=-1), normals


@cache
def _cheek() -> Floats:
    """Depth of the canonical head's right cheek as a cubic in x and y, and its slopes.

    (16, 3), coefficients by the powers of x and y, those of y first.
    """
    x, y, z = canonical_mesh().vertices.astype(np.float64).T
    near = (x > -5.5) & (x < -2.0) & (y > -8.5) & (y < 2.7)
    cubic = np.add.outer(range(4), range(4)) < 4
    design = polyvander2d(x[near], y[near], [3, 3])[:, cubic.ravel()]
    parts = np.zeros((3, 4, 4))
    parts[0, cubic] = np.linalg.lstsq(design, z[near], rcond=None)[0]
    parts[1, :3], parts[2, :, :3] = polyder(parts[0], axis=0), polyder(parts[0], axis=1)
    return parts.reshape(3, 16).T


def visible(fit: HeadFit, head: Floats, normals: Floats) -> Floats:
    """How far (0 to 1) places (n, 3) of the head, with their unit normals, can be seen.

    Hidden is what is seen grazingly, lies behind the nose, or would hang in the air beside a face
    narrower than the average one.
    """
    low, high = _GRAZING
    facing = np.clip((-fit.turn(normals)[:, 2] - low) / (high - low), 0, 1)
    places, seen = (fit.project(points)[:, :2] / fit.scale for points in (head, _vertices()))
    to_edge, in_nose = (_depth_in_hull(places, hull) for hull in (seen, seen[list(_NOSE)]))
    beside_nose = np.clip(0.5 - in_nose / 0.1, 0, 1)
    return np.asarray(facing * np.clip((to_edge - _AIR) / 0.3, 0, 1) * beside_nose)


@cache
def _vertices() -> Floats:
    return canonical_mesh().vertices.astype(np.float64)


def _depth_in_hull(places: Floats, points: Floats) -> Floats:
    """How deep places (n, 2) lie inside the convex hull of points (m, 2); negative outside."""
    hull = cv2.convexHull(points.astype(np.float32), clockwise=False)[:, 0].astype(np.float64)
    edge = np.concatenate([hull[1:], hull[:1]]) - hull
    # The hull runs from x to y, so that its inside lies on this side of each edge.
    inwards = np.stack([-edge[:, 1], edge[:, 0]], axis=1)
    inwards /= np.maximum(np.hypot(*inwards.T), 1e-9)[:, None]
    return np.asarray((inwards @ places.T - (hull * inwards).sum(axis=1)[:, None]).min(axis=0))
