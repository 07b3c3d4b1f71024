"""Classifiers that learn from a run: what they may see, and what they are scored on."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from maskface import MaskfaceError
from maskface.classifiers import Trainable, get_classifier
from maskface.experiment import Experiment, cross_fitting, make_plan
from maskface.experiment.checkpoints import Checkpoints, ChunkResult
from maskface.experiment.cross_fitting import (
    Fold,
    Matrix,
    Measurements,
    cross_fit,
    gather_measurements,
    make_folds,
    scratch,
    subject_folds,
)
from maskface.experiment.folder import RunFolder
from maskface.experiment.spec import trained_on
from maskface.tables import TRIALS
from maskface.types import EMOTIONS
from tests.fixtures.rote import Array, Rote

CONDITIONS = ("none", "surgical")


def result(people: int, *, bad: tuple[int, str] | None = None) -> ChunkResult:
    """Every emotion of every person: features are person, condition, number of the emotion."""
    made = ChunkResult(features={"rote": []})
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


def pick(whole: ChunkResult, people: set[str]) -> ChunkResult:
    """What there is of some people."""
    made = ChunkResult(features={"rote": []})
    for row, vector in zip(whole.unanswered, whole.features["rote"], strict=True):
        if row["subject_id"] in people:
            made.unanswered.append(row)
            made.features["rote"].append(vector)
            made.image_ids[:] = dict.fromkeys([*made.image_ids, row["image_id"]])
    return made


def split(whole: ChunkResult) -> list[ChunkResult]:
    """The first two people, and the others."""
    people = {row["subject_id"] for row in whole.unanswered}
    return [pick(whole, {"P00", "P01"}), pick(whole, people - {"P00", "P01"})]


def gather(parts: Checkpoints, folder: Path) -> Measurements:
    return gather_measurements(parts, "rote", CONDITIONS, folder / "features")


Store = Callable[..., Checkpoints]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Write results to disk, each to a checkpoint of its own."""

    def store(*results: ChunkResult) -> Checkpoints:
        folder = RunFolder(tmp_path_factory.mktemp("run"))
        folder.parts_path.mkdir()
        for number, one in enumerate(results):
            folder.write_checkpoint(number, number, one, "r")
        return folder.read_checkpoints("r")

    return store


def predict(parts: Checkpoints, *classifiers: Rote, jobs: int = 1) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as place:
        answered = cross_fit(classifiers, parts, CONDITIONS, seed=0, jobs=jobs, place=Path(place))
        frame = pd.concat([frame for _, frame in answered.frames(TRIALS)])
    return TRIALS.check(TRIALS.tidy(frame))


def test_the_stand_in_is_a_trainable_classifier() -> None:
    assert isinstance(Rote(), Trainable)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("train", "conditions"), [("clean", {0}), ("masked", {1}), ("both", {0, 1}), ("surgical", {1})]
)
def test_no_subject_is_predicted_by_a_model_fitted_to_them(
    train: str, conditions: set[int], stored: Store, tmp_path: Path
) -> None:
    classifier = Rote(train)
    trials = predict(stored(result(7)), classifier)
    assert len(classifier.fits) == 3
    assert len(trials) == 7 * 7 * 2
    fold = subject_folds(gather(stored(result(7)), tmp_path).subject, 3)
    for number, (features, labels) in enumerate(classifier.fits):
        held_out = set(trials["subject_id"][fold == number].str[1:].astype(int))
        assert held_out
        assert not held_out & set(features[:, 0].astype(int))
        assert held_out | set(features[:, 0].astype(int)) == set(range(7))
        assert set(features[:, 1].astype(int)) == conditions
        np.testing.assert_array_equal(features[:, 2], labels)
    assert (trials["correct"] == 1).all()


def test_folds_are_those_of_scikit_learn(stored: Store, tmp_path: Path) -> None:
    people = result(5)
    people.unanswered[:] = people.unanswered[: 2 * 7 * 4 + 6]  # the last one has fewer
    people.features["rote"][:] = people.features["rote"][: 2 * 7 * 4 + 6]
    faces = gather(stored(people), tmp_path)
    subjects = [row["subject_id"] for row in people.unanswered]
    fold = subject_folds(faces.subject, 3)
    splits = GroupKFold(3).split(np.zeros(len(subjects)), groups=subjects)
    for number, (_, held_out) in enumerate(splits):
        assert set(np.flatnonzero(fold == number)) == set(held_out)
    assert len(set(subject_folds(faces.subject, 99))) == 5


