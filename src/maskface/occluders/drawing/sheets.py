"""Drawing of a garment as the camera sees it: sheets of cloth, fleece or glass, and cords."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats, Indices
from maskface.occluders.colours import RGB
from maskface.occluders.drawing.garment import UNCHANGED, Cord, Garment, Sheet, Texture
from maskface.occluders.drawing.geometry import HeadFit
from maskface.occluders.drawing.layer import Layer, Paint, Part, plain, times, within
from maskface.occluders.drawing.raster import Raster, rasterise
from maskface.occluders.photo.hair import Hair
from maskface.occluders.photo.light import Light

_HORIZON: Final = 0.15
"""What lies on the head is hidden where it faces away from the camera by more than this cosine."""
_DUSK: Final = 0.12  # it fades out over this change of the cosine


class Projected(NamedTuple):
    """A sheet or a cord as the camera sees it."""

    scale: float  # pixels per centimetre of the head
    points: Floats  # (n, 3) float64, its vertices: x and y in pixels, z larger farther away
    normals: Floats  # (n, 3) float64, unit length; z points away from the camera
    # (n,) float64, 0 to 1, whether the head's side of each normal is seen, and between at the
    # horizon.
    shown: Floats
    # Least and largest x, y and z of the points.
    low: list[float]
    high: list[float]

    def around(self, margin: float, shape: tuple[int, ...]) -> Part | None:
        """Return the part of a drawing around it; None if it is outside."""
        return within(self.low, self.high, margin, shape)


def project(fit: HeadFit, garment: Garment, corner: tuple[int, int] = (0, 0)) -> list[Projected]:
    """Return each item of a garment on a head, in a picture that begins at a column and a row."""
    vertices, normals, starts = _together(garment)
    points, turned = fit.project(vertices) - [*corner, 0], fit.turn(normals)
    shown = np.clip((_HORIZON - turned[:, 2]) / _DUSK, 0, 1)
    low = np.minimum.reduceat(points, starts).tolist()
    high = np.maximum.reduceat(points, starts).tolist()
    begins = starts.tolist()
    ends = [*begins[1:], len(points)]
    return [
        Projected(fit.scale, points[a:b], turned[a:b], shown[a:b], *box)
        for a, b, *box in zip(begins, ends, low, high, strict=True)
    ]


def extent(fit: HeadFit, garment: Garment) -> tuple[list[float], list[float]]:
    """Return least and largest x, y and z of a garment in a picture."""
    points = fit.project(_together(garment)[0])
    return np.minimum.reduce(points).tolist(), np.maximum.reduce(points).tolist()


@lru_cache(maxsize=256)
def _together(garment: Garment) -> tuple[Floats, Floats, Indices]:
    """Vertices and normals (n, 3) of all items in one, and where those of each begin."""
    parts = [_form(item) for item in garment.items]
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    return np.vstack([own for own, _ in parts]), np.vstack([own for _, own in parts]), starts


def _form(item: Sheet | Cord) -> tuple[Floats, Floats]:
    if isinstance(item, Sheet):
        return item.surface.vertices, item.surface.normals
    return item.points, item.normals


RasterCache: TypeAlias = dict[tuple[int, bool, bool], Raster]
"""Forms that are drawn already: by surface, whether both sides show, and kind of texture."""

_LOOKUP: Final = (3.0, 5.0)
"""Samples per centimetre at which texture coordinates are worked out, for opaque sheets and for
those with an outline in their texture, which would look ragged."""
_GRAZING: Final = 0.4  # cosine to the line of sight below which a patch of shade thins out
_FULL: Final = 200.0
_LIT: Final = 210.0
"""Number that stands for 1 in bytes of a cloth's brightness and its light: both may be more."""
_HIGH: Final = 1.5  # greatest factor of a relief that is told apart


class Flat(NamedTuple):
    """Planes of a texture, each (h, w) uint8: one or three colours, opacity, dimming."""

    colours: tuple[Bytes, ...]
    opacity: Bytes | None
    dimming: Bytes | None


def add_sheet(
    layer: Layer,
    seen: Projected,
    sheet: Sheet,
    light: Light | None,
    kept: RasterCache,
    *,
    hair: Hair | None,
) -> None:
    """Draw a sheet behind what the layer holds already."""
    where = seen.around(1, layer.alpha.shape)
    if where is None:
        return
    # Film and cloth are two sheets of one form.
    key = (id(sheet.surface), sheet.both_sides, _has_outline(sheet.texture))
    if key not in kept:
        kept[key] = _raster(seen, sheet, where)
    raster = kept[key]
    if not raster.quads.any():  # it turns its back
        return
    level = sheet.texture.level_for(sheet.surface.width * seen.scale)
    if _is_shade(sheet.texture, level):
        dimming = sheet.texture.dimming
        dark = None if dimming is None else raster.sample(dimming[level])
        layer.add_tint(_tint(sheet, seen, raster, dark), where)
        return
    flat = _sampled(raster, sheet.texture, level)
    if sheet.tint:
        layer.add_tint(_tint(sheet, seen, raster, flat.dimming), where)
    alpha = _alpha(sheet, seen, raster, flat.opacity)
    if sheet.under_hair and hair is not None:
        alpha = times(alpha, hair.free(where))
    paint = None if light is None else _paint(sheet, seen, raster, flat.colours, light)
    layer.put_behind(paint, alpha, where)


