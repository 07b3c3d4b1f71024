"""Classifiers that learn from the run's own pictures: each person is read by a model of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from maskface.classifiers import Trainable
from maskface.errors import told
from maskface.experiment._harvest import Row
from maskface.experiment._parts import Parts, joined
from maskface.experiment._spec import trained_on
from maskface.experiment._trials import answer
from maskface.seeds import derived_seed
from maskface.tables import TRIALS
from maskface.types import EMOTIONS


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What one model learns from, and the people it is asked about.

    Attributes
    ----------
    learner
        What is trained.
    features, labels
        (n, D) measurements and (n,) numbers of emotions of the other people.
    asked
        (m, D) measurements of people who are not among them.
    seed
        Of whatever is random.
    """

    learner: Trainable
    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    asked: NDArray[np.float64]
    seed: int


def cross_fitted(
    learners: Sequence[Trainable],
    parts: Parts,
    conditions: Sequence[str],
    *,
    seed: int,
    jobs: int,
) -> pd.DataFrame:
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

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.TRIALS`.
    """
    frames = []
    with Parallel(n_jobs=jobs, backend="loky") as workers:
        for learner in learners:
            rows, features = parts.measured(learner.measures)
            rows = rows.assign(classifier=learner.name)
            fold = people_folds(rows, learner.folds)
            ok = (rows["status"] == "ok").to_numpy()
            measured = rows[ok].reset_index(drop=True)
            lessons = make_lessons(
                learner, measured, features.astype(np.float64), fold[ok], conditions, seed=seed
            )
            taught = workers(delayed(_teach)(lesson) for lesson in lessons)
            cells = _answered(measured, fold[ok], taught)
            frames += [rows[~ok], TRIALS.frame(cells)]
    return joined(frames, TRIALS.frame([]))


def people_folds(rows: pd.DataFrame, folds: int) -> NDArray[np.int64]:
    """Number (n,) of the fold that each row's person belongs to; as many folds as people at most.

    Folds hold about as many pictures each, whatever the seed.
    """
    from sklearn.model_selection import GroupKFold

    subjects = rows["subject_id"].to_numpy(str)
    number = np.zeros(len(rows), np.int64)
    splitter = GroupKFold(min(folds, len(np.unique(subjects))))
    for fold, (_, held_out) in enumerate(splitter.split(subjects, groups=subjects)):
        number[held_out] = fold
    return number


def make_lessons(
    learner: Trainable,
    rows: pd.DataFrame,
    features: NDArray[np.float64],
    fold: NDArray[np.int64],
    conditions: Sequence[str],
    *,
    seed: int,
) -> list[Lesson]:
    """Divide measurements into what each fold's model learns from and what it is asked.

    Parameters
    ----------
    learner
        What is trained.
    rows, features, fold
        n measured faces: their trials, (n, D) measurements and (n,) folds.
    conditions
        Of the run.
    seed
        The run's.
    """
    numbers = rows["label"].map({name: i for i, name in enumerate(EMOTIONS)}).to_numpy(np.int64)
    eligible = rows["condition"].isin(trained_on(learner.train, conditions)).to_numpy()
    lessons = []
    for number in range(int(fold.max(initial=-1)) + 1):
        own = derived_seed(seed, learner.name, number)
        learns = eligible & (fold != number)
        labels = numbers[learns]
        if learner.permuted:
            labels = _shuffled(labels, rows["image_id"].to_numpy(str)[learns], own)
        asked = features[fold == number]
        lessons.append(Lesson(learner, features[learns], labels, asked, own))
    return lessons


def _shuffled(labels: NDArray[np.int64], images: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Exchange labels between pictures; all conditions of a picture keep one label."""
    _, first, place = np.unique(images, return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(labels[first])
    return np.asarray(mixed[place], np.int64)


def _teach(lesson: Lesson) -> NDArray[np.float64] | str:
    """Probabilities (m, 7) for the people asked about, or what went wrong."""
    from threadpoolctl import threadpool_limits

    # One thread, so that sums do not depend on the number of threads.
    try:
        with threadpool_limits(1):
            model = lesson.learner.fit(lesson.features, lesson.labels, seed=lesson.seed % 2**32)
            return model.predict_proba(lesson.asked)
    except Exception as error:  # noqa: BLE001 (a user's own model may fail in any way)
        return told(error)


def _answered(
    rows: pd.DataFrame, fold: NDArray[np.int64], taught: Sequence[NDArray[np.float64] | str]
) -> list[Row]:
    cells: list[Row] = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
    for number, answers in enumerate(taught):
        places = np.flatnonzero(fold == number)
        for i, place in enumerate(places):
            cells[place] |= (
                {"status": "error", "message": answers}
                if isinstance(answers, str)
                else answer(answers[i], str(cells[place]["label"]))
            )
    return cells
