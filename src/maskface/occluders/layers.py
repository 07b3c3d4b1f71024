"""Draw a mask and its loops on their own, ready to be laid over a photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders.geometry import HeadFit
from maskface.occluders.light import LUMA, Light
from maskface.occluders.raster import Raster, rasterise, visible_triangles
from maskface.occluders.surface import LOOP_POINTS, Surface

Floats: TypeAlias = NDArray[np.float64]
Bytes: TypeAlias = NDArray[np.uint8]

FINE: Final = 5.0
"""Below this many pixels per centimetre the mask is drawn larger and then shrunk."""
_LOOKUP: Final = 5.0
"""Samples per centimetre at which texture coordinates are worked out."""
_MASK_WIDTH: Final = 17.0  # cm, along the cloth
_EDGE_BLUR: Final = 0.6  # px
_LOOP_WIDTH: Final = 0.22  # cm
_LOOP_COLOUR: Final = (222, 222, 218)
_DARK: Final = 110.0
"""Masks of lower luminance have loops of their own colour."""
_LOOP_FADE: Final = 0.25
"""Share of a loop, at its end, that passes out of sight behind the ear or under the hair."""
_LOOP_HORIZON: Final = 0.15
"""Loops are hidden where the head faces away from the camera by more than this cosine."""
_FULL: Final = 200.0
"""Brightness of cloth in full light before it is given its colour; leaves room for highlights."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a mask is made of.

    Attributes
    ----------
    cloth
        Relative brightness of the cloth at several sizes; see `maskface.occluders.texture.cloth`.
    colour
        Red, green, blue of the cloth in full light, 0 to 255.
    """

    cloth: tuple[NDArray[np.float32], ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A drawn mask.

    Attributes
    ----------
    colour
        (h, w, 3) uint8 RGB of the lit cloth, reaching a little beyond the outline.
    mask, loops
        (h, w) uint8, 255 where they fill the pixel.
    tone
        Red, green, blue of the loops, 0 to 255.
    """

    colour: Bytes
    mask: Bytes
    loops: Bytes
    tone: tuple[float, float, float]

    def grey(self) -> Layers:
        """The same in shades of grey."""
        level = np.round(self.colour @ LUMA).astype(np.uint8)
        tone = float(np.array(self.tone) @ LUMA)
        return replace(self, colour=np.repeat(level[..., None], 3, axis=2), tone=(tone,) * 3)


def draw_layers(
    fit: HeadFit, surface: Surface, material: Material, light: Light, shape: tuple[int, int]
) -> Layers:
    """Draw a mask and its loops.

    Parameters
    ----------
    fit
        Where the head is, in pixels of the drawing.
    surface
        The mask's shape.
    material
        The mask's cloth.
    light
        How the face is lit.
    shape
        Height and width of the drawing.

    Returns
    -------
    Layers
        With outlines as soft as a photograph's. Small masks are drawn large and shrunk.
    """
    zoom = max(1, int(np.ceil(FINE / fit.scale)))
    layers = _draw(fit.zoomed(zoom), surface, material, light, (shape[0] * zoom, shape[1] * zoom))
    if zoom > 1:
        colour, mask, loops = (
            np.asarray(cv2.resize(part, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
            for part in (layers.colour, layers.mask, layers.loops)
        )
        layers = Layers(colour, mask, loops, layers.tone)
    return _soften(layers)


def _draw(
    fit: HeadFit, surface: Surface, material: Material, light: Light, shape: tuple[int, int]
) -> Layers:
    # The smallest cloth that is not blurred at this size.
    needed = _MASK_WIDTH * fit.scale
    cloth = next((c for c in reversed(material.cloth) if c.shape[1] >= needed), material.cloth[0])
    points = fit.project(surface.vertices)
    places = surface.grid * [cloth.shape[1] - 1, cloth.shape[0] - 1]
    triangles = visible_triangles(points, surface.triangles)
    raster = rasterise(points, triangles, places, shape, max(1, int(fit.scale / _LOOKUP)))
    shade = light.shade(fit.turn(surface.normals)).reshape(surface.shape)
    colour = _paint(raster, cloth, shade, material.colour)
    loops = _draw_loops(fit, surface, shape)
    return Layers(colour, raster.alpha, loops, _loop_tone(material.colour, light))


def _loop_tone(colour: tuple[int, int, int], light: Light) -> tuple[float, float, float]:
    dark = float(np.array(colour) @ LUMA) < _DARK
    red, green, blue = (light.level * channel for channel in (colour if dark else _LOOP_COLOUR))
    return red, green, blue


def _paint(
    raster: Raster,
    cloth: NDArray[np.float32],
    shade: Floats,
    colour: tuple[int, int, int],
) -> Bytes:
    """Colour (h, w, 3) of lit cloth for every pixel of a drawing."""
    size = cloth.shape[::-1]
    smooth = cv2.resize(shade.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    flat = np.asarray(cv2.convertScaleAbs(cv2.multiply(cloth, smooth, scale=_FULL)), np.uint8)
    drawn = raster.sample(flat)
    tones = np.arange(256)[:, None] / _FULL * np.array(colour)
    table = np.clip(np.round(tones), 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(cv2.merge([drawn, drawn, drawn]), table), np.uint8)


def _draw_loops(fit: HeadFit, surface: Surface, shape: tuple[int, int]) -> Bytes:
    """Alpha of the parts of the ear loops that the head does not hide."""
    loops = np.zeros(shape, np.uint8)
    thickness = max(1, round(_LOOP_WIDTH * fit.scale))
    left = 1 - np.sin(np.linspace(0, np.pi / 2, LOOP_POINTS))  # share of the loop still to come
    fade = np.round(255 * np.clip(left / _LOOP_FADE, 0, 1))
    seen = fit.turn(surface.loop_normals)[..., 2] < _LOOP_HORIZON
    drawn = seen[:, 1:] & seen[:, :-1] & (fade[:-1] > 0)
    points = np.round(fit.project(surface.loops)[..., :2] * 16).astype(int).tolist()
    # From the ear to the mask, so that the fainter parts do not lie over the others.
    for loop, k in sorted(zip(*np.nonzero(drawn), strict=True), key=lambda part: -part[1]):
        start, end = points[loop][k + 1], points[loop][k]
        cv2.line(loops, start, end, (fade[k],), thickness, cv2.LINE_AA, 4)
    return loops


def _soften(layers: Layers) -> Layers:
    """Blur the outlines a little, as no photograph is sharper; let the mask hide the loops."""
    mask, loops = (
        np.asarray(cv2.GaussianBlur(part, (3, 3), _EDGE_BLUR), np.uint8)
        for part in (layers.mask, layers.loops)
    )
    seen = np.asarray(cv2.multiply(loops, 255 - mask, scale=1 / 255), np.uint8)
    return replace(layers, mask=mask, loops=seen)
