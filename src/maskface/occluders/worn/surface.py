"""The form of a mask, how wearing it changes that form, and the surface made from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats, Reals
from maskface.occluders.drawing.garment import Surface
from maskface.occluders.drawing.geometry import unit
from maskface.occluders.worn.planes import Canvas, unevenness

Line: TypeAlias = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A mask's form in the space of the canonical head, in centimetres."""

    # (y, z) of the middle line, equally spaced along the cloth from its upper to its lower edge.
    middle: Line
    side: Line  # (x, y, z) of the edge at the person's left, from the upper to the lower corner
    # How height and depth pass from the middle (1) to the side (0), as powers of the cosine of the
    # angle across, from the upper to the lower edge. A high power is a narrow ridge, as over the
    # nose; a low one is round.
    height_power: tuple[float, ...]
    depth_power: tuple[float, ...]
    # 0 for a round mask, 1 for one folded along the middle line into two flat halves.
    fold: float = 0.0
    # Degrees by which it is turned about the middle of its upper edge, anticlockwise as seen.
    tilt: float = 0.0
    shift: float = 0.0  # how far it is moved to the person's left, in cm


SURGICAL: Final = Shape(
    middle=(
        (1.20, 7.00), (0.5, 7.65), (-0.3, 8.1), (-1.4, 8.25), (-2.7, 8.0), (-4.1, 7.55),
        (-5.6, 7.15), (-7.1, 6.75), (-8.4, 6.2), (-9.1, 5.7), (-9.57, 4.95),
    ),
    side=(
        (6.92, 0.66, 0.60), (6.90, -0.40, 0.48), (6.86, -1.50, 0.36), (6.80, -2.60, 0.26),
        (6.68, -3.75, 0.16), (6.46, -5.00, 0.08),
    ),
    height_power=(7.0, 5.5, 4.0, 3.1, 2.7, 2.6, 2.9),
    depth_power=(4.2, 3.4, 2.8, 2.4, 2.1, 1.9, 1.8),
)  # fmt: skip
"""Bulges over nose and chin with room for both, and ends half a centimetre below a closed chin.
Its short sides end beside the mouth; from there the lower edge runs hollow to the chin."""

_COARSE: Final = (10, 17)
_FINE: Final = (17, 35)
"""Vertices down and across."""
_FINE_FROM: Final = 16.0
"""Pixels per centimetre from which the coarse surface's outline would show its corners."""
_KEPT: Final = 256  # surfaces kept for the next picture; a sweep over the height has a hundred


def spread(turn: Reals) -> Floats:
    """Return places around the head, -1 to 1, by shares of the columns: most are in front."""
    return np.asarray(0.6 * turn + 0.4 * turn**3)


def curve(points: Line | tuple[float, ...], n: int) -> Floats:
    """Sample a smooth (Catmull-Rom) curve (n, d) evenly through equally spaced control points.

    There are two or more, each of d numbers (or one number).
    """
    control = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
    return np.asarray(_blend(len(points), n) @ control)


@lru_cache(maxsize=64)
def _blend(points: int, n: int) -> Floats:
    """Return weights (n, points) of control points in the samples of a curve."""
    own = np.eye(points)
    padded = np.vstack([2 * own[0] - own[1], own, 2 * own[-1] - own[-2]])
    position = np.linspace(0, points - 1, n)
    start = np.minimum(position.astype(int), points - 2)
    t = (position - start)[:, None]
    p0, p1, p2, p3 = (padded[start + k] for k in range(4))
    return np.asarray(0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    ))  # fmt: skip


def surface_of(shape: Shape, scale: float) -> Surface:
    """Make a mask's surface, finer for large faces: at `scale` pixels per centimetre."""
    return _build(shape, *(_FINE if detail(scale) else _COARSE))


def detail(scale: float) -> float:
    """Return the least scale (pixels per centimetre) that is drawn in the same detail."""
    return _FINE_FROM if scale >= _FINE_FROM else 0.0


def sheet_surface(sheet: Floats) -> Surface:
    """Join positions (rows, columns, 3) into a surface.

    Rows run from the upper to the lower edge, columns from the person's right to left.
    """
    rows, columns = sheet.shape[:2]
    across, down = _slopes(sheet.transpose(1, 0, 2)).transpose(1, 0, 2), -_slopes(sheet)
    (ax, ay, az), (dx, dy, dz) = across.transpose(2, 0, 1), down.transpose(2, 0, 1)
    normals = np.stack([ay * dz - az * dy, az * dx - ax * dz, ax * dy - ay * dx], axis=-1)
    grid, triangles = _net(rows, columns)
    steps = sheet[:, 1:] - sheet[:, :-1]
    return Surface(
        shape=(rows, columns),
        vertices=sheet.reshape(-1, 3),
        normals=unit(normals).reshape(-1, 3),
        grid=grid,
        triangles=triangles,
        width=float(np.sqrt((steps * steps).sum(axis=2)).sum(axis=1).max()),
    )


