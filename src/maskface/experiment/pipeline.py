"""Classifiers, as they are asked while pictures are read.

What is measured of every picture beside its emotion.

One picture, opened once, and its face as every condition shows it.

Whether the face is found again in the occluded picture, and where its landmarks are then.

Read one picture under every condition with every classifier.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.classifiers import (
    NOT_AGAIN,
    Classifier,
    Trainable,
    checked_answers,
    checked_features,
    get_reader,
)
from maskface.crops import crop_box, cut, resize
from maskface.errors import ImageError, format_error
from maskface.experiment.checkpoints import ChunkResult, FileFingerprint, read_fingerprinted
from maskface.experiment.spec import Experiment
from maskface.images import LIMITS, Limits, decode_image, read_bytes
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector, match_face
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.occluders import Occluder, Unoccluded, get_occluder
from maskface.seeds import derived_seed
from maskface.skin import skin_ita
from maskface.types import (
    EMOTIONS,
    Face,
    FaceLandmarks,
    ImageArray,
    MaskArray,
    Occlusion,
    Prediction,
    Sample,
)


@dataclass(frozen=True, slots=True)
class ClassifierAdapter:
    """A classifier, and what has to be known of it for every picture.

    Whether something fits a protocol takes as long to find out as making a row, so it is found
    out once.

    Attributes
    ----------
    name
        What its rows are named after while pictures are read.
    needs
        What it reads of a face.
    learns
        Whether it has to be trained, so that faces are only measured for it.
    ask
        From faces to answers or, if it learns, to features; `ValueError` if they are neither.
    """

    name: str
    needs: frozenset[str]
    learns: bool
    ask: Callable[[Sequence[Face]], NDArray[Any]]

    @classmethod
    def of(cls, classifier: Classifier | Trainable) -> Self:
        """Look at a classifier."""
        if isinstance(classifier, Trainable):
            measure = classifier.features
            return cls(
                classifier.measures, classifier.needs, learns=True,
                ask=lambda faces: checked_features(measure(faces), len(faces)),
            )  # fmt: skip
        read = classifier.predict_proba
        return cls(
            classifier.name, classifier.needs, learns=False,
            ask=lambda faces: checked_answers(read(faces), len(faces)),
        )  # fmt: skip


def adapt_classifiers(
    classifiers: Iterable[Classifier | Trainable],
) -> tuple[ClassifierAdapter, ...]:
    """Look at classifiers; those that measure what one after them does are left out."""
    named = {one.name: one for one in map(ClassifierAdapter.of, classifiers)}
    return tuple(named.values())


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
class OccludedFace:
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
        return match_face(detect(occlusion.image, None), self.face)


def open_sample(sample: Sample, detect: Detect, limits: Limits = LIMITS) -> OccludedFace:
    """Read a picture and find its face.

    Raises
    ------
    ImageError
        If the picture cannot be read.
    TrialError
        If it is not known whose emotion the label means.
    """
    return open_read(sample, read_bytes(sample.path, limits), detect, limits)


def open_read(sample: Sample, data: bytes, detect: Detect, limits: Limits = LIMITS) -> OccludedFace:
    """Find the face in a picture whose file was read; see `open_sample`."""
    image = decode_image(data, limits)
    face, message = choose_face(detect(image, data))
    return OccludedFace(sample, image, face, message)


def occlude(
    shown: OccludedFace, occluders: Mapping[str, Occluder], seeds: Mapping[str, int]
) -> None:
    """Put every occluder on the face; those that fail are noted."""
    for condition, occluder in occluders.items():
        try:
            shown.occlusions[condition] = _occluded(shown, occluder, seeds[condition])
        # An occluder may fail in any way on an odd face; it costs this condition alone.
        except Exception as error:  # noqa: BLE001
            shown.failures[condition] = format_error(error)


def _occluded(shown: OccludedFace, occluder: Occluder, seed: int) -> Occlusion:
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


def attribute_rows(shown: OccludedFace, head: Row) -> list[Row]:
    """Rows of `maskface.tables.ATTRIBUTES` that come from the picture itself."""
    values = {"face_px": f"{shown.face.size:.1f}"}
    angle = skin_ita(shown.image, shown.face)
    if not math.isnan(angle):
        values["skin_ita_deg"] = f"{angle:.2f}"
    fixed = head | {"image_id": shown.sample.image_id, "source": "measured"}
    return [fixed | {"attribute": name, "value": values[name]} for name in sorted(values)]


def detection_rows(
    shown: OccludedFace, head: Row, sizes: Sequence[int], finders: Mapping[str, Detect]
) -> Iterator[Row]:
    """Look for the face anew under every condition.

    Parameters
    ----------
    shown
        The picture.
    head
        Cells that all rows share.
    sizes
        Sizes in px to shrink the face to; 0 for the picture as it is.
    finders
        What looks for faces, by the name in the column `search`.

    Yields
    ------
    dict
        Rows of `maskface.tables.DETECTIONS`.
    """
    sample = shown.sample
    for condition in (*shown.occlusions, *shown.failures):
        fixed = head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
            "condition": condition,
        }
        for size in sizes:
            for search, find in finders.items():
                cells = {"search": search, "face_px": size}
                yield fixed | cells | _look(shown, condition, size, find)


def _look(shown: OccludedFace, condition: str, size: int, find: Detect) -> Row:
    if condition in shown.failures:
        return {"status": "error", "message": shown.failures[condition]}
    if size > shown.face.size:
        message = f"the face has only {shown.face.size:.0f} px"
        return {"status": "error", "message": message}
    occlusion = shown.occlusions[condition]
    image, face = shrunk(occlusion.image, shown.face, size)
    try:
        faces = find(image, None)
    except Exception as error:  # noqa: BLE001 (a detector may fail in any way)
        return {"status": "error", "message": format_error(error)}
    again = match_face(faces, face)
    row: Row = {"status": "ok", "n_faces": len(faces), "found": int(again is not None)}
    return row if again is None else row | drift(face, again, occlusion)


def shrunk(image: ImageArray, face: FaceLandmarks, size: int) -> tuple[ImageArray, FaceLandmarks]:
    """Shrink a picture until its face is so large; 0 leaves it as it is."""
    if not size:
        return image, face
    height, width = (max(1, round(side * size / face.size)) for side in image.shape[:2])
    scale = np.array([width / image.shape[1], height / image.shape[0], size / face.size])
    middle = np.array([0.5, 0.5, 0])
    points = ((face.points + middle) * scale - middle).astype(np.float32)
    return resize(image, width, height), replace(face, points=points)


def drift(face: FaceLandmarks, again: FaceLandmarks, occlusion: Occlusion) -> Row:
    """Mean distance of landmarks from where they were, by that of the outer eye corners."""
    flat = face.points[:, :2]
    unit = float(np.linalg.norm(flat[RIGHT_EYE[0]] - flat[LEFT_EYE[0]]))
    moved = np.linalg.norm(again.points[:, :2] - flat, axis=1) / unit
    covered = occlusion.covered
    return {"drift_visible": _mean(moved, ~covered), "drift_hidden": _mean(moved, covered)}


def _mean(values: NDArray[np.floating[Any]], chosen: MaskArray) -> float | None:
    return float(values[chosen].mean()) if chosen.any() else None


COVERED = "covered"
REDETECTED = "redetected"


@dataclass(frozen=True)
class TrialReader:
    """Everything that a worker loads once.

    Attributes
    ----------
    experiment
        Names the conditions and seeds.
    head
        Cells that all rows share: run id and data set.
    detect
        Finds the faces in a picture.
    alone
        The same without any fallback.
    occluders, classifiers
        The other parts, loaded; occluders by condition.
    """

    experiment: Experiment
    head: Row
    detect: Detect
    alone: Detect
    occluders: Mapping[str, Occluder]
    classifiers: tuple[Classifier | Trainable, ...]

    @classmethod
    def load(cls, experiment: Experiment, head: Row, cache: Path | None) -> TrialReader:
        """Load the parts; `cache` is the folder of the landmark cache, None for no cache."""
        detector = MediaPipeDetector()
        return cls(
            experiment,
            head,
            CachedDetector(detector, LandmarkCache(cache)).detect
            if cache is not None
            else lambda image, _: detector.detect(image),
            lambda image, _: detector.one_pass(image),
            {name: get_occluder(name) for name in experiment.conditions},
            tuple(get_reader(name) for name in experiment.classifiers),
        )

    def read(self, sample: Sample) -> ChunkResult:
        """Read one picture.

        Returns
        -------
        Harvest
            Rows for every condition and classifier, whatever happens to the picture.
        """
        limits = self.experiment.limits
        mark, data = read_fingerprinted(sample.path, limits)
        if mark.message:
            return self.lost(sample, mark, "error", mark.message)
        try:
            shown = open_read(sample, data, self.detect, limits)
        except ImageError as error:
            return self.lost(sample, mark, "error", str(error))
        except TrialError as error:
            return self.lost(sample, mark, error.status, str(error))
        seeds = {name: self._seed(sample, name) for name in self.occluders}
        occlude(shown, self.occluders, seeds)
        faces = shown.faces(
            self.detect if REDETECTED in self.needed else None, covered=COVERED in self.needed
        )
        rows = self.rows(shown)
        harvest = self._marked(sample, mark)
        harvest.attributes.extend(attribute_rows(shown, self.head))
        for one in self.asked:
            read_one(one, own_rows(one, rows, faces), faces, harvest)
        sizes = self.experiment.detect_px
        if sizes:
            finders = {"never": self.alone, "scenes": self.detect}
            harvest.detections.extend(detection_rows(shown, self.head, sizes, finders))
        return harvest

    def rows(self, shown: OccludedFace) -> dict[str, Row]:
        """What the rows of all classifiers say alike, by condition; without answers."""
        pose = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), shown.face.pose, strict=True))
        rows = self._blank(shown.sample)
        for name, message in shown.failures.items():
            rows[name] |= {"status": "error", "message": message}
        for name, occlusion in shown.occlusions.items():
            rows[name] |= pose | {"status": "ok", "message": shown.message}
            rows[name]["coverage"] = occlusion.coverage
        return rows

    def lost(self, sample: Sample, mark: FileFingerprint, status: str, message: str) -> ChunkResult:
        """Rows of a picture that has no answer at all."""
        harvest = self._marked(sample, mark)
        rows = self._blank(sample)
        for one in self.asked:
            kept = harvest.unanswered if one.learns else harvest.trials
            own = {"classifier": one.name, "status": status, "message": message}
            kept.extend(row | own for row in rows.values())
        return harvest

    def _marked(self, sample: Sample, mark: FileFingerprint) -> ChunkResult:
        """What is known of a picture once its file was read."""
        row = self.head | {"image_id": sample.image_id} | mark.cells()
        return ChunkResult(pictures=[row], image_ids=[sample.image_id])

    def _blank(self, sample: Sample) -> dict[str, Row]:
        """Cells of a picture under each condition that are known before it is opened."""
        picture = self.head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
        }
        return {
            name: picture | cells | {"seed": self._seed(sample, name)}
            for name, cells in self._conditions.items()
        }

    @cached_property
    def _conditions(self) -> dict[str, Row]:
        return {
            name: {
                "condition": name,
                "occluder": occluder.name,
                "params": json.dumps(dict(occluder.params), sort_keys=True),
            }
            for name, occluder in self.occluders.items()
        }

    @cached_property
    def asked(self) -> tuple[ClassifierAdapter, ...]:
        """The classifiers, without those that measure what another one does."""
        return adapt_classifiers(self.classifiers)

    @cached_property
    def needed(self) -> frozenset[str]:
        """What any of the classifiers reads of a face."""
        return frozenset[str]().union(*(one.needs for one in self.asked))

    def _seed(self, sample: Sample, condition: str) -> int:
        return derived_seed(self.experiment.seed, sample.image_id, condition)


def own_rows(
    one: ClassifierAdapter, alike: Mapping[str, Row], faces: Mapping[str, Face]
) -> dict[str, Row]:
    """Rows of one classifier without answers, by condition."""
    rows = {condition: row | {"classifier": one.name} for condition, row in alike.items()}
    if REDETECTED in one.needs:
        for condition, face in faces.items():
            if face.redetected is None:
                rows[condition] |= {"status": "no_face", "message": NOT_AGAIN}
    return rows


def read_one(
    one: ClassifierAdapter, rows: Mapping[str, Row], faces: Mapping[str, Face], harvest: ChunkResult
) -> None:
    """Ask a classifier, and put its rows into the harvest."""
    shown = {name: face for name, face in faces.items() if rows[name]["status"] == "ok"}
    # One batch per picture, never across pictures: the sums inside a network may round
    # differently with the batch, and rows must not depend on how the work is cut up.
    try:
        found = one.ask(list(shown.values()))
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        for name in shown:
            rows[name].update({"status": "error", "message": format_error(error)})
        found, shown = np.empty((0, 0)), {}
    if one.learns:
        harvest.features.setdefault(one.name, []).extend(found)
        harvest.unanswered.extend(rows.values())
        return
    for name, probabilities in zip(shown, found, strict=True):
        rows[name].update(answer(probabilities, rows[name]["label"]))
    harvest.trials.extend(rows.values())


def answer(probabilities: NDArray[np.float64], label: str) -> Row:
    """Cells of an answer."""
    predicted = Prediction(probabilities).label
    cells: dict[str, Any] = {f"p_{e}": p for e, p in zip(EMOTIONS, probabilities, strict=True)}
    return cells | {"predicted": predicted, "correct": int(predicted == label)}
