"""Make textures: the sizes of a picture, and the pieces that drawn cloth is made of."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Reals
from maskface.occluders.garment import Texture

_LEVELS: Final = 5


def make_texture(
    level: Reals, opacity: Reals | None = None, dimming: Reals | None = None
) -> Texture:
    """Make a texture from its largest size.

    Parameters
    ----------
    level
        (h, w) brightness around 1, or (h, w, 3) red, green and blue from 0 to 1.
    opacity
        (h, w) from 0 (nothing is hidden) to 1; None if all is hidden.
    dimming
        (h, w) from 0 to 1, where the sheet's tint acts; None if it does everywhere.
    """
    return Texture(_sizes(level), _bytes(opacity), _bytes(dimming))


def _bytes(plane: Reals | None) -> tuple[NDArray[np.uint8], ...] | None:
    if plane is None:
        return None
    sizes = (np.round(255 * np.clip(size, 0, 1)) for size in _sizes(plane))
    return tuple(size.astype(np.uint8) for size in sizes)


def _sizes(plane: Reals) -> tuple[NDArray[np.float32], ...]:
    sizes = [np.ascontiguousarray(plane, np.float32)]
    while len(sizes) < _LEVELS:
        sizes.append(np.asarray(cv2.pyrDown(sizes[-1]), np.float32))
    return tuple(sizes)
