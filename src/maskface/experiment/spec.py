"""An experiment as the user describes it, and the plan of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from maskface._version import __version__
from maskface.classifiers import CLASSIFIERS, Classifier, Trainable, as_classifier, identity
from maskface.classifiers.table import Table
from maskface.datasets import DATASET_READERS, Dataset, as_dataset, balanced_sample
from maskface.errors import MaskfaceError
from maskface.images import MIN_SIDE, Limits, parse_aspect
from maskface.landmarks import MediaPipeDetector, find_aspect
from maskface.occluders import (
    OCCLUDERS,
    Occluder,
    Stack,
    Unoccluded,
    as_occluder,
    expand,
    get_occluder,
    occluder_name,
)
from maskface.run_options import OPTIONS
from maskface.specs import require_text, spec_of
from maskface.tables import PLAIN
from maskface.types import Sample

if TYPE_CHECKING:
    from maskface.classifiers.registry import ClassifierLike
    from maskface.datasets.registry import DataLike

OccluderLike: TypeAlias = str | Occluder


def declared(name: str) -> Any:
    """Return the field of an option of `maskface.run_options`."""
    option = OPTIONS[name]
    return Field(default=option.default, ge=option.low, description=option.help)


class Experiment(BaseModel):
    """An experiment: faces x occluders x classifiers.

    The fields hold names; the objects are in `made_occluders` and `made_classifiers`.

    Parameters
    ----------
    data
        A folder with an ``index.csv`` or with one folder per emotion, or ``example`` for the
        shipped synthetic faces; a data frame with the columns ``path, emotion[, subject, ...]``
        (see `maskface.datasets.read_frame`); or a `maskface.datasets.Dataset`.
    dataset
        Name of the dataset reader that reads `data`; if empty, the layout is recognised.
    occluders
        Names of occluders, with parameters as in ``surgical:colour=white``, and occluders such as
        ``SurgicalMask(colour="white")``. The face without an occluder is always a condition and
        need not be named.
    classifiers
        Names of classifiers, with parameters as in ``hog:train=masked``; classifiers; and your own
        models: objects with ``predict_proba(images) -> (n, 7)`` or functions that do the
        same (see `maskface.classifiers.ImageModel`). Their fingerprints, or else their sources,
        are part of the run's identity. They are sent to worker processes by value.
    limit
        Largest number of pictures, drawn with balanced labels; all if None.
    detect_px
        Sizes in pixels that faces are shrunk to, to see whether they are found again under each
        condition; 0 for the picture as it is. The run then has a table of detections.
    seed
        Seed of everything random, 0 or more.
    restore_aspect
        How many times as high pictures are made once they are read, to undo that they were
        squashed (0.2 to 5); ``auto`` finds the factor from their irises, and leaves pictures in
        true proportions as they are.
    max_pixels, max_bytes, min_side
        Limits of the picture files that are read; see `maskface.images.Limits`. Others have rows
        with status error.

    Raises
    ------
    MaskfaceError
        If an occluder, a classifier or a value is not allowed.

    Examples
    --------
    >>> from maskface import SurgicalMask
    >>> Experiment(occluders=[SurgicalMask(), "ffp2"], classifiers="fer").occluders
    ('surgical', 'ffp2')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str = declared("data")
    dataset: str = declared("dataset")
    occluders: tuple[str, ...] = declared("occluders")
    classifiers: tuple[str, ...] = declared("classifiers")
    limit: int | None = declared("limit")
    detect_px: tuple[Annotated[int, Field(ge=0)], ...] = ()
    seed: int = declared("seed")
    restore_aspect: float | Literal["auto"] = declared("restore_aspect")
    max_pixels: int = declared("max_pixels")
    max_bytes: int = declared("max_bytes")
    min_side: int = Field(default=MIN_SIDE, ge=1)

    _occluders: dict[str, Occluder] = PrivateAttr()
    _classifiers: dict[str, Classifier | Trainable] = PrivateAttr()
    _dataset: Dataset | None = PrivateAttr()

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            data: DataLike = ...,
            dataset: str = ...,
            occluders: OccluderLike | Iterable[OccluderLike] = ...,
            classifiers: ClassifierLike | Iterable[ClassifierLike] = ...,
            limit: int | None = ...,
            detect_px: Sequence[int] = ...,
            seed: int = ...,
            restore_aspect: float | str = ...,
            max_pixels: int = ...,
            max_bytes: int = ...,
            min_side: int = ...,
        ) -> None: ...

    else:

        def __init__(self, **values: Any) -> None:
            usual = {name: field.default for name, field in type(self).model_fields.items()}
            given = usual | values
            occluders = _by_condition(_several(given["occluders"]))
            classifiers = _by_text(_several(given["classifiers"]))
            held = _held_dataset(given["data"], given["dataset"])
            texts = {"occluders": tuple(occluders), "classifiers": tuple(classifiers)}
            if held is not None:
                texts["data"] = held.name
            try:
                super().__init__(**values | texts)
            except ValidationError as error:
                raise MaskfaceError(_in_words(error)) from error
            self._occluders, self._classifiers, self._dataset = occluders, classifiers, held
            self._require_trainable()

    @field_validator("data", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        text = str(value) if isinstance(value, Path) else value
        if isinstance(text, str) and not text.isascii():
            require_text(text, "The name of the data set")
        return text

    @field_validator("restore_aspect", mode="before")
    @classmethod
    def _factor(cls, given: object) -> object:
        return parse_aspect(given)

    @field_validator("dataset")
    @classmethod
    def _known_reader(cls, name: str) -> str:
        if name:
            DATASET_READERS.get(name)
        return name

    def _require_trainable(self) -> None:
        for one in self.trainable:
            if not trained_on(one.train, self.conditions):
                raise MaskfaceError(
                    f"Classifier {one.name!r} cannot be fitted to {one.train!r}. Allowed: "
                    f"clean, masked and both (with an occluder), or one of the conditions of the "
                    f"run: {', '.join(self.conditions)}."
                )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Experiment) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[Any, ...]:
        classifiers = tuple(one.fingerprint for one in self._classifiers.values())
        data = self._dataset and self._dataset.index_hash
        return (*(getattr(self, name) for name in type(self).model_fields), classifiers, data)

    @property
    def made_occluders(self) -> Mapping[str, Occluder]:
        """Occluders by condition, with ``none``."""
        return {PLAIN: Unoccluded(), **self._occluders}

    @property
    def made_classifiers(self) -> tuple[Classifier | Trainable, ...]:
        """Classifiers in the order of their names."""
        return tuple(self._classifiers.values())

    @property
    def trainable(self) -> tuple[Trainable, ...]:
        """Classifiers that are fitted to pictures of the run."""
        return tuple(one for one in self._classifiers.values() if isinstance(one, Trainable))

    def load_dataset(self) -> Dataset:
        """Return the data set; its pictures are not opened.

        Raises
        ------
        MaskfaceError
            If it cannot be read.
        """
        return as_dataset(self.data, self.dataset) if self._dataset is None else self._dataset

    def without_data(self) -> Self:
        """Return the experiment as workers need it: without the list of all pictures."""
        copy = self.model_copy()
        copy._dataset = None
        return copy

    @property
    def is_on_disk(self) -> bool:
        """True if `data` is read from disk or by name, and not given as an object."""
        return self._dataset is None

    @property
    def limits(self) -> Limits:
        """Limits of the picture files that are read."""
        factor = 1.0 if self.restore_aspect == "auto" else self.restore_aspect
        return Limits(self.max_pixels, self.max_bytes, self.min_side, factor)

    @property
    def conditions(self) -> tuple[str, ...]:
        """``none`` and the occluders."""
        return (PLAIN, *self.occluders)

    @property
    def rows_per_image(self) -> int:
        """Trials of one picture."""
        return len(self.conditions) * len(self.classifiers)


