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
from maskface.specs import split_outside
from maskface.types import Face


@CLASSIFIERS.register("embedding")
@dataclass(frozen=True)
class Embedding(Trained):
    """Trained on the second-to-last layer of a pretrained network, or of several.

    Parameters
    ----------
    train, folds, permuted
        See `Trained`.
    network
        A classifier with embeddings, such as ``fer``, ``faceapi`` or ``onnx(...)``, or several of
        them: ``faceapi+fer``; loaded when they are first needed.

    Raises
    ------
    MaskfaceError
        When it is loaded, if there is no such classifier or it has no embeddings.
    """

    network: Annotated[str, "classifier", "faceapi", "fer", "faceapi+fer"] = "fer"

    kind: ClassVar[str] = "embedding"

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that the networks read."""
        return frozenset[str]().union(*(network.needs for network in self._networks))

    def features(self, faces: Sequence[Face]) -> Floats:
        """Return embeddings by face: (n, D), with D given by the networks."""
        return np.hstack([np.asarray(one.embed(faces), np.float64) for one in self._networks])

    def _sources(self) -> tuple[str, ...]:
        return tuple(network.fingerprint for network in self._networks)

    @cached_property
    def _networks(self) -> tuple[Any, ...]:
        names = split_outside(self.network, "+") or [self.network]
        return tuple(_with_embeddings(name.strip()) for name in names)


def _with_embeddings(name: str) -> Any:
    """Make a classifier that has embeddings."""
    network = get_classifier(name)
    if not hasattr(network, "embed"):
        able = [name for name in CLASSIFIERS.names() if hasattr(CLASSIFIERS.get(name), "embed")]
        raise MaskfaceError(
            f"Classifier {name!r} has no embeddings. These have: {', '.join(able)}. "
            f"Write for example embedding:network={able[0]}, or several: {'+'.join(able[:2])}."
        )
    return network
