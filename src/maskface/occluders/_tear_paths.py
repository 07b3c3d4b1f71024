"""Where tears run: from the lower lid down the cheek, as streaks of water in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.mesh import canonical_mesh
from maskface.occluders._tear_cheek import Floats, on_cheek, visible
from maskface.occluders.geometry import HeadFit, unit

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
_LANE: Final = (
    (-2.75, 2.32), (-2.85, 1.6), (-3.05, 0.7), (-3.3, -0.5), (-3.6, -1.9), (-3.85, -3.3),
    (-3.9, -4.7), (-3.75, -6.1), (-3.45, -7.4), (-3.2, -8.2),
)  # fmt: skip
_STARTS: Final = (0.62, 0.86, 0.33)
"""Where along the lid each of an eye's tears starts, 0 at the outer corner and 1 at the inner."""
_REACH: Final = (1.0, 0.62, 0.4)
"""How far each of them gets, as a share of the first."""
_SIZES: Final = (1.0, 0.85, 0.75)
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


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """A streak of water.

    Attributes
    ----------
    places
        (n, 2) float64, its middle line in pixels.
    head
        (n, 3) float64, the same on the canonical head in cm.
    along
        (2,) float64, unit vector; `places` advance in this direction.
    radius
        (n,) float64, half its width in pixels; 0 where it cannot be seen.
    bulge
        (n,) float64, the half width in pixels that sets how high it stands.
    steep
        (n,) float64, slope of the water at the edge.
    gloss
        (n,) float64, 0 to 1, how clearly bright surroundings are mirrored.
    """

    places: Floats
    head: Floats
    along: Floats
    radius: Floats
    bulge: Floats
    steep: Floats
    gloss: Floats

    def zoomed(self, x: float, y: float, factor: int) -> Strand:
        """The same strand in a picture cut at (x, y) and enlarged by a whole factor."""
        places = (self.places - [x, y]) * factor + (factor - 1) / 2
        return replace(self, places=places, radius=self.radius * factor, bulge=self.bulge * factor)


