"""Spectacles and sunglasses: rims, lenses and arms, and what glass reflects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np

from maskface.arrays import Floats, Reals
from maskface.occluders.colours import RGB, dimmed, parse_colour
from maskface.occluders.drawing.garment import Cord, Garment, Shadow, Sheet, Surface, Texture
from maskface.occluders.parameters import Between, Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import WornOccluder, outward
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import Canvas, bump, make_texture, ramp, step
from maskface.occluders.worn.surface import sheet_surface

FrameShape: TypeAlias = Literal["round", "square"]

FRONT: Final = Canvas(half=7.4, low=-1.2, high=5.4, pixels=60)
"""The flat piece that the front of spectacles is cut from."""
_COLUMNS: Final = 19
_ROWS: Final = 3
_BRIDGE_DEPTH: Final = 6.15
"""Where the bridge stands, just before the bone of the nose."""
_WRAP: Final = 0.043  # how fast the front curves back towards the temples, per cm squared
_TILT: Final = 0.10  # the lower rims stand nearer to the cheeks, by so much per cm of height
_ARM_END: Final = (8.1, 3.0, -3.7)


@dataclass(frozen=True, slots=True)
class Style:
    """One make of spectacles, in cm."""

    centre: tuple[float, float]  # x and y of the middle of the left lens
    half: tuple[float, float]  # half the lens's width and height
    power: float  # exponent of the superellipse that outlines it: 2 for a circle, more for corners
    lift: float  # how far the outer upper corner is drawn up and the lower ones in
    rim: float  # width of the rim
    # Height of the bridge's middle, its bow upwards and its width.
    bridge: tuple[float, float, float]
    arm: tuple[float, float]  # height at which the arms leave the front, and their width
    thick: float  # depth of the rim, front to back


STYLES: Final[dict[tuple[FrameShape, bool], Style]] = {
    ("square", True): Style(
        (3.70, 2.35), (2.66, 2.05), 2.9, 0.75, 0.36, (3.25, 0.10, 0.60), (3.85, 0.46), 0.34
    ),
    ("round", True): Style(
        (3.55, 2.10), (2.42, 2.28), 2.1, 0.0, 0.22, (2.95, 0.28, 0.34), (3.00, 0.34), 0.22
    ),
    ("square", False): Style(
        (3.62, 2.40), (2.55, 1.72), 3.4, 0.12, 0.22, (2.90, 0.14, 0.36), (3.35, 0.36), 0.24
    ),
    ("round", False): Style(
        (3.50, 2.30), (2.28, 2.12), 2.1, 0.0, 0.13, (2.90, 0.34, 0.15), (2.90, 0.16), 0.12
    ),
}  # fmt: skip
"""By shape, and whether they are sunglasses."""


def lens_outline(style: Style, n: int = 180) -> Reals:
    """Return outline (n, 2) of the left lens in cm."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    across, up = np.cos(angle), np.sin(angle)
    power = 2 / style.power
    x = np.sign(across) * np.abs(across) ** power
    y = np.sign(up) * np.abs(up) ** power
    x = x * (1 + 0.22 * style.lift * y)
    y = y + 0.22 * style.lift * np.clip(x, -1, 1) * np.clip(y, 0, 1)
    return np.stack(
        [style.centre[0] + style.half[0] * x, style.centre[1] + style.half[1] * y], axis=1
    )


def _depth(x: Floats, y: Floats) -> Floats:
    return _BRIDGE_DEPTH - _WRAP * x**2 + _TILT * (y - 3.0)


@cache
def front(back: float = 0.0) -> Surface:
    """Return the curved sheet that carries rims and lenses, moved back by so many cm."""
    x, y = np.meshgrid(
        np.linspace(-FRONT.half, FRONT.half, _COLUMNS), np.linspace(FRONT.high, FRONT.low, _ROWS)
    )
    return sheet_surface(np.stack([x, y, _depth(x, y) - back], axis=-1))


def arms(style: Style, colour: RGB) -> list[Cord]:
    """Draw the two arms, from the front to behind the ears."""
    height, width = style.arm
    x = FRONT.half - 0.32
    t = np.linspace(0, 1, 9)[:, None]
    start = np.array([x, height, float(_depth(np.array(x), np.array(height)))])
    line = start + (np.array(_ARM_END) - start) * t + [0.06, 0.06, 0] * np.sin(np.pi * t)
    sides = (line * [mirror, 1, 1] for mirror in (-1, 1))
    return [Cord(side, outward(side), width, colour, fade=0.2, under_hair=True) for side in sides]


@cache
def _outside(style: Style) -> Reals:
    """Distance in cm of each texture pixel to the nearer lens, negative within."""
    left = FRONT.distance(lens_outline(style))
    return np.asarray(np.minimum(left, left[:, ::-1]), np.float32)


@cache
def _rims(style: Style) -> Reals:
    """1 where rims, bridge and end pieces are and 0 elsewhere, with soft edges."""
    x, y = FRONT.grid()
    outside = _outside(style)
    edge = 0.6 / FRONT.pixels
    ring = step(style.rim - outside, edge)
    height, bow, width = style.bridge
    bridge = step(width / 2 - np.abs(y - height - bow * (1 - x**2)), edge)
    bridge = bridge * step(1.5 - np.abs(x), edge)
    arm, thick = style.arm
    ends = step(thick / 2 - np.abs(y - arm), edge) * step(np.abs(x) - style.centre[0] - 2, edge)
    ends = ends * step(FRONT.half - 0.25 - np.abs(x), edge)
    parts = np.maximum(np.maximum(ring, bridge), ends)
    return np.asarray(parts * step(outside, edge), np.float32)


