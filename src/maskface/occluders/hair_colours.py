"""Tell hair from skin by colours that are learnt in the picture itself."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from maskface.arrays import Singles
from maskface.occluders.geometry import HeadFit
from maskface.types import ImageArray

_NOSE: Final = (
    (0.0, 3.27, 5.24), (0.0, 2.47, 5.79), (0.0, 1.9, 6.2), (0.5, 2.6, 5.5), (-0.5, 2.6, 5.5),
)  # fmt: skip
_BESIDE: Final = (
    (0.0, 4.9, 5.39), (0.0, 5.7, 5.2), (1.5, 5.9, 5.0), (3.0, 5.7, 4.2), (4.6, 5.6, 3.3),
    (5.6, 4.6, 2.4), (6.2, 3.4, 1.6), (6.4, 2.24, 1.56), (5.73, 1.9, 2.43), (6.0, 2.8, 2.0),
)  # fmt: skip
_PLACES: Final = np.array(_NOSE + _BESIDE)
"""Where skin is learnt, on the head in cm: the back of the nose, which no hair covers, and the
forehead and the temple of the left side. None is below the tip of the nose."""
_AROUND: Final = np.array([(x, y) for y in (-0.15, 0.0, 0.15) for x in (-0.15, 0.0, 0.15)])
"""The pixels that are read around each place, in cm."""
_ALIKE: Final = np.array([0.4, 0.12, 0.12], np.float32)
"""How far other skin may be from that of the nose; what is farther lies under a fringe."""
_ENOUGH: Final = 20

_DARKEST: Final = 32.0
"""Added to each grey level before the logarithm: in the dark, noise has any colour."""
_LOGS: Final = np.log(np.arange(256) + _DARKEST).astype(np.float32)
_AXES: Final = np.array([[0.299, 0.587, 0.114], [1, -1, 0], [0, 1, -1]], np.float32)
"""Brightness, red against green, and green against blue, from logarithms."""
_SKIN: Final = np.array([0.20, 0.06, 0.06], np.float32)
_HAIR: Final = np.array([0.30, 0.09, 0.09], np.float32)
"""Least standard deviations: skin has shaded and shining parts, hair more so."""
_HALVES: Final = np.full((1, 3), 0.5, np.float32)
_LESS: Final = 0.4
"""Ears are redder than faces, and hair has dark shadows: what counts of that."""
_DOUBT: Final = 1.0
"""Skin is more likely by this logarithm, for a loop is shown when in doubt."""
_ELSE: Final = 9.0 + float(np.log(_SKIN).sum())
"""Minus the logarithm of how likely anything else is, such as what is behind the head."""


class Colours(NamedTuple):
    """Colours of one kind of surface: median and standard deviation, (3,) float32 each."""

    middle: Singles
    spread: Singles

    def surprise(self, colours: Singles) -> Singles:
        """Minus the logarithm of the likelihood (h, w) of colours (h, w, 3), up to a constant."""
        # OpenCV takes three numbers at each pixel far faster than NumPy.
        scaling = np.zeros((3, 4), np.float32)
        scaling.flat[::5] = 1 / self.spread
        scaling[:, 3] = -self.middle / self.spread
        off = cv2.transform(colours, scaling)
        return np.asarray(cv2.transform(off * off, _HALVES) + np.log(self.spread).sum())


def colours_of(image: ImageArray) -> Singles:
    """Brightness and two colour differences (h, w, 3), as logarithms, of (h, w, 3) uint8 RGB."""
    return np.asarray(cv2.transform(cv2.LUT(image, _LOGS), _AXES), np.float32)


def learn_hair(colours: Singles) -> Colours:
    """Learn the colours of hair from a sample (n, 3)."""
    return _learn(colours, _HAIR)


def learn_skin(image: ImageArray, fit: HeadFit, mirror: float) -> Colours:
    """Learn the colours of skin on the nose and, where they are alike, on one side above it.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    mirror
        1 for the person's left side, -1 for the right one.
    """
    spots = fit.project(_PLACES * [mirror, 1, 1])[:, :2]
    limits = [image.shape[1] - 1, image.shape[0] - 1]
    places = np.clip(np.rint(spots[:, None] + _AROUND * fit.scale), 0, limits).astype(int)
    x, y = places.transpose(2, 0, 1)
    seen = colours_of(image[y, x])
    nose = seen[: len(_NOSE)].reshape(-1, 3)
    rest = seen[len(_NOSE) :].reshape(-1, 3)
    alike = rest[(np.abs(rest - _median(nose)) < _ALIKE).all(axis=1)]
    return _learn(alike if len(alike) >= _ENOUGH else nose, _SKIN)


def _learn(sample: Singles, least: Singles) -> Colours:
    middle = _median(sample)
    # 1.48 times the median absolute deviation is the standard deviation of a normal distribution.
    return Colours(middle, np.maximum(np.float32(1.48) * _median(np.abs(sample - middle)), least))


def _median(sample: Singles) -> Singles:
    """Median (3,) of colours (n, 3), the upper one of two; NumPy's own takes far longer."""
    return np.asarray(np.sort(sample, axis=0)[len(sample) // 2], np.float32)


def tell_apart(colours: Singles, skin: Colours, hair: Colours) -> tuple[Singles, Singles]:
    """How likely each of some colours (h, w, 3) is skin, and how likely hair, (h, w) each.

    What is left to 1 is neither. Skin, hair and the rest are taken to be equally frequent, but for
    `_DOUBT`.
    """
    redness, brightness = colours[..., 1], colours[..., 0]
    as_skin, as_hair = colours.copy(), colours.copy()
    usual, dark = skin.middle[1], hair.middle[0]
    as_skin[..., 1] = np.minimum(redness, usual + _LESS * (redness - usual))
    as_hair[..., 0] = np.maximum(brightness, dark + _LESS * (brightness - dark))
    likely_skin = np.exp(_DOUBT - skin.surprise(as_skin))
    likely_hair = np.exp(-hair.surprise(as_hair))
    total = likely_skin + likely_hair + np.exp(np.float32(-_ELSE))
    return likely_skin / total, likely_hair / total
