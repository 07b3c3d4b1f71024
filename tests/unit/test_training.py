"""Classifiers that learn from a run: what they may see, and what they are scored on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from maskface import MaskfaceError
from maskface.classifiers import Trainable, get_classifier
from maskface.experiment import Experiment, make_plan
from maskface.experiment._harvest import Harvest
from maskface.experiment._parts import Parts
from maskface.experiment._spec import trained_on
from maskface.experiment._store import RunFolder
from maskface.experiment._training import Lesson, cross_fitted, make_lessons, people_folds
from maskface.tables import TRIALS
from maskface.types import EMOTIONS, Face

Array = NDArray[np.float64]
CONDITIONS = ("none", "surgical")


@dataclass(frozen=True)
class Told:
    """Answers the label in the last column of whoever it met in training with that number."""

    known: NDArray[np.int64]

    def predict_proba(self, features: Array) -> Array:
        return np.asarray(np.eye(7)[self.known[features[:, -1].astype(int)]])


@dataclass(frozen=True)
class Rote:
    """Learns by heart which feature belongs to which emotion; notes what it was shown."""

    train: str = "clean"
    folds: int = 3
    permuted: bool = False
    fails: bool = False
    lessons: list[tuple[Array, NDArray[np.int64]]] = field(default_factory=list)

    name = "rote"
    measures = "rote"
    fingerprint = "1"
    needs = frozenset({"crop"})

    def features(self, faces: Sequence[Face]) -> Array:
        raise AssertionError("measured before")

    def fit(self, features: Array, labels: NDArray[np.int64], *, seed: int) -> Told:
        if self.fails:
            raise ValueError("too few")
        self.lessons.append((features, labels))
        known = np.full(7, 6)
        known[features[:, -1].astype(int)] = labels
        return Told(known)


def harvest(people: int, *, bad: tuple[int, str] | None = None) -> Harvest:
    """Every emotion of every person: features are person, condition, number of the emotion."""
    made = Harvest(features={"rote": []})
    for person in range(people):
        for number, emotion in enumerate(EMOTIONS):
            made.image_ids.append(f"{person:02}/{emotion}")
            for condition in CONDITIONS:
                failed = bad == (person, condition)
                made.unanswered.append(
                    {
                        "run_id": "r", "dataset": "d", "image_id": f"{person:02}/{emotion}",
                        "subject_id": f"P{person:02}", "label": emotion, "condition": condition,
                        "classifier": "rote", "status": "no_face" if failed else "ok", "seed": 1,
                    }
                )  # fmt: skip
                if not failed:
                    vector = [person, CONDITIONS.index(condition), number]
                    made.features["rote"].append(np.array(vector, np.float32))
    return made


Store = Callable[..., Parts]
Measured = tuple[pd.DataFrame, NDArray[np.float32]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Puts harvests on disk, each in a part of its own."""

    def store(*harvests: Harvest) -> Parts:
        folder = RunFolder(tmp_path_factory.mktemp("run"))
        folder.parts_path.mkdir()
        for number, one in enumerate(harvests):
            folder.write_part(number, number, one, "r")
        return folder.read_parts("r")

    return store


def taught(learner: Rote, parts: Parts) -> pd.DataFrame:
    frame = cross_fitted([learner], parts, CONDITIONS, seed=0, jobs=1)
    return TRIALS.check(TRIALS.tidy(frame))


def test_the_stand_in_is_a_trainable_classifier() -> None:
    assert isinstance(Rote(), Trainable)


@pytest.mark.parametrize(
    ("train", "conditions"), [("clean", {0}), ("masked", {1}), ("both", {0, 1}), ("surgical", {1})]
)
def test_nobody_is_read_by_a_model_that_knows_them(
    train: str, conditions: set[int], stored: Store
) -> None:
    learner = Rote(train)
    trials = taught(learner, stored(harvest(7)))
    assert len(learner.lessons) == 3
    assert len(trials) == 7 * 7 * 2
    fold = people_folds(trials, 3)
    for number, (features, labels) in enumerate(learner.lessons):
        asked = set(trials["subject_id"][fold == number].str[1:].astype(int))
        assert asked
        assert not asked & set(features[:, 0].astype(int))
        assert asked | set(features[:, 0].astype(int)) == set(range(7))
        assert set(features[:, 1].astype(int)) == conditions
        np.testing.assert_array_equal(features[:, 2], labels)
    assert (trials["correct"] == 1).all()


def test_folds_are_those_of_scikit_learn() -> None:
    rows = pd.DataFrame({"subject_id": list("aaabbcdddde")})
    fold = people_folds(rows, 3)
    for number, (_, held_out) in enumerate(
        GroupKFold(3).split(np.zeros(len(rows)), groups=rows["subject_id"])
    ):
        assert set(np.flatnonzero(fold == number)) == set(held_out)
    assert len(set(people_folds(rows, 99))) == 5


