"""What adapters share: is the package there, are its weights, which label is which emotion."""

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
"""Labels of DeepFace and Py-Feat (those of FER2013), as this package calls them."""


def package(name: str, *, classifier: str, install: str) -> None:
    """Ask for a package without importing it.

    Raises
    ------
    MaskfaceError
        If it is not installed; the message says what to type.
    """
    if find_spec(name) is None:
        raise MaskfaceError(
            f"Classifier {classifier!r} needs a package that is not installed. Type: {install}"
        )


def part(module: str, *, classifier: str, install: str) -> ModuleType:
    """Import a module of an installed package.

    Raises
    ------
    MaskfaceError
        If that fails: an older or a broken installation.
    """
    try:
        return import_module(module)
    # What an import of a large package may raise is not known beforehand.
    except Exception as error:
        raise MaskfaceError(
            f"Classifier {classifier!r} cannot import {module}: "
            f"{type(error).__name__}: {error}. Install a version that fits: {install}"
        ) from error


def refuse_download(classifier: str, file: str, source: str, place: str) -> MaskfaceError:
    """The error that says which weights are missing, where they are and where they belong."""
    return MaskfaceError(
        f"Classifier {classifier!r} has no weights: {file} is not on this disk, and nothing is "
        f"downloaded unless asked for. Get it from {source} and put it at {place}, or write "
        f"{classifier}:download=true."
    )


def digest(file: Path, *settings: object) -> str:
    """Hash of a weights file and of what else decides the answers."""
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    return hashlib.sha256(repr((content, *settings)).encode()).hexdigest()


def in_order(answers: Mapping[str, float]) -> NDArray[np.float64]:
    """Put answers by the package's label in the order of `EMOTIONS`; they sum to 1.

    Raises
    ------
    MaskfaceError
        If the labels are not the seven that are known.
    """
    named = {EMOTION_OF.get(label, label): float(value) for label, value in answers.items()}
    if set(named) != set(EMOTIONS):
        raise MaskfaceError(
            f"Expected answers for {', '.join(EMOTION_OF)}, got {', '.join(answers)}. "
            "Install the version of the package that docs/classifiers.md names."
        )
    row = np.array([named[emotion] for emotion in EMOTIONS], dtype=np.float64)
    return np.asarray(row / row.sum(), dtype=np.float64)
