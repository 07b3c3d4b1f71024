"""Strokes that sewn cloth is drawn with, on a canvas of fractions: seams, stitches, folds."""

from __future__ import annotations

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.worn.planes import bump


def canvas(height: int, width: int) -> tuple[Reals, Reals]:
    """Column and row of each pixel (height, width) of a flat cloth, as fractions 0 to 1."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    return x, y


def seam(distance: Reals, width: float) -> Reals:
    """Relief of a pressed seam: dark in its groove, light on the lips beside it."""
    lips = bump(distance - 2.2 * width, 1.3 * width) + bump(distance + 2.2 * width, 1.3 * width)
    return np.asarray(0.45 * lips - bump(distance, width), np.float32)


def stitches(distance: Reals, along: Reals, width: float, length: float) -> Reals:
    """Relief of a row of stitches: light threads, each with a dark end where it dives.

    Parameters
    ----------
    distance
        From the row of stitches.
    along
        Position along the row, in the same unit.
    width, length
        Of a stitch, in that unit.
    """
    phase = np.cos(2 * np.pi * along / length)
    return np.asarray(bump(distance, width) * (0.35 + phase), np.float32)


def crease(across: Reals, y: Reals, start: float, slope: float, reach: float) -> Reals:
    """Relief of a soft fold that runs from a side edge into the cloth and dies away."""
    distance = y - start - slope * across
    wave = bump(distance, 0.020) - bump(distance - 0.036, 0.022)
    return np.asarray(wave * np.exp(-((across / reach) ** 2)), np.float32)