def _several(value: Any) -> list[Any]:
    """Return one value or several as a list."""
    alone = isinstance(value, str | Occluder | Mapping) or hasattr(value, "predict_proba")
    return [value] if alone or not isinstance(value, Iterable) else list(value)


def _by_condition(given: Iterable[Any]) -> dict[str, Occluder]:
    """Make occluders, by the names of their conditions."""
    made: dict[str, Occluder] = {}
    for one in given:
        for occluder in expand(as_occluder(one)):
            for part in all_parts(occluder):
                if not isinstance(part, Stack):
                    _require_own_name(part)
            name = occluder_name(occluder)
            if made.setdefault(name, occluder) != occluder:
                raise MaskfaceError(
                    f"Two occluders would both be called {name!r} in the results. Give one of the "
                    "classes another name."
                )
    made.pop(PLAIN, None)
    return made


def all_parts(occluder: Occluder) -> Iterator[Occluder]:
    """Yield an occluder, and all that it consists of or refers to."""
    yield occluder
    for part in occluder.parts:
        yield from all_parts(part)


def _require_own_name(occluder: Occluder) -> None:
    kind = type(occluder)
    name = getattr(occluder, "name", "")
    if not name:
        raise MaskfaceError(
            f"The occluder {kind.__name__} has no name. Write @OCCLUDERS.register('name') before "
            "the class, or give it one: name: ClassVar[str] = 'name'."
        )
    if name in OCCLUDERS.names() and OCCLUDERS.get(name) is not kind:
        raise MaskfaceError(
            f"The occluder {kind.__name__} is called {name!r}, as another one is already. Give it "
            "another name."
        )


