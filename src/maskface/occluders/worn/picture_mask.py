"""A mask with a picture of the user's own on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Reals
from maskface.errors import ImageError, MaskfaceError
from maskface.images import read_rgba
from maskface.occluders.colours import BRIGHTEST, DARKEST, RGB
from maskface.occluders.drawing.garment import Garment, Sheet, Texture
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import Mask
from maskface.occluders.worn.creases import creased_sheet
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.planes import canvas, make_texture, step
from maskface.occluders.worn.surface import SURGICAL, detail
from maskface.occluders.worn.weaves import tallness
from maskface.specs import FilePath

WIDTH: Final = 768
HEIGHT: Final = 640
"""Pixels that pictures are brought to; about as many as a mask has on a 1024 px face."""
DIGITS: Final = 16
_NEAR: Final = 12.0  # px
_FIELDS: Final = (12, 10)  # fields across and down of the chart that is shown without a picture
_MARGIN: Final = (0.065, 0.045)
"""Width of the chart's plain margin at its sides, which are seen at an angle, and above and below,
as shares of the mask's. Fields that the edge cuts would be bright and dark spots on the skin."""
_MARGIN_COLOUR: Final = (0.52, 0.52, 0.56)


@OCCLUDERS.register("texture")
@dataclass(frozen=True)
class PictureMask(Mask):
    """A mask with your own picture on it; where the picture is transparent, the face shows.

    Attributes
    ----------
    path
        A picture file (PNG, JPEG, ...), stretched over the mask: its first row along the upper
        edge, its left column along the person's right side. Without one, a chart of
        12 by 10 fields shows where the parts of a picture come to lie.
    sha256
        First `DIGITS` hexadecimal digits of the hash of the picture's pixels, empty without one;
        it is found, not given. Results name it, so that another picture under the same name is
        told apart.

    Raises
    ------
    MaskfaceError
        If the file cannot be read, or is transparent everywhere.
    """

    path: FilePath = ""
    sha256: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.path:
            object.__setattr__(self, "sha256", _digest(_picture(self.path)))

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the picture and its loops."""
        surface = self.surface(SURGICAL, scale, one)
        texture = picture_cloth(self.path, self.sha256)
        loops = self.loops(surface, _main_colour(texture))
        sheet = creased_sheet(Sheet(surface, texture), one, 1.0, fine=detail(scale) > 0)
        return Garment((sheet, *loops))


@lru_cache(maxsize=16)
def picture_cloth(path: str, sha256: str) -> Texture:
    """Read a picture as cloth; an empty path gives the chart.

    Raises MaskfaceError if the file cannot be read, or its pixels no longer have the hash `sha256`.
    """
    if not path:
        return make_texture(_chart())
    picture = _picture(path)
    if _digest(picture) != sha256:
        raise MaskfaceError(
            f"The picture {path!r} of occluder 'texture' is another than when it was first read. "
            "Begin again with the picture as it is now."
        )
    return _texture_of(picture)


def _digest(picture: NDArray[np.uint8]) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()[:DIGITS]


def _picture(path: str) -> NDArray[np.uint8]:
    """Read a picture, (h, w, 4)."""
    try:
        picture = read_rgba(Path(path).expanduser())
    except ImageError as error:
        raise _refusal(path, str(error)) from error
    if not picture[..., 3].any():
        raise _refusal(path, "it is transparent everywhere")
    return picture


def _refusal(path: str, why: str) -> MaskfaceError:
    return MaskfaceError(
        f"Parameter 'path' of occluder 'texture' got {path!r}: {why}. Give the path of a picture "
        "file, as in texture:path=mask.png; a PNG can have transparent parts."
    )


@lru_cache(maxsize=16)
def _main_colour(texture: Texture) -> RGB:
    """Red, green and blue (0 to 255) that half of the cloth's visible parts lie below."""
    colours = texture.levels[-1].reshape(-1, 3)
    if texture.opacity is not None:
        solid = texture.opacity[-1].ravel()
        colours = colours[solid >= solid.max() / 2]
    red, green, blue = np.round(255 * np.median(colours, axis=0)).astype(int).tolist()
    return red, green, blue


def _texture_of(picture: NDArray[np.uint8]) -> Texture:
    parts = picture.astype(np.float32) / 255
    # Colours of transparent pixels mean nothing and must not bleed into their neighbours.
    parts[..., :3] *= parts[..., 3:]
    shrink = parts.shape[0] * parts.shape[1] > WIDTH * HEIGHT
    method = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    sized = np.asarray(cv2.resize(parts, (WIDTH, HEIGHT), interpolation=method), np.float32)
    solid = sized[..., 3]
    if solid.min() > 0.999:
        return make_texture(_printed(sized[..., :3]))
    return make_texture(_printed(_filled(sized)), solid)


def _printed(colours: Reals) -> Reals:
    """Colours (h, w, 3) as bright and as dark as cloth can be."""
    return np.asarray(np.clip(colours, DARKEST / 255, BRIGHTEST / 255), np.float32)


def _filled(parts: Reals) -> Reals:
    """Colours (h, w, 3) from ones multiplied by alpha; transparent places get those near by."""
    near = np.asarray(cv2.GaussianBlur(parts, (0, 0), _NEAR))
    # A trace of the surroundings alone where nothing is solid, else the pixel's own colour.
    mixed = parts + 0.01 * near
    return np.asarray(mixed[..., :3] / np.maximum(mixed[..., 3:], 1e-6), np.float32)


def _chart() -> Reals:
    """Fields that grow redder to the right and greener downwards, with the middle lines."""
    x, y = canvas(HEIGHT, WIDTH)
    across, down = _FIELDS
    column, row = np.floor(x * across * 0.9999), np.floor(y * down * 0.9999)
    light = 0.80 - 0.12 * ((column + row) % 2)
    colour = np.stack([0.4 + 0.6 * column / across, 0.4 + 0.6 * row / down, 0 * x + 0.75], axis=-1)
    lines = step(0.004 - np.minimum(np.abs(x - 0.5), np.abs(y - 0.5)), 0.001)
    shaded = light[..., None] * colour * (1 - 0.7 * lines[..., None])
    plain = _margin(x, y)[..., None]
    return np.asarray((1 - plain) * shaded + plain * np.array(_MARGIN_COLOUR), np.float32)


def _margin(x: Reals, y: Reals) -> Reals:
    """1 along the edges, about as wide everywhere when worn: the mask is lower at its sides."""
    side, end = _MARGIN
    inside = np.minimum(np.minimum(x, 1 - x) / side, np.minimum(y, 1 - y) * tallness(x) / end)
    return step(1 - inside, 0.02)
