"""DeepFace's emotion model, called through its own `analyze`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.adapters.packages import (
    digest,
    in_order,
    load,
    missing_weights,
    require_package,
)
from maskface.classifiers.base import Rebuilt
from maskface.classifiers.registry import CLASSIFIERS
from maskface.crops import upright_crop
from maskface.types import EMOTIONS, Face

INSTALL: Final = (
    "pip install 'deepface>=0.0.103' werkzeug ; "
    "pip uninstall -y opencv-python opencv-contrib-python-headless ; "
    "pip install --force-reinstall --no-deps opencv-contrib-python"
)
"""DeepFace imports werkzeug without requiring it, and requires another OpenCV wheel, which
overwrites the one that MediaPipe needs."""

_TASK: Final = {"task": "facial_attribute", "model_name": "Emotion"}


@CLASSIFIERS.register("deepface")
@dataclass(frozen=True)
class DeepFace(Rebuilt):
    """DeepFace's emotion network (48 px, grey; FER2013), if that package is installed.

    Each crop is passed to ``DeepFace.analyze`` with ``detector_backend="skip"``, so DeepFace does
    everything except detection. It runs on TensorFlow, PyTorch or ONNX Runtime, whichever it finds
    first; each has its own file of weights. Checked with DeepFace 0.0.103 (Serengil & Ozpinar, Gazi
    University Journal of Science 39, doi:10.35378/gujs.1794891).

    Attributes
    ----------
    download
        Allow DeepFace to download its weights. Not part of the name, as predictions do not depend
        on it.
    fingerprint
        Hash of the weights, DeepFace's version and its backend.

    Raises
    ------
    MaskfaceError
        If DeepFace is not installed, or its weights are not on disk and may not be downloaded.
    """

    name: ClassVar[str] = "deepface"
    needs: ClassVar[frozenset[str]] = frozenset({"crop"})

    download: bool = False
    fingerprint: str = field(init=False, repr=False, compare=False)
    _analyze: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_package("deepface", classifier=self.name, install=INSTALL)
        # Importing it silences all warnings of the process.
        with warnings.catch_warnings():
            api = _part("deepface.DeepFace")
        weights = _weights(download=self.download)
        backend = _part("deepface.commons.backend_utils").get_backend_engine()
        fingerprint = digest(weights, _part("deepface").__version__, backend)
        object.__setattr__(self, "fingerprint", fingerprint)
        object.__setattr__(self, "_analyze", api.analyze)

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        answers = [in_order(self._read(face)) for face in faces]
        return np.array(answers, dtype=np.float64).reshape(len(faces), len(EMOTIONS))

    def _read(self, face: Face) -> dict[str, float]:
        found = self._analyze(
            np.ascontiguousarray(upright_crop(face)[..., ::-1]),  # DeepFace takes BGR
            actions=["emotion"],
            detector_backend="skip",
            enforce_detection=False,
            align=False,
            silent=True,
        )
        answers: dict[str, float] = found[0]["emotion"]
        return answers


def _part(module: str) -> Any:
    return load(module, classifier="deepface", install=INSTALL)


def _weights(*, download: bool) -> Path:
    """Return the path of DeepFace's weights, downloaded if necessary and allowed."""
    modeling = _part("deepface.modules.modeling")
    model = sys.modules[modeling.get_model_class(**_TASK).__module__]
    sources = [model.WEIGHTS_URL] if isinstance(model.WEIGHTS_URL, str) else model.WEIGHTS_URL
    home = _part("deepface.commons.folder_utils").get_deepface_home()
    place = Path(home, ".deepface", "weights", sources[0].rpartition("/")[2])
    if not place.is_file() and not download:
        raise missing_weights("deepface", place.name, sources[0], str(place))
    modeling.build_model(**_TASK)
    return place
