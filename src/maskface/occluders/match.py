"""Make a drawing as sharp and as grainy as the photograph it is laid over."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes
from maskface.occluders.layer import Layer, triple
from maskface.occluders.quality import Quality

_DRAWN: Final = 0.29  # px
"""Blur that a drawing's anti-aliased edges have by themselves: they are a mean over one pixel."""
_TAPS: Final = 2.4
"""Standard deviations at which a blur is cut off; the sharpest photographs need three taps."""
_TILE: Final = 512


def match(layer: Layer, quality: Quality, rng: np.random.Generator) -> Layer:
    """Blur a drawing and put grain on it.

    Parameters
    ----------
    layer
        The drawing; it is changed.
    quality
        The photograph's.
    rng
        Where in the grain the drawing lies.

    Returns
    -------
    Layer
        The same.
    """
    sigma = _blur_to_add(quality)
    where = _drawn(layer.alpha, _side(sigma))
    # Colour is multiplied by alpha, so that both can be blurred alike.
    colour, alpha = (_blurred(part[where], sigma) for part in (layer.colour, layer.alpha))
    layer.colour[where] = _grained(colour, alpha, quality.grain, rng, where)
    layer.alpha[where] = alpha
    if layer.tint is not None:
        layer.tint = _blurred(layer.tint, sigma)
    return layer


def _drawn(alpha: Bytes, margin: int) -> tuple[slice, slice]:
    """The part of a drawing that hides anything, with a margin: the shade of a cap is larger."""
    x, y, width, height = cv2.boundingRect(alpha)
    rows = slice(max(y - margin, 0), y + height + margin)
    return rows, slice(max(x - margin, 0), x + width + margin)


def match_outline(alpha: Bytes, quality: Quality) -> Bytes:
    """Blur an outline (h, w) as `match` does."""
    return _blurred(alpha, _blur_to_add(quality))


def _blur_to_add(quality: Quality) -> float:
    return float(np.sqrt(max(quality.blur**2 - _DRAWN**2, 0.0)))


def _blurred(part: Bytes, sigma: float) -> Bytes:
    side = _side(sigma)
    return np.asarray(cv2.GaussianBlur(part, (side, side), sigma), np.uint8)


def _side(sigma: float) -> int:
    return 2 * int(np.ceil(_TAPS * sigma)) + 1


def _grained(
    colour: Bytes,
    alpha: Bytes,
    sigma: float,
    rng: np.random.Generator,
    where: tuple[slice, slice],
) -> Bytes:
    """The part `where` of a drawing with grain on it."""
    x, y = rng.integers(0, _TILE, 2).tolist()
    if sigma < 0.25:  # rounds to nothing
        return colour
    y, x = (y + where[0].start) % _TILE, (x + where[1].start) % _TILE
    height, width = alpha.shape
    field = _noise(1 + -(-max(height, width) // _TILE))[y : y + height, x : x + width]
    # Apart, what is brighter and what is darker are bytes, which OpenCV adds much faster.
    more, less = (
        triple(np.asarray(cv2.multiply(field, alpha, scale=scale, dtype=cv2.CV_8U), np.uint8))
        for scale in (sigma / 255, -sigma / 255)
    )
    grained = cv2.subtract(cv2.add(colour, more), less)
    # No colour without alpha, or what is bare would change.
    return np.asarray(cv2.min(grained, triple(alpha)), np.uint8)


@lru_cache(maxsize=3)  # a few sizes: for a face of 4000 px one takes 80 MB
def _noise(repeats: int) -> NDArray[np.float32]:
    """Independent normal numbers (_TILE, _TILE), repeated down and across."""
    tile = np.random.default_rng(11).standard_normal((_TILE, _TILE), np.float32)
    return np.tile(tile, (repeats, repeats))
