"""Garments in photographs: matched in sharpness and grain, and laid over with their shadow."""

from __future__ import annotations

from dataclasses import replace
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
from maskface.occluders.drawing.layer import Layer, Part, as_rgb, joint_alpha, times, within
from maskface.occluders.drawing.sheets import draw_garment, extent
from maskface.occluders.photo.appearance import Appearance, appearance_of
from maskface.occluders.photo.light import Light
from maskface.occluders.photo.sharpness import Quality
from maskface.types import ImageArray

_DRAWN: Final = 0.29  # px
"""Blur that a drawing's anti-aliased edges have by themselves: they are a mean over one pixel."""
_TAPS: Final = 2.4
"""Standard deviations at which a blur is cut off; the sharpest photographs need three taps."""
GRAIN_TILE: Final = 512
"""Side of a tile of grain in px."""


def match(layer: Layer, quality: Quality, rng: np.random.Generator) -> Layer:
    """Blur a drawing and put grain on it, in place."""
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
    colour: Bytes, alpha: Bytes, sigma: float, rng: np.random.Generator, where: tuple[slice, slice]
) -> Bytes:
    """The part `where` of a drawing with grain on it."""
    x, y = rng.integers(0, GRAIN_TILE, 2).tolist()
    if sigma < 0.25:  # rounds to nothing
        return colour
    y, x = (y + where[0].start) % GRAIN_TILE, (x + where[1].start) % GRAIN_TILE
    height, width = alpha.shape
    field = grain_tile(1 + -(-max(height, width) // GRAIN_TILE))[y : y + height, x : x + width]
    # Apart, what is brighter and what is darker are bytes, which OpenCV adds much faster.
    more, less = (
        as_rgb(np.asarray(cv2.multiply(field, alpha, scale=scale, dtype=cv2.CV_8U), np.uint8))
        for scale in (sigma / 255, -sigma / 255)
    )
    grained = cv2.subtract(cv2.add(colour, more), less)
    # No colour without alpha, or what is bare would change.
    return np.asarray(cv2.min(grained, as_rgb(alpha)), np.uint8)


@lru_cache(maxsize=3)  # a few sizes: for a face of 4000 px one takes 80 MB
def grain_tile(repeats: int) -> NDArray[np.float32]:
    """Independent normal numbers (GRAIN_TILE, GRAIN_TILE), repeated down and across."""
    tile = np.random.default_rng(11).standard_normal((GRAIN_TILE, GRAIN_TILE), np.float32)
    return np.tile(tile, (repeats, repeats))


_SHADOW_SAMPLES: Final = 2.7  # samples per centimetre of the shadow; it is soft and needs no more


def draw_on(image: ImageArray, fit: HeadFit, garment: Garment, rng: np.random.Generator) -> Drawing:
    """Lay a garment, as lit, sharp, grainy and grey as the photograph, over it; with its shadow."""
    result = image.copy()
    alpha, shadow = np.zeros((2, *image.shape[:2]), np.uint8)
    box = _box(fit, garment, image.shape)
    if box is None:
        return Drawing(result, alpha, shadow)
    photo = appearance_of(image, fit)
    layer = _drawn_in(box, fit, garment, photo, photo.light)
    layer = match(layer.grey() if photo.grey else layer, photo.quality, rng)
    free = _free_of_frames(box, garment, photo)
    if free is not None:
        colour, visible = times(layer.colour, as_rgb(free)), times(layer.alpha, free)
        layer = replace(layer, colour=colour, alpha=visible)
    dark = _darkness(layer, fit, (box[1].start, box[0].start), garment.shadow)
    if free is not None:
        dark = times(dark, free)  # rims lie before the mask, not in its shadow
    result[box] = _blend(image[box], layer, dark)
    alpha[box], shadow[box] = layer.alpha, dark
    return Drawing(result, alpha, shadow)


def alpha_on(image: ImageArray, fit: HeadFit, garment: Garment) -> Bytes:
    """Return what a garment hides, (H, W) uint8: the alpha of `draw_on`, without painting it."""
    alpha = np.zeros(image.shape[:2], np.uint8)
    box = _box(fit, garment, image.shape)
    if box is not None:
        photo = appearance_of(image, fit)
        drawn = match_outline(_drawn_in(box, fit, garment, photo, None).alpha, photo.quality)
        free = _free_of_frames(box, garment, photo)
        alpha[box] = drawn if free is None else times(drawn, free)
    return alpha


def _drawn_in(
    box: Part, fit: HeadFit, garment: Garment, photo: Appearance, light: Light | None
) -> Layer:
    """Draw a garment, under hair over the ears, in a part of the picture."""
    (rows, columns), hair = box, photo.hair
    hair = None if hair is None else hair.moved(-columns.start, -rows.start)
    shape, corner = _shape(box), (columns.start, rows.start)
    return draw_garment(fit, garment, light, shape, hair=hair, corner=corner)


def _free_of_frames(box: Part, garment: Garment, photo: Appearance) -> Bytes | None:
    """Return where no frame of spectacles lies before the garment; None if there is no frame."""
    if not garment.behind_frames or photo.frame is None:
        return None
    return 255 - photo.frame.within(box[0].start, box[1].start, _shape(box))


def _shape(box: Part) -> tuple[int, int]:
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def _box(fit: HeadFit, garment: Garment, shape: tuple[int, ...]) -> Part | None:
    """Everything that the garment and its shadow can touch."""
    low, high = extent(fit, garment)
    margin = 2.5 * garment.shadow.reach * fit.scale + 2
    return within(low, [end - 1 for end in high], margin, shape)


def _darkness(layer: Layer, fit: HeadFit, corner: tuple[int, int], shadow: Shadow) -> Bytes:
    """Return how much light (0 to 255) shadow and tinted glass take from the photograph."""
    cast = _cast_shadow(layer.alpha, fit, corner, shadow)
    if layer.tint is None:
        return cast
    return joint_alpha(cast, layer.tint)


def _cast_shadow(alpha: Bytes, fit: HeadFit, corner: tuple[int, int], shadow: Shadow) -> Bytes:
    """Return how much light (0 to 255) the garment takes from what is beside it.

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
    under = times(photo, as_rgb(rest))
    return np.asarray(cv2.add(layer.colour, under), np.uint8)
