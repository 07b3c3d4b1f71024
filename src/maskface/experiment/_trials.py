"""Read one picture under every condition with every classifier."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maskface.classifiers import Classifier, get_classifier
from maskface.errors import ImageError
from maskface.experiment._spec import Experiment
from maskface.images import decode_image, face_crop, read_bytes
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.occluders import Occluder, get_occluder
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Prediction, Sample

AMBIGUOUS_SIZE: Final = 0.5
"""A second face at least this share of the largest one's size could be the labelled one."""

Row = dict[str, Any]
Detect = Callable[[ImageArray, bytes], tuple[FaceLandmarks, ...]]


class TrialError(Exception):
    """Why a picture has no answers: a status and a message for its rows."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


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
        Finds the faces in a picture, given also the bytes of its file.
    occluders, classifiers
        The other parts, loaded; occluders by condition.
    """

    experiment: Experiment
    head: Row
    detect: Detect
    occluders: dict[str, Occluder]
    classifiers: tuple[Classifier, ...]

    @classmethod
    def load(cls, experiment: Experiment, head: Row, cache: Path | None) -> TrialReader:
        """Load the parts; `cache` is the folder of the landmark cache, None for no cache."""
        return cls(
            experiment,
            head,
            _detect(cache),
            {name: get_occluder(name) for name in experiment.conditions},
            tuple(get_classifier(name) for name in experiment.classifiers),
        )

    def rows(self, sample: Sample) -> list[Row]:
        """Read one picture.

        Returns
        -------
        list of dict
            One row per condition and classifier, whatever happens to the picture.
        """
        try:
            image, face, message = self._open(sample)
        except ImageError as error:
            return self._failed(sample, self.occluders, "error", str(error))
        except TrialError as error:
            return self._failed(sample, self.occluders, error.status, str(error))
        rows: list[Row] = []
        crops: dict[str, Face] = {}
        coverages: dict[str, float] = {}
        for condition, occluder in self.occluders.items():
            try:
                seed = derived_seed(self.experiment.seed, sample.image_id, condition)
                occlusion = occluder.apply(image, face, seed=seed)
            # An occluder may fail in any way on an odd face; it costs this condition alone.
            except Exception as error:  # noqa: BLE001
                rows += self._failed(sample, [condition], "error", _told(error))
                continue
            crops[condition] = Face(face_crop(occlusion.image, face), face)
            coverages[condition] = occlusion.coverage
        pose = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), face.pose, strict=True))
        shared = {"message": message, **pose}
        for classifier in self.classifiers:
            rows += self._read(classifier, sample, crops, coverages, shared)
        return rows

    def _open(self, sample: Sample) -> tuple[ImageArray, FaceLandmarks, str]:
        data = read_bytes(sample.path)
        image = decode_image(data)
        face, message = choose_face(self.detect(image, data))
        return image, face, message

    def _read(
        self,
        classifier: Classifier,
        sample: Sample,
        crops: dict[str, Face],
        coverages: dict[str, float],
        shared: Row,
    ) -> list[Row]:
        # One batch per picture, never across pictures: the sums inside a network may round
        # differently with the batch, and rows must not depend on how the work is cut up.
        try:
            answers = classifier.predict_proba(list(crops.values()))
        except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
            failed = self._failed(sample, crops, "error", _told(error), (classifier,))
            return [row | {"coverage": coverages[row["condition"]]} for row in failed]
        rows = []
        for condition, probabilities in zip(crops, answers, strict=True):
            prediction = Prediction(probabilities)
            row = self._row(sample, condition, classifier) | shared
            row |= {f"p_{e}": p for e, p in zip(EMOTIONS, probabilities, strict=True)}
            row |= {"status": "ok", "predicted": prediction.label}
            row |= {"correct": int(prediction.label == sample.label)}
            rows.append(row | {"coverage": coverages[condition]})
        return rows

    def _failed(
        self,
        sample: Sample,
        conditions: Sequence[str] | dict[str, Any],
        status: str,
        message: str,
        classifiers: Sequence[Classifier] | None = None,
    ) -> list[Row]:
        return [
            self._row(sample, condition, classifier) | {"status": status, "message": message}
            for condition in conditions
            for classifier in (self.classifiers if classifiers is None else classifiers)
        ]

    def _row(self, sample: Sample, condition: str, classifier: Classifier) -> Row:
        occluder = self.occluders[condition]
        return self.head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
            "condition": condition,
            "occluder": occluder.name,
            "params": json.dumps(dict(occluder.params), sort_keys=True),
            "classifier": classifier.name,
            "seed": derived_seed(self.experiment.seed, sample.image_id, condition),
        }


def _detect(cache: Path | None) -> Detect:
    detector = MediaPipeDetector()
    if cache is not None:
        return CachedDetector(detector, LandmarkCache(cache)).detect

    def uncached(image: ImageArray, _: bytes) -> tuple[FaceLandmarks, ...]:
        return detector.detect(image)

    return uncached


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
