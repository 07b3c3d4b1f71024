"""How a mask is worn: over nose and chin as it should be, pulled down, loose or tight."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np

from maskface.occluders.worn.shapes import Line, Shape
from maskface.occluders.worn.surface import curve

Wearing: TypeAlias = Literal[
    "correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight"
]

CHIN_LEVEL: Final = -9.4
"""Height in cm of the canonical head's chin: a mask with its upper edge there hides no face."""
EYE_LEVEL: Final = 2.6
"""Height in cm of the corners of its eyes."""
TOPS: Final = {"nose_out": -2.45, "under_lip": -5.75, "chin": -7.6, "loose": 1.25}
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
_LOWEST: Final = -13.2
_GIVE: Final = 0.45
"""How far the lower edge goes along when the upper edge is pulled down: cloth bunches up."""
_HELD_BACK: Final = (0.4, 0.035)
"""How far the upper corners go along: share of the way, and its increase per cm."""
_CHEEKS: Final = 2.4
"""Largest depth power of cloth without a nose below it. A surgical mask's upper edge then lies from
0.8 cm inside the canonical cheeks to 1.2 cm before them; with the ridge it has over a nose it would
sink 1.7 cm into them, and flare in front of a turned face.
"""
_UNFOLDED: Final = 0.3
"""Share of its fold that such cloth keeps, for the same reason."""
_SLACK: Final = 0.55
_TAUT: Final = -0.3
"""How far a loose and a tight mask stand off from where a usual one does, in cm."""


def top_level(percent: float) -> float:
    """Height in cm of an upper edge, from 0 (at the chin) to 100 (at the eyes)."""
    return CHIN_LEVEL + percent / 100 * (EYE_LEVEL - CHIN_LEVEL)


@lru_cache(maxsize=256)
def wear(shape: Shape, wearing: Wearing = "correct", top: float | None = None) -> Shape:
    """Change a mask's form by how it is worn.

    Parameters
    ----------
    shape
        The mask, worn as it should be.
    wearing
        How it is worn.
    top
        Height of the upper edge at the middle of the face, from 0 (at the chin) to 100 (at the
        eyes). By default that of `shape` or `wearing`.

    Returns
    -------
    Shape
        With as many control points as the one given.
    """
    level = TOPS.get(wearing) if top is None else top_level(top)
    worn = shape if level is None else _moved(shape, level)
    if wearing == "loose":
        return _stood_off(worn, _SLACK)
    return _stood_off(worn, _TAUT) if wearing == "tight" else worn


def _moved(shape: Shape, top: float) -> Shape:
    """The mask with its upper edge at another height."""
    down = shape.middle[0][0] - top
    held = _smooth(top, *_HELD)
    middle = _middle(shape, top, down, held)
    side = _side(shape, down)
    loose_height = shape.height_power[len(shape.height_power) // 2]
    return replace(
        shape,
        middle=middle,
        side=side,
        height_power=_loosened(shape.height_power, loose_height, held),
        depth_power=_loosened(shape.depth_power, _CHEEKS, held),
        fold=shape.fold * (held + (1 - held) * _UNFOLDED),
    )


def _loosened(powers: tuple[float, ...], most: float, held: float) -> tuple[float, ...]:
    """Powers of at most `most` where nothing holds the cloth up, and their own where it is held."""
    return tuple(held * power + (1 - held) * min(power, most) for power in powers)


def _smooth(value: float, start: float, end: float) -> float:
    """0 up to `start`, 1 from `end`, smooth between."""
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _middle(shape: Shape, top: float, down: float, held: float) -> Line:
    own = np.array(shape.middle)
    share = (own[0, 0] - own[:, 0]) / (own[0, 0] - own[-1, 0])
    bottom = max(own[-1, 0] - _GIVE * max(down, 0.0), min(_LOWEST, own[-1, 0]))
    y = top + (min(bottom, top - 1.5) - top) * share
    profile = np.array(_PROFILE)
    resting = np.interp(y, profile[:, 0], profile[:, 1])
    # Read bottom up: np.interp wants rising heights. Beyond its ends the cloth lies on the skin.
    standing = np.interp(y, own[::-1, 0], own[::-1, 1], left=np.nan, right=np.nan)
    standing = np.where(np.isnan(standing), resting, standing)
    z = held * standing + (1 - held) * resting
    return tuple((float(a), float(b)) for a, b in zip(y, z, strict=True))


def _side(shape: Shape, down: float) -> Line:
    own = np.array(shape.side)
    share = np.linspace(0, 1, len(own))
    # Loops hold the corners back, less so the farther they are pulled.
    y = own[:, 1] - down * (_HELD_BACK[0] + _HELD_BACK[1] * max(down, 0.0)) * (1 - 0.5 * share)
    track = np.array(_SIDES)
    x, z = (
        own[:, place] + np.interp(y, track[:, 0], along) - np.interp(own[:, 1], track[:, 0], along)
        for place, along in ((0, track[:, 1]), (2, track[:, 2]))
    )
    return tuple((float(a), float(b), float(c)) for a, b, c in zip(x, y, z, strict=True))


def _stood_off(shape: Shape, gap: float) -> Shape:
    """The mask farther from the face by `gap` cm, but not at its upper edge and its sides."""
    weight = curve((0.0, 0.7, 1.0, 1.0, 1.0), len(shape.middle))[:, 0]
    middle = tuple((y, z + gap * float(w)) for (y, z), w in zip(shape.middle, weight, strict=True))
    return replace(shape, middle=middle)
