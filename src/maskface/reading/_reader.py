"""Find the faces of one picture, put an occluder on each, and read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maskface.arrays import Row
from maskface.classifiers import NOT_AGAIN, Classifier, checked_answers, get_classifier
from maskface.crops import face_crop
from maskface.errors import ImageError, MaskfaceError, told
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector, same_face
from maskface.occluders import Occluder, get_occluder, occluder_name
from maskface.reading._pictures import Picture, open_picture
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Prediction

REDETECTED: Final = "redetected"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One face, or what went wrong where there is none to be read.

    Attributes
    ----------
    cells
        Cells of `maskface.tables.READINGS` that all classifiers share.
    face
        What classifiers are given; None if there is nothing to read.
    """

    cells: Row
    face: Face | None = None


@dataclass(frozen=True)
class FaceReader:
    """Finds faces, puts an occluder on each, and reads them.

    Attributes
    ----------
    classifiers
        By name.
    occluder
        What is put on each face, on it alone.
    seed
        What the seeds of all faces are made from, together with the name of the file (not of its
        folders) and the number of the face.
    """

    classifiers: Mapping[str, Classifier]
    occluder: Occluder
    seed: int = 0
    _detector: CachedDetector = field(
        default_factory=lambda: CachedDetector(MediaPipeDetector(), LandmarkCache()), repr=False
    )

    @classmethod
    def load(cls, classifiers: Sequence[str], occluder: str = "none", seed: int = 0) -> FaceReader:
        """Make the parts from their names.

        Raises
        ------
        MaskfaceError
            If a name or parameter is not allowed, or a classifier cannot be used.
        """
        made = [get_classifier(name) for name in classifiers]
        if not made:
            raise MaskfaceError("Name at least one classifier, such as faceapi.")
        return cls({one.name: one for one in made}, get_occluder(occluder), seed)

    def rows(self, name: str, picture: Picture) -> Iterator[Row]:
        """Read one picture: rows of `maskface.tables.READINGS`."""
        looks = list(self.look(name, picture))
        for classifier in self.classifiers.values():
            yield from _read(classifier, looks)

    def look(self, name: str, picture: Picture) -> Iterator[Look]:
        """Find the faces of one picture and put the occluder on each."""
        cells: Row = {"image": name, "occluder": occluder_name(self.occluder)}
        try:
            image, data = open_picture(picture)
            faces = self._detector.detect(image, data)
        except ImageError as error:
            yield Look(cells | {"status": "error", "message": str(error)})
            return
        if not faces:
            yield Look(cells | {"status": "no_face", "message": "no face found"})
        for number, landmarks in enumerate(faces):
            found = cells | {"face": number} | _place(landmarks)
            seed = derived_seed(self.seed, Path(name).name, number)
            yield self._worn(image, landmarks, found, seed)

    def _worn(self, image: ImageArray, landmarks: FaceLandmarks, cells: Row, seed: int) -> Look:
        try:
            occlusion = self.occluder.apply(image, landmarks, seed=seed)
        # An occluder may fail in any way on an odd face; it costs this face alone.
        except Exception as error:  # noqa: BLE001
            return Look(cells | {"status": "error", "message": told(error)})
        again = None
        if any(REDETECTED in one.needs for one in self.classifiers.values()):
            plain = occlusion.image is image
            again = landmarks if plain else self._again(occlusion.image, landmarks)
        crop = face_crop(occlusion.image, landmarks)
        face = Face(crop, landmarks, occlusion.covered, again)
        return Look(cells | {"status": "ok", "coverage": occlusion.coverage}, face)

    def _again(self, image: ImageArray, landmarks: FaceLandmarks) -> FaceLandmarks | None:
        return same_face(self._detector.detect(image), landmarks)


def _place(landmarks: FaceLandmarks) -> Row:
    box = zip(("left_px", "top_px", "right_px", "bottom_px"), landmarks.box, strict=True)
    pose = zip(("yaw_deg", "pitch_deg", "roll_deg"), landmarks.pose, strict=True)
    return {**dict(box), **dict(pose)}


def is_lost(classifier: Classifier, face: Face) -> bool:
    """Whether a classifier needs a face that was not found again."""
    return REDETECTED in classifier.needs and face.redetected is None


def _read(classifier: Classifier, looks: Sequence[Look]) -> Iterator[Row]:
    """Rows of one classifier for the faces of one picture, read as one batch."""
    fixed = {"classifier": classifier.name}
    asked: list[tuple[Row, Face]] = []
    for look in looks:
        if look.face is None:
            yield look.cells | fixed
        elif is_lost(classifier, look.face):
            yield look.cells | fixed | {"status": "no_face", "message": NOT_AGAIN}
        else:
            asked.append((look.cells | fixed, look.face))
    try:
        faces = [face for _, face in asked]
        answers = checked_answers(classifier.predict_proba(faces), len(faces))
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        yield from (cells | {"status": "error", "message": told(error)} for cells, _ in asked)
        return
    for (cells, _), row in zip(asked, answers, strict=True):
        shares = {f"p_{emotion}": share for emotion, share in zip(EMOTIONS, row, strict=True)}
        yield cells | shares | {"predicted": Prediction(row).label}
