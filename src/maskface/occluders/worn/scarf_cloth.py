"""The cloth of a scarf, drawn flat by formulas."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np

from maskface.occluders.garment import Texture
from maskface.occluders.worn.folds import around, weave
from maskface.occluders.worn.planes import Canvas, Plane, bump, ramp, step
from maskface.occluders.worn.texture import make_texture

Pattern: TypeAlias = Literal["plain", "dots"]

_SCARF: Final = Canvas(half=20.0, low=0.0, high=18.0, pixels=28)
_EAR: Final = 13.0
"""Where the ears are on the scarf, in cm from its middle."""


@cache
def _scarf_level() -> Plane:
    x, y = around(_SCARF)
    down = (_SCARF.high - y) / _SCARF.high
    level = 1 + weave(_SCARF, 3, 0.012) + _garlands(x, down) + _hang(x, down)
    return np.asarray(np.clip(level + _hem(down), 0.45, 1.3), np.float32)


def scarf_cloth() -> Texture:
    """A cotton scarf: folds that hang from the ears like garlands, and a hem."""
    return _scarf_texture("plain")


def scarf_print() -> Texture:
    """The same cloth's print of rings and drops; nothing between them."""
    return _scarf_texture("dots")


@cache
def _scarf_texture(pattern: Pattern) -> Texture:
    return make_texture(_scarf_level(), _dots() if pattern == "dots" else None)


_GARLANDS: Final = (
    (1, 0.10, 0.30, 4.0, 0.16), (1, 0.30, 0.50, 1.5, 0.24), (1, 0.48, 0.66, 2.5, 0.26),
    (1, 0.66, 0.82, 1.0, 0.22), (1, 0.84, 0.93, 5.0, 0.18), (1, 0.20, 0.24, 8.0, 0.20),
    (-1, 0.16, 0.36, 3.0, 0.18), (-1, 0.36, 0.57, 1.0, 0.25), (-1, 0.56, 0.72, 3.5, 0.22),
    (-1, 0.74, 0.88, 2.0, 0.22), (-1, 0.08, 0.16, 7.0, 0.16), (-1, 0.90, 0.95, 6.0, 0.16),
)  # fmt: skip
"""Folds of a scarf: side, height at the ear and at the inner end (shares of the cloth's), where
that end is in cm from the middle, and depth."""


def _garlands(x: Plane, down: Plane) -> Plane:
    """Folds that hang from the ears, where the cloth is gathered: a lip and its shadow."""
    level = np.zeros_like(x)
    for mirror, ear, inner, end, depth in _GARLANDS:
        across = mirror * x
        along = np.clip((_EAR - across) / (_EAR - end), 0, 1.4)
        below = down - ear - (inner - ear) * along**1.4
        wide = 0.014 + 0.022 * along
        lip = bump(below + 1.2 * wide, wide)
        shade = np.exp(-np.abs(below) / (1.6 * wide)) * step(below, 0.25 * wide)
        fade = ramp(along, 1.1, 0.35) * ramp(across, end - 2.5, end + 2.5)
        level += np.float32(depth) * fade * (0.55 * lip - shade)
    return level


_HANGING: Final = ((-4.6, -0.5, 1.1, 0.20), (-1.6, 0.5, 1.3, 0.26), (1.9, 0.3, 1.2, 0.24),
                   (4.9, -0.4, 1.0, 0.18))  # fmt: skip
"""Upright folds below the chin: where they begin, how they lean, width and depth, in cm."""


def _hang(x: Plane, down: Plane) -> Plane:
    """The shade below the chin, and folds that drop from there."""
    free = ramp(down, 0.52, 0.72)
    level = -0.16 * bump(down - 0.60 - 0.0006 * x * x, 0.07) * bump(x, 7.0)
    for start, lean, width, depth in _HANGING:
        across = x - start * (1.25 - 0.5 * down) - lean * np.sin(5 * down)
        shade = np.exp(-np.abs(across) / width) * step(across, 0.12 * width)
        level += np.float32(depth) * free * (0.6 * bump(across + 0.7 * width, 0.7 * width) - shade)
    return level


def _hem(down: Plane) -> Plane:
    """Stitched borders above and below."""
    edge = np.minimum(down, 1 - down) * _SCARF.high
    return np.asarray(0.05 * step(0.55 - edge, 0.03) - 0.16 * bump(edge - 0.55, 0.05), np.float32)


def _dots() -> Plane:
    """Where the print is, 0 to 1."""
    x, y = around(_SCARF)
    edge = np.minimum(_SCARF.high - y, y)
    row = np.floor(y / 1.1)
    across, up = (x + 0.55 * (row % 2)) % 1.1 - 0.55, y % 1.1 - 0.55
    far = np.hypot(across, up)
    small = step(0.14 - far, 0.02) + 0.8 * bump(far - 0.34, 0.045)
    along = (x + 0.9 * np.sin(y)) % 2.4 - 1.2
    drop = np.hypot(along * (1 + 0.5 * (edge - 1.4)), (edge - 1.5) * 1.2)
    large = bump(drop - 0.55, 0.07) + step(0.24 - drop, 0.03) + bump(drop - 0.8, 0.03)
    border = step(2.5 - edge, 0.05) * step(edge - 0.6, 0.05)
    ink = np.clip(border * large + (1 - border) * small, 0, 1)
    return np.asarray(ink, np.float32)
