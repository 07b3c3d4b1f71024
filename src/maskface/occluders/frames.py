"""Spectacles in a photograph: a mask lies behind their frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders.bridge import DEPTH, darker, skin_under_bridge
from maskface.occluders.geometry import HeadFit
from maskface.occluders.quantiles import quantile
from maskface.types import ImageArray

Bytes: TypeAlias = NDArray[np.uint8]

_SMALLEST: Final = 5.0
"""Pixels per centimetre below which a frame is too thin to be told from a shadow."""
_THICK: Final = 0.7
"""Widest rim in cm, and a little more."""
_FAINT: Final = 0.045
"""How much darker than its surroundings, as a share of the skin's brightness, a frame is at least.
"""
_PLAIN: Final = 0.75
"""Share of the frame's own darkness from which on a pixel is all frame."""
_RIM: Final = 0.8
"""Twice the widest rim in cm."""
_EYES: Final = ((-3.3, 2.0), (3.3, 2.0))
_OFF: Final = 1.8
_PART: Final = 2.0
"""Where lenses are, how far in cm their middles are from there, and their least area in cm squared.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The frame of spectacles in a photograph.

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
    """Find a dark frame of spectacles.

    It must cross the nose between the eyes and go around both lenses. Light and rimless frames
    are not found, nor frames that hair or the edge of the picture cuts off.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    """
    skin = None if fit.scale < _SMALLEST else skin_under_bridge(image, fit)
    if skin is None:
        return None
    corners = np.array([(x, y, DEPTH) for x in (-7.0, 7.0) for y in (5.4, -1.5)])
    places = fit.project(corners)[:, :2]
    limits = [image.shape[1], image.shape[0]]
    x0, y0 = np.clip(np.floor(places.min(axis=0)), 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(places.max(axis=0)), 0, limits).astype(int).tolist()
    if min(x1 - x0, y1 - y0) < 5:
        return None
    grey = np.asarray(cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY), np.uint8)
    alpha = _rims(grey, fit.moved(-x0, -y0), skin)
    return Frame((slice(y0, y1), slice(x0, x1)), alpha) if alpha.any() else None


def _rims(grey: Bytes, fit: HeadFit, skin: float) -> Bytes:
    """Where (0 to 255) rims are: thin and dark, around an eye.

    Only what goes all the way around a lens counts. Folds of the face beside the nose and below
    the eyes would otherwise be taken for a part of it, and tell of a smile.
    """
    side = max(3, round(_THICK * fit.scale) | 1)
    lines = darker(grey, (side, side)) / skin
    lenses = _lenses((lines < _FAINT).astype(np.uint8), fit)
    rim = (cv2.dilate(lenses, _disc(_RIM * fit.scale)) > lenses) & (lines > _FAINT)
    if not rim.any():
        return np.zeros_like(grey)
    # Half skin, half frame is what borders it, and would show as a bright edge on dark cloth.
    plain = _PLAIN * quantile(lines[rim], 0.9)
    share = np.clip((lines - _FAINT) / max(plain - _FAINT, _FAINT), 0, 1)
    return np.asarray(np.round(255 * share * rim), np.uint8)


def _lenses(free: Bytes, fit: HeadFit) -> Bytes:
    """1 in the lenses, which are free of rims and enclosed by them; nothing if one is missing."""
    _, labels, stats, centres = cv2.connectedComponentsWithStats(free, connectivity=4)
    height, width = free.shape
    lenses = np.zeros_like(free)
    for eye in _EYES:
        place = fit.project(np.array([*eye, DEPTH]))[:2]
        off = np.hypot(*(centres - place).T) / fit.scale
        left, top, wide, high, area = stats.T
        inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
        found = inside & (off < _OFF) & (area > _PART * fit.scale**2)
        found[0] = False
        if not found.any():
            return np.zeros_like(free)
        lenses[found[labels]] = 1
    # Lashes and folds that touch the rim from inside are no part of it.
    return np.asarray(cv2.morphologyEx(lenses, cv2.MORPH_CLOSE, _disc(_THICK * fit.scale)))


def _disc(diameter: float) -> Bytes:
    side = max(3, round(diameter) | 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
