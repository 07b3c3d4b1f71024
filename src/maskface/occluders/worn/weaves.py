"""Woven and sewn cotton, plain or printed, drawn flat by formulas."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Reals
from maskface.occluders.colours import RGB
from maskface.occluders.drawing.garment import Texture
from maskface.occluders.worn.creases import crumpled
from maskface.occluders.worn.individual import USUAL
from maskface.occluders.worn.planes import (
    bump,
    canvas,
    make_texture,
    seam,
    step,
    stitches,
    unevenness,
)

Pattern: TypeAlias = Literal["plain", "stripes", "dots", "check", "floral"]

_SOFT: Final = 0.012  # cm; the edge of a print
_GRAIN: Final = 0.16  # slope of the cloth's grain in each panel: curved panels are cut across it


def print_on(pattern: Pattern, across: Reals, down: Reals) -> Reals:
    """Return share (0 to 1) of the second colour at each place of a cloth of two panels.

    `across` and `down` are centimetres from the middle seam and from the middle of the mouth.
    """
    a = np.abs(across) + _GRAIN * down
    b = down - _GRAIN * np.abs(across)
    # The panels are cut from different places of the cloth.
    a, b = a + 0.6 * (across < 0), b + 0.9 * (across < 0)
    draw = {"stripes": _stripes, "dots": _dots, "check": _check, "floral": _floral}
    return draw[pattern](a, b) if pattern in draw else np.zeros_like(across)


def _stripes(a: Reals, b: Reals) -> Reals:
    del b
    return _band(a, 0.80, 0.34)


def _band(a: Reals, period: float, width: float) -> Reals:
    """Bands of a width, one every `period`."""
    return step(width / 2 - np.abs(_wrapped(a, period)), _SOFT)


def _wrapped(a: Reals, period: float) -> Reals:
    """Distance to the nearest multiple of `period`, with sign."""
    return np.asarray((a + period / 2) % period - period / 2)


def _dots(a: Reals, b: Reals) -> Reals:
    """Dots in staggered rows."""
    period = 1.1
    row = np.floor(b / (period / 2))
    distance = np.hypot(
        _wrapped(a + (row % 2) * period / 2, period), _wrapped(b - period / 4, period / 2)
    )
    return step(0.19 - distance, _SOFT)


def _check(a: Reals, b: Reals) -> Reals:
    """Gingham: where both threads have the colour it is full, where one has, half."""
    return np.asarray((_band(a, 0.9, 0.45) + _band(b, 0.9, 0.45)) / 2)


def _floral(a: Reals, b: Reals) -> Reals:
    """Scattered flowers of five petals with leaves, one to a field and each turned its own way."""
    field = 1.75
    weight = np.zeros_like(a)
    for shift, radius, kind in ((0.0, 0.52, 1.0), (0.5, 0.30, 0.8)):
        i, j = np.floor(a / field + shift), np.floor(b / field + shift)
        chance = np.sin(12.9898 * i + 78.233 * j + shift) * 43758.5453
        chance = chance - np.floor(chance)
        x = _wrapped(a - (0.5 - shift) * field, field) - 0.45 * (chance - 0.5)
        y = _wrapped(b - (0.5 - shift) * field, field) - 0.45 * (chance * 7 % 1 - 0.5)
        weight = np.maximum(weight, kind * _flower(x, y, radius, 6.28 * chance))
    return weight


def _flower(x: Reals, y: Reals, radius: float, turned: Reals) -> Reals:
    distance, angle = np.hypot(x, y), np.arctan2(y, x) + turned
    petals = step(radius * (0.62 + 0.38 * np.cos(5 * angle)) - distance, 2 * _SOFT)
    vein = 0.25 * step(np.cos(5 * angle) - 0.96, 0.02)
    heart = step(0.26 * radius - distance, _SOFT)
    along = np.cos(angle - 0.63) * distance - 1.25 * radius
    side = np.sin(angle - 0.63) * distance
    leaf = 0.55 * step(1 - (along / (0.38 * radius)) ** 2 - (side / (0.15 * radius)) ** 2, 0.15)
    return np.asarray(np.maximum(leaf, petals * (1 - vein) * (1 - 0.75 * heart)))


WIDTH: Final = 768
HEIGHT: Final = 576
ACROSS: Final = 19.0
"""Width of the laid out cloth in cm."""
DOWN: Final = 14.5
"""Height of the laid out cloth in cm at the middle."""
_NARROW: Final = 0.36  # height at the sides as a share of that at the middle
_MOUTH: Final = 0.5  # row of the mouth
_HEM: Final = 1.3
"""Width of the border in cm, laid out; worn, 0.6 (beside the nose) to 1. In a narrower one, the
seam and the print behind it would be bright and dark lines along the skin."""
_GATHERED: Final = 1.3
_FINER: Final = 0.5  # strength of threads where each mask has grain of its own


@lru_cache(maxsize=64)
def cotton(pattern: Pattern, colour: RGB, accent: RGB, seam: float | None = None) -> Texture:
    """Draw printed cotton of two panels joined along the middle, bound in the colour of its ground.

    `colour` and `accent` are those of the ground and the print. `seam`, 0 to 1, is how marked the
    seam is, without other folds; the usual seam and folds if None.
    """
    across, down = in_centimetres()
    bound = step(_HEM - np.minimum(*_from_edges()), 0.04)
    share = (print_on(pattern, across, down) * (1 - bound))[..., None]
    ground = (1 - share) * np.array(colour, np.float32) + share * np.array(accent, np.float32)
    return make_texture(_panels(seam)[..., None] * ground / 255)


@lru_cache(maxsize=4)
def plain_cotton(seam: float | None = None) -> Texture:
    """Draw the same cotton without a print, in shades around 1."""
    return make_texture(_panels(seam))


def _panels(seam: float | None) -> Reals:
    if seam is None:
        return np.asarray(sewn_relief() * _seam_relief())
    return np.asarray(sewn_relief(smooth=True) * (1 + seam * (_seam_relief() - 1)))


def in_centimetres() -> tuple[Reals, Reals]:
    """Return places (HEIGHT, WIDTH) on the cloth: from the middle line, and below the mouth."""
    x, y = canvas(HEIGHT, WIDTH)
    return ACROSS * (x - 0.5), DOWN * (y - _MOUTH) * tallness(x)


def tallness(x: Reals) -> Reals:
    """Return height of the cloth as a share of that at the middle."""
    round_off = np.clip(np.cos(np.pi * (x - 0.5)), 0, 1)
    return np.asarray(_NARROW + (1 - _NARROW) * round_off**1.6)


def _from_edges() -> tuple[Reals, Reals]:
    """Distances (HEIGHT, WIDTH) in cm from the upper or lower edge, and from the nearer side."""
    x, y = canvas(HEIGHT, WIDTH)
    # Cloth is gathered above, on the nose: a border as wide below would look wider.
    return DOWN * np.minimum(y, _GATHERED * (1 - y)) * tallness(x), ACROSS * np.minimum(x, 1 - x)


def sewn_relief(*, smooth: bool = False) -> Reals:
    """Return brightness around 1 of hemmed cotton: threads, soft folds, a stitched border."""
    if smooth:
        return _hemmed(_FINER)
    return np.asarray(_hemmed(1.0) * (1 + crumpled((HEIGHT, WIDTH), USUAL, 1.2)))


@cache
def _hemmed(strength: float) -> Reals:
    x, y = canvas(HEIGHT, WIDTH)
    return np.asarray((1 + strength * _threads()) * (1 + _hem(x, y)))


def _threads() -> Reals:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    weave = np.cos(rows * 1.57) * np.cos(columns * 1.57)
    slubs = unevenness((WIDTH, HEIGHT), ((0.8, 0.02),), 24)
    slubs = cv2.blur(slubs, (1, 25)).T + cv2.blur(slubs.T, (1, 25))
    uneven = unevenness((HEIGHT, WIDTH), ((0.7, 0.018), (2.5, 0.010), (40.0, 0.016)), 21)
    return np.asarray(0.022 * weave + 2.5 * slubs + uneven)


def _hem(x: Reals, y: Reals) -> Reals:
    """A turned border: a seam, a row of stitches; the edge turns away."""
    down, across = _from_edges()
    inner = step(across - _HEM, 0.05)
    relief = inner * (0.22 * seam(down - _HEM, 0.045) + _row(down - _HEM + 0.07, ACROSS * x))
    relief += 0.22 * seam(across - _HEM, 0.05) + _row(across - _HEM + 0.07, DOWN * y)
    # Darker all the way to the edge, for a bright one would look like a halo, but not by much: the
    # skin beside it lies in shadow.
    return relief - 0.04 * np.exp(-np.minimum(down, across) / 0.2)


def _row(distance: Reals, along: Reals) -> Reals:
    return 0.16 * stitches(distance, along, 0.028, 0.26)


@cache
def _seam_relief() -> Reals:
    """The seam that joins the panels, stitched down on both sides."""
    x, y = canvas(HEIGHT, WIDTH)
    across, along = ACROSS * (x - 0.5), DOWN * y
    relief = 0.30 * seam(across, 0.055)
    for side in (-0.26, 0.26):
        relief += _row(across - side, along) - 0.05 * bump(across - side, 0.07)
    # The allowances below the seam pull it into little waves.
    waves = 0.045 * bump(across, 0.4) * np.sin(2 * np.pi * along / 1.1 + 2 * np.sin(along))
    return np.asarray(1 + relief + waves)
