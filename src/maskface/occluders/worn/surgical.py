"""The surgical mask: its pleated cloth, drawn flat by formulas, no two alike.

Real ones have two to four creases, nearly straight as seen, often interrupted at the midline, many
a ridge from nose to chin, welds along the edges, a paler band above, and wrinkles of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np

from maskface.arrays import Reals, Singles
from maskface.occluders.drawing.garment import Garment, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import ColouredMask, cloth_sheet
from maskface.occluders.worn.creases import (
    PROFILE,
    RELIEF,
    add_line,
    creased,
    crumpled,
    soft_fold,
    with_relief,
    wobble,
)
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import bump, canvas, make_texture, step, unevenness
from maskface.occluders.worn.surface import SURGICAL, detail

WIDTH: Final = 768
HEIGHT: Final = 640
"""Texture pixels of a large face; a mask has about as many on one of 1024 px."""
SMALL: Final = (320, 384)
"""Height and width of the texture of a small face."""

_TOP: Final = (0.16, 0.24)
_LOW: Final = (1.30, 0.82)
"""Heights of the upper and the lower edge at the midline and at the sides, in distances between the
outer corners of the eyes. Creases are straight in this frame, and hence bent on the cloth."""
_FIRST: Final = (0.60, 0.05)
_APART: Final = (0.135, 0.03)
"""Mean and standard deviation of the height of the first crease and of the distance to the next."""
_SAG: Final = (0.05, 0.05)
_SLOPE: Final = 0.025
_COUNTS: Final = ((2, 3, 4), (0.25, 0.5, 0.25))
"""How often masks have so many creases."""
_BORDER: Final = 0.042
"""Width of the sewn border, as a share of the height. Any narrower, it is a bright line between its
seam and skin."""
_CHANCES: Final = {"interrupted": 0.3, "ridge": 0.55, "above": 0.8, "beside": 0.6, "pale": 0.6}
"""Shares of real masks with interrupted creases, a ridge, welds above and beside, and a paler band
(16 looked at closely)."""


@lru_cache(maxsize=2)
def cloth(*, fine: bool = True) -> Texture:
    """Draw the relative brightness of the usual mask's cloth, in (HEIGHT, WIDTH) or `SMALL` px."""
    shape, rng = (HEIGHT, WIDTH) if fine else SMALL, USUAL.rng("cloth")
    rng.random(len(_CHANCES))
    level = 1 + crumpled(shape, USUAL)
    _add_creases(level, rng, 3)
    _add_ridge(level, rng)
    level *= _sewn(shape, above=True, beside=True, pale=True)
    level += np.roll(_fibres(shape), rng.integers(0, shape[0], 2).tolist(), (0, 1))
    where, wire = _wire(shape, rng)
    level[where] *= 1 + wire
    return make_texture(level)


@lru_cache(maxsize=16)
def _smooth_cloth(*, above: bool, beside: bool, pale: bool, fine: bool) -> Texture:
    """Cloth without folds."""
    shape = (HEIGHT, WIDTH) if fine else SMALL
    return make_texture(_sewn(shape, above=above, beside=beside, pale=pale) + _fibres(shape))


def folds_of(one: Individual, *, fine: bool, interrupted: bool, ridge: bool) -> Singles:
    """Return the change of brightness around 0 by the folds of one mask and the wire in it."""
    rng = one.rng("cloth")
    level = creased(rng, 1.0, fine=fine)
    rows, columns = level.shape
    count = int(np.searchsorted(np.cumsum(_COUNTS[1]), rng.random())) + _COUNTS[0][0]
    gap: Reals = np.ones(1, np.float32)
    if interrupted:
        gap = 1 - 0.85 * bump(
            np.linspace(-1, 1, columns, dtype=np.float32) - rng.normal(0, 0.08), 0.22
        )
    height = rng.normal(*_FIRST)
    for _ in range(count):
        number, way = int(rng.integers(_KEPT)), int(rng.integers(2))
        strength = np.float32(rng.uniform(0.6, 1.2))
        k = int(np.clip(round((height - _LEVELS[0]) / _LEVELS[1]), 0, _LEVELS[2] - 1))
        start, strip = _kept_pleats(k, fine=fine)[number]
        start += round((height - _LEVELS[0] - k * _LEVELS[1]) / (_LOW[0] - _TOP[0]) * rows)
        start = min(max(start, 0), rows - len(strip))
        level[start : start + len(strip)] += strip[:, :: 1 - 2 * way] * (gap * strength)
        height += max(rng.normal(*_APART), 0.08)
    if ridge:
        start, strip = _kept_ridges(fine=fine)[int(rng.integers(2 * _KEPT))]
        level[:, start : start + strip.shape[1]] += strip
    where, wire = _wire(level.shape, rng)
    level[where] += wire
    return level


