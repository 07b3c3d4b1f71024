"""What water on skin does to light: bends it, mirrors it and throws it to its far side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders._tear_paths import Strand
from maskface.types import ImageArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

_BEND: Final = 1 - 1 / 1.337
"""A ray that enters tear fluid on a slope is bent by this share of it, by Snell's law for small
angles. Mean refractive index of tears: Patel & Tutchenko 2019, doi:10.1016/j.clae.2019.04.018."""
_WET: Final = 0.05
_RIM: Final = 0.3
_CAUSTIC: Final = 0.3
"""Light lost through wetness and at the water's edge, and moved to the side away from the light."""
_STRONG: Final = 0.7
"""Slope at the edge from which on these are in full force."""
_FULL: Final = 0.4
"""Slope at the edge from which on water fully takes the place of what is under it."""
_GLINT: Final = 0.55
"""Where the light is mirrored, as a share of the way from a drop's middle to its edge."""
_SPOT: Final = 0.16
_STREAK: Final = (0.24, 0.75)
"""Widths of the sharp mirror image of a lamp, and of the dull one of everything bright around it,
across and along a strand; as shares of the half width."""


@dataclass(frozen=True, slots=True, eq=False)
class Water:
    """Water on the skin.

    Attributes
    ----------
    height
        (h, w) float32, pixels above the skin.
    cover
        (h, w) float32, share of the pixel that is under water.
    steep
        (h, w) float32, slope at the nearest edge.
    gloss
        (h, w) float32, 0 to 1, how clearly bright surroundings are mirrored.
    """

    height: Singles
    cover: Singles
    steep: Singles
    gloss: Singles


def pour(strands: Sequence[Strand], shape: tuple[int, int]) -> Water:
    """Lay strands of water on the skin; where they meet, the higher one shows."""
    water = Water(*np.zeros((4, *shape), np.float32))
    for strand in strands:
        box = _around(strand, shape)
        if box[0].stop > box[0].start and box[1].stop > box[1].start:
            _add(strand, water, box)
    return water


def _add(strand: Strand, water: Water, box: tuple[slice, slice]) -> None:
    y, x = np.ogrid[box]
    ax, ay = strand.along
    v = np.maximum.accumulate(strand.places @ strand.along)
    count = len(v)
    place = np.interp(y * ay + x * ax, v, np.arange(count), left=count, right=count)
    first = place.astype(np.intp)
    table = _table(strand)
    low, high = (np.take(table, number, axis=1) for number in (first, first + 1))
    radius, bulge, slope, gloss, aside = low + (high - low) * (place - first)
    raised = np.maximum(radius**2 - (y * ax - x * ay - aside) ** 2, 0) / (2 * bulge)
    # Water that is all but flat hides little.
    cover = np.minimum(raised / 0.8, 1) * np.minimum(slope / _FULL, 1)
    water.cover[box] = np.maximum(water.cover[box], cover)
    raised *= slope
    higher = raised > water.height[box]
    for field, new in ((water.height, raised), (water.steep, slope), (water.gloss, gloss)):
        np.copyto(field[box], new, where=higher, casting="same_kind")


def _table(strand: Strand) -> Floats:
    """Radius, bulge, slope, gloss and place aside (5, n + 2); at the end, where no water is."""
    aside = strand.places @ np.array([-strand.along[1], strand.along[0]])
    bulge = np.maximum(strand.bulge, 1e-6)
    table = np.stack([strand.radius, bulge, strand.steep, strand.gloss, aside])
    table = np.concatenate([table, table[:, -1:], table[:, -1:]], axis=1)
    table[0, -2:] = 0
    return table


def _around(strand: Strand, shape: tuple[int, ...]) -> tuple[slice, slice]:
    reach = float(strand.radius.max(initial=0)) + 1
    low = np.clip(np.floor(strand.places.min(axis=0) - reach), 0, shape[::-1]).astype(int)
    high = np.clip(np.ceil(strand.places.max(axis=0) + reach) + 1, 0, shape[::-1]).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def look_through(photo: ImageArray, water: Water, down: Floats, light: Floats) -> Singles:
    """The photograph as seen through water.

    Parameters
    ----------
    photo
        (h, w, 3) uint8 RGB.
    water
        What lies on it.
    down
        (2,) unit vector in which tears run.
    light
        (3,) where the light comes from as x, y in image axes, of length 0 to 1, and its
        brightness, 1 for a white that is well exposed.

    Returns
    -------
    NDArray
        (h, w, 3) float32, 0 to 255; weighted by the water's cover.
    """
    film = np.zeros((*water.cover.shape, 3), np.float32)
    y, x = np.nonzero(water.cover > 0)
    if len(y) == 0:
        return film
    height = cv2.copyMakeBorder(water.height, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    slope_x = (height[y + 1, x + 2] - height[y + 1, x]) / 2
    slope_y = (height[y + 2, x + 1] - height[y, x + 1]) / 2
    bend = _BEND * water.height[y, x]
    places = np.stack([x + bend * slope_x, y + bend * slope_y])
    bent = _sample(photo, places.astype(np.float32))
    steep = -np.maximum(water.steep[y, x], 1e-3)
    q = np.clip([slope_x / steep, slope_y / steep], -1.2, 1.2).astype(np.float32)
    seen = np.clip(bent * _shade(q, -steep, light)[:, None], 0, 255)
    mirrored = _mirror(q, water.gloss[y, x], down, light)[:, None]
    white = np.float32(min(255 * float(light[2]), 255))
    seen += (np.maximum(white, seen) - seen) * mirrored
    film[y, x] = seen * water.cover[y, x, None]
    return film


def _sample(photo: ImageArray, places: Singles) -> Singles:
    """Colours (n, 3) of a photograph at places (2, n), x and y, between its pixels."""
    # OpenCV takes no more than 32767 columns or rows at a time.
    count = places.shape[1]
    x, y = (np.resize(way, (256, -(-count // 256))) for way in places)
    taken = cv2.remap(photo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken.reshape(-1, 3)[:count], np.float32)


def _shade(q: Singles, steep: Singles, light: Floats) -> Singles:
    """Brightness seen through water, by its slope (2, n) as a share of that at the edge (n,)."""
    # Water that is all but flat bends little light away.
    strength = np.minimum(steep / _STRONG, 1)
    edge = np.minimum((q**2).sum(axis=0), 1) ** 2
    away = -(light[:2].astype(np.float32) @ q)
    moved = _CAUSTIC * away - _RIM * edge * (away < 0.3)
    return np.asarray(1 - _WET + strength * moved, np.float32)


def _mirror(q: Singles, gloss: Singles, down: Floats, light: Floats) -> Singles:
    """Share (0 to 1) of the lamp's own brightness that is mirrored to the camera."""
    axes = np.array([[-down[1], down[0]], down])
    across, along = (axes @ (q - _GLINT * light[:2, None])).astype(np.float32)
    spot = 0.95 * np.exp(-(across**2 + along**2) / _SPOT**2)
    streak = 0.55 * np.exp(-((across / _STREAK[0]) ** 2) - (along / _STREAK[1]) ** 2)
    return np.asarray(np.clip((spot + streak) * gloss, 0, 1), np.float32)
