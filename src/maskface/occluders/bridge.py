"""The bridge of spectacles: a dark line across the nose between the eyes."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders.geometry import HeadFit
from maskface.occluders.quantiles import quantile
from maskface.types import ImageArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Bytes: TypeAlias = NDArray[np.uint8]

_SAMPLES: Final = 16.0
"""Samples per centimetre of the parts of the face that are searched."""
_SOFT: Final = 1.6
_LINE: Final = 17
"""Blur and widest line in samples."""
_LOOSE: Final = np.ones((5, 1), np.uint8)
_FREE: Final = 0.15
"""How far the line may go up and down, and the share of the columns that may be without it."""
DEPTH: Final = 6.15
_WRAP: Final = 0.043
"""Depth z of a frame's middle in cm, and how fast it falls off per cm squared to the sides."""
_NOSE: Final = (-0.55, 0.55, 4.3, 1.6)
"""Left, right, top and bottom in cm of where the bridge is looked for."""
_MARGIN: Final = 8
"""Samples above and below it that are looked at, too."""
_BRIDGE_DARK: Final = 0.14
"""How much darker than the skin the bridge is at least."""


def skin_under_bridge(image: ImageArray, fit: HeadFit) -> float | None:
    """Brightness (20 to 255) of the skin between the eyes, if a bridge crosses it; else None.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    """
    nose = _between_eyes(image, fit)
    if nose is None:
        return None
    skin = max(quantile(nose, 0.5), 20.0)
    return skin if _line(nose) / skin >= _BRIDGE_DARK else None


def _between_eyes(image: ImageArray, fit: HeadFit) -> Singles | None:
    """The nose seen from before, a little blurred; None if it is not all there."""
    places = fit.project(_places())[..., :2].astype(np.float32)
    low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
    if low.min() < 0 or high[0] > image.shape[1] - 1 or high[1] > image.shape[0] - 1:
        return None
    drawn = cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    grey = cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SOFT), np.float32)


@cache
def _places() -> Floats:
    """Places (rows, columns, 3) on the head that are looked at."""
    left, right, top, bottom = _NOSE
    margin = _MARGIN / _SAMPLES
    x, y = np.meshgrid(
        np.arange(left, right, 1 / _SAMPLES),
        np.arange(top + margin, bottom - margin, -1 / _SAMPLES),
    )
    return np.stack([x, y, DEPTH - _WRAP * x**2], axis=-1)


def _line(piece: Singles) -> float:
    """How dark the darkest line is that goes from left to right over the nose."""
    near = np.asarray(cv2.dilate(darker(piece, (1, _LINE)), _LOOSE), np.float32)
    columns = np.sort(near[_MARGIN:-_MARGIN], axis=1)
    return float(columns[:, int(_FREE * columns.shape[1])].max())


def darker(grey: Bytes | Singles, size: tuple[int, int]) -> Singles:
    """How much darker each pixel is than what is around dark things of less than a size."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, size)
    around = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, kernel)
    return np.asarray(around, np.float32) - np.asarray(grey, np.float32)
