"""Light of a photograph, read from the skin above a mask: brightness, direction and colour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bools, Floats
from maskface.mesh import canonical_mesh
from maskface.occluders.colours import RGB
from maskface.occluders.drawing.geometry import HeadFit, above_eyes, damped
from maskface.types import ImageArray

Balance: TypeAlias = tuple[float, float, float]

_SIDE: Final = 96  # the photograph is shrunk to about so many pixels
_GAMMA: Final = 2.2
_TRUST: Final = 0.5
"""Share of the estimate that is believed; a coloured backdrop misleads it."""
_LIMIT: Final = 0.05
"""Largest change of a channel, as a logarithm: by a factor of 0.95 to 1.05. With more, white masks
beside much skin and hair turn pink."""
_CLIPPED: Final = 250
_RIM: Final = 3
"""Pixels around one that its gradient is made of."""


def estimate_balance(image: ImageArray, fit: HeadFit) -> Balance:
    """Estimate the colour of a white surface (red x green x blue = 1) by the grey-edge assumption.

    The Minkowski mean (p = 6) of the gradient is taken to be grey (van de Weijer et al. 2007,
    doi:10.1109/TIP.2007.901808). Unlike a mean of colours it does not see plain backdrops.
    """
    step = max(1, round(max(image.shape[:2]) / _SIDE))
    size = (image.shape[1] // step, image.shape[0] // step)
    if min(size) < 3:
        return 1.0, 1.0, 1.0
    above = above_eyes(size[::-1], fit, step)
    small, above = _shrunk(image, above, step)
    means = _sixth_moments(small, above & _unclipped(small))
    if means.min() <= 0:
        return 1.0, 1.0, 1.0
    logs = np.log(means) / 6
    change = np.clip(_TRUST * (logs - logs.mean()) / _GAMMA, -_LIMIT, _LIMIT)
    red, green, blue = np.exp(change - change.mean()).tolist()
    return red, green, blue


def _shrunk(image: ImageArray, usable: Bools, step: int) -> tuple[ImageArray, Bools]:
    """The part of the picture with usable pixels, `step` times smaller, and which those are."""
    rows, columns = (np.flatnonzero(usable.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((3, 3, 3), np.uint8), np.zeros((3, 3), np.bool_)
    # With what their gradients are made of.
    top, left = max(rows[0] - _RIM, 0), max(columns[0] - _RIM, 0)
    part = usable[top : rows[-1] + 1 + _RIM, left : columns[-1] + 1 + _RIM]
    height, width = part.shape
    # A whole number of pixels for each: OpenCV is five times faster then.
    whole = image[top * step : (top + height) * step, left * step : (left + width) * step]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), part


def _sixth_moments(small: ImageArray, usable: Bools) -> Floats:
    """Mean of the sixth power of the gradient of linear light for red, green and blue."""
    if not usable.any():
        return np.zeros(3)
    smooth = cv2.GaussianBlur(cv2.LUT(small, _linear()), (5, 5), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1)
    squared = across * across + down * down
    return np.array(cv2.mean(squared * squared * squared, usable.astype(np.uint8))[:3])


def _unclipped(small: ImageArray) -> Bools:
    red, green, blue = cv2.split(small)
    return np.asarray(cv2.max(cv2.max(red, green), blue) < _CLIPPED)


@cache
def _linear() -> NDArray[np.float32]:
    """Light (256,) for each grey level."""
    return np.power(np.arange(256) / 255, _GAMMA).astype(np.float32)


def quantile(values: NDArray[Any], share: float) -> float:
    """Return quantile of one number or more, by linear interpolation as `numpy.quantile` does."""
    flat = values.ravel()
    place = share * (flat.size - 1)
    low = int(place)
    high = min(low + 1, flat.size - 1)
    parted = np.partition(flat, (low, high))
    return float(parted[low] + (place - low) * (float(parted[high]) - float(parted[low])))


LUMA: Final = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""

_RIGHT: Final = (109, 108, 107, 67, 69, 104, 103, 139, 34, 143)
_LEFT: Final = (338, 337, 336, 297, 299, 333, 332, 368, 264, 372)
"""Places on the forehead and the temples, and their mirror images."""
SKIN: Final = (*_RIGHT, *_LEFT, 10, 151, 9, 168, 8)
"""Places whose brightness is read; all are well above the mask."""

_RADIUS: Final = 0.3  # cm
_GRID: Final = 5  # each place is a square of twice this radius, sampled so many times across
_HAIR: Final = 0.6  # places darker than this share of the median are taken for hair
_FAIR: Final = 175.0
_EXPONENT: Final = 0.35
"""A mask is as bright on dark skin as on fair skin, but dimmer in a dim room. Skin alone cannot
tell the two apart; the mask's brightness follows the skin's by this power, as a compromise."""
_WHITE: Final = 0.75  # brightness of fair skin beside white in the same light
_DIM: Final = 150.0
"""The brightest spots of a well exposed photograph are brighter than this: on 1436 photographs and
480 synthetic faces, 170 and more. Where none is, white cloth is not, either."""
_SAMPLES: Final = 96  # pixels looked at for whites, along the longer side of the picture
_SLOPE_LIMIT: Final = 0.35
_HAIR_OF_PAIRS: Final = 0.75
_DOUBT: Final = 0.3
"""A pair of mirrored places is left out where one is darker than this share of the median: hair.
The slope of the others is a ridge regression with this penalty, so that few pairs move it little.
On 410 photographs (London, Taiwan) the slope's left-right ratio of the cheeks then agrees with the
cheeks themselves by r = .92 (Taiwan), root mean square error .071 in natural logarithms; with the
median of all pairs r = .58, error .145, and the wrong side lit where hair lies over one temple.
"""
_RANGE: Final = (0.55, 1.12)
"""Cloth scatters light: its shaded side is never black, and its bright side hardly brighter."""
_FROM_ABOVE: Final = 0.16
_FROM_FRONT: Final = 0.41
"""Light comes rather from above the head and from the front. How much so is not read: a forehead
hardly shows it, and shows raised brows instead (slope and jaw-open score on 1232 photographs: r =
.17; the slope to the side: -.01)."""
_USUAL_LEVEL: Final = 0.06
"""In natural logarithms. In well exposed photographs the level lies so close to 1, and what it
varies by there is faces and not light (within people, level and smile: r = .19)."""


@dataclass(frozen=True, slots=True)
class Light:
    """Brightness of a white surface by the way it faces."""

    level: float  # brightness facing the camera, 1 for a well exposed white
    # (3,) change of relative brightness per unit of the normal, in image axes: x right, y down, z
    # away from the camera.
    slope: tuple[float, float, float]
    # (3,) red, green and blue of a white surface, relative to white light.
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def tone(self, colour: RGB) -> Floats:
        """Return red, green and blue of a surface of a colour in this light, at full level."""
        return np.asarray(np.array(colour) * self.balance)

    def shade(self, normals: Floats, falloff: float = 1.0) -> Floats:
        """Return brightness factors (n,) of surfaces with unit normals (n, 3) in image axes.

        `falloff` is how much of the loss they show where they turn away from the camera.
        """
        facing = normals - [0.0, 0.0, -1.0]
        relative = 1 + facing @ (np.array(self.slope) * [1, 1, falloff])
        return np.asarray(self.level * np.clip(relative, *_RANGE))


@cache
def skin_places() -> tuple[Floats, Floats]:
    """Positions and outward unit normals (n, 3) of the places in `SKIN` on the canonical head."""
    mesh = canonical_mesh()
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((len(mesh.vertices), 3))
    for corner in range(3):
        np.add.at(normals, mesh.triangles[:, corner], faces)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return mesh.vertices[list(SKIN)].astype(np.float64), normals[list(SKIN)]


def estimate_light(image: ImageArray, fit: HeadFit) -> Light:
    """Estimate the light from uncovered skin.

    Brightness at the places in `SKIN` is fitted as a linear function of the surface normal, the
    first-order term of spherical harmonics lighting (Ramamoorthi & Hanrahan 2001,
    doi:10.1145/383259.383317). Only the part to the side is free: it is what pairs of mirrored
    places tell, whose skin is alike, without those that have hair on one side. The places are those
    of the canonical head, not the landmarks, so that they do not move with the face. Returns the
    usual light if fewer than eight places can be seen.
    """
    places, normals = skin_places()
    turned = fit.turn(normals)
    brightness = _sample(image, fit.project(places)[:, :2], _RADIUS * fit.scale)
    usable = (turned[:, 2] < -0.25) & np.isfinite(brightness)
    across, usual = _axes(fit)
    if usable.sum() < 8:
        return _light(0.9, usual)
    slope = usual + _sideways(np.where(usable, brightness, np.nan), turned, usual, across) * across
    level = _level(brightness[usable], *_brightest(image, fit))
    return replace(_light(level, slope), balance=estimate_balance(image, fit))


def _axes(fit: HeadFit) -> tuple[Floats, Floats]:
    """The head's left as seen, and the slope of light from above the head, both in image axes.

    A turned picture keeps its light.
    """
    up = fit.turn(np.array([[0.0, 1.0, 0.0]]))[0, :2]
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    usual = np.array([*(_FROM_ABOVE * up), -_FROM_FRONT])
    return np.array([-up[1], up[0], 0.0]), usual


def _light(level: float, slope: Floats) -> Light:
    return Light(float(level), (float(slope[0]), float(slope[1]), float(slope[2])))


def _sample(image: ImageArray, spots: Floats, radius: float) -> Floats:
    """Mean luminance (0 to 255) around spots (n, 2) in pixels; NaN outside the picture."""
    size = np.array([image.shape[1], image.shape[0]])
    inside = ((spots >= 0) & (spots <= size - 1)).all(axis=1)
    steps = np.linspace(-radius, radius, _GRID)
    around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    x, y = np.clip(np.rint(spots[:, None] + around), 0, size - 1).astype(int).transpose(2, 0, 1)
    luminance = (image[y, x] @ LUMA).mean(axis=1)
    return np.where(inside, luminance, np.nan)


def _sideways(brightness: Floats, normals: Floats, usual: Floats, across: Floats) -> float:
    """Change of relative brightness per unit of the normal to the side, beyond the usual light.

    The places of a pair are as bright as b1 : b2 = (u1 + s * d1) : (u2 + s * d2), where u is the
    usual light, d how far the place faces to the side, and s is wanted.
    """
    facing = normals - [0.0, 0.0, -1.0]
    pairs = len(_RIGHT)
    (b1, b2), (u1, u2), (d1, d2) = (
        (of[:pairs], of[pairs : 2 * pairs])
        for of in (brightness, 1 + facing @ usual, facing @ across)
    )
    both = np.maximum(b1 + b2, 1.0)
    rest, apart = (b2 * u1 - b1 * u2) / both, (b1 * d2 - b2 * d1) / both
    seen = brightness[np.isfinite(brightness)]
    least = _HAIR_OF_PAIRS * quantile(seen, 0.5)
    # Hair over one temple alone would pass for light from the other side.
    skin = np.isfinite(rest) & (np.fmin(b1, b2) > least)
    rest, apart = rest[skin], apart[skin]
    slope = float(rest @ apart) / (float(apart @ apart) + _DOUBT)
    return float(np.clip(slope, -_SLOPE_LIMIT, _SLOPE_LIMIT))


def _level(brightness: Floats, whites: float, spots: float) -> float:
    skin = brightness[brightness > _HAIR * quantile(brightness, 0.5)]
    # Highlights differ less between dark and fair skin than the skin's own tone.
    bright = quantile(skin, 0.85) if len(skin) else 0.0
    # A picture with whites in it is not dim; half of the evidence, since they may lie behind a
    # face in the shade.
    bright = max(bright, float(np.sqrt(bright * min(_WHITE * whites, _FAIR))))
    level = float(np.clip(min((bright / _FAIR) ** _EXPONENT, spots / _DIM), 0.1, 1.08))
    return float(np.exp(damped(np.log(level), _USUAL_LEVEL)))


def _brightest(image: ImageArray, fit: HeadFit) -> tuple[float, float]:
    """Luminance of the brightest parts of the picture above the eyes, and of their highlights."""
    step = max(1, round(max(image.shape[:2]) / _SAMPLES))
    few = np.ascontiguousarray(image[::step, ::step])
    luminance = np.asarray(cv2.cvtColor(few, cv2.COLOR_RGB2GRAY), np.uint8)
    above = luminance[above_eyes(luminance.shape, fit, step)]
    return (quantile(above, 0.95), quantile(above, 0.995)) if len(above) else (0.0, 255.0)
