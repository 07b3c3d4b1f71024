"""Steps from a picture to its answers: open, find the faces, occlude, crop, predict.

An experiment, `read_faces`, `mask_files`, contact sheets and the report compose these steps, so a
face is drawn on and cut out in the same way everywhere. A step that fails costs only what depends
on it: an occluder its condition, a classifier its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.classifiers import NOT_AGAIN, Classifier, Trainable, checked_answers, checked_features
from maskface.crops import face_crop
from maskface.errors import format_error
from maskface.images import LIMITS, Limits, count_frames, decode_image, read_bytes
from maskface.landmarks import match_face
from maskface.occluders import Occluder, Unoccluded
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Occlusion, Prediction

Picture: TypeAlias = str | Path | ImageArray
"""A picture file, or an image of shape (H, W, 3), uint8 RGB."""
Detect: TypeAlias = Callable[[ImageArray, bytes | None], Sequence[FaceLandmarks]]
"""Finds the faces in an image; the second argument is the content of its file, if there is one."""
Key = TypeVar("Key")

COVERED: Final = "covered"
NO_FACE: Final = "no face found"
REDETECTED: Final = "redetected"


def open_picture(picture: Picture, limits: Limits = LIMITS) -> tuple[ImageArray, bytes | None]:
    """Open a picture: (H, W, 3) uint8 RGB, and the bytes of its file, or None for an image.

    The bytes are the key of its landmarks in the cache. Raises ImageError if the file cannot be
    read, and ValueError if an image has another shape or type.
    """
    if isinstance(picture, str | Path):
        data = read_bytes(Path(picture), limits)
        return decode_image(data, limits), limits.cache_key(data)
    if np.ndim(picture) != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            "Expected an image of shape (H, W, 3) and type uint8, got shape "
            f"{np.shape(picture)} and type {getattr(picture, 'dtype', type(picture))}."
        )
    return picture, None


def no_face_message(data: bytes | None) -> str:
    """Return the message on a picture without a face; `data` is the content of its file."""
    frames = 1 if data is None else count_frames(data)
    return NO_FACE if frames == 1 else f"{NO_FACE} (in the first of {frames} frames)"


def occlude(
    image: ImageArray, face: FaceLandmarks, occluder: Occluder, seed: int
) -> Occlusion | str:
    """Put an occluder on a face; return a message if the occluder fails."""
    if type(occluder) is Unoccluded:  # nothing to draw, and no coverage to count
        nothing = np.zeros(image.shape[:2], np.uint8)
        return Occlusion(image, nothing, nothing, face, 0.0, seed=seed)
    try:
        return occluder.apply(image, face, seed=seed)
    except Exception as error:  # noqa: BLE001 (an occluder may fail in any way on an odd face)
        return format_error(error)


def control_note(occluder: Occluder) -> str:
    """Return what a control condition does, in words; empty for anything that people wear."""
    from maskface.occluders.controls.base import Control

    notes = []
    for layer in getattr(occluder, "layers", (occluder,)):
        if isinstance(layer, Control):
            summary = str(type(layer).__doc__).partition("\n")[0].rstrip(".")
            hides = summary[0].lower() + summary[1:]
            notes.append(f"{layer.name} is a control, which nobody wears: {hides}.")
        if layer.name == "window":
            notes.append("For a mask with a clear window over the mouth, use window_mask.")
    return " ".join(notes)


TINY: Final = 24
"""Size of a face in pixels below which its landmarks are little more than a guess."""
SIDEWAYS: Final = 45
"""Roll of a head in degrees from which on it lies on its side."""


def face_note(face: FaceLandmarks) -> str:
    """Return a remark on a face that is tiny or not upright; empty for others."""
    notes = []
    if face.size < TINY:
        notes.append(f"the face has only {face.size:.0f} px, too few for sure landmarks")
    if abs(face.pose.roll) > SIDEWAYS:
        notes.append(
            f"the head is turned by {abs(face.pose.roll):.0f} degrees in the picture: turn the "
            "picture upright"
        )
    return "; ".join(notes)


def make_face(
    image: ImageArray, occlusion: Occlusion, needs: frozenset[str], detect: Detect
) -> Face:
    """Return what classifiers are given of an occluded face in a picture without the occluder.

    `needs` is what the classifiers need, out of `maskface.classifiers.NEEDS`; `detect` finds the
    face again in the occluded picture, if ``"redetected"`` is needed.
    """
    face = occlusion.landmarks
    again = None
    if REDETECTED in needs:
        plain = occlusion.image is image
        again = face if plain else match_face(detect(occlusion.image, None), face)
    covered = occlusion.covered if COVERED in needs else None
    return Face(face_crop(occlusion.image, face), face, covered, again, occlusion.image)


@dataclass(frozen=True, slots=True, eq=False)
class OccludedFace:
    """A face under several conditions."""

    image: ImageArray  # the picture without an occluder
    face: FaceLandmarks  # the face in it
    occlusions: dict[str, Occlusion]  # by condition, without those whose occluder failed
    failures: dict[str, str]  # why an occluder failed, by condition

    @classmethod
    def of(
        cls,
        image: ImageArray,
        face: FaceLandmarks,
        occluders: Mapping[str, Occluder],
        seeds: Mapping[str, int],
    ) -> Self:
        """Put every occluder on a face; occluders and seeds are by condition."""
        made = {name: occlude(image, face, one, seeds[name]) for name, one in occluders.items()}
        return cls(
            image,
            face,
            {name: one for name, one in made.items() if isinstance(one, Occlusion)},
            {name: one for name, one in made.items() if isinstance(one, str)},
        )

    def faces(self, needs: frozenset[str], detect: Detect, image_id: str = "") -> dict[str, Face]:
        """Return what classifiers are given, by condition; see `make_face`."""
        faces = ((name, make_face(self.image, one, needs, detect))
                 for name, one in self.occlusions.items())  # fmt: skip
        return {name: replace(face, image_id=image_id, condition=name) for name, face in faces}


def _no_gap(face: Face) -> str:
    """Return that there is an answer to every face."""
    del face
    return ""


@dataclass(frozen=True, slots=True)
class ClassifierAdapter:
    """A classifier as the pipeline calls it.

    Checking a protocol takes as long as making a row, so it is done once.
    """

    # Name of its rows while pictures are read; of a trainable classifier, that of its features.
    name: str
    needs: frozenset[str]  # parts of a face that it uses
    trainable: bool  # true if it gives features, which a model is fitted to later
    # From faces to checked answers, or features; raises `ValueError` if they are neither.
    call: Callable[[Sequence[Face]], NDArray[Any]]
    # Why there is no answer to a face, though it could be read; empty if there is one.
    gap: Callable[[Face], str] = field(default=_no_gap)

    @classmethod
    def of(cls, classifier: Classifier | Trainable) -> Self:
        """Adapt a classifier."""
        if isinstance(classifier, Trainable):
            measure = classifier.features
            return cls(
                classifier.measures, classifier.needs, trainable=True,
                call=lambda faces: checked_features(measure(faces), len(faces)),
            )  # fmt: skip
        read = classifier.predict_proba
        return cls(
            classifier.name, classifier.needs, trainable=False,
            call=lambda faces: checked_answers(read(faces), len(faces)),
            gap=getattr(classifier, "gap", _no_gap),
        )  # fmt: skip


def adapt_classifiers(
    classifiers: Iterable[Classifier | Trainable],
) -> tuple[ClassifierAdapter, ...]:
    """Adapt classifiers; of those that give the same features, keep one."""
    named = {one.name: one for one in map(ClassifierAdapter.of, classifiers)}
    return tuple(named.values())


def all_needs(classifiers: Iterable[ClassifierAdapter]) -> frozenset[str]:
    """Return the parts of a face that any of the classifiers uses."""
    return frozenset[str]().union(*(one.needs for one in classifiers))


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why a classifier has no answer to a face: cells of its row."""

    status: str  # no_face or error
    message: str  # the reason

    def cells(self) -> Row:
        """Return the cells of the row."""
        return {"status": self.status, "message": self.message}


