"""Scarves and veils, and their cloth, drawn flat by formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import ClassVar, Final, Literal, NamedTuple, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Bytes, Reals
from maskface.occluders.base import Drawing
from maskface.occluders.colours import parse_colour
from maskface.occluders.drawing.garment import Garment, Shadow, Sheet, Texture
from maskface.occluders.drawing.geometry import HeadFit, head_fit
from maskface.occluders.drawing.render import alpha_on, draw_on
from maskface.occluders.parameters import Colour
from maskface.occluders.photo.hair import hair_reach
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import WornOccluder
from maskface.occluders.worn.drapes import HOOD, SCARF, VEIL, sheet_of_drape, surface_of_drape
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import Canvas, bump, make_texture, ramp, step
from maskface.occluders.worn.surface import around, detail, weave
from maskface.types import FaceLandmarks, ImageArray

Pattern: TypeAlias = Literal["plain", "dots"]

_SCARF: Final = Canvas(half=20.0, low=0.0, high=18.0, pixels=28)
_EAR: Final = 13.0
"""Where the ears are on the scarf, in cm from its middle."""
_HEM: Final = 0.5  # width of the stitched border below, in cm
_PLAIN: Final = 0.55
"""Cloth without a print along the fold above, in cm. Rings that the edge cuts, or that come nearer,
would be bright and dark spots along the skin."""
_APART: Final = 1.2
_RING: Final = 0.42
"""Distance of the printed rings' rows, and their outer radius, in cm."""
_BORDER: Final = 2.4  # height of the printed border of drops, in cm from the lower edge
_DROPS: Final = (1.8, 2.4)
"""Where the first drop is, from the point (there those of both sides are one), and the distance
from one to the next, in cm."""
_POINT: Final = 1.0  # half the width of the lower point, in cm


class _Placed(NamedTuple):
    """Where each texture pixel is when the cloth is worn, in cm: it is gathered at the ears."""

    # Distance down the cloth from its upper edge, and square to its lower edge.
    below: Reals
    above: Reals
    along: Reals  # distance along the lower edge from its point


