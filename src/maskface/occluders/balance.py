"""The colour of the light in a photograph."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders.geometry import HeadFit, above_eyes
from maskface.types import ImageArray

Floats: TypeAlias = NDArray[np.float64]
Balance: TypeAlias = tuple[float, float, float]

_SIDE: Final = 96
"""The photograph is shrunk to about so many pixels."""
_GAMMA: Final = 2.2
_TRUST: Final = 0.5
"""Share of the estimate that is believed; a coloured backdrop misleads it."""
_LIMIT: Final = 0.08
"""Largest change of a channel, as a logarithm: by a factor of 0.92 to 1.08."""
_CLIPPED: Final = 250


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
    # A whole number of pixels for each: OpenCV is five times faster then.
    whole = image[: size[1] * step, : size[0] * step]
    small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    usable = above_eyes(small.shape[:2], fit, step) & _unclipped(small)
    # The third power of a square: the sixth.
    means = (_squared_edges(small)[usable] ** 3).mean(axis=0) if usable.any() else np.zeros(3)
    if means.min() <= 0:
        return 1.0, 1.0, 1.0
    logs = np.log(means) / 6
    change = np.clip(_TRUST * (logs - logs.mean()) / _GAMMA, -_LIMIT, _LIMIT)
    red, green, blue = np.exp(change - change.mean()).tolist()
    return red, green, blue


def _unclipped(small: ImageArray) -> NDArray[np.bool_]:
    red, green, blue = cv2.split(small)
    return np.asarray(cv2.max(cv2.max(red, green), blue) < _CLIPPED)


def _squared_edges(small: ImageArray) -> Floats:
    """Squared gradient (h, w, 3) of linear light."""
    smooth = cv2.GaussianBlur(cv2.LUT(small, _linear()), (5, 5), 1.0)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1), np.float64)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1), np.float64)
    return across * across + down * down


@cache
def _linear() -> NDArray[np.float32]:
    """Light (256,) for each grey level."""
    return np.power(np.arange(256) / 255, _GAMMA).astype(np.float32)
