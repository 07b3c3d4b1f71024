"""Which pictures are to be read, and what they are called.

Find the faces of one picture, put an occluder on each, and read them.

Read many pictures, and say why.

Read the emotions of faces in pictures, outside any experiment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import numpy as np
import pandas as pd
from tqdm import tqdm

from maskface.arrays import Row
from maskface.classifiers import NOT_AGAIN, Classifier, checked_answers, get_classifier
from maskface.crops import face_crop
from maskface.datasets.labels import require_plain
from maskface.errors import ImageError, MaskfaceError, format_error
from maskface.images import decode_image, find_images, read_bytes
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector, match_face
from maskface.occluders import Occluder, get_occluder, occluder_name
from maskface.seeds import derived_seed
from maskface.tables import READINGS
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Prediction

Picture: TypeAlias = str | Path | ImageArray


def named_pictures(images: Picture | Sequence[Picture]) -> dict[str, Picture]:
    """Name the pictures, those of folders one by one.

    Raises
    ------
    MaskfaceError
        If there is none, or no table can hold its name.
    ValueError
        If an array is no RGB picture.
    """
    named: dict[str, Picture] = {}
    for number, image in enumerate(_several(images)):
        if isinstance(image, str | Path):
            path = Path(image)
            found = list(find_images(path)) if path.is_dir() else [path]
            named |= {str(file): file for file in found}
        else:
            named[f"array {number}"] = _checked(image)
    if not named:
        raise MaskfaceError("There is no picture to read. Name a picture or a folder of pictures.")
    require_plain(named, "What is to be read")
    return named


def _several(images: Picture | Sequence[Picture]) -> Sequence[Picture]:
    if isinstance(images, str | Path):
        return [images]
    if isinstance(images, np.ndarray) and images.ndim != 4:
        return [images]
    return cast("Sequence[Picture]", images)


def _checked(image: Any) -> ImageArray:
    if np.ndim(image) != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            "Expected an image of shape (H, W, 3) and type uint8, "
            f"but it had shape {np.shape(image)} and type {getattr(image, 'dtype', type(image))}."
        )
    checked: ImageArray = image
    return checked


def open_picture(picture: Picture) -> tuple[ImageArray, bytes | None]:
    """Open a picture: its pixels, and the bytes of its file if it is one.

    Raises
    ------
    ImageError
        If the file cannot be read.
    """
    if isinstance(picture, str | Path):
        data = read_bytes(Path(picture))
        return decode_image(data), data
    return picture, None


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
            return Look(cells | {"status": "error", "message": format_error(error)})
        again = None
        if any(REDETECTED in one.needs for one in self.classifiers.values()):
            plain = occlusion.image is image
            again = landmarks if plain else self._again(occlusion.image, landmarks)
        crop = face_crop(occlusion.image, landmarks)
        face = Face(crop, landmarks, occlusion.covered, again)
        return Look(cells | {"status": "ok", "coverage": occlusion.coverage}, face)

    def _again(self, image: ImageArray, landmarks: FaceLandmarks) -> FaceLandmarks | None:
        return match_face(self._detector.detect(image), landmarks)


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
        yield from (
            cells | {"status": "error", "message": format_error(error)} for cells, _ in asked
        )
        return
    for (cells, _), row in zip(asked, answers, strict=True):
        shares = {f"p_{emotion}": share for emotion, share in zip(EMOTIONS, row, strict=True)}
        yield cells | shares | {"predicted": Prediction(row).label}


DEFAULT: Final = ("faceapi", "fer")
"""What reads faces unless the user says otherwise."""


def read_faces(
    images: Picture | Sequence[Picture],
    *,
    classifiers: str | Sequence[str] = DEFAULT,
    occluder: str = "none",
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Read the emotion of every face in pictures.

    Faces are looked for and cut out once for all classifiers; landmarks are kept in the cache on
    disk that runs use.

    Parameters
    ----------
    images
        Picture files, folders (with all below them) and RGB arrays (H, W, 3) uint8; one or several.
    classifiers
        Names of classifiers that need no training, such as ``emfacs``.
    occluder
        What to put on each face before it is read, such as ``surgical``.
    seed
        Seed of whatever is random in the occluder, 0 or more.
    progress
        Show a progress bar on stderr.

    Returns
    -------
    DataFrame
        In the schema of `maskface.tables.READINGS`: a row for each face and classifier. A picture
        that cannot be read or shows no face has rows that say so.

    Raises
    ------
    MaskfaceError
        If there is no picture, or a classifier or occluder cannot be used.
    ValueError
        If an array is no RGB picture.

    Examples
    --------
    >>> read_faces("portrait.jpg", classifiers="emfacs", occluder="surgical")  # doctest: +SKIP
    """
    names = [classifiers] if isinstance(classifiers, str) else list(classifiers)
    pictures = named_pictures(images)
    reader = FaceReader.load(names, occluder, seed)
    rows = [
        row
        for name, picture in tqdm(
            pictures.items(), unit="image", disable=not progress or len(pictures) == 1
        )
        for row in reader.rows(name, picture)
    ]
    return READINGS.frame(rows)


def explain_faces(
    images: Picture | Sequence[Picture],
    *,
    classifier: str = "emfacs",
    occluder: str = "none",
    seed: int = 0,
) -> list[tuple[str, int, Any]]:
    """Say of every face why a classifier answers what it answers.

    Parameters
    ----------
    images, occluder, seed
        As in `read_faces`.
    classifier
        One that can explain itself: it has a method ``explain(face)``.

    Returns
    -------
    list of (str, int, Explanation)
        The picture, the number of the face, and what the classifier says, which has a ``text``.
        Faces that cannot be read are left out.

    Raises
    ------
    MaskfaceError
        As `read_faces`, or if the classifier cannot explain itself.
    """
    reader = FaceReader.load([classifier], occluder, seed)
    (one,) = reader.classifiers.values()
    explain = getattr(one, "explain", None)
    if explain is None:
        raise MaskfaceError(f"Classifier {one.name!r} cannot explain itself; emfacs can.")
    return [
        (name, look.cells["face"], explain(look.face))
        for name, picture in named_pictures(images).items()
        for look in reader.look(name, picture)
        if look.face is not None and not is_lost(one, look.face)
    ]


__all__ = ["DEFAULT", "explain_faces", "read_faces"]
