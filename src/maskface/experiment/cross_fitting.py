"""Cross-fitting: trainable classifiers predict each subject with a model fitted to the others.

Features and predictions stay on disk. Memory grows with the training set of one model, and by up
to about 150 bytes for each face.
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
from maskface.experiment.checkpoints import UNANSWERED, Checkpoints, joined
from maskface.experiment.spec import trained_on
from maskface.experiment.workers import WorkerLost, ignore_sigint, worker_errors
from maskface.orphans import watching
from maskface.run_options import arguments
from maskface.schema import Table, numbered
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS

_BLOCK: Final = 2**22  # approximate count of numbers that are read at once: 32 MB of float64


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in a raw binary file, row by row.

    It is not mapped into memory: on a full disk, a mapped file ends the process.
    """

    path: Path  # the file
    width: int  # number of columns
    kind: Literal["float32", "float64"]  # data type in the file

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Read the rows (n, width) at some ascending positions (n,)."""
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
        """Write rows (n, width) to some ascending positions (n,)."""
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
    """Make an empty folder for the block; remove what a killed process left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """n faces with their features, sorted by picture and condition."""

    # (n,) numbers of the subject and the picture, in the order of their names.
    subject: Integers
    picture: Integers
    # (n,) numbers of the emotion in `EMOTIONS` and of the condition in the run's conditions.
    label: NDArray[np.int8]
    condition: NDArray[np.int16]
    ok: NDArray[np.bool_]  # (n,) bool, true where features could be computed
    features: Matrix  # features of these faces, in their order, on disk


def gather_measurements(
    parts: Checkpoints, measures: str, conditions: Sequence[str], path: Path
) -> Measurements:
    """Write the features called `measures` of all faces of a run to one file.

    Raises MaskfaceError if faces have different numbers of features, or a label or condition is
    unknown.
    """
    subjects: dict[str, int] = {}
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
                        (subjects.setdefault(s, len(subjects)) for s in rows["subject_id"]),
                        np.int64,
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
            f"Classifier {measures!r} returned {' or '.join(map(str, sorted(widths)))} features "
            "for a face, but the number must be the same for all faces. Fix its method `features`."
        )
    subject, picture, label, condition, ok = map(np.concatenate, zip(*columns, strict=True))
    rank = np.empty(len(subjects), np.int64)
    rank[[subjects[name] for name in sorted(subjects)]] = np.arange(len(subjects))
    features = Matrix(path, max(widths, default=0), "float32")
    return Measurements(rank[subject], picture, label, condition, ok, features)


