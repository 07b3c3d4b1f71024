"""The two pretrained networks that ship with the package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.base import Rebuilt
from maskface.classifiers.engines import Network, OpenCV
from maskface.classifiers.registry import CLASSIFIERS
from maskface.crops import resize, upright_crop
from maskface.types import EMOTIONS, Face, ImageArray
from maskface.weights import manifest


class _OnnxNetwork(Rebuilt, ABC):
    """A shipped ONNX network whose output is a softmax over the seven emotions."""

    name: ClassVar[str]
    weights: ClassVar[str]
    embedding_name: ClassVar[str]  # name of the layer that `embed` returns
    labels: tuple[str, ...]
    needs: frozenset[str] = frozenset({"crop"})

    def __init__(self) -> None:
        shipped = manifest()[self.weights]
        shipped.verify()
        self.fingerprint = shipped.sha256
        self._columns = [self.labels.index(emotion) for emotion in EMOTIONS]

    @cached_property
    def _network(self) -> Network:
        return self._load()  # at the first prediction: the main process needs the fingerprint only

    @cached_property
    def _embedder(self) -> Network:
        return self._load(self.embedding_name)

    def _load(self, output: str = "") -> Network:
        model = manifest()[self.weights].path.read_bytes()
        # OpenCV only: another library would round differently.
        return Network(model, self.weights, output=output, engines=(OpenCV,))

    @abstractmethod
    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        """Convert a square RGB crop to one input of the network, without the batch axis."""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        if not faces:
            return np.empty((0, len(EMOTIONS)))
        output = self._network.run(self._blobs(faces)).astype(np.float64)
        return output.reshape(len(faces), len(self.labels))[:, self._columns]

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Compute embeddings of faces: (n, D), the layer `embedding_name`; maps are averaged."""
        if not faces:
            return np.empty((0, self._width))
        return self._embedder.embed(self._blobs(faces))

    @cached_property
    def _width(self) -> int:
        grey = np.full((8, 8, 3), 128, np.uint8)
        return int(self._embedder.embed(self._blob(grey)[None]).shape[1])

    def _blobs(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        return np.stack([self._blob(upright_crop(face)) for face in faces])


@CLASSIFIERS.register("faceapi")
class FaceApi(_OnnxNetwork):
    """face-api FaceExpressionNet: small depthwise-separable CNN, colour, 112 px.

    Trained by its author on an undisclosed mix of pictures from the web.
    """

    name: ClassVar[str] = "faceapi"
    weights: ClassVar[str] = "faceapi.onnx"
    embedding_name: ClassVar[str] = "fl"  # 256 channels, averaged; then one dense layer, softmax
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
        # Channels are split first, so that sums run over memory in its order.
        channels = cv2.split(resize(crop, self.SIDE, self.SIDE))
        blob = np.stack(channels).astype(np.float32)
        blob -= np.array(self.MEAN_RGB, np.float32)[:, None, None]
        blob /= np.float32(255)
        return blob


@CLASSIFIERS.register("fer")
class Fer(_OnnxNetwork):
    """mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) trained on FER2013: grey, 64 px."""

    name: ClassVar[str] = "fer"
    weights: ClassVar[str] = "fer.onnx"
    # 128 channels of the last block; then one convolution to 7, their mean, and softmax.
    embedding_name: ClassVar[str] = "model_1/add_4/add:0"
    labels: tuple[str, ...] = EMOTIONS  # the order of FER2013 is that of EMOTIONS
    SIDE: Final = 64

    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        pixels = resize(np.asarray(grey, np.uint8), self.SIDE, self.SIDE).astype(np.float32)
        return ((pixels / np.float32(255) - np.float32(0.5)) * np.float32(2))[..., None]
