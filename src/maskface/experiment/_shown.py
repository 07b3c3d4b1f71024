"""One picture, opened once, and its face as every condition shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from maskface.errors import told
from maskface.images import decode_image, face_crop, read_bytes
from maskface.landmarks import same_face
from maskface.occluders import Occluder
from maskface.types import Face, FaceLandmarks, ImageArray, Occlusion, Sample

AMBIGUOUS_SIZE: Final = 0.5
"""A second face at least this share of the largest one's size could be the labelled one."""

Detect = Callable[[ImageArray, bytes | None], tuple[FaceLandmarks, ...]]
"""Finds the faces in a picture, given also the bytes of its file where there is one."""


class TrialError(Exception):
    """Why a picture has no answers: a status and a message for its rows."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture whose face was found, under every condition.

    Attributes
    ----------
    sample
        Which picture.
    image
        The picture as it is.
    face
        Its face.
    message
        What should be known about the choice of the face.
    occlusions
        By condition, without those whose occluder failed.
    failures
        What went wrong with these, by condition.
    """

    sample: Sample
    image: ImageArray
    face: FaceLandmarks
    message: str
    occlusions: dict[str, Occlusion] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def faces(self, detect: Detect | None) -> dict[str, Face]:
        """What classifiers are given, by condition; `detect` finds faces anew where it is asked."""
        return {
            condition: Face(
                face_crop(occlusion.image, self.face),
                self.face,
                occlusion.covered,
                None if detect is None else self._again(occlusion, detect),
            )
            for condition, occlusion in self.occlusions.items()
        }

    def _again(self, occlusion: Occlusion, detect: Detect) -> FaceLandmarks | None:
        if occlusion.image is self.image:
            return self.face
        return same_face(detect(occlusion.image, None), self.face)


def open_sample(sample: Sample, detect: Detect) -> Shown:
    """Read a picture and find its face.

    Raises
    ------
    ImageError
        If the picture cannot be read.
    TrialError
        If it is not known whose emotion the label means.
    """
    data = read_bytes(sample.path)
    image = decode_image(data)
    face, message = choose_face(detect(image, data))
    return Shown(sample, image, face, message)


def occlude(shown: Shown, occluders: Mapping[str, Occluder], seeds: Mapping[str, int]) -> None:
    """Put every occluder on the face; those that fail are noted."""
    for condition, occluder in occluders.items():
        try:
            occlusion = occluder.apply(shown.image, shown.face, seed=seeds[condition])
        # An occluder may fail in any way on an odd face; it costs this condition alone.
        except Exception as error:  # noqa: BLE001
            shown.failures[condition] = told(error)
        else:
            shown.occlusions[condition] = occlusion


def choose_face(faces: Sequence[FaceLandmarks]) -> tuple[FaceLandmarks, str]:
    """Choose the face that the label means, and say what should be known about the choice.

    Parameters
    ----------
    faces
        Largest first.

    Raises
    ------
    TrialError
        If there is none, or two of similar size.
    """
    if not faces:
        raise TrialError("no_face", "no face found")
    if len(faces) == 1:
        return faces[0], ""
    if faces[1].size >= AMBIGUOUS_SIZE * faces[0].size:
        raise TrialError(
            "error",
            f"{len(faces)} faces, the two largest of similar size: it is not known whose emotion "
            "the label means; crop the picture to one face",
        )
    return faces[0], f"{len(faces)} faces; the largest was read"
