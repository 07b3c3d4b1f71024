"""The cloths of a niqab, drawn flat by formulas."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.garment import Texture
from maskface.occluders.worn.folds import around, weave
from maskface.occluders.worn.planes import Canvas, bump, ramp
from maskface.occluders.worn.texture import make_texture

_VEIL: Final = Canvas(half=26.0, low=0.0, high=26.0, pixels=18)
_HOOD: Final = Canvas(half=26.0, low=0.0, high=17.0, pixels=18)


@cache
def veil_cloth() -> Texture:
    """The lower cloth of a niqab: a face veil whose sides fall over the cloth behind."""
    x, y = around(_VEIL)
    down = (_VEIL.high - y) / _VEIL.high
    turn = np.abs(x) / _VEIL.half * 180
    level = 1 + weave(_VEIL, 5, 0.012) + _upright(x, down) + _tension(x, down)
    # The edges of the face veil: a lip that catches light, and the shadow it casts outside.
    edge = turn - 80 - 6 * np.sin(4 * down + 0.8 * np.sign(x))
    level = level + 0.06 * bump(edge + 2.0, 1.6) - 0.30 * np.exp(-np.abs(edge) / 5) * (edge > 0)
    level = level + 0.16 * bump(down - 0.012, 0.010) - 0.14 * bump(down - 0.034, 0.005)
    return make_texture(np.clip(level, 0.4, 1.3))


def _upright(x: Reals, down: Reals) -> Reals:
    """Soft folds that widen as they fall from chin and shoulders."""
    deep = 0.04 + 0.30 * ramp(down, 0.25, 0.85)
    across = x * (1.15 - 0.45 * down) + 1.1 * np.sin(2.5 * down + 0.21 * x)
    folds = 0.6 * np.sin(0.95 * across + 0.5) + 0.4 * np.sin(1.9 * across + 1.9 + 2 * down)
    return np.asarray(deep * folds, np.float32)


def _tension(x: Reals, down: Reals) -> Reals:
    """Faint creases from the temples down to nose and chin, and the shade below the nose."""
    side = np.abs(x)
    near = bump(down - 0.18, 0.16)
    line = down - 0.05 - 0.021 * (13 - side)
    crease = np.sin(line * 58 + 0.3 * np.sign(x)) * bump(side - 7.5, 3.5)
    tip, below = bump(down - 0.10, 0.05) * bump(x, 1.6), bump(down - 0.20, 0.05) * bump(x, 2.5)
    return np.asarray(0.10 * near * crease + 0.08 * tip - 0.10 * below, np.float32)


@cache
def hood_cloth() -> Texture:
    """The upper cloth of a niqab: smooth over the head, a sewn band over the forehead."""
    x, y = around(_HOOD)
    down = (_HOOD.high - y) / _HOOD.high
    level = 1 + weave(_HOOD, 9, 0.012)
    front = ramp(np.abs(x), 15, 8)
    wrinkle = np.sin(15 * down + 0.023 * x * x + 0.9 * np.sin(0.5 * x))
    level = level + 0.09 * ramp(down, 0.25, 0.7) * wrinkle * ramp(np.abs(x), 1, 9)
    level = level + front * (0.12 * bump(down - 0.985, 0.012) - 0.15 * bump(down - 0.955, 0.006))
    return make_texture(np.clip(level, 0.4, 1.3))
