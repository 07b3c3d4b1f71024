"""Draw a sheet of cloth, fleece or glass."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats
from maskface.occluders.garment import Sheet, Texture
from maskface.occluders.hair import Hair
from maskface.occluders.layer import Layer, Paint, Part, times
from maskface.occluders.light import Light
from maskface.occluders.raster import Raster, rasterise
from maskface.occluders.view import Seen

Kept: TypeAlias = dict[tuple[int, bool, bool], Raster]
"""Forms that are drawn already: by surface, whether both sides show, and kind of texture."""

_LOOKUP: Final = (3.0, 5.0)
"""Samples per centimetre at which texture coordinates are worked out, for opaque sheets and for
those with an outline in their texture, which would look ragged."""
_GRAZING: Final = 0.4
"""Cosine to the line of sight below which a patch of shade thins out."""
_FULL: Final = 200.0
_LIT: Final = 210.0
"""What stands for 1 in bytes of a cloth's brightness and of the light on it: both may be more."""


class Flat(NamedTuple):
    """What a texture shows, each (h, w) uint8: one or three colours, opacity, dimming."""

    colours: tuple[Bytes, ...]
    opacity: Bytes | None
    dimming: Bytes | None


def add_sheet(
    layer: Layer,
    seen: Seen,
    sheet: Sheet,
    light: Light | None,
    kept: Kept,
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


def _raster(seen: Seen, sheet: Sheet, where: Part) -> Raster:
    """Draw the form of a sheet into a part of the drawing."""
    rows, columns = where
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    step = max(1, round(seen.scale / _LOOKUP[_has_outline(sheet.texture)]))
    moved = seen.points - [columns.start, rows.start, 0]
    return rasterise(moved, sheet.surface, shape, step, both_sides=sheet.both_sides)


@lru_cache(maxsize=64)
def _has_outline(texture: Texture) -> bool:
    """Whether a texture is solid in places; a mere shade is soft."""
    return texture.opacity is not None and bool(texture.opacity[-1].any())


@lru_cache(maxsize=32)
def _is_shade(texture: Texture, level: int) -> bool:
    """Whether a size of a texture hides nothing."""
    return texture.opacity is not None and not texture.opacity[level].any()


def _sampled(raster: Raster, texture: Texture, level: int) -> Flat:
    """What of a texture shows at each pixel of a drawing."""
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


def _alpha(sheet: Sheet, seen: Seen, raster: Raster, opacity: Bytes | None) -> Bytes:
    """How much of what is behind a sheet hides."""
    alpha = raster.alpha if opacity is None else times(opacity, raster.alpha)
    if not sheet.on_head:
        return alpha
    return times(_spread(sheet, raster, seen.shown), alpha)


def _spread(sheet: Sheet, raster: Raster, shares: Floats, one: float = 255.0) -> Bytes:
    """Smooth values, given at the vertices of a sheet, for each pixel of its drawing."""
    whole = cv2.convertScaleAbs(shares.reshape(sheet.surface.shape), alpha=one)
    return raster.spread(np.asarray(whole, np.uint8))


def _tint(sheet: Sheet, seen: Seen, raster: Raster, dimming: Bytes | None) -> Bytes:
    """How much light (0 to 255) a sheet keeps back."""
    alpha = raster.alpha
    if dimming is not None:
        # A shadow that lies on the head thins out where the head turns away, or its edge would
        # show beside a head that is narrower.
        facing = np.abs(seen.normals[:, 2])
        thin = _spread(sheet, raster, np.minimum(facing / _GRAZING, 1))
        alpha = times(times(dimming, thin), alpha)
    return np.asarray(cv2.convertScaleAbs(alpha, alpha=sheet.tint), np.uint8)


def _paint(
    sheet: Sheet, seen: Seen, raster: Raster, colours: tuple[Bytes, ...], light: Light
) -> Paint:
    """The colours of a sheet as it is lit."""
    parts, full = (colours, 255.0) if len(colours) == 3 else (colours * 3, _FULL)
    one = _LIT if sheet.lit else 255.0
    scales = (light.tone(sheet.colour) / (full * one)).tolist()

    def paint(share: Bytes) -> Bytes:
        lit = share
        if sheet.lit:
            lit = times(share, _spread(sheet, raster, light.shade(seen.normals), _LIT))
        planes = (cv2.multiply(p, lit, scale=t) for p, t in zip(parts, scales, strict=True))
        # Nothing is brighter than white, whatever its share.
        return np.asarray(cv2.merge([cv2.min(plane, share) for plane in planes]), np.uint8)

    return paint
