"""Caps: crown, brim, and the shade that the brim casts on the face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Final

import cv2
import numpy as np

from maskface.arrays import Floats, Reals
from maskface.mesh import canonical_mesh
from maskface.occluders.colours import RGB, dimmed, parse_colour
from maskface.occluders.drawing.garment import Cord, Garment, Shadow, Sheet, Surface, Texture
from maskface.occluders.parameters import Between, Colour, Share
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import WornOccluder
from maskface.occluders.worn.drapes import CROWN, surface_of_drape
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import Canvas, bump, make_texture, ramp, step, unevenness
from maskface.occluders.worn.surface import around, sheet_surface, top_level

_CROWN: Final = Canvas(half=26.0, low=0.0, high=14.0, pixels=18)
_BRIM: Final = Canvas(half=9.0, low=0.0, high=7.2, pixels=36)
_ROOT: Final = 66.0
"""How far around the head the brim is sewn on to either side, in degrees."""
_LENGTH: Final = 6.6
_FACE: Final = Canvas(half=8.4, low=-9.4, high=13.4, pixels=20)
"""The piece of the head's front on which the shade lies."""
_SMOOTH: Final = 0.8  # reach in cm of the mean that the depth of the face is taken over
_PENUMBRA: Final = 0.45
_BRIM_EDGE: Final = (6.0, 12.8)
"""Height and depth in cm of the middle of the brim's edge."""


def _brim() -> Floats:
    """Positions (rows, columns, 3) of the brim's upper side, from the crown to its edge."""
    turn = np.linspace(-1, 1, 21)[None, :]
    out = np.linspace(0, 1, 4)[:, None]
    angle = np.radians(_ROOT) * turn
    root_x, root_z = 8.5 * np.sin(angle), -2.5 + 9.2 * np.cos(angle) ** 0.9
    root_y = 5.2 + 2.6 * np.cos(angle) ** 1.4
    length = _LENGTH * (1 - np.abs(turn) ** 2.6) ** 0.7
    x = root_x * (1 - 0.12 * out * (1 - turn**2))
    sides = 1.5 * turn**2 * np.clip(length / 2.5, 0, 1)
    # It falls towards its edge, and is bent down at the sides.
    y = root_y + 0.25 - length * (0.10 * out + 0.12 * out**2) - sides * out
    return np.stack([x + 0 * out, y, root_z + length * out], axis=-1)


@cache
def brim() -> Surface:
    """Return the upper side of the brim."""
    return sheet_surface(_brim())


@cache
def brim_below() -> Surface:
    """Return its underside."""
    return sheet_surface(_brim()[:, ::-1] - [0, 0.12, 0])


def brim_edge(colour: RGB) -> Cord:
    """Draw the bound edge of the brim."""
    line = _brim()[-1] - [0, 0.06, 0]
    return Cord(line, np.tile([0.0, 0.3, 0.954], (len(line), 1)), 0.26, colour)


@cache
def crown_cloth() -> Texture:
    """Draw six panels of twill with sewn seams and eyelets, and the band above the brim."""
    x, y = around(_CROWN)
    down = (_CROWN.high - y) / _CROWN.high
    level = 1 + _twill(_CROWN, 12)
    turn = x / _CROWN.half * 180
    for seam in (-120.0, -60.0, 0.0, 60.0, 120.0):
        far = (turn - seam) * _CROWN.half / 180 * np.clip(np.sin(down * np.pi / 2), 0.15, 1)
        level = level - 0.20 * bump(far, 0.09) + 0.08 * bump(np.abs(far) - 0.28, 0.12)
        level = level - 0.08 * bump(np.abs(far) - 0.45, 0.05)
    level = level + 0.06 * np.sin(0.5 * x + 2.0 * np.sin(3 * down)) * ramp(down, 0.2, 0.7)
    level = level + 0.10 * (0.5 - ramp(down, 0.1, 0.95))
    level = level - 0.30 * ramp(down, 0.955, 1.0) * ramp(np.abs(turn), 70, 62)
    level = level - 0.12 * bump(down - 0.93, 0.006)
    return make_texture(np.clip(level, 0.4, 1.3))


@cache
def brim_cloth() -> Texture:
    """Draw twill with rows of stitches along the edge."""
    x, y = _BRIM.grid()
    out = (_BRIM.high - y) / _BRIM.high
    level = 1.02 + _twill(_BRIM, 13)
    rows = np.abs((out * 7.5) % 1 - 0.5) * ramp(out, 0.1, 0.2)
    level = level - 0.11 * bump(rows, 0.09) + 0.05 * bump(rows - 0.15, 0.1)
    level = level - 0.28 * ramp(out, 0.10, 0.0) + 0.05 * bump(x + 2.5, 2.5)
    return make_texture(np.clip(level, 0.4, 1.3))