def _slopes(sheet: Floats) -> Floats:
    """Return central differences down a sheet, one-sided at its ends."""
    slopes = np.empty_like(sheet)
    slopes[1:-1] = (sheet[2:] - sheet[:-2]) / 2
    slopes[0], slopes[-1] = sheet[1] - sheet[0], sheet[-1] - sheet[-2]
    return slopes


@lru_cache(maxsize=64)
def _net(rows: int, columns: int) -> tuple[Floats, NDArray[np.int32]]:
    """Return column and row (n, 2) of the vertices of a sheet, and its triangles."""
    down, across = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    grid = np.stack([across, down], axis=-1).reshape(-1, 2)
    return grid, _grid_triangles(rows, columns)


@lru_cache(maxsize=_KEPT)
def _build(shape: Shape, rows: int, columns: int) -> Surface:
    return sheet_surface(sheet_of(shape, rows, columns))


def sheet_of(shape: Shape, rows: int, columns: int) -> Floats:
    """Return positions (rows, columns, 3) of a mask's cloth."""
    middle, side = curve(shape.middle, rows), curve(shape.side, rows)
    aside, round_off, folded = _profiles(columns)
    across = round_off + shape.fold * folded
    height = round_off ** curve(shape.height_power, rows)
    depth = across ** curve(shape.depth_power, rows)
    x = side[:, :1] * aside
    y = side[:, 1:2] + (middle[:, :1] - side[:, 1:2]) * height
    z = side[:, 2:] + (middle[:, 1:] - side[:, 2:]) * depth
    turn = np.radians(shape.tilt)
    if turn or shape.shift:
        up = y - middle[0, 0]
        x, y = (
            x * np.cos(turn) - up * np.sin(turn),
            middle[0, 0] + x * np.sin(turn) + up * np.cos(turn),
        )
        x = x + shape.shift
    return np.stack([x, y, z], axis=-1)


@lru_cache(maxsize=8)
def _profiles(columns: int) -> tuple[Floats, Floats, Floats]:
    """Return x (1, columns) and depth of a round sheet, and how much less deep a folded one is."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, columns)[None, :]
    round_off = np.clip(np.cos(angle), 0, 1)
    return np.sin(angle), round_off, 1 - np.abs(np.sin(angle)) - round_off


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    both = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], axis=2)
    return both.reshape(-1, 3)


Wearing: TypeAlias = Literal[
    "correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight"
]

CHIN_LEVEL: Final = -9.4
"""Height in cm of the canonical head's chin: a mask with its upper edge there hides no face."""
EYE_LEVEL: Final = 2.6
"""Height in cm of the corners of its eyes."""
TOPS: Final = {"nose_out": -2.45, "under_lip": -5.75, "chin": -7.6, "loose": 0.6}
"""Height in cm of the upper edge: below the base of the nose (-2.1), below the lower lip (-5.4),
on the chin, and slipped down the bridge of the nose."""

# Depth z by height y of cloth that the nose does not hold up: it lies on lips and chin and, lower
# down, on the throat. Above the mouth it follows the bridge of the nose.
_PROFILE: Final = (
    (-14.0, 0.9), (-12.2, 2.0), (-10.9, 3.5), (-10.2, 4.6), (-9.2, 5.6), (-8.2, 6.1), (-7.0, 6.3),
    (-5.4, 6.5), (-4.0, 6.6), (-3.0, 6.5), (-2.2, 6.5), (-1.6, 7.1), (-1.1, 7.7), (-0.5, 7.8),
    (0.0, 7.6), (1.0, 7.0), (1.75, 6.5), (2.5, 6.1), (3.3, 5.6),
)  # fmt: skip
# Where the sides lie by height: x and z. Below the ears they follow the jaw and then the neck.
_SIDES: Final = (
    (-11.0, 4.6, -1.9), (-9.5, 4.7, -1.5), (-8.0, 4.9, -0.9), (-6.5, 5.5, -0.3), (-5.4, 6.05, 0.0),
    (-4.3, 6.4, 0.1), (-1.7, 6.7, 0.3), (0.8, 6.8, 0.6), (3.0, 6.9, 0.6),
)  # fmt: skip
_HELD: Final = (-2.4, 0.4)
"""The nose holds a mask up if its upper edge is above these heights: not at all, fully."""
_SHORTEST: Final = 4.2
"""Height in cm to which cloth bunches up when its upper edge is pulled down. The lower edge stays
where it is as long as that leaves room: of 93 real surgical masks, r = -.06."""
_HELD_BACK: Final = (0.4, 0.035)
"""How far the upper corners go along: share of the way, and its increase per cm."""
_CHEEKS: Final = 2.4
"""Largest depth power of cloth without a nose below it. A surgical mask's upper edge then lies from
0.8 cm inside the canonical cheeks to 1.2 cm before them; with the ridge it has over a nose it would
sink 1.7 cm into them, and flare in front of a turned face.
"""
_UNFOLDED: Final = 0.3  # share of its fold that such cloth keeps, for the same reason
_SLACK: Final = 0.55
_TAUT: Final = -0.3
"""How far a loose and a tight mask stand off from where a usual one does, in cm."""
_SLIP: Final = 0.25  # how much lower a mask ends that stands off by 1 cm


