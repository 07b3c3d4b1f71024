"""The user's own classifiers: any object with ``predict_proba(images)``, or a function."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskface.crops import upright_crop
from maskface.errors import MaskfaceError
from maskface.types import Face, ImageArray


@runtime_checkable
class ImageModel(Protocol):
    """Anything that predicts emotions from pictures of faces.

    Optional attributes are `name`, as in the results, and `fingerprint`, a text that changes
    whenever predictions could.
    """

    def predict_proba(self, images: Sequence[ImageArray], /) -> ArrayLike:
        """Predict a batch of faces.

        Parameters
        ----------
        images
            List of n face crops (S, S, 3) uint8 RGB; see `maskface.crops.face_crop`. S is the
            same for the crops of one photograph, and differs between photographs.

        Returns
        -------
        array-like
            (n, 7) probabilities, each row in the order of `maskface.EMOTIONS` and summing to 1.
        """
        ...


Predict: TypeAlias = Callable[[Sequence[ImageArray]], ArrayLike]
"""A function with the signature of `ImageModel.predict_proba`."""


@dataclass(frozen=True)
class ImageClassifier:
    """A `Classifier` that wraps a user's own model."""

    name: str  # as in the results
    # Hash of the model's own `fingerprint`, otherwise of its source and the values that it holds.
    fingerprint: str
    model: ImageModel | Predict  # the object or function
    needs: frozenset[str] = frozenset({"crop"})  # parts of a `Face` that it reads: the crop

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        read = self.model.predict_proba if isinstance(self.model, ImageModel) else self.model
        return np.asarray(read([upright_crop(face) for face in faces]), np.float64)


def wrap_model(model: Any) -> ImageClassifier:
    """Make a classifier of an object with ``predict_proba(images)``, or of a function.

    Raises MaskfaceError if it is neither, or cannot be identified (see `identity`).
    """
    if not (isinstance(model, ImageModel) or inspect.isroutine(model)):
        raise MaskfaceError(
            f"Expected a classifier, got {model!r:.80}. Give its name, such as 'fer', an object "
            "with predict_proba(images) -> (n, 7), or a function of images."
        )
    named = getattr(model, "name", None) or getattr(model, "__name__", type(model).__name__)
    name = str(named).strip("<>")
    return ImageClassifier(name, identity(model, f"Classifier {name!r}"), model)


def identity(thing: Any, what: str, *, values: bool = True) -> str:
    """Return a hash that identifies a user's own object or function; 64 hexadecimal digits.

    It is made of the attribute `fingerprint`; otherwise of the source of the class or function, and
    the values that it holds: attributes, defaults and variables of the enclosing function. Other
    code that it calls is not part of it.

    Parameters
    ----------
    thing
        An object or a function.
    what
        Its name in messages.
    values
        Include the values that it holds.

    Raises
    ------
    MaskfaceError
        If it has no fingerprint, and its source cannot be read or its values cannot be hashed.
    """
    own = getattr(thing, "fingerprint", None)
    if isinstance(own, str) and own:
        parts = [own]
    else:
        try:
            parts = [*_sources(thing), *([_hash(_held(thing))] if values else [])]
        except Exception as error:  # reading a source or pickling a value may raise anything
            raise MaskfaceError(
                f"{what} has no fingerprint, and its source or the values that it holds cannot be "
                f"read ({type(error).__name__}: {error}). Give it an attribute fingerprint: a text "
                "that changes whenever its answers could, such as the hash of its weights."
            ) from error
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sources(thing: Any) -> list[str]:
    """Return the source of a function, or of an object's class and its bases."""
    if inspect.ismethod(thing):
        return [*_sources(thing.__self__), thing.__name__]
    if inspect.isfunction(thing):
        return [inspect.getsource(thing)]
    known = ("builtins", "abc", "typing", "maskface")
    classes = [c for c in type(thing).__mro__ if c.__module__.partition(".")[0] not in known]
    if not classes:
        raise TypeError(f"{type(thing).__name__} is not written in Python")
    return [source for cls in classes for source in _class_sources(cls)]


def _class_sources(cls: type[Any]) -> list[str]:
    try:
        return [inspect.getsource(cls)]
    except (OSError, TypeError):  # before Python 3.13, notebooks know the source of functions only
        found = []
    for name, member in sorted(vars(cls).items()):
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if inspect.isfunction(function) and not _is_generated(function):
            found.append(inspect.getsource(function))
        elif isinstance(member, int | float | str | tuple) and not name.startswith("__"):
            found.append(f"{name} = {member!r}")
    if not any(map(inspect.isfunction, vars(cls).values())) or not found:
        raise OSError(f"the source of {cls.__name__} is not known")
    return found


def _is_generated(function: Any) -> bool:
    """Return whether a function is generated, as the methods of a dataclass are."""
    return Path(function.__code__.co_filename).name in ("<string>", "reprlib.py")


def _held(thing: Any) -> Any:
    if inspect.ismethod(thing):
        return _held(thing.__self__)
    if not inspect.isfunction(thing):
        return vars(thing) if hasattr(thing, "__dict__") else {}
    cells = [cell.cell_contents for cell in thing.__closure__ or ()]
    return [_value(v) for v in (*cells, *(thing.__defaults__ or ()))]


def _value(value: Any) -> Any:
    """Return a value that can be hashed: of a function, its source and values."""
    return [*_sources(value), _held(value)] if inspect.isfunction(value) else value


def _hash(values: Any) -> str:
    from joblib import hash as joblib_hash

    return str(joblib_hash(values))
