"""Optics of water on skin: it bends light, mirrors it and throws it to its far side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats, Singles
from maskface.occluders.tears.paths import Strands
from maskface.types import ImageArray

_BEND: Final = 1 - 1 / 1.337
"""A ray that enters tear fluid on a slope is bent by this share of it, by Snell's law for small
angles. Mean refractive index of tears: Patel & Tutchenko 2019, doi:10.1016/j.clae.2019.04.018."""
_WET: Final = 0.05
_RIM: Final = 0.3
_CAUSTIC: Final = 0.3
"""Light lost through wetness and at the water's edge, and moved to the side away from the light."""
_STRONG: Final = 0.7  # slope at the edge from which on these are in full force
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
    """Water on the skin."""

    height: Singles  # (h, w) float32, pixels above the skin
    cover: Singles  # (h, w) float32, share of the pixel that is under water
    steep: Singles  # (h, w) float32, slope at the nearest edge
    gloss: Singles  # (h, w) float32, 0 to 1, how clearly bright surroundings are mirrored


def pour(strands: Strands, shape: tuple[int, int]) -> Water:
    """Lay strands of water on the skin; where they meet, the higher one shows."""
    water = Water(*np.zeros((4, *shape), np.float32))
    boxes = _boxes(strands, shape)
    if not boxes:
        return water
    ways, asides = _turned(strands)
    pixel, place, aside = _pixels(strands, ways, boxes, shape[1])
    table = _table(strands, asides)
    first = place.astype(np.intp)
    share = (place - first).astype(np.float32)
    radius, off = _between(table[:2], first, share)
    raised = radius**2 - (aside - off) ** 2
    wet = np.flatnonzero(raised > 0)
    bulge, slope, gloss = _between(table[2:], first[wet], share[wet])
    pixel, raised = pixel[wet], raised[wet] / (2 * bulge)
    # Water that is all but flat hides little.
    cover = np.minimum(raised / np.float32(0.8), 1) * np.minimum(slope / np.float32(_FULL), 1)
    raised *= slope
    np.maximum.at(water.cover.reshape(-1), pixel, cover)
    np.maximum.at(water.height.reshape(-1), pixel, raised)
    highest = raised == water.height.reshape(-1)[pixel]
    for field, own in ((water.steep, slope), (water.gloss, gloss)):
        field.reshape(-1)[pixel[highest]] = own[highest]
    return water


def _boxes(strands: Strands, shape: tuple[int, int]) -> list[tuple[int, slice, slice]]:
    """Number, rows and columns of each strand that can be seen in a picture of a size."""
    reach = strands.radius.max(axis=1, initial=0)[:, None] + 1
    limits = shape[::-1]
    low = np.clip(np.floor(strands.places.min(axis=1) - reach), 0, limits).astype(int).tolist()
    high = np.clip(np.ceil(strands.places.max(axis=1) + reach) + 1, 0, limits).astype(int).tolist()
    return [
        (number, slice(y0, y1), slice(x0, x1))
        for number, ((x0, y0), (x1, y1)) in enumerate(zip(low, high, strict=True))
        if x1 > x0 and y1 > y0
    ]


def _pixels(
    strands: Strands, ways: Floats, boxes: list[tuple[int, slice, slice]], width: int
) -> tuple[NDArray[np.intp], Floats, Singles]:
    """List the pixels in boxes around strands, those of one after those of the other, (m,) each.

    Number of the pixel in a picture of that width, where along the strand it is, as a column of
    `_table`, and how far aside.
    """
    starts = strands.places[:, 0].tolist()
    ways = np.maximum.accumulate(ways, axis=1)
    count = ways.shape[1]
    pixels, places, asides = [], [], []
    for number, rows, columns in boxes:
        y, x = np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)
        pixels.append((y * width + x).ravel())
        (x0, y0), (ax, ay) = starts[number], strands.along[number].tolist()
        x, y = x - x0, y - y0
        nodes = np.arange(count) + number * (count + 1)
        end = nodes[-1] + 1
        places.append(np.interp(y * ay + x * ax, ways[number], nodes, left=end, right=end).ravel())
        asides.append((y * ax - x * ay).astype(np.float32).ravel())
    return np.concatenate(pixels), np.concatenate(places), np.concatenate(asides)


def _turned(strands: Strands) -> tuple[Floats, Floats]:
    """Return how far along and aside (k, n each) all places of each strand are from its first."""
    off = strands.places - strands.places[:, :1]
    x, y = off[..., 0], off[..., 1]
    ax, ay = strands.along.T[..., None]
    return y * ay + x * ax, y * ax - x * ay


def _table(strands: Strands, asides: Floats) -> Singles:
    """Radius, place aside, bulge, slope and gloss (5, k * (n + 1)) along all strands.

    After the last place of each comes one where no water is.
    """
    bulge = np.maximum(strands.bulge, 1e-6)
    own = (strands.radius, asides, bulge, strands.steep, strands.gloss)
    table = np.zeros((len(own), strands.radius.shape[0], strands.radius.shape[1] + 1), np.float32)
    for part, values in zip(table, own, strict=True):
        part[:, :-1] = values
    table[2, :, -1] = 1
    return table.reshape(len(own), -1)


def _between(table: Singles, first: NDArray[np.intp], share: Singles) -> Singles:
    """Values (t, m) of the rows of a table between a column and the next."""
    low = table.take(first, axis=1)
    # The last column has no next one, and no share of it.
    low += (table.take(first + 1, axis=1, mode="clip") - low) * share
    return low


def look_through(photo: ImageArray, water: Water, down: Floats, light: Floats) -> Singles:
    """Return the photograph as seen through water, (h, w, 3) float32, 0 to 255, times its cover.

    `down` is the unit vector in which tears run; `light` (3,) is where the light comes from as x, y
    in image axes, of length 0 to 1, and its brightness, 1 for a white that is well exposed.
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
