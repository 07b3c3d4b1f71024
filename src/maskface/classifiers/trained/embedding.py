"""Emotions from the embeddings of a pretrained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from maskface.arrays import Floats
from maskface.classifiers.registry import CLASSIFIERS, get_classifier
from maskface.classifiers.trained.base import Trained
from maskface.errors import MaskfaceError
from maskface.types import Face


@CLASSIFIERS.register("embedding")
@dataclass(frozen=True)
class Embedding(Trained):
    """Trained on the second-to-last layer of a pretrained network.

    Parameters
    ----------
    train, folds, permuted
        See `Trained`.
    network
        A classifier with embeddings, such as ``fer``, ``faceapi`` or ``onnx(...)``; loaded when it
        is first needed.

    Raises
    ------
    MaskfaceError
        When it is loaded, if there is no such classifier or it has no embeddings.
    """

    network: Annotated[str, "classifier", "faceapi", "fer"] = "fer"

    kind: ClassVar[str] = "embedding"

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that the network reads."""
        needs: frozenset[str] = self._network.needs
        return needs

    def features(self, faces: Sequence[Face]) -> Floats:
        """Return embeddings by face: (n, D), with D given by the network."""
        return np.asarray(self._network.embed(faces), dtype=np.float64)

    def _sources(self) -> tuple[str, ...]:
        return (self._network.fingerprint,)

    @cached_property
    def _network(self) -> Any:
        network = get_classifier(self.network)
        if not hasattr(network, "embed"):
            able = [name for name in CLASSIFIERS.names() if hasattr(CLASSIFIERS.get(name), "embed")]
            raise MaskfaceError(
                f"Classifier {self.network!r} has no embeddings. These have: {', '.join(able)}. "
                f"Write for example embedding:network={able[0]}."
            )
        return network
