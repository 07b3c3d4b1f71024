"""A mask laid on a posed face: a sheet between four edges that may not sink into the skin.

The edges are placed in the picture plane and rest on the skin; over hollows they are drawn taut.
Between them the sheet starts as a patch, and every point may move along its own ray from a place
behind the mouth. Tension evens the sheet out (a membrane) while the skin holds it up, so it tents
over mouth and nostrils, and cheeks and jaw push it. Centimetres, y up, z out of the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy  # noqa: F401  (makes mathutils importable)
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from scipy.interpolate import CubicSpline, LinearNDInterpolator, PchipInterpolator
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter
from scipy.spatial import cKDTree

from tools.make_faces import geometry as geo
from tools.make_faces.anatomy import Anatomy
from tools.make_faces.assets import Floats, Ints
from tools.make_faces.masks import Worn
from tools.make_faces.person import Pose

CENTRE = np.array([0.0, -5.2, -5.5])
"""Behind the mouth: every ray from here meets skin and sheet once."""
AROUND = 97
ROWS = 64
FAR = 30.0
CLEARANCE = 0.2
EAR = 7.15
"""Half the width of the average head without its ears."""
STEEPEST = 1.2
"""Steepest run of a side back towards the neck: a loop draws it forwards."""
RIGHT_CORNER, LEFT_CORNER, CHIN = 33, 263, 152
# The lower edge from the chin (0) to the lower corner (1): round at first, then hollow.
HOLLOW = PchipInterpolator([0, 0.2, 0.4, 0.6, 0.8, 1], [1, 0.98, 0.89, 0.61, 0.27, 0])


class Obstacle:
    """Skin (and pressed beard) that a mask may not sink into."""

    def __init__(self, anatomy: Anatomy, skin: Floats) -> None:
        x, y, z = anatomy.rest.T
        head = (y > -16) & (y < 5) & (np.abs(x) < EAR) & (z > -9)
        used, quads = geo.compact(anatomy.quads[head[anatomy.quads].all(1)])
        self.skin = skin[used]
        self._tree = BVHTree.FromPolygons(self.skin.tolist(), quads.tolist())

    def along(self, ways: Floats) -> Floats:
        """Return how far skin reaches from `CENTRE` along unit vectors (..., 3)."""
        reach = [self._hit(CENTRE + way * FAR, -way, 3.0) for way in ways.reshape(-1, 3)]
        return np.array(reach).reshape(ways.shape[:-1])

    def depth(self, x: Floats, y: Floats) -> Floats:
        """Return z of the skin behind points of the picture plane; far back where there is none."""
        ahead = np.array([0.0, 0.0, -1.0])
        return np.array([
            self._hit(np.array([a, b, FAR]), ahead, -9.0) for a, b in zip(x, y, strict=True)
        ])  # fmt: skip

    def _hit(self, start: Floats, way: Floats, miss: float) -> float:
        hit = self._tree.ray_cast(Vector(start), Vector(way))
        return miss if hit[0] is None else FAR - float(hit[3])

    def half_width(self, y: Floats) -> Floats:
        """Return how far the head reaches sideways at heights."""
        near = np.abs(self.skin[:, 1][None] - y[:, None]) < 0.4
        return np.array([np.abs(self.skin[some, 0]).max(initial=4.0) for some in near])


@dataclass(frozen=True)
class Sheet:
    """A mask in its place.

    Attributes
    ----------
    points : (rows, columns, 3), from the upper edge and the right side of the person
    flat : (rows, columns, 3), across and down on the cloth laid flat, and 1 on its border
    loops : paths (n, 3) of the ear loops
    """

    points: Floats
    flat: Floats
    loops: list[Floats]

    @property
    def quads(self) -> Ints:
        """(m, 4) vertex indices."""
        index = np.arange(self.points[..., 0].size).reshape(self.points.shape[:2])
        corners = [index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]]
        return np.stack(corners, -1).reshape(-1, 4)


def drape(anatomy: Anatomy, neutral: Pose, pose: Pose, worn: Worn, beard: Floats) -> Sheet:
    """Lay a mask on a face.

    Parameters
    ----------
    anatomy
        Shared head anatomy.
    neutral, pose
        The person at rest and in the expression.
    worn
        The mask, and how the person wears it.
    beard
        (n,) thickness of the pressed beard on the skin, centimetres.
    """
    eyes = neutral.skin[anatomy.landmark[[RIGHT_CORNER, LEFT_CORNER]]]
    unit, level = float(np.linalg.norm(eyes[1] - eyes[0])), float(eyes[:, 1].mean())
    chin, rest = pose.skin[anatomy.landmark[CHIN]], neutral.skin[anatomy.landmark[CHIN]]
    worn = worn.pulled((rest[1] - chin[1]) / unit)
    face = Obstacle(anatomy, pose.skin + pose.normals * beard[:, None])
    rng = np.random.default_rng(worn.seed)
    rows, folds = _rows(worn, rng)
    columns = np.linspace(-1, 1, AROUND)
    edges = _edges(face, worn, unit, level, chin, rows, columns)
    points = _membrane(face, _patch(*edges, rows, columns), worn, rows, columns)
    points = _clear(face, _finish(points, worn, rows, columns, folds, rng), rows, columns)
    width = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1).mean()
    flat = np.zeros_like(points)
    flat[..., 0], flat[..., 1] = columns * width / 2, -rows[:, None] * 9.5
    sides, ends = np.abs(columns)[None] > 0.945, (rows < 0.07) | (rows > 0.955)
    flat[..., 2] = (sides | ends[:, None]) * (worn.kind == "surgical")
    return Sheet(points, flat, _loops(points, pose, anatomy))


def _rows(worn: Worn, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return places of the rows, 0 to 1 down the cloth, and of the pleats: two rows make a step."""
    count = int(rng.choice(worn.make.pleats)) if worn.make.pleats else 0
    first = rng.normal(0.36, 0.03)
    folds = first + (rng.normal(0.15, 0.02, count).clip(0.1) * np.arange(count))
    rows = np.linspace(0, 1, ROWS)
    for fold in folds:
        rows = np.concatenate([rows[np.abs(rows - fold) > 0.008], [fold - 0.007, fold + 0.004]])
    return np.sort(rows), folds


