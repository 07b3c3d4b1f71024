"""What is asked: an experiment, and the plan that it amounts to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from maskface._version import __version__
from maskface.classifiers import CLASSIFIERS, get_reader
from maskface.datasets import Dataset, balanced_sample, load_dataset
from maskface.errors import MaskfaceError
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder, occluder_name
from maskface.registry import unknown_name
from maskface.specs import head
from maskface.types import Sample

NONE = "none"
"""The condition of the face as it is; every experiment has it."""


class Experiment(BaseModel):
    """An experiment: faces x occluders x classifiers.

    Parameters
    ----------
    data
        A folder with an ``index.csv`` or with one folder per emotion, or ``example`` for the
        shipped synthetic faces.
    occluders
        Names of occluders, with parameters as in ``surgical:colour=white``. The unoccluded face
        is always a condition and need not be named.
    classifiers
        Names of classifiers.
    limit
        At most so many pictures, drawn with balanced labels; all if None.
    seed
        Seed of whatever is random, 0 or more.

    Raises
    ------
    MaskfaceError
        If an occluder, a classifier or a value is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str = "example"
    occluders: tuple[str, ...] = ("surgical",)
    classifiers: tuple[str, ...] = ("faceapi", "fer")
    limit: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise MaskfaceError(_in_words(error)) from error

    @field_validator("data", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        return str(value) if isinstance(value, Path) else value

    @field_validator("occluders", "classifiers", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("occluders")
    @classmethod
    def _canonical_occluders(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        canonical = (occluder_name(get_occluder(name)) for name in names)
        return tuple(dict.fromkeys(name for name in canonical if name != NONE))

    @field_validator("classifiers")
    @classmethod
    def _known_classifiers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise MaskfaceError(
                f"Name at least one classifier of {', '.join(CLASSIFIERS.names())}."
            )
        for name in names:
            if head(name)[0] not in CLASSIFIERS.names():
                raise MaskfaceError(unknown_name("classifier", head(name)[0], CLASSIFIERS.names()))
        return tuple(dict.fromkeys(names))

    @property
    def conditions(self) -> tuple[str, ...]:
        """``none`` and the occluders."""
        return (NONE, *self.occluders)

    @property
    def rows_per_image(self) -> int:
        """Trials of one picture."""
        return len(self.conditions) * len(self.classifiers)


def _in_words(error: ValidationError) -> str:
    parts = [
        f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']} (got {item['input']!r})"
        for item in error.errors()
    ]
    allowed = ", ".join(Experiment.model_fields)
    return f"Not an experiment: {'; '.join(parts)}. Fields: {allowed}."


@dataclass(frozen=True)
class Plan:
    """An experiment on pictures that were looked up.

    Attributes
    ----------
    experiment
        What was asked.
    dataset
        The set it is asked of.
    samples
        The pictures, sorted by id.
    fingerprints
        Hashes of the landmark model and of each classifier.
    """

    experiment: Experiment
    dataset: Dataset
    samples: tuple[Sample, ...]
    fingerprints: dict[str, str]

    @property
    def rows_per_image(self) -> int:
        """Trials of one picture."""
        return self.experiment.rows_per_image

    @property
    def n_trials(self) -> int:
        """Trials in all."""
        return len(self.samples) * self.rows_per_image

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that decides the results; 12 hexadecimal digits.

        Where the data lie and where results go are not among it.
        """
        chosen = Dataset(self.dataset.name, self.samples).index_hash
        asked = self.experiment.model_dump(mode="json", exclude={"data", "limit"})
        what = [__version__, self.dataset.name, chosen, asked, self.fingerprints]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def make_plan(experiment: Experiment) -> Plan:
    """Look up the pictures of an experiment without opening them.

    Raises
    ------
    MaskfaceError
        If the data set cannot be read.
    """
    dataset = load_dataset(experiment.data)
    samples = dataset.samples
    if experiment.limit is not None:
        samples = balanced_sample(samples, experiment.limit, experiment.seed)
    fingerprints = {"landmarks": MediaPipeDetector().fingerprint} | {
        name: get_reader(name).fingerprint for name in experiment.classifiers
    }
    return Plan(experiment, dataset, samples, fingerprints)