_EMOTIONS = np.array(EMOTIONS, object)


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitPredictions:
    """Predictions of a trainable classifier."""

    name: str  # name of the classifier
    measures: str  # name of its features
    # (n, 7) for the n faces with features, by picture and condition; NaN where its model failed.
    probabilities: Matrix
    fold: NDArray[np.int16]  # (n,) number of the fold, and so of the model
    messages: Mapping[int, str]  # errors of models, by number

    def fill(self, rows: pd.DataFrame, start: int) -> pd.DataFrame:
        """Return trials with the predictions from number `start` on, where their status is ok.

        Rows are sorted by picture and condition; `start` is the number of earlier predictions.
        """
        ok = (rows["status"] == "ok").to_numpy(bool)
        places = np.arange(start, start + ok.sum())
        found = np.full((len(rows), len(EMOTIONS)), np.nan)
        found[ok] = self.probabilities.rows(places)
        message = rows["message"].to_numpy(object, copy=True)
        message[ok] = [
            self.messages.get(fold, own)
            for fold, own in zip(self.fold[places], message[ok], strict=True)
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
class WithPredictions:
    """Trials of a run: those in its checkpoints, and those of its trainable classifiers."""

    parts: Checkpoints  # checkpoints of the run
    predictions: Sequence[CrossFitPredictions]  # predictions of each trainable classifier

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Yield ids of some pictures at a time, in order, and their trials."""
        filled = dict.fromkeys((one.name for one in self.predictions), 0)
        unanswered = self.parts.frames(table, UNANSWERED)
        for (images, ready), (_, rows) in zip(self.parts.frames(table), unanswered, strict=True):
            ordered = rows.sort_values(["image_id", "condition"], kind="stable")
            frames = [ready]
            for one in self.predictions:
                own = ordered[ordered["classifier"] == one.measures]
                frames.append(one.fill(own, filled[one.name]))
                filled[one.name] += int((own["status"] == "ok").sum())
            yield images, joined(frames, ready)


_BATCH: Final = 4096
"""Faces that a model predicts at once. Fixed, as sums may round differently with the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Training set of one model, and the held-out faces that it predicts."""

    classifier: Trainable
    features: Matrix  # features of all faces, on disk
    # (n,) ascending positions of the training faces, and numbers of their emotions.
    train: Integers
    labels: Integers
    held_out: Integers  # (m,) ascending positions of the faces of all other subjects
    seed: int  # seed of everything random


def cross_fit(
    classifiers: Sequence[Trainable],
    parts: Checkpoints,
    conditions: Sequence[str],
    *,
    seed: int,
    jobs: int,
    place: Path,
) -> WithPredictions:
    """Fit classifiers, and predict each subject with a model fitted to the others.

    `parts` hold the features of all pictures. The predictions do not depend on the number of
    `jobs`. `place` is an empty folder for intermediate files, which must exist until the trials are
    read. Raises MaskfaceError if memory or disk space does not suffice to fit one of the
    classifiers; any other error of a model costs the predictions of its fold.
    """
    predictions: list[CrossFitPredictions] = []
    pool = Parallel(n_jobs=jobs, backend="loky", return_as="generator", **watching())
    with pool as workers:
        ordered = sorted(classifiers, key=attrgetter("measures"))
        for measures, group in groupby(ordered, attrgetter("measures")):
            file = place / "features"
            measured = gather_measurements(parts, measures, conditions, file)
            for one in group:
                folds = list(make_folds(one, measured, conditions, seed=seed))
                found = Matrix(place / f"answers-{len(predictions)}", len(EMOTIONS), "float64")
                with _machine_failures(one.name):
                    with ignore_sigint():
                        answers = workers(delayed(_fit_and_predict)(fold) for fold in folds)
                    predictions.append(_collect(one, folds, answers, found))
            file.unlink()
    return WithPredictions(parts, predictions)


@contextmanager
def _machine_failures(name: str) -> Iterator[None]:
    """Raise if the machine fails: predictions would then depend on the machine."""
    try:
        with worker_errors():
            yield
    except (OSError, MemoryError, WorkerLost) as error:
        lost = isinstance(error, WorkerLost)
        why = "the system ended a worker process" if lost else format_error(error)
        raise MaskfaceError(
            f"Not enough memory (or disk) to fit {name} ({why}). What was read is saved: go on "
            f"with {arguments(resume=True, jobs=1)}"
        ) from error


def subject_folds(subject: Integers, folds: int) -> Integers:
    """Return the number (n,) of the fold of each face: `folds`, or one for each subject if fewer.

    Folds have about the same number of pictures, and do not depend on the seed.
    """
    from sklearn.model_selection import GroupKFold

    number = np.zeros(len(subject), np.int64)
    splitter = GroupKFold(min(folds, len(np.unique(subject))))
    for fold, (_, held_out) in enumerate(splitter.split(number, groups=subject)):
        number[held_out] = fold
    return number


def make_folds(
    classifier: Trainable, measured: Measurements, conditions: Sequence[str], *, seed: int
) -> Iterator[Fold]:
    """Divide the faces of a run into the training set and the held-out faces of each fold."""
    ok = measured.ok
    fold = subject_folds(measured.subject, classifier.folds)[ok]
    label, picture = measured.label[ok], measured.picture[ok]
    chosen = [conditions.index(name) for name in trained_on(classifier.train, conditions)]
    eligible = np.isin(measured.condition[ok], chosen)
    for number in range(int(fold.max(initial=-1)) + 1):
        own = derived_seed(seed, classifier.name, number)
        train = np.flatnonzero(eligible & (fold != number))
        labels = label[train].astype(np.int64)
        if classifier.permuted:
            labels = _shuffled(labels, picture[train], own)
        held_out = np.flatnonzero(fold == number)
        yield Fold(classifier, measured.features, train, labels, held_out, own)


def _shuffled(labels: Integers, pictures: Integers, seed: int) -> Integers:
    """Shuffle labels between pictures; all conditions of a picture keep one label."""
    _, first, place = np.unique(pictures, return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(labels[first])
    return np.asarray(mixed[place], np.int64)


def _fit_and_predict(fold: Fold) -> NDArray[np.float64] | str:
    """Return probabilities (m, 7) of the held-out faces, or the message of an error."""
    from threadpoolctl import threadpool_limits

    # One thread, so that sums do not depend on the number of threads.
    try:
        with threadpool_limits(1):
            features = fold.features.rows(fold.train)
            model = fold.classifier.fit(features, fold.labels, seed=fold.seed % 2**32)
            del features
            pieces = np.split(fold.held_out, range(_BATCH, len(fold.held_out), _BATCH))
            batches = map(fold.features.rows, pieces)
            return np.concatenate(
                [checked_answers(model.predict_proba(one), len(one)) for one in batches]
            )
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        return format_error(error)


def _collect(
    classifier: Trainable,
    folds: Sequence[Fold],
    answers: Iterator[NDArray[np.float64] | str],
    found: Matrix,
) -> CrossFitPredictions:
    """Write the predictions of all folds to one file."""
    numbers = np.zeros(sum(len(fold.held_out) for fold in folds), np.int16)
    messages = {}
    for number, (fold, answer) in enumerate(zip(folds, answers, strict=True)):
        numbers[fold.held_out] = number
        if isinstance(answer, str):
            messages[number] = answer
        none = np.full((len(fold.held_out), found.width), np.nan)
        found.put(fold.held_out, none if isinstance(answer, str) else answer)
    return CrossFitPredictions(classifier.name, classifier.measures, found, numbers, messages)