def _edges(
    face: Obstacle,
    worn: Worn,
    unit: float,
    level: float,
    chin: Floats,
    rows: Floats,
    columns: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the upper, lower, right and left edge of the sheet."""  # fmt: skip
    side = np.abs(columns)
    (cx, cy), (lx, ly) = worn.corner, worn.lower
    knots = CubicSpline(
        [-cx, -0.5, -0.3, 0, 0.3, 0.5, cx],
        [cy, worn.outer, 0.6 * worn.outer + 0.4 * worn.top + 0.01, worn.top,
         0.6 * worn.outer + 0.4 * worn.top + 0.01, worn.outer, cy],
    )  # fmt: skip
    low = (level - chin[1]) / unit + worn.below
    top = np.stack([columns * cx, knots(columns * cx)], 1)
    bottom = np.stack([columns * lx, ly + (low - ly) * HOLLOW(side)], 1)
    swell = 0.012 * np.sin(np.pi * rows)
    right = np.stack([cx + (lx - cx) * rows + swell, cy + (ly - cy) * rows], 1)
    shapes = [top, bottom, right * [-1, 1], right]
    turn, middle = np.radians(worn.tilt), np.array([0.0, (worn.top + low) / 2])
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat = [((s - middle) @ spin + middle + [worn.shift, 0]) * [unit, -unit] for s in shapes]
    flat = [s + np.array([0, level]) for s in flat]
    sides = [_on_skin(face, s) for s in flat[2:]]
    top3 = _taut(face, flat[0], (sides[0][0, 2], sides[1][0, 2]), hug=0.35 * unit)
    over = max(chin[1] - flat[1][AROUND // 2, 1], 0.0)
    hem = chin[2] - 0.35 - 0.45 * over if over else -FAR
    low3 = _taut(face, flat[1], (sides[0][-1, 2], sides[1][-1, 2]), middle=hem)
    return top3, low3, sides[0], sides[1]


def _on_skin(face: Obstacle, edge: Floats) -> Floats:
    """Return a side edge (n, 3), drawn against the cheek; beyond it, it stands off as a wing."""
    most = face.half_width(edge[:, 1]) - 0.12
    x = np.clip(edge[:, 0], -most - 0.35, most + 0.35)
    z = face.depth(np.clip(x, -most, most), edge[:, 1]) + CLEARANCE
    z = median_filter(z, 11, mode="nearest")  # single rays meet an ear or pass the jaw
    for i, down in enumerate(-np.diff(edge[:, 1]), 1):
        z[i] = max(z[i], z[i - 1] - STEEPEST * down)
    z = np.maximum(gaussian_filter(z, 4, mode="nearest"), z - 0.3)
    return np.stack([x, edge[:, 1], z], 1)


def _taut(
    face: Obstacle, edge: Floats, ends: tuple[float, float], hug: float = 0.0, middle: float = -FAR
) -> Floats:
    """Return an edge (n, 3) strung between its ends over the skin.

    A wire holds it to the skin within `hug` of the midline; `middle` is the least z there.
    """
    x = edge[:, 0]
    floor = face.depth(x, edge[:, 1]) + CLEARANCE
    floor[AROUND // 2] = max(floor[AROUND // 2], middle)
    z = floor.copy()
    z[0], z[-1] = ends
    for _ in range(1500):
        z[1:-1] = np.maximum(0.5 * (z[:-2] + z[2:]), floor[1:-1])
    if hug:
        held = geo.smoothstep(1.3 * hug, 0.7 * hug, np.abs(x))
        z = np.minimum(z, floor + 0.25 + (1 - held) * FAR)
    z[1:-1] = gaussian_filter(z, 1.5, mode="nearest")[1:-1]
    return np.stack([x, edge[:, 1], z], 1)


def _patch(top: Floats, low: Floats, right: Floats, left: Floats, v: Floats, u: Floats) -> Floats:
    """Return the surface between four edges (Coons 1967)."""
    s, t = ((u + 1) / 2)[None, :, None], v[:, None, None]
    ruled = (1 - t) * top[None] + t * low[None] + (1 - s) * right[:, None] + s * left[:, None]
    corners = (1 - s) * ((1 - t) * top[0] + t * low[0]) + s * ((1 - t) * top[-1] + t * low[-1])
    return np.asarray(ruled - corners)


def _membrane(face: Obstacle, patch: Floats, worn: Worn, v: Floats, u: Floats) -> Floats:
    """Let the sheet rest on the skin under its own tension."""
    offset = patch - CENTRE
    start = np.linalg.norm(offset, axis=-1)
    way = offset / start[..., None]
    floor = _blunt(face.along(way) + CLEARANCE, v, u)
    half = AROUND // 2
    if worn.make.keel:
        floor[:, half] = _keel(floor[:, half], v, worn.make.keel)
    rim = np.ones_like(start, bool)
    rim[1:-1, 1:-1] = False
    radius = np.where(rim, start, np.maximum(start, floor))
    up = np.diff(v)
    above, below = up[:-1, None, None], up[1:, None, None]
    # Along a pleat two rows nearly meet: weights that keep a straight line straight.
    high, deep = below / (above + below), above / (above + below)
    across = 0.9 if worn.make.keel > 0.5 else 0.5
    round_ = np.sin(np.pi * v)[1:-1, None] * np.cos(u * np.pi / 2)[None, 1:-1]
    lift = 0.003 * worn.make.bulge * round_
    held = floor[:, half].copy() if worn.make.keel > 0.5 else None
    for _ in range(700):
        at = radius[..., None] * way
        target = across * (at[1:-1, :-2] + at[1:-1, 2:]) / 2
        target += (1 - across) * (high * at[:-2, 1:-1] + deep * at[2:, 1:-1])
        pull = ((target - at[1:-1, 1:-1]) * way[1:-1, 1:-1]).sum(-1)
        inner = radius[1:-1, 1:-1] + 0.9 * pull + lift
        radius[1:-1, 1:-1] = np.maximum(inner, floor[1:-1, 1:-1])
        if held is not None:
            radius[1:-1, half] = held[1:-1]
    return np.asarray(CENTRE + radius[..., None] * way)


def _blunt(floor: Floats, v: Floats, u: Floats) -> Floats:
    """Cloth is stiff: it rests on a rounded nose tip and chin; the wire follows the bridge."""
    wide = maximum_filter(floor, (7, 9), mode="nearest")
    wide = gaussian_filter(wide, (3.0, 4.0), mode="nearest")
    share = geo.smoothstep(0.03, 0.2, v) * geo.smoothstep(1.0, 0.86, v)
    share = share[:, None] * geo.smoothstep(0.95, 0.5, np.abs(u))
    return np.asarray(np.maximum(floor, floor * (1 - share) + wide * share))


def _keel(middle: Floats, v: Floats, stand: float) -> Floats:
    """Return the stiff fold of a folded mask: an arc that is clear of nose and chin."""
    line = middle[0] * (1 - v) + middle[-1] * v
    arc = np.sin(np.pi * v**0.8) ** 0.85
    inner = (v > 0.15) & (v < 0.85)
    need = ((middle + 0.5 * stand - line)[inner] / arc[inner]).max()
    return np.asarray(np.maximum(line + arc * need, middle))


def _finish(
    points: Floats, worn: Worn, v: Floats, u: Floats, folds: Floats, rng: np.random.Generator
) -> Floats:
    """Add pleats, seams, nose wire, wrinkles and the gathers at the loops."""
    normal = geo.unit(np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1)))
    normal *= np.sign((normal * (points - CENTRE)).sum(-1).mean())
    side, height = np.abs(u)[None], np.zeros(points.shape[:2])
    if len(folds):
        gap = 1 - rng.choice([0.0, 0.75], p=[0.7, 0.3]) * np.exp(-((u / 0.25) ** 2))
        for start, end in zip([0.12, *folds[:-1]], folds, strict=True):
            t = np.clip((v - start) / (end - start), 0, 1) * ((v > start) & (v < end))
            tone = rng.uniform(0.13, 0.21) * gap * (0.75 + 0.5 * side**2)
            height += t[:, None] ** 1.6 * tone
        ridge = rng.uniform(0.0, 0.07) * np.exp(-np.abs(u - rng.normal(0, 0.02)) / 0.05)
        height += ridge[None] * np.sin(np.pi * v)[:, None]
    elif worn.make.keel:
        seam = _line(side, 0.035, 0.012) if worn.kind == "ffp2" else 0.7 * _line(side, 0.0, 0.02)
        slant = v[:, None] - 0.2 - 0.12 * side
        height -= 0.05 * np.maximum(seam, _line(side, 0.93, 0.012) + 0 * height)
        height -= 0.04 * _line(slant, 0, 0.01) * (worn.kind == "ffp2")
    if worn.kind != "cloth":
        wire = _line(v, 0.045, 0.014)[:, None] * geo.smoothstep(0.5, 0.44, side)
        height += 0.05 * wire
    height += _wrinkles(v, u, rng)
    return np.asarray(points + normal * np.maximum(height, -0.1)[..., None])


def _line(x: Floats, at: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((x - at) / width) ** 2)))


def _wrinkles(v: Floats, u: Floats, rng: np.random.Generator) -> Floats:
    """Return crumples all over, gathers at the side seams and soft folds towards the corners."""
    x, y = u[None], v[:, None]
    height = np.zeros((len(v), len(u)))
    for _ in range(14):
        a, b = rng.normal(size=2) * rng.choice([1.0, 3.0]) * [5.0, 8.0]
        size = rng.uniform(0.08, 0.2) / np.hypot(a, b) ** 0.7
        height += size * np.sin(a * x + b * y + rng.uniform(0, 6.28))
    gather = np.sin(2 * np.pi * rng.uniform(3.5, 5.5) * y + rng.uniform(0, 6.28))
    height += 0.07 * gather * geo.smoothstep(0.7, 1.0, np.abs(x)) ** 2
    for sign in (-1, 1):
        for _ in range(2):
            start, slope = rng.uniform(0.1, 0.9), rng.normal(0, 0.25)
            inward = np.clip(1 - sign * x, 0, 1)
            fold = _line(y - start - slope * inward, 0, rng.uniform(0.02, 0.04))
            height += rng.uniform(-0.08, 0.08) * fold * np.exp(-inward / 0.25) * (sign * x > 0)
    return height


def _clear(face: Obstacle, points: Floats, v: Floats, u: Floats) -> Floats:
    """Lift the sheet out where pleats and wrinkles dip into the skin, but not wings at its rim."""
    inner = geo.smoothstep(1.0, 0.85, np.abs(u))[None] * geo.smoothstep(1.0, 0.97, v)[:, None]
    for _ in range(2):
        offset = points - CENTRE
        radius = np.linalg.norm(offset, axis=-1)
        way = offset / radius[..., None]
        least = maximum_filter(face.along(way), 3, mode="nearest")
        least = gaussian_filter(least, 1.2, mode="nearest") + 0.09
        short = np.clip(least - radius, 0, 0.5) * inner
        points = CENTRE + (radius + gaussian_filter(short, 0.7) + 0.3 * short)[..., None] * way
    return points


def _loops(points: Floats, pose: Pose, anatomy: Anatomy) -> list[Floats]:
    """Return the paths of the ear loops, from the corners over the cheek and behind the ear."""
    x, y, _ = anatomy.rest.T
    head = ((np.abs(x) < EAR) | (y > 4) | (y < -6)) & (anatomy.mouth_inside < 0.3)
    skin, normals = pose.skin[head], pose.normals[head]
    tree = cKDTree(skin)
    paths = []
    for sign, column in ((-1.0, 0), (1.0, -1)):
        ear = pose.skin[(x * sign > EAR) & (y < 4) & (y > -6)]
        front = float(ear[:, 2].max()) - 0.4
        for row, height, back in (
            (2, ear[:, 1].max() - 0.3, 0.0), (-3, ear[:, 1].min() + 0.6, 1.0)
        ):  # fmt: skip
            seam = points[row, [column + 3 if column == 0 else column - 3, column]]
            root = np.array([sign * (EAR - 0.15 - 0.3 * back), height, front - back])
            t = np.linspace(0, 1, 28)[1:, None]
            path = np.concatenate([seam, seam[1] * (1 - t) + root * t])
            for _ in range(30):
                body = path[2:]
                near = tree.query(body)[1]
                out = ((body - skin[near]) * normals[near]).sum(1)
                path[2:] = body + normals[near] * np.clip(0.12 - out, 0, None)[:, None]
                path[2:-1] = 0.5 * path[2:-1] + 0.25 * (path[1:-2] + path[3:])
            # Behind the ear it is out of sight: it goes into the head there.
            path = np.concatenate([path, path[-1] + [[-sign * 0.5, -0.2, -1.0]]])
            paths.append(path)
    return paths


def tuck(strands: Floats, sheet: Sheet, gap: float = 0.05) -> Floats:
    """Press hair points (..., 3) that lie before the sheet below it: beards."""
    offset = sheet.points - CENTRE
    depth = np.linalg.norm(offset, axis=-1)
    reach = LinearNDInterpolator(_angles(offset).reshape(-1, 2), depth.ravel())
    own = strands.reshape(-1, 3) - CENTRE
    angles, radius = _angles(own), np.linalg.norm(own, axis=1)
    limit = reach(angles) - gap
    rim = np.concatenate([
        sheet.points[0], sheet.points[1:, -1], sheet.points[-1, -2::-1], sheet.points[-2:0:-1, 0]
    ])  # fmt: skip
    # The upper edge is hollow: what lies between its hull and the edge is not under the sheet.
    over = geo.inside_polygon(angles, _angles(rim - CENTRE)) & (radius > limit)
    own[over] *= (limit[over] / radius[over])[:, None]
    return np.asarray((CENTRE + own).reshape(strands.shape))


def _angles(offset: Floats) -> Floats:
    x, y, z = np.moveaxis(offset, -1, 0)
    return np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))], -1)
