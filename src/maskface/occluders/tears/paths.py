"""Paths of tears: streaks of water from the lower lid down the cheek, and what is seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.polynomial.polynomial import polyder, polyvander2d
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.mesh import canonical_mesh
from maskface.occluders.drawing.geometry import HeadFit, unit

_GRAZING: Final = (0.1, 0.3)
"""Cosines to the line of sight between which a tear on the far cheek passes out of sight."""
_AIR: Final = 0.4  # tears keep so far (cm) from the outline of the average head
_NOSE: Final = (168, 6, 197, 195, 5, 4, 1, 2, 49, 129, 98, 64, 279, 358, 327, 294)


def on_cheek(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return places (..., 3) on the right half of the canonical head, and unit normals."""
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
    """Return how far (0 to 1) places (n, 3) of the head, with their unit normals, can be seen.

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


@dataclass(frozen=True, slots=True, eq=False)
class Strands:
    """Streaks of water, k of them, with n places each."""

    places: Floats  # (k, n, 2) float64, their middle lines in pixels
    # (k, n, 3) float64, the same on the canonical head in cm, and the skin's unit normals there.
    head: Floats
    normals: Floats
    along: Floats  # (k, 2) float64, unit vectors; `places` advance in these directions
    radius: Floats  # (k, n) float64, half their width in pixels; 0 where they cannot be seen
    bulge: Floats  # (k, n) float64, the half width in pixels that sets how high they stand
    steep: Floats  # (k, n) float64, slope of the water at the edge
    gloss: Floats  # (k, n) float64, 0 to 1, how clearly bright surroundings are mirrored

    @classmethod
    def joined(cls, parts: Sequence[Strands]) -> Strands:
        """Return all strands of one or more parts."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def zoomed(self, x: float, y: float, factor: int) -> Strands:
        """Return the same strands in a picture cut at (x, y) and enlarged by a whole factor."""
        places = (self.places - [x, y]) * factor + (factor - 1) / 2
        return replace(self, places=places, radius=self.radius * factor, bulge=self.bulge * factor)

    def shown(self, fit: HeadFit) -> Strands:
        """Return what of them can be seen; those out of sight are left out."""
        seen = visible(fit, self.head.reshape(-1, 3), self.normals.reshape(-1, 3))
        radius = self.radius * seen.reshape(self.radius.shape)
        kept = radius.any(axis=1)
        parts = (self.places, self.head, self.normals, self.along, radius)
        return Strands(*(own[kept] for own in (*parts, self.bulge, self.steep, self.gloss)))


EYES: Final = ("right", "left")
LIDS: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (263, 249, 390, 373, 374, 380, 381, 382, 362),
)
"""Edge of the lower lid of either eye, from the outer corner to the inner."""
MOST: Final = 3
"""Tears that one eye sheds at most."""
DRAWS: Final = 6
"""Random numbers that one tear takes."""

# The right cheek below the lid, in cm of the canonical head: down beside the nose, around the
# fold from nose to mouth, over the jaw.
_LANE: Final = np.array([
    (-2.75, 2.32), (-2.85, 1.6), (-3.05, 0.7), (-3.3, -0.5), (-3.6, -1.9), (-3.85, -3.3),
    (-3.9, -4.7), (-3.75, -6.1), (-3.45, -7.4), (-3.2, -8.2),
]).T  # fmt: skip
_MIRROR: Final = np.array([[[1.0, 1.0, 1.0]], [[-1.0, 1.0, 1.0]]])
"""Factors that take places on the right cheek to the cheek below either eye."""
_STARTS: Final = np.array([0.62, 0.86, 0.33])
"""Where along the lid each of an eye's tears starts, 0 at the outer corner and 1 at the inner."""
_REACH: Final = np.array([1.0, 0.62, 0.4])  # how far each of them gets, as a share of the first
_SIZES: Final = np.array([1.0, 0.85, 0.75])
_TRAIL: Final = 0.13
_DROP: Final = 0.24
_MENISCUS: Final = 0.06
"""Half widths in cm of a trail, of the drop at its end and of the water along the lid."""
_FLAT: Final = 0.4
_ROUND: Final = 0.8
_DAMP: Final = 0.08
"""Slope of the water at its edge: a trail is a flat film, a drop is round, damp skin hardly more
than skin."""
_SHINE: Final = 0.75
_LID_SKIN: Final = (0.2, 0.16)
"""How clearly the lid's damp skin shines; how far below the lid's edge its middle is, and half its
height, in cm."""
_SAMPLES: Final = 73
_DOWN: Final = np.linspace(0, 1, _SAMPLES) ** 0.9
"""Where down a trail its places are."""
_LID: Final = np.minimum(np.linspace(0, 2, _SAMPLES), 1)
"""Where along itself the places of the water along a lid are: it is short, half of them would do,
and the rest lie at its end."""


