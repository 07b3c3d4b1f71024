"""The parts of a run that cannot be left out, without the package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.landmarks import MediaPipeDetector
from maskface.types import ImageArray
from maskface.weights import manifest

SHAPES: Final = {"faceapi": (3, 112, 112), "fer": (64, 64, 1)}
"""Inputs of the networks that ship with the package, by classifier."""


class Floor:
    """OpenCV's decoder, MediaPipe's face landmarker, and bare networks run by OpenCV."""

    def __init__(self) -> None:
        self._detector = MediaPipeDetector()  # keeps the landmarker open
        self._landmarker: Any = self._detector._load()
        self._network = cache(_load)

    def decode(self, files: Sequence[bytes]) -> list[ImageArray]:
        """Decode pictures."""
        found = (
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) for data in files
        )
        # Pillow reads a few kinds that OpenCV does not.
        return [np.asarray(image, np.uint8) for image in found if image is not None]

    def detect(self, images: Sequence[ImageArray]) -> None:
        """Find landmarks."""
        import mediapipe as mp

        for image in images:
            self._landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=image))

    def in_turn(self, paths: Sequence[Path], classifiers: Sequence[str], batch: int) -> None:
        """Do all of it for one picture after the other, as a run does.

        What one library leaves in the processor's caches is of no use to the next one, so this
        takes longer than the parts do in loops of their own.
        """
        for path in paths:
            self.detect(self.decode([path.read_bytes()]))
            for classifier in classifiers:
                self.forward(classifier, batch, 1)

    def knows(self, classifier: str) -> bool:
        """Whether a classifier is one of the shipped networks."""
        return classifier in SHAPES

    def forward(self, classifier: str, batch: int, times: int) -> None:
        """Run a network so many times on a batch that was made beforehand."""
        network = self._network(classifier)
        blob = _noise((batch, *SHAPES[classifier]))
        for _ in range(times):
            network.setInput(blob)
            network.forward()


def _load(classifier: str) -> Any:
    return cv2.dnn.readNetFromONNX(str(manifest()[f"{classifier}.onnx"].path))


@cache
def _noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)
