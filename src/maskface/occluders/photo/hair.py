"""Hair over the ears in a photograph, separated from skin by the colours of the picture itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats, Singles
from maskface.occluders.drawing.geometry import HeadFit
from maskface.types import ImageArray

_NOSE: Final = (
    (0.0, 3.27, 5.24), (0.0, 2.47, 5.79), (0.0, 1.9, 6.2), (0.5, 2.6, 5.5), (-0.5, 2.6, 5.5),
)  # fmt: skip
_BESIDE: Final = (
    (0.0, 4.9, 5.39), (0.0, 5.7, 5.2), (1.5, 5.9, 5.0), (3.0, 5.7, 4.2), (4.6, 5.6, 3.3),
    (5.6, 4.6, 2.4), (6.2, 3.4, 1.6), (6.4, 2.24, 1.56), (5.73, 1.9, 2.43), (6.0, 2.8, 2.0),
)  # fmt: skip
_PLACES: Final = np.array(_NOSE + _BESIDE)
"""Where the colour of skin is estimated, on the head in cm: the back of the nose, which no hair
covers, and the forehead and the temple of the left side. None is below the tip of the nose."""
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
_MINUS_HALVES: Final = np.full((1, 3), 0.5, np.float32)
_LESS: Final = 0.4
"""Ears are redder than faces, and hair has dark shadows: what counts of that."""
_DOUBT: Final = 1.0  # skin is more likely by this logarithm, for a loop is shown when in doubt
_ELSE: Final = 9.0 + float(np.log(_SKIN).sum())
"""Minus the logarithm of how likely anything else is, such as what is behind the head."""


class Colours(NamedTuple):
    """Colours of one kind of surface: median and standard deviation, (3,) float32 each."""

    middle: Singles
    spread: Singles

    def surprisal(self, colours: Singles) -> Singles:
        """Return the negative log likelihood (h, w) of colours (h, w, 3), up to a constant."""
        # OpenCV takes three numbers at each pixel far faster than NumPy.
        scaling = np.zeros((3, 4), np.float32)
        scaling.flat[::5] = 1 / self.spread
        scaling[:, 3] = -self.middle / self.spread
        off = cv2.transform(colours, scaling)
        return np.asarray(cv2.transform(off * off, _MINUS_HALVES) + np.log(self.spread).sum())


def colours_of(image: ImageArray) -> Singles:
    """Return log brightness and two colour differences (h, w, 3) of (h, w, 3) uint8 RGB."""
    return np.asarray(cv2.transform(cv2.LUT(image, _LOGS), _AXES), np.float32)


def hair_colours(colours: Singles) -> Colours:
    """Estimate the colours of hair from a sample (n, 3)."""
    return _robust_colours(colours, _HAIR)


def skin_colours(image: ImageArray, fit: HeadFit, mirror: float) -> Colours:
    """Find the colours of skin on the nose and, where they are alike, on one side above it.

    `mirror` is 1 for the person's left side, -1 for the right one.
    """
    spots = fit.project(_PLACES * [mirror, 1, 1])[:, :2]
    limits = [image.shape[1] - 1, image.shape[0] - 1]
    places = np.clip(np.rint(spots[:, None] + _AROUND * fit.scale), 0, limits).astype(int)
    x, y = places.transpose(2, 0, 1)
    seen = colours_of(image[y, x])
    nose = seen[: len(_NOSE)].reshape(-1, 3)
    rest = seen[len(_NOSE) :].reshape(-1, 3)
    alike = rest[(np.abs(rest - _median(nose)) < _ALIKE).all(axis=1)]
    return _robust_colours(alike if len(alike) >= _ENOUGH else nose, _SKIN)


def _robust_colours(sample: Singles, least: Singles) -> Colours:
    middle = _median(sample)
    # 1.48 times the median absolute deviation is the standard deviation of a normal distribution.
    return Colours(middle, np.maximum(np.float32(1.48) * _median(np.abs(sample - middle)), least))


def _median(sample: Singles) -> Singles:
    """Median (3,) of colours (n, 3), the upper one of two; NumPy's own takes far longer."""
    return np.asarray(np.sort(sample, axis=0)[len(sample) // 2], np.float32)


def classify_colours(colours: Singles, skin: Colours, hair: Colours) -> tuple[Singles, Singles]:
    """Return how likely each of some colours (h, w, 3) is skin, and how likely hair, (h, w) each.

    What is left to 1 is neither. Skin, hair and the rest are taken to be equally frequent, but for
    `_DOUBT`.
    """
    redness, brightness = colours[..., 1], colours[..., 0]
    as_skin, as_hair = colours.copy(), colours.copy()
    usual, dark = skin.middle[1], hair.middle[0]
    as_skin[..., 1] = np.minimum(redness, usual + _LESS * (redness - usual))
    as_hair[..., 0] = np.maximum(brightness, dark + _LESS * (brightness - dark))
    likely_skin = np.exp(_DOUBT - skin.surprisal(as_skin))
    likely_hair = np.exp(-hair.surprisal(as_hair))
    total = likely_skin + likely_hair + np.exp(np.float32(-_ELSE))
    return likely_skin / total, likely_hair / total


_SMALLEST: Final = 5.0  # pixels per centimetre below which a loop is hardly seen
_INNER: Final = 5.3
_OUTER: Final = 9.8
_TOP: Final = 6.4
_BOTTOM: Final = -5.6
"""The part of the side of the head that is looked at, in cm."""
_PLANE: Final = (6.2, 1.5, -2.1)
"""It is flat: x and z in cm of a point before the ear, and how z falls with x."""
_SAMPLES: Final = 8  # samples per centimetre
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
_DECIDING: Final = _EAR[0][0].stop  # rows that tell whether there is hair over the ear at all
_STRIP: Final = (_UP > 3.9) & (_UP < 6.2) & (np.abs(_ACROSS - 9.26 + 0.35 * _UP) < 0.25)
_ABOVE: Final = _STRIP[:_DECIDING]
"""A strip of them above the ear, along the outline of the face: the colour of hair is estimated."""
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
    """Where hair lies over what is worn behind the ears."""

    # For one or both sides of the head (h, w) uint8, 255 where hair hides it, and the affine map
    # (2, 3) from there into the picture.
    sides: tuple[tuple[Bytes, Floats], ...]

    def moved(self, x: float, y: float) -> Hair:
        """Return the same after the picture has moved by x and y pixels."""
        return replace(self, sides=tuple((alpha, _moved(to, x, y)) for alpha, to in self.sides))

    def free(self, where: tuple[slice, slice]) -> Bytes:
        """Return 255 where no hair hides anything in a part of the picture."""
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

    Colours of skin are estimated on nose, forehead and temples, those of hair above the ears. Hair
    counts only beside an ear that it covers, with no skin where the ear would show, for over
    sideburns and hair that is tucked behind the ear a loop can be seen. Nothing is read but those
    places and the sides of the head. None if both ears are bare, if they are turned away, if hair
    is not darker than skin, or if the head is too small.
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
    hair, skin = hair_colours(colours[_ABOVE]), skin_colours(image, fit, mirror)
    sure = seen * _sure(skin, hair)
    if sure == 0:
        return None
    upper = _covered(classify_colours(np.ascontiguousarray(colours[_EAR[0]]), skin, hair), 0)
    if upper == 0:
        return None
    shares = classify_colours(colours_of(_straight(image, to, fine, _SHAPE[0])), skin, hair)
    lower = _covered((shares[0][_EAR[1]], shares[1][_EAR[1]]), 1)
    halves = np.interp(_UP, _HALVES[::-1], (lower, 1.0)).astype(np.float32)
    return np.round(255 * sure * upper * halves * _outwards(shares[1])).astype(np.uint8), to


def _covered(shares: tuple[Singles, Singles], half: int) -> float:
    """Return whether (0 to 1) hair covers the upper (0) or the lower (1) half of an ear.

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
    """Return how likely (0 to 1) the colour above the ear is hair and differs from skin."""
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


_OUTSIDE: Final = np.stack(
    np.meshgrid(np.arange(6.0, -13.0, -1.0), np.arange(9.0, 15.5, 0.5), indexing="ij")
)
"""Heights and distances from the midline, in cm, at which hair is looked for beside the head."""
_CROWN: Final = np.array([(x, y, 2.0) for x in np.linspace(-4, 4, 17) for y in (10.5, 11.5, 12.5)])
_WALL: Final = np.array([(x, y, -2.0) for x in (16.0, 17.0, 18.0) for y in np.arange(2.0, 12.0)])
_TURNED: Final = 0.35  # sine of a yaw
_ROWS: Final = 3
"""Hair reaches as far as it does at so many heights."""


def hair_reach(image: ImageArray, fit: HeadFit) -> float:
    """Return how far hair reaches beside the head, in cm from the midline; 9 where it does not.

    What goes on outwards from the head in colours of the crown, and not in those of the wall.
    Heads that are turned by more than about 20 degrees are not looked at.
    """
    if abs(float(fit.turn(np.array([[0.0, 0.0, 1.0]]))[0, 0])) > _TURNED:
        return 9.0
    crown = _seen_at(image, fit, _CROWN)
    height, distance = _OUTSIDE
    reaches = [9.0]
    for mirror in (1.0, -1.0):
        wall = _seen_at(image, fit, _WALL * [mirror, 1, 1])
        if min(len(crown), len(wall)) < _ENOUGH:
            continue
        beside = np.stack([mirror * distance, height, np.full_like(height, -2.0)], -1)
        seen = _seen_at(image, fit, beside.reshape(-1, 3), clip=True).reshape(*height.shape, 3)
        alike = hair_colours(crown).surprisal(seen) < hair_colours(wall).surprisal(seen)
        steps = np.cumprod(alike, axis=1).sum(axis=1)
        reaches.append(9.0 + 0.5 * float(np.sort(steps)[-_ROWS]))
    return max(reaches)


def _seen_at(image: ImageArray, fit: HeadFit, places: Floats, *, clip: bool = False) -> Singles:
    """Colours (n, 3) at places (m, 3) of the head, without those outside the picture."""
    spots = np.rint(fit.project(places)[:, :2]).astype(int)
    size = np.array([image.shape[1], image.shape[0]])
    if not clip:
        spots = spots[((spots >= 0) & (spots < size)).all(axis=1)]
    x, y = np.clip(spots, 0, size - 1).T
    return colours_of(image[None, y, x])[0] if len(spots) else np.empty((0, 3), np.float32)
