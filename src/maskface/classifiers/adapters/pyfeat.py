"""Py-Feat's residual masking network, built and fed by Py-Feat's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
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
from maskface.types import EMOTIONS, Face

INSTALL: Final = "pip install 'py-feat>=2.1'"
REPOSITORY: Final = "py-feat/resmasknet"
WEIGHTS: Final = "ResMaskNet_Z_resmasking_dropout1_rot30.pth"
SIDE: Final = 224
"""Side in px to which Py-Feat's detector resizes faces for this network."""


@CLASSIFIERS.register("pyfeat")
@dataclass(frozen=True)
class PyFeat(Rebuilt):
    """Py-Feat's emotion model ``resmasknet`` (224 px; FER2013), if that package is installed.

    The crop replaces the face that Py-Feat's detector would cut out; the rest is as in its
    ``Detectorv1``: colours in 0 to 1, resized by ``extract_face_from_bbox_torch``, softmax.
    Its other emotion model, ``svm``, needs Py-Feat's own landmarks and is not offered. Checked with
    Py-Feat 2.1.5 (Cheong et al. 2023, doi:10.1007/s42761-023-00191-4); the network is that of Pham,
    Vu & Tran (2021, arXiv:2603.05937).

    Attributes
    ----------
    download
        Allow the weights to be downloaded. Not part of the name, as predictions do not depend on
        it.
    fingerprint
        Hash of the weights and Py-Feat's version.

    Raises
    ------
    MaskfaceError
        If Py-Feat is not installed, or its weights are not on disk and may not be downloaded.
    """

    name: ClassVar[str] = "pyfeat"
    needs: ClassVar[frozenset[str]] = frozenset({"crop"})

    download: bool = False
    fingerprint: str = field(init=False, repr=False, compare=False)
    _network: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_package("feat", classifier=self.name, install=INSTALL)
        weights = _weights(download=self.download)
        object.__setattr__(self, "fingerprint", digest(weights, version("py-feat")))
        object.__setattr__(self, "_network", _load(weights))

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        if not faces:
            return np.empty((0, len(EMOTIONS)))
        torch = _part("torch")
        with torch.no_grad():
            crops = torch.cat([_prepared(face) for face in faces])
            answers = torch.softmax(self._network(crops), 1).numpy().astype(np.float64)
        labels = _part("feat.utils").FEAT_EMOTION_COLUMNS
        return np.array([in_order(dict(zip(labels, row, strict=True))) for row in answers])


def _part(module: str) -> Any:
    return load(module, classifier="pyfeat", install=INSTALL)


def _prepared(face: Face) -> Any:
    """Return one crop as the network's input (1, 3, SIDE, SIDE)."""
    torch = _part("torch")
    pixels = torch.from_numpy(np.ascontiguousarray(face.crop.transpose(2, 0, 1)))
    height, width = face.crop.shape[:2]
    crop, _ = _part("feat.utils.image_operations").extract_face_from_bbox_torch(
        pixels[None].to(torch.float32) / 255,
        torch.tensor([[0, 0, width, height]], dtype=torch.float32),
        face_size=SIDE,
        expand_bbox=1.0,
    )
    return crop


def _load(weights: Path) -> Any:
    model = _part("feat.emo_detectors.ResMaskNet.resmasknet_test")
    network = model.resmasking_dropout1(in_channels=3, num_classes=len(EMOTIONS))
    stored = _part("torch").load(weights, map_location="cpu", weights_only=True)
    network.load_state_dict(stored["net"])
    return network.eval()


def _weights(*, download: bool) -> Path:
    """Return the path of the weights: in Py-Feat's cache, or in its folder of resources."""
    folder = Path(_part("feat.utils.io").get_resource_path())
    hub = _part("huggingface_hub")
    cached = hub.try_to_load_from_cache(REPOSITORY, WEIGHTS, cache_dir=folder)
    if isinstance(cached, str):
        return Path(cached)
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    if not download:
        source = f"repository {REPOSITORY} of the Hugging Face hub"
        raise missing_weights("pyfeat", WEIGHTS, source, str(folder / WEIGHTS))
    return Path(hub.hf_hub_download(REPOSITORY, WEIGHTS, cache_dir=folder))
