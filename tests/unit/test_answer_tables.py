"""Answers from a file: reading them, and what is wrong with a file, in words."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskface import Experiment, read_faces, run
from maskface.classifiers import make_classifier
from maskface.classifiers.table import PROBABILITIES, Table
from maskface.datasets.example import example_dataset
from maskface.errors import MaskfaceError
from maskface.experiment import make_plan
from maskface.types import EMOTIONS, Face
from tests.fixtures.faces import made_landmarks

FACE = Face(np.zeros((4, 4, 3), np.uint8), made_landmarks(), image_id="a/1.jpg", condition="none")
P = ",".join(PROBABILITIES)


def table(folder: Path, text: str, name: str = "gpt.csv") -> Table:
    (folder / name).write_text(text, encoding="utf-8")
    return Table(str(folder / name))


def test_labels_are_certain_answers(tmp_path: Path) -> None:
    made = table(
        tmp_path,
        "image_id;condition;predicted;label;comment\na/1.jpg;none;Fear;anger;x\n"
        "a\\1.jpg;surgical;sadness;anger;y\nb.jpg;none;;anger;refused\n",
    )
    masked = replace(FACE, condition="surgical")
    found = made.predict_proba([masked, FACE])
    assert [EMOTIONS[i] for i in found.argmax(axis=1)] == ["sadness", "fear"]
    np.testing.assert_array_equal(found.sum(axis=1), [1, 1])
    assert (made.gap(FACE), made.name) == ("", "table:gpt")
    assert made.needs == {"trial"}
    for face in (replace(FACE, image_id="b.jpg"), replace(FACE, image_id="c.jpg")):
        assert made.gap(face) == "gpt.csv has no answer to this picture and condition"
    assert made.predict_proba([]).shape == (0, 7)
    assert copy.deepcopy(made).fingerprint == made.fingerprint


def test_rounded_probabilities_are_divided_by_their_sum(tmp_path: Path) -> None:
    made = table(tmp_path, f"condition,image_id,{P}\nnone,a/1.jpg,.14,.14,.14,.15,.14,.14,.14\n")
    found = made.predict_proba([FACE])[0]
    np.testing.assert_allclose(found, np.array([14, 14, 14, 15, 14, 14, 14]) / 99)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("image_id,predicted\na,fear\n", "no condition among its columns (image_id, predicted)"),
        ("image_id,condition,label\na,none,fear\n", "no predicted among its columns"),
        ("image_id,condition,p_fear\na,none,1\n", "no p_anger and no p_disgust and no p_hap"),
        ("image_id,condition,predicted,predicted\na,none,fear,fear\n", "predicted twice among"),
        ("image_id,condition,predicted\na,none,fear\na,none,fear\n",
         "line 3: a under none has an answer in line 2 already"),
        ("image_id,condition,predicted\na,none,happy\n", "line 2: 'happy' is no emotion. Write on"),
        ("image_id,condition,predicted\n,none,fear\n", "line 2: image_id is empty"),
        ("image_id,condition,predicted\na,,fear\n", "line 2: condition is empty"),
        (f"image_id,condition,{P}\na,none,1,0,0,0,0,0,\n", "line 2: the probabilities are 1, 0"),
        (f"image_id,condition,{P}\na,none,90,0,10,0,0,0,0\n", "sum to 1, with a decimal point"),
        (f"image_id,condition,{P}\na,none,nan,0,1,0,0,0,0\n", "line 2: the probabilities are nan"),
        (f"image_id,condition,{P}\na,none,-1,1,1,0,0,0,0\n", "line 2: the probabilities are -1"),
        (f"image_id,condition,{P},predicted\na,none,1,0,0,0,0,0,0,fear\n",
         "predicted is fear, but another emotion has the largest probability"),
        ("image_id,condition,predicted\na,none\n", "line 2: 2 cells, but the header has 3"),
        ("image_id,condition,predicted\n", "has a header but no rows"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(MaskfaceError) as caught:
        table(tmp_path, text)
    assert wrong in str(caught.value)
    assert str(tmp_path / "gpt.csv") in str(caught.value)


def test_a_table_needs_a_file_and_a_run(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"table:answers\.csv"):
        make_classifier("table")
    with pytest.raises(MaskfaceError, match=r"Cannot read .*none\.csv"):
        make_classifier("table:none.csv")
    made = table(tmp_path, "image_id,condition,predicted\na,none,fear\n")
    with pytest.raises(MaskfaceError, match="holds answers to the pictures of a run"):
        read_faces(np.zeros((9, 9, 3), np.uint8), classifiers=made)


@pytest.fixture
def answered(tmp_path: Path) -> str:
    """A file that is always right on plain faces and says neutral to masked ones."""
    rows = [
        f"{sample.image_id},{condition},{sample.label if condition == 'none' else 'neutral'}"
        for sample in example_dataset().samples
        for condition in ("none", "block")
    ]
    path = tmp_path / "gpt.csv"
    path.write_text("\n".join(["image_id,condition,predicted", *rows[:-1]]), encoding="utf-8")
    return f"table:{path}"


def test_a_run_has_the_answers_of_the_file(answered: str, tmp_path: Path) -> None:
    asked = Experiment(classifiers=answered, occluders="block", limit=7)
    trials = run(asked, tmp_path / "out").trials
    assert set(trials["status"]) == {"ok"}
    plain = trials["condition"] == "none"
    assert trials.loc[plain, "correct"].eq(1).all()
    assert set(trials.loc[~plain, "predicted"]) == {"neutral"}
    assert set(trials["classifier"]) == {"table:gpt"}


def test_the_trials_of_a_run_are_answers(tmp_path: Path) -> None:
    """Probabilities have six digits there, so their sum is not exactly 1."""
    first = run(Experiment(classifiers="fer", occluders="block", limit=7), tmp_path / "a").trials
    table = f"table:{tmp_path / 'a' / 'trials.csv'}"
    again = run(Experiment(classifiers=table, occluders="block", limit=7), tmp_path / "b").trials
    same = ["image_id", "condition", "predicted", "correct", "coverage"]
    assert again[same].equals(first[same])
    np.testing.assert_allclose(again[[*PROBABILITIES]], first[[*PROBABILITIES]], atol=1e-5)


def test_a_missing_answer_is_named(answered: str, tmp_path: Path) -> None:
    path = Path(answered.partition(":")[2])
    asked = Experiment(classifiers=answered, occluders="block", limit=7)
    first = make_plan(asked).samples[0].image_id
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{first},block")]
    path.write_text("\n".join(kept), encoding="utf-8")
    asked = Experiment(classifiers=answered, occluders="block", limit=7)
    trials = run(asked, tmp_path / "out").trials
    (lost,) = trials[trials["status"] != "ok"].to_dict("records")
    assert (lost["image_id"], lost["condition"], lost["status"]) == (first, "block", "error")
    assert lost["message"] == "gpt.csv has no answer to this picture and condition"


def test_other_conditions_or_pictures_are_refused_before_the_run(answered: str) -> None:
    with pytest.raises(MaskfaceError, match=r"no answer .* under 'surgical'.*under block, none"):
        make_plan(Experiment(classifiers=answered, occluders="surgical"))
    path = Path(answered.partition(":")[2])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("images/", "pictures/"), encoding="utf-8")
    with pytest.raises(MaskfaceError, match=r"no answer to any of the .* 'pictures/S01"):
        make_plan(Experiment(classifiers=answered, occluders="block"))


def test_the_answers_are_part_of_the_run_id(answered: str) -> None:
    one = make_plan(Experiment(classifiers=answered, occluders="block")).run_id
    path = Path(answered.partition(":")[2])
    path.write_text(path.read_text(encoding="utf-8").replace("neutral", "fear", 1))
    assert make_plan(Experiment(classifiers=answered, occluders="block")).run_id != one
