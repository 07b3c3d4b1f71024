"""Files that conditions name: what they hold decides the results, too.

What is asked: an experiment, and the plan that it amounts to.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from maskface._version import __version__
from maskface.classifiers import CLASSIFIERS, Classifier, Trainable, get_reader
from maskface.datasets import Dataset, balanced_sample, load_dataset
from maskface.errors import MaskfaceError
from maskface.images import MIN_SIDE, Limits
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder, occluder_name
from maskface.run_options import OPTIONS
from maskface.tables import PLAIN
from maskface.types import Sample

_NAMED: Final = re.compile(r"[:(,]path=")
"""Before a file as a parameter of an occluder, also of one in brackets (see `maskface.specs`)."""


def named_files(conditions: Iterable[str]) -> dict[str, str]:
    """Hash the files that conditions name, as ``texture:path=mask.png`` does.

    Returns
    -------
    dict
        SHA-256 by name.

    Raises
    ------
    MaskfaceError
        If one cannot be read.
    """
    names = {name for condition in conditions for name in _names(condition)}
    try:
        return {
            name: hashlib.sha256(Path(name).expanduser().read_bytes()).hexdigest()
            for name in sorted(names)
        }
    except OSError as error:
        raise MaskfaceError(
            f"Cannot read {error.filename}, which an occluder names: {error.strerror}. Put the "
            "file there, or name another one."
        ) from error


def _names(condition: str) -> Iterator[str]:
    for found in _NAMED.finditer(condition):
        rest = condition[found.end() :]
        yield rest[: _length(rest)]


def _length(rest: str) -> int:
    """Letters before the comma, plus sign or bracket that ends a value, which may hold pairs."""
    depth = 0
    for place, letter in enumerate(rest):
        if not depth and letter in ",+)":
            return place
        depth += (letter == "(") - (letter == ")")
    return len(rest)


def declared(name: str) -> Any:
    """Return the field of an option of `maskface.run_options`."""
    option = OPTIONS[name]
    return Field(default=option.default, ge=option.low, description=option.help)


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
        Names of classifiers, with parameters as in ``hog:train=masked``.
    limit
        At most so many pictures, drawn with balanced labels; all if None.
    detect_px
        Sizes in pixels that faces are shrunk to, to see whether they are found anew under each
        condition; 0 for the picture as it is. The run then has a table of detections.
    seed
        Seed of whatever is random, 0 or more.
    max_pixels, max_bytes, min_side
        Which picture files are read at all; see `maskface.images.Limits`. Others have rows with
        status error.

    Raises
    ------
    MaskfaceError
        If an occluder, a classifier or a value is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str = declared("data")
    occluders: tuple[str, ...] = declared("occluders")
    classifiers: tuple[str, ...] = declared("classifiers")
    limit: int | None = declared("limit")
    detect_px: tuple[Annotated[int, Field(ge=0)], ...] = ()
    seed: int = declared("seed")
    max_pixels: int = declared("max_pixels")
    max_bytes: int = declared("max_bytes")
    min_side: int = Field(default=MIN_SIDE, ge=1)

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
        return tuple(dict.fromkeys(name for name in canonical if name != PLAIN))

    @field_validator("classifiers")
    @classmethod
    def _known_classifiers(cls, specs: tuple[str, ...]) -> tuple[str, ...]:
        if not specs:
            raise MaskfaceError(
                f"Name at least one classifier of {', '.join(CLASSIFIERS.names())}."
            )
        named: dict[str, tuple[str, str]] = {}
        for spec in specs:
            reader = get_reader(spec)
            first, fingerprint = named.setdefault(reader.name, (spec, reader.fingerprint))
            if fingerprint != reader.fingerprint:
                raise MaskfaceError(
                    f"Classifiers {first!r} and {spec!r} would both be called {reader.name!r} in "
                    "the results. Leave one out, or rename its file."
                )
        return tuple(spec for spec, _ in named.values())

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        for learner in self.readers()[1]:
            if not trained_on(learner.train, self.conditions):
                raise MaskfaceError(
                    f"Classifier {learner.name!r} cannot learn from {learner.train!r}. Allowed: "
                    f"clean, masked and both (with an occluder), or one of the conditions of the "
                    f"run: {', '.join(self.conditions)}."
                )
        return self

    def readers(self) -> tuple[tuple[Classifier, ...], tuple[Trainable, ...]]:
        """Load the classifiers: those that are ready, and those that have to be trained."""
        loaded = [get_reader(spec) for spec in self.classifiers]
        ready = tuple(one for one in loaded if not isinstance(one, Trainable))
        return ready, tuple(one for one in loaded if isinstance(one, Trainable))

    @property
    def limits(self) -> Limits:
        """Which picture files are read at all."""
        return Limits(self.max_pixels, self.max_bytes, self.min_side)

    @property
    def conditions(self) -> tuple[str, ...]:
        """``none`` and the occluders."""
        return (PLAIN, *self.occluders)

    @property
    def rows_per_image(self) -> int:
        """Trials of one picture."""
        return len(self.conditions) * len(self.classifiers)


def trained_on(train: str, conditions: Sequence[str]) -> tuple[str, ...]:
    """Conditions that a classifier learns from; none if the run does not have what it asks for."""
    masked = tuple(name for name in conditions if name != PLAIN)
    if train in (PLAIN, "clean"):
        return (PLAIN,)
    if train in ("masked", "both"):
        return masked and (masked if train == "masked" else (PLAIN, *masked))
    name = occluder_name(get_occluder(train))
    return (name,) if name in conditions else ()


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
    def n_trials(self) -> int:
        """Trials in all."""
        return len(self.samples) * self.experiment.rows_per_image

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that decides the results; 12 hexadecimal digits.

        Where the data lie, what bytes the pictures have and where results go are not among it.

        Raises
        ------
        MaskfaceError
            If a file that an occluder names cannot be read.
        """
        chosen = Dataset(self.dataset.name, self.samples).index_hash
        asked = self.experiment.model_dump(mode="json", exclude={"data", "limit", "classifiers"})
        what = [__version__, self.dataset.name, chosen, asked, self.fingerprints]
        if files := named_files(self.experiment.conditions):
            what.append(files)
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
    ready, learners = experiment.readers()
    if learners:
        _require_people(samples, learners[0].name)
    fingerprints = {"landmarks": MediaPipeDetector().fingerprint}
    fingerprints |= {reader.name: reader.fingerprint for reader in ready}
    fingerprints |= {learner.name: learner.fingerprint for learner in learners}
    return Plan(experiment, dataset, samples, fingerprints)


def _require_people(samples: Sequence[Sample], learner: str) -> None:
    subjects = {sample.subject_id for sample in samples}
    unknown = [sample.image_id for sample in samples if not sample.subject_id]
    if unknown or len(subjects) < 2:
        got = (
            f"{len(unknown)} pictures name nobody, for example {unknown[0]}"
            if unknown
            else "all pictures show the same person"
        )
        raise MaskfaceError(
            f"Classifier {learner!r} must not learn from the people it is asked about, but {got}. "
            "Name at least two people in the column subject of index.csv."
        )
