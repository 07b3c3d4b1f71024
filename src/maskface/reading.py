"""Read the emotion of every face in pictures, outside any experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from maskface import pipeline
from maskface.arrays import Row
from maskface.classifiers import Classifier, as_classifiers, require_ready
from maskface.datasets.labels import require_printable
from maskface.errors import ImageError, MaskfaceError
from maskface.images import LIMITS, Limits, find_images
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector, find_aspect
from maskface.occluders import Occluder, as_single_occluder, occluder_name
from maskface.pipeline import Picture
from maskface.seeds import derived_seed
from maskface.tables import READINGS
from maskface.types import Face, FaceLandmarks

if TYPE_CHECKING:
    from maskface.classifiers.registry import ClassifierLike

DEFAULT: Final = ("faceapi", "fer")
"""The classifiers unless the user names others."""


def named_pictures(images: Picture | Sequence[Picture]) -> dict[str, Picture]:
    """Name pictures, those in folders one by one.

    Raises MaskfaceError if there is none, or a name cannot stand in a table, and ValueError if an
    array is not an RGB image.
    """
    named: dict[str, Picture] = {}
    for number, image in enumerate(_several(images)):
        if isinstance(image, str | Path):
            path = Path(image)
            found = list(find_images(path)) if path.is_dir() else [path]
            named |= {str(file): file for file in found}
        else:
            named[f"array {number}"] = pipeline.open_picture(image)[0]
    if not named:
        raise MaskfaceError("There is no picture to read. Name a picture or a folder of pictures.")
    require_printable(named, "What is to be read")
    return named


def _limits(pictures: Mapping[str, Picture], factor: float | Literal["auto"]) -> Limits:
    files = [one for one in pictures.values() if isinstance(one, str | Path)]
    return Limits(restore_aspect=find_aspect(factor, files))


def _several(images: Picture | Sequence[Picture]) -> Sequence[Picture]:
    if isinstance(images, str | Path) or (isinstance(images, np.ndarray) and images.ndim != 4):
        return [images]
    return cast("Sequence[Picture]", images)


@dataclass(frozen=True)
class FacePredictor:
    """Classifiers and an occluder, ready to read faces."""

    classifiers: Mapping[str, Classifier]  # by name
    occluder: Occluder  # what is put on each face, on it alone
    # Seeds of all faces derive from this, the name of the file (without its folders) and the number
    # of the face.
    seed: int = 0
    limits: Limits = LIMITS
    _detector: CachedDetector = field(
        default_factory=lambda: CachedDetector(MediaPipeDetector(), LandmarkCache()), repr=False
    )

    @classmethod
    def load(
        cls,
        classifiers: Sequence[ClassifierLike],
        occluder: str | Occluder,
        seed: int,
        limits: Limits = LIMITS,
    ) -> Self:
        """Make classifiers and occluder.

        Raises MaskfaceError if a name or parameter is not allowed, or a classifier cannot be used.
        """
        made = [require_ready(one) for one in as_classifiers(classifiers)]
        if not made:
            raise MaskfaceError("Name at least one classifier, such as faceapi.")
        return cls({one.name: one for one in made}, as_single_occluder(occluder), seed, limits)

    def faces(self, name: str, picture: Picture) -> list[tuple[Row, Face | None]]:
        """Find the faces of a picture, and put the occluder on each.

        Returns cells of `maskface.tables.READINGS` that all classifiers share, and what they are
        given; None where there is nothing to read, and the cells give the reason.
        """
        cells: Row = {"image": name, "occluder": occluder_name(self.occluder)}
        try:
            image, data = pipeline.open_picture(picture, self.limits)
            found = self._detector.detect(image, data)
        except ImageError as error:
            return [(cells | {"status": "error", "message": str(error)}, None)]
        if not found:
            return [
                (cells | {"status": "no_face", "message": pipeline.no_face_message(data)}, None)
            ]
        needs = pipeline.all_needs(self.adapters) | {pipeline.COVERED}
        faces: list[tuple[Row, Face | None]] = []
        for number, landmarks in enumerate(found):
            own = cells | {"face": number} | _place(landmarks)
            seed = derived_seed(self.seed, Path(name).name, number)
            occlusion = pipeline.occlude(image, landmarks, self.occluder, seed)
            if isinstance(occlusion, str):
                faces.append((own | {"status": "error", "message": occlusion}, None))
            else:
                own |= {"status": "ok", "coverage": occlusion.coverage}
                own |= {"message": pipeline.face_note(landmarks)}
                faces.append(
                    (own, pipeline.make_face(image, occlusion, needs, self._detector.detect))
                )
        return faces

    @property
    def adapters(self) -> tuple[pipeline.ClassifierAdapter, ...]:
        """The classifiers as the pipeline calls them."""
        return pipeline.adapt_classifiers(self.classifiers.values())

    def rows(self, name: str, picture: Picture) -> Iterator[Row]:
        """Read one picture: yield rows of `maskface.tables.READINGS`."""
        faces = self.faces(name, picture)
        shown = {number: face for number, (_, face) in enumerate(faces) if face is not None}
        for classifier in self.adapters:
            answers = pipeline.predict(classifier, shown)
            for number, (cells, _) in enumerate(faces):
                row = cells | {"classifier": classifier.name}
                answer = answers.get(number)
                if isinstance(answer, pipeline.NoAnswer):
                    row |= answer.cells()
                elif answer is not None:
                    row |= pipeline.answer_cells(answer)
                yield row


def _place(landmarks: FaceLandmarks) -> Row:
    box = zip(("left_px", "top_px", "right_px", "bottom_px"), landmarks.box, strict=True)
    pose = zip(("yaw_deg", "pitch_deg", "roll_deg"), landmarks.pose, strict=True)
    return {**dict(box), **dict(pose)}


def read_faces(
    images: Picture | Sequence[Picture],
    *,
    classifiers: ClassifierLike | Sequence[ClassifierLike] = DEFAULT,
    occluder: str | Occluder | Sequence[str | Occluder] = "none",
    seed: int = 0,
    restore_aspect: float | Literal["auto"] = 1.0,
    progress: bool = False,
) -> pd.DataFrame:
    """Read the emotion of every face in pictures.

    Faces are looked for and cut out once for all classifiers. Landmarks are kept in the cache on
    disk that runs use.

    Parameters
    ----------
    images
        Picture files, folders (with all below them) and RGB images (H, W, 3) uint8; one or several.
    classifiers
        Classifiers that need no training, one or several: names such as ``"emfacs"``, objects, or
        models of your own (see `maskface.classifiers.as_classifier`).
    occluder
        What to put on each face before it is read, by name (such as ``"surgical"``) or as an
        object; one or several.
    seed
        Seed of whatever is random in the occluder, 0 or more.
    restore_aspect
        How many times as high picture files are made first; ``auto`` finds it from their irises.
        See `maskface.Experiment`.
    progress
        Show a progress bar.

    Returns
    -------
    DataFrame
        In the schema of `maskface.tables.READINGS`: a row for each occluder, face and classifier.
        A picture that cannot be read, or shows no face, has rows with the reason.

    Raises
    ------
    MaskfaceError
        If there is no picture, or a classifier or occluder cannot be used.
    ValueError
        If an array is not an RGB image.

    Examples
    --------
    >>> from maskface.gallery import example_faces
    >>> found = read_faces(example_faces()[1], classifiers="fer", occluder="surgical")
    >>> found["status"].tolist()
    ['ok']
    """
    single = isinstance(classifiers, str) or not isinstance(classifiers, Sequence)
    several = cast("Sequence[ClassifierLike]", [classifiers] if single else classifiers)
    pictures = named_pictures(images)
    worn = [occluder] if isinstance(occluder, str | Occluder) else occluder
    limits = _limits(pictures, restore_aspect)
    predictors = [FacePredictor.load(several, one, seed, limits) for one in dict.fromkeys(worn)]
    if not predictors:
        raise MaskfaceError("Name at least one occluder; none is the plain face.")
    rows = [
        row
        for name, picture in tqdm(
            pictures.items(), unit="image", disable=not progress or len(pictures) == 1
        )
        for predictor in predictors
        for row in predictor.rows(name, picture)
    ]
    return READINGS.frame(rows)


def explain_faces(
    images: Picture | Sequence[Picture],
    *,
    classifier: ClassifierLike = "emfacs",
    occluder: str | Occluder = "none",
    seed: int = 0,
    restore_aspect: float | Literal["auto"] = 1.0,
) -> list[tuple[str, int, Any]]:
    """Explain the answers of a classifier to every face in pictures.

    Parameters
    ----------
    images, occluder, seed, restore_aspect
        As in `read_faces`.
    classifier
        One that can explain itself: it has a method ``explain(face)``.

    Returns
    -------
    list of (str, int, Explanation)
        The picture, the number of the face, and the explanation, which has a ``text``. Faces that
        cannot be read are left out.

    Raises
    ------
    MaskfaceError
        As `read_faces`, or if the classifier cannot explain itself.
    """
    pictures = named_pictures(images)
    predictor = FacePredictor.load([classifier], occluder, seed, _limits(pictures, restore_aspect))
    (one,) = predictor.classifiers.values()
    (adapter,) = predictor.adapters
    explain = getattr(one, "explain", None)
    if explain is None:
        raise MaskfaceError(f"Classifier {one.name!r} cannot explain itself; emfacs can.")
    return [
        (name, cells["face"], explain(face))
        for name, picture in pictures.items()
        for cells, face in predictor.faces(name, picture)
        if face is not None and not pipeline.is_lost(adapter, face)
    ]


__all__ = ["DEFAULT", "explain_faces", "read_faces"]
