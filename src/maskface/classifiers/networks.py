"""The two pretrained networks that ship with the package, run by OpenCV's dnn module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.images import resize
from maskface.types import EMOTIONS, Face, ImageArray
from maskface.weights import manifest


class _OnnxNetwork(ABC):
    """A shipped ONNX network whose output is a softmax over the seven emotions."""

    name: ClassVar[str]
    weights: ClassVar[str]
    labels: tuple[str, ...]
    needs: frozenset[str] = frozenset({"crop"})

    def __init__(self) -> None:
        shipped = manifest()[self.weights]
        shipped.verify()
        self.fingerprint = shipped.sha256
        try:
            self._network = cv2.dnn.readNetFromONNX(str(shipped.path))
        except cv2.error as error:  # pragma: no cover - the hash was right, so OpenCV is at fault
            raise MaskfaceError(
                f"OpenCV {cv2.__version__} cannot read {shipped.path.name}: {error}. "
                "Type `maskface doctor` to see which OpenCV is installed."
            ) from error
        self._columns = [self.labels.index(emotion) for emotion in EMOTIONS]

    @abstractmethod
    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        """Turn a square RGB crop into one input of the network, without the batch axis."""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Read a batch of faces; see `maskface.classifiers.Classifier`."""
        if not faces:
            return np.empty((0, len(EMOTIONS)))
        self._network.setInput(np.stack([self._blob(face.crop) for face in faces]))
        output = np.asarray(self._network.forward(), dtype=np.float64)
        return output.reshape(len(faces), len(self.labels))[:, self._columns]


class FaceApi(_OnnxNetwork):
    """face-api FaceExpressionNet: small depthwise-separable CNN, colour, 112 px.

    Trained by its author on an undisclosed mix of pictures from the web.
    """

    name: ClassVar[str] = "faceapi"
    weights: ClassVar[str] = "faceapi.onnx"
    labels: tuple[str, ...] = (
        "neutral",
        "happiness",
        "sadness",
        "anger",
        "fear",
        "disgust",
        "surprise",
    )
    SIDE: Final = 112
    MEAN_RGB: Final = (122.782, 117.001, 104.298)

    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        pixels = resize(crop, self.SIDE, self.SIDE).astype(np.float32)
        blob = (pixels - np.array(self.MEAN_RGB, np.float32)) / np.float32(255)
        return np.ascontiguousarray(blob.transpose(2, 0, 1))


class Fer(_OnnxNetwork):
    """mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) trained on FER2013: grey, 64 px."""

    name: ClassVar[str] = "fer"
    weights: ClassVar[str] = "fer.onnx"
    labels: tuple[str, ...] = EMOTIONS  # FER2013's order happens to be the house's
    SIDE: Final = 64

    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        pixels = resize(np.asarray(grey, np.uint8), self.SIDE, self.SIDE).astype(np.float32)
        return ((pixels / np.float32(255) - np.float32(0.5)) * np.float32(2))[..., None]