_KEPT: Final = 8
"""Pleats of one height that are kept for masks of a population, and half as many ridges."""
_LEVELS: Final = (0.45, 0.12, 7)
"""Height of the uppermost of these, distance to the next, and their number."""


@cache
def _kept_pleats(level: int, *, fine: bool) -> tuple[tuple[int, Singles], ...]:
    """First row, and change of brightness from there on, of pleats of about one height."""
    rng, kept = np.random.default_rng([19, level]), []
    for _ in range(_KEPT):
        blank = np.zeros(RELIEF[fine], np.float32)
        _add_pleat(blank, rng, _LEVELS[0] + level * _LEVELS[1])
        rows = np.flatnonzero(np.abs(blank).max(axis=1) > _FAINT)
        kept.append((int(rows[0]), blank[rows[0] : rows[-1] + 1]))
    return tuple(kept)


@cache
def _kept_ridges(*, fine: bool) -> tuple[tuple[int, Singles], ...]:
    """First column, and change of brightness from there on, of ridges."""
    rng, kept = np.random.default_rng(23), []
    for _ in range(2 * _KEPT):
        blank = np.zeros(RELIEF[fine], np.float32)
        _add_ridge(blank, rng)
        columns = np.flatnonzero(np.abs(blank).max(axis=0) > _FAINT)
        kept.append((int(columns[0]), blank[:, columns[0] : columns[-1] + 1]))
    return tuple(kept)


_FAINT: Final = 0.002


def _add_creases(level: Singles, rng: np.random.Generator, count: int) -> None:
    """Add the pleats, which open downwards: a rounded lip that catches light, and its shadow."""
    height = rng.normal(*_FIRST)
    for _ in range(count):
        _add_pleat(level, rng, height)
        height += max(rng.normal(*_APART), 0.08)


def _add_pleat(level: Singles, rng: np.random.Generator, height: float) -> None:
    across = np.linspace(-1, 1, level.shape[1])
    side = np.abs(across)
    round_off = np.clip(np.cos(np.pi / 2 * across), 0, 1)
    top, low = (
        beside + (middle - beside) * round_off**power
        for (middle, beside), power in ((_TOP, 5.0), (_LOW, 2.6))
    )
    sag, slope = rng.normal(*_SAG), rng.normal(0, _SLOPE)
    line = height + sag * (round_off - 0.6) + slope * across + wobble(len(across), rng, 0.008)
    strength = rng.uniform(0.6, 1.2) * (1 + wobble(len(across), rng, 0.22))
    rows = (line - top) / (low - top)
    # A crease that runs into an edge is sewn down there.
    strength = strength * np.clip(rows / 0.12, 0, 1) * np.clip((1 - rows) / 0.12, 0, 1)
    softness = rng.uniform(0.8, 1.7)
    add_line(level, _pleat(), rows, softness, strength * (0.75 + 0.25 * side))


@lru_cache(maxsize=1)
def _pleat() -> Singles:
    """Change of brightness (1, samples) across a pleat."""
    below = PROFILE
    shadow = 0.17 * bump(below - 0.004, 0.007) + 0.15 * np.exp(-below / 0.045) * (below > 0)
    return np.asarray(0.07 * bump(below + 0.024, 0.020) - shadow, np.float32)


