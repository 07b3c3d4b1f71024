"""Head hair: guide strands grown over the skull, then thickened with children.

A guide starts at a root on the scalp and walks: its heading is pulled by the
style's combing direction, by gravity and by the skin, which it may not enter.
Children copy the three nearest guides, gather into locks towards the tip and get
their own waviness. Everything is done once, on the neutral face, so that hair is
the same in every expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tools.make_faces import geometry as geo
from tools.make_faces.anatomy import Anatomy
from tools.make_faces.assets import Floats, Ints
from tools.make_faces.hair_styles import STYLES, Style
from tools.make_faces.identities import Identity

STEPS = 20


@dataclass(frozen=True)
class Groom:
    """Strands with radii, and the density of roots on the skin."""

    strands: Floats
    radius: Floats
    density: Floats


def _density(anatomy: Anatomy, who: Identity) -> Floats:
    """Return where hair grows for a style."""
    density = geo.smoothstep(0.12, 0.75, anatomy.scalp)
    x, y, z = anatomy.rest.T
    if who.hair == "receding":
        corner = np.exp(-(((np.abs(x) - 3.4) / 2.0) ** 2) - ((z - 0.0) / 3.2) ** 2) * (y > 3)
        crown = geo.smoothstep(-3.0, 0.8, z) * (y > 4.5) * 0.75
        density = density * (1 - 0.95 * corner) * (1 - crown)
    if who.hair in ("bald_fringe", "bald"):
        band = geo.smoothstep(4.2, 1.8, y) * geo.smoothstep(-3.2, -5.0, z)
        density = density * band * (1.0 if who.hair == "bald_fringe" else 0.25)
    return density


def _crown(points: Floats) -> Floats:
    """Return 1 on top of the head, 0 at the sides and the nape."""
    x, y, z = points.T
    high = geo.smoothstep(2.2, 6.2, y - 0.10 * (z + 6))
    front = geo.smoothstep(-5.0, -2.5, z) * geo.smoothstep(1.0, 3.0, y)
    return np.maximum(high, front) * geo.smoothstep(7.4, 5.2, np.abs(x))


def _combing(style: Style, points: Floats, normals: Floats) -> Floats:
    """Return the direction that the comb pulls at points on the scalp."""
    x = points[:, 0]
    top = _crown(points)[:, None]
    down = np.stack([0.15 * np.sign(x), np.full_like(x, -1.0), np.full_like(x, -0.25)], 1)
    if style.comb == "tied":
        return geo.unit(np.array(style.tie) - points)
    if style.comb == "parted":
        away = np.where(x > style.part, 1.0, -1.0)
        over = np.stack([away * 0.9, np.zeros_like(x), np.full_like(x, -0.45)], 1)
        return geo.unit(over * top + down * (1 - top))
    if style.comb == "back":
        over = np.stack([0.25 * np.sign(x), np.full_like(x, 0.15), np.full_like(x, -1.0)], 1)
        return geo.unit(over * top + (down + np.array([0.0, 0.0, -0.4])) * (1 - top))
    if style.comb == "forward":
        over = np.stack([np.full_like(x, 0.35), np.full_like(x, 0.2), np.full_like(x, 0.75)], 1)
        return geo.unit(over * top + down * (1 - top))
    return geo.unit(normals + np.array([0.0, 0.15, 0.0]))


class _Skull:
    """The skin as an obstacle."""

    def __init__(self, skin: Floats, normals: Floats, anatomy: Anatomy, ears: bool) -> None:
        outer = anatomy.mouth_inside < 0.3
        if not ears:
            x, y, _ = anatomy.rest.T
            outer &= ~((np.abs(x) > 7.15) & (y < 4) & (y > -6))
        self.points, self.normals = skin[outer], normals[outer]
        self.tree = cKDTree(self.points)

    def push_out(self, points: Floats, clearance: Floats) -> tuple[Floats, Floats]:
        """Lift points to a clearance above the skin; also return the normals there."""
        _, nearest = self.tree.query(points)
        normal = self.normals[nearest]
        height = ((points - self.points[nearest]) * normal).sum(1)
        return points + normal * np.clip(clearance - height, 0, None)[:, None], normal


def _grow(
    style: Style, roots: Floats, normals: Floats, skull: _Skull, rng: np.random.Generator
) -> Floats:
    """Walk the guides from their roots; return (n, STEPS, 3)."""
    count = len(roots)
    crown = _crown(roots)
    length = style.sides + (style.top - style.sides) * crown
    length = length * rng.uniform(0.86, 1.08, count)
    step = (length / (STEPS - 1))[:, None]
    depth = rng.random(count) ** 0.8
    heading = geo.unit(normals * 0.7 + _combing(style, roots, normals) * 0.8)
    heading = geo.unit(heading + rng.normal(size=(count, 3)) * 0.08)
    walk = [roots]
    current = roots.copy()
    for k in range(1, STEPS):
        reach = min(1.0, k * float(step.mean()) / 2.5)
        comb = _combing(style, current, normals)
        pull = 0.35 if style.comb != "out" else 0.04
        heading = geo.unit(heading + pull * comb + np.array([0, -style.gravity, 0]))
        current = current + heading * step
        clearance = 0.06 + (0.12 + style.lift * depth) * reach
        moved, normal = skull.push_out(current, clearance)
        moved = _free_face(moved) if style.comb == "parted" else moved
        heading = geo.unit(moved - walk[-1])
        if style.comb != "out":
            # Hair lies down: take away most of what points out of the skull.
            outward = np.clip((heading * normal).sum(1, keepdims=True), 0, None)
            heading = geo.unit(heading - 0.85 * outward * normal)
        current = moved
        walk.append(current)
    strands = np.stack(walk, 1)
    return _stop_at_tie(style, strands) if style.comb == "tied" else strands


def _free_face(points: Floats) -> Floats:
    """Keep strands out of the face and behind the shoulders' front."""
    points = points.copy()
    x, y, z = points.T
    half = np.interp(y, [-14, -10, -5, 0, 3.5, 6.5], [7.4, 7.0, 6.9, 6.9, 6.0, 2.0])
    side = np.where(x < 0, -1.0, 1.0)
    front = (z > -5.5) & (y < 6.5) & (np.abs(x) < half)
    points[front, 0] += 0.7 * (side * half - x)[front]
    points[front & (y < 4), 2] -= 0.3
    low = y < -9.0
    points[low & (z > -7.5), 2] -= 0.4
    points[low, 0] -= 0.35 * (x - np.clip(x, -9.0, 9.0))[low]
    return points


