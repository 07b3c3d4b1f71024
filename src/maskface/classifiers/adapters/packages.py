"""Shared by adapters: import of packages, missing weights, and the order of labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

EMOTION_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "angry": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happy": "happiness",
        "sad": "sadness",
        "surprise": "surprise",
        "neutral": "neutral",
    }
)
"""Emotions of the labels of DeepFace and Py-Feat (those of FER2013)."""


def require_package(name: str, *, classifier: str, install: str) -> None:
    """Raise `MaskfaceError` if a package is not installed, without importing it."""
    if find_spec(name) is None:
        raise MaskfaceError(
            f"Classifier {classifier!r} needs a package that is not installed. Type: {install}"
        )


def load(module: str, *, classifier: str, install: str) -> ModuleType:
    """Import a module; raise `MaskfaceError` if that fails, as with older versions."""
    try:
        return import_module(module)
    except Exception as error:  # importing a large package may raise anything
        raise MaskfaceError(
            f"Classifier {classifier!r} cannot import {module}: "
            f"{type(error).__name__}: {error}. Install a supported version: {install}"
        ) from error


def missing_weights(classifier: str, file: str, source: str, place: str) -> MaskfaceError:
    """Return the error about weights that are not on disk, with their source and place."""
    return MaskfaceError(
        f"Classifier {classifier!r} has no weights: {file} is not on this disk, and nothing is "
        f"downloaded without your consent. Get it from {source} and put it at {place}, or write "
        f"{classifier}:download=true."
    )


def digest(file: Path, *settings: object) -> str:
    """Return the hash of a weights file and of all else that decides the predictions."""
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    return hashlib.sha256(repr((content, *settings)).encode()).hexdigest()


def in_order(answers: Mapping[str, float]) -> NDArray[np.float64]:
    """Return scores by label as probabilities in the order of `EMOTIONS`.

    Raises MaskfaceError if the labels are not the seven of `EMOTION_OF`.
    """
    named = {EMOTION_OF.get(label, label): float(value) for label, value in answers.items()}
    if set(named) != set(EMOTIONS):
        raise MaskfaceError(
            f"Expected answers for {', '.join(EMOTION_OF)}, got {', '.join(answers)}. "
            "Install the version of the package that docs/classifiers.md names."
        )
    row = np.array([named[emotion] for emotion in EMOTIONS], dtype=np.float64)
    return np.asarray(row / row.sum(), dtype=np.float64)
