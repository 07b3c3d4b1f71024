"""Brows, lashes and beards: hair that rides on the moving skin."""

from __future__ import annotations

import numpy as np

from tools.make_faces import geometry as geo
from tools.make_faces.anatomy import (
    BROW_BOTTOM,
    BROW_TOP,
    LOWER_LID,
    UPPER_LID,
    Anatomy,
)
from tools.make_faces.assets import Floats, Ints
from tools.make_faces.identities import Identity
from tools.make_faces.person import Pose

Roots = tuple[Ints, Floats]
Strands = tuple[Floats, Floats]

# Beard style: (hairs, length in centimetres, curl).
BEARDS = {
    "stubble": (9000, 0.16, 0.1), "moustache": (2500, 0.8, 0.3), "goatee": (4500, 0.9, 0.35),
    "short": (9500, 0.42, 0.25), "full": (13000, 1.3, 0.45),
}  # fmt: skip


def _taper(strands: Floats, radius: float) -> Floats:
    points = strands.shape[1]
    return radius * np.tile(np.linspace(1, 0.2, points), (len(strands), 1))


class FaceHair:
    """Brows, lashes and beard of one person.

    Parameters
    ----------
    anatomy
        Shared head anatomy.
    who
        The person.
    """

    def __init__(self, anatomy: Anatomy, who: Identity) -> None:
        self.anatomy, self.who = anatomy, who
        self.rng = np.random.default_rng([who.seed, 3])
        self.brow = {side: self._brow(side) for side in "rl"}
        self.lash = [self._lash(side, upper) for side in "rl" for upper in (True, False)]
        self.whiskers = self._beard()

    @property
    def colour(self) -> str:
        """Brows and beards are a step darker than fair hair, and grey later."""
        darker = {"blond": "sand", "sand": "brown", "white": "grey", "grey": "pepper",
                  "chestnut": "brown"}  # fmt: skip
        return darker.get(self.who.hair_colour, self.who.hair_colour)

    def strands(self, pose: Pose) -> dict[str, Strands]:
        """Return strands and radii of all face hair in a pose."""
        brow = np.concatenate([self._comb_brow(pose, side) for side in "rl"])
        lash = np.concatenate([self._curl_lash(pose, *lash) for lash in self.lash])
        grown = {"brows": (brow, _taper(brow, 0.017)), "lashes": (lash, _taper(lash, 0.02))}
        if self.whiskers is not None:
            beard = self._comb_beard(pose)
            grown["beard"] = (beard, _taper(beard, 0.017))
        return grown

    def _brow(self, side: str) -> tuple[Roots, Floats, Floats, Floats]:
        """Draw brow roots; return them with position along, length and jitter."""
        top = self.anatomy.line(BROW_TOP[side])
        bottom = self.anatomy.line(BROW_BOTTOM[side])
        line = 0.58 * top + 0.42 * bottom
        line = np.vstack([line[0] + 0.12 * (line[0] - line[1]), line])
        distance, _ = geo.polyline_distance(self.anatomy.rest, line)
        near = (distance < 1.2) & (self.anatomy.normals[:, 2] > -0.2)
        female = self.who.sex == "female"
        roots = geo.sample_surface(
            self.anatomy.quads, self.anatomy.rest, near.astype(float), 26000, self.rng
        )
        points = geo.interpolate(self.anatomy.rest, roots)
        distance, along = geo.polyline_distance(points, line)
        half = (0.225 if female else 0.30) * (0.28 + 0.72 * geo.smoothstep(0, 0.55, along))
        half = half * (1 - 0.12 * geo.smoothstep(0.85, 1.0, along))
        chance = geo.smoothstep(0.0, 0.1, along) * (0.2 + 0.8 * geo.smoothstep(1.0, 0.82, along))
        chance = chance * (1 - 0.6 * (distance / half) ** 2)
        keep = np.flatnonzero((distance < half) & (self.rng.random(len(along)) < chance))
        keep = keep[: 400 if female else 560]
        length = (0.42 + 0.25 * self.rng.random(len(keep))) * (1 - 0.25 * along[keep])
        jitter = self.rng.normal(size=(len(keep), 3)) * 0.13
        return (roots[0][keep], roots[1][keep]), along[keep], length, jitter

    def _comb_brow(self, pose: Pose, side: str) -> Floats:
        roots, along, length, jitter = self.brow[side]
        start = geo.interpolate(pose.skin, roots)
        normal = geo.unit(geo.interpolate(pose.normals, roots))
        ends = pose.skin[self.anatomy.landmark[[BROW_BOTTOM[side][0], BROW_BOTTOM[side][-1]]]]
        outward = geo.unit(ends[0] - ends[1])
        up = np.array([0.0, 1.0, 0.0])
        inner = geo.smoothstep(0.55, 1.0, along)[:, None]
        tail = geo.smoothstep(0.4, 0.0, along)[:, None]
        way = outward * (1 - 0.62 * inner) + up * (0.22 + 0.6 * inner - 0.5 * tail) + jitter
        way = geo.unit(way - (way * normal).sum(1, keepdims=True) * normal)
        t = np.linspace(0, 1, 5)[None, :, None]
        rise = normal[:, None] * (0.015 + 0.12 * length[:, None, None] * np.sin(t * 2.4))
        return start[:, None] + way[:, None] * length[:, None, None] * t + rise

    def _lash(self, side: str, upper: bool) -> tuple[str, bool, Floats, Floats, Floats]:
        count = 70 if upper else 32
        along = self.rng.random(count) * 0.92 + 0.05
        size = (0.55 if upper else 0.25) * (1.12 if self.who.sex == "female" else 0.82)
        length = size * (0.7 + 0.4 * self.rng.random(count)) * (1 - 0.3 * along)
        return side, upper, along, length, self.rng.normal(size=(count, 3)) * 0.08

    def _curl_lash(
        self, pose: Pose, side: str, upper: bool, along: Floats, length: Floats, jitter: Floats
    ) -> Floats:
        lid = (UPPER_LID if upper else LOWER_LID)[side]
        points = pose.skin[self.anatomy.landmark[lid]]
        place = along * (len(lid) - 1)
        low = place.astype(int)
        part = (place - low)[:, None]
        start = points[low] * (1 - part) + points[low + 1] * part
        sign = -1.0 if side == "r" else 1.0
        lift = 0.35 if upper else -0.5
        way = np.stack(
            [sign * (0.62 - 0.95 * along), np.full(len(along), lift), np.ones(len(along))], 1
        )
        way = geo.unit(way + jitter)
        t = np.linspace(0, 1, 6)[None, :, None]
        curl = np.array([0.0, 0.75 * np.sign(lift), -0.25])
        size = length[:, None, None]
        return start[:, None] + size * (t * way[:, None] + t**2 * curl * 0.6)

    def _beard(self) -> tuple[Roots, Floats, Floats] | None:
        if self.who.beard == "none":
            return None
        count, size, _ = BEARDS[self.who.beard]
        density = self.anatomy.beard * self._beard_region()
        roots = geo.sample_surface(
            self.anatomy.quads, self.anatomy.rest, density, int(count * 1.5), self.rng
        )
        local = geo.interpolate(density, roots)
        keep = np.flatnonzero(self.rng.random(len(local)) < 0.15 + 0.85 * local)[:count]
        places = geo.interpolate(self.anatomy.rest, roots)[keep]
        moustache = (places[:, 1] > -6.3) & (np.abs(places[:, 0]) < 2.8) & (places[:, 2] > 1.0)
        length = size * (0.6 + 0.5 * self.rng.random(len(keep))) * (0.35 + 0.65 * local[keep])
        length = np.where(moustache, np.minimum(length, 0.55), length)
        jitter = self.rng.normal(size=(len(keep), 3)) * 0.22
        return (roots[0][keep], roots[1][keep]), length, jitter

    def _beard_region(self) -> Floats:
        x, y, z = self.anatomy.rest.T
        front = (np.abs(x) < 2.45 - 0.12 * (y + 8.0) ** 2 * (y < -8.0)) & (z > -2.5)
        if self.who.beard == "moustache":
            return (front & (y > -6.4)).astype(float)
        if self.who.beard == "goatee":
            return self.anatomy.soften(front.astype(float), 8)
        return np.ones(len(x))

    def _comb_beard(self, pose: Pose) -> Floats:
        assert self.whiskers is not None
        roots, length, jitter = self.whiskers
        curl = BEARDS[self.who.beard][2]
        start = geo.interpolate(pose.skin, roots)
        normal = geo.unit(geo.interpolate(pose.normals, roots))
        side = np.sign(start[:, :1]) * np.array([0.25, 0.0, 0.0])
        way = geo.unit(normal * 0.45 + np.array([0.0, -0.85, 0.15]) + side + jitter)
        away = (way * normal).sum(1, keepdims=True)
        way = geo.unit(way + normal * np.clip(0.28 - away, 0, None))
        t = np.linspace(0, 1, 6)[None, :, None]
        size = length[:, None, None]
        bend = np.roll(jitter, 1, axis=1)[:, None] * curl * np.sin(3 * np.pi * t)
        sag = np.array([0.0, -0.35, 0.0]) * t**2
        return start[:, None] + size * (t * way[:, None] + sag + 0.5 * bend * t)
