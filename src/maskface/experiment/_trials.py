"""Read one picture under every condition with every classifier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.classifiers import NOT_AGAIN, Classifier, Trainable, get_reader
from maskface.errors import ImageError, told
from maskface.experiment._asked import Asked, asked
from maskface.experiment._detections import detection_rows
from maskface.experiment._harvest import Harvest
from maskface.experiment._measured import measured_rows
from maskface.experiment._pictures import Mark, read_marked
from maskface.experiment._shown import Detect, Shown, TrialError, occlude, open_read
from maskface.experiment._spec import Experiment
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.occluders import Occluder, get_occluder
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, Face, Prediction, Sample

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

    def read(self, sample: Sample) -> Harvest:
        """Read one picture.

        Returns
        -------
        Harvest
            Rows for every condition and classifier, whatever happens to the picture.
        """
        limits = self.experiment.limits
        mark, data = read_marked(sample.path, limits)
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
        harvest.attributes.extend(measured_rows(shown, self.head))
        for one in self.asked:
            read_one(one, own_rows(one, rows, faces), faces, harvest)
        sizes = self.experiment.detect_px
        if sizes:
            finders = {"never": self.alone, "scenes": self.detect}
            harvest.detections.extend(detection_rows(shown, self.head, sizes, finders))
        return harvest

    def rows(self, shown: Shown) -> dict[str, Row]:
        """What the rows of all classifiers say alike, by condition; without answers."""
        pose = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), shown.face.pose, strict=True))
        rows = self._blank(shown.sample)
        for name, message in shown.failures.items():
            rows[name] |= {"status": "error", "message": message}
        for name, occlusion in shown.occlusions.items():
            rows[name] |= pose | {"status": "ok", "message": shown.message}
            rows[name]["coverage"] = occlusion.coverage
        return rows

    def lost(self, sample: Sample, mark: Mark, status: str, message: str) -> Harvest:
        """Rows of a picture that has no answer at all."""
        harvest = self._marked(sample, mark)
        rows = self._blank(sample)
        for one in self.asked:
            kept = harvest.unanswered if one.learns else harvest.trials
            own = {"classifier": one.name, "status": status, "message": message}
            kept.extend(row | own for row in rows.values())
        return harvest

    def _marked(self, sample: Sample, mark: Mark) -> Harvest:
        """What is known of a picture once its file was read."""
        row = self.head | {"image_id": sample.image_id} | mark.cells()
        return Harvest(pictures=[row], image_ids=[sample.image_id])

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
    def asked(self) -> tuple[Asked, ...]:
        """The classifiers, without those that measure what another one does."""
        return asked(self.classifiers)

    @cached_property
    def needed(self) -> frozenset[str]:
        """What any of the classifiers reads of a face."""
        return frozenset[str]().union(*(one.needs for one in self.asked))

    def _seed(self, sample: Sample, condition: str) -> int:
        return derived_seed(self.experiment.seed, sample.image_id, condition)


def own_rows(one: Asked, alike: Mapping[str, Row], faces: Mapping[str, Face]) -> dict[str, Row]:
    """Rows of one classifier without answers, by condition."""
    rows = {condition: row | {"classifier": one.name} for condition, row in alike.items()}
    if REDETECTED in one.needs:
        for condition, face in faces.items():
            if face.redetected is None:
                rows[condition] |= {"status": "no_face", "message": NOT_AGAIN}
    return rows


def read_one(
    one: Asked, rows: Mapping[str, Row], faces: Mapping[str, Face], harvest: Harvest
) -> None:
    """Ask a classifier, and put its rows into the harvest."""
    shown = {name: face for name, face in faces.items() if rows[name]["status"] == "ok"}
    # One batch per picture, never across pictures: the sums inside a network may round
    # differently with the batch, and rows must not depend on how the work is cut up.
    try:
        found = one.ask(list(shown.values()))
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        for name in shown:
            rows[name].update({"status": "error", "message": told(error)})
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