def top_level(percent: float) -> float:
    """Return height in cm of an upper edge, from 0 (at the chin) to 100 (at the eyes)."""
    return CHIN_LEVEL + percent / 100 * (EYE_LEVEL - CHIN_LEVEL)


@lru_cache(maxsize=256)
def wear(shape: Shape, wearing: Wearing = "correct", top: float | None = None) -> Shape:
    """Change a mask's form by how it is worn; it keeps the number of control points.

    `top` is the height of the upper edge at the middle of the face, from 0 (at the chin) to 100 (at
    the eyes); by default that of `shape` or `wearing`.
    """
    level = TOPS.get(wearing) if top is None else top_level(top)
    worn = shape if level is None else _pulled(shape, level)
    if wearing == "loose":
        return _stood_off(worn, _SLACK)
    return _stood_off(worn, _TAUT) if wearing == "tight" else worn


def moved(
    shape: Shape, *, top: float, bottom: float, sides: Floats, out: Floats | float = 0.0
) -> Shape:
    """Return the mask with its edges elsewhere, in cm.

    `top` and `bottom` are heights of its edges at the midline, `sides` those of the control points
    of its side, and `out` is how much farther from the midline these are.
    """
    held = _smooth(top, *_HELD)
    loose_height = shape.height_power[len(shape.height_power) // 2]
    return replace(
        shape,
        middle=_middle(shape, top, bottom, held),
        side=_side(shape, sides, out),
        height_power=_loosened(shape.height_power, loose_height, held),
        depth_power=_loosened(shape.depth_power, _CHEEKS, held),
        fold=shape.fold * (held + (1 - held) * _UNFOLDED),
    )


def _pulled(shape: Shape, top: float) -> Shape:
    """The mask with its upper edge pulled to another height."""
    own, down = np.array(shape.side)[:, 1], shape.middle[0][0] - top
    bottom = min(shape.middle[-1][0], top - _SHORTEST)
    # Loops hold the corners back, less so the farther they are pulled.
    give = (_HELD_BACK[0] + _HELD_BACK[1] * max(down, 0.0)) * (
        1 - 0.5 * np.linspace(0, 1, len(own))
    )
    return moved(shape, top=top, bottom=bottom, sides=own - down * give)


def _loosened(powers: tuple[float, ...], most: float, held: float) -> tuple[float, ...]:
    """Powers of at most `most` where nothing holds the cloth up, and their own where it is held."""
    return tuple(held * power + (1 - held) * min(power, most) for power in powers)


def _smooth(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end`, smooth between."""
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _middle(shape: Shape, top: float, bottom: float, held: float) -> Line:
    own = np.array(shape.middle)
    share = (own[0, 0] - own[:, 0]) / (own[0, 0] - own[-1, 0])
    y = top + (bottom - top) * share
    profile = np.array(_PROFILE)
    resting = np.interp(y, profile[:, 0], profile[:, 1])
    # Read bottom up: np.interp wants rising heights. Beyond its ends the cloth lies on the skin.
    standing = np.interp(y, own[::-1, 0], own[::-1, 1], left=np.nan, right=np.nan)
    standing = np.where(np.isnan(standing), resting, standing)
    z = held * standing + (1 - held) * resting
    return tuple((float(a), float(b)) for a, b in zip(y, z, strict=True))


def _side(shape: Shape, heights: Floats, out: Floats | float) -> Line:
    own, track = np.array(shape.side), np.array(_SIDES)
    x, z = (
        own[:, place]
        + np.interp(heights, track[:, 0], along)
        - np.interp(own[:, 1], track[:, 0], along)
        for place, along in ((0, track[:, 1]), (2, track[:, 2]))
    )
    return tuple(
        (float(a), float(b), float(c)) for a, b, c in zip(x + out, heights, z, strict=True)
    )


def _stood_off(shape: Shape, gap: float) -> Shape:
    """The mask farther from the face by `gap` cm, but not at its upper edge and its sides."""
    weight = curve((0.0, 0.7, 1.0, 1.0, 1.0), len(shape.middle))[:, 0]
    lower = _SLIP * gap * np.linspace(0, 1, len(shape.middle)) ** 2
    middle = tuple(
        (float(y - down), float(z + gap * w))
        for (y, z), w, down in zip(shape.middle, weight, lower, strict=True)
    )
    return replace(shape, middle=middle)


def around(canvas: Canvas) -> tuple[Reals, Reals]:
    """Return how far around the head each texture pixel is, and its height on the cloth, in cm."""
    x, y = canvas.grid()
    return np.asarray(spread(x / canvas.half) * canvas.half, np.float32), y


def weave(canvas: Canvas, seed: int, strength: float) -> Reals:
    """Return threads, and the unevenness of cloth that has been worn."""
    x, y = canvas.grid()
    threads = np.sin(x * 2 * np.pi * 7) * np.sin(y * 2 * np.pi * 7)
    sizes = ((0.7, strength), (8.0, strength), (40.0, 2 * strength))
    return np.asarray(0.012 * threads + unevenness(canvas.shape, sizes, seed), np.float32)
