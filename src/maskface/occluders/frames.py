"""Spectacles in a photograph: a mask lies behind their frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.bridge import DEPTH, find_bridge
from maskface.occluders.geometry import HeadFit
from maskface.occluders.rim_shape import draw_rims
from maskface.occluders.rims import joint_path, own_paths, unroll
from maskface.types import ImageArray

_SMALLEST: Final = 2.6
"""Pixels per centimetre below which a rim is too thin to be told from a shadow."""
_FINE: Final = 12.0
"""Pixels per centimetre that suffice; of larger pictures, means are looked at."""
_BRIDGE: Final = 0.04
_BRIDGE_STRONG: Final = 0.12
_BRIDGE_SHARE: Final = 0.25
_CLEAR: Final = 0.034
"""How clear a bridge is at least, how much of it counts, and how clear rims and that share of the
bridge must be together. Of 1864 pictures of faces without spectacles (1436 photographs, the rest
synthetic), none is so clear, nor in other sizes, grey, noisy, blurred, compressed, or with shadows
and folds made 1.8 times as strong."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The frame of spectacles in a photograph, and the lenses of sunglasses.

    Attributes
    ----------
    where
        Rows and columns of the picture around it.
    alpha
        (h, w) uint8, 255 where it is.
    """

    where: tuple[slice, slice]
    alpha: Bytes

    def within(self, top: int, left: int, shape: tuple[int, int]) -> Bytes:
        """The frame in a part of the picture of a height and width."""
        plane = np.zeros(shape, np.uint8)
        rows, columns = (
            slice(max(own.start, first), min(own.stop, first + length))
            for own, first, length in zip(self.where, (top, left), shape, strict=True)
        )
        if rows.stop > rows.start and columns.stop > columns.start:
            own = self.alpha[
                rows.start - self.where[0].start : rows.stop - self.where[0].start,
                columns.start - self.where[1].start : columns.stop - self.where[1].start,
            ]
            plane[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ] = own
        return plane


def find_frame(image: ImageArray, fit: HeadFit) -> Frame | None:
    """Find the frame of spectacles: dark, light or metal.

    A line must cross the nose between the eyes, and a rim close around both lenses: folds of the
    face beside the nose and below the eyes would otherwise be taken for a part of one, and tell of
    a smile. Lenses without rims are not found, nor most with a thin rim of the skin's colour.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    """
    box = None if fit.scale < _SMALLEST else _box(image, fit)
    if box is None:
        return None
    part, head = image[box], fit.moved(-box[1].start, -box[0].start)
    small, smaller = _shrunk(part, head)
    skin, bridge = find_bridge(small, smaller)
    if bridge < _BRIDGE:
        return None
    rings = unroll(small, smaller, skin)
    missing = _CLEAR - _BRIDGE_SHARE * min(bridge, _BRIDGE_STRONG)
    # Most faces without spectacles do not need the search.
    if rings.bound() < missing:
        return None
    path = joint_path(rings)
    if rings.clearness(path) < missing or not rings.closes(path):
        return None
    own = own_paths(rings, path)
    return Frame(box, draw_rims(part, head, skin, own, filled=rings.tinted(path)))


def _box(image: ImageArray, fit: HeadFit) -> tuple[slice, slice] | None:
    """Rows and columns around the eyes, None if they are not all in the picture."""
    corners = np.array(list(product((-7.0, 7.0), (-1.2, 5.4), (DEPTH - 2, DEPTH))))
    at = fit.project(corners)[:, :2]
    limits = [image.shape[1], image.shape[0]]
    x0, y0 = np.clip(np.floor(at.min(axis=0)), 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(at.max(axis=0)), 0, limits).astype(int).tolist()
    return (slice(y0, y1), slice(x0, x1)) if min(x1 - x0, y1 - y0) >= 5 else None


def _shrunk(part: ImageArray, fit: HeadFit) -> tuple[ImageArray, HeadFit]:
    """A part of a picture in a size that suffices, and where the head is in it."""
    step = int(fit.scale / _FINE)
    height, width = part.shape[0] // max(step, 1), part.shape[1] // max(step, 1)
    if step < 2 or min(height, width) < 1:
        return part, fit
    whole = part[: height * step, : width * step]
    small = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    # Whole numbers are the centres of pixels.
    half = (step - 1) / 2
    offset = (fit.offset - np.array([half, half, 0.0])) / step
    return small, HeadFit(fit.linear / step, offset)