def test_faces_that_were_not_measured_keep_their_rows_without_predictions(stored: Store) -> None:
    trials = predict(stored(result(4, bad=(2, "surgical"))), Rote("both"))
    missing = trials[trials["status"] == "no_face"]
    assert len(missing) == 7
    assert set(missing["subject_id"]) == {"P02"}
    assert (missing["predicted"] == "").all()
    assert len(trials) == 4 * 7 * 2
    assert (trials.loc[trials["status"] == "ok", "correct"] == 1).all()


def test_checkpoints_in_any_order_give_the_same_predictions(stored: Store) -> None:
    whole = result(4)
    halves = split(whole)
    expected = predict(stored(whole), Rote("both"))
    pd.testing.assert_frame_equal(predict(stored(*halves), Rote("both")), expected)
    pd.testing.assert_frame_equal(predict(stored(*halves[::-1]), Rote("both")), expected)


def test_a_model_that_fails_costs_its_fold_alone(stored: Store) -> None:
    trials = predict(stored(result(6)), Rote(dislikes=0))
    _check_that_first_fold_alone_answered(trials, {"ValueError: too few"})


def _check_that_first_fold_alone_answered(trials: pd.DataFrame, messages: set[str]) -> None:
    """Of three folds of six people; the models of the others had person 0 to learn from."""
    assert len(trials) == 6 * 7 * 2
    ok = trials["status"] == "ok"
    together = set(trials["subject_id"][ok])
    assert "P00" in together
    assert len(together) == 2
    assert (trials.loc[ok, "correct"] == 1).all()
    assert not together & set(trials["subject_id"][~ok])
    assert set(trials["status"][~ok]) == {"error"}
    assert set(trials["message"][~ok]) == messages


@pytest.mark.slow
@pytest.mark.parametrize("failure", [MemoryError, OSError])
@pytest.mark.parametrize("jobs", [1, 2])
def test_lack_of_memory_ends_the_run(failure: type[Exception], jobs: int, stored: Store) -> None:
    with pytest.raises(MaskfaceError, match=r"fit rote \(\w+: 9 GiB\).*resume=True, jobs=1"):
        predict(stored(result(4)), Rote(failure=failure), jobs=jobs)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_worker_is_reported(stored: Store) -> None:
    with pytest.raises(MaskfaceError, match=r"fit rote \(the system ended a worker"):
        predict(stored(result(4)), Rote(killed=True), jobs=2)


def test_predictions_in_batches_are_the_same(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = stored(result(4, bad=(2, "surgical")))
    expected = predict(parts, Rote("clean"))
    assert expected["predicted"].nunique() > 2
    for size in (1, 5):
        monkeypatch.setattr(cross_fitting, "_BATCH", size)
        pd.testing.assert_frame_equal(predict(parts, Rote("clean")), expected)


@pytest.fixture(scope="module")
def faces(stored: Store, tmp_path_factory: pytest.TempPathFactory) -> Measurements:
    return gather(stored(result(6)), tmp_path_factory.mktemp("features"))


def _folds(faces: Measurements, classifier: Rote, seed: int) -> Iterator[tuple[Fold, Array]]:
    """Yield folds and their training features."""
    for fold in make_folds(classifier, faces, CONDITIONS, seed=seed):
        yield fold, fold.features.rows(fold.train)


@given(st.integers(0, 2**32))
def test_shuffled_labels_keep_their_numbers_and_the_pictures_whole(
    faces: Measurements, seed: int
) -> None:
    for fold, features in _folds(faces, Rote("both", permuted=True), seed):
        true = features[:, 2].astype(int)
        assert sorted(fold.labels) == sorted(true)
        picture = features[:, 0] * 7 + true
        for one in np.unique(picture):
            assert len(set(fold.labels[picture == one])) == 1


def test_shuffled_labels_are_shuffled(faces: Measurements) -> None:
    same = [
        np.mean(fold.labels == features[:, 2])
        for seed in range(20)
        for fold, features in _folds(faces, Rote("both", permuted=True), seed)
    ]
    assert abs(np.mean(same) - 1 / 7) < 0.05


def test_features_of_different_lengths_are_refused(stored: Store, tmp_path: Path) -> None:
    halves = split(result(4))
    halves[1].features["rote"] = [vector[:2] for vector in halves[1].features["rote"]]
    with pytest.raises(MaskfaceError, match=r"'rote' returned 2 or 3 features"):
        gather(stored(*halves), tmp_path)


def test_predictions_of_a_wrong_shape_cost_their_fold(stored: Store) -> None:
    trials = predict(stored(result(6)), Rote(wrong=True))
    message = "ValueError: expected an answer of shape (28, 7), but it had shape (28, 6)"
    _check_that_first_fold_alone_answered(trials, {message})


def test_several_classifiers_share_features(stored: Store) -> None:
    parts = stored(result(4, bad=(2, "surgical")))
    classifiers = (
        Rote("both"),
        Rote("clean", name="other"),
        Rote("both", fails=True, name="third"),
    )
    together = predict(parts, *classifiers)
    for classifier in classifiers:
        own = together[together["classifier"] == classifier.name].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, predict(parts, classifier))


