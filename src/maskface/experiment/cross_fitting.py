"""What was measured of faces, gathered for those who learn from it.

Numbers that may be more than memory holds: matrices on disk, read some rows at a time.

Trials of classifiers that learnt, beside those that needed not to.

Classifiers that learn from the run's own pictures: each person is read by a model of others.

Features and answers stay on disk. What memory grows with is what one model learns from, and up to
about 150 bytes for each face.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from maskface.arrays import Integers
from maskface.classifiers import Trainable, checked_answers
from maskface.errors import MaskfaceError, format_error
from maskface.experiment.checkpoints import UNANSWERED, Parts, joined
from maskface.experiment.spec import trained_on
from maskface.experiment.workers import WorkerLost, ignore_sigint, losses, watched
from maskface.run_options import arguments
from maskface.schema import Table, numbered
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS

_BLOCK: Final = 2**22
"""Numbers that are read at once, about: 32 MB of float64."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in a file of nothing but its numbers, row by row.

    It is not mapped into memory: on a full disk, a mapped file ends the process.

    Attributes
    ----------
    path
        The file.
    width
        Numbers in a row.
    kind
        What they are stored as.
    """

    path: Path
    width: int
    kind: Literal["float32", "float64"]

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Read the rows in some places (n,), ascending: (n, width)."""
        found = np.empty((len(places), self.width))
        if not found.size:
            return found
        step = max(_BLOCK // self.width, 1)
        with self.path.open("rb") as stream:
            for start in range(int(places[0]), int(places[-1]) + 1, step):
                low, high = np.searchsorted(places, (start, start + step))
                if low < high:
                    stream.seek(start * self._row_bytes)
                    block = np.fromfile(stream, self.kind, step * self.width)
                    found[low:high] = block.reshape(-1, self.width)[places[low:high] - start]
        return found

    def put(self, places: NDArray[np.int64], rows: NDArray[Any]) -> None:
        """Write rows (n, width) to some places (n,), ascending."""
        if not rows.size:
            return
        bounds = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            for run in np.split(np.arange(len(places)), bounds[1:]):
                stream.seek(int(places[run[0]]) * self._row_bytes)
                stream.write(rows[run].astype(self.kind).tobytes())

    @property
    def _row_bytes(self) -> int:
        return self.width * np.dtype(self.kind).itemsize


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Have an empty folder as long as the block lasts; what a killed process left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """n faces, by picture and condition; with the lessons of all folds up to about 150 bytes each.

    Attributes
    ----------
    person, picture
        (n,) whose face it is and where: numbers in the order of the names.
    label, condition
        (n,) number of the shown emotion in `EMOTIONS`, and of the condition in the run's.
    ok
        (n,) bool, whether it could be measured.
    features
        What was measured of those, in their order, on disk.
    """

    person: Integers
    picture: Integers
    label: NDArray[np.int8]
    condition: NDArray[np.int16]
    ok: NDArray[np.bool_]
    features: Matrix


def gather_faces(parts: Parts, measures: str, conditions: Sequence[str], path: Path) -> Faces:
    """Put what was measured into one file.

    Parameters
    ----------
    parts
        What was read of the pictures.
    measures
        Name of the measurement.
    conditions
        Of the run.
    path
        The file.

    Raises
    ------
    MaskfaceError
        If pictures have different numbers of features, or a label or condition is unknown.
    """
    people: dict[str, int] = {}
    columns: list[tuple[NDArray[Any], ...]] = []
    widths: set[int] = set()
    n_pictures = 0
    with path.open("wb") as stream:
        for rows, vectors in parts.measured(measures):
            stream.write(vectors.tobytes())
            widths |= {vectors.shape[1]} if len(vectors) else set()
            here, names = pd.factorize(rows["image_id"])
            columns.append(
                (
                    np.fromiter(
                        (people.setdefault(s, len(people)) for s in rows["subject_id"]), np.int64
                    ),
                    here + n_pictures,
                    numbered(rows["label"], EMOTIONS).astype(np.int8),
                    numbered(rows["condition"], conditions).astype(np.int16),
                    (rows["status"] == "ok").to_numpy(bool),
                )
            )
            n_pictures += len(names)
    if len(widths) > 1:
        raise MaskfaceError(
            f"Classifier {measures!r} measured {' or '.join(map(str, sorted(widths)))} numbers "
            "of a face, but it must be as many for every face. Mend its method `features`."
        )
    person, picture, label, condition, ok = map(np.concatenate, zip(*columns, strict=True))
    rank = np.empty(len(people), np.int64)
    rank[[people[name] for name in sorted(people)]] = np.arange(len(people))
    features = Matrix(path, max(widths, default=0), "float32")
    return Faces(rank[person], picture, label, condition, ok, features)


_EMOTIONS = np.array(EMOTIONS, object)


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitPredictions:
    """What a classifier answered.

    Attributes
    ----------
    name
        The classifier's.
    measures
        What its rows are called while it has no answer.
    probabilities
        (n, 7) for its n measured faces, by picture and condition; NaN where its model failed.
    fold
        (n,) which of its models was asked.
    messages
        What went wrong with models, by their number.
    """

    name: str
    measures: str
    probabilities: Matrix
    fold: NDArray[np.int16]
    messages: Mapping[int, str]

    def fill(self, rows: pd.DataFrame, start: int) -> pd.DataFrame:
        """Put answers into rows without, those from number `start` into the first with status ok.

        Parameters
        ----------
        rows
            By picture and condition; see `maskface.tables.TRIALS`.
        start
            How many were asked for before.
        """
        ok = (rows["status"] == "ok").to_numpy(bool)
        places = np.arange(start, start + ok.sum())
        found = np.full((len(rows), len(EMOTIONS)), np.nan)
        found[ok] = self.probabilities.rows(places)
        message = rows["message"].to_numpy(object, copy=True)
        message[ok] = [
            self.messages.get(fold, said)
            for fold, said in zip(self.fold[places], message[ok], strict=True)
        ]
        known = ~np.isnan(found[:, 0])
        predicted = np.full(len(rows), "", object)
        predicted[known] = _EMOTIONS[found[known].argmax(axis=1)]
        correct = pd.array((predicted == rows["label"]).astype(int), "Int64")
        correct[~known] = pd.NA
        return rows.assign(
            classifier=self.name, predicted=predicted, correct=correct, message=message,
            status=rows["status"].where(known | ~ok, "error"),
            **{f"p_{emotion}": found[:, number] for number, emotion in enumerate(EMOTIONS)},
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Parts of a run, with the trials of classifiers that learnt from them.

    Attributes
    ----------
    parts
        What was read of the pictures.
    taught
        Who answered.
    """

    parts: Parts
    taught: Sequence[CrossFitPredictions]

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of the trials."""
        asked = dict.fromkeys((one.name for one in self.taught), 0)
        unanswered = self.parts.frames(table, UNANSWERED)
        for (images, ready), (_, rows) in zip(self.parts.frames(table), unanswered, strict=True):
            ordered = rows.sort_values(["image_id", "condition"], kind="stable")
            frames = [ready]
            for one in self.taught:
                own = ordered[ordered["classifier"] == one.measures]
                frames.append(one.fill(own, asked[one.name]))
                asked[one.name] += int((own["status"] == "ok").sum())
            yield images, joined(frames, ready)


_ASKED: Final = 4096
"""Faces that a model is asked about at once. Fixed: sums may round differently with the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """What one model learns from, and the people it is asked about.

    Attributes
    ----------
    learner
        What is trained.
    features
        Measurements of all faces, on disk.
    learns, labels
        (n,) places of the other people's faces, ascending, and numbers of their emotions.
    asked
        (m,) places of the faces of people who are not among them, ascending.
    seed
        Of whatever is random.
    """

    learner: Trainable
    features: Matrix
    learns: Integers
    labels: Integers
    asked: Integers
    seed: int


def cross_fitted(
    learners: Sequence[Trainable],
    parts: Parts,
    conditions: Sequence[str],
    *,
    seed: int,
    jobs: int,
    place: Path,
) -> Answered:
    """Train classifiers and let them answer for people they never saw.

    Parameters
    ----------
    learners
        What to train.
    parts
        What was measured.
    conditions
        Of the run.
    seed
        The run's.
    jobs
        Worker processes; the answers do not depend on their number.
    place
        An empty folder for what is too much for memory; it must be there until the answers are
        read.

    Returns
    -------
    Answered
        The parts, with the trials of the learners.

    Raises
    ------
    MaskfaceError
        If memory or disk do not suffice to teach one of them. Any other error of a model costs
        the answers to its fold.
    """
    taught: list[CrossFitPredictions] = []
    with Parallel(n_jobs=jobs, backend="loky", return_as="generator") as workers:
        ordered = sorted(learners, key=attrgetter("measures"))
        for measures, group in groupby(ordered, attrgetter("measures")):
            file = place / "features"
            faces = gather_faces(parts, measures, conditions, file)
            for learner in group:
                lessons = list(make_lessons(learner, faces, conditions, seed=seed))
                found = Matrix(place / f"answers-{len(taught)}", len(EMOTIONS), "float64")
                with _machine_failures(learner.name):
                    with ignore_sigint():
                        answers = workers(delayed(watched(_teach))(lesson) for lesson in lessons)
                    taught.append(_collected(learner, lessons, answers, found))
            file.unlink()
    return Answered(parts, taught)


@contextmanager
def _machine_failures(name: str) -> Iterator[None]:
    """Tell that it was the machine that failed: answers would not be missing on another one."""
    try:
        with losses():
            yield
    except (OSError, MemoryError, WorkerLost) as error:
        lost = isinstance(error, WorkerLost)
        why = "the system ended a worker process" if lost else format_error(error)
        raise MaskfaceError(
            f"Not enough memory (or disk) to fit {name} ({why}). What was read is kept: go on "
            f"with {arguments(resume=True, jobs=1)}"
        ) from error


def people_folds(faces: Faces, folds: int) -> Integers:
    """Number (n,) of the fold that each face's person belongs to; as many folds as people at most.

    Folds hold about as many pictures each, whatever the seed.
    """
    from sklearn.model_selection import GroupKFold

    number = np.zeros(len(faces.person), np.int64)
    splitter = GroupKFold(min(folds, len(np.unique(faces.person))))
    for fold, (_, held_out) in enumerate(splitter.split(number, groups=faces.person)):
        number[held_out] = fold
    return number


def make_lessons(
    learner: Trainable, faces: Faces, conditions: Sequence[str], *, seed: int
) -> Iterator[Fold]:
    """Divide faces into what each fold's model learns from and what it is asked.

    Parameters
    ----------
    learner
        What is trained.
    faces
        What was measured.
    conditions
        Of the run.
    seed
        The run's.
    """
    ok = faces.ok
    fold, label, picture = (
        people_folds(faces, learner.folds)[ok],
        faces.label[ok],
        faces.picture[ok],
    )
    chosen = [conditions.index(name) for name in trained_on(learner.train, conditions)]
    eligible = np.isin(faces.condition[ok], chosen)
    for number in range(int(fold.max(initial=-1)) + 1):
        own = derived_seed(seed, learner.name, number)
        learns = np.flatnonzero(eligible & (fold != number))
        labels = label[learns].astype(np.int64)
        if learner.permuted:
            labels = _shuffled(labels, picture[learns], own)
        asked = np.flatnonzero(fold == number)
        yield Fold(learner, faces.features, learns, labels, asked, own)


def _shuffled(labels: Integers, pictures: Integers, seed: int) -> Integers:
    """Exchange labels between pictures; all conditions of a picture keep one label."""
    _, first, place = np.unique(pictures, return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(labels[first])
    return np.asarray(mixed[place], np.int64)


def _teach(lesson: Fold) -> NDArray[np.float64] | str:
    """Probabilities (m, 7) for the people asked about, or what went wrong."""
    from threadpoolctl import threadpool_limits

    # One thread, so that sums do not depend on the number of threads.
    try:
        with threadpool_limits(1):
            features = lesson.features.rows(lesson.learns)
            model = lesson.learner.fit(features, lesson.labels, seed=lesson.seed % 2**32)
            del features
            pieces = np.split(lesson.asked, range(_ASKED, len(lesson.asked), _ASKED))
            asked = (lesson.features.rows(piece) for piece in pieces)
            return np.concatenate([checked_answers(model.predict_proba(a), len(a)) for a in asked])
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        return format_error(error)


def _collected(
    learner: Trainable,
    lessons: Sequence[Fold],
    answers: Iterator[NDArray[np.float64] | str],
    found: Matrix,
) -> CrossFitPredictions:
    """Put the folds' answers together, in a file."""
    fold = np.zeros(sum(len(lesson.asked) for lesson in lessons), np.int16)
    messages = {}
    for number, (lesson, answer) in enumerate(zip(lessons, answers, strict=True)):
        fold[lesson.asked] = number
        if isinstance(answer, str):
            messages[number] = answer
        none = np.full((len(lesson.asked), found.width), np.nan)
        found.put(lesson.asked, none if isinstance(answer, str) else answer)
    return CrossFitPredictions(learner.name, learner.measures, found, fold, messages)
