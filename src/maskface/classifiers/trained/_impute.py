"""What is not known, guessed from what is: the mean under a low-rank normal distribution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats

MOST_COMPONENTS: Final = 50
"""So many hold nearly all variance of landmarks and of blendshapes."""
LEAST_NOISE: Final = 0.01
"""Variance that every feature (of variance 1) has by itself, at least."""


@dataclass(frozen=True, eq=False)
class Guess:
    """Fills gaps with the mean of what is missing, given what is there.

    Probabilistic principal component analysis: M. E. Tipping & C. M. Bishop (1999), J. R. Stat.
    Soc. B 61(3), 611-622, doi:10.1111/1467-9868.00196. A median in the place of a hidden mouth
    would say that the mouth is at rest, however wide the eyes are.

    Attributes
    ----------
    training
        (n, D), each column of mean 0 and SD 1 where it is known, NaN where it is not.
    """

    training: Floats

    def fill(self, features: Floats) -> Floats:
        """Fill the gaps of (n, D) features that are scaled as the training features are."""
        gaps = np.flatnonzero(np.isnan(features).any(axis=1))
        if not gaps.size:
            return features
        filled = features.copy()
        for row in gaps:
            hidden = np.isnan(features[row])
            filled[row, hidden] = self._expected(features[row], hidden)
        return filled

    def _expected(self, row: Floats, hidden: NDArray[np.bool_]) -> Floats:
        loadings, noise = self._model
        seen = loadings[~hidden]
        inner = seen.T @ seen + noise * np.eye(seen.shape[1])
        return np.asarray(loadings[hidden] @ np.linalg.solve(inner, seen.T @ row[~hidden]))

    @cached_property
    def _model(self) -> tuple[Floats, float]:
        """Loadings (D, k) and the variance of the noise."""
        known = (~np.isnan(self.training)).astype(np.float64)
        zeros = np.nan_to_num(self.training)
        # Each covariance is over the pictures that show both features.
        covariance = (zeros.T @ zeros) / np.maximum(known.T @ known, 1.0)
        variances, directions = np.linalg.eigh(covariance)
        # Descending; covariances over different pictures may leave variances below 0.
        variances = np.maximum(variances[::-1], 0.0)
        kept = min(MOST_COMPONENTS, len(variances))
        rest = float(variances[kept:].mean()) if len(variances) > kept else 0.0
        noise = max(rest, LEAST_NOISE)
        gains = np.sqrt(np.maximum(variances[:kept] - noise, 0.0))
        return directions[:, ::-1][:, :kept] * gains, noise