def head_down(fit: HeadFit) -> Floats:
    """Return the head's own down as a unit vector in the picture.

    A picture has no plumb line: whether the head was tilted or the camera, it does not tell. So
    tears run as on an upright head, and a turned picture shows the same ones.
    """
    return unit(-fit.linear[:2, 1])


def trails(
    points: NDArray[np.float32], fit: HeadFit, eyes: Sequence[int], bottom: float, dice: Floats
) -> Strands:
    """Return tears that have run down the cheeks.

    `points` (478, 3) are landmarks in pixels; `eyes` are those that shed tears, 0 for the right one
    and 1 for the left; `bottom` is how low the longest tear ends, as y on the canonical head in cm;
    `dice` (eyes, tears of each, DRAWS) are random numbers in -1 to 1.
    """
    eye = np.repeat(eyes, dice.shape[1])
    number = np.tile(np.arange(dice.shape[1]), len(eyes))
    dice = dice.reshape(-1, DRAWS, 1)
    start = np.clip(_STARTS[number, None] + 0.08 * dice[:, 0], 0, 1)
    lid_head, lid_seen = (_along(lids[eye], start)[:, 0] for lids in (_head_lids(), _lids(points)))
    fall = (lid_head[:, 1:2] - bottom) * _REACH[number, None] * (1 + 0.12 * dice[:, 1])
    way = fall * _DOWN
    head, normals = (own * _MIRROR[eye] for own in _way_down(lid_head, way, dice))
    seen = fit.project(head)[..., :2]
    # The lid moves with the expression, the cheek's average does not: the tear leaves the one
    # and joins the other within a centimetre.
    leave = np.clip(1 - way / 1.0, 0, 1)[..., None] ** 2
    seen += leave * (lid_seen[:, None, :2] - seen[:, :1])
    size = fit.scale * _SIZES[number, None] * (1 + 0.15 * dice[:, 3])
    radius, bulge, steep = _profile(way, fall, dice)
    along = np.repeat(head_down(fit)[None], len(eye), axis=0)
    gloss = _gloss(way, fall, dice)
    return Strands(seen, head, normals, along, radius * size, bulge * size, steep, gloss)


def _way_down(lid: Floats, way: Floats, dice: Floats) -> tuple[Floats, Floats]:
    """Places (k, n, 3) so many cm below places on the lid, and normals, all on the right cheek."""
    y = lid[:, 1:2] - way
    aside = np.abs(lid[:, :1]) - abs(_LANE[0, 0])
    x = np.interp(-y, -_LANE[1], _LANE[0]) - aside * (1 - 0.5 * way / way[:, -1:])
    return on_cheek(x + 0.06 * np.sin(3.5 * y + 3 * dice[:, 2]) * np.minimum(2 * way, 1), y)


def meniscus(points: NDArray[np.float32], fit: HeadFit, eyes: Sequence[int]) -> Strands:
    """Return the water that stands along the lower lids of moist eyes."""
    t, wide, gloss, head, normals = _moist_lids()
    seen = _along(_lids(points)[list(eyes)], t)[..., :2]
    along = unit(seen[:, -1] - seen[:, 0])
    radius, gloss, full = (np.repeat(own[None], len(eyes), axis=0) for own in (wide, gloss, t * 0))
    return Strands(
        seen,
        head[list(eyes)],
        normals[list(eyes)],
        along,
        radius * fit.scale,
        full + _MENISCUS * fit.scale,
        full + _FLAT,
        gloss,
    )


