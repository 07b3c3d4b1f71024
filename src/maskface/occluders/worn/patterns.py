"""Printed patterns: where on the cloth the second colour is."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.worn.planes import step

Pattern: TypeAlias = Literal["plain", "stripes", "dots", "check", "floral"]

_SOFT: Final = 0.012  # cm; the edge of a print
_GRAIN: Final = 0.16
"""Slope of the cloth's grain in each panel: curved panels are cut across it."""


def print_on(pattern: Pattern, across: Reals, down: Reals) -> Reals:
    """Share (0 to 1) of the second colour at each place of a cloth of two panels.

    Parameters
    ----------
    pattern
        What is printed.
    across, down
        Centimetres from the middle seam and from the middle of the mouth.
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
