"""The two pretrained networks that ship with the package, and the views of a face they average."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.base import Rebuilt
from maskface.classifiers.engines import Network, OpenCV
from maskface.classifiers.registry import CLASSIFIERS
from maskface.crops import CROP_SCALE, middle, resize, upright_crop
from maskface.errors import MaskfaceError
from maskface.specs import with_parameters
from maskface.types import EMOTIONS, Face, ImageArray
from maskface.weights import manifest

SCALES: Final = (1.0, 0.95 / CROP_SCALE)
"""Sides of the two crops that are averaged, as fractions of the side of a face's crop."""
_LEAST: Final = 1e-7
"""Least probability before logarithms are taken: float32 knows no difference from 1 below it."""
_LAST: Final[dict[str, tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]]] = {}
"""Inputs, embeddings and outputs of the last batch of each network."""
_REVISION: Final = 2  # version of the crops and of their average; part of the fingerprint


@dataclass(frozen=True)
class _OnnxNetwork(Rebuilt, ABC):
    """A shipped ONNX network whose output is a softmax over the seven emotions.

    Parameters
    ----------
    views
        4 to average the logarithms of the probabilities of two crops (`SCALES`) and their mirror
        images, and to divide by the sum; 1 for the larger crop alone, in a quarter of the time.

    Raises
    ------
    MaskfaceError
        If there is another number of views, or the weights are damaged.
    """

    views: int = 4

    kind: ClassVar[str]  # name without parameters
    weights: ClassVar[str]
    embedding_name: ClassVar[str]  # name of the layer that `embed` returns
    labels: ClassVar[tuple[str, ...]]
    across: ClassVar[int]  # axis of an input that runs from left to right
    needs: ClassVar[frozenset[str]] = frozenset({"crop"})

    def __post_init__(self) -> None:
        if self.views not in (1, 4):
            raise MaskfaceError(
                f"Parameter 'views' of classifier {self.kind!r} got {self.views}. Allowed: 4 (two "
                f"crops and their mirror images) or 1. Write for example {self.kind}:views=1."
            )
        manifest()[self.weights].verify()

    @property
    def name(self) -> str:
        """Name with the number of views if it is not 4."""
        return with_parameters(self.kind, self)

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and of how crops are made of a face; 64 hexadecimal digits."""
        parts = (manifest()[self.weights].sha256, _REVISION, self.views, CROP_SCALE)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _network(self) -> Network:
        # At the first prediction: the main process needs the fingerprint only. OpenCV only: another
        # library would round differently.
        model = manifest()[self.weights].path.read_bytes()
        return Network(model, self.weights, output=self.embedding_name, engines=(OpenCV,))

    @abstractmethod
    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        """Convert a square RGB crop to one input of the network, without the batch axis."""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        if not faces:
            return np.empty((0, len(EMOTIONS)))
        columns = [self.labels.index(emotion) for emotion in EMOTIONS]
        output = self._run(self._blobs(faces))[1]
        found = output.reshape(len(faces), self.views, len(self.labels))[..., columns]
        return found[:, 0] if self.views == 1 else _geometric_mean(found)

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Compute embeddings of faces: (n, D), the layer `embedding_name`.

        Maps are averaged over their height and width, and views over their number.
        """
        if not faces:
            grey = np.full((8, 8, 3), 128, np.uint8)
            return self._run(self._blob(grey)[None])[0][:0]
        found = self._run(self._blobs(faces))[0]
        return np.asarray(found.reshape(len(faces), self.views, -1).mean(axis=1))

    def _run(self, blobs: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return embeddings and outputs of inputs, once for all classifiers that see a picture."""
        last = _LAST.get(self.weights)
        if last is None or not np.array_equal(last[0], blobs):
            last = _LAST[self.weights] = (blobs, *self._network.embed_and_answer(blobs))
        return last[1], last[2]

    def _blobs(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        """Return the inputs for all views of faces, face by face."""
        crops = map(upright_crop, faces)
        if self.views == 1:
            return np.stack([self._blob(crop) for crop in crops])
        scales = [self._blob(middle(crop, scale)) for crop in crops for scale in SCALES]
        return np.stack([view for blob in scales for view in (blob, np.flip(blob, self.across))])


def _geometric_mean(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the geometric mean over views (n, views, 7) -> (n, 7), divided by its sum."""
    mean = np.exp(np.log(np.maximum(probabilities, _LEAST)).mean(axis=1))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


@CLASSIFIERS.register("faceapi")
@dataclass(frozen=True)
class FaceApi(_OnnxNetwork):
    """face-api FaceExpressionNet: small depthwise-separable CNN, colour, 112 px.

    Trained by its author on an undisclosed mix of pictures from the web.
    """

    kind: ClassVar[str] = "faceapi"
    weights: ClassVar[str] = "faceapi.onnx"
    embedding_name: ClassVar[str] = "fl"  # 256 channels, averaged; then one dense layer, softmax
    labels: ClassVar[tuple[str, ...]] = (
        "neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise",
    )  # fmt: skip
    across: ClassVar[int] = 2
    SIDE: ClassVar[int] = 112
    MEAN_RGB: ClassVar[tuple[float, ...]] = (122.782, 117.001, 104.298)

    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        # Channels are split first, so that sums run over memory in its order.
        channels = cv2.split(resize(crop, self.SIDE, self.SIDE))
        blob = np.stack(channels).astype(np.float32)
        blob -= np.array(self.MEAN_RGB, np.float32)[:, None, None]
        blob /= np.float32(255)
        return blob


@CLASSIFIERS.register("fer")
@dataclass(frozen=True)
class Fer(_OnnxNetwork):
    """mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) trained on FER2013: grey, 64 px."""

    kind: ClassVar[str] = "fer"
    weights: ClassVar[str] = "fer.onnx"
    # 128 channels of the last block; then one convolution to 7, their mean, and softmax.
    embedding_name: ClassVar[str] = "model_1/add_4/add:0"
    labels: ClassVar[tuple[str, ...]] = EMOTIONS  # the order of FER2013 is that of EMOTIONS
    across: ClassVar[int] = 1
    SIDE: ClassVar[int] = 64

    def _blob(self, crop: ImageArray) -> NDArray[np.float32]:
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        pixels = resize(np.asarray(grey, np.uint8), self.SIDE, self.SIDE).astype(np.float32)
        return ((pixels / np.float32(255) - np.float32(0.5)) * np.float32(2))[..., None]
