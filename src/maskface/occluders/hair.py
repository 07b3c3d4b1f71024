"""Hair over the ears in a photograph: ear loops go under it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats, Singles
from maskface.occluders.geometry import HeadFit
from maskface.occluders.hair_colours import Colours, colours_of, learn_hair, learn_skin, tell_apart
from maskface.types import ImageArray

_SMALLEST: Final = 5.0
"""Pixels per centimetre below which a loop is hardly seen."""
_INNER: Final = 5.3
_OUTER: Final = 9.8
_TOP: Final = 6.4
_BOTTOM: Final = -5.6
"""The part of the side of the head that is looked at, in cm."""
_PLANE: Final = (6.2, 1.5, -2.1)
"""It is flat: x and z in cm of a point before the ear, and how z falls with x."""
_SAMPLES: Final = 8
"""Samples per centimetre."""
_FINE: Final = 2.0 * _SAMPLES
"""Pixels per centimetre from which each sample is a mean of several, so that noise counts less."""
_SHAPE: Final = (round((_TOP - _BOTTOM) * _SAMPLES), round((_OUTER - _INNER) * _SAMPLES))
_ACROSS: Final = _INNER + (np.arange(_SHAPE[1]) + 0.5)[None, :] / _SAMPLES
_UP: Final = _TOP - (np.arange(_SHAPE[0]) + 0.5)[:, None] / _SAMPLES
"""Where each column and row lies."""


def _part(up: tuple[float, float], across: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns between two heights and two places across, in cm."""
    rows = slice(*(round((_TOP - y) * _SAMPLES) for y in up))
    return rows, slice(*(round((x - _INNER) * _SAMPLES) for x in across))


_EAR: Final = (_part((3.3, 1.2), (7.5, 9.3)), _part((0.6, -1.8), (7.4, 9.0)))
"""Where the upper and the lower half of a bare ear show."""
_DECIDING: Final = _EAR[0][0].stop
"""Rows that tell whether there is hair over the ear at all."""
_STRIP: Final = (_UP > 3.9) & (_UP < 6.2) & (np.abs(_ACROSS - 9.26 + 0.35 * _UP) < 0.25)
_ABOVE: Final = _STRIP[:_DECIDING]
"""A strip of them above the ear, along the outline of the face, where hair is learnt."""
_COVERED: Final = ((0.58, 0.80), (0.42, 0.62))
"""Share of each that is hair, from which on it may be covered, and from which on it is."""
_BARE: Final = ((0.19, 0.12), (0.40, 0.24))
"""Share of each that is skin, from which on it is bare, and below which it may be covered."""
_HALVES: Final = (1.4, -0.2)
"""Heights in cm above and below which the one and the other half decides."""
_DARKER: Final = (0.35, 0.52)
_VARIED: Final = (0.60, 0.42)
"""Difference in brightness (as logarithms) from which on hair is told from skin, and the standard
deviation up to which it is hair alone, and not half of what is behind the head."""
_AWAY: Final = (0.45, 0.65)
"""Width of the side of the head, as a share of what it is on the head, from which on it is seen."""
_FIRST: Final = np.interp(_UP, (-1.0, 1.0), (0.0, 6.5))
"""No hair is nearer to the face than this, in cm by height: brows and lashes are."""


@dataclass(frozen=True, slots=True, eq=False)
class Hair:
    """Where hair lies over what is worn behind the ears.

    Attributes
    ----------
    sides
        For one or both sides of the head (h, w) uint8, 255 where hair hides it, and the affine map
        (2, 3) from there into the picture.
    """

    sides: tuple[tuple[Bytes, Floats], ...]

    def moved(self, x: float, y: float) -> Hair:
        """The same after the picture has moved by x and y pixels."""
        return replace(self, sides=tuple((alpha, _moved(to, x, y)) for alpha, to in self.sides))

    def free(self, where: tuple[slice, slice]) -> Bytes:
        """255 where no hair hides anything in a part of the picture."""
        rows, columns = where
        size = (columns.stop - columns.start, rows.stop - rows.start)
        free = np.full(size[::-1], 255, np.uint8)
        for alpha, to in self.sides:
            there = cv2.warpAffine(alpha, _moved(to, -columns.start, -rows.start), size)
            free = np.asarray(cv2.subtract(free, there), np.uint8)
        return free


def _moved(to: Floats, x: float, y: float) -> Floats:
    return np.asarray(to + np.array([[0.0, 0.0, x], [0.0, 0.0, y]]), np.float64)


