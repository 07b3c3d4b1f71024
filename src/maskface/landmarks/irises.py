"""Proportions of pictures, judged by the irises of faces: an iris is a circle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from maskface.errors import ImageError, MaskfaceError
from maskface.images import LIMITS, Limits, read_image
from maskface.landmarks.mediapipe import MediaPipeDetector
from maskface.run_options import argument
from maskface.types import FaceLandmarks

_RINGS: Final = ((469, 470, 471, 472), (474, 475, 476, 477))
"""Four landmarks around each iris, a quarter turn apart."""
_OWN: Final = 1.10
"""Width by height of the irises that MediaPipe finds in photographs in true proportions: 1.107 on
100 of the London set, 1.094 on 10 composites, 1.12 on the first after shrinking to 48 px."""
_FRONTAL: Final = 15.0
"""Irises of heads that are turned farther, in degrees of yaw, are narrowed by the view."""
TOLERANCE: Final = 0.12
"""Deviation from 1 that photographs in true proportions do not reach in the median: 80 synthetic
faces have 1.06, 100 Taiwan photographs 1.05, the same squeezed from 4 : 5 to a square 1.27."""
FEWEST: Final = 5
"""Fewer frontal faces are not judged: single ones have a standard deviation of .06."""
_LOOKED_AT: Final = 60


def iris_aspect(face: FaceLandmarks) -> float:
    """Return the width of the irises by their height, 1 for a picture in true proportions.

    Above 1 the picture is squashed, below 1 it is squeezed from the sides. What MediaPipe itself
    adds is taken off. NaN if the head is turned by more than 15 degrees.
    """
    if abs(face.pose.yaw) > _FRONTAL:
        return math.nan
    spread = face.points[np.array(_RINGS), :2].astype(np.float64).std(axis=1)
    # Of four points a quarter turn apart, wherever the first is, both spreads of a circle agree.
    return float((spread[:, 0] / np.maximum(spread[:, 1], 1e-6)).mean() / _OWN)


def restoring_factor(aspects: Sequence[float]) -> float:
    """Return how many times as high pictures must be made to restore their proportions.

    Parameters
    ----------
    aspects
        Of faces, as `iris_aspect` gives them; NaN are left out.

    Returns
    -------
    float
        The median if it is off by more than `TOLERANCE`, with two decimals; 1 if not, or if there
        are fewer than `FEWEST`.

    Examples
    --------
    >>> restoring_factor([1.27, 1.31, 1.2, 1.25, 1.3]), restoring_factor([1.06] * 9)
    (1.27, 1.0)
    """
    known = np.array([aspect for aspect in aspects if not math.isnan(aspect)])
    if len(known) < FEWEST:
        return 1.0
    median = float(np.median(known))
    return round(median, 2) if max(median, 1 / median) > 1 + TOLERANCE else 1.0


def find_aspect(
    wanted: float | Literal["auto"], paths: Iterable[str | Path], limits: Limits = LIMITS
) -> float:
    """Return how many times as high pictures are to be made: `wanted`, or as their faces show.

    For ``auto``, the irises of up to 60 of the pictures are measured, spread evenly over all.
    Pictures that cannot be read are left out.

    Raises
    ------
    MaskfaceError
        If fewer than `FEWEST` faces can be judged.
    """
    if wanted != "auto":
        return wanted
    files = list(paths)
    places = np.unique(np.linspace(0, len(files) - 1, min(_LOOKED_AT, len(files))).astype(int))
    aspects = []
    with MediaPipeDetector() as detector:
        for place in places.tolist():
            try:
                image = read_image(files[place], limits)
            except ImageError:
                continue
            aspects += [iris_aspect(face) for face in detector.detect(image)[:1]]
    judged = sum(not math.isnan(aspect) for aspect in aspects)
    if judged < FEWEST:
        raise MaskfaceError(
            f"{argument('restore_aspect', value='auto')} needs {FEWEST} frontal faces or more, got "
            f"{judged}. Name the factor: {argument('restore_aspect', value=1.25)} makes pictures "
            "1.25 x as high."
        )
    return restoring_factor(aspects)
