"""How a face is lit, read from the skin that a mask leaves free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats
from maskface.mesh import canonical_mesh
from maskface.occluders.balance import estimate_balance
from maskface.occluders.damping import damped
from maskface.occluders.geometry import HeadFit, above_eyes
from maskface.occluders.quantiles import quantile
from maskface.types import ImageArray

LUMA: Final = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""

_RIGHT: Final = (109, 108, 107, 67, 69, 104, 103, 139, 34, 143)
_LEFT: Final = (338, 337, 336, 297, 299, 333, 332, 368, 264, 372)
"""Places on the forehead and the temples, and their mirror images."""
SKIN: Final = (*_RIGHT, *_LEFT, 10, 151, 9, 168, 8)
"""Places whose brightness is read; all are well above the mask."""

_RADIUS: Final = 0.3  # cm
_GRID: Final = 5
"""Each place is a square of twice this radius, sampled so many times across."""
_HAIR: Final = 0.6
"""Places darker than this share of the median are taken for hair."""
_FAIR: Final = 175.0
_EXPONENT: Final = 0.35
"""A mask is as bright on dark skin as on fair skin, but dimmer in a dim room. Skin alone cannot
tell the two apart; the mask's brightness follows the skin's by this power, as a compromise."""
_WHITE: Final = 0.75
"""Brightness of fair skin beside white in the same light."""
_DIM: Final = 150.0
"""The brightest spots of a well exposed photograph are brighter than this: on 1436 photographs and
480 synthetic faces, 170 and more. Where none is, white cloth is not, either."""
_SAMPLES: Final = 96
"""Pixels looked at for whites, along the longer side of the picture."""
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
    """Brightness of a white surface by the way it faces.

    Attributes
    ----------
    level
        Brightness facing the camera, 1 for a well exposed white.
    slope
        (3,) change of relative brightness per unit of the normal, in image axes: x right, y down,
        z away from the camera.
    balance
        (3,) red, green and blue of a white surface, relative to white light.
    """

    level: float
    slope: tuple[float, float, float]
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def tone(self, colour: tuple[int, int, int]) -> Floats:
        """Red, green and blue of a surface of a colour in this light, if it were at full level."""
        return np.asarray(np.array(colour) * self.balance)

    def shade(self, normals: Floats) -> Floats:
        """Brightness factors (n,) of surfaces with unit normals (n, 3) in image axes."""
        facing = normals - [0.0, 0.0, -1.0]
        relative = 1 + facing @ np.array(self.slope)
        return np.asarray(self.level * np.clip(relative, *_RANGE))


@cache
def _skin() -> tuple[Floats, Floats]:
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
    """Read the light from uncovered skin.

    Brightness at the places in `SKIN` is fitted as a linear function of the surface normal, the
    first-order term of spherical harmonics lighting (Ramamoorthi & Hanrahan 2001,
    doi:10.1145/383259.383317). Only the part to the side is free: it is what pairs of mirrored
    places tell, whose skin is alike, without those that have hair on one side. The places
    are those of the canonical head, not the landmarks, so that they do not move with the face.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.

    Returns
    -------
    Light
        The usual light if fewer than eight places can be seen.
    """
    places, normals = _skin()
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
