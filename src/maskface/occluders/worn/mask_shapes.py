"""Forms of sewn, moulded, folded and rigid masks; see `Shape` for what the numbers mean."""

from __future__ import annotations

from typing import Final

from maskface.occluders.worn.surface import Shape

CONTOURED: Final = Shape(
    middle=(
        (2.05, 6.65), (1.2, 7.45), (0.1, 8.15), (-1.2, 8.55), (-2.8, 8.45), (-4.5, 8.05),
        (-6.2, 7.6), (-7.95, 7.1), (-9.7, 6.45), (-11.0, 5.2), (-11.8, 3.5),
    ),
    side=(
        (6.75, 0.10, 0.55), (6.72, -0.80, 0.45), (6.68, -1.70, 0.35), (6.60, -2.60, 0.25),
        (6.50, -3.40, 0.18), (6.35, -4.20, 0.10),
    ),
    height_power=(9.0, 6.0, 4.0, 2.8, 2.2, 1.85, 1.7),
    depth_power=(2.0, 2.1, 2.15, 2.1, 2.0, 1.9, 1.75),
    fold=0.22,
)  # fmt: skip
"""Two curved panels joined along the middle: it peaks at the nose and is narrow at the ears. With
higher powers the upper edge would sink into the cheeks (by 1.9 cm at 3.8) and come out again at its
corner, which would stand out beside a turned face."""

MOULDED: Final = Shape(
    middle=(
        (1.85, 6.7), (1.0, 7.35), (0.0, 8.0), (-1.3, 8.35), (-2.8, 8.2), (-4.4, 7.75),
        (-6.1, 7.25), (-7.95, 6.8), (-9.75, 6.2), (-11.1, 5.05), (-11.85, 3.4),
    ),
    side=(
        (6.55, 0.25, 0.95), (6.52, -0.70, 0.85), (6.47, -1.65, 0.72), (6.40, -2.60, 0.60),
        (6.28, -3.55, 0.48), (6.08, -4.45, 0.35),
    ),
    height_power=(7.5, 5.2, 3.7, 2.8, 2.2, 1.9, 1.75),
    depth_power=(2.0, 2.1, 2.15, 2.1, 2.0, 1.85, 1.7),
    fold=0.30,
)  # fmt: skip
"""Stretch foam with a ridge down the middle; it hugs nose, cheeks and chin."""

FOLDED: Final = Shape(
    middle=(
        (2.45, 6.35), (1.55, 7.2), (0.45, 8.15), (-0.9, 9.0), (-2.4, 9.5), (-4.0, 9.5),
        (-5.6, 9.05), (-7.2, 8.25), (-9.05, 7.1), (-10.7, 5.7), (-11.8, 4.1),
    ),
    side=(
        (6.60, 0.00, 0.75), (6.57, -0.90, 0.60), (6.52, -1.80, 0.48), (6.43, -2.70, 0.36),
        (6.30, -3.60, 0.26), (6.12, -4.50, 0.15),
    ),
    height_power=(5.5, 4.0, 3.0, 2.3, 1.9, 1.7, 1.55),
    depth_power=(2.0, 1.7, 1.4, 1.2, 1.1, 1.05, 1.05),
    fold=1.0,
)  # fmt: skip
"""Two flat halves that stand off from the face like a tent, with a sharp ridge between."""

CUP: Final = Shape(
    middle=(
        (2.15, 6.5), (1.55, 7.25), (0.75, 8.2), (-0.6, 9.25), (-2.4, 9.85), (-4.3, 9.9),
        (-6.1, 9.4), (-7.85, 8.4), (-9.6, 7.1), (-10.9, 5.7), (-11.65, 4.1),
    ),
    side=(
        (4.95, -2.60, 3.15), (5.15, -3.20, 2.85), (5.27, -3.80, 2.60), (5.30, -4.45, 2.35),
        (5.25, -5.05, 2.05), (5.12, -5.65, 1.75),
    ),
    height_power=(1.7, 1.5, 1.3, 1.12, 1.0, 0.95, 0.9),
    depth_power=(2.2, 1.8, 1.35, 1.1, 1.0, 0.95, 0.95),
)  # fmt: skip
"""A dome that ends on the cheeks: narrow over the nose, widest beside the mouth."""

PANEL: Final = Shape(
    middle=(
        (1.55, 7.3), (0.6, 8.2), (-0.5, 8.85), (-1.8, 9.2), (-3.2, 9.25), (-4.6, 9.1),
        (-6.0, 8.8), (-7.4, 8.35), (-8.9, 7.7), (-10.2, 6.8), (-11.25, 5.4),
    ),
    side=(
        (6.10, -0.20, 2.10), (6.12, -1.40, 1.85), (6.08, -2.60, 1.60), (5.98, -3.80, 1.35),
        (5.80, -5.00, 1.10), (5.50, -6.20, 0.90),
    ),
    height_power=(4.0, 3.0, 2.4, 2.0, 1.7, 1.5, 1.4),
    depth_power=(2.2, 1.9, 1.7, 1.5, 1.4, 1.35, 1.3),
)  # fmt: skip
"""A rigid clear panel that stands off from nose and mouth and rests on cheeks and chin."""
