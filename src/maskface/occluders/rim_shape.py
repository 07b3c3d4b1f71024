"""Where exactly the rims of spectacles run, and how wide they are."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats, Indices, Singles
from maskface.occluders.contrasts import contrasts, seen_at
from maskface.occluders.geometry import HeadFit
from maskface.occluders.rims import places, step_size
from maskface.types import ImageArray

_ALONG: Final = np.arange(-7.0, 7.01, 0.5)
"""Places across the rim, in steps from where it is thought to be."""
_SKIN: Final = 4
"""So many of them at either end are no rim."""
_LIGHT: Final = 0.5
"""A rim is light if what is lighter than skin is so strong beside what is darker."""
_EDGE: Final = 0.55
"""Share of the rim's contrast at its edge. At half of it, a pixel of a blurred picture is half skin
and would show as an edge of another colour on the cloth."""
_BORDER: Final = 0.25
"""Pixels that are left out at either edge, for the same reason."""
_WIDEST: Final = 1.6
"""Widest part of a rim beside its usual width; the side of the nose looks like more."""
_HALF: Final = 0.4
"""Half the least width in pixels."""
_NEAR: Final = np.exp(-((_ALONG[_SKIN:-_SKIN] / 3) ** 2))
"""How likely the rim is at these places: rather where it is thought to be."""
_HALF_STEP: Final = 0.25
"""Half of what lies between two of these places."""
_SHARP: Final = 40.0
"""Pixels per centimetre at which rims are drawn."""
_FINE: Final = 16
"""Fractions of a pixel to which outlines are rounded."""


def draw_rims(
    image: ImageArray, fit: HeadFit, skin: float, path: Indices, *, filled: bool
) -> Bytes:
    """Draw what rims hide.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB, or a part of it.
    fit
        Where the head is in it.
    skin
        Brightness of the skin, 20 to 255.
    path
        (2 directions,) steps at which the rims were found.
    filled
        Whether the lenses hide as much as the rims.

    Returns
    -------
    Bytes
        (H, W), 0 to 255.
    """
    larger = max(2, round(_SHARP / fit.scale))
    head = fit.zoomed(larger)
    height, width = image.shape[:2]
    inner, outer = _edges(image, fit, skin, path.astype(np.float64), filled=filled)
    pixel = 1 / (step_size() * fit.scale)
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    if not filled:
        half = np.minimum(half, _WIDEST * np.median(half))
    half = np.maximum(half - _BORDER * pixel, _HALF * pixel)
    outlines = head.project(places(np.stack([middle + half, middle - half])))[..., :2]
    lines = np.round(outlines * _FINE).astype(np.int32).reshape(4, -1, 2)
    drawn = np.zeros((height * larger, width * larger), np.uint8)
    for side in (0, 1):
        outline = [lines[side]] if filled else [lines[side], lines[side + 2]]
        cv2.fillPoly(drawn, outline, (255,), cv2.LINE_8, 4)
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _edges(
    image: ImageArray, fit: HeadFit, skin: float, path: Floats, *, filled: bool
) -> tuple[Floats, Floats]:
    """Inner and outer edges (2 directions,) of the rims, in steps."""
    differs = _across(image, fit, skin, path, filled=filled)
    weight = differs**2
    total = weight.sum(axis=1)
    place = path * total + weight @ _ALONG[_SKIN:-_SKIN]
    # A clear part of the rim says where a faint one beside it is.
    middle = _around(place, 2) / np.maximum(_around(total, 2), 1e-9)
    differs = _around(_across(image, fit, skin, middle, filled=filled), 1)
    rim = differs > _EDGE * _around(differs.max(axis=1), 3)[:, None]
    peak = (differs * _NEAR).argmax(axis=1)
    inner, outer = (_ALONG[_SKIN:-_SKIN][end] for end in _ends(rim, peak))
    return middle + _around(inner, 2) - _HALF_STEP, middle + _around(outer, 2) + _HALF_STEP


def _across(
    image: ImageArray, fit: HeadFit, skin: float, middle: Floats, *, filled: bool
) -> Floats:
    """How far (2 directions, places across) rims differ from the skin on both sides of them."""
    at = places(middle + _ALONG[:, None]).swapaxes(0, 1)
    near = contrasts(seen_at(image, fit, at), skin)
    outside = near[:, -_SKIN:].mean(axis=1)
    inside = outside if filled else near[:, :_SKIN].mean(axis=1)
    share = np.linspace(0, 1, len(_ALONG), dtype=np.float32)[None, :, None]
    beside = near - inside[:, None] - (outside - inside)[:, None] * share
    return _difference(beside[:, _SKIN:-_SKIN])


def _difference(beside: Singles) -> Floats:
    """How far rims differ from skin, from signed differences (2 directions, places, 3)."""
    lighter, colour = beside[..., 0], np.abs(beside[..., 1:]).max(axis=2)
    up, down = (float(np.square(np.maximum(part, 0)).sum()) for part in (lighter, -lighter))
    # Below a light rim is its shadow on the skin, and that is no part of it.
    level = lighter if up > _LIGHT * down else -lighter
    return np.asarray(np.maximum(level, colour), np.float64)


def _ends(rim: NDArray[np.bool_], peak: Indices) -> tuple[Indices, Indices]:
    """First and last place of a rim (rows, places) in each row, from a peak in it on."""
    place, rows, count = np.arange(rim.shape[1]), np.arange(len(rim)), rim.shape[1]
    before = np.maximum.accumulate(np.where(rim, -1, place), axis=1)[rows, peak]
    after = np.minimum.accumulate(np.where(rim, count, place)[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(before + 1, peak), np.maximum(after[rows, peak] - 1, peak)


def _around(values: Floats, reach: int) -> Floats:
    """A mean over neighbouring directions (the first axis) of either rim, which is closed."""
    sides = values.reshape(2, -1, *values.shape[1:])
    closed = np.concatenate([sides[:, -reach:], sides, sides[:, :reach]], axis=1)
    shifted = [closed[:, start : start + sides.shape[1]] for start in range(2 * reach + 1)]
    return np.asarray(np.mean(shifted, axis=0).reshape(values.shape), np.float64)
