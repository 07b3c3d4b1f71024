"""Two photographs in one light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Singles
from maskface.composites._seam import REACH, STEPS, Seam, colours_at
from maskface.mesh import canonical_mesh
from maskface.occluders.geometry import HeadFit
from maskface.types import ImageArray

_FOREHEAD: Final = (151, 9, 8, 168, 108, 337, 107, 336, 69, 299, 104, 333, 67, 297, 109, 338)
"""Skin that expressions hardly light otherwise."""
_SPOT: Final = 0.3  # cm
_COARSE: Final = 48
"""Pictures are compared as a whole at so many places across and down."""
_AGREE: Final = 0.25
"""Difference in log brightness up to which forehead and surroundings are taken to show one change
of exposure or white balance."""
_HEAD: Final = (7.0, 9.0)
"""Half length (cm) of the part of the band that lies on the head for certain, and at most."""
_SMOOTH: Final = 0.6
_FADE: Final = 1.6
"""What differs along the seam is smoothed over the first and evened out over the second so many
cm."""
_GAIN: Final = float(np.log(2.0))
_ON_HEAD: Final = 0.3
_BESIDE: Final = 0.08
"""Limits, in log brightness, of the whole photograph's change and of that along the seam, on the
head and beside it. What differs by more is an outline that has moved, and is no matter of light."""


def matched(upper: ImageArray, lower: ImageArray, there: Singles, fit: HeadFit) -> ImageArray:
    """The lower photograph, which already lies over the upper one, in that one's light."""
    seam = Seam.of(fit)
    along, below = seam.coordinates(upper.shape)
    gain = _gain(_forehead(upper, lower, fit), _surroundings(upper, lower, there * (below < 0)))
    near = _differences(seam.band(upper), seam.band(lower), gain)
    fade = np.exp(-((np.maximum(below, 0) / np.float32(_FADE)) ** 2))
    factor = np.exp(gain + _spread(near, along) * fade[..., None])
    return np.asarray(np.clip(np.round(lower * factor), 0, 255), np.uint8)


def _gain(forehead: Singles, surroundings: Singles) -> Singles:
    """Log brightness (3,) by which the upper photograph as a whole exceeds the lower one.

    Surroundings tell it best, since nothing moves in them; but only if they are the same, which
    foreheads tell.
    """
    same = np.abs(surroundings - forehead).max() < _AGREE
    return np.clip(surroundings if same else forehead, -_GAIN, _GAIN).astype(np.float32)


def _surroundings(upper: ImageArray, lower: ImageArray, where: Singles) -> Singles:
    """Median log ratio (3,) of the photographs' brightness where both can be compared."""
    first, second, used = (
        cv2.resize(what, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA).astype(np.float32)
        for what in (upper, lower, where)
    )
    if not (used > 0.99).any():
        return np.full(3, np.inf, np.float32)
    ratio = np.log((first + 1) / (second + 1))[used > 0.99]
    return np.asarray(np.median(ratio, axis=0), np.float32)


def _forehead(upper: ImageArray, lower: ImageArray, fit: HeadFit) -> Singles:
    """Median log ratio (3,) of the foreheads' brightness."""
    places = fit.project(canonical_mesh().vertices[list(_FOREHEAD)].astype(np.float64))[:, :2]
    steps = np.linspace(-_SPOT, _SPOT, 5) * fit.scale
    around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    spots = (places[:, None] + around).astype(np.float32)
    first, second = (colours_at(image, spots).mean(axis=1) + 1 for image in (upper, lower))
    # The median leaves out places under hair.
    return np.asarray(np.median(np.log(first / second), axis=0), np.float32)


def _differences(goal: Singles, start: Singles, gain: Singles) -> Singles:
    """Log brightness (n, 3) by which one band along the seam exceeds the other, but for a gain."""
    place = np.abs(np.linspace(-REACH, REACH, STEPS[1]))
    on_head = np.clip((_HEAD[1] - place) / (_HEAD[1] - _HEAD[0]), 0, 1)
    limit = (_BESIDE + (_ON_HEAD - _BESIDE) * on_head)[:, None]
    rest = np.log((goal + 1) / (start + 1)) - gain
    # Beyond the ends of the band nothing is known.
    told = (np.abs(rest) < limit).all(axis=1, keepdims=True) & (place < REACH - 1)[:, None]
    return _smooth(np.where(told, rest, 0).astype(np.float32))


def _smooth(profile: Singles) -> Singles:
    steps = _SMOOTH * (STEPS[1] - 1) / (2 * REACH)
    edge = cv2.BORDER_REPLICATE
    smooth = cv2.GaussianBlur(profile, (1, 0), sigmaX=0.1, sigmaY=steps, borderType=edge)
    return np.asarray(smooth, np.float32)


def _spread(profile: Singles, along: Singles) -> Singles:
    """Give each pixel (h, w) the profile's (n, 3) value at its place (cm) along the seam."""
    column = (along + REACH) * np.float32((STEPS[1] - 1) / (2 * REACH))
    rows = np.repeat(profile[None].astype(np.float32), 3, axis=0)
    edge = cv2.BORDER_REPLICATE
    taken = cv2.remap(rows, column, np.ones_like(column), cv2.INTER_LINEAR, borderMode=edge)
    return np.asarray(taken, np.float32)
