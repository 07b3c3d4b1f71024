"""Emotion classifiers. Each reads `maskface.types.Face` and answers seven probabilities.

Importing this package is cheap: what is behind its names is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.classifiers.registry import (
    CLASSIFIERS,
    get_classifier,
    get_reader,
    is_control,
    parameters_of,
)

if TYPE_CHECKING:
    from maskface.classifiers.base import (
        NEEDS,
        NOT_AGAIN,
        Classifier,
        Fitted,
        Trainable,
        checked_answers,
        checked_features,
    )

__all__ = [
    "CLASSIFIERS",
    "NEEDS",
    "NOT_AGAIN",
    "Classifier",
    "Fitted",
    "Trainable",
    "checked_answers",
    "checked_features",
    "get_classifier",
    "get_reader",
    "is_control",
    "parameters_of",
]

_HOMES: Final = {
    "Classifier": "base",
    "Fitted": "base",
    "NEEDS": "base",
    "NOT_AGAIN": "base",
    "Trainable": "base",
    "checked_answers": "base",
    "checked_features": "base",
}


__getattr__ = lazily(__name__, _HOMES)
