"""Emotions from pixels and the face tracker together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers.base import Fitted
from maskface.classifiers.registry import CLASSIFIERS
from maskface.classifiers.trained.base import Scaler, Tracked, fit_model
from maskface.classifiers.trained.blendshapes import Blendshapes
from maskface.classifiers.trained.embedding import Embedding
from maskface.classifiers.trained.landmarks import Landmarks
from maskface.types import Face

N_PIXELS: Final = 384
"""Numbers of the last layers of both networks."""
N_COMPONENTS: Final = 40
"""Principal components of blendshapes and landmarks. With 20, 40 and 80, accuracy is .814, .821 and
.818 on plain faces (trained on plain ones) and .656, .661 and .661 on masked ones (trained on
masked ones), of 974 photographs of 29 people; with the 558 features themselves, .795 and .655."""


@CLASSIFIERS.register("fusion")
@dataclass(frozen=True)
class Fusion(Tracked):
    """Trained on the last layers of both networks, blendshapes and landmarks: the most accurate.

    The 558 features of the tracker are scaled, imputed where they are hidden and reduced to
    `N_COMPONENTS` principal components of SD 1, so that they do not outweigh the 384 of the
    networks. All steps are fitted to the training pictures.

    Parameters
    ----------
    train, folds, permuted, points
        See `Trained` and `Tracked`.
    """

    kind: ClassVar[str] = "fusion"
    network: ClassVar[str] = "faceapi+fer"

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads."""
        return self._pixels.needs | super().needs

    def features(self, faces: Sequence[Face]) -> Floats:
        """Return embeddings, scores and positions by face: (n, 384 + 51 + 507)."""
        tracked = (Blendshapes(points=self.points), Landmarks(points=self.points))
        return np.hstack([one.features(faces) for one in (self._pixels, *tracked)])

    def fit(self, features: Floats, labels: NDArray[np.int64], *, seed: int) -> Fitted:
        """Fit a multinomial logistic regression; see `Trainable` and `fit_model`."""
        del seed
        return fit_model(features, labels, _fused)

    def _sources(self) -> tuple[str, ...]:
        return (self._pixels.fingerprint, str(N_COMPONENTS))

    @cached_property
    def _pixels(self) -> Embedding:
        return Embedding(network=self.network)


def _fused(features: Floats) -> tuple[Callable[[Floats], Floats], Floats]:
    """Scale the embeddings, and reduce the tracker's features to components of SD 1."""
    from sklearn.decomposition import PCA

    pixels, embedded = Scaler.fit(features[:, :N_PIXELS])
    tracker, tracked = Scaler.fit(features[:, N_PIXELS:])
    most = min(N_COMPONENTS, *tracked.shape)
    # A component without variance, as of few pictures, would be divided by its rounding errors.
    rank = min(most, int(np.linalg.matrix_rank(tracked - tracked.mean(axis=0))))
    components = PCA(rank, svd_solver="full").fit(tracked) if rank else None

    def combined(embedded: Floats, tracked: Floats) -> Floats:
        if components is None:
            return embedded
        scores = components.transform(tracked) / np.sqrt(components.explained_variance_)
        return np.hstack([embedded, scores])

    def transform(features: Floats) -> Floats:
        return combined(
            pixels.transform(features[:, :N_PIXELS]), tracker.transform(features[:, N_PIXELS:])
        )

    return transform, combined(embedded, tracked)
