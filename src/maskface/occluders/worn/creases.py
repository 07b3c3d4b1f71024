"""Creases of cloth: lines and dents in its brightness, no two pieces alike."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Reals, Singles
from maskface.occluders.colours import UNDYED
from maskface.occluders.drawing.garment import UNCHANGED, Sheet
from maskface.occluders.drawing.render import GRAIN_TILE, grain_tile
from maskface.occluders.worn.individual import Individual
from maskface.occluders.worn.planes import bump, step

PROFILE: Final = np.linspace(-0.08, 0.24, 1024, dtype=np.float32)[None]
"""Places (1, n) at which profiles across a line are given, as shares of the height of the cloth."""
_COARSER: Final = 3  # soft folds are drawn on a canvas so many times smaller
_PIECES: Final = 24
_PIECE: Final = (120, 144)
"""Number and height and width of the crumpled pieces that masks of a population are made from."""
_CUT: Final = (104, 128)
"""Height and width of what is cut out of one, anywhere and turned over at random."""
_ROOM: Final = (17, 17)  # in how many places down and across it can be
RELIEF: Final = ((160, 192), (320, 384))
"""Height and width of a relief for small and for large faces."""
_GRAIN: Final = (0.011, 0.6)
"""Median strength of the grain of one piece, and the standard deviation of its logarithm."""
_KNOTS: Final = (5, 6)
_UNEVEN: Final = ((0.018, 0.009), (0.032, 0.028))
"""Places down and across at which the colour of a piece is warmer or cooler, and more or less red,
and how much (SD), undyed and dyed. Single channels that vary freely make white cloth pink."""


def add_line(level: Singles, profile: Singles, rows: Reals, width: float, strength: Reals) -> None:
    """Add a profile along a line of rows (w,), each a share of the height, by a strength (w,)."""
    height, low, high = len(level), float(PROFILE[0, 0]), float(PROFILE[0, -1])
    columns = np.flatnonzero(np.abs(strength) > 0.003)
    if not len(columns):
        return
    across = slice(columns[0], columns[-1] + 1)
    first = max(int((rows[across].min() + low * width) * height), 0)
    last = min(int((rows[across].max() + high * width) * height) + 2, height)
    if last <= first:
        return
    y = np.linspace(0, 1, height, dtype=np.float32)[first:last, None]
    scale = np.float32((PROFILE.size - 1) / (high - low))
    place = (y - rows[across].astype(np.float32)) * (scale / np.float32(width))
    place -= np.float32(low) * scale
    drawn = cv2.remap(profile, place, np.zeros_like(place), cv2.INTER_LINEAR,
                      borderMode=cv2.BORDER_CONSTANT)  # fmt: skip
    level[first:last, across] += drawn * strength[across].astype(np.float32)


@lru_cache(maxsize=1)
def soft_fold() -> Singles:
    """Change of brightness (1, samples) across a soft fold."""
    return np.asarray(bump(PROFILE, 0.020) - bump(PROFILE - 0.036, 0.022), np.float32)


def wobble(count: int, rng: np.random.Generator, strength: float) -> Reals:
    """Smooth random values (count,) around 0."""
    knots = rng.standard_normal((1, 9)).astype(np.float32)
    smooth = cv2.resize(knots, (count, 1), interpolation=cv2.INTER_CUBIC)[0]
    return np.asarray(strength * smooth)


def _add_wrinkles(level: Singles, rng: np.random.Generator) -> None:
    """Add folds where the loops pull at the corners, and on the cheeks."""
    x = np.linspace(0, 1, level.shape[1])
    for _ in range(rng.integers(5, 10)):
        across = x if rng.random() < 0.5 else 1 - x
        at_corner = rng.random() < 0.6
        start = rng.choice([rng.uniform(0.03, 0.15), rng.uniform(0.85, 0.97)])
        slope = rng.uniform(0.3, 1.3) * (1 if start < 0.5 else -1)
        if not at_corner:
            start, slope = rng.uniform(0.2, 0.8), rng.normal(0, 0.45)
        fade = np.exp(-(((across - rng.uniform(0, 0.15)) / rng.uniform(0.14, 0.30)) ** 2))
        rows = start + slope * across + wobble(len(across), rng, 0.01)
        strength = rng.uniform(0.025, 0.075) * rng.choice([1, 1, -1])
        add_line(level, soft_fold(), rows, rng.uniform(0.7, 1.8), strength * fade)


def _dents(shape: tuple[int, int], rng: np.random.Generator) -> Singles:
    """Broad unevenness of cloth that has been folded in a pocket and breathed through."""
    total = np.zeros(shape, np.float32)
    for cells, strength in ((4, 0.030), (9, 0.022), (20, 0.012)):
        knots = rng.standard_normal((cells, cells)).astype(np.float32)
        total += strength * cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return total


def crumpled(shape: tuple[int, int], one: Individual, strength: float = 1.0) -> Singles:
    """Return a change of brightness (h, w) around 0 by the creases and dents of one piece."""
    small = (shape[0] // _COARSER, shape[1] // _COARSER)
    return _resized(_crumpled(small, one.rng("crumpled")) * np.float32(strength), shape)


def _crumpled(shape: tuple[int, int], rng: np.random.Generator) -> Singles:
    level = _dents(shape, rng)
    _add_wrinkles(level, rng)
    return level


def _resized(level: Singles, shape: tuple[int, int]) -> Singles:
    return np.asarray(cv2.resize(level, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def creased(rng: np.random.Generator, strength: float, *, fine: bool, halves: int = 1) -> Singles:
    """Return the same for one mask of a population, in `RELIEF` pixels, put together from a store.

    A left and a right part are cut out of two of the store's pieces, each turned over at random and
    as hill or valley; grain is laid over both. `halves` is how many times as wide it is.
    """
    left, right = _cut(rng), _cut(rng)
    level = right + _towards_left() * (left - right)
    height, width = RELIEF[fine]
    level = _resized(level * np.float32(strength), (height, width * halves))
    grain = _GRAIN[0] * float(np.exp(_GRAIN[1] * rng.standard_normal()))
    room = GRAIN_TILE - height, 2 * GRAIN_TILE - width * halves
    y, x = (rng.random(2) * room).astype(int).tolist()
    level += np.float32(grain) * grain_tile(2)[y : y + height, x : x + width * halves]
    return level


def _cut(rng: np.random.Generator) -> Singles:
    """A part of a crumpled piece."""
    number, y, x, way = (rng.random(4) * (_PIECES, *_ROOM, 8)).astype(int).tolist()
    part = _store()[number][y : y + _CUT[0], x : x + _CUT[1]]
    turned = part if way & 1 else -part
    return np.asarray(turned[:: 1 if way & 2 else -1, :: 1 if way & 4 else -1], np.float32)


@cache
def _store() -> tuple[Singles, ...]:
    return tuple(_crumpled(_PIECE, np.random.default_rng([17, k])) for k in range(_PIECES))


@cache
def _towards_left() -> Singles:
    return step(0.5 - np.linspace(0, 1, _CUT[1], dtype=np.float32), 0.12).astype(np.float32)


def creased_sheet(sheet: Sheet, one: Individual, strength: float, *, fine: bool) -> Sheet:
    """Return a sheet with the creases of one mask of a population; the usual one as it is."""
    if one.seed is None:
        return sheet
    return with_relief(sheet, creased(one.rng("creases"), strength, fine=fine), one)


def with_relief(sheet: Sheet, level: Singles, one: Individual) -> Sheet:
    """Return a sheet with a change of brightness around 0, and with its colour a little uneven."""
    relief = np.asarray(cv2.convertScaleAbs(level, alpha=UNCHANGED, beta=UNCHANGED), np.uint8)
    dye = _UNEVEN[max(sheet.colour) - min(sheet.colour) >= UNDYED]
    knots = one.rng("tones").standard_normal((*_KNOTS, 2)) * dye
    warm, dyed = cv2.split(
        cv2.resize(knots, sheet.surface.shape[::-1], interpolation=cv2.INTER_CUBIC)
    )
    tones = np.stack([1 + warm - dyed, np.ones_like(warm), 1 - warm], axis=-1)
    return replace(sheet, relief=relief, tones=tones)