def _add_ridge(level: Singles, rng: np.random.Generator) -> None:
    """Add the fold from nose to chin, lighter on one side than on the other."""
    upright = level.T
    line = 0.5 + rng.normal(0, 0.015) + wobble(len(level), rng, 0.008)
    strength = rng.uniform(0.02, 0.06) * rng.choice([-1, 1])
    down = np.linspace(0, 1, len(level))
    fade = np.exp(-(((down - rng.uniform(0.3, 0.7)) / rng.uniform(0.3, 0.6)) ** 2))
    add_line(upright, soft_fold(), line - 0.018, rng.uniform(0.9, 1.6), strength * fade)


@lru_cache(maxsize=8)
def _sewn(shape: tuple[int, int], *, above: bool, beside: bool, pale: bool) -> Singles:
    """Sewn borders, ended by a pressed seam, with rows of weld points; a paler band above."""
    x, y = canvas(*shape)
    level, aspect = np.ones_like(y), HEIGHT / WIDTH
    for distance, width in ((y, _BORDER), (1 - y, _BORDER), (x, _BORDER * aspect),
                            (1 - x, _BORDER * aspect)):  # fmt: skip
        level -= 0.09 * bump(distance - width, 0.005)
        level -= 0.10 * np.exp(-distance / 0.016)  # the edge itself turns away
    if above:
        level -= _welds(y - 0.022, x) + _welds(y - _BORDER - 0.016, x + 0.004)
    if beside:
        for distance in (x, 1 - x):
            level -= 0.8 * (_welds(distance - 0.018, y) + _welds(distance - 0.032, y + 0.004))
    if pale:
        level += 0.045 * step(0.105 - y, 0.006) * step(y - 0.024, 0.003)
    return np.asarray(level, np.float32)


def _welds(distance: Reals, along: Reals) -> Reals:
    """A row of weld points."""
    return 0.10 * bump(distance, 0.0045) * step(np.cos(2 * np.pi * along / 0.016) - 0.1, 0.25)


def _wire(shape: tuple[int, int], rng: np.random.Generator) -> tuple[tuple[slice, slice], Singles]:
    """Where the wire over the nose is, a bar bent over it, and how it changes the brightness."""
    height, width = shape
    rows, columns = (
        slice(int(low * size), int(high * size))
        for low, high, size in ((0.04, 0.12, height), (0.27, 0.73, width))
    )
    x, y = (np.linspace(0, 1, size, dtype=np.float32) for size in (width, height))
    x, y = x[None, columns], y[rows, None]
    at, half = 0.062 + rng.normal(0, 0.004), 0.2 + rng.normal(0, 0.015)
    bar = bump(y - at, 0.012) - 0.9 * bump(y - at - 0.023, 0.012)
    inside = step(half - np.abs(x - 0.5 - rng.normal(0, 0.01)), 0.006)
    return (rows, columns), np.asarray(rng.uniform(0.03, 0.08) * inside * bar, np.float32)


@lru_cache(maxsize=2)
def _fibres(shape: tuple[int, int]) -> Singles:
    """Non-woven cloth: fine grain, faint unevenness and a regular pattern of weld points."""
    level = unevenness(shape, ((0.8, 0.013), (5.0, 0.008), (26.0, 0.008)), seed=7)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray(level - 0.012 * np.cos(rows * 1.1) * np.cos(columns * 1.1), np.float32)


@OCCLUDERS.register("surgical")
@dataclass(frozen=True)
class SurgicalMask(ColouredMask):
    """A pleated surgical mask with ear loops."""

    colour: Colour = "lightblue"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the pleated sheet and its loops."""
        colour, fine = self.dyed(one), detail(scale) > 0
        surface = self.surface(SURGICAL, scale, one)
        if one.seed is None:
            sheet = cloth_sheet(surface, cloth(fine=fine), colour)
        else:
            chances = zip(_CHANCES.items(), one.rng("parts").random(len(_CHANCES)), strict=True)
            has = {what: bool(drawn < chance) for (what, chance), drawn in chances}
            folds = {what: has.pop(what) for what in ("interrupted", "ridge")}
            sheet = cloth_sheet(surface, _smooth_cloth(**has, fine=fine), colour)
            sheet = with_relief(sheet, folds_of(one, fine=fine, **folds), one)
        return Garment((sheet, *self.loops(surface, colour)))