def _stop_at_tie(style: Style, strands: Floats) -> Floats:
    """Hold every strand still once it has reached the tie; drop those that miss it."""
    tie = np.array(style.tie)
    distance = np.linalg.norm(strands - tie, axis=2)
    strands = strands[distance.min(1) < 4.0]
    distance = np.linalg.norm(strands - tie, axis=2)
    arrived = np.argmin(distance, axis=1)
    t = np.linspace(0, 1, STEPS)[None] * arrived[:, None]
    low = np.minimum(t.astype(int), STEPS - 2)
    part = (t - low)[..., None]
    rows = np.arange(len(strands))[:, None]
    return strands[rows, low] * (1 - part) + strands[rows, low + 1] * part


def _children(
    style: Style, roots: Floats, normals: Floats, guides: Floats, rng: np.random.Generator
) -> Floats:
    """Copy guides to all roots, with locks and waves."""
    key, guide_key = roots.copy(), guides[:, 0].copy()
    if style.comb == "parted":
        # Strands on one side of the parting must not copy guides on the other.
        key[:, 0] += np.where(roots[:, 0] > style.part, 40.0, 0.0) * (_crown(roots) > 0.3)
        guide_key[:, 0] += np.where(guide_key[:, 0] > style.part, 40.0, 0.0) * (
            _crown(guides[:, 0]) > 0.3
        )
    distance, nearest = cKDTree(guide_key).query(key, k=3)
    share = 1 / (distance + 0.15) ** 2
    share /= share.sum(1, keepdims=True)
    shape = guides - guides[:, :1]
    own = (shape[nearest] * share[..., None, None]).sum(1)
    t = np.linspace(0, 1, STEPS)[None, :, None]
    stretch = rng.uniform(0.82, 1.06, (len(roots), 1, 1))
    strands = roots[:, None] + own * stretch
    # Gather around the nearest guide towards the tip.
    lock = style.lock * rng.uniform(0.5, 1.0, (len(roots), 1, 1)) * geo.smoothstep(0.1, 1.0, t)
    target = guides[nearest[:, 0]]
    strands = strands + (target - strands) * lock
    return strands + _waves(style, nearest[:, 0], len(guides), normals, t, rng)


