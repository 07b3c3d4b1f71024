"""Inputs of classifiers: prepared crops for networks, and landmarks with those that are hidden."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.card import Input
from maskface.crops import middle, resize
from maskface.types import Face, FaceLandmarks, ImageArray, MaskArray


def prepare(crop: ImageArray, wanted: Input) -> NDArray[np.float32]:
    """Convert a square RGB crop (S, S, 3) uint8 to one input of a network, without the batch axis.

    Returns float32, (channels, size, size) or (size, size, channels).
    """
    image = middle(crop, wanted.crop)
    if wanted.colour == "grey":
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    pixels = resize(image, wanted.size, wanted.size).reshape(wanted.size, wanted.size, -1)
    if wanted.colour == "bgr":
        pixels = pixels[..., ::-1]
    scaled = (pixels / wanted.scale - np.array(wanted.mean)) / np.array(wanted.std)
    laid = scaled.transpose(2, 0, 1) if wanted.layout == "NCHW" else scaled
    return np.ascontiguousarray(laid, dtype=np.float32)


def probe(wanted: Input) -> NDArray[np.float32]:
    """Return two constant inputs (2, ...) of noise, the second one darker."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return np.stack([prepare(image, wanted) for image in (noise, noise.transpose(1, 0, 2) // 2)])


Points: TypeAlias = Literal["seen", "redetected", "plain"]
"""``seen``: tracked again in the occluded picture, without hidden parts. ``redetected``: the same
with the tracker's guesses of hidden parts. ``plain``: tracked in the plain picture, without hidden
parts."""
POINTS: Final = get_args(Points)


def needed(points: Points) -> frozenset[str]:
    """Return the parts of a `Face` that are read, out of `maskface.classifiers.NEEDS`."""
    if points == "redetected":
        return frozenset({"redetected"})
    return frozenset({"covered", "landmarks" if points == "plain" else "redetected"})


def tracked(face: Face, points: Points) -> tuple[FaceLandmarks, MaskArray]:
    """Return the landmarks, and which of them are not known (478,).

    Raises ValueError if `points` needs landmarks in the occluded picture, and no face was found
    there.
    """
    found = face.landmarks if points == "plain" else face.redetected
    if found is None:
        raise ValueError("Expected redetected landmarks, but the face had none.")
    if face.covered is None or points == "redetected":
        return found, np.zeros(len(found.points), bool)
    return found, face.covered