def _raster(seen: Projected, sheet: Sheet, where: Part) -> Raster:
    """Draw the form of a sheet into a part of the drawing."""
    rows, columns = where
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    step = max(1, round(seen.scale / _LOOKUP[_has_outline(sheet.texture)]))
    moved = seen.points - [columns.start, rows.start, 0]
    return rasterise(moved, sheet.surface, shape, step, both_sides=sheet.both_sides)


@lru_cache(maxsize=64)
def _has_outline(texture: Texture) -> bool:
    """Return whether a texture is solid in places; a mere shade is soft."""
    return texture.opacity is not None and bool(texture.opacity[-1].any())


@lru_cache(maxsize=32)
def _is_shade(texture: Texture, level: int) -> bool:
    """Return whether a size of a texture hides nothing."""
    return texture.opacity is not None and not texture.opacity[level].any()


def _sampled(raster: Raster, texture: Texture, level: int) -> Flat:
    """Return what of a texture shows at each pixel of a drawing."""
    planes = [plane for pack in _packed(texture, level) for plane in cv2.split(raster.sample(pack))]
    taken = iter(np.asarray(plane, np.uint8) for plane in planes)
    colours = tuple(next(taken) for _ in range(1 if texture.levels[level].ndim == 2 else 3))
    opacity = None if texture.opacity is None else next(taken)
    return Flat(colours, opacity, None if texture.dimming is None else next(taken))


@lru_cache(maxsize=32)
def _packed(texture: Texture, level: int) -> tuple[Bytes, ...]:
    """All planes of a size of a texture, by fours: OpenCV takes four faster than two or three."""
    own = texture.levels[level]
    full = _FULL if own.ndim == 2 else 255.0
    planes = list(cv2.split(np.clip(np.round(own * full), 0, 255).astype(np.uint8)))
    planes += [part[level] for part in (texture.opacity, texture.dimming) if part is not None]
    if len(planes) == 1:
        return (np.asarray(planes[0], np.uint8),)
    planes += [planes[-1]] * (-len(planes) % 4)
    fours = (planes[first : first + 4] for first in range(0, len(planes), 4))
    return tuple(np.asarray(cv2.merge(four), np.uint8) for four in fours)


def _alpha(sheet: Sheet, seen: Projected, raster: Raster, opacity: Bytes | None) -> Bytes:
    """Return how much of what is behind a sheet hides."""
    alpha = raster.alpha if opacity is None else times(opacity, raster.alpha)
    if not sheet.on_head:
        return alpha
    return times(_spread(sheet, raster, seen.shown), alpha)


def _spread(sheet: Sheet, raster: Raster, shares: Floats, one: float = 255.0) -> Bytes:
    """Smooth values (n,) or (n, 3) at the vertices of a sheet for each pixel of its drawing."""
    whole = cv2.convertScaleAbs(shares.reshape(*sheet.surface.shape, *shares.shape[1:]), alpha=one)
    return raster.spread(np.asarray(whole, np.uint8))


def _tint(sheet: Sheet, seen: Projected, raster: Raster, dimming: Bytes | None) -> Bytes:
    """Return how much light (0 to 255) a sheet keeps back."""
    alpha = raster.alpha
    if dimming is not None:
        # A shadow that lies on the head thins out where the head turns away, or its edge would
        # show beside a head that is narrower.
        facing = np.abs(seen.normals[:, 2])
        thin = _spread(sheet, raster, np.minimum(facing / _GRAZING, 1))
        alpha = times(times(dimming, thin), alpha)
    return np.asarray(cv2.convertScaleAbs(alpha, alpha=sheet.tint), np.uint8)


