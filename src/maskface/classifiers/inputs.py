"""From a crop of a face to what a network takes.

Which landmarks of a face a classifier goes by, and which of them it does not know.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.card import Input
from maskface.crops import resize
from maskface.types import Face, FaceLandmarks, ImageArray, MaskArray


def prepare(crop: ImageArray, wanted: Input) -> NDArray[np.float32]:
    """Turn a square RGB crop into one input of a network, without the batch axis.

    Parameters
    ----------
    crop
        (S, S, 3) uint8 RGB.
    wanted
        What the network takes.

    Returns
    -------
    NDArray
        (channels, size, size) or (size, size, channels) float32.
    """
    side = max(round(len(crop) * wanted.crop), 1)
    edge = (len(crop) - side) // 2
    image = crop[edge : edge + side, edge : edge + side]
    if wanted.colour == "grey":
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    pixels = resize(image, wanted.size, wanted.size).reshape(wanted.size, wanted.size, -1)
    if wanted.colour == "bgr":
        pixels = pixels[..., ::-1]
    scaled = (pixels / wanted.scale - np.array(wanted.mean)) / np.array(wanted.std)
    laid = scaled.transpose(2, 0, 1) if wanted.layout == "NCHW" else scaled
    return np.ascontiguousarray(laid, dtype=np.float32)


def probe(wanted: Input) -> NDArray[np.float32]:
    """Return two inputs (2, ...) of coloured noise, the second darker; the same each time."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return np.stack([prepare(image, wanted) for image in (noise, noise.transpose(1, 0, 2) // 2)])


Points: TypeAlias = Literal["seen", "redetected", "plain"]
"""``seen``: tracked anew in the occluded picture, where the occluder hides nothing.
``redetected``: the same with the tracker's guesses of what is hidden. ``plain``: tracked in the
plain picture, where the occluder hides nothing."""
POINTS: Final = get_args(Points)


def needed(points: Points) -> frozenset[str]:
    """What is read of a `Face`, out of `maskface.classifiers.NEEDS`."""
    if points == "redetected":
        return frozenset({"redetected"})
    return frozenset({"covered", "landmarks" if points == "plain" else "redetected"})


def tracked(face: Face, points: Points) -> tuple[FaceLandmarks, MaskArray]:
    """Landmarks that count, and which of them are not known (478,).

    Raises
    ------
    ValueError
        If the face was not found anew and that is asked for.
    """
    found = face.landmarks if points == "plain" else face.redetected
    if found is None:
        raise ValueError("Expected redetected landmarks, but the face had none.")
    if face.covered is None or points == "redetected":
        return found, np.zeros(len(found.points), bool)
    return found, face.covered
