"""Colours by name or code, as parameters of occluders."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import unknown_name

if TYPE_CHECKING:
    import numpy as np

RGB: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

PALETTE: Final = MappingProxyType(
    {
        "black": "#26282b",
        "blue": "#6f9fc6",
        "brown": "#6d5240",
        "green": "#8fc3ad",
        "grey": "#9a9da1",
        "lightblue": "#a9cfe3",
        "navy": "#2b3450",
        "pink": "#e9b9c4",
        "red": "#a8323a",
        "white": "#f1f3f3",
    }
)
"""Cloth colours by name. None is as dark or as bright as a photograph can be: cloth is not."""

DARKEST: Final = 26
BRIGHTEST: Final = 243
"""Least and greatest red, green or blue of things worn. At 26, 1 % of the light comes back: hardly
any cloth reflects less, and without light no fold of it would be seen."""


def parse_colour(colour: str) -> RGB:
    """Return red, green and blue (0 to 255) of something worn.

    Parameters
    ----------
    colour
        A name in `PALETTE` or ``#rrggbb``. Its parts are clipped to `DARKEST` and `BRIGHTEST`:
        nothing real is as black as ``#000000``.

    Raises
    ------
    MaskfaceError
        If it is neither.
    """
    red, green, blue = (min(max(v, DARKEST), BRIGHTEST) for v in exact_colour(colour))
    return red, green, blue


def exact_colour(colour: str) -> RGB:
    """Return red, green and blue (0 to 255) of a name in `PALETTE` or of ``#rrggbb``, unclipped.

    Raises MaskfaceError if it is neither.
    """
    code = PALETTE.get(colour, colour)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", code):
        allowed = unknown_name("colour", colour, sorted(PALETTE))
        raise MaskfaceError(f"{allowed} Any other is written as '#rrggbb', such as '#a9cfe3'.")
    red, green, blue = bytes.fromhex(code[1:])
    return red, green, blue


def dimmed(colour: RGB, share: float) -> RGB:
    """Return a colour at a share of its brightness."""
    red, green, blue = (round(share * part) for part in colour)
    return red, green, blue


_DYE: Final = (0.15, 0.035, 0.012)
"""Standard deviations of the logarithms of brightness, and of single colours of dyed and of undyed
cloth, among masks of one colour. The median lightness (CIELAB) of real ones differs by 11, half of
it by the light."""
UNDYED: Final = 30  # cloth whose red, green and blue differ by less is white, grey or black


def varied_colour(colour: RGB, rng: np.random.Generator) -> RGB:
    """Return a colour as it differs from one piece of cloth to the next."""
    bright, *parts = rng.standard_normal(4).tolist()
    mean, dye = sum(parts) / 3, _DYE[2 if max(colour) - min(colour) < UNDYED else 1]
    factors = (math.exp(_DYE[0] * bright + dye * (part - mean)) for part in parts)
    red, green, blue = (
        min(max(round(own * factor), DARKEST), BRIGHTEST)
        for own, factor in zip(colour, factors, strict=True)
    )
    return red, green, blue
