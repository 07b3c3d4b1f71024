"""Creases of cloth: lines and dents in its brightness, no two pieces alike."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Reals, Singles
from maskface.occluders.worn.individual import Individual
from maskface.occluders.worn.planes import bump

PROFILE: Final = np.linspace(-0.08, 0.24, 1024, dtype=np.float32)[None]
"""Places (1, n) at which profiles across a line are given, as shares of the height of the cloth."""
_COARSER: Final = 3
"""Soft folds are drawn on a canvas so many times smaller."""


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
    rng = one.rng("crumpled")
    small = (shape[0] // _COARSER, shape[1] // _COARSER)
    level = _dents(small, rng)
    _add_wrinkles(level, rng)
    level *= np.float32(strength)
    return np.asarray(cv2.resize(level, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
