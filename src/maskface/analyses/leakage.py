"""How much of an expression the pixels of a mask give away.

From the hidden region alone, aligned by the eyes, a ridge model predicts a score such as the smile
of people it was not fitted to. The correlation r of prediction and score is the leak.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats, Singles
from maskface.blendshapes import BLENDSHAPES
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.types import FaceLandmarks, ImageArray, MaskArray

TARGETS: Final = {"smile": ("mouthSmileLeft", "mouthSmileRight"), "jaw": ("jawOpen",)}
"""Blendshapes whose mean is predicted, by the name of the leak."""
CHIP: Final = 32
"""Side of a chip in pixels."""
ALIGNED: Final = np.array([[40.0, 16.0], [88.0, 16.0]], np.float32)
"""Where the eyes lie in a chip, before it is shrunk to a quarter."""
FOLDS: Final = 10
PENALTIES: Final = np.array([0.01, 0.1, 1.0, 10.0])
"""Ridge penalties in units of a picture's variance; the best is reported, against the mask."""


def mask_chip(landmarks: FaceLandmarks, image: ImageArray, mask: MaskArray) -> Singles:
    """Return the hidden pixels of a picture (H, W, 3) uint8 RGB, with the eyes in fixed places.

    `mask` (H, W) is true where the picture is hidden. Returns (`CHIP` * `CHIP`, 2) float32: grey of
    hidden pixels, and the shape of the mask, 0 to 255.
    """
    move, size = align_eyes(landmarks, ALIGNED), (CHIP * 4, CHIP * 4)
    grey = cv2.warpAffine(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), move, size)
    inside = cv2.warpAffine(mask.astype(np.uint8) * 255, move, size)
    both = np.dstack([np.where(inside > 127, grey, 0), inside]).astype(np.float32)
    small = cv2.resize(both, (CHIP, CHIP), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(-1, 2)


def align_eyes(landmarks: FaceLandmarks, places: Singles) -> Floats:
    """Return the affine map (2, 3) that brings the eyes to places (2, 2)."""
    return np.asarray(cv2.estimateAffinePartial2D(eyes(landmarks).astype(np.float32), places)[0])


def eyes(landmarks: FaceLandmarks) -> Floats:
    """Return right and left eye (2, 2) in pixels: the middle between the corners, which lids leave.

    The corners hardly move in expressions.
    """
    points = landmarks.points.astype(np.float64)
    return np.array([points[list(eye), :2].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE)])


def target_scores(landmarks: FaceLandmarks) -> Floats:
    """Return the scores (0 to 1) that are predicted, in the order of `TARGETS`."""
    chosen = ([BLENDSHAPES.index(name) for name in names] for names in TARGETS.values())
    return np.array([float(landmarks.blendshapes[own].mean()) for own in chosen])


def predict_unseen(features: Floats, targets: Floats, subjects: list[str]) -> Floats:
    """Predict targets (n, m) of held-out people from features (n, D) by ridge regression.

    Each target has the penalty that is best for it; `subjects` (n,) are two people or more.
    """
    centred = features - features.mean(axis=0)
    kernel = centred @ centred.T
    kernel /= np.trace(kernel) / len(kernel)
    people, person = np.unique(subjects, return_inverse=True)
    fold = person % min(FOLDS, len(people))
    predicted = np.zeros((len(PENALTIES), *targets.shape))
    for held in np.unique(fold):
        test, train = np.flatnonzero(fold == held), np.flatnonzero(fold != held)
        values, vectors = np.linalg.eigh(kernel[np.ix_(train, train)])
        weights = vectors.T @ (targets[train] - targets[train].mean(axis=0))
        # Fold means differ a little, and opposite to the held-out ones: compare without them.
        known = kernel[np.ix_(test, train)] @ vectors
        predicted[:, test] = [known @ (weights / (values + p)[:, None]) for p in PENALTIES]
    r = np.array([correlate(guess, targets) for guess in predicted])
    return np.asarray(predicted[r.argmax(axis=0), :, np.arange(targets.shape[1])].T)


def correlate(first: Floats, second: Floats) -> Floats:
    """Return the correlation of each column with its namesake."""
    one, two = first - first.mean(axis=0), second - second.mean(axis=0)
    return np.asarray((one * two).sum(0) / np.sqrt((one**2).sum(0) * (two**2).sum(0)))
