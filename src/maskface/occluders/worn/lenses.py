"""What spectacles look like, drawn flat by formulas: rims, glass, and what glass reflects."""

from __future__ import annotations

from functools import cache

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.garment import Texture
from maskface.occluders.worn.planes import bump, ramp, step
from maskface.occluders.worn.spectacles import FRONT, Style, lens_outline
from maskface.occluders.worn.texture import make_texture


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
    """The frame's front: rounded, hence brighter where it looks up."""
    shape = _rims(style)
    relief = FRONT.relief(shape, 0.3 * style.rim)
    level = 0.92 + 0.16 * relief * style.rim
    return make_texture(np.clip(level, 0.6, 1.25), shape)


@cache
def dark_glass(style: Style, opacity: float) -> Texture:
    """The lenses of sunglasses: a little clearer below, and edges where the glass ends."""
    _, y = FRONT.grid()
    outside = _outside(style)
    inside = step(0.06 - outside, 0.6 / FRONT.pixels)
    fall = ramp(style.centre[1] - y, 0.0, style.half[1])
    level = 0.85 + 0.5 * fall - 0.25 * bump(outside, 0.18)
    return make_texture(level, inside * (opacity - 0.07 * fall))


@cache
def clear_glass(style: Style) -> Texture:
    """The lenses of eyeglasses: nothing but a bright line where the edge bends light."""
    outside = _outside(style)
    inside = step(0.06 - outside, 0.6 / FRONT.pixels)
    shine = 0.10 * inside * bump(outside + 0.03, 0.06)
    return make_texture(np.ones(FRONT.shape), shine, inside)


@cache
def gloss(style: Style, sky: float, window: float) -> Texture:
    """What the lenses and the frame reflect.

    Parameters
    ----------
    style
        Which spectacles.
    sky
        Share of white that the upper parts of the lenses reflect.
    window
        The same for a slanted bright patch.
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
