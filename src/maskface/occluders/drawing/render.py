"""Put a garment into a photograph.

Make a drawing as sharp and as grainy as the photograph it is laid over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.mesh import FACE_OVAL, canonical_mesh
from maskface.occluders.base import Drawing
from maskface.occluders.drawing.garment import Garment, Shadow
from maskface.occluders.drawing.geometry import HeadFit
from maskface.occluders.drawing.layer import Layer, times, together, triple
from maskface.occluders.drawing.sheets import corners_of, draw_garment
from maskface.occluders.photo.appearance import Look, look_of
from maskface.occluders.photo.hair import Hair
from maskface.occluders.photo.sharpness import Quality
from maskface.types import ImageArray

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


_SHADOW_SAMPLES: Final = 2.7
"""Samples per centimetre of the shadow; it is soft and needs no more."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: left, top, right, bottom (the last two outside)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in an image."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top."""
        return self.x0, self.y0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.y1 - self.y0, self.x1 - self.x0


def put_on(image: ImageArray, fit: HeadFit, garment: Garment, rng: np.random.Generator) -> Drawing:
    """Lay a garment, lit and as sharp and grainy as the photograph, over it; with its shadow.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB; it is not changed.
    fit
        Where the head is.
    garment
        What to put on.
    rng
        Where the grain comes from.

    Returns
    -------
    Drawing
        It is grey if the photograph is.
    """
    result = image.copy()
    alpha, shadow = np.zeros((2, *image.shape[:2]), np.uint8)
    box = _box(fit, garment, image.shape)
    if min(box.shape) < 1:
        return Drawing(result, alpha, shadow)
    look = look_of(image, fit)
    layer = draw_garment(
        fit, garment, look.light, box.shape, hair=_hair(look, box), corner=box.corner
    )
    layer = match(layer.grey() if look.grey else layer, look.quality, rng)
    if garment.behind_frames and look.frame is not None:
        keep = 255 - look.frame.within(box.y0, box.x0, box.shape)
        layer = replace(
            layer, colour=times(layer.colour, triple(keep)), alpha=times(layer.alpha, keep)
        )
    dark = _darkness(layer, fit, box.corner, garment.shadow)
    if garment.behind_frames and look.frame is not None:
        dark = times(dark, keep)  # rims lie before the mask, not in its shadow
    result[box.slices] = _blend(image[box.slices], layer, dark)
    alpha[box.slices], shadow[box.slices] = layer.alpha, dark
    return Drawing(result, alpha, shadow)


def outline_on(image: ImageArray, fit: HeadFit, garment: Garment) -> Bytes:
    """What a garment hides, (H, W) uint8: the alpha of `put_on`, without painting it."""
    alpha = np.zeros(image.shape[:2], np.uint8)
    box = _box(fit, garment, image.shape)
    if min(box.shape) >= 1:
        look = look_of(image, fit)
        drawn = draw_garment(
            fit, garment, None, box.shape, hair=_hair(look, box), corner=box.corner
        ).alpha
        drawn = match_outline(drawn, look.quality)
        if garment.behind_frames and look.frame is not None:
            drawn = times(drawn, 255 - look.frame.within(box.y0, box.x0, box.shape))
        alpha[box.slices] = drawn
    return alpha


def _hair(look: Look, box: Box) -> Hair | None:
    """Hair over the ears, in a part of the picture."""
    return None if look.hair is None else look.hair.moved(-box.x0, -box.y0)


def _box(fit: HeadFit, garment: Garment, shape: tuple[int, ...]) -> Box:
    """Everything that the garment and its shadow can touch."""
    (left, top, _), (right, bottom, _) = corners_of(fit, garment)
    margin = 2.5 * garment.shadow.reach * fit.scale + 2
    height, width = shape[:2]
    x0, x1 = (min(max(0, end), width) for end in _outwards(left - margin, right + margin))
    y0, y1 = (min(max(0, end), height) for end in _outwards(top - margin, bottom + margin))
    return Box(x0, y0, x1, y1)


def _outwards(low: float, high: float) -> tuple[int, int]:
    """Whole numbers around a range."""
    return math.floor(low), math.ceil(high)


def _darkness(layer: Layer, fit: HeadFit, corner: tuple[int, int], shadow: Shadow) -> Bytes:
    """How much light (0 to 255) shadow and tinted glass take from the photograph."""
    cast = _cast_shadow(layer.alpha, fit, corner, shadow)
    if layer.tint is None:
        return cast
    return together(cast, layer.tint)


def _cast_shadow(alpha: Bytes, fit: HeadFit, corner: tuple[int, int], shadow: Shadow) -> Bytes:
    """How much light (0 to 255) the garment takes from what is beside it.

    The shadow lies on the head and the neck only, not on what is behind them.
    """
    step = max(1, int(fit.scale / _SHADOW_SAMPLES))
    # A whole number of pixels for each: OpenCV is five times faster then.
    below, right = -alpha.shape[0] % step, -alpha.shape[1] % step
    whole = alpha
    if below or right:
        whole = np.asarray(cv2.copyMakeBorder(alpha, 0, below, 0, right, cv2.BORDER_REPLICATE))
    size = (whole.shape[1] // step, whole.shape[0] // step)
    small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    reach = shadow.reach * fit.scale / step
    near = np.asarray(cv2.GaussianBlur(small, (0, 0), reach), np.uint8)
    skin = np.zeros(small.shape, np.uint8)
    for part in _head_outline():
        outline = cv2.convexHull(((fit.project(part)[:, :2] - corner) / step).astype(np.float32))
        cv2.fillConvexPoly(skin, np.rint(outline * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
    on_skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), 0.5 * reach), np.uint8)
    dark = cv2.multiply(near, on_skin, scale=shadow.depth / 255)
    large = cv2.resize(dark, whole.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(large[: alpha.shape[0], : alpha.shape[1]], np.uint8)


@cache
def _head_outline() -> tuple[Floats, ...]:
    """Points (n, 3) whose convex hulls, as seen, are the face and the neck: where shadows fall."""
    oval = canonical_mesh().vertices[list(FACE_OVAL)].astype(np.float64)
    inner = (oval - oval.mean(axis=0)) * 0.95 + oval.mean(axis=0)
    # A narrow one: a shadow beside it would hang in the air.
    neck = np.array([(x, y, z) for x in (-4.2, 4.2) for y, z in ((-7.5, 0.0), (-14.0, -2.0))])
    return inner, neck


def _blend(photo: ImageArray, layer: Layer, dark: Bytes) -> Bytes:
    """Lay a layer over the photograph, dimmed where it is in the shadow."""
    rest = times(255 - layer.alpha, 255 - dark)
    under = times(photo, triple(rest))
    return np.asarray(cv2.add(layer.colour, under), np.uint8)
