"""Sharpness and grain of a photograph, read above a mask only.

Nothing that a mask hides can show in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Singles
from maskface.occluders.drawing.geometry import HeadFit, damped
from maskface.occluders.photo.light import LUMA, quantile
from maskface.types import ImageArray

_EYES: Final = ((-6.0, 4.8), (6.0, 1.8))
"""Corners (x, y) in cm of the part of the head with the sharpest edges: brows, lids and irises."""
_BROW: Final = ((-3.5, 7.5), (3.5, 5.2))  # corners of the part with the plainest skin, the forehead
_DEPTH: Final = 4.5  # depth (z) in cm of both
_REBLUR: Final = 1.0  # px
_REBLURRED_NOISE: Final = 0.0503
"""Squared gradient, by central differences, of white noise of variance 1 after a Gaussian blur of
1 px: (1 - exp(-1)) / (4 pi). Without the blur it is 1."""
_STRONGEST: Final = 0.95  # quantile of the gradient from which a pixel is taken to lie on an edge
_DIFFERENCE: Final = 1 / 3  # px squared
"""Variance that central differences add to an edge: they are a mean over two pixels."""
_SHARPEST: Final = 0.5  # px
"""No drawing is sharper: no photograph is, and at coarser edges alpha would show steps."""
_BLURRIEST: Final = 4.0  # px
_LIDS: Final = 0.3  # px
"""Wide open eyes look sharper than narrow ones, by less than this (blur on 1232 photographs: r =
.18 with the smile and -.20 with the open jaw, at an SD of .13 px)."""
_MOST_GRAIN: Final = 12.0
_LAPLACIAN: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Difference of two Laplacians; blind to edges and slopes (Immerkaer 1996)."""

_ENOUGH: Final = 6000  # pixels that a median is taken over


@dataclass(frozen=True, slots=True)
class Quality:
    """How sharp and how grainy a photograph is."""

    blur: float  # standard deviation of its edges in pixels
    grain: float  # standard deviation of its noise in grey levels


def estimate_quality(image: ImageArray, fit: HeadFit) -> Quality:
    """Measure blur and noise of a photograph where a mask leaves the face free.

    Blur is found at edges from the ratio of the gradient to that after a known second blur (Zhuo &
    Sim 2011, doi:10.1016/j.patcog.2011.03.009); noise from a filter that answers neither to edges
    nor to slopes (Immerkaer 1996, doi:10.1006/cviu.1996.0060), with a median in place of the mean,
    since a few hairs should not count. Blur is 0.5 to 4 px and noise 0 to 12 grey levels; sharp and
    without noise if the face is outside the picture.
    """
    grain = _grain(_part(image, fit, _BROW))
    return Quality(_blur(_part(image, fit, _EYES), grain), grain)


def _part(image: ImageArray, fit: HeadFit, corners: tuple[tuple[float, float], ...]) -> Singles:
    """Luminance (h, w) in the upright box around a part of the head."""
    (left, top), (right, bottom) = corners
    square = np.array([(x, y, _DEPTH) for x in (left, right) for y in (top, bottom)])
    places = fit.project(square)[:, :2]
    limits = [image.shape[1], image.shape[0]]
    x0, y0 = np.clip(np.floor(places.min(axis=0)), 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(places.max(axis=0)), 0, limits).astype(int).tolist()
    part = image[y0:y1, x0:x1]
    if not part.size:
        return np.zeros((0, 0), np.float32)
    return np.asarray(cv2.transform(part.astype(np.float32), LUMA[None]), np.float32)


def _blur(part: Singles, grain: float) -> float:
    if min(part.shape) < 5:
        return _SHARPEST
    first = _squared_gradient(part)
    second = _squared_gradient(cv2.GaussianBlur(part, (0, 0), _REBLUR))
    edges = second >= max(quantile(second, _STRONGEST), 1.0)
    if not edges.any():
        return _SHARPEST
    # What noise adds to the squared gradient, before and after the second blur, is known.
    before = float(first[edges].mean()) - grain**2
    after = float(second[edges].mean()) - _REBLURRED_NOISE * grain**2
    variance = _REBLUR**2 / max(before / max(after, 1e-3) - 1, 1e-3) - _DIFFERENCE
    blur = float(np.clip(np.sqrt(max(variance, 0.0)), _SHARPEST, _BLURRIEST))
    return _SHARPEST + damped(blur - _SHARPEST, _LIDS)


def _squared_gradient(grey: NDArray[Any]) -> Singles:
    """By central differences, without the outermost pixels."""
    across = grey[1:-1, 2:] - grey[1:-1, :-2]
    down = grey[2:, 1:-1] - grey[:-2, 1:-1]
    return np.asarray((across * across + down * down) / 4, np.float32)


def _grain(part: Singles) -> float:
    if min(part.shape) < 5:
        return 0.0
    answer = cv2.filter2D(part, -1, _LAPLACIAN)[1:-1, 1:-1]
    few = max(1, round(np.sqrt(answer.size / _ENOUGH)))
    answer = answer[::few, ::few]
    # The filter's weights have a root sum of squares of 6; .6745 is the median of a |normal|.
    return min(quantile(np.abs(answer), 0.5) / (6 * 0.6745), _MOST_GRAIN)
