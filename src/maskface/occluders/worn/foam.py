"""Moulded stretch foam, drawn flat by formulas."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.garment import Texture
from maskface.occluders.worn.planes import bump, unevenness
from maskface.occluders.worn.strokes import canvas, crease, seam
from maskface.occluders.worn.texture import make_texture
from maskface.occluders.worn.weaves import ACROSS, DOWN, HEIGHT, WIDTH, tallness

Colour: TypeAlias = tuple[int, int, int]


@lru_cache(maxsize=32)
def foam(colour: Colour) -> Texture:
    """Stretch foam with a ridge down the middle: matte, with a soft sheen beside the ridge."""
    x, y = canvas(HEIGHT, WIDTH)
    across = ACROSS * (x - 0.5)
    # The sides have no edge: they go over into the bands.
    edge = DOWN * np.minimum(y, 1 - y) * tallness(x)
    relief = 1 + unevenness((HEIGHT, WIDTH), ((0.8, 0.020), (18.0, 0.012)), 22)
    relief += 0.30 * seam(across, 0.045) + 0.10 * _tension(x, y)
    relief -= 0.12 * bump(edge - 0.16, 0.05) + 0.3 * np.exp(-edge / 0.03)
    sheen = 0.075 * _sheen(x, y) + 0.05 * bump(edge - 0.06, 0.05) + 0.03 * bump(across - 0.10, 0.07)
    light = relief[..., None] * np.array(colour, np.float32) / 255 + sheen[..., None]
    return make_texture(light)


def _tension(x: Reals, y: Reals) -> Reals:
    """Shallow folds where the bands pull."""
    total = np.zeros_like(y)
    for across in (x, 1 - x):
        for start, slope, reach in ((0.24, 0.34, 0.24), (0.52, 0.05, 0.16), (0.82, -0.30, 0.22)):
            total += crease(across, y, start, slope, reach)
    return total


def _sheen(x: Reals, y: Reals) -> Reals:
    """Light from above on the upper side of the nose and on the cheeks."""
    nose = bump(np.abs(x - 0.5) - 0.07, 0.06) * bump(y - 0.24, 0.16)
    cheeks = 0.8 * bump(np.abs(x - 0.5) - 0.24, 0.13) * bump(y - 0.34, 0.15)
    chin = 0.5 * bump(x - 0.5, 0.10) * bump(y - 0.66, 0.10)
    return np.asarray(nose + cheeks + chin, np.float32)
