"""Emotion classifiers. Each reads `maskface.types.Face` and answers seven probabilities."""

from __future__ import annotations

from typing import Final

from maskface.classifiers._base import Classifier
from maskface.registry import Registry

__all__ = ["CLASSIFIERS", "Classifier", "get_classifier"]

CLASSIFIERS: Final = Registry[type[Classifier]](
    "classifier",
    {
        "faceapi": "maskface.classifiers.networks:FaceApi",
        "fer": "maskface.classifiers.networks:Fer",
    },
)
"""Every classifier by name."""


def get_classifier(name: str) -> Classifier:
    """Load a classifier by name.

    Raises
    ------
    MaskfaceError
        If there is none of that name, or its weights are damaged.
    """
    return CLASSIFIERS.get(name)()
