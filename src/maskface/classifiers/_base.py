"""What every emotion classifier is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from maskface.types import Face


class Classifier(Protocol):
    """Reads emotions from faces.

    Attributes
    ----------
    name
        As in the results.
    labels
        The emotions it can answer, in the model's own order; a subset of `EMOTIONS`.
    needs
        What it reads of a `Face`: ``"crop"``, ``"landmarks"`` or both.
    fingerprint
        Changes whenever the classifier's answers could: a hash of its weights and settings.
    """

    name: ClassVar[str]
    labels: tuple[str, ...]
    needs: frozenset[str]
    fingerprint: str

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Read a batch of faces.

        Parameters
        ----------
        faces
            One or more faces.

        Returns
        -------
        NDArray
            (len(faces), 7) float64, each row in the order of `EMOTIONS` and summing to 1.
        """
        ...
