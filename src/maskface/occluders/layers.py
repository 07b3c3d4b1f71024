"""Draw a garment on its own, ready to be laid over a photograph."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.occluders.cord_lines import add_cord
from maskface.occluders.garment import Cord, Garment, Sheet
from maskface.occluders.geometry import HeadFit
from maskface.occluders.layer import Layer
from maskface.occluders.light import Light
from maskface.occluders.sheets import Kept, add_sheet

FINE: Final = 5.0
"""Below this many pixels per centimetre a garment is drawn larger and then shrunk."""


def draw_garment(
    fit: HeadFit, garment: Garment, light: Light | None, shape: tuple[int, int]
) -> Layer:
    """Draw a garment.

    Parameters
    ----------
    fit
        Where the head is, in pixels of the drawing.
    garment
        What to draw.
    light
        How the face is lit; None if only the outlines are wanted, without colour.
    shape
        Height and width of the drawing.

    Returns
    -------
    Layer
        Small garments are drawn large and shrunk.
    """
    zoom = max(1, int(np.ceil(FINE / fit.scale)))
    layer = _draw(fit.zoomed(zoom), garment, light, (shape[0] * zoom, shape[1] * zoom))
    if zoom == 1:
        return layer
    area = cv2.INTER_AREA
    return layer.filtered(
        lambda part: np.asarray(cv2.resize(part, shape[::-1], interpolation=area))
    )


def _draw(fit: HeadFit, garment: Garment, light: Light | None, shape: tuple[int, int]) -> Layer:
    layer = Layer.empty(shape)
    kept: Kept = {}
    for item in _nearest_first(fit, garment.items):
        if isinstance(item, Sheet):
            add_sheet(layer, fit, item, light, kept)
        else:
            add_cord(layer, fit, item, light)
    return layer


def _nearest_first(fit: HeadFit, items: tuple[Sheet | Cord, ...]) -> list[Sheet | Cord]:
    """Sort the sheets that ask for it among themselves; the rest keep their places."""
    places = [k for k, item in enumerate(items) if isinstance(item, Sheet) and item.by_depth]
    loose = [item for item in items if isinstance(item, Sheet) and item.by_depth]
    loose.sort(key=lambda sheet: float(fit.project(sheet.surface.vertices)[:, 2].mean()))
    ordered = list(items)
    for place, sheet in zip(places, loose, strict=True):
        ordered[place] = sheet
    return ordered
