"""What every occluder is: parameters, and one method that draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.mesh import FACE_OVAL
from maskface.types import FaceLandmarks, ImageArray, MaskArray, Occlusion


@dataclass(frozen=True)
class Occluder(ABC):
    """Something put on a face.

    A subclass is a frozen dataclass whose fields are its parameters, and implements `draw`.
    """

    name: ClassVar[str]

    @abstractmethod
    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> tuple[ImageArray, NDArray[np.uint8]]:
        """Draw the occluder.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB; must not be changed.
        landmarks
            The face in `image`.
        rng
            The only allowed source of randomness.

        Returns
        -------
        image
            A new (H, W, 3) uint8 RGB picture.
        alpha
            (H, W) uint8, 255 where the occluder hides the picture and 0 where it does not.
        """

    def apply(self, image: ImageArray, landmarks: FaceLandmarks, *, seed: int = 0) -> Occlusion:
        """Put the occluder on a face.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB; it is not changed.
        landmarks
            The face, in this image's pixels.
        seed
            Seed of whatever is random in the occluder, 0 or more.

        Returns
        -------
        Occlusion
            The picture, the boolean mask and the coverage of the face oval.

        Raises
        ------
        ValueError
            If the image is not (H, W, 3) uint8.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                "Expected an image of shape (H, W, 3) and type uint8, "
                f"but it had shape {image.shape} and type {image.dtype}."
            )
        drawn, alpha = self.draw(image, landmarks, np.random.default_rng(seed))
        mask = alpha > 127
        return Occlusion(drawn, mask, coverage(mask, landmarks), self.params)

    @property
    def params(self) -> MappingProxyType[str, Any]:
        """The parameters by name."""
        return MappingProxyType(asdict(self))


@dataclass(frozen=True)
class Unoccluded(Occluder):
    """The face as it is: the condition that all others are compared with."""

    name: ClassVar[str] = "none"

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> tuple[ImageArray, NDArray[np.uint8]]:
        """Return the picture itself and an empty mask."""
        del landmarks, rng
        return image, np.zeros(image.shape[:2], np.uint8)


def coverage(mask: MaskArray, landmarks: FaceLandmarks) -> float:
    """Hidden fraction of the face oval.

    Parameters
    ----------
    mask
        (H, W) bool, True where the picture is hidden.
    landmarks
        The face; its oval is the polygon through the 36 outline points of the mesh.

    Returns
    -------
    float
        0 to 1. The part of the oval outside the picture counts for nothing; 0 if there is none
        inside.
    """
    oval = np.zeros(mask.shape, np.uint8)
    outline = np.round(landmarks.points[list(FACE_OVAL), :2] * 16).astype(np.int32)
    cv2.fillPoly(oval, [outline], 1, cv2.LINE_8, 4)
    inside = oval.astype(bool)
    total = int(inside.sum())
    return float((mask & inside).sum() / total) if total else 0.0