def _by_text(given: Iterable[Any]) -> dict[str, Classifier | Trainable]:
    """Make classifiers, by their texts; of those with one name and fingerprint, the first."""
    named: dict[str, tuple[str, Classifier | Trainable]] = {}
    for one in given:
        made = as_classifier(one)
        text = one if isinstance(one, str) else spec_of(CLASSIFIERS, made)
        if text is None and made.name in CLASSIFIERS.names():
            raise MaskfaceError(
                f"A classifier of your own is called {made.name!r}, as another one is already. "
                "Give it another name, in an attribute name."
            )
        text = made.name if text is None else text
        first, other = named.setdefault(made.name, (text, made))
        if other.fingerprint != made.fingerprint:
            raise MaskfaceError(
                f"Classifiers {first!r} and {text!r} would both be called {made.name!r} in "
                "the results. Leave one out, or give it another name."
            )
    if not named:
        raise MaskfaceError(f"Name at least one classifier of {', '.join(CLASSIFIERS.names())}.")
    return dict(named.values())


def _held_dataset(data: Any, reader: Any) -> Dataset | None:
    """Return the data set given as an object or data frame; None for a path or name."""
    if isinstance(data, str | Path) or data is None:
        return None
    return as_dataset(data, reader)


def trained_on(train: str, conditions: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that a classifier is fitted to; none if the run lacks what it needs."""
    masked = tuple(name for name in conditions if name != PLAIN)
    if train in (PLAIN, "clean"):
        return (PLAIN,)
    if train in ("masked", "both"):
        return masked and (masked if train == "masked" else (PLAIN, *masked))
    name = train if train in conditions else occluder_name(get_occluder(train))
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
    """An experiment with the pictures of its data set."""

    experiment: Experiment
    dataset: Dataset  # its data set
    samples: tuple[Sample, ...]  # the pictures, sorted by id
    fingerprints: dict[str, str]  # hashes of the landmark model and of each classifier

    @property
    def n_trials(self) -> int:
        """Trials in all."""
        return len(self.samples) * self.experiment.rows_per_image

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that decides the results; 12 hexadecimal digits.

        Where the data lie, what bytes the pictures have and where results go are not part of it.
        Raises MaskfaceError if a file that an occluder names cannot be read.
        """
        chosen = Dataset(self.dataset.name, self.samples).index_hash
        apart = {"data", "dataset", "limit", "classifiers"}
        if self.experiment.restore_aspect == 1:
            apart |= {"restore_aspect"}
        settings = self.experiment.model_dump(mode="json", exclude=apart)
        what = [__version__, self.dataset.name, chosen, settings, self.fingerprints]
        occluders = self.experiment.made_occluders
        if files := hash_files(file for one in occluders.values() for file in one.files):
            what.append(files)
        if self.own_occluders:
            what.append({"occluders": self.own_occluders})
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def own_occluders(self) -> dict[str, str]:
        """Fingerprints of occluders that are not maskface's own, by name.

        Raises MaskfaceError if one of them cannot be identified.
        """
        return {
            part.name: identity(part, f"Occluder {part.name!r}", values=False)
            for occluder in self.experiment.made_occluders.values()
            for part in all_parts(occluder)
            if type(part).__module__.partition(".")[0] != "maskface"
        }


def hash_files(names: Iterable[str]) -> dict[str, str]:
    """Return SHA-256, by name, of files that occluders are made from: ``texture:path=mask.png``.

    Raises MaskfaceError if one cannot be read.
    """
    try:
        return {
            name: hashlib.sha256(Path(name).expanduser().read_bytes()).hexdigest()
            for name in sorted(set(names))
        }
    except OSError as error:
        raise MaskfaceError(
            f"Cannot read {error.filename}, which an occluder names: {error.strerror}. Put the "
            "file there, or name another one."
        ) from error


def make_plan(experiment: Experiment) -> Plan:
    """Look up the pictures of an experiment, and find what ``restore_aspect="auto"`` comes to.

    No picture is opened for anything else.

    Raises MaskfaceError if the data set cannot be read.
    """
    dataset = experiment.load_dataset()
    samples = dataset.samples
    if experiment.limit is not None:
        samples = balanced_sample(samples, experiment.limit, experiment.seed)
    if experiment.restore_aspect == "auto":
        factor = find_aspect("auto", (sample.path for sample in samples), experiment.limits)
        experiment = experiment.model_copy(update={"restore_aspect": factor})
    trainable = experiment.trainable
    if trainable:
        _require_subjects(samples, trainable[0].name)
    made = experiment.made_classifiers
    ready = [one for one in made if not isinstance(one, Trainable)]
    for one in ready:
        if isinstance(one, Table):
            one.require([sample.image_id for sample in samples], experiment.conditions)
    fingerprints = {"landmarks": MediaPipeDetector().fingerprint}
    fingerprints |= {one.name: one.fingerprint for one in (*ready, *trainable)}
    return Plan(experiment, dataset, samples, fingerprints)


def _require_subjects(samples: Sequence[Sample], classifier: str) -> None:
    subjects = {sample.subject_id for sample in samples}
    unknown = [sample.image_id for sample in samples if not sample.subject_id]
    if unknown or len(subjects) < 2:
        got = (
            f"{len(unknown)} pictures have no subject, for example {unknown[0]}"
            if unknown
            else "all pictures show the same subject"
        )
        raise MaskfaceError(
            f"Classifier {classifier!r} must not be fitted to the subjects that it predicts, but "
            f"{got}. Name at least two people in the column subject."
        )
