"""Emotions from the directions of edges in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import cv2
import numpy as np

from maskface.arrays import Floats
from maskface.classifiers.registry import CLASSIFIERS
from maskface.classifiers.trained.base import Trained
from maskface.classifiers.trained.landmarks import upright
from maskface.errors import MaskfaceError
from maskface.types import Face, ImageArray

SIDE: Final = 128
"""Side of the aligned face in pixels."""
CELL: Final = 16
"""Side of a cell in pixels. Cells of 1/8 of the face are as accurate as any of 1/6 to 1/8."""
BINS: Final = 9
"""Directions from 0 to 180 degrees."""
N_FEATURES: Final = 4 * BINS * (SIDE // CELL - 1) ** 2


@CLASSIFIERS.register("hog")
@dataclass(frozen=True)
class Hog(Trained):
    """Trained on histograms of oriented gradients of all pixels, including the occluder's.

    N. Dalal & B. Triggs (2005), Histograms of oriented gradients for human detection, CVPR,
    doi:10.1109/CVPR.2005.177: gradients of the square root of grey, each adding its strength to a
    cell and an unsigned direction, normalised over blocks of 2 x 2 cells (L2, clipped at 0.2, L2),
    as OpenCV computes them. The face is first rotated and scaled by its eyes in the plain picture.

    Parameters
    ----------
    train, folds, permuted
        See `Trained`.
    """

    kind: ClassVar[str] = "hog"

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads."""
        return frozenset({"crop", "landmarks"})

    def features(self, faces: Sequence[Face]) -> Floats:
        """Return histograms by face: (n, 1764) in 0 to 1."""
        descriptor = _descriptor(SIDE, CELL)
        found = [gradients(upright(face, SIDE), descriptor) for face in faces]
        return np.array(found).reshape(-1, N_FEATURES)


def gradients(picture: ImageArray, descriptor: Any) -> Floats:
    """Return the histograms of a square RGB picture as a vector, by block, cell and direction."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(descriptor.compute(grey), dtype=np.float64).ravel()


def _descriptor(side: int, cell: int) -> Any:
    if not hasattr(cv2, "HOGDescriptor"):  # pragma: no cover - every allowed OpenCV has it
        raise MaskfaceError(
            f"OpenCV {cv2.__version__} has no HOGDescriptor. Type `maskface doctor` to see which "
            "OpenCV is installed."
        )
    return cv2.HOGDescriptor((side, side), (2 * cell, 2 * cell), (cell, cell), (cell, cell), BINS)