def head_down(fit: HeadFit) -> Floats:
    """The head's own down as a unit vector in the picture.

    A picture has no plumb line: whether the head was tilted or the camera, it does not tell. So
    tears run as on an upright head, and a turned picture shows the same ones.
    """
    return unit(-fit.linear[:2, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Tear:
    """What is to be shed.

    Attributes
    ----------
    eye
        0 for the right eye, 1 for the left.
    number
        Which of the eye's tears, 0 to MOST - 1.
    bottom
        How low the longest tear ends, as y on the canonical head in cm.
    dice
        (DRAWS,) float64, random numbers in -1 to 1.
    """

    eye: int
    number: int
    bottom: float
    dice: Floats


def trail(points: NDArray[np.float32], fit: HeadFit, tear: Tear) -> Strand:
    """A tear that has run down a cheek.

    Parameters
    ----------
    points
        (478, 3) float32, landmarks in pixels.
    fit
        Where the head is.
    tear
        Which one.
    """
    dice, t = tear.dice, np.linspace(0, 1, _SAMPLES) ** 0.9
    start = float(np.clip(_STARTS[tear.number] + 0.08 * dice[0], 0, 1))
    lid_head = _along(_head_lid(tear.eye), start)
    lid_seen = _on_lid(points, tear.eye, start)
    fall = float(lid_head[1] - tear.bottom) * _REACH[tear.number] * (1 + 0.12 * dice[1])
    head = _way_down(lid_head, fall * t, dice) * [1 - 2 * tear.eye, 1, 1]
    seen = fit.project(head)[:, :2]
    # The lid moves with the expression, the cheek's average does not: the tear leaves the one
    # and joins the other within a centimetre.
    leave = np.clip(1 - fall * t / 1.0, 0, 1)[:, None] ** 2
    seen += leave * (lid_seen[:2] - seen[0])
    size = fit.scale * _SIZES[tear.number] * (1 + 0.15 * dice[3])
    radius, bulge, steep = _profile(fall * t, fall, dice)
    gloss = _gloss(fall * t, fall, dice)
    return Strand(seen, head, head_down(fit), radius * size, bulge * size, steep, gloss)


def _way_down(lid: Floats, way: Floats, dice: Floats) -> Floats:
    """Places (n, 3) so many cm below a place on the lid, as if on the right cheek."""
    y = lid[1] - way
    x = _lane(y) - (abs(lid[0]) - abs(_LANE[0][0])) * (1 - 0.5 * way / way[-1])
    return on_cheek(x + 0.06 * np.sin(3.5 * y + 3 * dice[2]) * np.minimum(2 * way, 1), y)


def meniscus(points: NDArray[np.float32], fit: HeadFit, eye: int) -> Strand:
    """The water that stands along the lower lid of a moist eye."""
    t = np.linspace(0.06, 0.94, _SAMPLES // 2 + 1)
    seen = _on_lid(points, eye, t)[:, :2]
    head = _along(_head_lid(eye), t)
    # Water gathers in the inner corner.
    radius = _MENISCUS * (1 + 0.5 * t**3) * np.sqrt(np.sin(np.pi * np.linspace(0.02, 0.98, len(t))))
    along = unit(seen[-1] - seen[0])
    bulge = np.full(len(t), _MENISCUS * fit.scale)
    gloss = (
        0.15 + 0.7 * np.exp(-(((t - 0.35) / 0.1) ** 2)) + 0.5 * np.exp(-(((t - 0.8) / 0.06) ** 2))
    )
    flat = np.full(len(t), _FLAT)
    return Strand(seen, head, along, radius * fit.scale, bulge, flat, gloss)


def damp_lid(edge: Strand, fit: HeadFit) -> Strand:
    """The skin below the water along the lid of a moist eye, which shines."""
    below, high = _LID_SKIN
    seen = edge.places + head_down(fit) * below * fit.scale
    ends = np.sin(np.pi * np.linspace(0, 1, len(seen)))
    bulge = np.full(len(seen), high * fit.scale)
    damp, gloss = np.full(len(seen), _DAMP), _SHINE * ends
    return Strand(seen, edge.head, edge.along, bulge * np.sqrt(ends), bulge, damp, gloss)


def _fresh(way: Floats) -> Floats:
    """Water that has just left the lid stands higher for a few millimetres."""
    return np.asarray(np.exp(-(((way - 0.4) / 0.3) ** 2)))


def _gloss(way: Floats, fall: float, dice: Floats) -> Floats:
    """Where a trail glints: in places, as the skin under it is uneven, and on the drop."""
    waves = np.sin(4.1 * way + 3 * dice[4]) + np.sin(9.7 * way + 3 * dice[5])
    return np.where(
        fall - way < 2.5 * _DROP, 1.0, np.clip(0.35 + 0.4 * waves + 0.5 * _fresh(way), 0.08, 1)
    )


def shown(strands: list[Strand], fit: HeadFit) -> list[Strand]:
    """What of the strands can be seen; those out of sight are left out."""
    if not strands:
        return []
    seen = visible(fit, np.vstack([strand.head for strand in strands]))
    ends = np.cumsum([len(strand.radius) for strand in strands])[:-1]
    narrowed = [
        replace(strand, radius=strand.radius * part)
        for strand, part in zip(strands, np.split(seen, ends), strict=True)
    ]
    return [strand for strand in narrowed if strand.radius.max() > 0]


def _profile(way: Floats, fall: float, dice: Floats) -> tuple[Floats, Floats, Floats]:
    """Half width, height-setting half width (both in cm) and edge slope down a trail."""
    # Water leaves the trail behind in uneven portions.
    uneven = 0.16 * np.sin(5.3 * way + 3 * dice[4]) + 0.12 * np.sin(11.7 * way + 3 * dice[5])
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


def _on_lid(points: NDArray[np.float32], eye: int, at: Floats | float) -> Floats:
    """Places (..., 3) on the edge of the lower lid, 0 at the outer corner and 1 at the inner."""
    return _along(points[list(LIDS[eye])].astype(np.float64), at)


@cache
def _head_lid(eye: int) -> Floats:
    """The edge (n, 3) of the average head's lower lid."""
    return canonical_mesh().vertices[list(LIDS[eye])].astype(np.float64)


def _along(line: Floats, at: Floats | float) -> Floats:
    """Places (..., 3) on a line (n, 3), 0 at its start and 1 at its end."""
    place = np.asarray(at) * (len(line) - 1)
    first = np.minimum(place.astype(int), len(line) - 2)
    share = (place - first)[..., None]
    return np.asarray(line[first] * (1 - share) + line[first + 1] * share)


def _lane(y: Floats) -> Floats:
    x, height = np.array(_LANE).T
    return np.asarray(np.interp(-y, -height, x))