@cache
def _worn() -> _Placed:
    height, width = _SCARF.shape
    sheet = sheet_of_drape(SCARF, height // 7, width // 7)
    steps = np.linalg.norm(np.diff(sheet, axis=0, prepend=sheet[:1]), axis=2)
    below = cv2.resize(np.cumsum(steps, axis=0), (width, height), interpolation=cv2.INTER_LINEAR)
    x, _ = around(_SCARF)
    tall, across = below[-1], x[0]
    # Below the point itself, the slope beside it; its sides are alike.
    beside = np.maximum(np.abs(across), _POINT)
    rise = np.interp(beside, across, -np.gradient(tall, across))
    slope = np.hypot(1, rise)
    edge = np.cumsum(slope * np.gradient(across))
    above = (tall - below) / slope
    along = np.abs(edge - edge[width // 2]) + rise * above
    return _Placed(*(np.asarray(plane, np.float32) for plane in (below, above, along)))


@cache
def _scarf_level() -> Reals:
    x, y = around(_SCARF)
    down = (_SCARF.high - y) / _SCARF.high
    level = 1 + weave(_SCARF, 3, 0.012) + _garlands(x, down) + _hang(x, down)
    return np.asarray(np.clip(level + _hem(), 0.45, 1.3), np.float32)


def scarf_cloth() -> Texture:
    """Draw a cotton scarf: folded above, hemmed below; folds hang from the ears like garlands."""
    return _scarf_texture("plain")


def scarf_print() -> Texture:
    """Draw the same cloth's print of rings and drops; nothing between them."""
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


def _garlands(x: Reals, down: Reals) -> Reals:
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


def _hang(x: Reals, down: Reals) -> Reals:
    """The shade below the chin, and folds that drop from there."""
    free = ramp(down, 0.52, 0.72)
    level = -0.16 * bump(down - 0.60 - 0.0006 * x * x, 0.07) * bump(x, 7.0)
    for start, lean, width, depth in _HANGING:
        across = x - start * (1.25 - 0.5 * down) - lean * np.sin(5 * down)
        shade = np.exp(-np.abs(across) / width) * step(across, 0.12 * width)
        level += np.float32(depth) * free * (0.6 * bump(across + 0.7 * width, 0.7 * width) - shade)
    return level


def _hem() -> Reals:
    """The edges: rounded where the cloth is folded, above; a stitched border below."""
    below, above, _ = _worn()
    # No seam nor bright rim above: near the ears they would be a bright line along the skin.
    fold = -0.02 * np.exp(-below / 0.2)
    border = 0.05 * step(_HEM - above, 0.03) - 0.16 * bump(above - _HEM, 0.05)
    return np.asarray(fold + border, np.float32)


def _dots() -> Reals:
    """Return where the print is, 0 to 1."""
    below, above, along = _worn()
    x, _ = around(_SCARF)
    down = below - _PLAIN - _RING
    row = np.round(down / _APART)
    across = (x + _APART / 2 * (row % 2) + _APART / 2) % _APART - _APART / 2
    far = np.hypot(across, down - _APART * row)
    rings = step(0.15 - far, 0.02) + 0.8 * bump(far - 0.36, 0.045)
    first, apart = _DROPS
    bend = (along - first + apart / 2) % apart - apart / 2
    drop = np.hypot(bend * (1 + 0.5 * (above - 1.4)), (above - 1.5) * 1.2)
    drops = bump(drop - 0.55, 0.07) + step(0.24 - drop, 0.03) + bump(drop - 0.8, 0.03)
    border = step(_BORDER - above, 0.05)
    ink = border * drops * step(above - _HEM - 0.1, 0.03) + (1 - border) * rings
    # A printed line where the border cuts rings.
    ink = np.maximum(ink, bump(above - _BORDER, 0.07))
    return np.asarray(np.clip(ink * step(below - _PLAIN, 0.03), 0, 1), np.float32)


_VEIL: Final = Canvas(half=26.0, low=0.0, high=26.0, pixels=18)
_HOOD: Final = Canvas(half=26.0, low=0.0, high=17.0, pixels=18)


@cache
def veil_cloth() -> Texture:
    """Draw the lower cloth of a niqab: a face veil whose sides fall over the cloth behind."""
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
    """Draw the upper cloth of a niqab: smooth over the head, a sewn band over the forehead."""
    x, y = around(_HOOD)
    down = (_HOOD.high - y) / _HOOD.high
    level = 1 + weave(_HOOD, 9, 0.012)
    front = ramp(np.abs(x), 15, 8)
    wrinkle = np.sin(15 * down + 0.023 * x * x + 0.9 * np.sin(0.5 * x))
    level = level + 0.09 * ramp(down, 0.25, 0.7) * wrinkle * ramp(np.abs(x), 1, 9)
    level = level + front * (0.12 * bump(down - 0.985, 0.012) - 0.15 * bump(down - 0.955, 0.006))
    return make_texture(np.clip(level, 0.4, 1.3))


@OCCLUDERS.register("scarf")
@dataclass(frozen=True)
class Scarf(WornOccluder):
    """A bandana over nose and mouth, tied behind the head, its point below the chin.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    pattern
        plain, or dots (printed in white).
    """

    behind_frames: ClassVar[bool] = True
    colour: Colour = "red"
    pattern: Pattern = "plain"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the cloth, and its print."""
        del one
        surface = surface_of_drape(SCARF, scale)
        cloth = Sheet(surface, scarf_cloth(), parse_colour(self.colour))
        if self.pattern == "plain":
            return Garment((cloth,))
        return Garment((Sheet(surface, scarf_print(), (226, 222, 212)), cloth))


@OCCLUDERS.register("niqab")
@dataclass(frozen=True)
class Niqab(WornOccluder):
    """A niqab: a veil over head, face and shoulders that leaves the eyes free.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "black"

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw it as wide as the hair below it asks for; see `WornOccluder.draw`."""
        fit = head_fit(landmarks)
        return draw_on(image, fit, self._over_hair(image, fit), rng)

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Return what is hidden; see `WornOccluder.hide`."""
        del rng
        fit = head_fit(landmarks)
        return alpha_on(image, fit, self._over_hair(image, fit))

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the cloth over the head, and the one over face and shoulders."""
        del one
        return _niqab(self.colour, detail(scale), 0.0)

    def _over_hair(self, image: ImageArray, fit: HeadFit) -> Garment:
        return _niqab(self.colour, detail(fit.scale), max(hair_reach(image, fit) - _ROOM, 0.0))


_ROOM: Final = 9.0
"""Distance from the midline in cm that hair may reach below the usual niqab."""


@lru_cache(maxsize=64)
def _niqab(colour: str, scale: float, wider: float) -> Garment:
    """A niqab, wider by so many cm on either side where it falls from the head."""
    hood, veil = (
        replace(shape, half=tuple(half + wider * share for half, share in zip(
            shape.half, np.clip(shares, 0, 1), strict=True)))
        for shape, shares in (
            (HOOD, np.linspace(0, 1.2, len(HOOD.half))),
            (VEIL, np.interp(range(len(VEIL.half)), (0, 3, 6, 9), (1, 1.2, 0.8, 0.4))),
        )
    )  # fmt: skip
    tone = parse_colour(colour)
    sheets = (
        Sheet(surface_of_drape(hood, scale), hood_cloth(), tone),
        Sheet(surface_of_drape(veil, scale), veil_cloth(), tone),
    )
    return Garment(sheets, Shadow(0.45, 0.6))