def test_faces_that_were_not_measured_keep_their_rows_and_are_not_asked(stored: Store) -> None:
    trials = taught(Rote("both"), stored(harvest(4, bad=(2, "surgical"))))
    missing = trials[trials["status"] == "no_face"]
    assert len(missing) == 7
    assert set(missing["subject_id"]) == {"P02"}
    assert (missing["predicted"] == "").all()
    assert len(trials) == 4 * 7 * 2
    assert (trials.loc[trials["status"] == "ok", "correct"] == 1).all()


def test_parts_in_any_order_give_the_same_answers(stored: Store) -> None:
    whole = harvest(4)
    halves = [Harvest(features={"rote": []}), Harvest(features={"rote": []})]
    for row, vector in zip(whole.unanswered, whole.features["rote"], strict=True):
        half = halves[row["subject_id"] > "P01"]
        half.unanswered.append(row)
        half.features["rote"].append(vector)
        half.image_ids[:] = dict.fromkeys([*half.image_ids, row["image_id"]])
    expected = taught(Rote("both"), stored(whole))
    pd.testing.assert_frame_equal(taught(Rote("both"), stored(*halves)), expected)
    pd.testing.assert_frame_equal(taught(Rote("both"), stored(*halves[::-1])), expected)


def test_a_model_that_fails_costs_its_fold_alone(stored: Store) -> None:
    trials = taught(Rote(fails=True), stored(harvest(4)))
    assert set(trials["status"]) == {"error"}
    assert set(trials["message"]) == {"ValueError: too few"}
    assert len(trials) == 4 * 7 * 2


@pytest.fixture(scope="module")
def measured(stored: Store) -> Measured:
    return stored(harvest(6)).measured("rote")


def _lessons(measured: Measured, learner: Rote, seed: int) -> list[Lesson]:
    rows, features = measured
    fold = people_folds(rows, 3)
    return make_lessons(learner, rows, features.astype(np.float64), fold, CONDITIONS, seed=seed)


@given(st.integers(0, 2**32))
def test_shuffled_labels_keep_their_numbers_and_the_pictures_whole(
    measured: Measured, seed: int
) -> None:
    for lesson in _lessons(measured, Rote("both", permuted=True), seed):
        true = lesson.features[:, 2].astype(int)
        assert sorted(lesson.labels) == sorted(true)
        picture = lesson.features[:, 0] * 7 + true
        for one in np.unique(picture):
            assert len(set(lesson.labels[picture == one])) == 1


def test_shuffled_labels_are_shuffled(measured: Measured) -> None:
    same = [
        np.mean(lesson.labels == lesson.features[:, 2])
        for seed in range(20)
        for lesson in _lessons(measured, Rote("both", permuted=True), seed)
    ]
    assert abs(np.mean(same) - 1 / 7) < 0.05


def test_what_is_learned_from() -> None:
    conditions = ("none", "surgical", "fill:colour=black")
    assert trained_on("clean", conditions) == ("none",)
    assert trained_on("none", conditions) == ("none",)
    assert trained_on("masked", conditions) == conditions[1:]
    assert trained_on("both", conditions) == conditions
    assert trained_on("fill(colour=black)", conditions) == ("fill:colour=black",)
    assert trained_on("cloth", conditions) == ()
    assert trained_on("masked", ("none",)) == ()
    assert trained_on("both", ("none",)) == ()


def test_experiments_refuse_conditions_they_do_not_have() -> None:
    with pytest.raises(MaskfaceError, match=r"'hog:train=cloth' cannot learn from 'cloth'.*none"):
        Experiment(classifiers=("hog:train=cloth",))
    with pytest.raises(MaskfaceError, match="masked"):
        Experiment(occluders=(), classifiers=("hog:train=masked",))
    assert Experiment(classifiers=("hog", "hog:train=clean")).classifiers == ("hog",)


def test_people_must_be_known(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "index.csv").write_text("path,emotion\na.jpg,fear\n")
    with pytest.raises(MaskfaceError, match=r"1 pictures name nobody, for example a.jpg.*subject"):
        make_plan(Experiment(data=tmp_path, classifiers=("hog",)))
    (tmp_path / "index.csv").write_text("path,emotion,subject\na.jpg,fear,P1\n")
    with pytest.raises(MaskfaceError, match="the same person"):
        make_plan(Experiment(data=tmp_path, classifiers=("hog",)))


def test_a_trainable_classifier_cannot_be_used_without_a_run() -> None:
    with pytest.raises(MaskfaceError, match="maskface run --classifier hog"):
        get_classifier("hog")
