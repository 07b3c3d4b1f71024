"""Inputs of classifiers: prepared crops for networks, and landmarks with those that are hidden."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers.card import Input
from maskface.crops import crop_box, cut, middle, resize, square_around, upright_crop, warp
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.types import Face, FaceLandmarks, ImageArray, MaskArray

FIVE_POINTS: Final = (RIGHT_EYE, LEFT_EYE, (4,), (61,), (291,))
"""Landmarks whose means are the eyes, the tip of the nose and the corners of the mouth."""
_REGION: Final = 1.8
"""Side of the square that an aligned face is cut out of, in landmark boxes."""


def picture_of(face: Face, wanted: Input) -> ImageArray:
    """Return the square RGB picture of a face that a network with such an input is given.

    The crop, or the face aligned by its landmarks in the plain picture (`align`).
    """
    if not wanted.align:
        return upright_crop(face)
    if face.picture is None:
        (x0, y0, _), region = crop_box(face.landmarks), face.crop
    else:
        x0, y0, side = square_around(face.landmarks, _REGION)
        region = cut(face.picture, x0, y0, side, side)
    points = face.landmarks.points[:, :2].astype(np.float64) - (x0, y0)
    five = np.array([points[list(group)].mean(axis=0) for group in FIVE_POINTS])
    return warp(region, *_similarity(five, np.array(wanted.template)), wanted.size)


def _similarity(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return rotation times scale (2, 2) and shift (2,) that map points to others (least squares).

    In the complex plane it is ``target = factor * source + shift``, a regression of one slope.
    """
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    z, w = ((p - m) @ np.array([1, 1j]) for p, m in ((source, middle), (target, goal)))
    factor = np.vdot(z, w) / max(np.vdot(z, z).real, 1e-12)
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return linear, goal - linear @ middle


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
