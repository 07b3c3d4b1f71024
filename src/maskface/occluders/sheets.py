"""Draw a sheet of cloth, fleece or glass."""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders.garment import Bytes, Floats, Sheet
from maskface.occluders.geometry import HeadFit
from maskface.occluders.layer import Layer, around, before_horizon, times, triple
from maskface.occluders.light import Light
from maskface.occluders.raster import Raster, rasterise, visible_triangles

Kept: TypeAlias = dict[tuple[int, tuple[int, ...], bool, bool], Raster]
"""Forms that are drawn already: by surface, texture size, whether both sides show, and opacity."""

_LOOKUP: Final = (3.0, 5.0)
"""Samples per centimetre at which texture coordinates are worked out, for opaque sheets and for
those with an outline in their texture, which would look ragged."""
_GRAZING: Final = 0.4
"""Cosine to the line of sight below which a patch of shade thins out."""
_FULL: Final = 200.0
"""Brightness of cloth in full light before it is given its colour; leaves room for highlights."""


def add_sheet(layer: Layer, fit: HeadFit, sheet: Sheet, light: Light | None, kept: Kept) -> None:
    """Draw a sheet behind what the layer holds already."""
    level = sheet.texture.level_for(sheet.surface.width * fit.scale)
    cloth = sheet.texture.levels[level]
    points = fit.project(sheet.surface.vertices)
    where = around(points, 1, layer.alpha.shape)
    if where is None:
        return
    # Film and cloth are two sheets of one form.
    key = (id(sheet.surface), cloth.shape[:2], sheet.both_sides, sheet.texture.opacity is None)
    if key not in kept:
        kept[key] = _raster(points, fit, sheet, cloth.shape, where)
    raster = kept[key]
    alpha = raster.alpha
    if sheet.tint:
        layer.add_tint(_tint(sheet, fit, raster, level), where)
    if sheet.texture.opacity is not None:
        alpha = times(raster.sample(_solid(sheet, fit, sheet.texture.opacity[level])), alpha)
    if not alpha.any():  # it is a mere shade, or shows nothing but its back
        return
    colour = None
    if light is not None:
        colour = _paint(raster, cloth, _shade(sheet, fit, light), light.tone(sheet.colour))
    layer.put_behind(colour, alpha, where)


def _raster(
    points: Floats, fit: HeadFit, sheet: Sheet, size: tuple[int, ...], where: tuple[slice, slice]
) -> Raster:
    """Draw the form of a sheet with a texture of a size into a part of the drawing."""
    places = sheet.surface.grid * [size[1] - 1, size[0] - 1]
    triangles = visible_triangles(points, sheet.surface.triangles, both_sides=sheet.both_sides)
    rows, columns = where
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    step = max(1, round(fit.scale / _LOOKUP[sheet.texture.opacity is not None]))
    return rasterise(points - [columns.start, rows.start, 0], triangles, places, shape, step)


def _solid(sheet: Sheet, fit: HeadFit, opacity: Bytes) -> Bytes:
    """How much of what is behind a sheet hides, laid flat."""
    if not sheet.on_head:
        return opacity
    seen = np.round(255 * before_horizon(fit, sheet.surface.normals)).astype(np.uint8)
    seen = seen.reshape(sheet.surface.shape)
    return times(opacity, np.asarray(cv2.resize(seen, opacity.shape[::-1]), np.uint8))


def _tint(sheet: Sheet, fit: HeadFit, raster: Raster, level: int) -> Bytes:
    """How much light (0 to 255) a sheet keeps back."""
    alpha = raster.alpha
    if sheet.texture.dimming is not None:
        # A shadow that lies on the head thins out where the head turns away, or its edge would
        # show beside a head that is narrower.
        facing = np.abs(fit.turn(sheet.surface.normals)[:, 2]).reshape(sheet.surface.shape)
        thin = np.round(255 * np.clip(facing / _GRAZING, 0, 1)).astype(np.uint8)
        plane = sheet.texture.dimming[level]
        plane = times(plane, np.asarray(cv2.resize(thin, plane.shape[::-1]), np.uint8))
        alpha = times(raster.sample(plane), alpha)
    return np.asarray(cv2.convertScaleAbs(alpha, alpha=sheet.tint), np.uint8)


def _shade(sheet: Sheet, fit: HeadFit, light: Light) -> Floats:
    if not sheet.lit:
        return np.ones(sheet.surface.shape)
    return light.shade(fit.turn(sheet.surface.normals)).reshape(sheet.surface.shape)


def _paint(raster: Raster, cloth: NDArray[np.float32], shade: Floats, tone: Floats) -> Bytes:
    """Colour (h, w, 3) of lit cloth for every pixel of a drawing."""
    size = cloth.shape[1::-1]
    smooth = cv2.resize(shade.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    if cloth.ndim == 3:
        shades = cv2.merge([smooth * np.float32(channel) for channel in tone])
        lit = cv2.multiply(cloth, shades, dtype=cv2.CV_8U)
        return raster.sample(np.asarray(lit, np.uint8))
    flat = np.asarray(cv2.multiply(cloth, smooth, scale=_FULL, dtype=cv2.CV_8U), np.uint8)
    drawn = raster.sample(flat)
    tones = np.arange(256)[:, None] / _FULL * tone
    table = np.clip(np.round(tones), 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(triple(drawn), table), np.uint8)
