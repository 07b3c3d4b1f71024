"""The colour of the light in a photograph."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bools, Floats
from maskface.occluders.geometry import HeadFit, above_eyes
from maskface.types import ImageArray

Balance: TypeAlias = tuple[float, float, float]

_SIDE: Final = 96
"""The photograph is shrunk to about so many pixels."""
_GAMMA: Final = 2.2
_TRUST: Final = 0.5
"""Share of the estimate that is believed; a coloured backdrop misleads it."""
_LIMIT: Final = 0.08
"""Largest change of a channel, as a logarithm: by a factor of 0.92 to 1.08."""
_CLIPPED: Final = 250
_RIM: Final = 3
"""Pixels around one that its gradient is made of."""


def estimate_balance(image: ImageArray, fit: HeadFit) -> Balance:
    """Estimate the colour of the light by the grey-edge assumption.

    The Minkowski mean (p = 6) of the gradient is taken to be grey (van de Weijer et al. 2007,
    doi:10.1109/TIP.2007.901808). Unlike a mean of colours it does not see plain backdrops.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is; what is not above its eyes is left out.

    Returns
    -------
    tuple of float
        Red, green and blue of a white surface, relative to white light; their product is 1.
    """
    step = max(1, round(max(image.shape[:2]) / _SIDE))
    size = (image.shape[1] // step, image.shape[0] // step)
    if min(size) < 3:
        return 1.0, 1.0, 1.0
    above = above_eyes(size[::-1], fit, step)
    small, above = _shrunk(image, above, step)
    means = _sixth_moments(small, above & _unclipped(small))
    if means.min() <= 0:
        return 1.0, 1.0, 1.0
    logs = np.log(means) / 6
    change = np.clip(_TRUST * (logs - logs.mean()) / _GAMMA, -_LIMIT, _LIMIT)
    red, green, blue = np.exp(change - change.mean()).tolist()
    return red, green, blue


def _shrunk(image: ImageArray, usable: Bools, step: int) -> tuple[ImageArray, Bools]:
    """The part of the picture with usable pixels, `step` times smaller, and which those are."""
    rows, columns = (np.flatnonzero(usable.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((3, 3, 3), np.uint8), np.zeros((3, 3), np.bool_)
    # With what their gradients are made of.
    top, left = max(rows[0] - _RIM, 0), max(columns[0] - _RIM, 0)
    part = usable[top : rows[-1] + 1 + _RIM, left : columns[-1] + 1 + _RIM]
    height, width = part.shape
    # A whole number of pixels for each: OpenCV is five times faster then.
    whole = image[top * step : (top + height) * step, left * step : (left + width) * step]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), part


def _sixth_moments(small: ImageArray, usable: Bools) -> Floats:
    """Mean of the sixth power of the gradient of linear light for red, green and blue."""
    if not usable.any():
        return np.zeros(3)
    smooth = cv2.GaussianBlur(cv2.LUT(small, _linear()), (5, 5), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1)
    squared = across * across + down * down
    return np.array(cv2.mean(squared * squared * squared, usable.astype(np.uint8))[:3])


def _unclipped(small: ImageArray) -> Bools:
    red, green, blue = cv2.split(small)
    return np.asarray(cv2.max(cv2.max(red, green), blue) < _CLIPPED)


@cache
def _linear() -> NDArray[np.float32]:
    """Light (256,) for each grey level."""
    return np.power(np.arange(256) / 255, _GAMMA).astype(np.float32)
