"""The form of spectacles: where the front stands, its rims and lenses, and its arms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np

from maskface.arrays import Floats, Reals
from maskface.occluders.garment import Cord, Surface
from maskface.occluders.worn.cords import outward
from maskface.occluders.worn.planes import Canvas
from maskface.occluders.worn.surface import sheet_surface

FrameShape: TypeAlias = Literal["round", "square"]

FRONT: Final = Canvas(half=7.4, low=-1.2, high=5.4, pixels=60)
"""The flat piece that the front of spectacles is cut from."""
_COLUMNS: Final = 19
_ROWS: Final = 3
_BRIDGE_DEPTH: Final = 6.15
"""Where the bridge stands, just before the bone of the nose."""
_WRAP: Final = 0.043
"""How fast the front curves back towards the temples, per cm squared."""
_TILT: Final = 0.10
"""The lower rims stand nearer to the cheeks, by so much per cm of height."""
_ARM_END: Final = (8.1, 3.0, -3.7)


@dataclass(frozen=True, slots=True)
class Style:
    """One make of spectacles, in cm.

    Attributes
    ----------
    centre
        x and y of the middle of the left lens.
    half
        Half the lens's width and height.
    power
        Exponent of the superellipse that outlines it: 2 for a circle, more for corners.
    lift
        How far the outer upper corner is drawn up and the lower ones in.
    rim
        Width of the rim.
    bridge
        Height of the bridge's middle, its bow upwards and its width.
    arm
        Height at which the arms leave the front, and their width.
    thick
        Depth of the rim, front to back.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    power: float
    lift: float
    rim: float
    bridge: tuple[float, float, float]
    arm: tuple[float, float]
    thick: float


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
    """Outline (n, 2) of the left lens in cm."""
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
    """The curved sheet that carries rims and lenses, moved back by so many cm."""
    x, y = np.meshgrid(
        np.linspace(-FRONT.half, FRONT.half, _COLUMNS), np.linspace(FRONT.high, FRONT.low, _ROWS)
    )
    return sheet_surface(np.stack([x, y, _depth(x, y) - back], axis=-1))


def arms(style: Style, colour: tuple[int, int, int]) -> list[Cord]:
    """The two arms, from the front to behind the ears."""
    height, width = style.arm
    x = FRONT.half - 0.32
    t = np.linspace(0, 1, 9)[:, None]
    start = np.array([x, height, float(_depth(np.array(x), np.array(height)))])
    line = start + (np.array(_ARM_END) - start) * t + [0.06, 0.06, 0] * np.sin(np.pi * t)
    sides = (line * [mirror, 1, 1] for mirror in (-1, 1))
    return [Cord(side, outward(side), width, colour, fade=0.2, under_hair=True) for side in sides]