def find_hair(image: ImageArray, fit: HeadFit) -> Hair | None:
    """Find hair that covers the ears, and with them what is fastened there.

    Colours of skin are learnt on nose, forehead and temples, those of hair above the ears. Hair
    counts only beside an ear that it covers, with no skin where the ear would show, for over
    sideburns and hair that is tucked behind the ear a loop can be seen. Nothing is read but those
    places and the sides of the head.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.

    Returns
    -------
    Hair or None
        None if both ears are bare, if they are turned away, if hair is not darker than skin, or if
        the head is too small.
    """
    if fit.scale < _SMALLEST:
        return None
    found = (_side(image, fit, mirror) for mirror in (-1.0, 1.0))
    sides = tuple(side for side in found if side is not None)
    return Hair(sides) if sides else None


def _side(image: ImageArray, fit: HeadFit, mirror: float) -> tuple[Bytes, Floats] | None:
    """What hair hides on one side (1: the person's left), and where that is; None if nothing."""
    to = _place(fit, mirror)
    seen = _ramp(mirror * float(np.linalg.det(to[:, :2])) / (fit.scale / _SAMPLES) ** 2, _AWAY)
    if seen == 0:
        return None
    fine = 2 if fit.scale > _FINE else 1
    colours = colours_of(_straight(image, to, fine, _DECIDING))
    hair, skin = learn_hair(colours[_ABOVE]), learn_skin(image, fit, mirror)
    sure = seen * _sure(skin, hair)
    if sure == 0:
        return None
    upper = _covered(tell_apart(np.ascontiguousarray(colours[_EAR[0]]), skin, hair), 0)
    if upper == 0:
        return None
    shares = tell_apart(colours_of(_straight(image, to, fine, _SHAPE[0])), skin, hair)
    lower = _covered((shares[0][_EAR[1]], shares[1][_EAR[1]]), 1)
    halves = np.interp(_UP, _HALVES[::-1], (lower, 1.0)).astype(np.float32)
    return np.round(255 * sure * upper * halves * _outwards(shares[1])).astype(np.uint8), to


def _covered(shares: tuple[Singles, Singles], half: int) -> float:
    """Whether (0 to 1) hair covers the upper (0) or the lower (1) half of an ear.

    `shares` are how likely skin and hair are in the place of that half.
    """
    bare, covered = (float(share.mean()) for share in shares)
    return _ramp(covered, _COVERED[half]) * _ramp(bare, _BARE[half])


def _place(fit: HeadFit, mirror: float) -> Floats:
    """The affine map (2, 3) from samples of a side of the head into the picture."""
    corners = np.array([[_INNER, _TOP, 0.0], [_OUTER, _TOP, 0.0], [_INNER, _BOTTOM, 0.0]])
    x, z, slope = _PLANE
    corners[:, 2] = z + slope * (corners[:, 0] - x)
    there = fit.project(corners * [mirror, 1, 1])[:, :2].astype(np.float32)
    here = np.array([[0, 0], [_SHAPE[1], 0], [0, _SHAPE[0]]], np.float32) - np.float32(0.5)
    return np.asarray(cv2.getAffineTransform(here, there), np.float64)


def _straight(image: ImageArray, to: Floats, fine: int, rows: int) -> ImageArray:
    """Upper rows of a side of the head, upright and from the face outwards."""
    start = (1 / fine - 1) / 2
    finer = to @ np.array([[1 / fine, 0.0, start], [0.0, 1 / fine, start], [0.0, 0.0, 1.0]])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (_SHAPE[1] * fine, rows * fine)
    large = cv2.warpAffine(image, finer, size, flags=way, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(large, (_SHAPE[1], rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _sure(skin: Colours, hair: Colours) -> float:
    """Whether (0 to 1) what was learnt above the ear is hair and differs from skin."""
    darker = _ramp(float(skin.middle[0] - hair.middle[0]), _DARKER)
    return darker * _ramp(float(hair.spread[0]), _VARIED)


def _outwards(share: Singles) -> Singles:
    """Everything from the first hair outwards."""
    soft = cv2.GaussianBlur(share, (0, 0), 0.8) * (_ACROSS > _FIRST)
    return np.asarray(np.maximum.accumulate(soft, axis=1), np.float32)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """0 on the side of the first end, 1 on that of the second, smooth between."""
    t = min(max((value - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)
    return t * t * (3 - 2 * t)
