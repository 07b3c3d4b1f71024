"""The bridge of spectacles: a line across the nose between the eyes."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats, Singles
from maskface.occluders.contrasts import contrasts, lines, seen_at
from maskface.occluders.geometry import HeadFit
from maskface.occluders.light import LUMA
from maskface.occluders.quantiles import quantile
from maskface.types import ImageArray

DEPTH: Final = 6.15
WRAP: Final = 0.043
TILT: Final = 0.06
"""Depth z of a frame's middle in cm, how fast it falls off per cm squared to the sides, and how
much nearer to the cheeks the lower rims stand per cm of height."""
_SAMPLES: Final = 12.0
"""Samples per centimetre."""
_NOSE: Final = (-0.55, 0.55, 4.6, 1.0)
"""Left, right, top and bottom in cm of what is looked at."""
_MARGIN: Final = 6
"""Samples of it above and below where no bridge is looked for."""
_LINE: Final = 9
"""Widest bridge in samples."""
_FREE: Final = 0.15
"""Share of the nose's width that may be without the line."""


def find_bridge(image: ImageArray, fit: HeadFit) -> tuple[float, float]:
    """Look for a line over the nose.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.

    Returns
    -------
    skin, contrast : float
        Brightness of the skin there (20 to 255), and how much the clearest line differs from what
        is beside it, as a share of that: darker, lighter or of another colour.
    """
    seen = seen_at(image, fit, _places())
    skin = max(quantile(seen @ LUMA, 0.5), 20.0)
    columns = cv2.GaussianBlur(contrasts(seen, skin), (5, 3), 1.0)
    return skin, max(_clearest(found) for found in lines(np.asarray(columns, np.float32), _LINE))


def _clearest(found: Singles) -> float:
    # The line may go up and down a little.
    near = np.asarray(cv2.dilate(found, np.ones((1, 3), np.uint8)))[:, _MARGIN:-_MARGIN]
    return float(np.sort(near, axis=0)[int(_FREE * len(near))].max())


@cache
def _places() -> Floats:
    """Places (columns, rows, 3) on the head that are looked at."""
    left, right, top, bottom = _NOSE
    y, x = np.meshgrid(
        np.arange(top, bottom, -1 / _SAMPLES), np.arange(left, right + 0.01, 1 / _SAMPLES)
    )
    return np.stack([x, y, DEPTH - WRAP * x**2], axis=-1)
