"""Lines and edges in a part of a photograph, dark, light or coloured."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats, Singles
from maskface.occluders.geometry import HeadFit
from maskface.occluders.light import LUMA
from maskface.types import ImageArray

_COLOUR: Final = 1.2
"""Weight of a difference in colour beside one in brightness: skin varies more in brightness."""


def seen_at(image: ImageArray, fit: HeadFit, places: Floats) -> ImageArray:
    """The photograph (rows, columns, 3) at places (rows, columns, 3) of the head.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    places
        In cm.
    """
    at = fit.project(places).astype(np.float32)
    seen = cv2.remap(
        image,
        at[..., 0],
        at[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen, np.uint8)


def contrasts(seen: ImageArray, skin: float) -> Singles:
    """Brightness and two differences in colour (rows, columns, 3) as shares of the skin's."""
    red, blue = np.eye(3)[[0, 2]]
    mix = np.stack([LUMA, _COLOUR * (red - LUMA), _COLOUR * (blue - LUMA)]) / skin
    return np.asarray(cv2.transform(seen.astype(np.float32), mix), np.float32)


def lines(rows: Singles, length: int) -> tuple[Singles, Singles]:
    """Find what is darker, and what is lighter, than what is around it along its row.

    Parameters
    ----------
    rows
        (rows, columns, 3) float32.
    length
        Things this long or longer, in pixels, do not count.

    Returns
    -------
    darker, lighter
        (rows, columns) float32, 0 or more: by how much, in the channel where it is most.
    """
    kernel = np.ones((1, length), np.uint8)
    above = cv2.subtract(cv2.morphologyEx(rows, cv2.MORPH_CLOSE, kernel), rows)
    below = cv2.subtract(rows, cv2.morphologyEx(rows, cv2.MORPH_OPEN, kernel))
    return strongest(above), strongest(below)


def strongest(channels: cv2.typing.MatLike) -> Singles:
    """The largest of three channels (rows, columns, 3) at each pixel."""
    one, two, three = cv2.split(channels)
    return np.asarray(cv2.max(cv2.max(one, two), three), np.float32)
