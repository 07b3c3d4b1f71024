"""Trials of one picture: a row for every condition and classifier.

The labelled face is chosen, attributes of the picture are measured and, in experiments with
`detect_px`, the face is detected again in each occluded picture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.classifiers import Classifier, Trainable
from maskface.crops import resize
from maskface.errors import ImageError, format_error
from maskface.experiment.checkpoints import ChunkResult, FileFingerprint, read_fingerprinted
from maskface.experiment.spec import Experiment
from maskface.images import decode_image
from maskface.landmarks import (
    CachedDetector,
    LandmarkCache,
    MediaPipeDetector,
    iris_aspect,
    match_face,
)
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.occluders import Occluder
from maskface.pipeline import (
    NO_FACE,
    ClassifierAdapter,
    Detect,
    NoAnswer,
    OccludedFace,
    adapt_classifiers,
    all_needs,
    answer_cells,
    face_note,
    no_face_message,
    predict,
)
from maskface.seeds import derived_seed
from maskface.skin import skin_ita
from maskface.types import Face, FaceLandmarks, ImageArray, MaskArray, Occlusion, Sample

AMBIGUOUS_SIZE: Final = 0.5
"""A second face of at least this fraction of the largest one's size could be the labelled one."""


class TrialError(Exception):
    """A picture without predictions: the status and message of its rows."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


def choose_face(faces: Sequence[FaceLandmarks]) -> tuple[FaceLandmarks, str]:
    """Return the largest of some faces (largest first), and a message if there are more.

    Raises TrialError if there is none, or two of similar size.
    """
    if not faces:
        raise TrialError("no_face", NO_FACE)
    if len(faces) == 1:
        return faces[0], ""
    if faces[1].size >= AMBIGUOUS_SIZE * faces[0].size:
        raise TrialError(
            "error",
            f"{len(faces)} faces, the two largest of similar size: it is not known whose emotion "
            "the label means; crop the picture to one face",
        )
    return faces[0], f"{len(faces)} faces; the largest was read"


def attribute_rows(occluded: OccludedFace, head: Row) -> list[Row]:
    """Measure attributes of the picture: rows of `maskface.tables.ATTRIBUTES`.

    `head` holds the cells that all rows share: run id, data set and image id.
    """
    values = {"face_px": f"{occluded.face.size:.1f}"}
    angle = skin_ita(occluded.image, occluded.face)
    if not math.isnan(angle):
        values["skin_ita_deg"] = f"{angle:.2f}"
    aspect = iris_aspect(occluded.face)
    if not math.isnan(aspect):
        values["iris_aspect"] = f"{aspect:.3f}"
    fixed = head | {"source": "measured"}
    return [fixed | {"attribute": name, "value": values[name]} for name in sorted(values)]


def detection_rows(
    occluded: OccludedFace, head: Row, sizes: Sequence[int], finders: Mapping[str, Detect]
) -> Iterator[Row]:
    """Detect the face again under every condition, and yield rows of `maskface.tables.DETECTIONS`.

    `head` holds the cells that all rows share; `sizes` are face sizes in px that the picture is
    shrunk to, 0 for the picture as it is; `finders` are detectors by their name in the column
    `search`.
    """
    for condition in (*occluded.occlusions, *occluded.failures):
        for size in sizes:
            for search, find in finders.items():
                cells = {"condition": condition, "search": search, "face_px": size}
                yield head | cells | _detect_again(occluded, condition, size, find)


def _detect_again(occluded: OccludedFace, condition: str, size: int, find: Detect) -> Row:
    if condition in occluded.failures:
        return {"status": "error", "message": occluded.failures[condition]}
    if size > occluded.face.size:
        return {"status": "error", "message": f"the face has only {occluded.face.size:.0f} px"}
    occlusion = occluded.occlusions[condition]
    image, face = shrunk(occlusion.image, occluded.face, size)
    try:
        faces = find(image, None)
    except Exception as error:  # noqa: BLE001 (a detector may fail in any way)
        return {"status": "error", "message": format_error(error)}
    again = match_face(faces, face)
    row: Row = {"status": "ok", "n_faces": len(faces), "found": int(again is not None)}
    return row if again is None else row | drift(face, again, occlusion)


def shrunk(image: ImageArray, face: FaceLandmarks, size: int) -> tuple[ImageArray, FaceLandmarks]:
    """Shrink a picture so that its face has a size in px; 0 leaves it as it is."""
    if not size:
        return image, face
    height, width = (max(1, round(side * size / face.size)) for side in image.shape[:2])
    scale = np.array([width / image.shape[1], height / image.shape[0], size / face.size])
    middle = np.array([0.5, 0.5, 0])
    points = ((face.points + middle) * scale - middle).astype(np.float32)
    return resize(image, width, height), replace(face, points=points)


def drift(face: FaceLandmarks, again: FaceLandmarks, occlusion: Occlusion) -> Row:
    """Return the mean shift of visible and of hidden landmarks, in outer eye distances."""
    flat = face.points[:, :2]
    unit = float(np.linalg.norm(flat[RIGHT_EYE[0]] - flat[LEFT_EYE[0]]))
    moved = np.linalg.norm(again.points[:, :2] - flat, axis=1) / unit
    covered = occlusion.covered
    return {"drift_visible": _mean(moved, ~covered), "drift_hidden": _mean(moved, covered)}


def _mean(values: NDArray[np.floating[Any]], chosen: MaskArray) -> float | None:
    return float(values[chosen].mean()) if chosen.any() else None


@dataclass(frozen=True)
class TrialMaker:
    """Everything that a worker loads once to read pictures."""

    experiment: Experiment
    head: Row  # cells that all rows share: run id and data set
    detect: Detect  # face detector
    single_pass: Detect  # the same detector in one pass, without fallbacks
    occluders: Mapping[str, Occluder]  # occluders by condition
    classifiers: tuple[Classifier | Trainable, ...]  # classifiers in the order of the experiment

    @classmethod
    def load(cls, experiment: Experiment, head: Row, cache: Path | None) -> TrialMaker:
        """Load the detector; `cache` is the folder of the landmark cache, None for no cache."""
        detector = MediaPipeDetector()
        return cls(
            experiment,
            head,
            CachedDetector(detector, LandmarkCache(cache)).detect
            if cache is not None
            else lambda image, _: detector.detect(image),
            lambda image, _: detector.one_pass(image),
            experiment.made_occluders,
            experiment.made_classifiers,
        )

    def read(self, sample: Sample) -> ChunkResult:
        """Return the rows of one picture for every condition and classifier, also if it fails."""
        limits = self.experiment.limits
        fingerprint, data = read_fingerprinted(sample.path, limits)
        if fingerprint.message:
            return self.lost(sample, fingerprint, "error", fingerprint.message)
        try:
            image = decode_image(data, limits)
            face, message = choose_face(self.detect(image, limits.cache_key(data)))
        except ImageError as error:
            return self.lost(sample, fingerprint, "error", str(error))
        except TrialError as error:
            why = no_face_message(data) if error.status == "no_face" else str(error)
            return self.lost(sample, fingerprint, error.status, why)
        occluded = OccludedFace.of(image, face, self.occluders, self.seeds(sample))
        faces = occluded.faces(self.needs, self.detect, sample.image_id)
        message = "; ".join(filter(None, (message, face_note(face))))
        rows = self.rows(sample, occluded, message)
        result = self._result(sample, fingerprint)
        head = self.head | {"image_id": sample.image_id}
        result.attributes.extend(attribute_rows(occluded, head))
        for classifier in self.adapters:
            add_answers(classifier, rows, faces, result)
        if sizes := self.experiment.detect_px:
            finders = {"never": self.single_pass, "scenes": self.detect}
            result.detections.extend(
                detection_rows(occluded, self._picture(sample), sizes, finders)
            )
        return result

    def rows(self, sample: Sample, occluded: OccludedFace, message: str = "") -> dict[str, Row]:
        """Return the cells that the rows of all classifiers share, by condition."""
        pose = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), occluded.face.pose, strict=True))
        rows = self._blank(sample)
        for name, failure in occluded.failures.items():
            rows[name] |= {"status": "error", "message": failure}
        for name, occlusion in occluded.occlusions.items():
            rows[name] |= pose | {"status": "ok", "message": message}
            rows[name]["coverage"] = occlusion.coverage
            rows[name]["params"] = json.dumps(dict(occlusion.params), sort_keys=True)
        return rows

    def lost(
        self, sample: Sample, fingerprint: FileFingerprint, status: str, message: str
    ) -> ChunkResult:
        """Return the rows of a picture without any prediction."""
        result = self._result(sample, fingerprint)
        for classifier in self.adapters:
            cells = {"classifier": classifier.name, "status": status, "message": message}
            rows = result.unanswered if classifier.trainable else result.trials
            rows.extend(row | cells for row in self._blank(sample).values())
        return result

    def _result(self, sample: Sample, fingerprint: FileFingerprint) -> ChunkResult:
        row = self.head | {"image_id": sample.image_id} | fingerprint.cells()
        return ChunkResult(pictures=[row], image_ids=[sample.image_id])

    def _picture(self, sample: Sample) -> Row:
        return self.head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
        }

    def _blank(self, sample: Sample) -> dict[str, Row]:
        """Return the cells that are known before the picture is opened, by condition."""
        picture, seeds = self._picture(sample), self.seeds(sample)
        return {
            name: picture | cells | {"seed": seeds[name]}
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
    def adapters(self) -> tuple[ClassifierAdapter, ...]:
        """Classifiers; of those with the same features, one."""
        return adapt_classifiers(self.classifiers)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Parts of a face that any of the classifiers uses."""
        return all_needs(self.adapters)

    def seeds(self, sample: Sample) -> dict[str, int]:
        """Return the seed of a picture under each condition."""
        seed = self.experiment.seed
        return {name: derived_seed(seed, sample.image_id, name) for name in self.occluders}


def add_answers(
    classifier: ClassifierAdapter,
    shared: Mapping[str, Row],
    faces: Mapping[str, Face],
    result: ChunkResult,
) -> None:
    """Add the rows of a classifier for a face under every condition to a result."""
    rows = {name: row | {"classifier": classifier.name} for name, row in shared.items()}
    vectors = result.features.setdefault(classifier.name, []) if classifier.trainable else []
    for name, found in predict(classifier, faces).items():
        if isinstance(found, NoAnswer):
            rows[name] |= found.cells()
        elif classifier.trainable:
            vectors.append(found)
        else:
            rows[name] |= answer_cells(found)
            rows[name]["correct"] = int(rows[name]["predicted"] == rows[name]["label"])
    (result.unanswered if classifier.trainable else result.trials).extend(rows.values())