def _twill(canvas: Canvas, seed: int) -> Reals:
    x, y = canvas.grid()
    ribs = np.sin((x + 0.6 * y) * 2 * np.pi * 6)
    sizes = ((0.7, 0.012), (30.0, 0.02))
    return np.asarray(0.015 * ribs + unevenness(canvas.shape, sizes, seed), np.float32)


@cache
def upper_face() -> Surface:
    """Return a smooth sheet on the skin of the canonical head."""
    x, y = _on_face(9, 9)
    return sheet_surface(np.stack([x, y, _relief(x, y)], axis=-1))


def _on_face(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Places x and y before the face, evenly over it."""
    across = np.linspace(-_FACE.half, _FACE.half, columns)
    x, y = np.meshgrid(across, np.linspace(_FACE.high, _FACE.low, rows))
    return x, y


def _relief(x: Floats, y: Floats) -> Floats:
    """Depth z of the face at x and y, a mean over nearby points."""
    skin = canonical_mesh().vertices.astype(np.float64)
    squared = (x[..., None] - skin[:, 0]) ** 2 + (y[..., None] - skin[:, 1]) ** 2
    # Beyond the face, the mean is that of its nearest points.
    near = squared - squared.min(axis=-1, keepdims=True)
    weight = np.exp(-near / (2 * _SMOOTH**2))
    depth = (weight * skin[:, 2]).sum(axis=-1) / weight.sum(axis=-1)
    return np.asarray(depth - 0.10 * np.clip(y - 7.5, 0, None) ** 2)


@lru_cache(maxsize=64)
def brim_shade(edge: float) -> Texture:
    """Draw where light from above does not reach the face.

    `edge` is the height in cm at which the shadow ends on skin 5.5 cm before the head's origin: the
    line under the eyes lies there. On the nose it ends higher, as a shadow does.
    """
    x, y = _FACE.grid()
    height, depth = _BRIM_EDGE
    brim_y = height - 1.3 * (x / 7.5) ** 2
    brim_z = depth - 5.5 * np.abs(x / 8.6) ** 2.6
    slope = (height - edge) / (depth - 5.5)
    skin = _relief_plane()
    lower = brim_y - (brim_z - skin) * slope
    dark = step(y - lower, _PENUMBRA) * ramp(np.abs(x) - 0.6 * ramp(y, 2, 6), 7.8, 6.3)
    dark = dark * ramp(np.hypot(x / 8.4, np.clip(y - 4.0, 0, None) / 9.2), 1.0, 0.78)
    return make_texture(np.ones(_FACE.shape), np.zeros(_FACE.shape), dark)


def _relief_plane() -> Reals:
    coarse = _relief(*_on_face(13, 11)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, _FACE.shape[::-1], interpolation=cv2.INTER_CUBIC))


_BELOW: Final = 0.42  # how bright the underside of the brim is
_BINDING: Final = 0.8


@OCCLUDERS.register("cap")
@dataclass(frozen=True)
class Cap(WornOccluder):
    """A baseball cap whose brim throws a shadow over the eyes; or that shadow alone.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    shadow
        Share of the light, 0 to 1, that the brim keeps from the upper face.
    edge
        Where the shadow ends below the eyes, from 0 (at the chin) to 100 (at the eyes) and 120
        (at the brows).
    drawn
        Whether the cap itself is seen; without it, only its shadow is.
    """

    colour: Colour = "navy"
    shadow: Share = 0.5
    edge: Annotated[float, Between(0, 120, "0 at the chin, 100 at the eyes, 120 at the brows")] = (
        80.0
    )
    drawn: bool = True

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the cap, and the shade on the face."""
        del one
        shade = Sheet(upper_face(), brim_shade(top_level(self.edge)), tint=self.shadow)
        parts = self._cap(scale) if self.drawn else ()
        return Garment((*parts, shade), Shadow(0.4, 0.4))

    def _cap(self, scale: float) -> tuple[Sheet | Cord, ...]:
        colour = parse_colour(self.colour)
        return (
            brim_edge(dimmed(colour, _BINDING)),
            Sheet(brim(), brim_cloth(), colour),
            Sheet(brim_below(), brim_cloth(), dimmed(colour, _BELOW)),
            Sheet(surface_of_drape(CROWN, scale), crown_cloth(), colour),
        )
