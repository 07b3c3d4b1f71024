"""Put a mask into a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.occluders._base import Drawing
from maskface.occluders.geometry import HeadFit
from maskface.occluders.layers import Layers, Material, draw_layers
from maskface.occluders.light import Light
from maskface.occluders.surface import Surface, head_outline
from maskface.types import ImageArray

Bytes: TypeAlias = NDArray[np.uint8]

_SHADOW_REACH: Final = 0.5  # cm, standard deviation
_SHADOW_DEPTH: Final = 0.55
_SHADOW_SAMPLES: Final = 4.0
"""Samples per centimetre of the shadow; it is soft and needs no more."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: left, top, right, bottom (the last two outside)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in an image."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.y1 - self.y0, self.x1 - self.x0


def draw_mask(
    image: ImageArray, fit: HeadFit, surface: Surface, material: Material, light: Light
) -> Drawing:
    """Draw a lit mask with its loops and shadow.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB; it is not changed.
    fit
        Where the head is.
    surface
        The mask's shape.
    material
        The mask's cloth.
    light
        How the face is lit.

    Returns
    -------
    Drawing
        It is grey if the photograph is.
    """
    result = image.copy()
    alpha, shadow = np.zeros((2, *image.shape[:2]), np.uint8)
    box = _box(fit, surface, image.shape)
    if min(box.shape) < 1:
        return Drawing(result, alpha, shadow)
    local = fit.moved(-box.x0, -box.y0)
    layers = draw_layers(local, surface, material, light, box.shape)
    if is_grey(image):
        layers = layers.grey()
    hidden = np.asarray(cv2.add(layers.mask, layers.loops), np.uint8)
    lit = _shadow(hidden, local)
    result[box.slices] = _blend(image[box.slices], layers, hidden, lit)
    alpha[box.slices], shadow[box.slices] = hidden, 255 - lit
    return Drawing(result, alpha, shadow)


def is_grey(image: ImageArray) -> bool:
    """Whether red, green and blue agree at every pixel of an (H, W, 3) picture."""
    # A look at few pixels settles it for nearly every colour photograph.
    for part in (image[::16, ::16], image):
        red, green, blue = part[..., 0], part[..., 1], part[..., 2]
        if not (np.array_equal(red, green) and np.array_equal(green, blue)):
            return False
    return True


def _box(fit: HeadFit, surface: Surface, shape: tuple[int, ...]) -> Box:
    """Everything that the mask, its loops and its shadow can touch."""
    points = fit.project(np.vstack([surface.vertices, *surface.loops]))[:, :2]
    margin = 2.5 * _SHADOW_REACH * fit.scale + 2
    limits = [shape[1], shape[0]]
    x0, y0 = np.clip(np.floor(points.min(axis=0) - margin), 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(points.max(axis=0) + margin), 0, limits).astype(int).tolist()
    return Box(x0, y0, x1, y1)


def _shadow(alpha: Bytes, fit: HeadFit) -> Bytes:
    """How much light (0 to 255) reaches what is beside the mask.

    The shadow lies on the head and the neck only, not on what is behind them.
    """
    step = max(1, int(fit.scale / _SHADOW_SAMPLES))
    size = (-(-alpha.shape[1] // step), -(-alpha.shape[0] // step))
    small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)
    reach = _SHADOW_REACH * fit.scale / step
    near = np.asarray(cv2.GaussianBlur(small, (0, 0), reach), np.float32) / 255
    skin = np.zeros(small.shape, np.uint8)
    for part in head_outline():
        outline = cv2.convexHull((fit.project(part)[:, :2] / step).astype(np.float32))
        cv2.fillConvexPoly(skin, np.round(outline * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
    on_skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), 0.5 * reach), np.float32) / 255
    light = np.round(255 * (1 - _SHADOW_DEPTH * near * on_skin)).astype(np.uint8)
    large = cv2.resize(light, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.uint8)


def _blend(photo: ImageArray, layers: Layers, hidden: Bytes, light: Bytes) -> Bytes:
    """Lay mask and loops over the photograph, whose own light is dimmed beside the mask."""
    rest = cv2.multiply(255 - hidden, light, scale=1 / 255)
    cloth = cv2.multiply(layers.colour, cv2.merge([layers.mask] * 3), scale=1 / 255)
    under = cv2.multiply(photo, cv2.merge([rest] * 3), scale=1 / 255)
    mixed = np.asarray(cv2.add(cloth, under), np.uint8)
    rows, columns = np.nonzero(layers.loops)
    cords = layers.loops[rows, columns, None] / 255 * np.array(layers.tone)
    mixed[rows, columns] = np.minimum(mixed[rows, columns] + np.round(cords), 255).astype(np.uint8)
    return mixed
