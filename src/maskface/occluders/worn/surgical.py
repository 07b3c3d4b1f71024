"""The surgical mask: its pleated cloth, drawn flat by formulas, no two alike.

Real ones have two to four creases, nearly straight as seen, often interrupted at the midline, many
a ridge from nose to chin, welds along the edges, a paler band above, and wrinkles of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from maskface.arrays import Reals, Singles
from maskface.occluders.drawing.garment import Garment, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import ColouredMask, cloth_sheet
from maskface.occluders.worn.creases import PROFILE, add_line, crumpled, soft_fold, wobble
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
_CHANCES: Final = {"interrupted": 0.3, "ridge": 0.55, "welds above": 0.8, "welds beside": 0.6,
                   "pale band": 0.6}  # fmt: skip
"""Shares of real masks that show each (16 looked at closely)."""
_USUAL: Final = {"interrupted": False, "ridge": True, "welds above": True, "welds beside": True,
                 "pale band": True}  # fmt: skip


def cloth(one: Individual = USUAL, *, fine: bool = True) -> Texture:
    """Draw the relative brightness of a mask's cloth, in (HEIGHT, WIDTH) or `SMALL` pixels."""
    return _cloth(one, (HEIGHT, WIDTH) if fine else SMALL)


@lru_cache(maxsize=16)
def _cloth(one: Individual, shape: tuple[int, int]) -> Texture:
    rng = one.rng("cloth")
    has = {what: bool(rng.random() < chance) for what, chance in _CHANCES.items()}
    if one.seed is None:
        has = _USUAL
    level = 1 + crumpled(shape, one)
    count = 3 if one.seed is None else int(rng.choice(_COUNTS[0], p=_COUNTS[1]))
    _add_creases(level, rng, count, interrupted=has["interrupted"])
    if has["ridge"]:
        _add_ridge(level, rng)
    level *= _sewn(
        shape, above=has["welds above"], beside=has["welds beside"], pale=has["pale band"]
    )
    level += np.roll(_fibres(shape), rng.integers(0, shape[0], 2).tolist(), (0, 1))
    return make_texture(_wire(level, rng))


def _add_creases(
    level: Singles, rng: np.random.Generator, count: int, *, interrupted: bool
) -> None:
    """Add the pleats, which open downwards: a rounded lip that catches light, and its shadow."""
    across = np.linspace(-1, 1, level.shape[1])
    side = np.abs(across)
    round_off = np.clip(np.cos(np.pi / 2 * across), 0, 1)
    top, low = (
        beside + (middle - beside) * round_off**power
        for (middle, beside), power in ((_TOP, 5.0), (_LOW, 2.6))
    )
    height = rng.normal(*_FIRST)
    for _ in range(count):
        sag, slope = rng.normal(*_SAG), rng.normal(0, _SLOPE)
        line = height + sag * (round_off - 0.6) + slope * across + wobble(len(across), rng, 0.008)
        strength = rng.uniform(0.6, 1.2) * (1 + wobble(len(across), rng, 0.22))
        if interrupted:
            strength = strength * (1 - 0.85 * bump(across - rng.normal(0, 0.08), 0.22))
        rows = (line - top) / (low - top)
        # A crease that runs into an edge is sewn down there.
        strength = strength * np.clip(rows / 0.12, 0, 1) * np.clip((1 - rows) / 0.12, 0, 1)
        softness = rng.uniform(0.8, 1.7)
        add_line(level, _pleat(), rows, softness, strength * (0.75 + 0.25 * side))
        height += max(rng.normal(*_APART), 0.08)


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


def _wire(level: Singles, rng: np.random.Generator) -> Singles:
    """The wire over the nose, a raised bar below the upper border, bent over it."""
    height, width = level.shape
    rows = slice(int(0.04 * height), int(0.12 * height))
    columns = slice(int(0.27 * width), int(0.73 * width))
    x, y = canvas(height, width)
    x, y = x[rows, columns], y[rows, columns]
    at, half = 0.062 + rng.normal(0, 0.004), 0.2 + rng.normal(0, 0.015)
    bar = bump(y - at, 0.012) - 0.9 * bump(y - at - 0.023, 0.012)
    inside = step(half - np.abs(x - 0.5 - rng.normal(0, 0.01)), 0.006)
    level[rows, columns] *= 1 + rng.uniform(0.03, 0.08) * inside * bar
    return level


@lru_cache(maxsize=2)
def _fibres(shape: tuple[int, int]) -> Singles:
    """Non-woven cloth: fine grain, faint unevenness and a regular pattern of weld points."""
    level = unevenness(shape, ((0.8, 0.013), (5.0, 0.008), (26.0, 0.008)), seed=7)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray(level - 0.012 * np.cos(rows * 1.1) * np.cos(columns * 1.1), np.float32)


@OCCLUDERS.register("surgical")
@dataclass(frozen=True)
class SurgicalMask(ColouredMask):
    """A pleated surgical mask with ear loops.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "lightblue"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the pleated sheet and its loops."""
        colour = self.dyed(one)
        surface = self.surface(SURGICAL, scale, one)
        texture = cloth(one, fine=detail(scale) > 0)
        return Garment((cloth_sheet(surface, texture, colour), *self.loops(surface, colour)))
