"""The forms of masks, as a tailor would give them: a middle line, a side edge, and how round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Line: TypeAlias = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A mask's form in the space of the canonical head, in centimetres.

    Attributes
    ----------
    middle
        (y, z) of the middle line, equally spaced along the cloth from its upper to its lower
        edge.
    side
        (x, y, z) of the edge at the person's left, from the upper to the lower corner.
    height_power, depth_power
        How height and depth pass from the middle (1) to the side (0), as powers of the cosine of
        the angle across, from the upper to the lower edge. A high power is a narrow ridge, as
        over the nose; a low one is round.
    fold
        0 for a round mask, 1 for one folded along the middle line into two flat halves.
    """

    middle: Line
    side: Line
    height_power: tuple[float, ...]
    depth_power: tuple[float, ...]
    fold: float = 0.0


SURGICAL: Final = Shape(
    middle=(
        (1.75, 6.75), (1.0, 7.35), (0.1, 7.95), (-1.1, 8.2), (-2.6, 8.0), (-4.4, 7.55),
        (-6.3, 7.15), (-8.3, 6.7), (-10.05, 6.0), (-11.2, 4.85), (-11.7, 3.2),
    ),
    side=(
        (6.80, 0.80, 0.60), (6.75, -0.40, 0.45), (6.70, -1.70, 0.30), (6.60, -3.00, 0.20),
        (6.40, -4.30, 0.10), (6.05, -5.40, 0.00),
    ),
    height_power=(14.0, 9.0, 5.0, 3.0, 2.2, 1.8, 1.65),
    depth_power=(4.2, 3.4, 2.8, 2.4, 2.1, 1.9, 1.7),
)  # fmt: skip
"""Bulges over nose and chin with room for both, and wraps under the chin far enough to cover a
jaw that drops by 2 cm."""
