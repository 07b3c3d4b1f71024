"""Read one picture under every condition with every classifier."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers import Classifier, Trainable, get_reader
from maskface.errors import ImageError, told
from maskface.experiment._detections import detection_rows
from maskface.experiment._harvest import Harvest, Row
from maskface.experiment._measured import measured_rows
from maskface.experiment._shown import Detect, Shown, TrialError, occlude, open_sample
from maskface.experiment._spec import Experiment
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.occluders import Occluder, get_occluder
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, Face, Prediction, Sample

REDETECTED = "redetected"
_NOT_AGAIN = "no face found in the occluded picture"


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
            tuple(distinct(get_reader(name) for name in experiment.classifiers)),
        )

    def read(self, sample: Sample) -> Harvest:
        """Read one picture.

        Returns
        -------
        Harvest
            Rows for every condition and classifier, whatever happens to the picture.
        """
        try:
            shown = open_sample(sample, self.detect)
        except ImageError as error:
            return self.lost(sample, "error", str(error))
        except TrialError as error:
            return self.lost(sample, error.status, str(error))
        seeds = {name: self._seed(sample, name) for name in self.occluders}
        occlude(shown, self.occluders, seeds)
        again = any(REDETECTED in classifier.needs for classifier in self.classifiers)
        faces = shown.faces(self.detect if again else None)
        harvest = Harvest(attributes=measured_rows(shown, self.head), image_ids=[sample.image_id])
        for classifier in self.classifiers:
            self._read(classifier, shown, faces, harvest)
        sizes = self.experiment.detect_px
        if sizes:
            finders = {"never": self.alone, "scenes": self.detect}
            harvest.detections.extend(detection_rows(shown, self.head, sizes, finders))
        return harvest

    def _read(
        self,
        classifier: Classifier | Trainable,
        shown: Shown,
        faces: Mapping[str, Face],
        harvest: Harvest,
    ) -> None:
        rows = self._rows(classifier, shown, faces)
        asked = {name: faces[name] for name in faces if rows[name]["status"] == "ok"}
        trainable = isinstance(classifier, Trainable)
        # One batch per picture, never across pictures: the sums inside a network may round
        # differently with the batch, and rows must not depend on how the work is cut up.
        try:
            found = (
                classifier.features(list(asked.values()))
                if isinstance(classifier, Trainable)
                else classifier.predict_proba(list(asked.values()))
            )
        except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
            for name in asked:
                rows[name] |= {"status": "error", "message": told(error)}
            found, asked = np.empty((0, 0)), {}
        if trainable:
            harvest.features.setdefault(rows["none"]["classifier"], []).extend(
                np.asarray(found, np.float32)
            )
            harvest.unanswered.extend(rows.values())
            return
        for name, probabilities in zip(asked, found, strict=True):
            rows[name] |= answer(probabilities, shown.sample.label)
        harvest.trials.extend(rows.values())

    def _rows(
        self, classifier: Classifier | Trainable, shown: Shown, faces: Mapping[str, Face]
    ) -> dict[str, Row]:
        """Rows without answers, by condition."""
        pose = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), shown.face.pose, strict=True))
        rows = {}
        for name in self.occluders:
            row = self._row(shown.sample, name, classifier)
            if name in shown.failures:
                row |= {"status": "error", "message": shown.failures[name]}
            elif REDETECTED in classifier.needs and faces[name].redetected is None:
                row |= pose | {"status": "no_face", "message": _NOT_AGAIN}
            else:
                row |= pose | {"status": "ok", "message": shown.message}
            if name in shown.occlusions:
                row["coverage"] = shown.occlusions[name].coverage
            rows[name] = row
        return rows

    def lost(self, sample: Sample, status: str, message: str) -> Harvest:
        """Rows of a picture that has no answer at all."""
        harvest = Harvest(image_ids=[sample.image_id])
        for classifier in self.classifiers:
            kept = harvest.unanswered if isinstance(classifier, Trainable) else harvest.trials
            kept.extend(
                self._row(sample, name, classifier) | {"status": status, "message": message}
                for name in self.occluders
            )
        return harvest

    def _row(self, sample: Sample, condition: str, classifier: Classifier | Trainable) -> Row:
        occluder = self.occluders[condition]
        return self.head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
            "condition": condition,
            "occluder": occluder.name,
            "params": json.dumps(dict(occluder.params), sort_keys=True),
            "classifier": reads(classifier),
            "seed": self._seed(sample, condition),
        }

    def _seed(self, sample: Sample, condition: str) -> int:
        return derived_seed(self.experiment.seed, sample.image_id, condition)


def answer(probabilities: NDArray[np.float64], label: str) -> Row:
    """Cells of an answer."""
    predicted = Prediction(probabilities).label
    cells: dict[str, Any] = {f"p_{e}": p for e, p in zip(EMOTIONS, probabilities, strict=True)}
    return cells | {"predicted": predicted, "correct": int(predicted == label)}


def reads(classifier: Classifier | Trainable) -> str:
    """What a classifier's rows are named after while pictures are read."""
    return classifier.measures if isinstance(classifier, Trainable) else classifier.name


def distinct(
    classifiers: Iterable[Classifier | Trainable],
) -> Iterable[Classifier | Trainable]:
    """Leave out classifiers that measure what one before them does."""
    return {reads(classifier): classifier for classifier in classifiers}.values()