def is_lost(classifier: ClassifierAdapter, face: Face) -> bool:
    """Return whether a classifier needs a face that was not found again."""
    return REDETECTED in classifier.needs and face.redetected is None


def predict(
    classifier: ClassifierAdapter, faces: Mapping[Key, Face]
) -> dict[Key, NDArray[Any] | NoAnswer]:
    """Let a classifier answer to the faces of one picture, as one batch, by the same keys.

    Sums inside a network may round differently with the size of the batch, so batches never cross
    pictures: answers must not depend on how the work is divided. Returns probabilities (7,), or the
    features (D,) of a trainable classifier.
    """
    answers: dict[Key, NDArray[Any] | NoAnswer] = {}
    for key, face in faces.items():
        if is_lost(classifier, face):
            answers[key] = NoAnswer("no_face", NOT_AGAIN)
        elif why := classifier.gap(face):
            answers[key] = NoAnswer("error", why)
    shown = {key: face for key, face in faces.items() if key not in answers}
    try:
        answers.update(zip(shown, classifier.call(list(shown.values())), strict=True))
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        answers.update(dict.fromkeys(shown, NoAnswer("error", format_error(error))))
    return answers


def answer_cells(probabilities: NDArray[np.float64]) -> Row:
    """Return the cells of an answer: the seven probabilities and the predicted emotion."""
    cells: Row = {f"p_{name}": p for name, p in zip(EMOTIONS, probabilities, strict=True)}
    return cells | {"predicted": Prediction(probabilities).label}
