"""Outlines of masks in the frame of the face, and a drawn mask put where another one sits.

The unit is the distance between the outer corners of the eyes, the origin lies midway between
them, x runs along them and y down the face.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Bytes, Floats
from maskface.errors import MaskfaceError
from maskface.occluders.worn.base import Mask
from maskface.occluders.worn.placement import UNIT, Placement
from maskface.types import HALF, FaceLandmarks, ImageArray, MaskArray

OUTER_CORNERS: Final = (33, 263)
IRISES: Final = (468, 473)
PIXELS: Final = 160
"""Pixels to the unit at which an outline is measured."""
LEFT, ABOVE, RIGHT, BELOW = -1.25, -0.35, 1.25, 2.0
"""The part of the frame that is looked at."""
CORD: Final = 0.09
"""Anything thinner is no part of the mask's body: loops and straps."""
SLANT: Final = (0.6, 0.45)
"""How much height counts beside distance from the midline for upper and for lower corners."""
_ROUNDS: Final = 5  # corrections after which a drawn mask sits as well as it can


def eye_frame(landmarks: FaceLandmarks) -> Floats:
    """Return the affine map (2, 3) from the picture to pixels of the frame."""
    first, second = (landmarks.points[k, :2].astype(np.float64) for k in OUTER_CORNERS)
    unit = (second - first) / np.linalg.norm(second - first) ** 2 * PIXELS
    turn = np.array([[unit[0], unit[1]], [-unit[1], unit[0]]])
    return np.column_stack([turn, -turn @ (first + second) / 2 - np.array([LEFT, ABOVE]) * PIXELS])


def mask_body(alpha: Bytes, landmarks: FaceLandmarks) -> MaskArray:
    """Return the body of a mask without its loops, (376, 400) bool, `PIXELS` to the unit.

    `alpha` (H, W) uint8 is what the mask hides of the picture, `landmarks` the face as found in the
    plain one. All False if nothing as thick as a mask is there.
    """
    size = (round((RIGHT - LEFT) * PIXELS), round((BELOW - ABOVE) * PIXELS))
    seen = cv2.warpAffine(alpha, eye_frame(landmarks), size) > HALF
    side = round(CORD * PIXELS) | 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_OPEN, brush)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    if len(stats) == 1:
        return np.zeros(opened.shape, bool)
    return np.asarray(labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax())


def measure_outline(body: MaskArray, landmarks: FaceLandmarks) -> dict[str, float]:
    """Measure where a mask sits, by name, in units of the frame and degrees.

    `body` is from `mask_body`; `landmarks` tell the place of the pupils. A positive tilt is
    clockwise in the picture. NaN where the mask does not reach; raises MaskfaceError if there is no
    mask.
    """
    rows, columns = np.nonzero(body)
    if not len(rows):
        raise MaskfaceError("There is no mask to measure: its alpha hides nothing below the eyes.")
    x, y = columns / PIXELS + LEFT, rows / PIXELS + ABOVE
    frame = eye_frame(landmarks)
    pupils = landmarks.points[list(IRISES), :2] @ frame[:, :2].T + frame[:, 2]
    middle = _top_at(x, y, 0.0)
    inner = [_top_at(x, y, float(at)) for at in pupils[:, 0] / PIXELS + LEFT]
    outer = [_top_at(x, y, at) for at in (-0.5, 0.5)]
    upper = [_corner(x, y, side, -1.0) for side in (-1, 1)]
    lower = [_corner(x, y, side, 1.0) for side in (-1, 1)]
    return {
        "top, midline": middle,
        "top, pupils": float(np.mean(inner)),
        "top, outer corners": float(np.mean(outer)),
        "midline to outer": float(np.mean(outer)) - middle,
        "tilt": float(np.degrees(np.arctan2(outer[1] - outer[0], 1.0))),
        "width": float(x.max() - x.min()),
        "lowest": float(y.max()),
        "upper corner x": (upper[1][0] - upper[0][0]) / 2,
        "upper corner y": (upper[0][1] + upper[1][1]) / 2,
        "lower corner x": (lower[1][0] - lower[0][0]) / 2,
        "lower corner y": (lower[0][1] + lower[1][1]) / 2,
        "shift": float(x.max() + x.min()) / 2,
    }


def _top_at(x: Floats, y: Floats, at: float) -> float:
    """Return the height of the upper edge at a place across; NaN beside the mask."""
    near = np.abs(x - at) < 0.02
    return float(y[near].min()) if near.any() else float("nan")


def _corner(x: Floats, y: Floats, side: int, down: float) -> tuple[float, float]:
    """Return the corner of an outline on one side, the farthest outwards and up or down."""
    half = y < 0.62 if down < 0 else y > 0.5
    if not half.any():
        return float("nan"), float("nan")
    score = side * x[half] + down * SLANT[down > 0] * y[half]
    k = int(score.argmax())
    return float(x[half][k]), float(y[half][k])


def overlap(first: MaskArray, second: MaskArray) -> float:
    """Return intersection by union of two masks of one shape, 0 to 1; NaN if both are empty."""
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else float("nan")


def placement_of(
    occluder: Mask, image: ImageArray, landmarks: FaceLandmarks, body: MaskArray
) -> Placement:
    """Find the placement in which a mask drawn on a plain picture hides what another one hides.

    `body` is the `mask_body` of the other mask on this face. Returns the best of some rounds of
    correction by what `measure_outline` finds.
    """
    wanted, placement = measure_outline(body, landmarks), Placement()
    found: list[tuple[float, Placement]] = []
    for _ in range(_ROUNDS):
        own = mask_body(occluder.hide_at(image, landmarks, placement), landmarks)
        found.append((overlap(own, body), placement))
        if not own.any():
            break
        placement = _corrected(placement, wanted, measure_outline(own, landmarks))
    return max(found, key=lambda one: one[0])[1]


def _corrected(placement: Placement, wanted: dict[str, float], own: dict[str, float]) -> Placement:
    """Move a placement by what is missing; NaN moves nothing."""
    gap = {name: np.nan_to_num(wanted[name] - own[name]) for name in wanted}
    wide = (2 * gap["upper corner x"] + gap["lower corner x"]) / 3
    step = Placement(
        top=-gap["top, midline"] * UNIT,
        bottom=-gap["lowest"] * UNIT,
        upper=-gap["upper corner y"] * UNIT,
        lower=-gap["lower corner y"] * UNIT,
        width=wide * UNIT,
        taper=(gap["lower corner x"] - gap["upper corner x"]) / 1.5 * UNIT,
        tilt=-gap["tilt"],
        shift=gap["shift"] * UNIT,
    )
    moved = {f.name: getattr(placement, f.name) + getattr(step, f.name) for f in fields(step)}
    return replace(placement, **{name: float(value) for name, value in moved.items()})