def test_trials_come_some_pictures_at_a_time_and_beside_those_of_others(
    stored: Store, tmp_path: Path
) -> None:
    whole = result(40)
    ready = [row | {"classifier": "ready", "status": "error"} for row in whole.unanswered]
    pieces = [pick(whole, {f"P{person:02}"}) for person in range(40)]
    for piece in pieces:
        piece.trials[:] = [row for row in ready if row["image_id"] in piece.image_ids]
    parts = stored(*pieces)
    answered = cross_fit([Rote("both")], parts, CONDITIONS, seed=0, jobs=1, place=tmp_path)
    frames = list(answered.frames(TRIALS))
    assert len(frames) > 1
    assert [image for images, _ in frames for image in images] == sorted(whole.image_ids)
    for images, frame in frames:
        assert set(frame["image_id"]) == set(images)
        assert len(frame) == len(images) * 2 * 2
    both = pd.concat([frame for _, frame in frames])
    assert (both.loc[both["classifier"] == "rote", "correct"] == 1).all()
    assert both.loc[both["classifier"] == "ready", "correct"].isna().all()


# Numbers on disk --------------------------------------------------------------------------------


@given(st.data())
def test_matrices_give_back_what_was_put_where(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    n, width = data.draw(st.integers(1, 60)), data.draw(st.integers(0, 5))
    kind: Any = data.draw(st.sampled_from(["float32", "float64"]))
    expected = np.random.default_rng(n).normal(size=(n, width)).astype(kind)
    matrix = Matrix(tmp_path_factory.mktemp("m") / "m", width, kind)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    for places in (np.flatnonzero(first), np.flatnonzero(~first)):
        matrix.put(places, expected[places])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_fitting, "_BLOCK", data.draw(st.integers(1, 40)))
        wanted = np.array(sorted(data.draw(st.sets(st.integers(0, n - 1)))), np.int64)
        found = matrix.rows(wanted)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected[wanted].reshape(len(wanted), width))


def test_scratch_is_empty_at_first_and_gone_at_last(tmp_path: Path) -> None:
    folder = tmp_path / "learning"
    folder.mkdir()
    (folder / "left").touch()

    def fail() -> None:
        with scratch(folder) as place:
            assert list(place.iterdir()) == []
            (place / "features").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not folder.exists()


# What may be asked ------------------------------------------------------------------------------


def test_conditions_that_classifiers_are_fitted_to() -> None:
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
    with pytest.raises(MaskfaceError, match=r"'hog:train=cloth' cannot be fitted to 'cloth'.*none"):
        Experiment(classifiers=("hog:train=cloth",))
    with pytest.raises(MaskfaceError, match="masked"):
        Experiment(occluders=(), classifiers=("hog:train=masked",))
    assert Experiment(classifiers=("hog", "hog:train=clean")).classifiers == ("hog",)


def test_subjects_must_be_known(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "index.csv").write_text("path,emotion\na.jpg,fear\n")
    with pytest.raises(
        MaskfaceError, match=r"1 pictures have no subject, for example a.jpg.*subject"
    ):
        make_plan(Experiment(data=tmp_path, classifiers=("hog",)))
    (tmp_path / "index.csv").write_text("path,emotion,subject\na.jpg,fear,P1\n")
    with pytest.raises(MaskfaceError, match="the same subject"):
        make_plan(Experiment(data=tmp_path, classifiers=("hog",)))


def test_a_trainable_classifier_cannot_be_used_without_a_run() -> None:
    with pytest.raises(MaskfaceError, match="classifiers='hog'"):
        get_classifier("hog")
