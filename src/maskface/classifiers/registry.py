"""Registry of classifiers, which are loaded when they are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import Registry
from maskface.run_options import argument
from maskface.specs import described_parameters, make

if TYPE_CHECKING:
    from maskface.classifiers.base import Classifier, Trainable
    from maskface.classifiers.custom import ImageModel, Predict

    Kind: TypeAlias = type[Classifier | Trainable]
    ClassifierLike: TypeAlias = str | Classifier | Trainable | ImageModel | Predict

CLASSIFIERS: Registry[Kind] = Registry("classifier", "maskface.classifiers", "CLASSIFIERS")
"""All classifiers by name."""


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
    return require_ready(make_classifier(spec))


def require_ready(made: Classifier | Trainable) -> Classifier:
    """Return a classifier, if it can be used without a run; otherwise raise MaskfaceError."""
    from maskface.classifiers.base import Trainable

    if isinstance(made, Trainable) or "trial" in made.needs:
        does = "is fitted" if isinstance(made, Trainable) else "holds answers"
        raise MaskfaceError(
            f"Classifier {made.name!r} {does} to the pictures of a run and cannot be used "
            f"without one. Give it to a run: {argument('classifiers', value=made.name)}."
        )
    return made


def make_classifier(spec: str) -> Classifier | Trainable:
    """Make a classifier, also one that has to be trained, from its name and parameters.

    Raises
    ------
    MaskfaceError
        If the name, a parameter or a value is not allowed, or weights are damaged.

    Examples
    --------
    >>> make_classifier("faceapi").name
    'faceapi'
    """
    made: Classifier | Trainable = make(CLASSIFIERS, spec)
    return made


def as_classifier(classifier: ClassifierLike) -> Classifier | Trainable:
    """Return a classifier itself, or make one.

    Parameters
    ----------
    classifier
        A name with parameters, such as ``hog:train=masked``; a `Classifier` or `Trainable`; or your
        own model: an object with ``predict_proba(images) -> (n, 7)``, or a function that does the
        same (see `maskface.classifiers.ImageModel`).

    Raises
    ------
    MaskfaceError
        If it is none of these, the text is not allowed, weights are damaged, or your own model
        cannot be identified (see `maskface.classifiers.identity`).

    Examples
    --------
    >>> def cheerful(images):
    ...     return [[0, 0, 0, 1, 0, 0, 0] for image in images]
    >>> as_classifier(cheerful).name
    'cheerful'
    """
    from maskface.classifiers.base import Classifier, Trainable
    from maskface.classifiers.custom import wrap_model

    if isinstance(classifier, str):
        return make_classifier(classifier)
    if isinstance(classifier, Trainable | Classifier) and not isinstance(classifier, type):
        return classifier
    return wrap_model(classifier)


def as_classifiers(
    classifiers: ClassifierLike | Iterable[ClassifierLike],
) -> list[Classifier | Trainable]:
    """Return one classifier or several as a list; see `as_classifier`."""
    model = callable(classifiers) or hasattr(classifiers, "predict_proba")
    if model or isinstance(classifiers, str) or not isinstance(classifiers, Iterable):
        return [as_classifier(classifiers)]  # type: ignore[arg-type]  # no iterable of models
    return [as_classifier(one) for one in classifiers]


def parameters_of(name: str) -> dict[str, str]:
    """Return the parameters of a classifier by name, with their defaults; none if it has none."""
    return described_parameters(CLASSIFIERS.get(name))


def is_control(name: str) -> bool:
    """Return whether a classifier of this name is fitted to shuffled labels."""
    return "permuted=true" in name
