"""Classifiers that learn from the run's own pictures: each person is read by a model of others.

Features and answers stay on disk. What memory grows with is what one model learns from, and up to
about 150 bytes for each face.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from maskface.arrays import Integers
from maskface.classifiers import Trainable, checked_answers
from maskface.errors import MaskfaceError, told
from maskface.experiment._answered import Answered, Taught
from maskface.experiment._faces import Faces, gather_faces
from maskface.experiment._parts import Parts
from maskface.experiment._spec import trained_on
from maskface.experiment._spilled import Matrix
from maskface.experiment._workers import WorkerLost, deaf_processes, losses
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS

_ASKED: Final = 4096
"""Faces that a model is asked about at once. Fixed: sums may round differently with the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
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
    taught: list[Taught] = []
    with Parallel(n_jobs=jobs, backend="loky", return_as="generator") as workers:
        ordered = sorted(learners, key=attrgetter("measures"))
        for measures, group in groupby(ordered, attrgetter("measures")):
            file = place / "features"
            faces = gather_faces(parts, measures, conditions, file)
            for learner in group:
                lessons = list(make_lessons(learner, faces, conditions, seed=seed))
                found = Matrix(place / f"answers-{len(taught)}", len(EMOTIONS), "float64")
                with _machine_failures(learner.name):
                    with deaf_processes():
                        answers = workers(delayed(_teach)(lesson) for lesson in lessons)
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
        why = "the system ended a worker process" if lost else told(error)
        raise MaskfaceError(
            f"Not enough memory (or disk) to teach {name} ({why}). What was read is kept: go on "
            "with --resume --jobs 1"
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
) -> Iterator[Lesson]:
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
        yield Lesson(learner, faces.features, learns, labels, asked, own)


def _shuffled(labels: Integers, pictures: Integers, seed: int) -> Integers:
    """Exchange labels between pictures; all conditions of a picture keep one label."""
    _, first, place = np.unique(pictures, return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(labels[first])
    return np.asarray(mixed[place], np.int64)


def _teach(lesson: Lesson) -> NDArray[np.float64] | str:
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
        return told(error)


def _collected(
    learner: Trainable,
    lessons: Sequence[Lesson],
    answers: Iterator[NDArray[np.float64] | str],
    found: Matrix,
) -> Taught:
    """Put the folds' answers together, in a file."""
    fold = np.zeros(sum(len(lesson.asked) for lesson in lessons), np.int16)
    messages = {}
    for number, (lesson, answer) in enumerate(zip(lessons, answers, strict=True)):
        fold[lesson.asked] = number
        if isinstance(answer, str):
            messages[number] = answer
        none = np.full((len(lesson.asked), found.width), np.nan)
        found.put(lesson.asked, none if isinstance(answer, str) else answer)
    return Taught(learner.name, learner.measures, found, fold, messages)
