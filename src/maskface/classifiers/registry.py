"""Classifiers by name; what is behind a name is loaded when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import Registry
from maskface.specs import described_parameters, make

if TYPE_CHECKING:
    from maskface.classifiers.base import Classifier, Trainable

    Kind: TypeAlias = type[Classifier | Trainable]

CLASSIFIERS: Registry[Kind] = Registry(
    "classifier",
    {
        "blendshapes": "maskface.classifiers.trained.blendshapes:Blendshapes",
        "deepface": "maskface.classifiers.adapters:DeepFace",
        "embedding": "maskface.classifiers.trained.embedding:Embedding",
        "emfacs": "maskface.classifiers.emfacs:Emfacs",
        "faceapi": "maskface.classifiers.networks:FaceApi",
        "fer": "maskface.classifiers.networks:Fer",
        "hog": "maskface.classifiers.trained.hog:Hog",
        "landmarks": "maskface.classifiers.trained.landmarks:Landmarks",
        "onnx": "maskface.classifiers.onnx:Onnx",
        "pyfeat": "maskface.classifiers.adapters:PyFeat",
    },
)
"""Every classifier by name."""


def get_classifier(spec: str) -> Classifier:
    """Make a classifier that needs no training from its name and parameters.

    Parameters
    ----------
    spec
        ``name`` or ``name:key=value,key=value``.

    Raises
    ------
    MaskfaceError
        If the name, a parameter or a value is not allowed, weights are damaged, or the classifier
        has to be trained.
    """
    from maskface.classifiers.base import Trainable

    made = get_reader(spec)
    if isinstance(made, Trainable):
        raise MaskfaceError(
            f"Classifier {made.name!r} learns from the pictures of a run and cannot be used "
            f"without one. Use maskface run --classifier {made.name}, or maskface.run."
        )
    return made


def get_reader(spec: str) -> Classifier | Trainable:
    """Make a classifier, also one that has to be trained, from its name and parameters.

    Raises
    ------
    MaskfaceError
        If the name, a parameter or a value is not allowed, or weights are damaged.

    Examples
    --------
    >>> get_reader("faceapi").name
    'faceapi'
    """
    made: Classifier | Trainable = make(CLASSIFIERS, spec)
    return made


def parameters_of(name: str) -> dict[str, str]:
    """Parameters of a classifier by name, with their defaults; none if it has none."""
    return described_parameters(CLASSIFIERS.get(name))


def is_control(name: str) -> bool:
    """Whether a classifier of this name learnt from shuffled labels."""
    return "permuted=true" in name