def _paint(
    sheet: Sheet, seen: Projected, raster: Raster, colours: tuple[Bytes, ...], light: Light
) -> Paint:
    """The colours of a sheet as it is lit."""
    parts, full = (colours, 255.0) if len(colours) == 3 else (colours * 3, _FULL)
    one, relief = _LIT if sheet.lit else 255.0, sheet.relief
    scales = light.tone(sheet.colour) / (full * one)

    def paint(share: Bytes) -> Bytes:
        lit: tuple[Bytes, ...] = (share,)
        own = scales
        if relief is not None:
            lit = (times(share, raster.sample(relief), 1 / (_HIGH * UNCHANGED)),)
            own = scales * _HIGH
        if sheet.lit:
            shade = light.shade(seen.normals, sheet.falloff)
            if sheet.tones is not None:
                shade = shade[:, None] * sheet.tones.reshape(-1, 3)
            spread = cv2.split(_spread(sheet, raster, shade, _LIT))
            lit = tuple(times(lit[0], np.asarray(plane, np.uint8)) for plane in spread)
        planes = (
            cv2.multiply(p, lit_own, scale=t)
            for p, lit_own, t in zip(parts, lit * (3 // len(lit)), own.tolist(), strict=True)
        )
        # Nothing is brighter than white, whatever its share.
        return np.asarray(cv2.merge([cv2.min(plane, share) for plane in planes]), np.uint8)

    return paint


def add_cord(
    layer: Layer, seen: Projected, cord: Cord, light: Light | None, *, hair: Hair | None
) -> None:
    """Draw the visible parts of a cord behind what the layer holds already."""
    thickness = max(1, round(cord.width * seen.scale))
    where = seen.around(thickness, layer.alpha.shape)
    if where is None:
        return
    alpha = np.zeros(layer.alpha[where].shape, np.uint8)
    corner = [where[1].start, where[0].start]
    _draw_line(alpha, seen.points[:, :2] - corner, _opacity(seen, cord), thickness)
    if cord.under_hair and hair is not None:
        alpha = times(alpha, hair.free(where))
    layer.put_behind(None if light is None else _paint_cord(cord.colour, light), alpha, where)


@lru_cache(maxsize=64)
def _paint_cord(colour: RGB, light: Light) -> Paint:
    red, green, blue = np.clip(light.tone(colour) * light.level, 0, 255).astype(int).tolist()
    return plain((red, green, blue))


def _opacity(seen: Projected, cord: Cord) -> Floats:
    """Return how much of the picture each piece (n - 1,) of a cord hides, 0 to 255."""
    return np.rint(255 * _fading(cord) * np.minimum(seen.shown[1:], seen.shown[:-1]))


@lru_cache(maxsize=256)
def _fading(cord: Cord) -> Floats:
    """Opacity (n - 1,) of a cord's pieces where all of it is before the head, 0 to 1."""
    left = _length_left(cord.points)[:-1]
    return np.clip(left / cord.fade, 0, 1) if cord.fade else np.ones(len(left))


def _draw_line(alpha: Bytes, points: Floats, opacity: Floats, thickness: int) -> None:
    corners = np.rint(points * 16).astype(int).tolist()
    # From the end to the beginning, so that the fainter parts do not lie over the others.
    for k, value in reversed(list(enumerate(opacity.tolist()))):
        if value:
            cv2.line(alpha, corners[k + 1], corners[k], (value,), thickness, cv2.LINE_AA, 4)


def _length_left(points: Floats) -> Floats:
    """Share of a polyline's length (n,) that lies beyond each of its points."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    gone = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(1 - gone / max(gone[-1], 1e-9))


FINE: Final = 5.0
"""Below this many pixels per centimetre a garment is drawn larger and then shrunk."""


def draw_garment(
    fit: HeadFit,
    garment: Garment,
    light: Light | None,
    shape: tuple[int, int],
    *,
    hair: Hair | None = None,
    corner: tuple[int, int] = (0, 0),
) -> Layer:
    """Draw a garment of a head at `fit` in a drawing of a shape (height, width).

    Without `light`, only the outlines are drawn, without colour. `hair` covers the ears, in pixels
    of the drawing; `corner` is the column and row of the picture at which the drawing begins. Small
    garments are drawn large and shrunk.
    """
    zoom = max(1, int(np.ceil(FINE / fit.scale)))
    if zoom == 1:
        return _draw(project(fit, garment, corner), garment, light, shape, hair)
    large = fit.moved(-corner[0], -corner[1]).zoomed(zoom)
    size = (shape[0] * zoom, shape[1] * zoom)
    layer = _draw(project(large, garment), garment, light, size, None)
    area = cv2.INTER_AREA
    return layer.filtered(
        lambda part: np.asarray(cv2.resize(part, shape[::-1], interpolation=area))
    )


def _draw(
    seen: list[Projected],
    garment: Garment,
    light: Light | None,
    shape: tuple[int, int],
    hair: Hair | None,
) -> Layer:
    layer = Layer.empty(shape)
    kept: RasterCache = {}
    for item, own in _nearest_first(list(zip(garment.items, seen, strict=True))):
        if isinstance(item, Sheet):
            add_sheet(layer, own, item, light, kept, hair=hair)
        else:
            add_cord(layer, own, item, light, hair=hair)
    return layer


def _nearest_first(
    items: list[tuple[Sheet | Cord, Projected]],
) -> list[tuple[Sheet | Cord, Projected]]:
    """Sort the sheets that ask for it among themselves; the rest keep their places."""
    places = [k for k, (item, _) in enumerate(items) if isinstance(item, Sheet) and item.by_depth]
    nearest = sorted(places, key=lambda k: float(items[k][1].points[:, 2].mean()))
    ordered = list(items)
    for place, k in zip(places, nearest, strict=True):
        ordered[place] = items[k]
    return ordered
