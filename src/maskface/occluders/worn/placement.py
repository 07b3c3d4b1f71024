"""Where people wear their masks: the spread of placements, and a mask moved to one of them.

The unit is the distance between the outer corners of the eyes, 8.9 cm on the canonical head. The
spreads are those of 159 masks of people in public photographs, with pose and measurement error
taken off. Height and size hardly depend on each other: a mask that sits high is no longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from maskface.occluders.worn.surface import Shape, moved

UNIT: Final = 8.9
"""Distance in cm between the outer corners of the canonical head's eyes."""
_HELD: Final = 0.6
"""Correlation of the height of the upper edge at the midline with that at its ends."""
_HANGING: Final = 0.7  # correlation of the height of the lower edge with that of the lower corners
_MEAN: Final = (-0.015, 0.015)
"""Mean width and height of the lower edge, beside those of the usual mask."""
_SHORTEST: Final = 3.0  # least height of a side in cm


@dataclass(frozen=True, slots=True)
class Placement:
    """How one mask deviates from the usual one; all 0 for the usual one."""

    # Heights of the upper and the lower edge at the midline, in cm, positive upwards.
    top: float = 0.0
    bottom: float = 0.0
    # Heights of the upper and the lower corners.
    upper: float = 0.0
    lower: float = 0.0
    # Distance of the corners from the midline, and how much farther the lower ones are.
    width: float = 0.0
    taper: float = 0.0
    tilt: float = 0.0  # degrees, anticlockwise as the camera sees it
    shift: float = 0.0  # to the person's left, in cm


USUAL: Final = Placement()


@dataclass(frozen=True, slots=True)
class Population:
    """Spread (standard deviations) of the placements of one kind of mask."""

    # Of the upper edge at the midline and below the outer corners of the eyes.
    top: float = 0.080
    outer: float = 0.060
    # Of the lower edge at the midline, and of the lower corners.
    bottom: float = 0.125
    lower: float = 0.130
    # Of the whole width, and of the place of the lower corners beside that of the upper ones.
    width: float = 0.080
    taper: float = 0.050
    # In degrees, and its mean, anticlockwise as the camera sees it.
    tilt: float = 1.9
    lean: float = -0.2
    shift: float = 0.037  # sideways
    # How much lower than the usual mask the upper edge is in the mean, at the midline and its ends.
    lowered: tuple[float, float] = (0.0, 0.0)
    wider: float = 0.0  # how much farther than in the usual mask the sides are out in the mean
    # Least and greatest deviation of the upper edge at the midline: above, masks would hide the
    # eyes, and below bare the tip of the nose. The same for the lower edge, lest it bare the lip of
    # an open mouth.
    reach: tuple[tuple[float, float], tuple[float, float]] = ((-0.15, 0.18), (-0.17, 0.35))

    def draw(self, rng: np.random.Generator) -> Placement:
        """Draw a placement."""
        z = rng.standard_normal(8)
        down = self.lowered[0] + float(np.clip(self.top * z[0], *self.reach[0]))
        low = float(np.clip(self.bottom * z[1], *self.reach[1]))
        outer = _HELD * z[0] + np.sqrt(1 - _HELD**2) * z[2]
        corner = _HANGING * z[1] + np.sqrt(1 - _HANGING**2) * z[3]
        return Placement(
            top=-down * UNIT,
            bottom=(_MEAN[1] - low) * UNIT,
            upper=float(-(self.lowered[1] + self.outer * outer) * UNIT),
            lower=float(-self.lower * np.clip(corner, -2, 2) * UNIT),
            width=float((self.wider + (_MEAN[0] + self.width * np.clip(z[4], -2, 2)) / 2) * UNIT),
            taper=float(self.taper * z[5] * UNIT),
            tilt=float(self.tilt * z[6] + self.lean),
            shift=float(self.shift * z[7] * UNIT),
        )


SEWN: Final = Population(
    top=0.062,
    outer=0.073,
    bottom=0.07,
    lower=0.1,
    width=0.085,
    tilt=2.2,
    lean=0.1,
    wider=0.008,
    reach=((-0.12, 0.18), (-0.17, 0.35)),
)
"""Masks of cloth or foam."""
RIGID: Final = Population(
    top=0.070, outer=0.050, bottom=0.070, lower=0.070, width=0.050, taper=0.030,
    reach=((-0.09, 0.20), (-0.12, 0.35)),
)  # fmt: skip
"""Masks that keep their shape, by analogy: only how high they sit was measured."""


@lru_cache(maxsize=64)
def placed(shape: Shape, placement: Placement) -> Shape:
    """Move a mask's edges and corners to a placement."""
    if placement == USUAL:
        return shape
    side = np.array(shape.side)
    top, low = side[0, 1] + placement.upper, side[-1, 1] + placement.lower
    heights = np.linspace(top, min(low, top - _SHORTEST), len(side))
    out = placement.width + placement.taper * np.linspace(-0.5, 1, len(side))
    worn = moved(
        shape,
        top=shape.middle[0][0] + placement.top,
        bottom=shape.middle[-1][0] + placement.bottom,
        sides=heights,
        out=out,
    )
    return replace(worn, tilt=placement.tilt, shift=placement.shift)
