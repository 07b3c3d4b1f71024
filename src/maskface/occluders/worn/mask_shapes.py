"""Forms of sewn, moulded, folded and rigid masks; see `Shape` for what the numbers mean."""

from __future__ import annotations

from typing import Final

from maskface.occluders.worn.surface import Shape

CONTOURED: Final = Shape(
    middle=(
        (1.25, 7.2), (0.5, 7.85), (-0.4, 8.35), (-1.5, 8.6), (-2.9, 8.45), (-4.3, 8.05),
        (-5.7, 7.6), (-7.1, 7.1), (-8.4, 6.5), (-9.2, 5.95), (-9.7, 5.2),
    ),
    side=(
        (7.25, 0.48, 0.20), (7.10, -0.45, 0.20), (6.92, -1.50, 0.20), (6.72, -2.55, 0.22),
        (6.45, -4.00, 0.16), (6.12, -5.50, 0.08),
    ),
    height_power=(6.0, 4.6, 3.6, 2.9, 2.5, 2.4, 2.5),
    depth_power=(2.0, 2.1, 2.15, 2.1, 2.0, 1.9, 1.75),
    fold=0.22,
)  # fmt: skip
"""Two curved panels joined along the middle: it peaks at the nose and is narrow at the ears. With
higher powers the upper edge would sink into the cheeks (by 1.9 cm at 3.8) and come out again at its
corner, which would stand out beside a turned face."""

MOULDED: Final = Shape(
    middle=(
        (1.30, 7.1), (0.5, 7.7), (-0.4, 8.2), (-1.5, 8.35), (-2.8, 8.2), (-4.2, 7.75),
        (-5.7, 7.25), (-7.2, 6.8), (-8.5, 6.2), (-9.35, 5.7), (-9.85, 5.0),
    ),
    side=(
        (6.55, 0.25, 0.95), (6.52, -0.70, 0.85), (6.47, -1.65, 0.72), (6.40, -2.60, 0.60),
        (6.28, -3.55, 0.48), (6.08, -4.45, 0.35),
    ),
    height_power=(6.5, 4.8, 3.6, 2.8, 2.4, 2.3, 2.4),
    depth_power=(2.0, 2.1, 2.15, 2.1, 2.0, 1.85, 1.7),
    fold=0.30,
)  # fmt: skip
"""Stretch foam with a ridge down the middle; it hugs nose, cheeks and chin."""

FOLDED: Final = Shape(
    middle=(
        (1.60, 7.0), (0.85, 7.8), (-0.15, 8.6), (-1.3, 9.2), (-2.6, 9.5), (-4.0, 9.45),
        (-5.4, 9.0), (-6.8, 8.25), (-8.3, 7.2), (-9.5, 6.1), (-10.3, 5.0),
    ),
    side=(
        (6.85, -0.45, 0.60), (6.78, -1.40, 0.50), (6.68, -2.35, 0.40), (6.54, -3.30, 0.30),
        (6.33, -4.70, 0.20), (6.05, -6.00, 0.10),
    ),
    height_power=(4.5, 3.6, 2.9, 2.3, 2.0, 1.9, 1.9),
    depth_power=(2.0, 1.7, 1.4, 1.2, 1.1, 1.05, 1.05),
    fold=1.0,
)  # fmt: skip
"""Two flat halves that stand off from the face like a tent, with a sharp ridge between."""

CUP: Final = Shape(
    middle=(
        (1.50, 7.0), (1.0, 7.6), (0.3, 8.4), (-0.9, 9.3), (-2.5, 9.8), (-4.2, 9.8),
        (-5.8, 9.3), (-7.3, 8.35), (-8.8, 7.2), (-9.8, 6.1), (-10.3, 5.0),
    ),
    side=(
        (5.35, -2.20, 2.75), (5.65, -2.95, 2.50), (5.85, -3.75, 2.25), (5.92, -4.55, 2.00),
        (5.85, -5.30, 1.75), (5.65, -6.00, 1.50),
    ),
    height_power=(2.3, 1.9, 1.5, 1.25, 1.05, 0.95, 0.85),
    depth_power=(2.2, 1.8, 1.35, 1.1, 1.0, 0.95, 0.95),
)  # fmt: skip
"""A dome that ends on the cheeks: narrow over the nose, widest beside the mouth."""

PANEL: Final = Shape(
    middle=(
        (1.45, 7.3), (0.6, 8.1), (-0.4, 8.75), (-1.6, 9.1), (-2.9, 9.2), (-4.2, 9.05),
        (-5.5, 8.75), (-6.8, 8.3), (-8.1, 7.7), (-9.3, 6.9), (-10.2, 5.6),
    ),
    side=(
        (6.10, -0.20, 2.10), (6.12, -1.40, 1.85), (6.08, -2.60, 1.60), (5.98, -3.80, 1.35),
        (5.80, -5.00, 1.10), (5.50, -6.20, 0.90),
    ),
    height_power=(4.0, 3.0, 2.4, 2.0, 1.7, 1.5, 1.4),
    depth_power=(2.2, 1.9, 1.7, 1.5, 1.4, 1.35, 1.3),
)  # fmt: skip
"""A rigid clear panel that stands off from nose and mouth and rests on cheeks and chin."""
