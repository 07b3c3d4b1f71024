"""Draw a garment on its own, ready to be laid over a photograph."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.occluders.cord_lines import add_cord
from maskface.occluders.garment import Cord, Garment, Sheet
from maskface.occluders.geometry import HeadFit
from maskface.occluders.hair import Hair
from maskface.occluders.layer import Layer
from maskface.occluders.light import Light
from maskface.occluders.sheets import Kept, add_sheet
from maskface.occluders.view import Seen, seen_from

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
    """Draw a garment.

    Parameters
    ----------
    fit
        Where the head is, in pixels of the picture.
    garment
        What to draw.
    light
        How the face is lit; None if only the outlines are wanted, without colour.
    shape
        Height and width of the drawing.
    hair
        Hair that covers the ears, in pixels of the drawing.
    corner
        Column and row of the picture at which the drawing begins.

    Returns
    -------
    Layer
        Small garments are drawn large and shrunk.
    """
    zoom = max(1, int(np.ceil(FINE / fit.scale)))
    if zoom == 1:
        return _draw(seen_from(fit, garment, corner), garment, light, shape, hair)
    large = fit.moved(-corner[0], -corner[1]).zoomed(zoom)
    size = (shape[0] * zoom, shape[1] * zoom)
    layer = _draw(seen_from(large, garment), garment, light, size, None)
    area = cv2.INTER_AREA
    return layer.filtered(
        lambda part: np.asarray(cv2.resize(part, shape[::-1], interpolation=area))
    )


def _draw(
    seen: list[Seen],
    garment: Garment,
    light: Light | None,
    shape: tuple[int, int],
    hair: Hair | None,
) -> Layer:
    layer = Layer.empty(shape)
    kept: Kept = {}
    for item, own in _nearest_first(list(zip(garment.items, seen, strict=True))):
        if isinstance(item, Sheet):
            add_sheet(layer, own, item, light, kept, hair=hair)
        else:
            add_cord(layer, own, item, light, hair=hair)
    return layer


def _nearest_first(items: list[tuple[Sheet | Cord, Seen]]) -> list[tuple[Sheet | Cord, Seen]]:
    """Sort the sheets that ask for it among themselves; the rest keep their places."""
    places = [k for k, (item, _) in enumerate(items) if isinstance(item, Sheet) and item.by_depth]
    nearest = sorted(places, key=lambda k: float(items[k][1].points[:, 2].mean()))
    ordered = list(items)
    for place, k in zip(places, nearest, strict=True):
        ordered[place] = items[k]
    return ordered
