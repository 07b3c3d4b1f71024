"""One picture, opened once, and its face as every condition shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from maskface.crops import crop_box, cut
from maskface.errors import told
from maskface.images import LIMITS, Limits, decode_image, read_bytes
from maskface.landmarks import same_face
from maskface.occluders import Occluder, Unoccluded
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

    def faces(self, detect: Detect | None, *, covered: bool = True) -> dict[str, Face]:
        """What classifiers are given, by condition.

        Parameters
        ----------
        detect
            Finds faces anew; None if nobody asks for that.
        covered
            Whether to say which landmarks are hidden.
        """
        x0, y0, side = crop_box(self.face)
        return {
            condition: Face(
                cut(occlusion.image, x0, y0, side, side),
                self.face,
                occlusion.covered if covered else None,
                None if detect is None else self._again(occlusion, detect),
            )
            for condition, occlusion in self.occlusions.items()
        }

    def _again(self, occlusion: Occlusion, detect: Detect) -> FaceLandmarks | None:
        if occlusion.image is self.image:
            return self.face
        return same_face(detect(occlusion.image, None), self.face)


def open_sample(sample: Sample, detect: Detect, limits: Limits = LIMITS) -> Shown:
    """Read a picture and find its face.

    Raises
    ------
    ImageError
        If the picture cannot be read.
    TrialError
        If it is not known whose emotion the label means.
    """
    return open_read(sample, read_bytes(sample.path, limits), detect, limits)


def open_read(sample: Sample, data: bytes, detect: Detect, limits: Limits = LIMITS) -> Shown:
    """Find the face in a picture whose file was read; see `open_sample`."""
    image = decode_image(data, limits)
    face, message = choose_face(detect(image, data))
    return Shown(sample, image, face, message)


def occlude(shown: Shown, occluders: Mapping[str, Occluder], seeds: Mapping[str, int]) -> None:
    """Put every occluder on the face; those that fail are noted."""
    for condition, occluder in occluders.items():
        try:
            shown.occlusions[condition] = _occluded(shown, occluder, seeds[condition])
        # An occluder may fail in any way on an odd face; it costs this condition alone.
        except Exception as error:  # noqa: BLE001
            shown.failures[condition] = told(error)


def _occluded(shown: Shown, occluder: Occluder, seed: int) -> Occlusion:
    if not isinstance(occluder, Unoccluded):
        return occluder.apply(shown.image, shown.face, seed=seed)
    # The picture as it is: there is nothing to draw and no coverage to count.
    nothing = np.zeros(shown.image.shape[:2], np.uint8)
    return Occlusion(shown.image, nothing, nothing, shown.face, 0.0, seed=seed)


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
