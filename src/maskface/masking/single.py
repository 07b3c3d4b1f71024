"""Mask the face in one picture."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path

from maskface.errors import MaskfaceError
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.occluders import Occluder, as_single_occluder
from maskface.pipeline import Picture, open_picture
from maskface.types import Occlusion


def mask(face: Picture, occluder: str | Occluder, *, seed: int = 0) -> Occlusion:
    """Put an occluder on the face in a picture.

    Parameters
    ----------
    face
        A picture file, or an image (H, W, 3) uint8 RGB. Of several faces the largest is masked,
        and a warning says so.
    occluder
        An occluder by name, such as ``"surgical:colour=white"``, or as an object.
    seed
        Seed of everything random in the occluder, 0 or more.

    Returns
    -------
    Occlusion
        With the whole picture as `image`, (H, W) bool `mask`, and `coverage`, the fraction of the
        face oval that is hidden.

    Raises
    ------
    MaskfaceError
        If the picture cannot be read or shows no face, or the occluder is not allowed.
    ValueError
        If an array is not an RGB image.

    Examples
    --------
    >>> from maskface.gallery import example_faces
    >>> masked = mask(example_faces()[0], "surgical:colour=white")
    >>> masked.mask.shape == masked.image.shape[:2]
    True
    """
    worn = as_single_occluder(occluder)
    image, data = open_picture(face)
    faces = _detector().detect(image, data)
    what = str(face) if isinstance(face, str | Path) else "the image"
    if not faces:
        raise MaskfaceError(
            f"No face found in {what}. Give a picture in which a face is seen from the front, "
            "and neither small nor cut off."
        )
    if len(faces) > 1:
        left, top, right, bottom = (round(edge) for edge in faces[0].box)
        warnings.warn(
            f"{len(faces)} faces in {what}; the largest is masked, from ({left}, {top}) to "
            f"({right}, {bottom}) px. Crop the picture to mask another one.",
            stacklevel=2,
        )
    return worn.apply(image, faces[0], seed=seed)


@lru_cache(maxsize=1)
def _detector() -> CachedDetector:
    return CachedDetector(MediaPipeDetector(), LandmarkCache())