def _waves(
    style: Style,
    guide: Ints,
    guides: int,
    normals: Floats,
    t: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return waves shared by a lock plus a little fly-away of each strand."""
    count = len(guide)
    phase = rng.uniform(0, 2 * np.pi, guides)[guide] + rng.normal(size=count) * 0.5
    speed = style.turns * rng.uniform(0.8, 1.2, guides)[guide] * 2 * np.pi
    angle = t[..., 0] * speed[:, None] + phase[:, None]
    side = geo.unit(np.cross(normals, np.array([0.3, 0.2, 1.0])))
    other = np.cross(normals, side)
    swing = side[:, None] * np.cos(angle)[..., None] + other[:, None] * np.sin(angle)[..., None]
    grow = style.wave * geo.smoothstep(0.0, 0.35, t)
    stray = rng.normal(size=(count, 1, 3)) * 0.018 * np.sqrt(style.top) * t**1.5
    return swing * grow + stray


def _bun(style: Style, rng: np.random.Generator) -> Floats:
    """Return a coil of hair at the tie."""
    count = 2600
    around = rng.uniform(0, 2 * np.pi, count)[:, None] + np.linspace(0, 1.6 * np.pi, STEPS)
    tube = rng.uniform(0, 2 * np.pi, count)[:, None] + np.linspace(0, 2.2, STEPS)
    thick = 1.15 * np.sqrt(rng.uniform(0.5, 1.0, count))[:, None]
    ring = 1.35 + thick * np.cos(tube)
    rise = thick * np.sin(tube) * 1.15
    local = np.stack([ring * np.cos(around), rise, ring * np.sin(around)], -1)
    out = geo.unit(np.array(style.tie) - np.array([0.0, 1.0, -7.0]))
    side = geo.unit(np.cross(out, np.array([0.0, 0.2, 1.0])))
    frame = np.stack([side, out, np.cross(side, out)])
    return np.array(style.tie) + 0.4 * out + local @ frame


def groom(anatomy: Anatomy, who: Identity, skin: Floats, normals: Floats) -> Groom:
    """Grow the hair of a person on the neutral face.

    Parameters
    ----------
    anatomy
        Shared head anatomy.
    who
        The person.
    skin, normals
        Fine skin of the neutral face.

    Returns
    -------
    Groom
    """
    style = STYLES[who.hair]
    rng = np.random.default_rng([who.seed, 4])
    density = _density(anatomy, who)
    skull = _Skull(skin, normals, anatomy, ears=style.comb != "tied")
    picks = geo.sample_surface(anatomy.quads, anatomy.rest, density, 1100 + style.count, rng)
    points = geo.interpolate(skin, picks)
    upright = geo.unit(geo.interpolate(normals, picks))
    local = geo.interpolate(density, picks)
    guides = _grow(style, points[:1100], upright[:1100], skull, rng)
    roots, root_normals, thin = points[1100:], upright[1100:], local[1100:]
    strands = _children(style, roots, root_normals, guides, rng)
    # Baby hair along the hairline is short and fine.
    size = 0.45 + 0.55 * geo.smoothstep(0.1, 0.8, thin)
    if style.comb != "tied":
        strands = strands[:, :1] + (strands - strands[:, :1]) * size[:, None, None]
    flat = strands[:, 1:].reshape(-1, 3)
    flat = _free_face(flat) if style.comb in ("parted", "back") else flat
    lifted, _ = skull.push_out(flat, np.full(len(flat), 0.035))
    strands[:, 1:] = lifted.reshape(strands[:, 1:].shape)
    radius = style.radius * np.linspace(1, 0.35, STEPS)[None] * size[:, None]
    if who.hair == "bun_high":
        coil = _bun(style, rng)
        strands = np.concatenate([strands, coil])
        radius = np.concatenate([radius, np.full(coil.shape[:2], style.radius)])
    shade = density * {"bald": 0.4, "buzz": 0.8, "fade": 0.8}.get(who.hair, 1.0)
    return Groom(strands, radius, shade)