@cache
def rims(style: Style) -> Texture:
    """Draw the frame's front: rounded, hence brighter where it looks up."""
    shape = _rims(style)
    relief = FRONT.relief(shape, 0.3 * style.rim)
    level = 0.92 + 0.16 * relief * style.rim
    return make_texture(np.clip(level, 0.6, 1.25), shape)


@cache
def dark_glass(style: Style, opacity: float) -> Texture:
    """Draw the lenses of sunglasses: a little clearer below, and edges where the glass ends."""
    _, y = FRONT.grid()
    outside = _outside(style)
    inside = step(0.06 - outside, 0.6 / FRONT.pixels)
    fall = ramp(style.centre[1] - y, 0.0, style.half[1])
    level = 0.85 + 0.5 * fall - 0.25 * bump(outside, 0.18)
    return make_texture(level, inside * (opacity - 0.07 * fall))


@cache
def clear_glass(style: Style) -> Texture:
    """Draw the lenses of eyeglasses: nothing but a bright line where the edge bends light."""
    outside = _outside(style)
    inside = step(0.06 - outside, 0.6 / FRONT.pixels)
    shine = 0.10 * inside * bump(outside + 0.03, 0.06)
    return make_texture(np.ones(FRONT.shape), shine, inside)


@cache
def gloss(style: Style, sky: float, window: float) -> Texture:
    """Return what the lenses and the frame reflect.

    `sky` is the share of white that the upper parts of the lenses reflect, `window` that of a
    slanted bright patch.
    """
    outside = _outside(style)
    glass = step(-outside - 0.02, 0.02)
    shine = glass * (_sky(style, sky) + _window(style, window))
    lips = np.clip(FRONT.relief(_rims(style), 0.25 * style.rim) * style.rim - 0.28, 0, 1)
    return make_texture(np.ones(FRONT.shape), np.clip(shine + 0.35 * lips * _rims(style), 0, 1))


def _across(style: Style) -> Reals:
    """Distance in cm (x) from the middle of the nearer lens; light comes from one side for both."""
    x, _ = FRONT.grid()
    return np.asarray(np.where(x > 0, x - style.centre[0], x + style.centre[0]), np.float32)


def _sky(style: Style, strength: float) -> Reals:
    """Bright above, ended by the curved line of a far horizon."""
    x, y = FRONT.grid()
    across = _across(style)
    horizon = style.centre[1] - 0.15 + 0.07 * across**2 + 0.05 * np.sin(2.3 * x)
    above = ramp(y - horizon, -0.5, 0.7)
    fade = 0.35 + 0.65 * ramp(y - style.centre[1], 0, style.half[1])
    return np.asarray(strength * above * fade, np.float32)


def _window(style: Style, strength: float) -> Reals:
    """Two slanted streaks, as of a lit window, brighter towards their upper ends."""
    _, y = FRONT.grid()
    across = _across(style)
    slant = across + 0.55 * (y - style.centre[1])
    streaks = step(0.42 - np.abs(slant + 0.75), 0.07) + 0.6 * step(0.13 - np.abs(slant - 0.1), 0.05)
    fade = ramp(y - style.centre[1], -style.half[1], style.half[1])
    return np.asarray(strength * streaks * fade, np.float32)


_INNER: Final = 0.55  # how bright the side of a rim is that looks back to the face
_CLEAR: Final = 0.05  # share of the light that clear glass keeps back


def _frame(style: Style, colour: RGB) -> tuple[Sheet, Sheet, list[Cord]]:
    """The front of the rims, their back edge, and the arms."""
    face = Sheet(front(), rims(style), colour, both_sides=True)
    edge = Sheet(front(style.thick), rims(style), dimmed(colour, _INNER), both_sides=True)
    return face, edge, arms(style, colour)


@OCCLUDERS.register("sunglasses")
@dataclass(frozen=True)
class Sunglasses(WornOccluder):
    """Sunglasses: dark lenses that reflect a bright sky.

    Attributes
    ----------
    frame
        Shape of the lenses, square or round.
    colour, lens
        Colours of the frame and of the glass: a name in `maskface.occluders.colours.PALETTE` or
        ``#rrggbb``.
    opacity
        Share of what is behind the lenses that they hide, 0.5 to 1.
    """

    frame: FrameShape = "square"
    colour: Colour = "black"
    lens: Colour = "#1d1b1a"
    opacity: Annotated[float, Between(0.5, 1)] = 0.95

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return reflections, frame and dark glass."""
        del scale, one
        style = STYLES[self.frame, True]
        shine = Sheet(front(), gloss(style, 0.22, 0.13), both_sides=True, lit=False)
        face, edge, sides = _frame(style, parse_colour(self.colour))
        glass = dark_glass(style, self.opacity)
        lenses = Sheet(front(), glass, parse_colour(self.lens), both_sides=True)
        return Garment((shine, face, lenses, edge, *sides), Shadow(0.35, 0.35))


@OCCLUDERS.register("glasses")
@dataclass(frozen=True)
class Glasses(WornOccluder):
    """Eyeglasses with clear lenses; they hide hardly more than their thin frame.

    Attributes
    ----------
    frame
        Shape of the lenses, round or square.
    colour
        Colour of the frame: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    frame: FrameShape = "square"
    colour: Colour = "black"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return reflections, frame and clear glass."""
        del scale, one
        style = STYLES[self.frame, False]
        shine = Sheet(front(), gloss(style, 0.05, 0.09), both_sides=True, lit=False)
        face, edge, sides = _frame(style, parse_colour(self.colour))
        lenses = Sheet(front(), clear_glass(style), tint=_CLEAR, both_sides=True)
        return Garment((shine, face, lenses, edge, *sides), Shadow(0.4, 0.3))