@cache
def _moist_lids() -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Places (n,) along a lid, half width of the water there in cm, its gloss; and the skin.

    The last two are places and normals (2, n, 3) of the average head.
    """
    t = 0.06 + 0.88 * _LID
    # Water gathers in the inner corner.
    wide = _MENISCUS * (1 + 0.5 * t**3) * np.sqrt(np.sin(np.pi * (0.02 + 0.96 * _LID)))
    gloss = (
        0.15 + 0.7 * np.exp(-(((t - 0.35) / 0.1) ** 2)) + 0.5 * np.exp(-(((t - 0.8) / 0.06) ** 2))
    )
    head = _along(_head_lids(), t)
    _, normals = on_cheek(-np.abs(head[..., 0]), head[..., 1])
    return t, wide, gloss, head, normals * _MIRROR


def damp_lid(edge: Strands, fit: HeadFit) -> Strands:
    """Return the skin below the water along the lids of moist eyes, which shines."""
    below, high = _LID_SKIN
    ends = np.sin(np.pi * _LID)
    full = np.ones_like(edge.radius)
    bulge = high * fit.scale * full
    return replace(
        edge,
        places=edge.places + head_down(fit) * below * fit.scale,
        radius=bulge * np.sqrt(ends),
        bulge=bulge,
        steep=_DAMP * full,
        gloss=_SHINE * ends * full,
    )


def _fresh(way: Floats) -> Floats:
    """Water that has just left the lid stands higher for a few millimetres."""
    return np.asarray(np.exp(-(((way - 0.4) / 0.3) ** 2)))


def _gloss(way: Floats, fall: Floats, dice: Floats) -> Floats:
    """Return where a trail glints: in places, as the skin under it is uneven, and on the drop."""
    waves = np.sin(4.1 * way + 3 * dice[:, 4]) + np.sin(9.7 * way + 3 * dice[:, 5])
    return np.where(
        fall - way < 2.5 * _DROP, 1.0, np.clip(0.35 + 0.4 * waves + 0.5 * _fresh(way), 0.08, 1)
    )


def _profile(way: Floats, fall: Floats, dice: Floats) -> tuple[Floats, Floats, Floats]:
    """Half width, height-setting half width (both in cm) and edge slope down a trail."""
    # Water leaves the trail behind in uneven portions.
    uneven = 0.16 * np.sin(5.3 * way + 3 * dice[:, 4]) + 0.12 * np.sin(11.7 * way + 3 * dice[:, 5])
    thin = _TRAIL * (1 + uneven) * (0.75 + 0.25 * way / fall) * (1 + 0.45 * _fresh(way))
    end = fall - way
    drop = np.sqrt(np.clip(_DROP**2 - (end - _DROP) ** 2, 0, None))
    # The drop's back tapers into the trail.
    tail = np.where(end > _DROP, _DROP * np.exp(-(((end - _DROP) / (1.5 * _DROP)) ** 2)), drop)
    radius = np.where(end > _DROP, np.maximum(thin, tail), drop)
    near = np.clip(tail / _DROP, 0, 1) * (end > _DROP) + (end <= _DROP)
    bulge = np.where(end > _DROP, radius, _DROP)
    # At the lid the trail rises out of the water that stands there.
    steep = (_FLAT + (_ROUND - _FLAT) * near) * np.clip(0.1 + way / 0.5, 0, 1)
    return radius * np.sqrt(np.clip(way / 0.1, 0, 1)), bulge, steep


def _lids(points: NDArray[np.float32]) -> Floats:
    """Edges (2, n, 3) of both lower lids, from the outer corner to the inner."""
    return points[LIDS, :].astype(np.float64)


@cache
def _head_lids() -> Floats:
    """The same of the average head."""
    return canonical_mesh().vertices[LIDS, :].astype(np.float64)


def _along(lines: Floats, at: Floats) -> Floats:
    """Places (k, m, 3) on lines (k, n, 3), 0 at their start and 1 at their end.

    `at` is (m,), the same for all, or (k, m).
    """
    place = at * (lines.shape[1] - 1)
    first = np.minimum(place.astype(np.intp), lines.shape[1] - 2)
    line, share = np.arange(len(lines))[:, None], (place - first)[..., None]
    return np.asarray(lines[line, first] * (1 - share) + lines[line, first + 1] * share)
